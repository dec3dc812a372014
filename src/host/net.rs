//! Asking a remote what it has. Lists, never fetches.

use std::path::Path;
use std::time::Duration;

use super::proc::Run;
use super::{Error, Result};
use crate::core::facts::{Refs, Target};
use crate::core::ids::{BranchName, Oid, RefName};

/// How long a remote may take to list its refs.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// How long another machine is waited for. Unit tests have less time than people.
pub(super) fn patience(ordinary: Duration) -> Duration {
    #[cfg(test)]
    if let Some(short) = super::faults::patience() {
        return short;
    }
    ordinary
}

/// What a remote has.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) refs: Refs,
    /// The branch that the remote's HEAD names.
    pub(crate) default_branch: Option<BranchName>,
}

/// The remote's refs, as git-ls-remote(1) prints them: `<id> TAB <ref>`, annotated tags followed by `<ref>^{}`, HEAD's
/// target as `ref: <ref> TAB HEAD`.
///
/// # Errors
/// When the remote does not answer, or not in time.
pub(crate) fn list(top: &Path, remote: &str) -> Result<Listing> {
    let out = Run::new("git", top)
        .args(["ls-remote", "--quiet", "--symref", "--", remote])
        .deadline(patience(ANSWER_DEADLINE))
        .success()?;
    let text = String::from_utf8_lossy(&out);
    let mut listing = Listing {
        refs: Refs::new(),
        default_branch: None,
    };
    for line in text.lines() {
        let Some((value, name)) = line.split_once('\t') else {
            continue;
        };
        if let Some(target) = value.strip_prefix("ref: ") {
            if name == "HEAD" {
                listing.default_branch = RefName::new(target).ok().and_then(|target| target.branch());
            }
            continue;
        }
        let id =
            Oid::from_hex(value.as_bytes()).map_err(|error| Error::git(format!("what `{remote}` lists"), error))?;
        match name.strip_suffix("^{}") {
            Some(tag) => {
                if let Some(target) = RefName::new(tag).ok().and_then(|tag| listing.refs.get_mut(&tag)) {
                    target.peeled = id;
                }
            }
            None => {
                if let Ok(name) = RefName::new(name) {
                    listing.refs.insert(name, Target { id, peeled: id });
                }
            }
        }
    }
    Ok(listing)
}
