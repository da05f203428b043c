//! The demo's callers.
