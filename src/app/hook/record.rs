//! The policy of record: what a server goes by, whoever pushes.
//!
//! A push can make any branch and put any configuration there. So the search begins with what none can change: the branch
//! that the server's HEAD names, or a setting of its own. The configuration there, before the push, is of record.

use super::super::{Error, Kind};
use crate::core::facts::Head;
use crate::core::hooks::push::Line;
use crate::core::hooks::staged::shell_word;
use crate::core::ids::{BranchName, RefName};
use crate::core::policy::Policy;
use crate::engine::probe;
use crate::host::{self, git_read::Repo};

/// The server's own setting for the branch of record, where HEAD is to name another.
const SETTING: &str = "sentinel.production";

/// What a server goes by.
#[derive(Debug)]
pub(crate) struct Record {
    /// The configuration, with both branches named.
    pub(crate) policy: Policy,
    /// The branch that decides by being there what is protected, since nothing that is written does.
    pub(crate) deciding: Option<BranchName>,
}

impl From<Policy> for Record {
    fn from(policy: Policy) -> Self {
        Self { policy, deciding: None }
    }
}

/// Looks it up, for a push of `lines`; `None` where nothing is written on the branch of record, or nothing stands there yet.
///
/// # Errors
/// Where it cannot be told which branch is of record, or its configuration is invalid.
pub(crate) fn of(repo: &Repo, lines: &[Line]) -> Result<Option<Record>, Error> {
    let named = own_setting(repo)?;
    let branch = match &named {
        Some(branch) => branch.clone(),
        None => head_branch(repo)?,
    };
    let Some(tip) = repo.find_ref(&branch.full())? else {
        let full = branch.full();
        let comes = lines
            .iter()
            .any(|line| line.name == full.as_str() && line.new.is_some());
        if comes || repo.refs_below("refs/heads/")?.is_empty() {
            return Ok(None);
        }
        return Err(misplaced(
            format!("there is no `{branch}`, by whose configuration this server goes"),
            None,
        ));
    };
    let Some(mut policy) = probe::written_at_commit(repo, tip)? else {
        return Ok(None);
    };
    let production = match policy.release.production.take() {
        Some(production) => production,
        None if named.is_some() => branch.clone(),
        None => implied(repo, &policy, &branch)?,
    };
    if production != branch {
        let because =
            format!("this server goes by the configuration of `{branch}`, which is not its production branch");
        return Err(misplaced(because, Some(&production)));
    }
    let develop = BranchName::new(probe::DEVELOP).map_err(|error| Error::new(Kind::Internal, error.to_string()))?;
    let is_open = policy.release.integration.is_none();
    if is_open {
        let is_there = repo.find_ref(&develop.full())?.is_some();
        policy.release.integration = Some(if is_there { develop.clone() } else { branch.clone() });
    }
    policy.release.production = Some(branch);
    let deciding = (is_open && policy.hooks.protect.is_none()).then_some(develop);
    Ok(Some(Record { policy, deciding }))
}

/// The branch of record's own word is enough, unless it is where work is integrated: there anybody pushes.
fn implied(repo: &Repo, policy: &Policy, branch: &BranchName) -> host::Result<BranchName> {
    let usual = probe::flow_of_names(policy, repo, None)?;
    let elsewhere = usual.filter(|flow| flow.integration == *branch);
    Ok(elsewhere.map_or_else(|| branch.clone(), |flow| flow.production))
}

fn own_setting(repo: &Repo) -> Result<Option<BranchName>, Error> {
    let Some(value) = repo.own_config_text(SETTING) else {
        return Ok(None);
    };
    let value = String::from_utf8_lossy(&value).into_owned();
    let branch = BranchName::new(value.as_str());
    let branch = branch.map_err(|error| misplaced(format!("{SETTING} is `{value}`: {error}"), None))?;
    Ok(Some(branch))
}

fn head_branch(repo: &Repo) -> Result<BranchName, Error> {
    match repo.head()? {
        Head::Branch { name, .. } => Ok(name),
        Head::Detached(_) => Err(misplaced("the server's HEAD names no branch".to_owned(), None)),
    }
}

fn misplaced(because: String, production: Option<&BranchName>) -> Error {
    let branch = production.map_or("<production branch>".to_owned(), |name| shell_word(name.as_str()));
    Error::new(Kind::Blocked, because).hint(format!("on the server: git config {SETTING} {branch}"))
}

/// The moves as this server sees them: of the refs that really move, from where these stand. What a client claims to stand
/// there proves nothing (gitprotocol-pack(5), "Reference Update Request").
///
/// # Errors
/// When a ref cannot be read.
pub(super) fn resolved(repo: &Repo, lines: Vec<Line>) -> host::Result<Vec<Line>> {
    let resolve = |line: Line| {
        let Ok(name) = RefName::new(line.name.as_str()) else {
            return Ok(Line { old: None, ..line });
        };
        let name = repo.moved_by(&name)?.unwrap_or(name);
        Ok(Line {
            old: repo.find_ref(&name)?,
            name: name.as_str().to_owned(),
            ..line
        })
    };
    lines.into_iter().map(resolve).collect()
}
