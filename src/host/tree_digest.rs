//! The id that a tree would have in a SHA-256 repository, computed from its blobs.
//!
//! Format: gitformat-pack(5) and git-hash-object(1): `<kind> SP <size> NUL <bytes>`, hashed with SHA-256. One blob is held at
//! a time.

use std::collections::HashMap;

use gix::objs::tree::{Entry, EntryKind};
use sha2::{Digest as _, Sha256};

use super::git_read::Repo;
use super::{Error, Result};
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
        // Not by recursion: a tree can be deeper than a stack. A directory is read once, and made when those below it are.
        let mut pending = vec![(tree, None)];
        while let Some((at, entries)) = pending.pop() {
            if self.trees.contains_key(&at) {
                continue;
            }
            let Some(entries) = entries else {
                let entries = repo.tree_entries(at)?;
                let below = entries.iter().filter(|entry| entry.mode.kind() == EntryKind::Tree);
                let below: Vec<_> = below.map(|entry| (entry.oid, None)).collect();
                pending.push((at, Some(entries)));
                pending.extend(below);
                continue;
            };
            let made = self.made(repo, &entries)?;
            self.trees.insert(at, made);
        }
        let made = self.trees.get(&tree).copied();
        made.ok_or_else(|| Error::Unexpected(format!("tree {tree} was not made")))
    }

    /// The id of a tree of these entries, of which the trees were made before.
    fn made(&self, repo: &Repo, entries: &[Entry]) -> Result<TreeDigest> {
        let mut body = Vec::new();
        let mut submodules = 0;
        for entry in entries {
            let mut id = [0; WIDTH];
            match entry.mode.kind() {
                EntryKind::Tree => {
                    let below = self.trees.get(&entry.oid);
                    let below = below.ok_or_else(|| Error::Unexpected(format!("tree {} was not made", entry.oid)))?;
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
        Ok(TreeDigest {
            id: Digest::from_bytes(hash("tree", &body)),
            submodules,
        })
    }
}

fn hash(kind: &str, bytes: &[u8]) -> [u8; WIDTH] {
    let mut hasher = Sha256::new();
    hasher.update(format!("{kind} {}\0", bytes.len()));
    hasher.update(bytes);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support;

    /// As deep as no stack, and wider than anybody's patience: ten entries on each of forty levels, all of them the same.
    #[test]
    fn a_tree_without_measure_is_no_trouble() {
        let fixture = support::repo::Repo::flow();
        let repo = Repo::discover(&fixture.dir()).unwrap();
        let write = |entries| repo.gix().write_object(gix::objs::Tree { entries }).unwrap().detach();
        let entry = |name: String, oid| Entry {
            mode: EntryKind::Tree.into(),
            filename: name.into(),
            oid,
        };
        let mut deep = write(Vec::new());
        for _ in 0..20_000 {
            deep = write(vec![entry("d".to_owned(), deep)]);
        }
        for _ in 0..40 {
            deep = write((0..10).map(|at| entry(at.to_string(), deep)).collect());
        }
        let digest = TreeDigests::default().of(&repo, deep).unwrap();
        assert_eq!(digest.submodules, 0);
        let named = repo.files_named(deep, &["Cargo.toml"]).unwrap_err();
        assert!(named.to_string().contains("directories"), "{named}");
    }
}
