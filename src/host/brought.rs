//! What a tree, or an index, has that the commits before it do not: changed files, by path and blob.
//!
//! Compares ids alone: directories that are equal are not looked into, and no file's content is read. Knows no rule.

use std::collections::HashMap;

use gix::bstr::{BStr, BString, ByteSlice as _, ByteVec as _};
use gix::objs::tree::EntryKind;

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

/// The same for what is staged. git has written the tree already where it commits the index as it is; elsewhere each entry
/// is compared.
pub(crate) fn in_index(repo: &Repo, index: &Index, bases: &[Oid]) -> Result<Vec<Change>> {
    if let Some(tree) = index.tree {
        return in_tree(repo, tree, bases);
    }
    let before: Vec<_> = bases.iter().map(|base| files(repo, *base)).collect::<Result<_>>()?;
    let mut found = Vec::new();
    for Staged { path, kind, id } in &index.entries {
        match kind {
            EntryKind::Blob | EntryKind::BlobExecutable => {}
            EntryKind::Tree => {
                // A sparse index has whole directories; their names end in a slash.
                let trees = bases.iter().map(|base| subtree(repo, *base, path.as_bstr()));
                let trees: Vec<Oid> = trees.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
                found.extend(in_tree(repo, *id, &trees)?.into_iter().map(|change| Change {
                    path: [path.as_slice(), change.path.as_slice()].concat().into(),
                    ..change
                }));
                continue;
            }
            EntryKind::Link | EntryKind::Commit => continue,
        }
        let there: Vec<Oid> = before.iter().filter_map(|files| files.get(path).copied()).collect();
        if !there.contains(id) {
            found.push(Change {
                path: path.clone(),
                id: *id,
                before: there.first().copied(),
            });
        }
    }
    Ok(found)
}

/// The files below a tree.
fn files(repo: &Repo, tree: Oid) -> Result<HashMap<BString, Oid>> {
    let all = in_tree(repo, tree, &[])?;
    Ok(all.into_iter().map(|change| (change.path, change.id)).collect())
}

fn subtree(repo: &Repo, tree: Oid, path: &BStr) -> Result<Option<Oid>> {
    let mut at = tree;
    for part in path.split_str("/").filter(|part| !part.is_empty()) {
        let entries = repo.tree_entries(at)?;
        let Some(entry) = entries
            .iter()
            .find(|entry| entry.mode.is_tree() && entry.filename == part)
        else {
            return Ok(None);
        };
        at = entry.oid;
    }
    Ok(Some(at))
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
        let mut index = handed.index().unwrap();
        assert_eq!(index.tree, None, "git has not written the tree yet");
        let compared = in_index(&handed.repo, &index, &[base]).unwrap();
        assert_eq!(paths(&compared), "deep/er/new src/lib.rs*");
        index.tree = Oid::from_hex(world.git("write-tree").as_bytes()).ok();
        let handed = Handed::open(&world.dir()).unwrap();
        assert_eq!(in_index(&handed.repo, &index, &[base]).unwrap(), compared);
        assert_eq!(handed.index().unwrap().tree, index.tree);
        // What either parent has is no news, and without a parent everything is.
        assert_eq!(
            in_index(&handed.repo, &index, &[base, index.tree.unwrap()]).unwrap(),
            []
        );
        assert_eq!(in_index(&handed.repo, &index, &[]).unwrap().len(), index.entries.len());
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
