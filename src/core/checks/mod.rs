//! One file a check, or two that look at the same thing. Each has a `judge`: facts in, answers out.

#[cfg(test)]
mod tests;

pub(crate) mod artifacts;
pub(crate) mod branch;
pub(crate) mod content;
pub(crate) mod environment;
pub(crate) mod history;
pub(crate) mod merges;
pub(crate) mod names;
pub(crate) mod remote;
pub(crate) mod run;
pub(crate) mod signing;
pub(crate) mod tree;
pub(crate) mod version;
