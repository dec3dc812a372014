//! What stands in a tree: files by their name, links with where they lead, submodules.

use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;

use super::Result;
use super::git_read::{Repo, within_measure};
use crate::core::ids::Oid;
use crate::core::listing::Entries;

impl Repo {
    /// The files of a tree whose path is wanted, and every link and submodule; also the files that links of a wanted name
    /// lead to. Paths that are not UTF-8 are none that Cargo could read.
    ///
    /// # Errors
    /// When an object cannot be read.
    pub(crate) fn entries_of(&self, tree: Oid, is_wanted: impl Fn(&str) -> bool) -> Result<Entries> {
        let mut found = Entries::default();
        let mut pending = vec![(String::new(), tree)];
        let mut directories = 0;
        while let Some((dir, id)) = pending.pop() {
            within_measure(&mut directories, tree)?;
            for entry in self.tree_entries(id)? {
                let Ok(name) = entry.filename.to_str() else { continue };
                let path = format!("{dir}{name}");
                match entry.mode.kind() {
                    EntryKind::Tree => pending.push((path + "/", entry.oid)),
                    EntryKind::Blob | EntryKind::BlobExecutable if is_wanted(&path) => {
                        found.files.insert(path, entry.oid);
                    }
                    EntryKind::Link => {
                        if let Ok(target) = String::from_utf8(self.object(entry.oid)?.1) {
                            found.links.insert(path, target);
                        }
                    }
                    EntryKind::Commit => drop(found.submodules.insert(path)),
                    EntryKind::Blob | EntryKind::BlobExecutable => {}
                }
            }
        }
        for path in found.missing(is_wanted) {
            if let Some(id) = self.blob_at(tree, &path)? {
                found.files.insert(path, id);
            }
        }
        Ok(found)
    }

    /// The blob of the regular file at a path.
    fn blob_at(&self, tree: Oid, path: &str) -> Result<Option<Oid>> {
        let mut at = (EntryKind::Tree, tree);
        for part in path.split('/') {
            if at.0 != EntryKind::Tree {
                return Ok(None);
            }
            let entries = self.tree_entries(at.1)?;
            match entries.into_iter().find(|entry| entry.filename == part) {
                Some(entry) => at = (entry.mode.kind(), entry.oid),
                None => return Ok(None),
            }
        }
        let is_file = matches!(at.0, EntryKind::Blob | EntryKind::BlobExecutable);
        Ok(is_file.then_some(at.1))
    }
}
