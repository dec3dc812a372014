//! `resume` and `undo`: what becomes of a run that was interrupted.

use super::act::claim;
use super::{Context, Error, Front, Kind, Report};
use crate::core::ids::RunId;
use crate::engine::journal::{self, Journal};
use crate::engine::runner::{Claim, Runner};
use crate::host::git_read::Repo;
use crate::host::git_write;

/// What was asked of `undo`.
#[derive(Debug, Clone, Default)]
pub struct UndoOptions {
    /// The run; without it, the latest.
    pub run: Option<String>,
    /// Ends the run as it stands and touches nothing: the way out where a person has put things right by hand.
    pub forget: bool,
}

/// Goes on with the run that was left unfinished.
///
/// # Errors
/// `Blocked` where there is none; `Unknown` where somebody else moved what the run was to move.
pub fn resume(context: &Context, run: Option<&str>, front: &mut dyn Front) -> Result<Report, Error> {
    let (repo, claim, journal) = open(context, run, "resume", false)?;
    let mut events = |event| front.event(event);
    let mut runner = Runner {
        repo: &repo,
        interrupt: &context.interrupt,
        events: &mut events,
        _claim: &claim,
    };
    Ok(runner.resume(journal)?)
}

/// Takes back the latest run, or a named one, whether it was left unfinished or ended.
///
/// # Errors
/// `Blocked` where there is none, or it is published; `Unknown` where somebody else moved what it moved.
pub fn undo(context: &Context, options: &UndoOptions, front: &mut dyn Front) -> Result<Report, Error> {
    let (repo, claim, journal) = open(context, options.run.as_deref(), "undo", true)?;
    let mut events = |event| front.event(event);
    let mut runner = Runner {
        repo: &repo,
        interrupt: &context.interrupt,
        events: &mut events,
        _claim: &claim,
    };
    if options.forget {
        return Ok(runner.forget(journal)?);
    }
    Ok(runner.undo(journal)?)
}

fn open(context: &Context, run: Option<&str>, verb: &str, ended_too: bool) -> Result<(Repo, Claim, Journal), Error> {
    let repo = context.repo()?;
    git_write::require_git(&repo.top())?;
    let claim = claim(&repo)?;
    let directory = journal::directory(&repo.common_dir());
    let nothing = || Error::new(Kind::Blocked, format!("there is nothing to {verb}")).hint("cargo sentinel status");
    let run = match run {
        None if ended_too => journal::runs(&directory)?.pop().ok_or_else(nothing)?.0,
        None => journal::unfinished(&directory)?.ok_or_else(nothing)?,
        Some(text) => RunId::new(text).map_err(|error| Error::new(Kind::Blocked, error.to_string()))?,
    };
    let missing = || Error::new(Kind::Blocked, format!("there is no run {run}")).hint("cargo sentinel status");
    let journal = Journal::open(&directory, &run)?.ok_or_else(missing)?;
    match journal.progress().end {
        None => Ok((repo, claim, journal)),
        Some(journal::End::Done) if ended_too => Ok((repo, claim, journal)),
        Some(_) => Err(nothing()),
    }
}
