//! The machine: `probe` turns the world into facts, `runner` turns a plan into effects, `journal` remembers how far it came.

pub(crate) mod artifacts;
pub(crate) mod attest;
pub(crate) mod audit;
pub(crate) mod execute;
pub(crate) mod given;
pub(crate) mod hookdir;
mod identity;
pub(crate) mod journal;
pub(crate) mod judge;
pub(crate) mod locks;
mod lookout;
pub(crate) mod packaged;
pub(crate) mod probe;
pub(crate) mod runner;
mod shelf;
mod standing;
pub(crate) mod verify;
