//! The call room.
