//! `check`: the release gate. What a release from here would refuse, and whether the environment takes it.

use super::next::head;
use super::planning::{EndingOptions, Planned, Planning};
use super::{Context, Error};
use crate::core::check::{Finding, Verdict};
use crate::core::facts::{Ask, Head, VersionAsk};
use crate::core::ids::BranchName;
use crate::core::plan::PlanError;
use crate::core::plans::cut::Cut;
use crate::core::plans::tag::Tag;
use crate::core::version;
use crate::engine::probe;
use crate::host::git_read::Repo;

/// What was asked. Both are required.
#[derive(Debug, Clone)]
pub struct GateOptions {
    /// The environment.
    pub environment: String,
    /// The version as typed.
    pub version: String,
}

/// What the gate says.
#[derive(Debug, Clone)]
pub struct GateAnswer {
    /// Every finding, the passing ones too.
    pub findings: Vec<Finding>,
}

impl GateAnswer {
    /// `SAFE`, `BLOCKED` or `CRITICAL`, with the exit code.
    pub fn verdict(&self) -> (&'static str, u8) {
        verdict(&self.findings)
    }
}

/// The verdict of findings: what could not be seen counts as a refusal.
pub fn verdict(findings: &[Finding]) -> (&'static str, u8) {
    match findings.iter().map(|finding| finding.verdict).max() {
        Some(Verdict::Critical) => ("CRITICAL", 2),
        Some(Verdict::Fail | Verdict::Unknown) => ("BLOCKED", 1),
        Some(Verdict::Pass) | None => ("SAFE", 0),
    }
}

/// Runs the gate at HEAD: the checks of the command that would take the release on from there.
///
/// # Errors
/// Where there is nothing to check: outside a repository, on an unborn branch, with an invalid configuration.
pub fn check(context: &Context, options: &GateOptions) -> Result<GateAnswer, Error> {
    let repo = context.repo()?;
    let planning = Planning {
        context,
        repo: &repo,
        contact: true,
        try_key: false,
    };
    let ask = Ask {
        environment: Some(options.environment.clone()),
        version: Some(VersionAsk::Typed(options.version.clone())),
        ..Ask::default()
    };
    let findings = match point(context, &repo, &options.version)? {
        Point::Integration(from) => {
            let ask = Ask {
                from: Some(from),
                ..ask
            };
            findings(planning.cut(ask, false)?, |cut| match cut {
                Cut::Plan(_, findings) | Cut::Already { findings, .. } => findings,
            })
        }
        Point::Release => findings(planning.finish(ask, &EndingOptions::default())?, |(_, findings)| {
            findings
        }),
        Point::Production => findings(planning.tag(ask, &EndingOptions::default())?, |tag| match tag {
            Tag::Plan(_, findings) | Tag::Already { findings, .. } => findings,
        }),
    };
    Ok(GateAnswer { findings: findings? })
}

fn findings<T>(planned: Planned<T>, passed: impl FnOnce(T) -> Vec<Finding>) -> Result<Vec<Finding>, Error> {
    match planned {
        Ok(plan) => Ok(passed(plan)),
        Err(PlanError::Blocked(findings)) => Ok(findings),
        Err(error @ PlanError::Inconsistent(_)) => Err(error.into()),
    }
}

/// How far the release has come at HEAD.
enum Point {
    /// Nowhere yet: it would be cut from this branch or commit.
    Integration(String),
    /// On its release branch, to be finished.
    Release,
    /// Merged to production, to be tagged.
    Production,
}

fn point(context: &Context, repo: &Repo, version: &str) -> Result<Point, Error> {
    let commit = head(repo)?;
    let policy = context.policy(repo, commit)?;
    let branch = match repo.head()? {
        Head::Branch { name, .. } => Some(name),
        Head::Detached(_) => None,
    };
    let Ok(version) = version::parse(version) else {
        return Ok(Point::Integration(commit.to_string()));
    };
    let release = policy.release.branch.branch_name(&version).ok();
    let on_release = match (&branch, &release) {
        (Some(branch), Some(release)) => branch == release,
        (None, Some(release)) => repo.find_ref(&release.full())? == Some(commit),
        (_, None) => false,
    };
    if on_release {
        return Ok(Point::Release);
    }
    let carried = probe::content(repo, commit, &policy)?.version();
    let flow = probe::flow_of_names(
        &policy,
        repo,
        probe::named(&repo.remote_choice(policy.release.remote.as_deref())),
    )?;
    let on_production = |name: &BranchName| {
        flow.as_ref()
            .is_some_and(|flow| !flow.is_trunk() && flow.production == *name)
    };
    if carried == Some(version) && branch.as_ref().is_some_and(on_production) {
        return Ok(Point::Production);
    }
    Ok(Point::Integration(
        branch.map_or(commit.to_string(), |name| name.to_string()),
    ))
}
