//! `resume` and `undo`: what becomes of a run that was interrupted.

use super::act::{aftermath, claim, cramped};
use super::{Context, Error, Front, Kind, Report};
use crate::core::ids::RunId;
use crate::engine::journal::{self, End, Journal, Places, Unjudged};
use crate::engine::judge::{self, Purpose, judge};
use crate::engine::runner::{Claim, Runner};
use crate::host::git_read::Repo;
use crate::host::git_write;

/// What was asked of `undo`.
#[derive(Debug, Clone, Default)]
pub struct UndoOptions {
    /// The run; without it, the one that was left unfinished, else the latest if nothing of it was pushed.
    pub run: Option<String>,
    /// Ends the run as it stands and touches nothing: the way out where a person has put things right by hand.
    pub forget: bool,
}

/// Goes on with the run that was left unfinished.
///
/// # Errors
/// `Blocked` where there is none; `Unknown` where somebody else moved what the run was to move.
pub fn resume(context: &Context, run: Option<&str>, front: &mut dyn Front) -> Result<Report, Error> {
    let (repo, claim) = begin(context)?;
    let journal = find(&repo, run, "resume")?;
    if journal.progress().end.is_some() {
        return Err(nothing("resume"));
    }
    let mut events = |event| front.event(event);
    let mut runner = Runner {
        repo: &repo,
        interrupt: &context.interrupt,
        events: &mut events,
        _claim: &claim,
    };
    let named = context.named_policy()?;
    let journal = judge(&repo, journal, Purpose::Resume(named.as_ref()))?;
    runner.resume(journal).map_err(|error| aftermath(&repo, error))
}

/// Takes a run back: the named one, else the unfinished one, else the latest if nothing of it was pushed. What others
/// may have seen is taken back only by its name.
///
/// # Errors
/// `Blocked` where there is none, or it is published; `Unknown` where somebody else moved what it moved.
pub fn undo(context: &Context, options: &UndoOptions, front: &mut dyn Front) -> Result<Report, Error> {
    let (repo, claim) = begin(context)?;
    let journal = find(&repo, options.run.as_deref(), "undo")?;
    one_at_a_time(&repo, &journal)?;
    let ended = match journal.progress().end {
        None => false,
        Some(End::Done) => true,
        Some(End::Withdrawn) => return Ok(Report::of(&judge::forgotten(journal))),
        Some(End::Undone | End::Forgotten) => return Err(nothing("undo")),
    };
    if ended && options.run.is_none() && journal.plan().is_pushed() {
        let error = nothing("undo");
        return Err(if journal.plan().is_published() {
            error
        } else {
            error.hint(format!(
                "the latest run is done and was pushed; by its name: cargo sentinel undo {}",
                journal.run()
            ))
        });
    }
    let mut events = |event| front.event(event);
    let mut runner = Runner {
        repo: &repo,
        interrupt: &context.interrupt,
        events: &mut events,
        _claim: &claim,
    };
    if options.forget {
        return Ok(runner.forget(judge::forgotten(journal))?);
    }
    let journal = judge(&repo, journal, Purpose::Undo)?;
    runner.undo(journal).map_err(|error| cramped(&repo, error))
}

fn begin(context: &Context) -> Result<(Repo, Claim), Error> {
    let repo = context.repo()?;
    git_write::require_git(&repo.top())?;
    let claim = claim(&repo)?;
    Ok((repo, claim))
}

/// A finished run is not undone below one that was left unfinished.
fn one_at_a_time(repo: &Repo, journal: &Unjudged) -> Result<(), Error> {
    match journal::unfinished(&repo.common_dir())? {
        Some(open) if open != *journal.run() => Err(Error::new(
            Kind::Blocked,
            format!("run {open} was left unfinished, and comes first"),
        )
        .hint("cargo sentinel resume, or cargo sentinel undo")),
        Some(_) | None => Ok(()),
    }
}

fn nothing(verb: &str) -> Error {
    Error::new(Kind::Blocked, format!("there is nothing to {verb}")).hint("cargo sentinel status")
}

/// The journal of the named run, else of the unfinished one, else of the latest that stands.
fn find(repo: &Repo, run: Option<&str>, verb: &str) -> Result<Unjudged, Error> {
    let directory = repo.common_dir();
    let run = match run {
        Some(text) => RunId::new(text).map_err(|error| Error::new(Kind::Blocked, error.to_string()))?,
        None => match journal::unfinished(&directory)? {
            Some(run) => run,
            // A release that failed says that nothing is left of it, and whoever undoes it all the same is told once more.
            None => match journal::withdrawn(&directory)? {
                Some(run) => run,
                None => journal::latest_done(&directory)?.ok_or_else(|| nothing(verb))?,
            },
        },
    };
    let missing = || Error::new(Kind::Blocked, format!("there is no run {run}")).hint("cargo sentinel status");
    Journal::open(&Places::of(repo)?, &run)?.ok_or_else(missing)
}
