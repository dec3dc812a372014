//! Refs and objects, from a repository that is open or from its files at a glance. Starts no process and writes nothing.
//!
//! Opening a repository means its configuration from every place that has some, which costs as much as all that a hook then
//! looks at. Where git itself has just opened it, its files say enough for most commits and pushes. Knows no rule.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use gix::objs::{CommitRef, CommitRefIter, Find as _, Kind};
use gix::odb::store::init::{Options, Slots};
use gix::refs::{FullNameRef, Target};

use super::env::var_os;
use super::git_read::Repo;
use super::history::written;
use super::{Error, Result, chain, fs};
use crate::core::facts::Head;
use crate::core::hooks::Written;
use crate::core::ids::{BranchName, Oid, RefName};

/// What hooks read of a repository.
pub(crate) trait Stored {
    /// Where HEAD stands.
    fn head(&self) -> Result<Head>;
    /// One ref's value; `None` where there is none, or where it is symbolic, unless that is an error.
    fn find_ref(&self, name: &RefName) -> Result<Option<Oid>>;
    /// The full name that a symbolic ref points to.
    fn symbolic_target(&self, name: &RefName) -> Result<Option<RefName>>;
    /// An object's bytes; `None` where it has more than `limit_bytes`.
    fn small_object(&self, id: Oid, limit_bytes: u64) -> Result<Option<Vec<u8>>>;
    /// A commit's root tree.
    fn tree_of(&self, commit: Oid) -> Result<Oid>;
    /// A tree's bytes, to be read in place.
    fn tree_bytes(&self, tree: Oid) -> Result<Vec<u8>>;
}

impl Stored for Repo {
    fn head(&self) -> Result<Head> {
        self.head()
    }

    fn find_ref(&self, name: &RefName) -> Result<Option<Oid>> {
        self.find_ref(name)
    }

    fn symbolic_target(&self, name: &RefName) -> Result<Option<RefName>> {
        self.symbolic_target(name)
    }

    fn small_object(&self, id: Oid, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        if self.size_of(id)? > limit_bytes {
            return Ok(None);
        }
        Ok(Some(self.object(id)?.1))
    }

    fn tree_of(&self, commit: Oid) -> Result<Oid> {
        self.tree_of(commit)
    }

    fn tree_bytes(&self, tree: Oid) -> Result<Vec<u8>> {
        self.tree_bytes(tree)
    }
}

/// The ref of exactly that name. gix goes on to look below `refs/tags/`, `refs/heads/` and the like, as gitrevisions(7) says
/// of names that people type: for a ref that is nowhere, it is not asked, unless names have several spellings.
pub(super) fn exact(store: &gix::refs::file::Store, name: &RefName) -> Result<Option<gix::refs::Reference>> {
    let unread = |error: gix::Error| Error::git(format!("`{name}`"), chain(&error));
    let find = |packed: Option<&gix::refs::packed::Buffer>| {
        let found = store.try_find_packed(name.as_str(), packed).map_err(unread)?;
        Ok(found.filter(|found| found.name.as_bstr() == name.as_str()))
    };
    // Loose refs first, then the packed ones as they are by then, as git does: between the two, a ref may be packed.
    let mut is_loose = false;
    // A linked working tree has some refs of its own (gitrepository-layout(5)).
    for dir in [store.common_dir(), Some(store.git_dir())].into_iter().flatten() {
        is_loose |= fs::stat(&dir.join(name.as_str()))?.is_some();
    }
    if is_loose && let Some(found) = find(None)? {
        return Ok(Some(found));
    }
    let packed = store.cached_packed_buffer().map_err(unread)?;
    if !store.precompose_unicode {
        let found = packed.as_ref().map(|packed| packed.try_find(name.as_str()));
        if found.transpose().map_err(unread)?.flatten().is_none() {
            return Ok(None);
        }
    }
    find(packed.as_ref().map(|packed| &***packed))
}

/// The variables by which git tells a hook that something lies elsewhere, or is set otherwise (git(1), ENVIRONMENT VARIABLES;
/// git-config(1), ENVIRONMENT).
const TOLD: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
];

/// What may stand in a repository's own configuration and changes how its files are to be read: the format's extensions,
/// another working tree, names of files in another form of Unicode.
const OTHERWISE: [&[u8]; 3] = [b"extensions", b"worktree", b"precomposeunicode"];

/// Where remote-tracking refs are.
const TRACKING: &str = "refs/remotes/";

/// How many remote-tracking refs are looked at, and how many remotes they may make: more, and a glance costs more than it saves.
const TRACKING_MAX: usize = 256;
const REMOTES_MAX: usize = 4;

/// How many packs there may be: with more, reading objects fails.
const PACKS_MAX: u16 = 64;

/// A repository of the usual layout, by its files alone. Each ref is read once, however often it is asked for.
pub(crate) struct Glance {
    git_dir: PathBuf,
    /// The repository's own configuration, as written.
    config: Vec<u8>,
    refs: gix::refs::file::Store,
    head: OnceCell<Head>,
    seen: RefCell<BTreeMap<RefName, Option<Target>>>,
    objects: gix::odb::Handle,
}

impl Glance {
    /// The repository at the top of whose working tree git started a hook; `None` where a glance would not do. To read an
    /// object of more than `limit_bytes` is an error.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub(crate) fn at(top: &Path, limit_bytes: u64) -> Result<Option<Self>> {
        let git_dir = top.join(gix::discover::DOT_GIT_DIR);
        let is_here = fs::stat(&git_dir)?.is_some_and(|found| found.is_dir());
        // gitrepository-layout(5): refs and objects lie where this file says.
        let is_all_here = is_here && fs::stat(&git_dir.join("commondir"))?.is_none();
        if !is_all_here || TOLD.iter().any(|name| var_os(name).is_some()) {
            return Ok(None);
        }
        let config = fs::read(&git_dir.join("config"))?.unwrap_or_default();
        let folded = config.to_ascii_lowercase();
        if OTHERWISE.iter().any(|word| folded.contains_str(word)) {
            return Ok(None);
        }
        // Packs are counted when the first object is read, and not before that too.
        let options = Options {
            slots: Slots::Given(PACKS_MAX),
            alloc_limit_bytes: usize::try_from(limit_bytes).ok(),
            ..Options::default()
        };
        let objects = gix::odb::at_opts(git_dir.join("objects"), gix::hash::Kind::Sha1, None, options);
        let objects = objects.map_err(|error| Error::git("the objects", error))?;
        Ok(Some(Self {
            refs: gix::refs::file::Store::at(git_dir.clone(), gix::hash::Kind::Sha1),
            head: OnceCell::new(),
            seen: RefCell::default(),
            git_dir,
            config,
            objects,
        }))
    }

    /// The repository's directory, as git started the hook beside it.
    pub(crate) fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Every name of a remote that has a remote-tracking ref of one of `names` under its own name; `None` where that takes
    /// long to say. One that is not UTF-8 is none that is configured here.
    ///
    /// # Errors
    /// When refs cannot be read.
    pub(crate) fn remotes_with(&self, names: &[&str]) -> Result<Option<BTreeSet<String>>> {
        let (mut found, mut seen) = (BTreeSet::new(), 0_usize);
        let mut note = |tracking: &[u8]| {
            let parts = tracking.to_str().ok().and_then(|name| name.rsplit_once('/'));
            found.extend(
                parts
                    .filter(|(_, name)| names.contains(name))
                    .map(|(remote, _)| remote.to_owned()),
            );
        };
        let top = self.git_dir.join(TRACKING);
        let mut dirs = vec![top.clone()];
        while let Some(dir) = dirs.pop() {
            for path in fs::list(&dir)? {
                seen = seen.saturating_add(1);
                let entry = fs::stat(&path)?.map(|entry| entry.file_type());
                // git reads refs through symbolic links, which may lead anywhere.
                if seen > TRACKING_MAX || entry.is_some_and(|entry| entry.is_symlink()) {
                    return Ok(None);
                }
                note(path.strip_prefix(&top).unwrap_or(&path).as_os_str().as_bytes());
                if entry.is_some_and(|entry| entry.is_dir()) {
                    dirs.push(path);
                }
            }
        }
        let unread = |error: gix::Error| Error::git("the packed refs", chain(&error));
        if let Some(packed) = self.refs.cached_packed_buffer().map_err(unread)? {
            for reference in packed.iter_prefixed(TRACKING.into()).map_err(unread)? {
                seen = seen.saturating_add(1);
                if seen > TRACKING_MAX {
                    return Ok(None);
                }
                let name = reference.map_err(unread)?.name.as_bstr();
                note(name.strip_prefix(TRACKING.as_bytes()).unwrap_or_default());
            }
        }
        Ok((found.len() <= REMOTES_MAX).then_some(found))
    }

    /// The commits that a remote is known to have on its branches; `None` where it is not fetched as `git clone` has it, or
    /// that takes long to say.
    ///
    /// # Errors
    /// When the configuration or refs cannot be read.
    pub(crate) fn tracked(&self, remote: &str) -> Result<Option<BTreeSet<Oid>>> {
        if !self.is_fetched_as_cloned(remote)? {
            return Ok(None);
        }
        let unread = |error: gix::Error| Error::git("remote-tracking refs", chain(&error));
        let refs = self.refs.iter().map_err(unread)?;
        let below = format!("{TRACKING}{remote}/");
        let below = below.as_str().try_into().map_err(unread)?;
        let listed = refs.prefixed(below);
        let listed = listed.map_err(|error| Error::git("remote-tracking refs", error))?;
        let mut found = BTreeSet::new();
        for (reference, number) in listed.zip(0..) {
            if number == TRACKING_MAX {
                return Ok(None);
            }
            found.extend(reference.map_err(unread)?.target.try_id().map(ToOwned::to_owned));
        }
        Ok(Some(found))
    }

    /// Whether all the branches of a remote, and nothing else, are fetched under its own name (git-clone(1)).
    fn is_fetched_as_cloned(&self, remote: &str) -> Result<bool> {
        let unread = |error: gix::Error| Error::git("the repository's configuration", chain(&error));
        let own = gix::config::file::Metadata::from(gix::config::Source::Local);
        let file = gix::config::File::from_bytes_no_includes(&self.config, own, Default::default());
        let file = file.map_err(unread)?;
        let is_whole = file.sections_by_name("include").is_none() && file.sections_by_name("includeIf").is_none();
        let fetched = file
            .raw_values_by("remote", Some(remote.into()), "fetch")
            .unwrap_or_default();
        let usual = format!("+refs/heads/*:{TRACKING}{remote}/*");
        Ok(is_whole && matches!(fetched.as_slice(), [only] if only.as_slice() == usual.as_bytes()))
    }

    /// The commits that lead from any of `tips` down to one of `known`, or to a root, in no order: those that `known` does not
    /// reach are among them. `None` where they are more than `most`.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn leading_to(
        &self,
        known: &BTreeSet<Oid>,
        tips: Vec<Oid>,
        most: usize,
    ) -> Result<Option<Vec<Written>>> {
        let (mut pending, mut seen, mut found) = (tips, BTreeSet::new(), Vec::new());
        while let Some(id) = pending.pop() {
            if known.contains(&id) || !seen.insert(id) {
                continue;
            }
            if seen.len() > most {
                return Ok(None);
            }
            let unread = |why: String| Error::git(format!("commit {id}"), why);
            let (kind, bytes) = self.read(id)?;
            if kind != Kind::Commit {
                return Err(unread(format!("it is a {kind}")));
            }
            let commit = CommitRef::from_bytes(&bytes, id.kind()).map_err(|error| unread(chain(&error)))?;
            pending.extend(commit.parents());
            found.push(written(id, &commit));
        }
        Ok(Some(found))
    }

    fn target(&self, name: &RefName) -> Result<Option<Target>> {
        if let Some(seen) = self.seen.borrow().get(name) {
            return Ok(seen.clone());
        }
        let found = exact(&self.refs, name)?.map(|found| found.target);
        self.seen.borrow_mut().insert(name.clone(), found.clone());
        Ok(found)
    }

    fn read(&self, id: Oid) -> Result<(Kind, Vec<u8>)> {
        let unread = |why: String| Error::git(format!("object {id}"), why);
        let mut bytes = Vec::new();
        let found = self.objects.try_find(&id, &mut bytes);
        let found = found.map_err(|error| unread(chain(&error)))?.map(|data| data.kind);
        let kind = found.ok_or_else(|| unread("it is not there".to_owned()))?;
        Ok((kind, bytes))
    }
}

impl Stored for Glance {
    fn head(&self) -> Result<Head> {
        if let Some(seen) = self.head.get() {
            return Ok(seen.clone());
        }
        let head = self.refs.try_find_loose("HEAD");
        let head = head.map_err(|error| Error::git("HEAD", chain(&error)))?;
        let branch = |name: &FullNameRef| -> Option<(RefName, BranchName)> {
            let name = RefName::new(name.as_bstr().to_str().ok()?).ok()?;
            let branch = name.branch()?;
            Some((name, branch))
        };
        let head = match head.map(|head| head.target) {
            Some(Target::Object(id)) => Head::Detached(id),
            Some(Target::Symbolic(name)) => match branch(name.as_ref()) {
                Some((full, name)) => Head::Branch {
                    tip: self.find_ref(&full)?,
                    name,
                },
                None => return Err(Error::git("HEAD", "it names no branch")),
            },
            None => return Err(Error::git("HEAD", "there is none")),
        };
        Ok(self.head.get_or_init(|| head).clone())
    }

    fn find_ref(&self, name: &RefName) -> Result<Option<Oid>> {
        match self.target(name)? {
            Some(Target::Object(id)) => Ok(Some(id)),
            Some(Target::Symbolic(to)) => Err(Error::git(format!("`{name}`"), format!("it is symbolic, to `{to}`"))),
            None => Ok(None),
        }
    }

    fn symbolic_target(&self, name: &RefName) -> Result<Option<RefName>> {
        Ok(match self.target(name)? {
            Some(Target::Symbolic(to)) => to.as_bstr().to_str().ok().and_then(|name| RefName::new(name).ok()),
            Some(Target::Object(_)) | None => None,
        })
    }

    fn small_object(&self, id: Oid, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let (_, bytes) = self.read(id)?;
        Ok((bytes.len() as u64 <= limit_bytes).then_some(bytes))
    }

    fn tree_of(&self, commit: Oid) -> Result<Oid> {
        let unread = |why: String| Error::git(format!("commit {commit}"), why);
        let (kind, bytes) = self.read(commit)?;
        if kind != Kind::Commit {
            return Err(unread(format!("it is a {kind}")));
        }
        let tree = CommitRefIter::from_bytes(&bytes, commit.kind()).tree_id();
        tree.map_err(|error| unread(chain(&error)))
    }

    fn tree_bytes(&self, tree: Oid) -> Result<Vec<u8>> {
        // git knows this one without writing it.
        if tree == Oid::empty_tree(tree.kind()) {
            return Ok(Vec::new());
        }
        match self.read(tree)? {
            (Kind::Tree, bytes) => Ok(bytes),
            (kind, _) => Err(Error::git(format!("tree {tree}"), format!("it is a {kind}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::repo::Repo as World;

    const LIMIT: u64 = 1 << 20;

    fn name(text: &str) -> RefName {
        RefName::new(text).unwrap()
    }

    #[test]
    fn a_ref_is_found_by_its_full_name_alone() {
        let world = World::flow();
        let tip = Oid::from_hex(world.git("rev-parse main").as_bytes()).unwrap();
        world.git(&format!("update-ref refs/tags/refs/heads/elsewhere {tip}"));
        world.git(&format!("update-ref refs/heads/deep/er {tip}"));
        world.git("worktree add -q --detach ../linked");
        let linked = world.root().join("linked");
        world.git_in(&linked, &format!("update-ref refs/bisect/bad {tip}"));
        for packed in [false, true] {
            let repo = Repo::found_from(&world.dir()).unwrap();
            let find = |text: &str| repo.find_ref(&name(text)).unwrap();
            assert_eq!(find("refs/heads/main"), Some(tip), "packed: {packed}");
            assert_eq!(find("refs/heads/deep/er"), Some(tip));
            for absent in [
                "refs/heads/elsewhere",
                "refs/heads/deep",
                "refs/heads/main/below",
                "refs/bisect/bad",
            ] {
                assert_eq!(find(absent), None, "{absent}, packed: {packed}");
            }
            let there = Repo::found_from(&linked).unwrap();
            assert_eq!(there.find_ref(&name("refs/bisect/bad")).unwrap(), Some(tip));
            assert_eq!(there.find_ref(&name("refs/heads/main")).unwrap(), Some(tip));
            world.git("pack-refs --all");
        }
    }

    #[test]
    fn a_packed_ref_is_found_by_either_spelling_of_its_name() {
        let world = World::flow();
        let tip = Oid::from_hex(world.git("rev-parse main").as_bytes()).unwrap();
        world.git(&format!("update-ref refs/heads/caf\u{e9} {tip}"));
        world.git("pack-refs --all");
        let find = |text: &str| Repo::found_from(&world.dir()).unwrap().find_ref(&name(text)).unwrap();
        assert_eq!(find("refs/heads/cafe\u{301}"), None);
        world.git("config core.precomposeUnicode true");
        assert_eq!(find("refs/heads/cafe\u{301}"), Some(tip));
    }

    #[test]
    fn a_directory_that_only_looks_like_a_repository_is_passed_by() {
        let world = World::flow();
        let below = world.dir().join("below");
        fs::create_dir(&below.join(".git")).unwrap();
        let repo = Repo::found_from(&below).unwrap();
        assert_eq!(repo.workdir(), Some(fs::canonical(&world.dir())));
        assert!(Glance::at(&below, LIMIT).is_err());
    }

    #[test]
    fn a_glance_reads_what_the_open_repository_reads() {
        let world = World::flow();
        world.git("symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main");
        for packed in [false, true] {
            let repo = Repo::found_from(&world.dir()).unwrap();
            let glance = Glance::at(&world.dir(), LIMIT).unwrap().unwrap();
            let (open, files): (&dyn Stored, &dyn Stored) = (&repo, &glance);
            let head = open.head().unwrap();
            assert_eq!(files.head().unwrap(), head);
            for full in [
                "refs/heads/main",
                "refs/remotes/origin/develop",
                "refs/tags/v0.1.0",
                "refs/heads/none",
            ] {
                let (one, two) = (open.find_ref(&name(full)), files.find_ref(&name(full)));
                assert_eq!(one.unwrap(), two.unwrap(), "{full}, packed: {packed}");
            }
            for full in ["refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/none"] {
                let (one, two) = (open.symbolic_target(&name(full)), files.symbolic_target(&name(full)));
                assert_eq!(one.unwrap(), two.unwrap(), "{full}");
            }
            let commit = head.commit().unwrap();
            let tree = open.tree_of(commit).unwrap();
            assert_eq!(files.tree_of(commit).unwrap(), tree);
            for id in [tree, Oid::empty_tree(tree.kind())] {
                assert_eq!(files.tree_bytes(id).unwrap(), open.tree_bytes(id).unwrap());
            }
            for id in [commit, tree] {
                assert_eq!(
                    files.small_object(id, LIMIT).unwrap(),
                    open.small_object(id, LIMIT).unwrap()
                );
            }
            for (bytes, is_small) in [(LIMIT, true), (LIMIT + 1, false)] {
                world.write("large", vec![b'\n'; usize::try_from(bytes).unwrap()]);
                let id = Oid::from_hex(world.git("hash-object -w large").as_bytes()).unwrap();
                assert_eq!(open.small_object(id, LIMIT).unwrap().is_some(), is_small);
                // What is larger is not even read.
                assert_eq!(files.small_object(id, LIMIT).is_ok(), is_small);
                assert_eq!(files.small_object(id, 1).is_ok_and(|found| found.is_none()), is_small);
            }
            // Each says no to what is of another kind, or nowhere.
            let nowhere = Oid::null(tree.kind());
            for stored in [open, files] {
                assert!(stored.tree_of(tree).is_err() && stored.tree_bytes(commit).is_err());
                assert!(stored.small_object(nowhere, LIMIT).is_err());
            }
            world.git("repack -adq");
            world.git("pack-refs --all");
        }
    }
}
