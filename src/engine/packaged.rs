//! A commit's files, as `core::packaged` asks for them.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;

use crate::core::ids::Oid;
use crate::core::packaged::{Commit, Inner, TreeEntry};
use crate::host::git_read::Repo;
use crate::host::submodule::Submodules;
use crate::host::{Error, Result, cargo};

/// The files of one commit. Trees are read once.
pub(crate) struct CommitFiles<'a> {
    repo: &'a Repo,
    root: Oid,
    trees: RefCell<HashMap<Oid, Entries>>,
    submodules: OnceCell<Submodules>,
}

/// A tree's entries, by name.
type Entries = HashMap<String, (EntryKind, Oid)>;

impl<'a> CommitFiles<'a> {
    /// # Errors
    /// When there is no such commit.
    pub(crate) fn of(repo: &'a Repo, commit: Oid) -> Result<Self> {
        Ok(Self {
            repo,
            root: repo.tree_of(commit)?,
            trees: RefCell::default(),
            submodules: OnceCell::new(),
        })
    }

    /// Every `Cargo.toml`, by path; the shortest paths first.
    pub(crate) fn manifests(&self) -> Result<Vec<(String, Oid)>> {
        let found = self.repo.files_named(self.root, &["Cargo.toml"])?;
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(path, _)| path.matches('/').count());
        Ok(found)
    }

    /// The repositories of the submodules that were cloned.
    fn submodules(&self) -> Result<&Submodules> {
        if let Some(found) = self.submodules.get() {
            return Ok(found);
        }
        let found = Submodules::of(self.repo)?;
        // Nobody else can have set it meanwhile: the cell is not shared between threads.
        Ok(self.submodules.get_or_init(|| found))
    }

    /// An entry of a tree. Names that are not UTF-8 are none that a package could have.
    fn child(&self, tree: Oid, name: &str) -> Result<Option<(EntryKind, Oid)>> {
        if let Some(entries) = self.trees.borrow().get(&tree) {
            return Ok(entries.get(name).copied());
        }
        let entries: Entries = self
            .repo
            .tree_entries(tree)?
            .into_iter()
            .filter_map(|entry| Some((entry.filename.to_str().ok()?.to_owned(), (entry.mode.kind(), entry.oid))))
            .collect();
        let found = entries.get(name).copied();
        self.trees.borrow_mut().insert(tree, entries);
        Ok(found)
    }
}

impl Commit for CommitFiles<'_> {
    type Error = Error;

    fn entry(&self, path: &str) -> Result<Option<TreeEntry>> {
        let mut at = (EntryKind::Tree, self.root);
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if at.0 != EntryKind::Tree {
                return Ok(None);
            }
            match self.child(at.1, part)? {
                Some(entry) => at = entry,
                None => return Ok(None),
            }
        }
        let (kind, id) = at;
        Ok(Some(match kind {
            EntryKind::Tree => TreeEntry::Directory,
            EntryKind::Blob | EntryKind::BlobExecutable => TreeEntry::File {
                blob: id,
                executable: kind == EntryKind::BlobExecutable,
            },
            EntryKind::Link => TreeEntry::Link(id),
            EntryKind::Commit => TreeEntry::Submodule(id),
        }))
    }

    fn blob(&self, id: Oid) -> Result<Vec<u8>> {
        if self.repo.has_object(id) {
            return Ok(self.repo.object(id)?.1);
        }
        let module = self.submodules()?.with_object(id);
        Ok(module.unwrap_or(self.repo).object(id)?.1)
    }

    fn submodule(&self, commit: Oid) -> Result<Option<Inner<'_, Error>>> {
        match self.submodules()?.with_commit(commit)? {
            Some(module) => Ok(Some(Box::new(CommitFiles::of(module, commit)?))),
            None => Ok(None),
        }
    }

    fn registry(&self, name: &str) -> Result<Option<String>> {
        cargo::registry_index(name)
    }
}
