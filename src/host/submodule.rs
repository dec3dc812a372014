//! Submodules: the repositories that a clone keeps of them, wherever they are checked out.
//!
//! Nothing is fetched. Which commit of which submodule is wanted is for others to say.

use std::path::Path;

use super::git_read::Repo;
use super::{Result, fs};
use crate::core::ids::Oid;

/// The repositories of a clone's submodules.
pub(crate) struct Submodules(Vec<Repo>);

impl Submodules {
    /// Those of `repo`, and theirs. A linked worktree has its own beside those of the main one (git-worktree(1)).
    ///
    /// # Errors
    /// When a repository cannot be opened.
    pub(crate) fn of(repo: &Repo) -> Result<Self> {
        let mut found = Vec::new();
        let (own, common) = (repo.git_dir(), repo.common_dir());
        below(&common.join("modules"), &mut found)?;
        if own != common {
            below(&own.join("modules"), &mut found)?;
        }
        Ok(Self(found))
    }

    /// The one that has a commit.
    ///
    /// # Errors
    /// When a repository cannot be read.
    pub(crate) fn with_commit(&self, commit: Oid) -> Result<Option<&Repo>> {
        for module in &self.0 {
            if module.is_commit(commit)? {
                return Ok(Some(module));
            }
        }
        Ok(None)
    }

    /// The one that has an object.
    pub(crate) fn with_object(&self, id: Oid) -> Option<&Repo> {
        self.0.iter().find(|module| module.has_object(id))
    }
}

/// The repositories below a directory: a submodule's is called as the submodule is, which may hold `/`, and has those of
/// its own submodules below it (gitsubmodules(7), gitrepository-layout(5), "modules").
fn below(dir: &Path, found: &mut Vec<Repo>) -> Result<()> {
    for path in fs::list(dir)? {
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            found.push(Repo::discover(&path)?);
            below(&path.join("modules"), found)?;
        } else if path.is_dir() {
            below(&path, found)?;
        }
    }
    Ok(())
}
