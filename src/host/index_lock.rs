//! git's `index.lock`, held with a mark that proves whose it is.
//!
//! git's own lock is a file that anybody's git may have left. This one appears with its content in one step, so that a run
//! that was killed at any instant can tell its own lock from another's, and remove none but its own.

use std::path::{Path, PathBuf};

use super::{Error, Result, fs};
use crate::core::ids::RunId;

/// What a run writes into the locks that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexMark(String);

impl IndexMark {
    /// The mark of a run.
    pub(crate) fn of(run: &RunId) -> Self {
        Self(format!("cargo-sentinel {run}\n"))
    }
}

/// The lock on a worktree's index, with a copy of the index to work on. Dropped, it is free again and the index is as it was.
#[derive(Debug)]
pub(crate) struct IndexLock {
    lock: PathBuf,
    index: PathBuf,
    copy: PathBuf,
}

fn lock_of(git_dir: &Path) -> PathBuf {
    git_dir.join("index.lock")
}

/// Demands that nobody but this run holds the lock.
///
/// # Errors
/// `Held`, naming the lock.
pub(crate) fn demand_free(git_dir: &Path, mark: &IndexMark) -> Result<()> {
    let lock = lock_of(git_dir);
    if fs::stat(&lock)?.is_none() || is_ours(&lock, mark)? {
        return Ok(());
    }
    Err(Error::Held(lock))
}

/// Removes the lock, where it is this run's.
pub(crate) fn release(git_dir: &Path, mark: &IndexMark) -> Result<()> {
    let lock = lock_of(git_dir);
    fs::remove_file(&copy_of(git_dir))?;
    fs::remove_file(&mark_of(git_dir))?;
    if is_ours(&lock, mark)? {
        fs::remove_file(&lock)?;
    }
    Ok(())
}

fn copy_of(git_dir: &Path) -> PathBuf {
    git_dir.join("sentinel-index")
}

fn mark_of(git_dir: &Path) -> PathBuf {
    git_dir.join("sentinel-index.mark")
}

/// A lock of git's is empty or holds an index, which begins otherwise (gitformat-index(5)).
fn is_ours(lock: &Path, mark: &IndexMark) -> Result<bool> {
    let Some(found) = fs::stat(lock)? else { return Ok(false) };
    Ok(found.is_file()
        && found.len() == mark.0.len() as u64
        && fs::read(lock)?.is_some_and(|bytes| bytes == mark.0.as_bytes()))
}

impl IndexLock {
    /// Takes the lock, also where an earlier attempt of this run left it.
    ///
    /// # Errors
    /// `Held` where another process has it.
    pub(crate) fn take(git_dir: &Path, mark: &IndexMark) -> Result<Self> {
        let (lock, index, copy) = (lock_of(git_dir), git_dir.join("index"), copy_of(git_dir));
        let marked = mark_of(git_dir);
        fs::write_scratch(&marked, mark.0.as_bytes())?;
        let taken = fs::hard_link(&marked, &lock)?;
        fs::remove_file(&marked)?;
        if !taken && !is_ours(&lock, mark)? {
            return Err(Error::Held(lock));
        }
        let held = Self { lock, index, copy };
        fs::remove_file(&held.copy)?;
        if let Some(bytes) = fs::read_large(&held.index)? {
            fs::write_scratch(&held.copy, &bytes)?;
        }
        Ok(held)
    }

    /// The index to work on, which becomes the index with [`IndexLock::commit`].
    pub(crate) fn copy(&self) -> &Path {
        &self.copy
    }

    /// Puts the copy in the index's place and frees the lock.
    pub(crate) fn commit(self) -> Result<()> {
        fs::rename(&self.copy, &self.index)
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        // Nobody is there to tell: what is left is known by its mark, and goes with the next attempt.
        drop(fs::remove_file(&self.copy));
        drop(fs::remove_file(&self.lock));
    }
}
