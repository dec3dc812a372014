//! Which branches and which remote a release moves between.

use super::RemoteSeen;
use crate::core::facts::{Fact, Flow, Head, Refs, Remote, RemoteChoice, Target};
use crate::core::ids::{BranchName, Oid, RefName};
use crate::core::policy::Policy;
use crate::host::git_read::Repo;
use crate::host::stored::Stored;
use crate::host::{Result, net};

/// The branch that stands for integration where none is configured.
pub(crate) const DEVELOP: &str = "develop";

/// The names that decide where none is configured; `HEAD`, as a remote's, names its default branch.
pub(crate) const DECIDING: [&str; 4] = [DEVELOP, "main", "master", "HEAD"];

/// What is known when branches are looked for.
pub(crate) struct Seen<'a> {
    pub(crate) refs: &'a Refs,
    pub(crate) remote: Option<&'a Remote>,
    pub(crate) default_branch: Option<&'a BranchName>,
    pub(crate) head: &'a Head,
}

impl Seen<'_> {
    fn has(&self, name: &BranchName) -> bool {
        let full = name.full();
        self.refs.contains_key(&full)
            || self
                .remote
                .and_then(|remote| remote.refs.known())
                .is_some_and(|refs| refs.contains_key(&full))
    }

    fn first(&self, names: &[&str]) -> Option<BranchName> {
        names
            .iter()
            .filter_map(|name| BranchName::new(*name).ok())
            .find(|name| self.has(name))
    }
}

/// Integration: configured, else `develop`, else the remote's default branch. Production: configured, else `main`, else
/// `master`, else the remote's default branch. Where there is no remote, `main`, `master` or HEAD's branch stand in.
/// `None` in a repository without any branch.
pub(crate) fn flow(policy: &Policy, seen: &Seen<'_>) -> Option<Flow> {
    let head = match seen.head {
        Head::Branch { name, .. } => Some(name.clone()),
        Head::Detached(_) => None,
    };
    let fallback = || {
        seen.default_branch
            .cloned()
            .or_else(|| seen.first(&["main", "master"]))
            .or_else(|| head.clone())
    };
    let integration = policy
        .release
        .integration
        .clone()
        .or_else(|| seen.first(&[DEVELOP]))
        .or_else(fallback);
    let production = policy
        .release
        .production
        .clone()
        .or_else(|| seen.first(&["main", "master"]))
        .or_else(fallback);
    match (integration, production) {
        (Some(integration), Some(production)) => Some(Flow {
            integration,
            production,
        }),
        (Some(only), None) | (None, Some(only)) => Some(Flow {
            integration: only.clone(),
            production: only,
        }),
        (None, None) => None,
    }
}

/// The same from a few refs looked up by name, where listing them all would cost more than the answer is worth. `remote` is
/// the one whose remote-tracking refs count.
///
/// # Errors
/// When a ref cannot be read.
pub(crate) fn flow_of_names(policy: &Policy, repo: &dyn Stored, remote: Option<&str>) -> Result<Option<Flow>> {
    let head = repo.head()?;
    let mut refs = Refs::new();
    // In the order in which they decide: the first that stands makes the rest needless.
    for names in [&[DEVELOP][..], &["main", "master"]] {
        for name in names.iter().filter_map(|name| BranchName::new(*name).ok()) {
            let there = match repo.find_ref(&name.full())? {
                Some(id) => Some(id),
                None => remote_branch(repo, remote, &name)?,
            };
            if let Some(id) = there {
                refs.insert(name.full(), Target { id, peeled: id });
                break;
            }
        }
    }
    let default_branch = remote.map(|remote| default_branch(repo, remote)).transpose()?.flatten();
    let seen = Seen {
        refs: &refs,
        remote: None,
        default_branch: default_branch.as_ref(),
        head: &head,
    };
    Ok(flow(policy, &seen))
}

fn remote_branch(repo: &dyn Stored, remote: Option<&str>, name: &BranchName) -> Result<Option<Oid>> {
    let full = remote.and_then(|remote| RefName::new(format!("refs/remotes/{remote}/{name}")).ok());
    Ok(full.map(|full| repo.find_ref(&full)).transpose()?.flatten())
}

/// The branch that the remote's HEAD was seen to name.
fn default_branch(repo: &dyn Stored, remote: &str) -> Result<Option<BranchName>> {
    let head = RefName::new(format!("refs/remotes/{remote}/HEAD")).ok();
    let target = head.map(|head| repo.symbolic_target(&head)).transpose()?.flatten();
    let prefix = format!("refs/remotes/{remote}/");
    Ok(target.and_then(|target| BranchName::new(target.as_str().strip_prefix(&prefix)?).ok()))
}

/// The remote's refs: listed by it, or, where it is not to be contacted, the remote-tracking refs under its own names.
pub(crate) fn remote(repo: &Repo, choice: &RemoteChoice, contact: bool) -> Result<RemoteSeen> {
    let Some(name) = super::named(choice) else {
        return Ok((None, None));
    };
    let tracking = repo.tracking(name);
    if contact {
        let listing = net::list(&repo.top(), name);
        let default_branch = listing.as_ref().ok().and_then(|listing| listing.default_branch.clone());
        let refs = Fact::from(listing.map(|listing| listing.refs));
        return Ok((
            Some(Remote {
                name: name.to_owned(),
                refs,
                contacted: true,
                tracking,
            }),
            default_branch,
        ));
    }
    let mut refs = Refs::new();
    for (theirs, ours) in &tracking {
        for (local, target) in repo.refs_below(ours)? {
            let remote_name = local
                .as_str()
                .strip_prefix(ours.as_str())
                .map(|rest| format!("{theirs}{rest}"));
            if let Some(name) = remote_name.and_then(|name| RefName::new(name).ok()) {
                refs.insert(name, target);
            }
        }
    }
    let default_branch = default_branch(repo, name)?;
    Ok((
        Some(Remote {
            name: name.to_owned(),
            refs: Fact::Known(refs),
            contacted: false,
            tracking,
        }),
        default_branch,
    ))
}
