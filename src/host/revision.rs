//! What a name that people type means (gitrevisions(7)). Starts no process and writes nothing.

use super::Result;
use super::git_read::Repo;
use super::stored::exact;
use crate::core::ids::{Oid, RefName};

impl Repo {
    /// The refs that a short name may mean, in git's order (gitrevisions(7), SPECIFYING REVISIONS).
    ///
    /// # Errors
    /// When a ref cannot be read.
    pub(crate) fn meanings(&self, short: &str) -> Result<Vec<RefName>> {
        let rules = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
        let full = rules.iter().map(|rule| format!("{rule}{short}"));
        let full = full.chain([format!("refs/remotes/{short}/HEAD")]);
        let mut found = Vec::new();
        for name in full.filter_map(|full| RefName::new(full).ok()) {
            if exact(&self.gix().refs, &name)?.is_some() {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// The commit that a revision names, as `git rev-parse REV^{commit}` would.
    pub(crate) fn resolve_commit(&self, rev: &str) -> Result<Option<Oid>> {
        let Ok(id) = self.gix().rev_parse_single(rev) else {
            return Ok(None);
        };
        let Some(peeled) = self.peel(id.detach())? else {
            return Ok(None);
        };
        Ok(self.is_commit(peeled)?.then_some(peeled))
    }
}
