//! Carrying out one effect: the only `match` on what a step does.

use std::collections::BTreeMap;
use std::time::Duration;

use super::journal::{Attested, Journal, Made, Record};
use super::probe::tag::Candidate;
use super::{artifacts, attest, verify};
use crate::core::binding::{self, Artifact, Binding};
use crate::core::facts::Refs;
use crate::core::ids::{Oid, RefName};
use crate::core::plan::{Effect, HeadAt, Input, NewCommit, NewTag, RefMove, StepId, WorktreeMove};
use crate::core::tree;
use crate::host::git_read::Repo;
use crate::host::git_write::{self, Move};
use crate::host::interrupt::Interrupt;
use crate::host::sign::Signer;
use crate::host::tree_digest::TreeDigests;
use crate::host::worktree::{self, HeadValue, Relocation};
use crate::host::{Error, Result, clock, fs, net};

/// The world, as an effect reaches it.
pub(super) struct World<'a> {
    pub(super) repo: &'a Repo,
    pub(super) interrupt: &'a Interrupt,
}

/// Does what the effect says and gives what it made. Effects that find their work done already do nothing.
pub(super) fn execute(world: &World<'_>, journal: &mut Journal, effect: &Effect) -> Result<Made> {
    match effect {
        Effect::WriteObjects(objects) => {
            let common = world.repo.common_dir();
            git_write::write_objects(&common, &common.join("sentinel").join("objects"), objects)?;
            Ok(Made::Nothing)
        }
        Effect::CreateCommit(commit) => create_commit(world, journal, commit).map(Made::Object),
        Effect::Build(build) => {
            let commit = resolve(journal, &build.commit)?;
            artifacts::build(world.repo, commit, build, journal, world.interrupt).map(Made::Built)
        }
        Effect::Attest(statement) => attest::attest(world, journal, statement).map(Made::Attested),
        Effect::CreateTag(tag) => create_tag(world, journal, tag).map(Made::Object),
        Effect::Push { remote, moves } => {
            let moves = resolve_moves(journal, moves)?;
            push(world, journal, remote, &moves)?;
            Ok(Made::Nothing)
        }
        Effect::UpdateRefs(moves) => {
            let moves = resolve_moves(journal, moves)?;
            update_refs(world, journal, &moves)?;
            Ok(Made::Nothing)
        }
        Effect::MoveWorktree(moved) => {
            move_worktree(world, journal, moved)?;
            Ok(Made::Nothing)
        }
        Effect::RemoveDirectory(path) => {
            fs::remove_dir(path)?;
            Ok(Made::Nothing)
        }
    }
}

/// The object behind an input.
pub(super) fn resolve(journal: &Journal, input: &Input) -> Result<Oid> {
    match input {
        Input::Literal(id) => Ok(*id),
        Input::OutputOf(step) => match journal.progress().outcomes.get(step) {
            Some(Made::Object(id)) => Ok(*id),
            Some(Made::Nothing | Made::Built(_) | Made::Attested(_)) | None => Err(missing(step)),
        },
    }
}

fn missing(step: &StepId) -> Error {
    Error::Unexpected(format!("step `{step}` has not made what a later step needs"))
}

/// Ref moves with their ids known.
pub(super) fn resolve_moves(journal: &Journal, moves: &[RefMove]) -> Result<Vec<Move>> {
    let known = |input: &Option<Input>| input.as_ref().map(|input| resolve(journal, input)).transpose();
    moves
        .iter()
        .map(|moved| {
            Ok(Move {
                name: moved.name.clone(),
                old: known(&moved.old)?,
                new: known(&moved.new)?,
            })
        })
        .collect()
}

fn create_commit(world: &World<'_>, journal: &Journal, commit: &NewCommit) -> Result<Oid> {
    let parents = commit
        .parents
        .iter()
        .map(|parent| resolve(journal, parent))
        .collect::<Result<Vec<_>>>()?;
    let bytes = |signature: Option<&[u8]>| {
        let spec = tree::CommitSpec {
            tree: commit.tree,
            parents: &parents,
            author: &commit.author,
            committer: &commit.committer,
            message: &commit.message,
            signature,
        };
        tree::commit(&spec).map_err(|error| Error::Unexpected(format!("the commit cannot be made: {error}")))
    };
    let object = if commit.signed {
        let signature = Signer::configured(world.repo)?.sign(&bytes(None)?)?;
        bytes(Some(&signature))?
    } else {
        bytes(None)?
    };
    git_write::write_object(&world.repo.top(), gix::objs::Kind::Commit, &object)
}

/// The artifacts that a tag names, and the statement about them.
fn bound<'j>(journal: &'j Journal, tag: &NewTag) -> Result<(Vec<Artifact>, Option<&'j Attested>)> {
    let made = |step: &StepId| journal.progress().outcomes.get(step);
    let artifacts = match &tag.artifacts {
        None => Vec::new(),
        Some(step) => match made(step) {
            Some(Made::Built(built)) => built.artifacts.clone(),
            Some(Made::Nothing | Made::Object(_) | Made::Attested(_)) | None => return Err(missing(step)),
        },
    };
    let provenance = match &tag.provenance {
        None => None,
        Some(step) => match made(step) {
            Some(Made::Attested(attested)) => Some(attested),
            Some(Made::Nothing | Made::Object(_) | Made::Built(_)) | None => return Err(missing(step)),
        },
    };
    Ok((artifacts, provenance))
}

/// Whether the tag object on record names the artifacts and the statement on record.
pub(super) fn names_what_was_made(repo: &Repo, journal: &Journal, tag: &NewTag, id: Oid) -> Result<bool> {
    let (artifacts, provenance) = bound(journal, tag)?;
    let (_, object) = repo.object(id)?;
    let digest = provenance.map(|attested| attested.digest);
    Ok(binding::parse(&object).is_ok_and(|tag| tag.binding.artifacts == artifacts && tag.binding.provenance == digest))
}

fn create_tag(world: &World<'_>, journal: &Journal, tag: &NewTag) -> Result<Oid> {
    let commit = resolve(journal, &tag.commit)?;
    let (artifacts, provenance) = bound(journal, tag)?;
    let binding = Binding {
        version: tag.version.clone(),
        commit,
        tree: TreeDigests::default().of(world.repo, world.repo.tree_of(commit)?)?.id,
        artifacts,
        provenance: provenance.map(|attested| attested.digest),
    };
    let wrong =
        |error: binding::BindingError| Error::Unexpected(format!("the tag {} cannot be made: {error}", tag.name));
    let message = binding::message(&tag.title, &tag.notes, &binding).map_err(wrong)?;
    let mut object = binding::object(&tag.name, commit, &tag.tagger, &message);
    if tag.signed {
        let signature = Signer::configured(world.repo)?.sign(&object)?;
        if let Some(attested) = provenance {
            attest::same_key(&attested.envelope, &signature)?;
        }
        object.extend_from_slice(&signature);
    }
    let policy = verify::policy_of(world.repo, commit, tag.signers_from.as_ref())?;
    let candidate = Candidate::made(tag.name.clone(), object.clone());
    if let Some(why) = verify::fault(world.repo, &policy, &candidate, !tag.signed)? {
        let tag = tag.name.to_string();
        return Err(Error::Unverified { tag, why });
    }
    git_write::write_object(&world.repo.top(), gix::objs::Kind::Tag, &object)
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
    /// These hold a value that is neither; `ours` says whether any other holds its new value.
    Third { refs: Vec<String>, ours: bool },
}

/// Compares what refs hold with where they were to move.
pub(super) fn standing(moves: &[Move], holds: &BTreeMap<RefName, Oid>) -> Standing {
    let (mut old, mut new, mut third) = (0, 0, Vec::new());
    for moved in moves {
        let held = holds.get(&moved.name).copied();
        if held == moved.new {
            new += 1;
        } else if held == moved.old {
            old += 1;
        } else {
            let says = held.map_or("nothing".to_owned(), |id| id.to_string());
            let expected = moved.old.map_or("nothing".to_owned(), |id| id.to_string());
            third.push(format!("{} holds {says}, expected {expected}", moved.name));
        }
    }
    match (old, new, third.is_empty()) {
        (_, _, false) => Standing::Third {
            refs: third,
            ours: new > 0,
        },
        (_, 0, true) => Standing::Before,
        (0, _, true) => Standing::After,
        (_, _, true) => Standing::Between,
    }
}

/// How often a remote that has not come to rest is asked again, and after which pause.
const SETTLING: (u32, Duration) = (40, Duration::from_millis(250));

/// What the remote's refs hold now.
///
/// A server outlives the client that was killed, and moves the refs of one push one by one: while some have moved and
/// others not, it is asked again, for ten seconds.
pub(super) fn remote_standing(world: &World<'_>, remote: &str, moves: &[Move]) -> Result<Standing> {
    let (tries, pause) = SETTLING;
    for _ in 0..tries {
        let silent = |error: Error| Error::Silent {
            remote: remote.to_owned(),
            why: error.to_string(),
        };
        let listed: Refs = net::list(&world.repo.top(), remote).map_err(silent)?.refs;
        let holds = listed.into_iter().map(|(name, target)| (name, target.id)).collect();
        match standing(moves, &holds) {
            Standing::Between => clock::pause(pause),
            settled @ (Standing::Before | Standing::After | Standing::Third { .. }) => return Ok(settled),
        }
    }
    Ok(Standing::Between)
}

/// What the remote's refs hold once a push that was cut off can no longer be under way: asked twice, with a pause. The
/// protocol has no way to ask a server whether it is still at work.
pub(super) fn remote_standing_at_rest(world: &World<'_>, remote: &str, moves: &[Move]) -> Result<Standing> {
    let (tries, pause) = SETTLING;
    let mut last = remote_standing(world, remote, moves)?;
    for _ in 0..tries {
        clock::pause(pause);
        let now = remote_standing(world, remote, moves)?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

/// What the local refs hold now.
pub(super) fn local_standing(world: &World<'_>, moves: &[Move]) -> Result<Standing> {
    Ok(standing(moves, &local_values(world, moves)?))
}

fn local_values(world: &World<'_>, moves: &[Move]) -> Result<BTreeMap<RefName, Oid>> {
    let mut holds = BTreeMap::new();
    for moved in moves {
        if let Some(id) = world.repo.find_ref(&moved.name)? {
            holds.insert(moved.name.clone(), id);
        }
    }
    Ok(holds)
}

/// Pushes. Whether it landed is read off the remote, never off what git said: a connection can break after the refs moved.
fn push(world: &World<'_>, journal: &mut Journal, remote: &str, moves: &[Move]) -> Result<()> {
    let pushed = git_write::push(&world.repo.top(), remote, moves, &mut |child| {
        journal.record(Record::Child(child))
    });
    let Err(error) = pushed else { return Ok(()) };
    let stderr = if let Error::Failed { stderr, .. } = &error {
        stderr.clone()
    } else if matches!(error, Error::TimedOut { .. }) {
        error.to_string()
    } else {
        return Err(error);
    };
    let refused = |moved: Vec<String>| Error::Refused {
        remote: remote.to_owned(),
        moved,
        stderr: stderr.clone(),
    };
    match remote_standing(world, remote, moves) {
        Ok(Standing::After) => Ok(()),
        Ok(Standing::Before) => Err(refused(Vec::new())),
        Ok(Standing::Third { refs, ours: false }) => Err(refused(refs)),
        Ok(Standing::Third { refs, ours: true }) => Err(Error::Unexpected(refs.join("; "))),
        Ok(Standing::Between) => Err(Error::Unexpected(format!(
            "the remote `{remote}` moved some refs and not others, although the push was atomic"
        ))),
        Err(unseen) => Err(Error::Unexpected(format!(
            "the push to `{remote}` failed, and what arrived is not known: {unseen}\n{stderr}"
        ))),
    }
}

fn update_refs(world: &World<'_>, journal: &mut Journal, moves: &[Move]) -> Result<()> {
    let holds = local_values(world, moves)?;
    if let Standing::Third { refs, .. } = standing(moves, &holds) {
        return Err(Error::Unexpected(format!(
            "refs were moved by somebody else: {}",
            refs.join("; ")
        )));
    }
    let due: Vec<Move> = moves
        .iter()
        .filter(|moved| holds.get(&moved.name).copied() != moved.new)
        .cloned()
        .collect();
    if due.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "cargo-sentinel: {} {}",
        journal.plan().command().as_str(),
        journal.plan().version()
    );
    git_write::update_refs(&world.repo.top(), &due, &reason, &mut |child| {
        journal.record(Record::Child(child))
    })
}

fn move_worktree(world: &World<'_>, journal: &mut Journal, moved: &WorktreeMove) -> Result<()> {
    let head = |head: &HeadAt| {
        Ok(match head {
            HeadAt::Branch(name) => HeadValue::Branch(name.clone()),
            HeadAt::Detached(input) => HeadValue::Detached(resolve(journal, input)?),
        })
    };
    let relocation = Relocation {
        path: &moved.path,
        head: (head(&moved.head.0)?, head(&moved.head.1)?),
        commit: (resolve(journal, &moved.commit.0)?, resolve(journal, &moved.commit.1)?),
        reason: "cargo-sentinel: follow the release",
    };
    worktree::relocate(world.repo, &relocation, &mut |child| {
        journal.record(Record::Child(child))
    })
}
