//! Which worktrees a repository has, and where git is at work for it.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;

use super::git_read::Repo;
use super::{Error, Result, chain, fs, head};
use crate::core::facts::{Fact, Worktree};

impl Repo {
    /// The main working tree and the linked ones, with what is checked out there. Their state is not looked at.
    pub(crate) fn worktrees(&self) -> Result<Vec<Worktree>> {
        let unread = |error: gix::Error| Error::git("the list of worktrees", chain(&error));
        let main = self.gix().main_repo().map_err(unread)?;
        let mut repos = vec![main];
        for proxy in self.gix().worktrees().map_err(unread)? {
            // A worktree whose directory is gone has nothing that could be moved; `git worktree prune` forgets it.
            if let Ok(repo) = proxy.into_repo() {
                repos.push(repo);
            }
        }
        let mut found = Vec::new();
        for repo in repos {
            let Some(path) = repo.workdir().map(fs::canonical) else {
                continue;
            };
            let git_dir = fs::canonical(repo.git_dir());
            if !leads_back(&path, &git_dir)? {
                continue;
            }
            let head = head::of(&repo)?;
            found.push(Worktree {
                path,
                git_dir,
                head,
                tree: Fact::Unknown("not looked at".to_owned()),
            });
        }
        Ok(found)
    }

    /// The directories in which git is at work for this repository: its worktrees and its git directory.
    pub(crate) fn places(&self) -> Result<Vec<PathBuf>> {
        let mut places: Vec<PathBuf> = self.worktrees()?.into_iter().map(|tree| tree.path).collect();
        places.push(fs::canonical(&self.common_dir()));
        Ok(places)
    }
}

/// Whether the `.git` of a worktree leads to the git directory that names it: a copy of a repository names the worktrees of
/// the original, which are not its own. A directory that cannot be looked at is no worktree of ours either.
fn leads_back(top: &Path, git_dir: &Path) -> Result<bool> {
    const LIMIT_BYTES: u64 = 64 * 1024;
    let link = top.join(".git");
    if !fs::stat(&link)?.is_some_and(|found| found.is_file()) {
        // The main worktree holds its git directory, or a link to it.
        return Ok(true);
    }
    let text = fs::read_bounded(&link, LIMIT_BYTES)?.unwrap_or_default();
    let target = text.strip_prefix(b"gitdir: ").unwrap_or_default().trim_ascii();
    Ok(fs::canonical(&top.join(target.to_path_lossy())) == git_dir)
}
