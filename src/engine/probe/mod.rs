//! From the world to facts: everything that a command looks at, looked at once.
//!
//! Decides nothing. What cannot be seen becomes `Unknown` with its reason, except where there is nothing left to look at.

pub(crate) mod brought;
pub(crate) mod changelog;
mod content;
mod ending;
mod flow;
mod form;
mod lineage;
mod merge_back;
pub(crate) mod push;
mod settings;
mod signing;
pub(crate) mod tag;
pub(crate) mod trust;

pub(crate) use content::content;
pub(crate) use flow::{DECIDING, DEVELOP, flow, flow_of_names, remote};
pub(crate) use form::settled;
pub(crate) use lineage::{ReleaseTags, describe, lineage, sections};
pub(crate) use settings::SettingsError;
pub(crate) use settings::{
    at_commit, in_working_tree, is_written_at, named as settings_named, written_at_commit, written_in,
    written_in_working_tree,
};

use crate::core::changelog::decode;
use crate::core::check::Use;
use crate::core::facts::{
    Ask, BranchState, Checkout, Content, Existing, Fact, Facts, Flow, Head, Relation, Remote, RemoteChoice, Signing,
    Source, VersionAsk, Worktree,
};
use crate::core::ids::{BranchName, Oid};
use crate::core::plans::release_text;
use crate::core::policy::Policy;
use crate::host::git_read::Repo;
use crate::host::history::Ancestors;
use crate::host::{Error, Result, clock, git_write, worktree};

/// How a command looks at the world.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) purpose: Use,
    pub(crate) ask: Ask,
    /// Whether the remote is contacted.
    pub(crate) contact: bool,
    /// Whether a trial signature is made where something will be signed.
    pub(crate) try_key: bool,
    /// Whether the caller asked for an unsigned tag.
    pub(crate) no_sign: bool,
    /// Whether `finish` merges back.
    pub(crate) merge_back: bool,
    /// The configuration that was named, instead of the source's.
    pub(crate) policy: Option<Policy>,
}

/// Looks.
///
/// # Errors
/// Where there is no source to look at, or its configuration is invalid.
pub(crate) fn facts(repo: &Repo, look: &Look) -> std::result::Result<Facts, ProbeError> {
    let first = match &look.policy {
        Some(policy) => policy.clone(),
        None => in_working_tree(repo)?,
    };
    let remote_choice = repo.remote_choice(first.release.remote.as_deref());
    let (remote, default_branch) = remote(repo, &remote_choice, look.contact)?;
    let refs = repo.refs()?;
    let checkout = checkout(repo)?;
    let seen = flow::Seen {
        refs: &refs,
        remote: remote.as_ref(),
        default_branch: default_branch.as_ref(),
        head: &checkout.head,
    };
    let flow_first = flow(&first, &seen).ok_or_else(no_branch)?;
    let source = source(repo, look, &first, &flow_first, &seen)?;
    let policy = match &look.policy {
        Some(policy) => policy.clone(),
        None => policy_of(repo, look.purpose, source.commit)?,
    };
    let policy = settled(policy, repo, source.commit)?;
    let flow = flow(&policy, &seen).ok_or_else(no_branch)?;
    let tags = ReleaseTags::of(&policy, &refs);
    let mut facts = Facts {
        ask: look.ask.clone(),
        now: clock::now(),
        lineage: Fact::from(lineage(repo, &policy, &tags, source.commit)),
        unfinished: super::journal::unfinished(&repo.common_dir())?,
        identity: Fact::from(git_write::identity(&repo.top())),
        sign_commits: repo.config_bool("commit.gpgSign")?,
        signing: Signing::NotNeeded,
        key: None,
        signer: None,
        content: Some(match look.purpose {
            Use::Cut => content::everything(repo, source.commit, &policy)?,
            Use::Gate | Use::Finish | Use::Tag => content(repo, source.commit, &policy)?,
        }),
        source_tree: Some(repo.tree_of(source.commit)?),
        changelog_after: None,
        existing: None,
        worktrees: repo.worktrees()?,
        ending: None,
        policy,
        checkout,
        flow,
        remote_choice,
        remote,
        refs,
        source,
    };
    if matches!(look.purpose, Use::Finish | Use::Tag) && facts.ask.version.is_none() {
        facts.ask.version = version(&facts).map(|version| VersionAsk::Typed(version.to_string()));
    }
    match look.purpose {
        Use::Gate | Use::Cut => facts.existing = existing(repo, &facts)?,
        Use::Finish => facts.ending = Some(ending::ending(repo, &facts, look.merge_back)?),
        Use::Tag => facts.ending = Some(ending::ending(repo, &facts, false)?),
    }
    facts.worktrees = inspected(&facts)?;
    signing::look_at(repo, look, &mut facts)?;
    Ok(facts)
}

/// The source's configuration; who may sign a release is not its to say.
fn policy_of(repo: &Repo, purpose: Use, source: Oid) -> std::result::Result<Policy, ProbeError> {
    let mut policy = at_commit(repo, source)?;
    if matches!(purpose, Use::Finish | Use::Tag) {
        policy.trust.signers_from = trust::ref_of_record(repo, source)?;
    }
    Ok(policy)
}

/// Why there are no facts.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The world did not let itself be looked at.
    #[error(transparent)]
    Host(#[from] Error),
    /// The configuration is invalid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is nothing to release from, with the command that mends it.
    #[error("{0}")]
    NoSource(String, String),
}

fn no_branch() -> ProbeError {
    ProbeError::NoSource(
        "the repository has no branch".to_owned(),
        "git commit, or git fetch".to_owned(),
    )
}

fn checkout(repo: &Repo) -> Result<Checkout> {
    let tree = repo.workdir().map(|top| Fact::from(worktree::state(&top)));
    Ok(Checkout {
        top: repo.workdir(),
        head: repo.head()?,
        tree,
        operation: repo.operation(),
        shallow: repo.is_shallow()?,
    })
}

/// The commit that everything derives from: the one that was named; else `cut` looks at integration, `finish` at the release branch,
/// `tag` at production.
fn source(
    repo: &Repo,
    look: &Look,
    policy: &Policy,
    flow: &Flow,
    seen: &flow::Seen<'_>,
) -> std::result::Result<Source, ProbeError> {
    let missing = |why: String, remedy: &str| ProbeError::NoSource(why, remedy.to_owned());
    if let Some(rev) = &look.ask.from {
        let branch = BranchName::new(rev.clone())
            .ok()
            .map(|name| branch_state(repo, seen, &name))
            .transpose()?;
        let branch = branch.filter(|branch| branch.tip().is_some());
        let commit = match branch.as_ref().and_then(BranchState::tip) {
            Some(tip) => Some(tip),
            None => repo.resolve_commit(rev)?,
        };
        let commit = commit.ok_or_else(|| {
            missing(
                format!("`{rev}` names no commit here"),
                "git fetch, or name another with --from",
            )
        })?;
        return described(repo, policy, seen, commit, branch);
    }
    let name = match look.purpose {
        Use::Gate | Use::Cut => flow.integration.clone(),
        Use::Tag => flow.production.clone(),
        Use::Finish => {
            ending::release_branch(look, policy, seen).map_err(|(why, remedy)| ProbeError::NoSource(why, remedy))?
        }
    };
    let branch = branch_state(repo, seen, &name)?;
    let commit = branch.tip().ok_or_else(|| {
        missing(
            format!("there is no branch `{name}`"),
            "git branch --all, or cargo sentinel status",
        )
    })?;
    if !repo.is_commit(commit)? {
        let remote = seen.remote.map_or("origin", |remote| remote.name.as_str());
        return Err(missing(
            format!("the tip of `{name}` on `{remote}`, {commit}, is not here"),
            &format!("git fetch {remote}"),
        ));
    }
    described(repo, policy, seen, commit, Some(branch))
}

fn described(
    repo: &Repo,
    policy: &Policy,
    seen: &flow::Seen<'_>,
    commit: Oid,
    branch: Option<BranchState>,
) -> std::result::Result<Source, ProbeError> {
    if !repo.is_commit(commit)? {
        return Err(ProbeError::NoSource(
            format!("commit {commit} is not here"),
            "git fetch".to_owned(),
        ));
    }
    let tags = ReleaseTags::of(policy, seen.refs).at(commit);
    let remote_refs = seen.remote.and_then(|remote| remote.refs.known());
    let tips = remote_refs
        .into_iter()
        .flatten()
        .filter(|(_, target)| target.id == commit);
    Ok(Source {
        commit,
        branch,
        tags,
        remote_tip_of: tips.filter_map(|(name, _)| name.branch()).collect(),
    })
}

/// A branch on both sides.
pub(crate) fn branch_state(repo: &Repo, seen: &flow::Seen<'_>, name: &BranchName) -> Result<BranchState> {
    let full = name.full();
    let local = seen.refs.get(&full).map(|target| target.id);
    let remote = seen
        .remote
        .and_then(|remote| remote.refs.known())
        .and_then(|refs| refs.get(&full))
        .map(|target| target.id);
    let relation = match (local, remote) {
        (None, None) => Relation::Absent,
        (Some(_), None) => Relation::LocalOnly,
        (None, Some(_)) => Relation::RemoteOnly,
        (Some(local), Some(remote)) => relation(repo, local, remote)?,
    };
    Ok(BranchState {
        name: name.clone(),
        local,
        remote,
        relation,
    })
}

fn relation(repo: &Repo, local: Oid, remote: Oid) -> Result<Relation> {
    if local == remote {
        return Ok(Relation::InStep);
    }
    if !repo.is_commit(remote)? {
        return Ok(Relation::NotFetched);
    }
    if Ancestors::of(repo, local)?.contains(remote)? {
        return Ok(Relation::Ahead);
    }
    if Ancestors::of(repo, remote)?.contains(local)? {
        return Ok(Relation::Behind);
    }
    Ok(Relation::Diverged)
}

/// What stands under the release branch's name.
fn existing(repo: &Repo, facts: &Facts) -> Result<Option<Existing>> {
    let Ok(version) = release_text::asked_version(facts) else {
        return Ok(None);
    };
    let Ok(branch) = facts.policy.release.branch.branch_name(&version) else {
        return Ok(None);
    };
    let local = facts.refs.get(&branch.full()).map(|target| target.id);
    let contacted = facts.remote.as_ref().filter(|remote| remote.contacted);
    let remote = contacted
        .and_then(|remote| remote.refs.known())
        .and_then(|refs| refs.get(&branch.full()))
        .map(|target| target.id);
    let Some(commit) = remote.or(local) else {
        return Ok(None);
    };
    if !repo.is_commit(commit)? {
        return Ok(None);
    }
    let tree = repo.tree_of(commit)?;
    let path = facts.content.as_ref().and_then(Content::changelog_path);
    let changelog = path.map(|path| repo.file_at(tree, path)).transpose()?.flatten();
    Ok(Some(Existing {
        commit,
        parents: repo.parents_of(commit)?,
        tree,
        changelog: changelog.map(|bytes| decode(&bytes)),
        everywhere: local == Some(commit) && (contacted.is_none() || remote == Some(commit)),
    }))
}

/// The working trees, with the state of those whose branch the release may move.
fn inspected(facts: &Facts) -> Result<Vec<Worktree>> {
    let moving = crate::core::plans::finish::moving_branches(facts);
    let mut trees = facts.worktrees.clone();
    for tree in &mut trees {
        if let Head::Branch { name, .. } = &tree.head
            && moving.contains(&name.full())
        {
            let here = facts.checkout.top.as_ref() == Some(&tree.path);
            tree.tree = match facts.checkout.tree.clone().filter(|_| here) {
                Some(seen) => seen,
                None => Fact::from(worktree::state(&tree.path)),
            };
        }
    }
    Ok(trees)
}

/// The version in the source's manifests.
fn version(facts: &Facts) -> Option<semver::Version> {
    facts.content.as_ref().and_then(Content::version)
}

/// The remote, as its configuration and, where `contact` says so, the remote itself describe it.
pub(crate) type RemoteSeen = (Option<Remote>, Option<BranchName>);

/// Whether the choice of a remote is clear.
pub(crate) fn named(choice: &RemoteChoice) -> Option<&str> {
    match choice {
        RemoteChoice::Named(name) => Some(name),
        RemoteChoice::None | RemoteChoice::Unclear(_) => None,
    }
}
