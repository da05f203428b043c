//! The demo traffic.
