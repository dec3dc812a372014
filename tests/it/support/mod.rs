//! What the tests stand on: repositories, and the boundary through which the program is run.

mod check;
mod key_ring;
mod repo;
pub(crate) mod snapshot;

pub(crate) use check::{Outcome, check, check_with, has, killed_while_pushing, refuses, script};
pub(crate) use key_ring::KeyRing;
pub(crate) use repo::{MANIFEST, Repo};
