//! Where refs stand between their old and their new values, on the remote and here.
//!
//! The one judge of what an interruption left: nothing else compares refs with a plan. Decides nothing about steps.

use std::collections::BTreeMap;
use std::time::Duration;

use super::execute::World;
use crate::core::facts::Refs;
use crate::core::ids::{Oid, RefName};
use crate::host::git_write::Move;
use crate::host::{Error, Result, clock, history, net};

/// A ref that holds neither its old nor its new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    name: RefName,
    held: Option<Oid>,
    expected: Option<Oid>,
}

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let says = |id: Option<Oid>| id.map_or("nothing".to_owned(), |id| id.to_string());
        write!(
            f,
            "{} holds {}, expected {}",
            self.name,
            says(self.held),
            says(self.expected)
        )
    }
}

/// Several of them, for people.
pub(super) fn listed(foreign: &[Foreign]) -> String {
    foreign.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Where refs stand between their old and their new values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// None has its new value, and none a third.
    Before,
    /// All have their new values.
    After,
    /// Some have moved, the others not.
    Between,
    /// These hold a value that is neither; `ours` says whether any other holds a value that only this run gave it.
    Third { refs: Vec<Foreign>, ours: bool },
}

/// Compares what refs hold with where they were to move.
///
/// A ref that is gone where it was to be deleted shows nothing by itself: anybody may have deleted it.
pub(super) fn standing(moves: &[Move], holds: &BTreeMap<RefName, Oid>) -> Standing {
    let (mut old, mut new, mut ours, mut third) = (0, 0, false, Vec::new());
    for moved in moves {
        let held = holds.get(&moved.name).copied();
        if held == moved.new {
            new += 1;
            ours |= held.is_some();
        } else if held == moved.old {
            old += 1;
        } else {
            third.push(foreign(moved, held));
        }
    }
    match (old, new, third.is_empty()) {
        (_, _, false) => Standing::Third { refs: third, ours },
        (_, 0, true) => Standing::Before,
        (0, _, true) => Standing::After,
        (_, _, true) => Standing::Between,
    }
}

fn foreign(moved: &Move, held: Option<Oid>) -> Foreign {
    Foreign {
        name: moved.name.clone(),
        held,
        expected: moved.old,
    }
}

/// The refs that are gone although nothing else of an atomic push has moved: somebody else deleted them. Empty where
/// anything moved that only this run moves.
fn deleted_by_others(moves: &[Move], holds: &BTreeMap<RefName, Oid>) -> Vec<Foreign> {
    let moved = |moved: &&Move| holds.get(&moved.name).copied() == moved.new;
    if moves.iter().any(|one| one.new.is_some() && moved(&one)) {
        return Vec::new();
    }
    let gone = moves.iter().filter(|one| one.new.is_none()).filter(moved);
    gone.map(|one| foreign(one, None)).collect()
}

/// How often a remote that has not come to rest is asked again, and after which pause.
const SETTLING: (u32, Duration) = (40, Duration::from_millis(250));

/// What the remote's refs hold now.
///
/// A server outlives the client that was killed, and moves the refs of one push one by one: while some have moved and
/// others not, it is asked again, for ten seconds. Where nothing but deletions has happened by then, they were not ours.
pub(super) fn remote(world: &World<'_>, remote: &str, moves: &[Move]) -> Result<Standing> {
    let (tries, pause) = SETTLING;
    let mut holds = BTreeMap::new();
    for _ in 0..tries {
        holds = remote_values(world, remote)?;
        match standing(moves, &holds) {
            Standing::Between => clock::pause(pause),
            settled @ (Standing::Before | Standing::After | Standing::Third { .. }) => return Ok(settled),
        }
    }
    let refs = deleted_by_others(moves, &holds);
    Ok(if refs.is_empty() {
        Standing::Between
    } else {
        Standing::Third { refs, ours: false }
    })
}

fn remote_values(world: &World<'_>, remote: &str) -> Result<BTreeMap<RefName, Oid>> {
    let silent = |error: Error| Error::Silent {
        remote: remote.to_owned(),
        why: error.to_string(),
    };
    let listed: Refs = net::list(&world.repo.top(), remote).map_err(silent)?.refs;
    Ok(listed.into_iter().map(|(name, target)| (name, target.id)).collect())
}

/// What the remote's refs hold once a push that was cut off can no longer be under way: asked twice, with a pause. The
/// protocol has no way to ask a server whether it is still at work.
pub(super) fn remote_at_rest(world: &World<'_>, name: &str, moves: &[Move]) -> Result<Standing> {
    let (tries, pause) = SETTLING;
    let mut last = remote(world, name, moves)?;
    for _ in 0..tries {
        clock::pause(pause);
        let now = remote(world, name, moves)?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

/// What the local refs hold now.
pub(super) fn local(world: &World<'_>, moves: &[Move]) -> Result<Standing> {
    Ok(standing(moves, &local_values(world, moves)?))
}

/// The values of local refs.
pub(super) fn local_values(world: &World<'_>, moves: &[Move]) -> Result<BTreeMap<RefName, Oid>> {
    let mut holds = BTreeMap::new();
    for moved in moves {
        if let Some(id) = world.repo.find_ref(&moved.name)? {
            holds.insert(moved.name.clone(), id);
        }
    }
    Ok(holds)
}

/// What becomes of a value that is neither old nor new, seen from the value that this run gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// Somebody went on from ours: it was there.
    Ours,
    /// It has nothing to do with ours, or there is nothing.
    Other,
    /// It cannot be told: the commit is not here.
    Unseen,
}

/// Looks at what the refs in `foreign` hold, against the values that `moves` give them.
pub(super) fn beyond(world: &World<'_>, moves: &[Move], foreign: &[Foreign]) -> Result<Beyond> {
    let mut verdict = Beyond::Other;
    for one in foreign {
        let new = moves
            .iter()
            .find(|moved| moved.name == one.name)
            .and_then(|moved| moved.new);
        let (Some(new), Some(held)) = (new, one.held) else {
            continue;
        };
        if !world.repo.has_object(held) {
            verdict = Beyond::Unseen;
        } else if descends(world, held, new)? {
            return Ok(Beyond::Ours);
        }
    }
    Ok(verdict)
}

/// Whether a commit has another among its ancestors; a tag object has none.
pub(super) fn descends(world: &World<'_>, tip: Oid, ancestor: Oid) -> Result<bool> {
    let commits = world.repo.is_commit(tip)? && world.repo.has_object(ancestor) && world.repo.is_commit(ancestor)?;
    Ok(commits && history::merge_bases(world.repo, tip, ancestor)?.contains(&ancestor))
}
