//! `cargo sentinel`: releases from conventional commits. See `ARCHITECTURE.md` for the map of the rooms.

pub mod core;
pub mod notes;
