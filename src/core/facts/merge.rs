//! What was observed of a merge that a release will make.

use std::collections::{BTreeMap, BTreeSet};

use super::Content;
use crate::core::ids::Oid;
use crate::core::tree::NewObject;

/// A file on both sides of a merge, and in their common ancestor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// What both sides had; empty where the file came later.
    pub base: String,
    /// What integration has.
    pub ours: String,
    /// What the release has.
    pub theirs: String,
}

/// A file that git cannot merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its path.
    pub path: String,
    /// What git calls the conflict, such as `modify/delete`.
    pub kinds: BTreeSet<String>,
    /// Whether every side that has something there has a regular file.
    pub is_file: bool,
    /// The common ancestor's blob.
    pub base: Option<Oid>,
    /// Integration's blob.
    pub ours: Option<Oid>,
    /// The release's blob.
    pub theirs: Option<Oid>,
}

impl Conflict {
    /// A conflict at a path, of which nothing else is known yet.
    pub fn at(path: String) -> Self {
        Self {
            path,
            kinds: BTreeSet::new(),
            is_file: true,
            base: None,
            ours: None,
            theirs: None,
        }
    }

    /// Whether it is one of lines alone: both sides have the file, and nothing but its contents is in question.
    pub fn is_of_lines(&self) -> bool {
        let of_lines = |kind: &String| ["contents", "content", "add/add"].contains(&kind.as_str());
        self.is_file && self.ours.is_some() && self.theirs.is_some() && self.kinds.iter().all(of_lines)
    }
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        if !self.is_of_lines() && !self.kinds.is_empty() {
            let kinds: Vec<&str> = self.kinds.iter().map(String::as_str).collect();
            write!(f, " ({})", kinds.join(", "))?;
        }
        Ok(())
    }
}

/// A merge that a release will make. Integration takes part as if it had been moved to the release's version already, as `cut`
/// moves it, so that no version stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The merged tree.
    pub tree: Oid,
    /// What conflicts, by path.
    pub conflicts: Vec<Conflict>,
    /// Objects that the merge made.
    pub objects: Vec<NewObject>,
    /// The CHANGELOG, where both sides have one.
    pub changelog: Option<Sides>,
    /// Lock files that the sides have otherwise, by path.
    pub locks: BTreeMap<String, Sides>,
    /// Integration's files, as they are.
    pub before: Content,
    /// Why integration cannot be moved to the release's version, where it cannot.
    pub immovable: Option<String>,
    /// Files of integration that could not be moved and depend on the release's packages, each with its place and why.
    pub left: Vec<String>,
    /// The merged tree's files, where the packages' own do not conflict.
    pub after: Option<Content>,
}
