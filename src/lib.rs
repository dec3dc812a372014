//! `cargo sentinel`: releases from conventional commits. See `ARCHITECTURE.md` for the map of the rooms.

pub mod app;
pub mod core;
mod engine;
#[cfg(fuzzing)]
pub mod fuzzing;
mod host;
mod notes;
pub mod ui;
pub mod wire;

/// The repositories that unit tests and integration tests share.
#[cfg(test)]
#[path = "../tests/it/support"]
mod support {
    #![allow(dead_code, reason = "the integration tests use more of it")]
    #![expect(clippy::disallowed_methods, reason = "tests start programs and touch files")]
    pub(crate) mod repo;
    pub(crate) mod snapshot;
}
