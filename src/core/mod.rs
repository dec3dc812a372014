//! Decisions. Pure: no I/O, no clock, no environment, no process.

pub mod changelog;
pub mod commit;
pub mod history;
pub mod ids;
pub mod lockfile;
pub mod manifest;
pub mod policy;
pub mod tree;
pub mod version;
pub mod workspace;
