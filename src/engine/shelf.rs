//! Where the finished artifacts of a release lie, and how they get there: all at once, through one door.

use std::path::{Path, PathBuf};

use crate::host::door::Door;
use crate::host::git_read::Repo;
use crate::host::{Error, Result, fs};

/// Keeps the artifacts out of `git status` without touching the user's own ignore files.
const IGNORE_ALL: &[u8] = b"*\n";

/// The directory of a release's artifacts, below a worktree or the git directory.
#[derive(Debug)]
pub(super) struct Shelf {
    door: Door,
    /// The directory, below the door.
    destination: PathBuf,
    /// Where artifacts are put together before they are shown.
    staging: PathBuf,
}

impl Shelf {
    /// The shelf at `destination`; `run` keeps what is unfinished apart.
    ///
    /// # Errors
    /// `Unexpected` where that is no place of the repository's.
    pub(super) fn of(repo: &Repo, destination: &Path, run: &str) -> Result<Self> {
        let trees = repo.worktrees()?.into_iter().map(|tree| tree.path);
        let roots = trees.chain([fs::canonical(&repo.common_dir())]);
        let inner = roots
            .filter(|root| destination.starts_with(root))
            .max_by_key(|root| root.as_os_str().len());
        let below = inner.as_ref().and_then(|root| destination.strip_prefix(root).ok());
        let parent = below.and_then(Path::parent);
        let (Some(root), Some(below), Some(parent)) = (&inner, below, parent) else {
            let destination = destination.display();
            return Err(Error::Unexpected(format!(
                "`{destination}` is not a place of this repository"
            )));
        };
        Ok(Self {
            door: Door::open(root)?,
            destination: below.to_owned(),
            staging: parent.join(format!(".{run}.partial")),
        })
    }

    /// Demands that artifacts can be put here, before time is spent on building them.
    ///
    /// # Errors
    /// `Unsupported` where a link leads elsewhere.
    pub(super) fn ready(&self) -> Result<()> {
        let parent = self.destination.parent().unwrap_or(Path::new(""));
        self.door.create_dir(parent)?;
        self.door.write(&parent.join(".gitignore"), IGNORE_ALL, 0o644)?;
        self.door.remove(&self.staging)?;
        self.door.create_dir(&self.staging)
    }

    /// Puts a finished artifact with the others.
    pub(super) fn stage(&self, name: &str, bytes: &[u8], mode: u32) -> Result<()> {
        self.door.write(&self.staging.join(name), bytes, mode)
    }

    /// Shows what was staged, in the place of whatever an attempt left that was never tagged.
    pub(super) fn show(&self) -> Result<()> {
        self.door.remove(&self.destination)?;
        self.door.rename(&self.staging, &self.destination)
    }

    /// Writes a file beside the artifacts.
    pub(super) fn add(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.door.write(&self.destination.join(name), bytes, 0o644)
    }

    /// Removes a file beside the artifacts.
    pub(super) fn drop_file(&self, name: &str) -> Result<()> {
        self.door.remove(&self.destination.join(name))
    }

    /// Removes what is not finished.
    pub(super) fn clear(&self) -> Result<()> {
        self.door.remove(&self.staging)
    }

    /// Removes the artifacts.
    pub(super) fn empty(&self) -> Result<()> {
        self.door.remove(&self.destination)
    }
}
