//! Merging two commits without a working tree, in a scratch repository that borrows our objects.
//!
//! Configured merge drivers are programs; none of them runs here, because neither the user's nor the repository's
//! configuration is read. What the merge makes stays in the scratch repository and is handed over as data.

mod report;

use std::collections::BTreeSet;
use std::path::Path;

use super::git_read::{Repo, incomplete};
use super::proc::Run;
use super::{Error, Result};
use crate::core::facts::Conflict;
use crate::core::ids::Oid;
use crate::core::tree::NewObject;

/// What a merge gives.
#[derive(Debug)]
pub(crate) struct Merged {
    /// The scratch repository, for reading what the merge made; it lasts as long as this value.
    pub(crate) store: Repo,
    _directory: tempfile::TempDir,
    /// The resulting tree; with conflicts it holds files with markers.
    pub(crate) tree: Oid,
    /// What conflicts, by path.
    pub(crate) conflicts: Vec<Conflict>,
    /// The objects of the tree that are new, blobs before trees.
    pub(crate) objects: Vec<NewObject>,
}

/// A commit that takes part in a merge with another tree than its own.
#[derive(Debug, Clone)]
pub(crate) struct Edited {
    pub(crate) commit: Oid,
    pub(crate) tree: Oid,
    /// The tree's objects that may be new.
    pub(crate) objects: Vec<NewObject>,
}

/// Merges `theirs` into `ours` (git-merge-tree(1), `--write-tree`).
///
/// # Errors
/// When git cannot merge at all, such as unrelated histories or missing objects.
pub(crate) fn merge(repo: &Repo, ours: Oid, theirs: Oid) -> Result<Merged> {
    let scratch = Scratch::new(repo)?;
    scratch.merge(repo, ours, theirs)
}

/// As [`merge`], with every side and every common ancestor as it was edited. Several common ancestors keep the ancestor that
/// they have in common themselves, from which git merges them first.
///
/// # Errors
/// As [`merge`].
pub(crate) fn merge_edited(repo: &Repo, ours: &Edited, theirs: &Edited, bases: &[Edited]) -> Result<Merged> {
    let scratch = Scratch::new(repo)?;
    let below = match bases {
        [one, two, ..] => super::history::merge_bases(repo, one.commit, two.commit)?
            .into_iter()
            .take(1)
            .collect(),
        [] | [_] => Vec::new(),
    };
    let bases = bases
        .iter()
        .map(|base| scratch.commit(base, &below))
        .collect::<Result<Vec<_>>>()?;
    let (ours, theirs) = (scratch.commit(ours, &bases)?, scratch.commit(theirs, &bases)?);
    scratch.merge(repo, ours, theirs)
}

/// A bare repository that borrows another one's objects.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new(repo: &Repo) -> Result<Self> {
        let scratch = super::fs::scratch_dir("merge")?;
        let format = repo.object_hash().to_string();
        let bare = scratch.path();
        isolated(bare)
            .args([
                "init",
                "--quiet",
                "--bare",
                "--template=",
                &format!("--object-format={format}"),
                ".",
            ])
            .success()?;
        let alternates = format!("{}\n", repo.common_dir().join("objects").display());
        super::fs::create_dir(&bare.join("objects/info"))?;
        super::fs::write_scratch(&bare.join("objects/info/alternates"), alternates.as_bytes())?;
        Ok(Self(scratch))
    }

    /// Makes a commit of an edited tree. It is never seen outside: only what the merge makes of its tree is.
    fn commit(&self, edited: &Edited, parents: &[Oid]) -> Result<Oid> {
        let bare = self.0.path();
        super::git_write::write_objects(bare, &bare.join("edited"), &edited.objects)?;
        let parents = parents.iter().flat_map(|parent| ["-p".to_owned(), parent.to_string()]);
        let mut run = isolated(bare).args(["commit-tree", "-m", "edited"]);
        for who in ["AUTHOR", "COMMITTER"] {
            run = run.env(&format!("GIT_{who}_NAME"), "cargo-sentinel");
            run = run.env(&format!("GIT_{who}_EMAIL"), "cargo-sentinel@localhost");
            run = run.env(&format!("GIT_{who}_DATE"), "@0 +0000");
        }
        let out = run.args(parents).arg(edited.tree.to_string()).success()?;
        Oid::from_hex(out.trim_ascii()).map_err(|error| Error::git("the id of an edited commit", error))
    }

    fn merge(self, repo: &Repo, ours: Oid, theirs: Oid) -> Result<Merged> {
        let bare = self.0.path();
        let run = isolated(bare).args(["merge-tree", "--write-tree", "-z", "--messages"]);
        let run = run.args([ours.to_string(), theirs.to_string()]);
        let argv = run.argv();
        let output = run.output()?;
        // 0: clean, 1: conflicts, anything else: git could not even try.
        if !matches!(output.status.code(), Some(0 | 1)) {
            if let Some(promisor) = repo.promisor() {
                return Err(incomplete(&format!("an object of {ours} or {theirs}"), &promisor));
            }
            return Err(Error::Failed {
                argv,
                status: output.status.to_string(),
                stderr: output.stderr,
            });
        }
        let (tree, conflicts) = report::read(&output.stdout)?;
        let store = Repo::discover(bare)?;
        Ok(Merged {
            objects: new_objects(bare, &store, tree)?,
            store,
            _directory: self.0,
            tree,
            conflicts,
        })
    }
}

/// git with no configuration but its own defaults.
pub(super) fn isolated(dir: &Path) -> Run {
    Run::new("git", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
}

/// The objects of a tree that lie in the scratch repository's own object database: the others are there already.
fn new_objects(bare: &Path, store: &Repo, tree: Oid) -> Result<Vec<NewObject>> {
    let (mut objects, mut pending) = (Vec::new(), vec![tree]);
    let mut seen = BTreeSet::new();
    while let Some(id) = pending.pop() {
        let hex = id.to_string();
        let (prefix, rest) = hex.split_at(2);
        if !seen.insert(id) || !bare.join("objects").join(prefix).join(rest).exists() {
            continue;
        }
        let (kind, data) = store.object(id)?;
        if kind == gix::objs::Kind::Tree {
            let entries = store.tree_entries(id)?;
            pending.extend(
                entries
                    .into_iter()
                    .filter(|entry| !entry.mode.is_commit())
                    .map(|entry| entry.oid),
            );
        }
        objects.push(NewObject { kind, data, id });
    }
    objects.sort_by_key(|object| (object.kind != gix::objs::Kind::Blob, object.id));
    Ok(objects)
}
