//! The board room.
