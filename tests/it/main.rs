//! The integration tests: one binary, real git repositories.

#![expect(
    clippy::disallowed_methods,
    reason = "tests are part of the world: they start programs and touch files"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod artifact;
mod attacks;
mod bad_input;
mod builds;
mod configuration;
mod docs;
mod flows;
mod full_disk;
mod hooks;
mod hostile;
mod independent;
mod json;
mod layering;
mod merges;
mod messages;
mod provenance;
mod published;
mod recovery;
mod refusals;
mod rewrites;
mod signing;
mod support;
mod trust;
mod workspaces;
mod worktrees;
