//! `cut`, `finish`, `tag`: plan under the lock, ask, act.

use std::path::PathBuf;

use super::planning::{EndingOptions, Planning};
use super::{Context, Error, Front, Kind, Report, moment};
use crate::core::facts::{Ask, VersionAsk};
use crate::core::ids::RunId;
use crate::core::plan::Plan;
use crate::core::plans::cut::Cut;
use crate::core::plans::tag::Tag;
use crate::engine::journal;
use crate::engine::runner::{self, Claim, Runner};
use crate::host::git_read::Repo;
use crate::host::{fs, git_write};

/// What was asked of `cut`.
#[derive(Debug, Clone, Default)]
pub struct CutOptions {
    /// The version.
    pub version: VersionAsk,
    /// Another source than integration's tip.
    pub from: Option<String>,
    /// Whether nothing is pushed and no remote contacted.
    pub no_push: bool,
    /// Whether the working tree goes to the release branch.
    pub switch: bool,
    /// Whether a version below the derived one will do.
    pub allow_underbump: bool,
    /// Whether a release about which the CHANGELOG says nothing will do.
    pub allow_empty: bool,
    /// Whether only the plan is wanted.
    pub dry_run: bool,
}

/// What was asked of `tag`.
#[derive(Debug, Clone, Default)]
pub struct TagOptions {
    /// The version as typed; without it, the manifests'.
    pub version: Option<String>,
    /// Another commit than production's tip.
    pub from: Option<String>,
    /// Whether nothing is pushed and no remote contacted.
    pub no_push: bool,
    /// Whether the tag stays unsigned.
    pub no_sign: bool,
    /// Whether binaries are built once, and nobody knows whether they are reproducible.
    pub build_once: bool,
    /// Whether only the plan is wanted.
    pub dry_run: bool,
}

/// What was asked of `finish`.
#[derive(Debug, Clone, Default)]
pub struct FinishOptions {
    /// The version as typed; without it, the one release branch there is.
    pub version: Option<String>,
    /// Whether nothing is pushed and no remote contacted.
    pub no_push: bool,
    /// Whether the release branch stays.
    pub keep_branch: bool,
    /// Whether integration is left alone.
    pub no_merge_back: bool,
    /// Whether the tag stays unsigned.
    pub no_sign: bool,
    /// Whether binaries are built once, and nobody knows whether they are reproducible.
    pub build_once: bool,
    /// Whether only the plan is wanted.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Acted {
    /// It was done.
    Done(Report),
    /// Nothing had to be done, and why.
    Already(String),
    /// Only the plan was wanted.
    Planned(Plan),
    /// The person said no.
    Declined,
}

/// Cuts a release branch.
///
/// # Errors
/// Every refusal at once, with nothing changed.
pub fn cut(context: &Context, options: &CutOptions, front: &mut dyn Front) -> Result<Acted, Error> {
    let act = Act::begin(context, options.dry_run)?;
    let ask = Ask {
        version: Some(options.version.clone()),
        allow_underbump: options.allow_underbump,
        local: options.no_push,
        allow_empty: options.allow_empty,
        from: options.from.clone(),
        ..Ask::default()
    };
    match act.planning(options.no_push).cut(ask, options.switch)?? {
        Cut::Already {
            branch,
            version,
            commit,
            ..
        } => Ok(Acted::Already(format!(
            "{branch} is cut already, at {commit}; next: cargo sentinel finish {version}"
        ))),
        Cut::Plan(plan, _) => act.carry_out(plan, front),
    }
}

/// Tags production's tip.
///
/// # Errors
/// Every refusal at once, with nothing changed; `Critical` where a tag stands there that does not hold.
pub fn tag(context: &Context, options: &TagOptions, front: &mut dyn Front) -> Result<Acted, Error> {
    let act = Act::begin(context, options.dry_run)?;
    let ask = Ask {
        version: options.version.clone().map(VersionAsk::Typed),
        from: options.from.clone(),
        ..Ask::default()
    };
    let ending = EndingOptions {
        no_sign: options.no_sign,
        build_once: options.build_once,
        ..EndingOptions::default()
    };
    match act.planning(options.no_push).tag(ask, &ending)?? {
        Tag::Already { name, commit, .. } => Ok(Acted::Already(format!("{name} stands at {commit} already"))),
        Tag::Plan(plan, _) => act.carry_out(plan, front),
    }
}

/// Finishes a release.
///
/// # Errors
/// Every refusal at once, with nothing changed.
pub fn finish(context: &Context, options: &FinishOptions, front: &mut dyn Front) -> Result<Acted, Error> {
    let act = Act::begin(context, options.dry_run)?;
    let ask = Ask {
        version: options.version.clone().map(VersionAsk::Typed),
        ..Ask::default()
    };
    let ending = EndingOptions {
        no_sign: options.no_sign,
        build_once: options.build_once,
        keep_branch: options.keep_branch,
        no_merge_back: options.no_merge_back,
    };
    let (plan, _) = act.planning(options.no_push).finish(ask, &ending)??;
    act.carry_out(plan, front)
}

/// What the acting commands share: the repository, the lock, the run.
struct Act<'a> {
    context: &'a Context,
    repo: Repo,
    /// Absent in a dry run, which writes nothing, not even a lock.
    claim: Option<Claim>,
}

impl<'a> Act<'a> {
    /// Takes the lock before anything is looked at, so that no other release changes what was seen.
    fn begin(context: &'a Context, dry_run: bool) -> Result<Self, Error> {
        let repo = context.repo()?;
        git_write::require_git(&repo.top())?;
        let claim = if dry_run { None } else { Some(claim(&repo)?) };
        Ok(Self { context, repo, claim })
    }

    fn planning(&self, no_push: bool) -> Planning<'_> {
        Planning {
            context: self.context,
            repo: &self.repo,
            contact: !no_push,
            try_key: self.claim.is_some(),
        }
    }

    fn carry_out(&self, plan: Plan, front: &mut dyn Front) -> Result<Acted, Error> {
        let Some(claim) = &self.claim else {
            return Ok(Acted::Planned(plan));
        };
        if !front.confirm(&plan)? {
            return Ok(Acted::Declined);
        }
        let run = self.free_run_id(&plan)?;
        let mut events = |event| front.event(event);
        let mut runner = Runner {
            repo: &self.repo,
            interrupt: &self.context.interrupt,
            events: &mut events,
            _claim: claim,
        };
        let report = runner.start(run, plan);
        Ok(Acted::Done(report.map_err(|error| aftermath(&self.repo, error))?))
    }

    fn free_run_id(&self, plan: &Plan) -> Result<RunId, Error> {
        let moment = moment(plan.started())?.strftime("%Y%m%dT%H%M%SZ").to_string();
        let what = format!("{}-{}", plan.command().as_str(), plan.version());
        let runs = journal::runs(&self.repo.common_dir())?;
        let latest = runs.last().map(|run| &run.id);
        RunId::following(latest, &moment, &what).map_err(|error| Error::new(Kind::Internal, error.to_string()))
    }
}

/// So little is free on a disk only where that is why something failed.
const LITTLE_BYTES: u64 = 1024 * 1024;

/// An error of a release, with the run that it left to be gone on with.
pub(super) fn aftermath(repo: &Repo, error: impl Into<Error>) -> Error {
    let error = cramped(repo, error);
    // Waiting, and what names its own way out, leads on by itself.
    if error.kind == Kind::Locked || error.hints.iter().any(|hint| hint.starts_with("cargo sentinel undo")) {
        return error;
    }
    match journal::unfinished(&repo.common_dir()) {
        Ok(Some(run)) if error.kind != Kind::Interrupted => error.hint(format!(
            "run {run} was left unfinished: cargo sentinel resume, or cargo sentinel undo"
        )),
        Ok(_) => error,
        Err(unread) => error.hint(unread.to_string()),
    }
}

/// An error that names nothing to mend, with the disk that has no room. Programs say why they failed to people alone, so
/// the disks are looked at.
pub(super) fn cramped(repo: &Repo, error: impl Into<Error>) -> Error {
    let error = error.into();
    let cramped = |dir: &PathBuf| fs::free_bytes(dir).is_ok_and(|free| free < LITTLE_BYTES);
    match [repo.common_dir(), fs::scratch_root()].iter().find(|dir| cramped(dir)) {
        Some(dir) if error.hints.is_empty() => error.hint(format!("make room on the disk: df -h '{}'", dir.display())),
        Some(_) | None => error,
    }
}

/// The right to release in this repository.
pub(super) fn claim(repo: &Repo) -> Result<Claim, Error> {
    let claim = runner::claim(repo)?;
    claim.ok_or_else(|| {
        Error::new(Kind::Locked, "another release is running in this repository").hint("cargo sentinel status")
    })
}
