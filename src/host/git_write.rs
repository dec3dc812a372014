//! Writing with the git program: objects, refs, pushes. Each call does what it was told or fails; none retries.

use std::path::Path;
use std::time::Duration;

use super::proc::{ChildId, Run};
use super::{Error, Result};
use crate::core::facts::Identity;
use crate::core::ids::{Oid, RefName};
use crate::core::tree::NewObject;

/// The oldest git that has all that is used: `merge-tree --write-tree -z` came with 2.38, its `--no-messages` and the
/// reliable exit statuses with 2.39 (git's release notes).
pub(crate) const LEAST_GIT: (u32, u32) = (2, 39);
/// How long a push may take.
const PUSH_DEADLINE: Duration = Duration::from_secs(1800);

/// Who is told of a child before it begins.
pub(crate) type Recorder<'a> = &'a mut dyn FnMut(ChildId) -> Result<()>;

/// A ref's move with every id known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) name: RefName,
    pub(crate) old: Option<Oid>,
    pub(crate) new: Option<Oid>,
}

/// A git command in `dir`.
pub(crate) fn git(dir: &Path) -> Run {
    // Housekeeping in the middle of a release would only widen what an interruption can hit, and what a file-system
    // monitor says of files is no match for looking.
    Run::new("git", dir).args([
        "-c",
        "gc.auto=0",
        "-c",
        "maintenance.auto=false",
        "-c",
        "core.fsmonitor=false",
    ])
}

/// Demands a git that is recent enough.
///
/// # Errors
/// `Start` where there is no git; `Unsupported`, with both versions, where it is too old.
pub(crate) fn require_git(dir: &Path) -> Result<()> {
    let out = Run::new("git", dir).arg("--version").success()?;
    let text = String::from_utf8_lossy(&out);
    let number = text.trim().strip_prefix("git version ").unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < LEAST_GIT {
        let (major, minor) = LEAST_GIT;
        let what = format!("git {major}.{minor} or newer is needed, this one is `{}`", text.trim());
        return Err(Error::unsupported(what, "install a newer git, first on PATH"));
    }
    Ok(())
}

/// Author and committer without their dates, as `git var` gives them.
pub(crate) fn identity(dir: &Path) -> Result<Identity> {
    let who = |variable: &str| {
        let out = Run::new("git", dir).args(["var", variable]).success()?;
        let text = String::from_utf8_lossy(&out).trim_end().to_owned();
        match text.rfind('>') {
            Some(end) => Ok(text.get(..=end).unwrap_or_default().to_owned()),
            None => Err(Error::git(format!("`git var {variable}`"), "it names no mail address")),
        }
    };
    Ok(Identity {
        author: who("GIT_AUTHOR_IDENT")?,
        committer: who("GIT_COMMITTER_IDENT")?,
    })
}

/// Writes objects, blobs before trees, and demands that git gives each the id that the plan names.
///
/// The bytes go by way of files in `scratch`, a directory of the caller's that a killed run may leave behind.
pub(crate) fn write_objects(git_dir: &Path, scratch: &Path, objects: &[NewObject]) -> Result<()> {
    super::fs::remove_dir(scratch)?;
    super::fs::create_dir(scratch)?;
    for kind in [
        gix::objs::Kind::Blob,
        gix::objs::Kind::Tree,
        gix::objs::Kind::Commit,
        gix::objs::Kind::Tag,
    ] {
        let batch: Vec<&NewObject> = objects.iter().filter(|object| object.kind == kind).collect();
        if batch.is_empty() {
            continue;
        }
        let mut names = String::new();
        for (number, object) in batch.iter().enumerate() {
            super::fs::write_scratch(&scratch.join(number.to_string()), &object.data)?;
            names.push_str(&format!("{number}\n"));
        }
        let word = kind.to_string();
        let out = git(scratch)
            .env("GIT_DIR", git_dir)
            .args(["hash-object", "-w", "--no-filters", "-t", &word, "--stdin-paths"])
            .stdin(names)
            .success()?;
        let written = String::from_utf8_lossy(&out).into_owned();
        let expected: Vec<String> = batch.iter().map(|object| object.id.to_string()).collect();
        if written.lines().ne(expected.iter().map(String::as_str)) {
            return Err(Error::Unexpected(format!(
                "git wrote other {word} objects than planned"
            )));
        }
    }
    super::fs::remove_dir(scratch)
}

/// Writes one object and gives its id.
pub(crate) fn write_object(dir: &Path, kind: gix::objs::Kind, data: &[u8]) -> Result<Oid> {
    let out = git(dir)
        .args(["hash-object", "-w", "-t", &kind.to_string(), "--stdin"])
        .stdin(data)
        .success()?;
    Oid::from_hex(out.trim_ascii()).map_err(|error| Error::git("the id of a written object", error))
}

/// Moves refs in one transaction, each only from its expected value (git-update-ref(1), `--stdin -z`).
pub(crate) fn update_refs(dir: &Path, moves: &[Move], reason: &str, record: Recorder<'_>) -> Result<()> {
    let mut script = Vec::from(*b"start\0");
    for moved in moves {
        let zero = |kind: gix::hash::Kind| Oid::null(kind);
        let line = match (moved.old, moved.new) {
            (old, Some(new)) => format!("update {}\0{new}\0{}\0", moved.name, old.unwrap_or(zero(new.kind()))),
            (Some(old), None) => format!("delete {}\0{old}\0", moved.name),
            (None, None) => continue,
        };
        script.extend_from_slice(line.as_bytes());
    }
    script.extend_from_slice(b"prepare\0commit\0");
    git(dir)
        .args(["update-ref", "--no-deref", "-m", reason, "--stdin", "-z"])
        .stdin(script)
        .recorded(record)?;
    Ok(())
}

/// Pushes by object id, all or none, each ref only from its expected value. The user's pre-push hook runs.
pub(crate) fn push(dir: &Path, remote: &str, moves: &[Move], record: Recorder<'_>) -> Result<()> {
    let mut run = git(dir).args([
        "push",
        "--porcelain",
        "--atomic",
        "--no-follow-tags",
        "--recurse-submodules=no",
    ]);
    for moved in moves {
        let expected = moved.old.map(|id| id.to_string()).unwrap_or_default();
        run = run.arg(format!("--force-with-lease={}:{expected}", moved.name));
    }
    run = run.arg("--").arg(remote);
    for moved in moves {
        let new = moved.new.map(|id| id.to_string()).unwrap_or_default();
        run = run.arg(format!("{new}:{}", moved.name));
    }
    run.deadline(super::net::patience(PUSH_DEADLINE)).recorded(record)?;
    Ok(())
}
