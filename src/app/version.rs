//! `version`: what this commit calls itself, from git alone.

use semver::Version;

use super::next::head;
use super::{Context, Error};
use crate::core::ids::{Oid, TagName};
use crate::core::version::{self, Described};
use crate::engine::probe::{self, ReleaseTags};
use crate::host::worktree;

/// This commit's version.
#[derive(Debug, Clone)]
pub struct VersionAnswer {
    /// The version.
    pub version: Version,
    /// The commit.
    pub commit: Oid,
    /// The release tag that it descends from.
    pub tag: Option<TagName>,
    /// How many commits it is away from that.
    pub distance: u64,
    /// Whether tracked files are changed. Untracked ones are no part of the version, as for `git describe --dirty`.
    pub dirty: bool,
}

/// Describes HEAD.
///
/// # Errors
/// `Blocked` outside a repository, on an unborn branch, and where a shallow clone may hide the last release.
pub fn version(context: &Context) -> Result<VersionAnswer, Error> {
    let repo = context.repo()?;
    let commit = head(&repo)?;
    let policy = context.policy(&repo, commit)?;
    let tags = ReleaseTags::read(&policy, &repo)?;
    let (nearest, distance) = probe::describe(&repo, &tags, commit)?;
    let dirty = match repo.workdir() {
        Some(top) => !worktree::state(&top)?.changed.is_empty(),
        None => false,
    };
    let upcoming = match &nearest {
        Some(_) => Version::new(0, 1, 0),
        None => {
            let manifest = probe::content(&repo, commit, &policy)?.reached();
            manifest.unwrap_or(Version::new(0, 1, 0))
        }
    };
    let described = Described {
        tag: nearest.as_ref().map(|(version, _)| version.clone()),
        distance,
        short: commit.to_hex_with_len(7).to_string(),
        dirty,
        upcoming,
    };
    Ok(VersionAnswer {
        version: version::describe(&described),
        commit,
        tag: nearest.map(|(_, tag)| tag),
        distance,
        dirty,
    })
}
