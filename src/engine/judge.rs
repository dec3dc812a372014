//! Judges a journal that was read from the disk, before anything runs, writes or deletes on its behalf.
//!
//! A journal is data. Whatever it says is held against what the plan of its command could contain, in this repository, with
//! this configuration: `Unjudged` opens for nobody else.

use super::journal::{Journal, Made, Unjudged};
use super::probe::{self, ProbeError};
use crate::core::build::{Build, NewArtifact};
use crate::core::ids::Oid;
use crate::core::plan::{Command, Effect, Input, Plan, RefMove, Step};
use crate::core::plans::tag::artifacts;
use crate::core::policy::Policy;
use crate::host::git_read::Repo;
use crate::host::{Error, Result};

/// The steps that the plan of a command can have, worktrees aside.
fn steps_of(command: Command) -> &'static [&'static str] {
    match command {
        Command::Cut => &["objects", "commit", "push", "refs"],
        Command::Finish => &[
            "merge",
            "build",
            "provenance",
            "tag",
            "objects",
            "merge-back",
            "push",
            "refs",
        ],
        Command::Tag => &["build", "provenance", "tag", "push", "refs"],
    }
}

/// Lets a journal through whose plan its command could have made here.
///
/// # Errors
/// `Journal`, naming the run and what is wrong with it; nothing was done.
pub(crate) fn judge(repo: &Repo, journal: Unjudged, purpose: Purpose<'_>) -> std::result::Result<Journal, ProbeError> {
    let plan = journal.plan();
    for step in plan.steps() {
        shape(repo, plan, step).map_err(|why| improper(&journal, &why))?;
        let Effect::Build(build) = &step.effect else { continue };
        let Purpose::Resume(named) = purpose else { continue };
        let commit = source(repo, &journal, build)?;
        if build.artifacts != recipes(repo, plan, commit, named)? {
            let why = format!("it builds what the configuration of {commit} does not name");
            return Err(improper(&journal, &why).into());
        }
    }
    Ok(journal.admit())
}

/// What a journal is wanted for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'p> {
    /// To go on, and build what the named configuration, else the commit's, says.
    Resume(Option<&'p Policy>),
    /// To undo, where nothing is built.
    Undo,
}

/// Lets a journal through to be ended as it stands: of its plan nothing is carried out.
pub(crate) fn forgotten(journal: Unjudged) -> Journal {
    journal.admit()
}

fn improper(journal: &Unjudged, why: &str) -> Error {
    Error::Journal {
        what: format!("run {} is refused: {why}", journal.run()),
        remedy: "cargo sentinel undo --forget".to_owned(),
    }
}

fn shape(repo: &Repo, plan: &Plan, step: &Step) -> std::result::Result<(), String> {
    let id = step.id.as_str();
    let known = steps_of(plan.command()).contains(&id) || id.starts_with("worktree-");
    if !known {
        return Err(format!("`{}` has no step `{id}`", plan.command().as_str()));
    }
    match &step.effect {
        Effect::WriteObjects(_) if id == "objects" => Ok(()),
        Effect::CreateCommit(_) if matches!(id, "commit" | "merge" | "merge-back") => Ok(()),
        Effect::Build(build) if id == "build" => builds(plan, build),
        Effect::Attest(statement) if id == "provenance" => is_the_release(plan, statement.tag.as_str()),
        Effect::CreateTag(tag) if id == "tag" && tag.version == *plan.version() => {
            is_the_release(plan, tag.name.as_str())
        }
        Effect::Push { remote, moves } if id == "push" => {
            let configured = repo.remotes();
            if !configured.contains(remote) {
                return Err(format!("`{remote}` is not a remote of this repository"));
            }
            refs(moves, &["refs/heads/", "refs/tags/"])
        }
        Effect::UpdateRefs(moves) if id == "refs" => refs(moves, &["refs/heads/", "refs/tags/", "refs/remotes/"]),
        Effect::MoveWorktree(_) if id.starts_with("worktree-") => Ok(()),
        Effect::WriteObjects(_)
        | Effect::CreateCommit(_)
        | Effect::Build(_)
        | Effect::Attest(_)
        | Effect::CreateTag(_)
        | Effect::Push { .. }
        | Effect::UpdateRefs(_)
        | Effect::MoveWorktree(_)
        | Effect::RemoveDirectory(_) => Err(format!("step `{id}` does something else than its name says")),
    }
}

fn is_the_release(plan: &Plan, tag: &str) -> std::result::Result<(), String> {
    if tag == plan.tag().as_str() {
        Ok(())
    } else {
        Err(format!("it releases {}, and makes the tag {tag}", plan.version()))
    }
}

/// A build goes where the artifacts of its own release lie.
fn builds(plan: &Plan, build: &Build) -> std::result::Result<(), String> {
    if build.destination.ends_with(plan.tag().as_str()) {
        Ok(())
    } else {
        Err(format!("it builds into `{}`", build.destination.display()))
    }
}

fn refs(moves: &[RefMove], spaces: &[&str]) -> std::result::Result<(), String> {
    let known = |moved: &&RefMove| spaces.iter().any(|space| moved.name.as_str().starts_with(space));
    match moves.iter().find(|moved| !known(moved)) {
        None => Ok(()),
        Some(moved) => Err(format!("it moves {}", moved.name)),
    }
}

/// The commit whose configuration says what is built: the one that is built, or, before the merge is made, the release's
/// tip, whose tree the merge has.
fn source(repo: &Repo, journal: &Unjudged, build: &Build) -> Result<Oid> {
    let step = match &build.commit {
        Input::Literal(id) => return Ok(*id),
        Input::OutputOf(step) => step,
    };
    let planned = journal.plan().steps().iter().find(|known| known.id == *step);
    let made = match journal.progress().outcomes.get(step) {
        Some(Made::Object(id)) => Some(*id),
        Some(Made::Nothing | Made::Built(_) | Made::Attested(_)) | None => None,
    };
    if let Some(Effect::CreateCommit(commit)) = planned.map(|step| &step.effect) {
        let parents = commit.parents.iter().filter_map(|parent| match parent {
            Input::Literal(id) => Some(*id),
            Input::OutputOf(_) => None,
        });
        let candidates: Vec<Oid> = match made.filter(|id| repo.has_object(*id)) {
            Some(id) => vec![id],
            None => parents.collect(),
        };
        for id in candidates {
            if repo.tree_of(id)? == commit.tree {
                return Ok(id);
            }
        }
    }
    Err(improper(journal, "it builds another tree than its release has"))
}

fn recipes(
    repo: &Repo,
    plan: &Plan,
    commit: Oid,
    named: Option<&Policy>,
) -> std::result::Result<Vec<NewArtifact>, ProbeError> {
    let policy = match named {
        Some(policy) => policy.clone(),
        None => probe::at_commit(repo, commit)?,
    };
    let content = probe::content(repo, commit, &policy)?;
    Ok(artifacts(&policy, &content, plan.version()))
}
