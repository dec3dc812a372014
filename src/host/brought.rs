//! What a tree, or an index, has that the commits before it do not: changed files, by path and blob.
//!
//! Compares ids alone: directories that are equal are not looked into, and no file's content is read. Knows no rule.

use gix::bstr::{BString, ByteSlice as _, ByteVec as _};
use gix::index::extension::Tree;
use gix::objs::TreeRef;
use gix::objs::tree::{EntryKind, EntryRef};

use super::handed::{Index, Staged};
use super::stored::Stored;
use super::{Error, Result, chain};
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
pub(crate) fn in_tree(repo: &dyn Stored, tree: Oid, bases: &[Oid]) -> Result<Vec<Change>> {
    let mut found = Vec::new();
    let mut pending = vec![(BString::default(), tree, bases.to_vec())];
    while let Some((dir, tree, bases)) = pending.pop() {
        if bases.contains(&tree) {
            continue;
        }
        let (bytes, before) = (repo.tree_bytes(tree)?, bytes_of(repo, &bases)?);
        let before = read_in_place(&before, &bases)?;
        for entry in in_place(&bytes, tree)?.entries {
            let there: Vec<_> = before
                .iter()
                .filter_map(|old| old.bisect_entry(entry.filename, entry.mode.is_tree()))
                .collect();
            // A link and a file may hold the same bytes; only the file's are looked into.
            let is_same = |old: &EntryRef<'_>| old.oid == entry.oid && old.mode.is_blob() == entry.mode.is_blob();
            if there.iter().any(is_same) {
                continue;
            }
            let mut path = dir.clone();
            path.push_str(entry.filename);
            match entry.mode.kind() {
                EntryKind::Tree => {
                    path.push_char('/');
                    let trees = there.iter().map(|old| old.oid.to_owned()).collect();
                    pending.push((path, entry.oid.to_owned(), trees));
                }
                EntryKind::Blob | EntryKind::BlobExecutable => {
                    let before = there.iter().find(|old| old.mode.is_blob());
                    found.push(Change {
                        path,
                        id: entry.oid.to_owned(),
                        before: before.map(|old| old.oid.to_owned()),
                    });
                }
                EntryKind::Link | EntryKind::Commit => {}
            }
        }
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

/// A directory of the index.
struct Directory<'i> {
    entries: &'i [Staged<'i>],
    /// How many bytes of each path lead to it.
    prefix: usize,
    /// The tree that git has written of it.
    written: Option<&'i Tree>,
    /// Its trees in the commits before.
    bases: Vec<Oid>,
}

impl<'i> Directory<'i> {
    /// Whether git would commit it as one of the commits before has it.
    fn is_unchanged(&self) -> bool {
        self.written.is_some_and(|tree| {
            let whole = tree.num_entries.and_then(|count| usize::try_from(count).ok()) == Some(self.entries.len());
            whole && self.bases.contains(&tree.id)
        })
    }

    /// The first name among the last of its entries, with a slash where it is a directory's, and the entries that bear it.
    fn first_of(&self, rest: &'i [Staged<'i>]) -> Option<(&'i [u8], &'i [Staged<'i>])> {
        let below = |entry: &Staged<'i>| entry.path.get(self.prefix..).unwrap_or_default();
        let first = below(rest.first()?);
        let slash = first.find_byte(b'/').map(|slash| slash + 1);
        let part = first.get(..slash.unwrap_or(first.len())).unwrap_or_default();
        let count = match slash {
            Some(_) => rest.iter().take_while(|entry| below(entry).starts_with(part)).count(),
            None => 1,
        };
        Some((part, rest.get(..count).unwrap_or_default()))
    }
}

/// The same for what is staged: the trees that git would write of it need not be there.
pub(crate) fn in_index(repo: &dyn Stored, index: &Index, bases: &[Oid]) -> Result<Vec<Change>> {
    in_entries(repo, &index.entries()?, index.written(), bases)
}

/// The same for entries in an index's order, where `written` are the trees that git has written of them.
fn in_entries(repo: &dyn Stored, entries: &[Staged<'_>], written: Option<&Tree>, bases: &[Oid]) -> Result<Vec<Change>> {
    let mut found = Vec::new();
    let mut pending = vec![Directory {
        entries,
        prefix: 0,
        written,
        bases: bases.to_vec(),
    }];
    while let Some(directory) = pending.pop() {
        if directory.is_unchanged() {
            continue;
        }
        let before = bytes_of(repo, &directory.bases)?;
        let before = read_in_place(&before, &directory.bases)?;
        let mut rest = directory.entries;
        while let Some((part, entries)) = directory.first_of(rest) {
            rest = rest.get(entries.len()..).unwrap_or_default();
            let is_dir = part.ends_with(b"/");
            let name = part.strip_suffix(b"/").unwrap_or(part).as_bstr();
            let there = before.iter().filter_map(|old| old.bisect_entry(name, is_dir));
            if is_dir {
                pending.push(Directory {
                    entries,
                    prefix: directory.prefix + part.len(),
                    written: directory
                        .written
                        .and_then(|tree| tree.children.iter().find(|child| child.name.as_slice() == name)),
                    bases: there.map(|old| old.oid.to_owned()).collect(),
                });
                continue;
            }
            let there: Vec<Oid> = there
                .filter(|old| old.mode.is_blob())
                .map(|old| old.oid.to_owned())
                .collect();
            for entry in entries {
                let Staged { path, kind, id, .. } = entry;
                match kind {
                    EntryKind::Blob | EntryKind::BlobExecutable if !there.contains(id) => found.push(Change {
                        path: (*path).to_owned(),
                        id: *id,
                        before: there.first().copied(),
                    }),
                    // A sparse index has whole directories; their names end in a slash.
                    EntryKind::Tree => {
                        let below = in_tree(repo, *id, &directory.bases)?;
                        found.extend(below.into_iter().map(|change| Change {
                            path: [path.as_bytes(), change.path.as_slice()].concat().into(),
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

fn bytes_of(repo: &dyn Stored, trees: &[Oid]) -> Result<Vec<Vec<u8>>> {
    trees.iter().map(|tree| repo.tree_bytes(*tree)).collect()
}

/// Trees that are searched where they lie. In one that is out of git's order an entry may be overlooked, and then counts as
/// new: too much is looked at, not too little.
fn read_in_place<'b>(bytes: &'b [Vec<u8>], ids: &[Oid]) -> Result<Vec<TreeRef<'b>>> {
    bytes.iter().zip(ids).map(|(bytes, id)| in_place(bytes, *id)).collect()
}

fn in_place(bytes: &[u8], id: Oid) -> Result<TreeRef<'_>> {
    TreeRef::from_bytes(bytes, id.kind()).map_err(|error| Error::git(format!("tree {id}"), chain(&error)))
}

#[cfg(test)]
mod tests {
    use gix::bstr::BStr;

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
        let whole = |index: &Index| index.written().and_then(|tree| tree.num_entries);
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
        assert_eq!(
            in_index(&handed.repo, &index, &[]).unwrap().len(),
            index.entries().unwrap().len()
        );
    }

    #[test]
    fn a_link_that_becomes_a_file_is_news_and_a_mode_is_none() {
        let world = World::flow();
        let base = Oid::from_hex(world.git("rev-parse HEAD^{tree}").as_bytes()).unwrap();
        fs::link("src/lib.rs".as_ref(), &world.dir().join("same")).unwrap();
        world.git("add same");
        let linked = Oid::from_hex(world.git("write-tree").as_bytes()).unwrap();
        fs::remove_file(&world.dir().join("same")).unwrap();
        world.write("same", "src/lib.rs");
        world.git("add same");
        let filed = Oid::from_hex(world.git("write-tree").as_bytes()).unwrap();
        world.git("update-index --chmod=+x same");
        let runnable = Oid::from_hex(world.git("write-tree").as_bytes()).unwrap();
        let handed = Handed::open(&world.dir()).unwrap();
        for (tree, before, news) in [
            (linked, base, ""),
            (filed, linked, "same"),
            (runnable, filed, ""),
            (linked, filed, ""),
        ] {
            world.git(&format!("read-tree {tree}"));
            let index = handed.index().unwrap();
            assert_eq!(paths(&in_tree(&handed.repo, tree, &[before]).unwrap()), news);
            assert_eq!(paths(&in_index(&handed.repo, &index, &[before]).unwrap()), news);
        }
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
        let index = handed.index().unwrap();
        assert_eq!(index.written().map(|tree| tree.id), Some(base));
        assert_eq!(in_index(&handed.repo, &index, &[base]).unwrap(), []);
        // An entry more than the tree was written of.
        let mut entries = index.entries().unwrap();
        let path = BStr::new("zz/new");
        entries.push(Staged { path, ..entries[0] });
        let changes = in_entries(&handed.repo, &entries, index.written(), &[base]).unwrap();
        assert_eq!(paths(&changes), "zz/new");
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
        assert_eq!(handed.index().unwrap().entries().unwrap().len(), 0);
    }
}
