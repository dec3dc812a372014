//! `cargo sentinel`: releases from conventional commits. See `ARCHITECTURE.md` for the map of the rooms.

pub mod app;
pub mod core;
mod engine;
mod host;
mod notes;
pub mod ui;
pub mod wire;
