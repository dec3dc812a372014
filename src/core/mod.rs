//! Decisions. Pure: no I/O, no clock, no environment, no process.

pub mod artifact;
pub mod binding;
pub mod build;
pub mod changelog;
pub mod check;
mod checks;
pub mod commit;
pub mod dsse;
pub mod entries;
pub mod facts;
pub mod history;
pub mod ids;
pub mod lockfile;
pub mod manifest;
pub mod packaged;
pub mod plan;
pub mod plans;
pub mod policy;
pub mod provenance;
pub mod sshsig;
pub mod stamp;
pub mod targets;
pub mod tree;
pub mod trust;
pub mod verify;
pub mod version;
pub mod workspace;
