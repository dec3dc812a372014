//! The id that a tree would have in a SHA-256 repository, computed from its blobs.
//!
//! Format: gitformat-pack(5) and git-hash-object(1): `<kind> SP <size> NUL <bytes>`, hashed with SHA-256. One blob is held at
//! a time.

use std::collections::HashMap;

use gix::objs::tree::EntryKind;
use sha2::{Digest as _, Sha256};

use super::Result;
use super::git_read::Repo;
use crate::core::ids::{Digest, Oid};

/// The bytes of a SHA-256 id.
const WIDTH: usize = 32;

/// Computes tree ids and remembers those of trees, since releases share most of them.
#[derive(Debug, Default)]
pub(crate) struct TreeDigests {
    trees: HashMap<Oid, TreeDigest>,
}

/// A tree's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeDigest {
    pub(crate) id: Digest,
    /// Submodules below it. Their commits are named by the ids that the repository has for them, padded with zeros: no
    /// stronger than the hash they were made with.
    pub(crate) submodules: usize,
}

impl TreeDigests {
    /// The id of `tree`.
    ///
    /// # Errors
    /// When an object is missing or cannot be read.
    pub(crate) fn of(&mut self, repo: &Repo, tree: Oid) -> Result<TreeDigest> {
        if let Some(known) = self.trees.get(&tree) {
            return Ok(*known);
        }
        let mut body = Vec::new();
        let mut submodules = 0;
        for entry in repo.tree_entries(tree)? {
            let mut id = [0; WIDTH];
            match entry.mode.kind() {
                EntryKind::Tree => {
                    let below = self.of(repo, entry.oid)?;
                    submodules += below.submodules;
                    id = below.id.bytes();
                }
                EntryKind::Commit => {
                    submodules += 1;
                    for (to, from) in id.iter_mut().zip(entry.oid.as_bytes()) {
                        *to = *from;
                    }
                }
                EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link => {
                    id = hash("blob", &repo.object(entry.oid)?.1);
                }
            }
            body.extend_from_slice(format!("{:o} ", entry.mode.value()).as_bytes());
            body.extend_from_slice(&entry.filename);
            body.push(0);
            body.extend_from_slice(&id);
        }
        let made = TreeDigest {
            id: Digest::from_bytes(hash("tree", &body)),
            submodules,
        };
        self.trees.insert(tree, made);
        Ok(made)
    }
}

fn hash(kind: &str, bytes: &[u8]) -> [u8; WIDTH] {
    let mut hasher = Sha256::new();
    hasher.update(format!("{kind} {}\0", bytes.len()));
    hasher.update(bytes);
    hasher.finalize().into()
}
