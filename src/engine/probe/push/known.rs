//! What the other side of a push is known to have: its refs, and the commits that are nobody's news there.

use super::Eye;
use crate::core::facts::Refs;
use crate::core::hooks::push::Line;
use crate::core::ids::{BranchName, Oid, RefName};
use crate::core::policy::Policy;
use crate::host::Result;
use crate::host::git_read::Repo;

/// What the other side has, by its own names: on the server its branches and release tags, which were judged when they came;
/// elsewhere the remote-tracking refs, and those of all remotes where an address stands for a remote that has none.
pub(super) fn known_refs(eye: &Eye<'_>, policy: &Policy) -> Result<Refs> {
    let Some(remote) = eye.remote else {
        let mut refs = eye.repo.refs_below("refs/heads/")?;
        let tags = eye.repo.refs_below("refs/tags/")?.into_iter();
        refs.extend(tags.filter(|(name, _)| policy.release.tag.parse(name.short()).is_some()));
        return Ok(refs);
    };
    let mut refs = Refs::new();
    for (theirs, ours) in eye.repo.tracking_of(remote) {
        for (local, target) in eye.repo.refs_below(&ours)? {
            let name = local.as_str().strip_prefix(&ours).map(|rest| format!("{theirs}{rest}"));
            if let Some(name) = name.and_then(|name| RefName::new(name).ok()) {
                refs.insert(name, target);
            }
        }
    }
    if refs.is_empty() {
        return eye.repo.refs_below("refs/remotes/");
    }
    Ok(refs)
}

/// The commits that are nobody's news, in order: what the other side has; and on a client what any remote has, which is public
/// and somebody else's. What a server has, its own refs say; of the old values a client may claim any.
pub(super) fn hidden(eye: &Eye<'_>, known: &Refs, lines: &[Line]) -> Result<Vec<Oid>> {
    let mut hidden: Vec<Oid> = known.values().map(|target| target.peeled).collect();
    if eye.remote.is_some() {
        hidden.extend(lines.iter().filter_map(|line| line.old));
        let public = eye.repo.refs_below("refs/remotes/")?;
        hidden.extend(public.values().map(|target| target.peeled));
    }
    hidden.sort_unstable();
    hidden.dedup();
    let here = hidden.into_iter().map(|id| commit_here(eye.repo, id));
    here.filter_map(Result::transpose).collect()
}

/// Where a branch of the other side stands.
pub(super) fn branch_in(known: &Refs, short: &str) -> Option<Oid> {
    let name = BranchName::new(short).ok()?.full();
    known.get(&name).map(|target| target.peeled)
}

/// The id, where it is a commit that is here.
pub(super) fn commit_here(repo: &Repo, id: Oid) -> Result<Option<Oid>> {
    Ok(repo.is_commit(id)?.then_some(id))
}
