//! Carrying out one effect: the only `match` on what a step does.

use super::journal::{Attested, Journal, Made, Record};
use super::lookout::is_tracking;
use super::probe::tag::Candidate;
use super::shelf::Shelf;
use super::standing::{self, Standing};
use super::{artifacts, attest, verify};
use crate::core::binding::{self, Artifact, Binding};
use crate::core::ids::Oid;
use crate::core::plan::{Effect, HeadAt, Input, NewCommit, NewTag, RefMove, StepId, WorktreeMove};
use crate::core::tree;
use crate::host::git_read::Repo;
use crate::host::git_write::{self, Move};
use crate::host::index_lock::IndexMark;
use crate::host::interrupt::Interrupt;
use crate::host::sign::Signer;
use crate::host::tree_digest::TreeDigests;
use crate::host::worktree::{self, HeadValue, Relocation};
use crate::host::{Error, Result};

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
            let relocation = relocation(journal, moved)?;
            worktree::relocate(world.repo, &relocation, &mut |child| {
                journal.record(Record::Child(child))
            })?;
            Ok(Made::Nothing)
        }
        Effect::RemoveDirectory(path) => {
            Shelf::of(world.repo, path, journal.run().as_str())?.empty()?;
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
    match standing::remote(world, remote, moves) {
        // All or none: where one ref is ours, others went on from there.
        Ok(Standing::After | Standing::Third { ours: true, .. }) => Ok(()),
        Ok(Standing::Before) => Err(refused(Vec::new())),
        Ok(Standing::Third { refs, ours: false }) => Err(refused(refs.iter().map(ToString::to_string).collect())),
        Ok(Standing::Between) => Err(Error::Unexpected(format!(
            "the remote `{remote}` moved some refs and not others, although the push was atomic"
        ))),
        Err(unseen) => Err(Error::Unexpected(format!(
            "the push to `{remote}` failed, and what arrived is not known: {unseen}\n{stderr}"
        ))),
    }
}

fn update_refs(world: &World<'_>, journal: &mut Journal, moves: &[Move]) -> Result<()> {
    let holds = standing::local_values(world, moves)?;
    let (tracking, own): (Vec<Move>, Vec<Move>) = moves.iter().cloned().partition(|one| is_tracking(&one.name));
    if let Standing::Third { refs, .. } = standing::standing(&own, &holds) {
        return Err(Error::Unexpected(format!(
            "refs were moved by somebody else: {}",
            standing::listed(&refs)
        )));
    }
    let held = |one: &Move| holds.get(&one.name).copied();
    // A remote-tracking ref that moved on is as good as, or better than, what this run knows of the remote.
    let tracking = tracking.into_iter().filter(|one| held(one) == one.old);
    let due: Vec<Move> = own
        .into_iter()
        .chain(tracking)
        .filter(|one| held(one) != one.new)
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

/// What a worktree's move comes down to, once every id is known.
pub(super) fn relocation(journal: &Journal, moved: &WorktreeMove) -> Result<Relocation> {
    let head = |head: &HeadAt| {
        Ok(match head {
            HeadAt::Branch(name) => HeadValue::Branch(name.clone()),
            HeadAt::Detached(input) => HeadValue::Detached(resolve(journal, input)?),
        })
    };
    Ok(Relocation {
        path: moved.path.clone(),
        git_dir: moved.git_dir.clone(),
        head: (head(&moved.head.0)?, head(&moved.head.1)?),
        commit: (resolve(journal, &moved.commit.0)?, resolve(journal, &moved.commit.1)?),
        mark: IndexMark::of(journal.run()),
    })
}
