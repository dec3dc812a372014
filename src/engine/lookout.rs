//! Looks for what somebody else moved, everywhere, before a run touches anything.
//!
//! A run may act only where each ref and path that it is still to move holds its old or its new value. What is found here
//! ends in a refusal that names the command that leads out, with nothing touched.

use super::execute::{self, World};
use super::journal::Journal;
use super::standing::{self, Beyond, Foreign, Standing};
use crate::core::facts::Target;
use crate::core::ids::{Oid, RefName};
use crate::core::plan::{Command, Effect, RefMove, Step, StepId, Undo};
use crate::host::git_write::Move;
use crate::host::{Error, Result, net, worktree};

/// What leads out where a run can neither go on nor be undone: a person puts things right, and the run ends as it stands.
const FORGET: &str = "cargo sentinel undo --forget";
const UNDO: &str = "cargo sentinel undo";

/// Whether a ref is git's own copy of what a remote has: it follows the remote, and whatever it holds is put right by the
/// next fetch.
pub(super) fn is_tracking(name: &RefName) -> bool {
    name.as_str().starts_with("refs/remotes/")
}

/// Whether an open push landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landed {
    Yes,
    No,
}

/// Whether the commit point is on record as done.
pub(super) fn is_committed(journal: &Journal) -> bool {
    let commit_point = journal.plan().steps().get(journal.plan().commit_point());
    commit_point.is_some_and(|step| journal.progress().outcomes.contains_key(&step.id))
}

/// The command that leads out of a run that cannot go on; `landed` names an open step that was found done.
fn way_out(journal: &Journal, landed: Option<&StepId>) -> &'static str {
    let done = |step: &Step| journal.progress().outcomes.contains_key(&step.id) || landed == Some(&step.id);
    let stuck = |step: &&Step| match (&step.effect, &step.undo) {
        // What is published stays. An open push that is not ours is not there to be taken back.
        (_, Undo::Irreversible(_)) => done(step),
        (Effect::Push { .. }, _) if landed == Some(&step.id) => false,
        (Effect::Push { .. }, _) => journal.progress().open_step() == Some(&step.id),
        _ => false,
    };
    if journal.plan().steps().iter().any(|step| stuck(&step)) {
        FORGET
    } else {
        UNDO
    }
}

fn moved(what: impl Into<String>, remedy: &str) -> Error {
    Error::Moved {
        what: what.into(),
        remedy: remedy.to_owned(),
    }
}

fn refs_moved(refs: &[Foreign], remedy: &str) -> Error {
    moved(
        format!("refs were moved by somebody else: {}", standing::listed(refs)),
        remedy,
    )
}

/// Whether the refs of a push that has no outcome arrived. An atomic push moves all or none, so one ref that holds what
/// only this run made, or that somebody went on from, shows that all were moved.
///
/// # Errors
/// `Moved` where others moved what the push was to move.
pub(super) fn landed(world: &World<'_>, journal: &Journal, remote: &str, moves: &[RefMove]) -> Result<Landed> {
    let moves = execute::resolve_moves(journal, moves)?;
    match standing::remote(world, remote, &moves)? {
        Standing::After | Standing::Third { ours: true, .. } => Ok(Landed::Yes),
        Standing::Before => Ok(Landed::No),
        Standing::Between => Err(Error::Unexpected(format!(
            "the remote `{remote}` moved some refs and not others, although the push was atomic"
        ))),
        Standing::Third { refs, ours: false } => match standing::beyond(world, &moves, &refs)? {
            Beyond::Ours => Ok(Landed::Yes),
            Beyond::Other => Err(refs_moved(&refs, way_out(journal, None))),
            Beyond::Unseen if is_reversible(journal) => Err(refs_moved(&refs, &format!("git fetch {remote}"))),
            // The tag would be there, had the push landed.
            Beyond::Unseen => Err(refs_moved(&refs, way_out(journal, None))),
        },
    }
}

fn is_reversible(journal: &Journal) -> bool {
    !journal.plan().is_published()
}

/// Demands that every step without an outcome can still be done, as far as can be seen now; `landed` names an open step
/// that was found done. What an earlier step has yet to make is not known, and its ref must hold the old value.
///
/// # Errors
/// `Moved`, `Held`, or whatever keeps this from being seen.
pub(super) fn ahead(world: &World<'_>, journal: &Journal, landed: Option<&StepId>) -> Result<()> {
    let remedy = way_out(journal, landed);
    for step in journal.plan().steps() {
        if journal.progress().outcomes.contains_key(&step.id) || landed == Some(&step.id) {
            continue;
        }
        match &step.effect {
            Effect::UpdateRefs(moves) => refs_ahead(world, journal, moves, remedy)?,
            Effect::MoveWorktree(moved) => {
                if let Ok(relocation) = execute::relocation(journal, moved) {
                    worktree::look(world.repo, &relocation).map_err(|error| with_remedy(error, remedy))?;
                }
            }
            Effect::Push { remote, .. } => not_released(world, journal, remote)?,
            Effect::WriteObjects(_)
            | Effect::CreateCommit(_)
            | Effect::Build(_)
            | Effect::Attest(_)
            | Effect::CreateTag(_)
            | Effect::RemoveDirectory(_) => {}
        }
    }
    Ok(())
}

/// A third value is the same wherever it lies: the host only says which.
fn with_remedy(error: Error, remedy: &str) -> Error {
    if let Error::Unexpected(what) = error {
        return moved(what, remedy);
    }
    error
}

fn refs_ahead(world: &World<'_>, journal: &Journal, moves: &[RefMove], remedy: &str) -> Result<()> {
    for one in moves.iter().filter(|one| !is_tracking(&one.name)) {
        let resolved = match execute::resolve_moves(journal, std::slice::from_ref(one)) {
            Ok(resolved) => resolved,
            // Nobody can hold what is not made yet.
            Err(_) => vec![Move {
                name: one.name.clone(),
                old: one.old.as_ref().map(|old| execute::resolve(journal, old)).transpose()?,
                new: None,
            }],
        };
        if let Standing::Third { refs, .. } = standing::local(world, &resolved)? {
            return Err(refs_moved(&refs, remedy));
        }
    }
    Ok(())
}

/// A cut whose push has no outcome is not pushed once more where its version was released meanwhile: whoever released it
/// deleted the branch.
fn not_released(world: &World<'_>, journal: &Journal, remote: &str) -> Result<()> {
    match released(world, journal, Some(remote))? {
        None => Ok(()),
        Some(at) => Err(moved(
            format!(
                "{} is released already: {} names {at}",
                journal.plan().version(),
                journal.plan().tag()
            ),
            UNDO,
        )),
    }
}

/// The commit that the tag of a cut's release names, on the remote or here, where the release is, as far as can be seen,
/// the one that was cut. `None` for other commands.
fn released(world: &World<'_>, journal: &Journal, remote: Option<&str>) -> Result<Option<Oid>> {
    let plan = journal.plan();
    let made = execute::resolve(journal, &crate::core::plan::Input::OutputOf(StepId::new("commit")));
    let (Command::Cut, Ok(release)) = (plan.command(), made) else {
        return Ok(None);
    };
    let name = plan.tag().full();
    let mut seen: Vec<Target> = world.repo.refs()?.get(&name).copied().into_iter().collect();
    if let Some(remote) = remote {
        seen.extend(net::list(&world.repo.top(), remote)?.refs.get(&name).copied());
    }
    for tag in seen {
        if !world.repo.has_object(tag.peeled) || standing::descends(world, tag.peeled, release)? {
            return Ok(Some(tag.peeled));
        }
    }
    Ok(None)
}

/// Demands that what a run cut is not released: undoing it would take the branch of a release away.
///
/// # Errors
/// `Published`, naming the tag.
pub(super) fn unreleased(world: &World<'_>, journal: &Journal) -> Result<()> {
    let pushed_to = journal.plan().steps().iter().find_map(|step| {
        if let Effect::Push { remote, .. } = &step.effect {
            Some(remote.as_str())
        } else {
            None
        }
    });
    if !is_committed(journal) {
        return Ok(());
    }
    match released(world, journal, pushed_to)? {
        None => Ok(()),
        Some(at) => Err(Error::Published {
            version: journal.plan().version().to_string(),
            tag: journal.plan().tag().to_string(),
            at: at.to_string(),
            open: journal.progress().end.is_none(),
        }),
    }
}

/// The effects that undo a run, last step first, of those that have something to undo. A step that is known to have been
/// `refused` by the remote has not.
///
/// # Errors
/// `Moved` where anything that is to be put back holds a third value.
pub(super) fn back(
    world: &World<'_>,
    journal: &Journal,
    refused: Option<&StepId>,
) -> Result<Vec<(StepId, Vec<Effect>)>> {
    let mut due = Vec::new();
    let begun = |step: &&Step| journal.progress().begun.contains(&step.id);
    for step in journal.plan().steps().iter().filter(begun).rev() {
        let mut effects = Vec::new();
        if let Undo::Effects(all) = &step.undo
            && refused != Some(&step.id)
        {
            for effect in all {
                if is_due(world, journal, effect)? {
                    effects.push(effect.clone());
                }
            }
        }
        due.push((step.id.clone(), effects));
    }
    Ok(due)
}

fn is_due(world: &World<'_>, journal: &Journal, effect: &Effect) -> Result<bool> {
    match effect {
        Effect::Push { remote, moves } => {
            // A step that was begun before its inputs existed has pushed nothing.
            let Ok(moves) = execute::resolve_moves(journal, moves) else {
                return Ok(false);
            };
            match standing::remote_at_rest(world, remote, &moves)? {
                // The reverse of a move: "after" is where the refs stood before the run.
                Standing::After => Ok(false),
                Standing::Third { refs, .. } => Err(moved(
                    format!(
                        "refs of `{remote}` were moved by somebody else: {}",
                        standing::listed(&refs)
                    ),
                    FORGET,
                )),
                Standing::Before | Standing::Between => Ok(true),
            }
        }
        Effect::UpdateRefs(moves) => {
            let Ok(resolved) = execute::resolve_moves(journal, moves) else {
                return Ok(false);
            };
            let own: Vec<Move> = resolved.into_iter().filter(|one| !is_tracking(&one.name)).collect();
            match standing::local(world, &own)? {
                Standing::Third { refs, .. } => Err(refs_moved(&refs, FORGET)),
                Standing::Before | Standing::After | Standing::Between => Ok(true),
            }
        }
        Effect::MoveWorktree(moved) => {
            let relocation = execute::relocation(journal, moved)?;
            worktree::look(world.repo, &relocation).map_err(|error| with_remedy(error, FORGET))?;
            Ok(true)
        }
        Effect::WriteObjects(_)
        | Effect::CreateCommit(_)
        | Effect::Build(_)
        | Effect::Attest(_)
        | Effect::CreateTag(_)
        | Effect::RemoveDirectory(_) => Ok(true),
    }
}
