//! The facade: one file per use case. The command line, and every other front end, enters here.
//!
//! Each use case observes, decides and acts through `engine`, and answers with data; nothing here prints, and nothing
//! below here knows of dry runs or JSON.

mod act;
mod artifact;
mod changelog;
mod ci;
#[cfg(test)]
mod crash_tests;
mod error;
mod gate;
mod hook;
mod hooks;
mod next;
mod planning;
mod recover;
mod status;
mod verify;
mod verify_crate;
mod version;

use std::path::PathBuf;

pub use act::{Acted, CutOptions, FinishOptions, TagOptions, cut, finish, tag};
pub use artifact::{ArtifactAnswer, inspect};
pub use changelog::{ChangelogAnswer, ChangelogOptions, changelog};
pub use ci::{CiAnswer, CiOptions, ci};
pub use error::{Error, Kind};
pub use gate::{GateAnswer, GateOptions, check, verdict};
pub use hook::{HookAnswer, HookCall, follow, hook};
pub use hooks::{HookView, HooksAnswer, InstallOptions, hooks_status, install_hooks, uninstall_hooks};
pub use next::{NextAnswer, NextOptions, next};
pub use recover::{UndoOptions, resume, undo};
pub use status::{Refusal, StatusAnswer, status};
pub use verify::{VerifyAnswer, VerifyOptions, verify};
pub use verify_crate::{CrateAnswer, CrateOptions, verify_crate};
pub use version::{VersionAnswer, version};

pub use crate::engine::runner::{Event, Report, StepOutcome};
pub use crate::host::interrupt::Interrupt;

use crate::core::entries;
use crate::core::facts::Facts;
use crate::core::ids::Oid;
use crate::core::plan::Plan;
use crate::core::policy::Policy;
use crate::engine::probe;
use crate::host;
use crate::host::git_read::Repo;
use crate::notes::Renderer;

/// Where and how a use case runs.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The directory to start from: any place inside the repository.
    pub dir: PathBuf,
    /// The configuration file that was named, relative to `dir`.
    pub config: Option<PathBuf>,
    /// Whether a person asked to stop.
    pub interrupt: Interrupt,
}

impl Context {
    /// A context in the current directory.
    ///
    /// # Errors
    /// When the current directory is gone.
    pub fn here(interrupt: Interrupt) -> Result<Self, Error> {
        let dir = crate::host::env::current_dir().map_err(|error| {
            Error::new(
                Kind::Blocked,
                format!("the current directory cannot be entered: {error}"),
            )
        })?;
        Ok(Self {
            dir,
            config: None,
            interrupt,
        })
    }

    fn repo(&self) -> Result<Repo, Error> {
        Ok(Repo::discover(&self.dir)?)
    }

    /// The configuration that was named, if one was.
    fn named_policy(&self) -> Result<Option<Policy>, Error> {
        let named = self
            .config
            .as_ref()
            .map(|path| probe::settings_named(&self.dir.join(path)));
        Ok(named.transpose()?)
    }

    /// What a reading command goes by: the named configuration, else the working tree's; release tags have the form that is
    /// written there, else the one that they have at `commit`.
    fn policy(&self, repo: &Repo, commit: Oid) -> Result<Policy, Error> {
        Ok(probe::settled(self.written_policy(repo)?, repo, commit)?)
    }

    /// The same where `commit` may not be here, or not with all that it holds: then release tags have the form that is written.
    fn policy_of_tagged(&self, repo: &Repo, commit: Option<Oid>) -> Result<Policy, Error> {
        let written = self.written_policy(repo)?;
        let Some(commit) = commit.filter(|commit| repo.has_object(*commit)) else {
            return Ok(written);
        };
        if !repo.is_commit(commit)? {
            return Ok(written);
        }
        match probe::settled(written.clone(), repo, commit) {
            Err(host::Error::Unsupported { .. }) => Ok(written),
            settled => Ok(settled?),
        }
    }

    fn written_policy(&self, repo: &Repo) -> Result<Policy, Error> {
        match self.named_policy()? {
            Some(policy) => Ok(policy),
            None => Ok(probe::in_working_tree(repo)?),
        }
    }
}

/// Whoever looks on while something is done.
pub trait Front {
    /// Shows the plan and asks whether to go on.
    ///
    /// # Errors
    /// When there is nobody to ask and the plan cannot be taken back.
    fn confirm(&mut self, plan: &Plan) -> Result<bool, Error>;

    /// Tells what happens.
    fn event(&mut self, event: Event);
}

/// Whether the user asked every program for plain text (https://no-color.org).
pub(crate) fn no_color() -> bool {
    crate::host::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The entries that the commits since the last release make, rendered.
fn rendered_entries(facts: &Facts) -> Result<String, Error> {
    let Some(lineage) = facts.lineage.known() else {
        return Ok(String::new());
    };
    let repository = facts
        .content
        .as_ref()
        .and_then(|content| content.workspace.as_ref().ok())
        .and_then(|workspace| workspace.repository.as_deref());
    let entries = entries::entries(&lineage.history, &facts.policy.changelog, repository);
    Ok(Renderer::new()?.section(&entries)?)
}

/// A moment, given in seconds since the Unix epoch. Commits can claim any; a calendar does not reach that far.
fn moment(at: i64) -> Result<jiff::Timestamp, Error> {
    let outside = |_| Error::new(Kind::Blocked, format!("{at} seconds since 1970 are in no calendar")).hint("date");
    jiff::Timestamp::from_second(at).map_err(outside)
}

/// A moment's date in UTC, `YYYY-MM-DD`.
fn date(at: i64) -> Result<String, Error> {
    Ok(moment(at)?.strftime("%Y-%m-%d").to_string())
}
