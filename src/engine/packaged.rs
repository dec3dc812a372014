//! A commit's files, as `core::packaged` asks for them.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;

use crate::core::ids::Oid;
use crate::core::packaged::{Commit, Inner, TreeEntry};
use crate::host::git_read::Repo;
use crate::host::{Error, Result, cargo, fs};

/// The files of one commit. Trees are read once.
pub(crate) struct CommitFiles<'a> {
    repo: &'a Repo,
    root: Oid,
    trees: RefCell<HashMap<Oid, Entries>>,
    modules: OnceCell<Vec<Repo>>,
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
            modules: OnceCell::new(),
        })
    }

    /// Every `Cargo.toml`, by path; the shortest paths first.
    pub(crate) fn manifests(&self) -> Result<Vec<(String, Oid)>> {
        let found = self.repo.files_named(self.root, &["Cargo.toml"])?;
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(path, _)| path.matches('/').count());
        Ok(found)
    }

    /// The repositories of the submodules that were cloned, wherever they are checked out.
    fn modules(&self) -> Result<&[Repo]> {
        if self.modules.get().is_none() {
            let mut found = Vec::new();
            modules_below(&self.repo.common_dir().join("modules"), &mut found)?;
            // Nobody else can have set it meanwhile: the cell is not shared between threads.
            return Ok(self.modules.get_or_init(|| found));
        }
        Ok(self.modules.get().map(Vec::as_slice).unwrap_or_default())
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
        let module = self.modules()?.iter().find(|module| module.has_object(id));
        Ok(module.unwrap_or(self.repo).object(id)?.1)
    }

    fn submodule(&self, commit: Oid) -> Result<Option<Inner<'_, Error>>> {
        for module in self.modules()? {
            if module.is_commit(commit)? {
                return Ok(Some(Box::new(CommitFiles::of(module, commit)?)));
            }
        }
        Ok(None)
    }

    fn registry(&self, name: &str) -> Result<Option<String>> {
        cargo::registry_index(name)
    }
}

/// The repositories below a directory: a submodule's is called as the submodule is, which may hold `/`, and has those of
/// its own submodules below it (gitsubmodules(7), gitrepository-layout(5), "modules").
fn modules_below(dir: &Path, found: &mut Vec<Repo>) -> Result<()> {
    for path in fs::list(dir)? {
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            found.push(Repo::discover(&path)?);
            modules_below(&path.join("modules"), found)?;
        } else if path.is_dir() {
            modules_below(&path, found)?;
        }
    }
    Ok(())
}
