//! Reading a repository with gix: refs, objects, configuration, worktrees. Starts no process and writes nothing.
//!
//! Knows nothing of releases; `history` walks commits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, ByteSlice};
use gix::objs::tree::EntryKind;
use gix::prelude::ReferenceExt as _;

use super::{Error, Result, chain, fs, head};
use crate::core::bounds::FILE_BYTES;
use crate::core::facts::{Head, Refs, RemoteChoice, Target};
use crate::core::ids::{Oid, RefName};

/// The most directories that are walked; the largest repositories known have a tenth of it.
const DIRECTORIES_MAX: usize = 500_000;

/// An open repository.
pub(crate) struct Repo {
    gix: gix::Repository,
}

/// A ref as the store has it.
#[derive(Debug, Clone)]
pub(crate) struct RawRef {
    pub(crate) name: RefName,
    pub(crate) id: Oid,
    /// The object behind an annotated tag, where that is on record beside the ref.
    pub(crate) peeled: Option<Oid>,
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repo")
            .field("git_dir", &self.git_dir())
            .finish_non_exhaustive()
    }
}

/// Replaced objects, environment overrides of the object database and of the configuration are not for releases: what
/// is signed must be what the ids say.
fn open_options() -> gix::open::Options {
    let mut permissions = gix::open::Permissions::all();
    permissions.env.objects = gix::sec::Permission::Deny;
    permissions.config.env = false;
    gix::open::Options::default()
        .permissions(permissions)
        .config_overrides(["core.useReplaceRefs=false", "gitoxide.objects.noReplace=true"])
}

impl Repo {
    /// Finds the repository that holds `dir`, upwards.
    ///
    /// # Errors
    /// `NotARepository` where there is none; `Unsupported` for one whose refs gix cannot read (reftable); `Namespace` where
    /// the environment names a part of a repository (gitnamespaces(7)).
    pub(crate) fn discover(dir: &Path) -> Result<Self> {
        if let Some(name) = super::env::var_os("GIT_NAMESPACE").filter(|name| !name.is_empty()) {
            return Err(Error::Namespace(name.to_string_lossy().into_owned()));
        }
        let found = gix::discover::upwards(dir).map_err(|_| Error::NotARepository(dir.to_owned()))?;
        let (git_dir, work_tree) = found.0.clone().into_repository_and_work_tree_directories();
        refuse_reftable(&git_dir)?;
        let mapping = gix::sec::trust::Mapping {
            full: open_options(),
            reduced: open_options(),
        };
        let gix = gix::ThreadSafeRepository::discover_opts(dir, gix::discover::upwards::Options::default(), mapping)
            .map_err(|error| Error::git(format!("the repository at `{}`", dir.display()), chain(&error)))?;
        let mut gix = gix.to_thread_local();
        if super::env::var_os("GIT_WORK_TREE").is_some() {
            // Hooks and aliases of git hand it down; it says where another program works, and gix minds it.
            let lies = |error: gix::Error| Error::git("the working tree", chain(&error));
            gix.set_workdir(work_tree).map_err(lies)?;
        }
        gix.object_cache_size_if_unset(4 * 1024 * 1024);
        Ok(Self { gix })
    }

    /// As [`Repo::discover`], trusting what is there: what stands in `dir`, or else is found above it, is opened as it is.
    ///
    /// # Errors
    /// As [`Repo::discover`].
    pub(crate) fn found_from(dir: &Path) -> Result<Self> {
        let own = dir.join(gix::discover::DOT_GIT_DIR);
        let is_dir = fs::stat(&own)?.is_some_and(|own| own.is_dir());
        if is_dir && let Ok(found) = Self::at(&own, Some(dir)) {
            return Ok(found);
        }
        let found = gix::discover::upwards(dir).map_err(|_| Error::NotARepository(dir.to_owned()))?;
        let (git_dir, work_tree) = found.0.into_repository_and_work_tree_directories();
        Self::at(&git_dir, work_tree.as_deref())
    }

    /// Opens the repository whose git directory is known, with `work_tree` as its working tree unless it is bare: git starts
    /// its hooks at the top of the working tree.
    ///
    /// # Errors
    /// As [`Repo::discover`].
    pub(crate) fn at(git_dir: &Path, work_tree: Option<&Path>) -> Result<Self> {
        refuse_reftable(git_dir)?;
        let lies = |error: gix::Error| Error::git(format!("the repository at `{}`", git_dir.display()), chain(&error));
        let opened = open_options().open_path_as_is(true).open(git_dir).map_err(lies)?;
        let mut gix = opened.to_thread_local();
        if let Some(work_tree) = work_tree
            && (gix.workdir().is_some() || super::env::var_os("GIT_WORK_TREE").is_some())
        {
            gix.set_workdir(work_tree.to_owned()).map_err(lies)?;
        }
        gix.object_cache_size_if_unset(4 * 1024 * 1024);
        Ok(Self { gix })
    }

    /// The same repository, with its objects read from another directory and that one's alternates.
    ///
    /// # Errors
    /// When there is no such directory.
    pub(crate) fn with_object_dir(mut self, dir: &Path) -> Result<Self> {
        let opened = gix::odb::at(dir, self.gix.object_hash());
        let opened = opened.map_err(|error| Error::git(format!("the objects in `{}`", dir.display()), error))?;
        self.gix.objects = opened.into();
        self.gix.object_cache_size_if_unset(4 * 1024 * 1024);
        Ok(self)
    }

    /// A setting's value, as written; `None` where it is absent.
    pub(crate) fn config_text(&self, key: &str) -> Option<Vec<u8>> {
        self.gix.config_snapshot().string(key).map(Into::into)
    }

    /// The same of the repository's own file alone: neither the user nor the system has a say.
    pub(crate) fn own_config_text(&self, key: &str) -> Option<Vec<u8>> {
        let is_own = |section: &gix::config::file::Metadata| section.source == gix::config::Source::Local;
        let snapshot = self.gix.config_snapshot();
        snapshot.plumbing().string_filter(key, is_own).map(Into::into)
    }

    /// How many bytes a blob has, without reading it.
    pub(crate) fn size_of(&self, id: Oid) -> Result<u64> {
        let header = self.gix.find_header(id);
        header
            .map(|header| header.size())
            .map_err(|error| self.unreadable(id, &error))
    }

    /// The underlying repository, for this room's own files.
    pub(super) fn gix(&self) -> &gix::Repository {
        &self.gix
    }

    /// This worktree's git directory.
    pub(crate) fn git_dir(&self) -> PathBuf {
        fs::canonical(self.gix.git_dir())
    }

    /// The git directory that all worktrees share.
    pub(crate) fn common_dir(&self) -> PathBuf {
        fs::canonical(self.gix.common_dir())
    }

    /// The top of the working tree; `None` in a bare repository.
    pub(crate) fn workdir(&self) -> Option<PathBuf> {
        self.gix.workdir().map(fs::canonical)
    }

    /// Where programs are started: the working tree's top, or the bare repository.
    pub(crate) fn top(&self) -> PathBuf {
        self.workdir().unwrap_or_else(|| self.git_dir())
    }

    pub(crate) fn object_hash(&self) -> gix::hash::Kind {
        self.gix.object_hash()
    }

    pub(crate) fn is_shallow(&self) -> Result<bool> {
        self.gix
            .is_shallow()
            .map_err(|error| Error::git("the list of shallow commits", chain(&error)))
    }

    /// A half-done operation by its name.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        use gix::state::InProgress as P;
        let found = self.gix.state().map(|state| match state {
            P::ApplyMailbox | P::ApplyMailboxRebase => "am",
            P::Bisect => "bisect",
            P::CherryPick | P::CherryPickSequence => "cherry-pick",
            P::Merge => "merge",
            P::Rebase | P::RebaseInteractive => "rebase",
            P::Revert | P::RevertSequence => "revert",
        });
        let merging = || self.gix.git_dir().join("MERGE_HEAD").exists().then_some("merge");
        found.or_else(merging)
    }

    /// Where HEAD stands.
    pub(crate) fn head(&self) -> Result<Head> {
        head::of(&self.gix)
    }

    /// Every branch, tag and remote-tracking ref.
    pub(crate) fn refs(&self) -> Result<Refs> {
        self.refs_below("refs/")
    }

    /// Every ref whose full name starts with `prefix`, with annotated tags peeled. A ref that points nowhere, or whose
    /// name is not UTF-8, is none of ours and left out.
    pub(crate) fn refs_below(&self, prefix: &str) -> Result<Refs> {
        let mut refs = Refs::new();
        for RawRef { name, id, peeled } in self.ref_names(prefix)? {
            let peeled = match peeled {
                Some(peeled) => peeled,
                None => self.peel(id)?.unwrap_or(id),
            };
            refs.insert(name, Target { id, peeled });
        }
        Ok(refs)
    }

    /// Ref names with their ids, and the peeled id where packed-refs has it; no object is looked up.
    pub(crate) fn ref_names(&self, prefix: &str) -> Result<Vec<RawRef>> {
        let unread = |error: gix::Error| Error::git("the refs", chain(&error));
        let platform = self.gix.references().map_err(unread)?;
        let mut found = Vec::new();
        for reference in platform.prefixed(prefix).map_err(unread)? {
            let reference = reference.map_err(unread)?.detach();
            let gix::refs::Target::Object(id) = reference.target else {
                continue;
            };
            // A name that is not UTF-8 is none of ours.
            if let Some(name) = reference
                .name
                .as_bstr()
                .to_str()
                .ok()
                .and_then(|name| RefName::new(name).ok())
            {
                found.push(RawRef {
                    name,
                    id,
                    peeled: reference.peeled,
                });
            }
        }
        Ok(found)
    }

    /// One ref's value; `None` where it does not exist or is symbolic.
    pub(crate) fn find_ref(&self, name: &RefName) -> Result<Option<Oid>> {
        Ok(self
            .reference(name)?
            .and_then(|reference| reference.try_id().map(gix::Id::detach)))
    }

    /// The full name that a symbolic ref points to.
    pub(crate) fn symbolic_target(&self, name: &RefName) -> Result<Option<RefName>> {
        Ok(self
            .reference(name)?
            .and_then(|reference| match reference.detach().target {
                gix::refs::Target::Symbolic(target) => RefName::new(target.as_bstr().to_str().ok()?).ok(),
                gix::refs::Target::Object(_) => None,
            }))
    }

    /// The ref that moves where this one is moved: a branch may be another one's name (git-symbolic-ref(1)).
    ///
    /// # Errors
    /// When a ref cannot be read.
    pub(crate) fn moved_by(&self, name: &RefName) -> Result<Option<RefName>> {
        head::last(&self.gix, name.clone())
    }

    /// The ref of exactly that name.
    fn reference(&self, name: &RefName) -> Result<Option<gix::Reference<'_>>> {
        let found = super::stored::exact(&self.gix.refs, name)?;
        Ok(found.map(|found| found.attach(&self.gix)))
    }

    /// The object behind a chain of annotated tags; `None` where an object on the way is missing.
    pub(crate) fn peel(&self, id: Oid) -> Result<Option<Oid>> {
        let mut at = id;
        loop {
            let found = self
                .gix
                .try_find_object(at)
                .map_err(|error| Error::git(format!("object {at}"), chain(&error)))?;
            let Some(object) = found else { return Ok(None) };
            match object.kind {
                gix::objs::Kind::Tag => at = tag_target(&object)?,
                gix::objs::Kind::Commit | gix::objs::Kind::Tree | gix::objs::Kind::Blob => return Ok(Some(at)),
            }
        }
    }

    /// Whether the object database holds this commit.
    pub(crate) fn is_commit(&self, id: Oid) -> Result<bool> {
        let header = self
            .gix
            .try_find_header(id)
            .map_err(|error| Error::git(format!("object {id}"), chain(&error)))?;
        Ok(header.is_some_and(|header| header.kind() == gix::objs::Kind::Commit))
    }

    pub(crate) fn has_object(&self, id: Oid) -> bool {
        self.gix.has_object(id)
    }

    /// An object's kind and bytes.
    pub(crate) fn object(&self, id: Oid) -> Result<(gix::objs::Kind, Vec<u8>)> {
        let object = self.gix.find_object(id);
        let object = object.map_err(|error| self.unreadable(id, &error))?.detach();
        Ok((object.kind, object.data))
    }

    /// The bytes of a file that is read as a text: its size is looked at before it is unpacked.
    ///
    /// # Errors
    /// `Unsupported` where it is larger than any such file.
    pub(crate) fn file(&self, id: Oid) -> Result<Vec<u8>> {
        let size = self.size_of(id)?;
        if size > FILE_BYTES {
            let what = format!("blob {id} has {size} bytes, more than {FILE_BYTES}, which is not supported for a text");
            return Err(Error::unsupported(what, format!("git cat-file blob {id} | head")));
        }
        Ok(self.object(id)?.1)
    }

    /// Why an object cannot be read. Nothing here fetches what a partial clone left out.
    fn unreadable(&self, id: Oid, error: &gix::Error) -> Error {
        match self.promisor().filter(|_| !self.has_object(id)) {
            Some(remote) => incomplete(&format!("object {id}"), &remote),
            None => Error::git(format!("object {id}"), chain(error)),
        }
    }

    /// The remote that keeps what a partial clone leaves out (git's partial-clone design notes); `None` in a whole clone.
    pub(crate) fn promisor(&self) -> Option<String> {
        let snapshot = self.gix.config_snapshot();
        let promises = |name: &str| snapshot.boolean(format!("remote.{name}.promisor").as_str()) == Some(true);
        let names = self.gix.remote_names();
        let promisor = names.iter().map(ToString::to_string).find(|name| promises(name));
        promisor.or_else(|| snapshot.string("extensions.partialClone").map(|name| name.to_string()))
    }

    /// A commit's root tree.
    pub(crate) fn tree_of(&self, commit: Oid) -> Result<Oid> {
        let read = || self.gix.find_commit(commit)?.tree_id().map(gix::Id::detach);
        read().map_err(|error| self.unreadable(commit, &error))
    }

    /// A commit's time, as its committer gave it, in seconds since the Unix epoch.
    pub(crate) fn commit_time(&self, commit: Oid) -> Result<i64> {
        let read = || self.gix.find_commit(commit)?.time();
        let time = read().map_err(|error| Error::git(format!("commit {commit}"), chain(&error)))?;
        Ok(time.seconds)
    }

    /// A commit's parents, first parent first.
    pub(crate) fn parents_of(&self, commit: Oid) -> Result<Vec<Oid>> {
        let found = self
            .gix
            .find_commit(commit)
            .map_err(|error| Error::git(format!("commit {commit}"), chain(&error)))?;
        Ok(found.parent_ids().map(gix::Id::detach).collect())
    }

    /// A tree's bytes, to be read in place.
    pub(crate) fn tree_bytes(&self, tree: Oid) -> Result<Vec<u8>> {
        let found = self.gix.find_tree(tree);
        let mut found = found.map_err(|error| self.unreadable(tree, &error))?;
        Ok(found.take_data())
    }

    /// A tree's entries, in git's order.
    pub(crate) fn tree_entries(&self, tree: Oid) -> Result<Vec<gix::objs::tree::Entry>> {
        let unread = |error: gix::Error| Error::git(format!("tree {tree}"), chain(&error));
        let found = self
            .gix
            .find_tree(tree)
            .map_err(|error| self.unreadable(tree, &error))?;
        let decoded = found.decode().map_err(unread)?;
        Ok(decoded
            .entries
            .iter()
            .map(|entry| gix::objs::tree::Entry::from(*entry))
            .collect())
    }

    /// The files below a tree whose base name is in `names`, by path. Submodules and links are not followed; paths that
    /// are not UTF-8 are none that Cargo could read.
    pub(crate) fn files_named(&self, tree: Oid, names: &[&str]) -> Result<BTreeMap<String, Oid>> {
        let mut found = BTreeMap::new();
        let mut pending = vec![(String::new(), tree)];
        let mut directories = 0;
        while let Some((dir, id)) = pending.pop() {
            within_measure(&mut directories, tree)?;
            for entry in self.tree_entries(id)? {
                let Ok(name) = entry.filename.to_str() else { continue };
                match entry.mode.kind() {
                    EntryKind::Tree => pending.push((format!("{dir}{name}/"), entry.oid)),
                    EntryKind::Blob | EntryKind::BlobExecutable if names.contains(&name) => {
                        found.insert(format!("{dir}{name}"), entry.oid);
                    }
                    EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link | EntryKind::Commit => {}
                }
            }
        }
        Ok(found)
    }

    /// The files below the directory `dir` of a tree, by their path from the tree, sorted; none where there is no such
    /// directory. Submodules and links are not followed; paths that are not UTF-8 are left out.
    pub(crate) fn files_below(&self, tree: Oid, dir: &str) -> Result<Vec<String>> {
        let Some(id) = self.directory_at(tree, dir)? else {
            return Ok(Vec::new());
        };
        let (mut found, mut pending) = (Vec::new(), vec![(dir.to_owned(), id)]);
        let mut directories = 0;
        while let Some((dir, id)) = pending.pop() {
            within_measure(&mut directories, tree)?;
            for entry in self.tree_entries(id)? {
                let Ok(name) = entry.filename.to_str() else { continue };
                let path = format!("{dir}/{name}");
                match entry.mode.kind() {
                    EntryKind::Tree => pending.push((path, entry.oid)),
                    EntryKind::Blob | EntryKind::BlobExecutable => found.push(path),
                    EntryKind::Link | EntryKind::Commit => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn directory_at(&self, tree: Oid, path: &str) -> Result<Option<Oid>> {
        let mut at = tree;
        for part in path.split('/') {
            let entries = self.tree_entries(at)?;
            let found = entries
                .into_iter()
                .find(|entry| entry.filename.as_bstr() == BStr::new(part) && entry.mode.kind() == EntryKind::Tree);
            match found {
                Some(entry) => at = entry.oid,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// The bytes of the file at `path` in a tree; `None` where there is none, or something else stands there.
    pub(crate) fn file_at(&self, tree: Oid, path: &str) -> Result<Option<Vec<u8>>> {
        let mut at = tree;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let entries = self.tree_entries(at)?;
            let Some(entry) = entries
                .into_iter()
                .find(|entry| entry.filename.as_bstr() == BStr::new(part))
            else {
                return Ok(None);
            };
            match (entry.mode.kind(), parts.peek().is_some()) {
                (EntryKind::Tree, true) => at = entry.oid,
                (EntryKind::Blob | EntryKind::BlobExecutable, false) => return self.file(entry.oid).map(Some),
                (
                    EntryKind::Tree | EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link | EntryKind::Commit,
                    _,
                ) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// A configuration switch; absent is `false`.
    pub(crate) fn config_bool(&self, key: &str) -> Result<bool> {
        let read = self.gix.config_snapshot().try_boolean(key);
        read.map(|value| value.unwrap_or(false))
            .map_err(|error| Error::git(format!("the setting `{key}`"), chain(&error)))
    }

    /// The remote that a release goes to: the configured one, else `origin`, else the only one.
    pub(crate) fn remote_choice(&self, configured: Option<&str>) -> RemoteChoice {
        let names: Vec<String> = self.gix.remote_names().iter().map(ToString::to_string).collect();
        match configured {
            Some(name) if names.iter().any(|known| known == name) => RemoteChoice::Named(name.to_owned()),
            Some(name) => RemoteChoice::Unclear(format!("the configured remote `{name}` does not exist")),
            None if names.iter().any(|name| name == "origin") => RemoteChoice::Named("origin".to_owned()),
            None => match names.as_slice() {
                [] => RemoteChoice::None,
                [only] => RemoteChoice::Named(only.clone()),
                several => RemoteChoice::Unclear(format!(
                    "there are several remotes ({}), none of them `origin`",
                    several.join(", ")
                )),
            },
        }
    }

    /// The names of the configured remotes.
    pub(crate) fn remotes(&self) -> Vec<String> {
        self.gix.remote_names().iter().map(ToString::to_string).collect()
    }

    /// The fetch refspecs of a remote that map prefix to prefix.
    pub(crate) fn tracking(&self, remote: &str) -> Vec<(String, String)> {
        let snapshot = self.gix.config_snapshot();
        let values = snapshot
            .plumbing()
            .strings(format!("remote.{remote}.fetch").as_str())
            .unwrap_or_default();
        let prefixes = |spec: &BStr| {
            let spec = spec.to_str().ok()?;
            let (from, to) = spec.strip_prefix('+').unwrap_or(spec).split_once(':')?;
            Some((from.strip_suffix('*')?.to_owned(), to.strip_suffix('*')?.to_owned()))
        };
        values.iter().filter_map(|value| prefixes(value.as_bstr())).collect()
    }

    /// The same for what git tells a hook of a remote: its name, or an address.
    pub(crate) fn tracking_of(&self, remote: &str) -> Vec<(String, String)> {
        let snapshot = self.gix.config_snapshot();
        let names = self.gix.remote_names();
        let named = names.iter().find(|name| name.as_bytes() == remote.as_bytes());
        let addressed = names.iter().find(|name| {
            let at = |key: &str| snapshot.plumbing().strings(format!("remote.{name}.{key}").as_str());
            let urls = [at("pushurl"), at("url")].into_iter().flatten().flatten();
            urls.into_iter().any(|url| *url == *remote.as_bytes())
        });
        named
            .or(addressed)
            .map(|name| self.tracking(&name.to_str_lossy()))
            .unwrap_or_default()
    }
}

/// Counts a directory. Few objects can make a tree of more of them than anybody could walk.
pub(super) fn within_measure(directories: &mut usize, tree: Oid) -> Result<()> {
    *directories += 1;
    if *directories <= DIRECTORIES_MAX {
        return Ok(());
    }
    let what = format!("tree {tree} has more than {DIRECTORIES_MAX} directories, which is not supported");
    Err(Error::unsupported(what, format!("see them: git ls-tree -d {tree}")))
}

/// A partial clone that lacks what is needed, and the command that brings it: everything that its filter left out, for what
/// is missing next cannot be told beforehand (git-fetch(1), `--refetch`).
pub(crate) fn incomplete(what: &str, promisor: &str) -> Error {
    Error::unsupported(
        format!("this partial clone lacks {what}, which is needed"),
        format!("git fetch --refetch --no-filter {promisor}"),
    )
}

/// gix reads loose and packed refs. A reftable repository holds its refs elsewhere and looks empty to it.
fn refuse_reftable(git_dir: &Path) -> Result<()> {
    let common = match fs::read(&git_dir.join("commondir"))? {
        Some(relative) => git_dir.join(relative.trim_ascii().to_path_lossy()),
        None => git_dir.to_owned(),
    };
    if common.join("reftable").exists() {
        let what = format!(
            "the repository at `{}` keeps its refs in reftable, which is not supported",
            common.display()
        );
        return Err(Error::unsupported(what, "git refs migrate --ref-format=files"));
    }
    Ok(())
}

fn tag_target(object: &gix::Object<'_>) -> Result<Oid> {
    let malformed = |error: &dyn std::fmt::Display| Error::git(format!("tag object {}", object.id), error);
    let tag = gix::objs::TagRefIter::from_bytes(&object.data, object.id.kind());
    tag.target_id().map_err(|error| malformed(&error))
}
