//! A working tree: its state, and bringing it from one commit to another without touching what somebody else wrote.
//!
//! A move can be repeated after a kill at any instant: each path that differs between the two commits must hold the old
//! bytes, the new ones, part of the new ones or nothing; anything else is somebody's work, and nothing is touched.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice as _};

use super::door::Door;
use super::git_read::Repo;
use super::git_write::{Recorder, git};
use super::index_lock::{self, IndexLock, IndexMark};
use super::proc::Run;
use super::{Error, Result};
use crate::core::facts::{Head, TreeState};
use crate::core::ids::{Oid, RefName};

/// A HEAD with its id known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HeadValue {
    Branch(RefName),
    Detached(Oid),
}

/// What to move.
#[derive(Debug)]
pub(crate) struct Relocation {
    pub(crate) path: PathBuf,
    /// The worktree's own git directory, where its index lies.
    pub(crate) git_dir: PathBuf,
    pub(crate) head: (HeadValue, HeadValue),
    pub(crate) commit: (Oid, Oid),
    /// What the index's lock is marked with.
    pub(crate) mark: IndexMark,
}

/// What HEAD's reflog says of a move.
const REASON: &str = "cargo-sentinel: follow the release";

/// The state of the working tree at `top`, from `git status --porcelain=v2 -z` (git-status(1)): submodules are looked
/// into, the index is not refreshed on disk, no file-system monitor is started.
pub(crate) fn state(top: &Path) -> Result<TreeState> {
    let run = Run::new("git", top).env("GIT_OPTIONAL_LOCKS", "0");
    let run = run.args(["-c", "core.fsmonitor=false", "-c", "core.untrackedCache=keep"]);
    let out = run
        .args([
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=normal",
            "--ignore-submodules=none",
            "--no-renames",
        ])
        .success()?;
    let mut state = TreeState::default();
    for record in out.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
        let text = record.to_str_lossy();
        // `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`.
        let path = |fields: usize| text.splitn(fields + 1, ' ').nth(fields).unwrap_or(&text).to_owned();
        match record.first() {
            Some(b'?') => state.untracked.push(path(1)),
            Some(b'u') => state.changed.push(path(10)),
            _ => state.changed.push(path(8)),
        }
    }
    state.changed.sort();
    state.untracked.sort();
    Ok(state)
}

/// One path that differs between two trees (git-diff-tree(1), raw output).
#[derive(Debug)]
struct Change {
    path: BString,
    old: Option<Oid>,
    new: Option<Oid>,
    /// A submodule on either side: its directory belongs to it, only the index entry moves.
    submodule: bool,
}

fn changes(top: &Path, old: Oid, new: Oid) -> Result<Vec<Change>> {
    let out = git(top)
        .args([
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--full-index",
            &old.to_string(),
            &new.to_string(),
        ])
        .success()?;
    let mut fields = out.split(|byte| *byte == 0);
    let mut found = Vec::new();
    while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
        let meta = meta.to_str_lossy();
        let parts: Vec<&str> = meta.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, _] = parts.as_slice() else {
            return Err(Error::git(
                "the difference between two trees",
                format!("unexpected record `{meta}`"),
            ));
        };
        let id = |text: &str| {
            Oid::from_hex(text.as_bytes())
                .map(|id| (!id.is_null()).then_some(id))
                .map_err(|error| Error::git("an object id", error))
        };
        let submodule = *old_mode == "160000" || *new_mode == "160000";
        found.push(Change {
            path: path.into(),
            old: id(old)?,
            new: id(new)?,
            submodule,
        });
    }
    Ok(found)
}

/// What a move would find.
#[derive(Debug)]
pub(crate) struct Seen {
    head: HeadValue,
    changes: Vec<Change>,
}

/// Looks at all that a move touches.
///
/// # Errors
/// `Unexpected` where HEAD, the index or a path holds a third value; `Held` where another process is at the index.
pub(crate) fn look(repo: &Repo, moved: &Relocation) -> Result<Seen> {
    let (old, new) = moved.commit;
    index_lock::demand_free(&moved.git_dir, &moved.mark)?;
    let head = head_value(&Repo::discover(&moved.path)?)?;
    if head != moved.head.0 && head != moved.head.1 {
        return Err(Error::Unexpected(format!(
            "HEAD of `{}` was moved by somebody else",
            moved.path.display()
        )));
    }
    let changes = changes(&moved.path, repo.tree_of(old)?, repo.tree_of(new)?)?;
    index_is_ours(&moved.path, old, &changes)?;
    if let Some(path) = somebody_elses(&moved.path, &changes, repo.object_hash())? {
        return Err(Error::Unexpected(format!(
            "`{}` holds neither the old nor the new content; nothing was touched",
            path.display()
        )));
    }
    Ok(Seen { head, changes })
}

/// Moves HEAD, index and files.
///
/// # Errors
/// As [`look`], with nothing touched.
pub(crate) fn relocate(repo: &Repo, moved: &Relocation, record: Recorder<'_>) -> Result<()> {
    let Seen { head, changes } = look(repo, moved)?;
    if head != moved.head.1 {
        move_head(moved, record)?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    let lock = IndexLock::take(&moved.git_dir, &moved.mark)?;
    let git = || git(&moved.path).env("GIT_INDEX_FILE", lock.copy());
    // The index alone (`-i`): each path's content was looked at above, and a file that was merely touched is no obstacle.
    git()
        .args(["read-tree", "-i", "-m", &moved.commit.1.to_string()])
        .recorded(record)?;
    let files = || changes.iter().filter(|change| !change.submodule);
    for change in files().filter(|change| change.new.is_none()) {
        remove(&moved.path, &change.path)?;
    }
    let mut paths = Vec::new();
    for change in files().filter(|change| change.new.is_some()) {
        paths.extend_from_slice(&change.path);
        paths.push(0);
    }
    git()
        .args(["checkout-index", "--force", "--index", "-z", "--stdin"])
        .stdin(paths)
        .recorded(record)?;
    lock.commit()
}

fn move_head(moved: &Relocation, record: Recorder<'_>) -> Result<()> {
    let run = git(&moved.path);
    match &moved.head.1 {
        HeadValue::Branch(name) => run.args(["symbolic-ref", "-m", REASON, "HEAD", name.as_str()]),
        HeadValue::Detached(commit) => {
            run.args(["update-ref", "--no-deref", "-m", REASON, "HEAD", &commit.to_string()])
        }
    }
    .recorded(record)?;
    Ok(())
}

fn head_value(repo: &Repo) -> Result<HeadValue> {
    Ok(match repo.head()? {
        Head::Branch { name, .. } => HeadValue::Branch(name.full()),
        Head::Detached(commit) => HeadValue::Detached(commit),
    })
}

/// The index may differ from the old tree only where the two trees differ, and there only by holding the new entry.
fn index_is_ours(top: &Path, old: Oid, changes: &[Change]) -> Result<()> {
    let out = git(top)
        .args([
            "diff-index",
            "--cached",
            "-z",
            "--raw",
            "--no-renames",
            "--full-index",
            &old.to_string(),
        ])
        .success()?;
    let mut fields = out.split(|byte| *byte == 0);
    while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
        let staged = meta
            .to_str_lossy()
            .split(' ')
            .nth(3)
            .and_then(|id| Oid::from_hex(id.as_bytes()).ok());
        let staged = staged.filter(|id| !id.is_null());
        let ours = changes.iter().any(|change| change.path == path && change.new == staged);
        if !ours {
            return Err(Error::Unexpected(format!(
                "`{}` is staged in `{}` and is no part of the release; nothing was touched",
                path.to_str_lossy(),
                top.display()
            )));
        }
    }
    Ok(())
}

/// The first path that holds neither the old nor the new content, nor part of the new.
fn somebody_elses(top: &Path, changes: &[Change], hash: gix::hash::Kind) -> Result<Option<PathBuf>> {
    let mut files = Vec::new();
    for change in changes.iter().filter(|change| !change.submodule) {
        let path = top.join(change.path.to_path_lossy());
        let Some(found) = super::fs::stat(&path)? else { continue };
        if found.is_symlink() {
            let target = super::fs::read_link(&path)?.into_os_string().into_vec();
            let id = gix::objs::compute_hash(hash, gix::objs::Kind::Blob, &target);
            let id = id.map_err(|error| Error::git("the id of a link", error))?;
            if Some(id) != change.old && Some(id) != change.new {
                return Ok(Some(path));
            }
        } else if !found.is_dir() {
            // A directory where a file was or will be: its files are changes of their own, and judged as such.
            files.push((change, path));
        }
    }
    let ids = ids_as_added(top, files.iter().map(|(change, _)| &change.path))?;
    for ((change, path), id) in files.into_iter().zip(ids) {
        if Some(id) != change.old && Some(id) != change.new && !is_begun(top, change, &path)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The ids that working files would have as blobs, filters and line endings applied (git-hash-object(1)), in one process;
/// one more for each path that holds a line feed, which a list of lines cannot carry.
fn ids_as_added<'p>(top: &Path, paths: impl Iterator<Item = &'p BString>) -> Result<Vec<Oid>> {
    let paths: Vec<&BString> = paths.collect();
    let plain: Vec<&BString> = paths.iter().copied().filter(|path| !path.contains(&b'\n')).collect();
    let mut lines = Vec::new();
    for path in &plain {
        lines.extend_from_slice(path);
        lines.push(b'\n');
    }
    let hash_object = || git(top).args(["hash-object", "-t", "blob"]);
    let listed = match plain.is_empty() {
        true => Vec::new(),
        false => hash_object().arg("--stdin-paths").stdin(lines).success()?,
    };
    let mut listed = listed.lines();
    let mut ids = Vec::new();
    for path in paths {
        let single;
        let line = if path.contains(&b'\n') {
            single = hash_object().arg("--").arg(OsStr::from_bytes(path)).success()?;
            single.trim_ascii()
        } else {
            listed.next().unwrap_or_default()
        };
        ids.push(Oid::from_hex(line).map_err(|error| Error::git("the id of a working file", error))?);
    }
    Ok(ids)
}

/// Whether a file holds the beginning of the new content, as a killed checkout leaves it.
fn is_begun(top: &Path, change: &Change, path: &Path) -> Result<bool> {
    let Some(new) = change.new else { return Ok(false) };
    let mut option = OsString::from("--path=");
    option.push(OsStr::from_bytes(&change.path));
    let checked_out = git(top)
        .args(["cat-file", "--filters"])
        .arg(option)
        .arg(new.to_string())
        .success()?;
    Ok(checked_out.starts_with(&super::fs::read_large(path)?.unwrap_or_default()))
}

/// Removes a file, and the directories above it that it leaves empty.
fn remove(top: &Path, path: &BString) -> Result<()> {
    let door = Door::open(top)?;
    let path = path.to_path_lossy();
    door.remove_file(&path)?;
    for dir in path.ancestors().skip(1).filter(|dir| *dir != Path::new("")) {
        if !door.remove_empty_dir(dir)? {
            break;
        }
    }
    Ok(())
}
