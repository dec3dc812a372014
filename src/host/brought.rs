//! What a tree, or an index, has that the commits before it do not: changed files, by path and blob.
//!
//! Compares ids alone: directories that are equal are not looked into, and no file's content is read. Knows no rule.

use std::collections::HashMap;

use gix::bstr::{BString, ByteSlice as _, ByteVec as _};
use gix::index::extension::Tree;
use gix::objs::tree::{EntryKind, EntryMode};

use super::Result;
use super::git_read::Repo;
use super::handed::{Index, Staged};
use crate::core::ids::Oid;

/// A file that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: BString,
    pub(crate) id: Oid,
    /// The blob in the first of the trees before, where it has a file there.
    pub(crate) before: Option<Oid>,
}

/// The files of `tree` that none of `bases` has at their path. Links and submodules are not files.
pub(crate) fn in_tree(repo: &Repo, tree: Oid, bases: &[Oid]) -> Result<Vec<Change>> {
    let mut found = Vec::new();
    let mut pending = vec![(BString::default(), tree, bases.to_vec())];
    while let Some((dir, tree, bases)) = pending.pop() {
        if bases.contains(&tree) {
            continue;
        }
        let before: Vec<_> = bases
            .iter()
            .map(|base| repo.tree_entries(*base))
            .collect::<Result<_>>()?;
        for entry in repo.tree_entries(tree)? {
            let there: Vec<_> = before
                .iter()
                .filter_map(|entries| entries.iter().find(|old| old.filename == entry.filename))
                .collect();
            if there.iter().any(|old| old.oid == entry.oid && old.mode == entry.mode) {
                continue;
            }
            let mut path = dir.clone();
            path.push_str(&entry.filename);
            match entry.mode.kind() {
                EntryKind::Tree => {
                    path.push_char('/');
                    let trees = there
                        .iter()
                        .filter(|old| old.mode.is_tree())
                        .map(|old| old.oid)
                        .collect();
                    pending.push((path, entry.oid, trees));
                }
                EntryKind::Blob | EntryKind::BlobExecutable if !there.iter().any(|old| old.oid == entry.oid) => {
                    let before = there.iter().find(|old| old.mode.is_blob()).map(|old| old.oid);
                    found.push(Change {
                        path,
                        id: entry.oid,
                        before,
                    });
                }
                EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link | EntryKind::Commit => {}
            }
        }
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

/// A directory of the index.
struct Directory<'i> {
    entries: &'i [Staged],
    /// How many bytes of each path lead to it.
    prefix: usize,
    /// The tree that git has written of it.
    written: Option<&'i Tree>,
    /// Its trees in the commits before.
    bases: Vec<Oid>,
}

impl Directory<'_> {
    /// Whether git would commit it as one of the commits before has it.
    fn is_unchanged(&self) -> bool {
        self.written.is_some_and(|tree| {
            let whole = tree.num_entries.and_then(|count| usize::try_from(count).ok()) == Some(self.entries.len());
            whole && self.bases.contains(&tree.id)
        })
    }

    /// The first part of a path below it, with the slash where more follows.
    fn part<'p>(&self, path: &'p [u8]) -> &'p [u8] {
        let rest = path.get(self.prefix..).unwrap_or_default();
        let end = rest.find_byte(b'/').map_or(rest.len(), |slash| slash + 1);
        rest.get(..end).unwrap_or_default()
    }
}

/// The same for what is staged: the trees that git would write of it need not be there.
pub(crate) fn in_index(repo: &Repo, index: &Index, bases: &[Oid]) -> Result<Vec<Change>> {
    let mut found = Vec::new();
    let mut pending = vec![Directory {
        entries: &index.entries,
        prefix: 0,
        written: index.written.as_ref(),
        bases: bases.to_vec(),
    }];
    while let Some(directory) = pending.pop() {
        if directory.is_unchanged() {
            continue;
        }
        let before: Vec<_> = directory
            .bases
            .iter()
            .map(|base| by_name(repo, *base))
            .collect::<Result<_>>()?;
        let same_part = |one: &Staged, two: &Staged| directory.part(&one.path) == directory.part(&two.path);
        for entries in directory.entries.chunk_by(same_part) {
            let part = entries
                .first()
                .map(|entry| directory.part(&entry.path))
                .unwrap_or_default();
            let name = part.strip_suffix(b"/").unwrap_or(part).as_bstr();
            let there = before.iter().filter_map(|entries| entries.get(name));
            if part.ends_with(b"/") {
                pending.push(Directory {
                    entries,
                    prefix: directory.prefix + part.len(),
                    written: directory
                        .written
                        .and_then(|tree| tree.children.iter().find(|child| child.name.as_slice() == name)),
                    bases: there.filter(|(mode, _)| mode.is_tree()).map(|(_, id)| *id).collect(),
                });
                continue;
            }
            let there: Vec<Oid> = there.filter(|(mode, _)| mode.is_blob()).map(|(_, id)| *id).collect();
            for Staged { path, kind, id } in entries {
                match kind {
                    EntryKind::Blob | EntryKind::BlobExecutable if !there.contains(id) => found.push(Change {
                        path: path.clone(),
                        id: *id,
                        before: there.first().copied(),
                    }),
                    // A sparse index has whole directories; their names end in a slash.
                    EntryKind::Tree => {
                        let below = in_tree(repo, *id, &directory.bases)?;
                        found.extend(below.into_iter().map(|change| Change {
                            path: [path.as_slice(), change.path.as_slice()].concat().into(),
                            ..change
                        }));
                    }
                    EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link | EntryKind::Commit => {}
                }
            }
        }
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

/// The entries of a tree by their names.
fn by_name(repo: &Repo, tree: Oid) -> Result<HashMap<BString, (EntryMode, Oid)>> {
    let entries = repo.tree_entries(tree)?.into_iter();
    Ok(entries.map(|entry| (entry.filename, (entry.mode, entry.oid))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fs;
    use crate::host::handed::Handed;
    use crate::support::repo::Repo as World;

    fn paths(changes: &[Change]) -> String {
        let lines = changes
            .iter()
            .map(|change| format!("{}{}", change.path, if change.before.is_some() { "*" } else { "" }));
        lines.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_index_and_the_tree_it_makes_say_the_same() {
        let world = World::flow();
        world.write("deep/er/new", "one\n");
        world.write("src/lib.rs", "// changed\n");
        world.git("update-index --chmod=+x CHANGELOG.md");
        world.git("rm -q --cached .gitignore");
        world.git("add deep src");
        let handed = Handed::open(&world.dir()).unwrap();
        let base = handed
            .repo
            .tree_of(handed.repo.resolve_commit("HEAD").unwrap().unwrap())
            .unwrap();
        let index = handed.index().unwrap();
        let whole = |index: &Index| index.written.as_ref().and_then(|tree| tree.num_entries);
        assert_eq!(whole(&index), None, "git has not written the tree yet");
        let compared = in_index(&handed.repo, &index, &[base]).unwrap();
        assert_eq!(paths(&compared), "deep/er/new src/lib.rs*");
        let tree = Oid::from_hex(world.git("write-tree").as_bytes()).unwrap();
        let handed = Handed::open(&world.dir()).unwrap();
        let index = handed.index().unwrap();
        assert!(whole(&index).is_some());
        assert_eq!(in_index(&handed.repo, &index, &[base]).unwrap(), compared);
        assert_eq!(in_tree(&handed.repo, tree, &[base]).unwrap(), compared);
        // What either parent has is no news, and without a parent everything is.
        assert_eq!(in_index(&handed.repo, &index, &[base, tree]).unwrap(), []);
        assert_eq!(in_index(&handed.repo, &index, &[]).unwrap().len(), index.entries.len());
    }

    #[test]
    fn a_written_tree_counts_for_all_its_entries_or_not_at_all() {
        let world = World::flow();
        world.git("read-tree HEAD");
        let handed = Handed::open(&world.dir()).unwrap();
        let base = handed
            .repo
            .tree_of(handed.repo.resolve_commit("HEAD").unwrap().unwrap())
            .unwrap();
        let mut index = handed.index().unwrap();
        assert_eq!(index.written.as_ref().map(|tree| tree.id), Some(base));
        assert_eq!(in_index(&handed.repo, &index, &[base]).unwrap(), []);
        // An entry more than the tree was written of.
        let blob = index.entries[0].id;
        let path = BString::from("zz/new");
        let kind = EntryKind::Blob;
        index.entries.push(Staged { path, kind, id: blob });
        assert_eq!(paths(&in_index(&handed.repo, &index, &[base]).unwrap()), "zz/new");
    }

    #[test]
    fn a_damaged_index_is_refused_or_read_but_never_fatal() {
        let world = World::flow();
        let path = world.dir().join(".git/index");
        let good = fs::read(&path).unwrap().unwrap();
        let handed = Handed::open(&world.dir()).unwrap();
        let base = handed
            .repo
            .tree_of(handed.repo.resolve_commit("HEAD").unwrap().unwrap())
            .unwrap();
        let read = |bytes: &[u8]| {
            fs::write_scratch(&path, bytes).unwrap();
            handed.index().and_then(|index| in_index(&handed.repo, &index, &[base]))
        };
        for at in 0..good.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                let outcome = read(&bad);
                assert!(at >= 7 || outcome.is_err(), "byte {at} of the header");
            }
        }
        for length in 0..good.len() {
            let outcome = read(&good[..length]);
            assert!(length > 100 || outcome.is_err(), "{length} bytes");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(handed.index().unwrap().entries.len(), 0);
    }
}
