//! The demo board.
