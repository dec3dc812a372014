//! `cut`, `finish`, `tag`: observe under the lock, decide, ask, act.

use std::path::PathBuf;

use super::{Context, Error, Front, Kind, Report, date, moment, rendered_entries};
use crate::core::build::Repeat;
use crate::core::check::Use;
use crate::core::facts::{Ask, Content, Facts};
use crate::core::ids::{Oid, RunId, TagName};
use crate::core::plan::Plan;
use crate::core::plans::cut::{self as plan_cut, Cut, CutRequest};
use crate::core::plans::finish::{self as plan_finish, FinishRequest};
use crate::core::plans::release_text;
use crate::core::plans::tag::{self as plan_tag, Tag, TagRequest};
use crate::engine::journal;
use crate::engine::probe::tag::Candidate;
use crate::engine::probe::{self, Look};
use crate::engine::runner::{self, Claim, Runner};
use crate::engine::verify;
use crate::host::git_read::Repo;
use crate::host::{fs, git_write};

/// What was asked of `cut`.
#[derive(Debug, Clone, Default)]
pub struct CutOptions {
    /// The version as typed, or `auto`.
    pub version: String,
    /// Another source than integration's tip.
    pub from: Option<String>,
    /// Whether nothing is pushed and no remote contacted.
    pub no_push: bool,
    /// Whether the working tree goes to the release branch.
    pub switch: bool,
    /// Whether a version below the derived one will do.
    pub allow_underbump: bool,
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
        from: options.from.clone(),
        ..Ask::default()
    };
    let look = act.look(Use::Cut, ask, !options.no_push)?;
    let facts = act.facts(&look)?;
    let entries = rendered_entries(&facts)?;
    let today = date(facts.now)?;
    let request = CutRequest {
        entries: &entries,
        date: &today,
        switch: options.switch,
    };
    match plan_cut::plan(&facts, &request)? {
        Cut::Already { version, commit } => {
            let branch = facts.policy.release.branch.render(&version);
            Ok(Acted::Already(format!(
                "{branch} is cut already, at {commit}; next: cargo sentinel finish {version}"
            )))
        }
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
        version: options.version.clone(),
        from: options.from.clone(),
        ..Ask::default()
    };
    let look = Look {
        no_sign: options.no_sign,
        ..act.look(Use::Tag, ask, !options.no_push)?
    };
    let mut facts = act.facts(&look)?;
    let entries = complete(&mut facts)?;
    refuse_another_tag(&act.repo, &facts, facts.source.commit)?;
    let request = TagRequest {
        entries: &entries,
        artifacts_dir: act.artifacts_dir(),
        repeat: repeat(options.build_once),
    };
    match plan_tag::plan(&facts, &request)? {
        Tag::Already { name, commit } => Ok(Acted::Already(format!("{name} stands at {commit} already"))),
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
        version: options.version.clone(),
        ..Ask::default()
    };
    let look = Look {
        no_sign: options.no_sign,
        merge_back: !options.no_merge_back,
        ..act.look(Use::Finish, ask, !options.no_push)?
    };
    let mut facts = act.facts(&look)?;
    let entries = complete(&mut facts)?;
    let merged = facts
        .ending
        .as_ref()
        .filter(|ending| ending.merged_already)
        .and_then(|ending| ending.production.tip());
    if let Some(commit) = merged {
        refuse_another_tag(&act.repo, &facts, commit)?;
    }
    let tag = TagRequest {
        entries: &entries,
        artifacts_dir: act.artifacts_dir(),
        repeat: repeat(options.build_once),
    };
    let (plan, _) = plan_finish::plan(
        &facts,
        &FinishRequest {
            tag,
            keep_branch: options.keep_branch,
        },
    )?;
    act.carry_out(plan, front)
}

fn repeat(once: bool) -> Repeat {
    if once { Repeat::Once } else { Repeat::Twice }
}

/// Adds what only this room can know: whether the CHANGELOG is what its generator would write.
fn complete(facts: &mut Facts) -> Result<String, Error> {
    let entries = rendered_entries(facts)?;
    if let Some(content) = &facts.content
        && let Some(version) = content.version().filter(|version| version.pre.is_empty())
        && let Some(text) = &content.changelog
    {
        let today = date(facts.now)?;
        let again = release_text::changelog_text(facts, content, &version, &entries, &today);
        facts.changelog_is_current = again.ok().map(|again| again == *text);
    }
    Ok(entries)
}

/// A tag is never moved, and one that stands where the release goes must be the release's.
fn refuse_another_tag(repo: &Repo, facts: &Facts, commit: Oid) -> Result<(), Error> {
    let Some(version) = facts.content.as_ref().and_then(Content::version) else {
        return Ok(());
    };
    let Ok(name) = facts.policy.release.tag.tag_name(&version) else {
        return Ok(());
    };
    let Some(standing) = facts.refs.get(&name.full()) else {
        return Ok(());
    };
    if standing.peeled != commit {
        let message = format!("cannot tag {name} at {commit}: the tag exists at {}", standing.peeled);
        return Err(Error::new(Kind::Blocked, message).hint(format!(
            "git show {name}, and take the next version: cargo sentinel cut auto"
        )));
    }
    holds(repo, facts, &name, standing.id, commit)
}

fn holds(repo: &Repo, facts: &Facts, name: &TagName, id: Oid, commit: Oid) -> Result<(), Error> {
    let broken = |why: String| {
        Error::new(
            Kind::Critical,
            format!("the tag {name} stands at {commit} and is not this release's: {why}"),
        )
        .hint(format!("cargo sentinel verify {name}"))
    };
    let candidate = Candidate::standing(repo, name.clone(), id)?;
    match verify::fault(repo, &facts.policy, &candidate, facts.policy.release.allow_unsigned)? {
        Some(why) => Err(broken(why)),
        None => Ok(()),
    }
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

    fn look(&self, purpose: Use, ask: Ask, contact: bool) -> Result<Look, Error> {
        Ok(Look {
            purpose,
            ask,
            contact,
            try_key: self.claim.is_some(),
            no_sign: false,
            merge_back: true,
            policy: self.context.named_policy()?,
        })
    }

    /// Observes. What cannot even be looked at may be the doing of a run that was left unfinished.
    fn facts(&self, look: &Look) -> Result<Facts, Error> {
        probe::facts(&self.repo, look).map_err(|error| aftermath(&self.repo, error))
    }

    /// `target/sentinel` of the working tree, or below the git directory of a bare repository.
    fn artifacts_dir(&self) -> PathBuf {
        match self.repo.workdir() {
            Some(top) => top.join("target").join("sentinel"),
            None => self.repo.common_dir().join("sentinel").join("artifacts"),
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
        let runs = journal::runs(&journal::directory(&self.repo.common_dir()))?;
        let latest = runs.last().map(|run| &run.id);
        RunId::following(latest, &moment, &what).map_err(|error| Error::new(Kind::Internal, error.to_string()))
    }
}

/// So little is free on a disk only where that is why something failed.
const LITTLE_BYTES: u64 = 1024 * 1024;

/// An error of a release, with the run that it left to be gone on with.
fn aftermath(repo: &Repo, error: impl Into<Error>) -> Error {
    let error = cramped(repo, error);
    match journal::unfinished(&journal::directory(&repo.common_dir())) {
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
