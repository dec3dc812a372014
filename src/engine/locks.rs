//! Lock files that a killed git leaves behind: which ones an effect may leave, and when one may be removed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::journal::Journal;
use crate::core::ids::RefName;
use crate::core::plan::Effect;
use crate::host::git_read::Repo;
use crate::host::index_lock::{self, IndexMark};
use crate::host::{Error, Result, fs, proc};

/// The lock files that git takes for an effect. Never a remote's.
fn of(repo: &Repo, effect: &Effect) -> Result<Vec<PathBuf>> {
    let common = repo.common_dir();
    Ok(match effect {
        Effect::WriteObjects(_)
        | Effect::CreateCommit(_)
        | Effect::Build(_)
        | Effect::Attest(_)
        | Effect::CreateTag(_)
        | Effect::RemoveDirectory(_) => Vec::new(),
        Effect::UpdateRefs(moves) => {
            let mut locks: Vec<PathBuf> = moves.iter().map(|moved| ref_lock(&common, &moved.name)).collect();
            locks.push(common.join("packed-refs.lock"));
            // Moving the branch that HEAD names writes HEAD's reflog under HEAD's own lock.
            locks.push(common.join("HEAD.lock"));
            locks.extend(repo.worktrees()?.into_iter().map(|tree| tree.git_dir.join("HEAD.lock")));
            locks
        }
        Effect::Push { remote, moves } => {
            let tracking = repo.tracking(remote);
            let follows = |name: &RefName| {
                tracking
                    .iter()
                    .find_map(|(from, to)| Some(format!("{to}{}", name.as_str().strip_prefix(from.as_str())?)))
            };
            let mut locks: Vec<PathBuf> = moves
                .iter()
                .filter_map(|moved| RefName::new(follows(&moved.name)?).ok())
                .map(|name| ref_lock(&common, &name))
                .collect();
            locks.push(common.join("packed-refs.lock"));
            locks
        }
        // `index.lock` says itself whose it is (`index_lock`).
        Effect::MoveWorktree(moved) => vec![moved.git_dir.join("HEAD.lock")],
    })
}

fn ref_lock(common: &Path, name: &RefName) -> PathBuf {
    common.join(format!("{name}.lock"))
}

/// Removes what a killed child left behind, for the effects of one interrupted step.
///
/// A lock goes only where an open intent names it, it is not older than the intent, every child on record is gone, and no
/// other git is at work in the repository. The lock of an index is held for as long as a person's editor is open, so it goes only where it bears the run's mark.
///
/// # Errors
/// `Busy` where a child still runs, `Held` where another git does.
pub(super) fn clear_stale(repo: &Repo, journal: &Journal, effects: &[&Effect]) -> Result<()> {
    demand_rest(journal)?;
    let progress = journal.progress();
    for effect in effects {
        if let Effect::MoveWorktree(moved) = effect {
            index_lock::release(&moved.git_dir, &IndexMark::of(journal.run()))?;
        }
        for lock in of(repo, effect)? {
            let Some(found) = fs::stat(&lock)? else { continue };
            if found.mtime() < progress.intent_at {
                continue;
            }
            // The child on record is gone, so the lock is stale, unless somebody else's git took it since.
            if proc::git_at_work(&repo.places()?) {
                return Err(Error::Held(lock));
            }
            fs::remove_file(&lock)?;
        }
    }
    Ok(())
}

/// Demands that nothing that the run started is still at work.
///
/// # Errors
/// `Busy`, with the process.
pub(super) fn demand_rest(journal: &Journal) -> Result<()> {
    match journal.progress().children.iter().find(|child| child.is_alive()) {
        Some(child) => Err(Error::Busy { pid: child.pid }),
        None => Ok(()),
    }
}
