//! What ends a release: the three branches, and the merges between them, tried in a scratch repository.

use super::flow::Seen;
use super::{Look, branch_state, merge_back};
use crate::core::facts::{Content, Ending, Fact, Facts, Head, VersionAsk};
use crate::core::ids::{BranchName, Oid};
use crate::core::policy::Policy;
use crate::core::version;
use crate::host::git_read::{Repo, incomplete};
use crate::host::history::Ancestors;
use crate::host::merge;
use crate::host::{Error, Result};

/// The release branch that is meant: of the named version, else the one that is checked out, else the only one.
///
/// # Errors
/// What is unclear, and the command that mends it.
pub(super) fn release_branch(
    look: &Look,
    policy: &Policy,
    seen: &Seen<'_>,
) -> std::result::Result<BranchName, (String, String)> {
    if let Some(text) = look.ask.version.as_ref().and_then(VersionAsk::typed) {
        let version = version::parse(text).map_err(|error| (error.to_string(), "cargo sentinel status".to_owned()))?;
        return policy
            .release
            .branch
            .branch_name(&version)
            .map_err(|error| (error.to_string(), "set `branch` under [release]".to_owned()));
    }
    let is_release = |name: &BranchName| policy.release.branch.parse(name.as_str()).is_some();
    if let Head::Branch { name, .. } = seen.head
        && is_release(name)
    {
        return Ok(name.clone());
    }
    let remote_refs = seen.remote.and_then(|remote| remote.refs.known());
    let names = seen
        .refs
        .keys()
        .chain(remote_refs.into_iter().flat_map(|refs| refs.keys()));
    let mut found: Vec<BranchName> = names
        .filter_map(crate::core::ids::RefName::branch)
        .filter(is_release)
        .collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err((
            "there is no release branch".to_owned(),
            "cargo sentinel cut auto".to_owned(),
        )),
        several => {
            let names: Vec<&str> = several.iter().map(BranchName::as_str).collect();
            Err((
                format!("there are several release branches: {}", names.join(", ")),
                "cargo sentinel finish VERSION".to_owned(),
            ))
        }
    }
}

pub(super) fn ending(repo: &Repo, facts: &Facts, merge_back: bool) -> Result<Ending> {
    let seen = Seen {
        refs: &facts.refs,
        remote: facts.remote.as_ref(),
        default_branch: None,
        head: &facts.checkout.head,
    };
    let tip = facts.source.commit;
    let production = branch_state(repo, &seen, &facts.flow.production)?;
    let integration = branch_state(repo, &seen, &facts.flow.integration)?;
    let release = match &facts.source.branch {
        Some(branch) => branch.clone(),
        None => production.clone(),
    };
    let known = |tip: Option<Oid>| tip.filter(|tip| repo.has_object(*tip));
    let prerelease = facts
        .content
        .as_ref()
        .and_then(Content::version)
        .is_some_and(|version| !version.pre.is_empty());
    let (mut behind, mut merged, mut conflicts) = (true, false, Vec::new());
    if let Some(onto) = known(production.tip()).filter(|onto| !prerelease && *onto != tip) {
        behind = Ancestors::of(repo, tip)?.contains(onto)?;
        merged = Ancestors::of(repo, onto)?.contains(tip)? && repo.tree_of(onto)? == repo.tree_of(tip)?;
        if !behind && !merged && !facts.flow.is_trunk() {
            let found = merge::merge(repo, tip, onto)?.conflicts.into_iter();
            conflicts = found.map(|conflict| conflict.path).collect();
        }
    }
    let merge_back = match known(integration.tip()) {
        Some(onto) if merge_back && !prerelease => match merge_back::attempt(repo, facts, onto, tip) {
            // What is not supported has a remedy of its own.
            Err(error @ Error::Unsupported { .. }) => return Err(error),
            // The scratch repository knows nothing of the remote that keeps what is missing.
            Err(error @ Error::Git { .. }) => match repo.promisor() {
                Some(remote) => return Err(incomplete("an object of the merge", &remote)),
                None => Some(Fact::Unknown(error.to_string())),
            },
            tried => Some(Fact::from(tried)),
        },
        Some(_) | None => None,
    };
    Ok(Ending {
        release,
        production,
        integration,
        production_is_behind: behind,
        merged_already: merged,
        production_conflicts: conflicts,
        left_outside: left_outside(repo, facts)?,
        merge_back,
    })
}

fn left_outside(repo: &Repo, facts: &Facts) -> Result<Option<BranchName>> {
    let version = facts.content.as_ref().and_then(Content::version);
    let Some(name) = version.and_then(|version| facts.policy.release.branch.branch_name(&version).ok()) else {
        return Ok(None);
    };
    let full = name.full();
    let sides = [Some(&facts.refs), facts.remote_refs()];
    let mut ancestors = Ancestors::of(repo, facts.source.commit)?;
    for target in sides.into_iter().flatten().filter_map(|refs| refs.get(&full)) {
        if !repo.is_commit(target.id)? || !ancestors.contains(target.id)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
