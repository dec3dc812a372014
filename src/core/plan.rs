//! A plan: what a release will do, as data. Made by `plans`, carried out by the runner, kept whole in the journal.
//!
//! Knows nothing of how a step is carried out. A plan is fixed when it is made: every date, name and id that a later
//! run would see differently is written down here, so that a resumed run ends where the first one would have.

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use semver::Version;

use super::build::Build;
use super::check::{Finding, Verdict};
use super::ids::{Oid, RefName, TagName};
use super::tree::NewObject;

/// The name of a step, unique in its plan, such as `push`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(String);

impl StepId {
    /// Names a step.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value that is known now, or that an earlier step makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Known when the plan is made.
    Literal(Oid),
    /// The object that the named step makes.
    OutputOf(StepId),
}

/// A ref's move, with what it is expected to replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefMove {
    /// The full name.
    pub name: RefName,
    /// The value that it must have; `None`: it must not exist.
    pub old: Option<Input>,
    /// The value that it gets; `None`: it is deleted.
    pub new: Option<Input>,
}

impl RefMove {
    /// The move back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            name: self.name.clone(),
            old: self.new.clone(),
            new: self.old.clone(),
        }
    }
}

/// A commit to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// Its tree.
    pub tree: Oid,
    /// First parent first.
    pub parents: Vec<Input>,
    /// `Name <mail> seconds +0000`.
    pub author: String,
    /// The same, of the committer.
    pub committer: String,
    /// The message, ending in a newline.
    pub message: String,
    /// Whether it is signed, as `commit.gpgSign` said when the plan was made.
    pub signed: bool,
}

/// A provenance statement to write beside the artifacts of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatement {
    /// The tag that will release them.
    pub tag: TagName,
    /// The commit that they are built from.
    pub commit: Input,
    /// The step that builds them.
    pub artifacts: StepId,
    /// The repository's public address, where the manifests name one.
    pub repository: Option<String>,
    /// Whether the statement goes into a signed envelope too, where the key can make one.
    pub signed: bool,
}

/// An annotated tag to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTag {
    /// Its name.
    pub name: TagName,
    /// The commit that it names.
    pub commit: Input,
    /// The step whose artifacts it binds; `None` where nothing is publishable.
    pub artifacts: Option<StepId>,
    /// The step whose provenance statement it names; `None` where there are no artifacts.
    pub provenance: Option<StepId>,
    /// The version that it releases.
    pub version: Version,
    /// The first line of its message.
    pub title: String,
    /// The release notes, verbatim.
    pub notes: String,
    /// `Name <mail> seconds +0000`.
    pub tagger: String,
    /// Whether it is signed.
    pub signed: bool,
    /// The ref whose allowed signers decide about it; `None`: the releases before it do.
    pub signers_from: Option<RefName>,
}

/// Where a worktree's HEAD stands before or after a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadAt {
    /// On a branch.
    Branch(RefName),
    /// On a commit.
    Detached(Input),
}

/// A working tree that follows a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeMove {
    /// Its top directory.
    pub path: PathBuf,
    /// Its own git directory, where its locks lie.
    pub git_dir: PathBuf,
    /// HEAD before and after.
    pub head: (HeadAt, HeadAt),
    /// The commit whose tree it holds, before and after.
    pub commit: (Input, Input),
}

/// What a step does to the world. Closed: the runner matches every variant by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Puts blobs and trees into the object database. No ref leads to them yet.
    WriteObjects(Vec<NewObject>),
    /// Makes a commit object. Gives its id.
    CreateCommit(NewCommit),
    /// Builds artifacts. Gives their digests.
    Build(Build),
    /// Writes where artifacts come from, beside them. Gives the statement's digest.
    Attest(NewStatement),
    /// Makes, signs and verifies a tag object. Gives its id.
    CreateTag(NewTag),
    /// Moves refs on the remote, all or none, each only from its expected value.
    Push {
        /// The remote's name.
        remote: String,
        /// The moves.
        moves: Vec<RefMove>,
    },
    /// Moves local refs, each only from its expected value.
    UpdateRefs(Vec<RefMove>),
    /// Brings a working tree along with its branch.
    MoveWorktree(WorktreeMove),
    /// Removes the directory of a build.
    RemoveDirectory(PathBuf),
}

/// How to tell, from the world alone, whether a step whose outcome is not on record was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Postcondition {
    /// No need to tell: the step changes nothing that anyone sees, and doing it again does no harm.
    Invisible,
    /// Each ref has its old or its new value.
    RefsMoved,
    /// Each path of the working tree holds its old or its new content, or part of the new.
    WorktreeMoved,
}

/// What takes a step back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// There is nothing to take back.
    Nothing,
    /// These effects, in this order.
    Effects(Vec<Effect>),
    /// It cannot be taken back, and why.
    Irreversible(String),
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What it does, for people, such as `push release/v0.2.0 to origin`.
    pub title: String,
    /// What it does, for the runner.
    pub effect: Effect,
    /// How to tell whether it was done.
    pub done: Postcondition,
    /// What takes it back.
    pub undo: Undo,
}

impl Step {
    /// A step that nobody sees: objects, builds, signatures.
    pub fn invisible(id: &str, title: impl Into<String>, effect: Effect) -> Self {
        let undo = match &effect {
            Effect::Build(build) => Undo::Effects(vec![Effect::RemoveDirectory(build.destination.clone())]),
            // What a statement says goes with the directory of the build that it lies in.
            Effect::WriteObjects(_)
            | Effect::CreateCommit(_)
            | Effect::Attest(_)
            | Effect::CreateTag(_)
            | Effect::RemoveDirectory(_) => Undo::Nothing,
            Effect::Push { .. } | Effect::UpdateRefs(_) | Effect::MoveWorktree(_) => {
                Undo::Irreversible("not invisible".to_owned())
            }
        };
        Self {
            id: StepId::new(id),
            title: title.into(),
            effect,
            done: Postcondition::Invisible,
            undo,
        }
    }

    /// A push; `undo` is `None` where what was pushed counts as published.
    pub fn push(title: impl Into<String>, remote: &str, moves: Vec<RefMove>, reversible: bool) -> Self {
        let undo = if reversible {
            Undo::Effects(vec![Effect::Push {
                remote: remote.to_owned(),
                moves: moves.iter().map(RefMove::reversed).collect(),
            }])
        } else {
            Undo::Irreversible("the release is published".to_owned())
        };
        let effect = Effect::Push {
            remote: remote.to_owned(),
            moves,
        };
        Self {
            id: StepId::new("push"),
            title: title.into(),
            effect,
            done: Postcondition::RefsMoved,
            undo,
        }
    }

    /// A move of local refs.
    pub fn refs(title: impl Into<String>, moves: Vec<RefMove>) -> Self {
        let undo = Undo::Effects(vec![Effect::UpdateRefs(moves.iter().map(RefMove::reversed).collect())]);
        Self {
            id: StepId::new("refs"),
            title: title.into(),
            effect: Effect::UpdateRefs(moves),
            done: Postcondition::RefsMoved,
            undo,
        }
    }

    /// A working tree that follows its branch; `number` tells several apart.
    pub fn worktree(number: usize, title: impl Into<String>, moved: WorktreeMove) -> Self {
        let back = WorktreeMove {
            path: moved.path.clone(),
            git_dir: moved.git_dir.clone(),
            head: (moved.head.1.clone(), moved.head.0.clone()),
            commit: (moved.commit.1.clone(), moved.commit.0.clone()),
        };
        Self {
            id: StepId::new(format!("worktree-{number}")),
            title: title.into(),
            effect: Effect::MoveWorktree(moved),
            done: Postcondition::WorktreeMoved,
            undo: Undo::Effects(vec![Effect::MoveWorktree(back)]),
        }
    }

    /// The steps whose output this one needs.
    fn needs(&self) -> Vec<&StepId> {
        let mut inputs: Vec<&Input> = Vec::new();
        let mut ids: Vec<&StepId> = Vec::new();
        match &self.effect {
            Effect::WriteObjects(_) | Effect::RemoveDirectory(_) => {}
            Effect::CreateCommit(commit) => inputs.extend(&commit.parents),
            Effect::Build(build) => inputs.push(&build.commit),
            Effect::Attest(statement) => {
                inputs.push(&statement.commit);
                ids.push(&statement.artifacts);
            }
            Effect::CreateTag(tag) => {
                inputs.push(&tag.commit);
                ids.extend(tag.artifacts.iter().chain(&tag.provenance));
            }
            Effect::Push { moves, .. } | Effect::UpdateRefs(moves) => {
                inputs.extend(moves.iter().flat_map(|moved| moved.old.iter().chain(&moved.new)));
            }
            Effect::MoveWorktree(moved) => {
                inputs.extend([&moved.commit.0, &moved.commit.1]);
                for head in [&moved.head.0, &moved.head.1] {
                    if let HeadAt::Detached(at) = head {
                        inputs.push(at);
                    }
                }
            }
        }
        ids.extend(inputs.into_iter().filter_map(|input| match input {
            Input::OutputOf(id) => Some(id),
            Input::Literal(_) => None,
        }));
        ids
    }
}

/// Which command a plan serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `cargo sentinel cut`.
    Cut,
    /// `cargo sentinel finish`.
    Finish,
    /// `cargo sentinel tag`.
    Tag,
}

impl Command {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Finish => "finish",
            Self::Tag => "tag",
        }
    }

    /// The command of that name.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Cut, Self::Finish, Self::Tag]
            .into_iter()
            .find(|command| command.as_str() == word)
    }
}

/// Why a plan could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Checks said no; all findings are here, the passing ones too.
    #[error("{}", refusals(.0))]
    Blocked(Vec<Finding>),
    /// The plan contradicts itself, which is a bug.
    #[error("the plan is inconsistent: {0}")]
    Inconsistent(String),
}

fn refusals(findings: &[Finding]) -> String {
    let because: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass)
        .map(|finding| finding.because.as_str())
        .collect();
    because.join("; ")
}

/// The steps of a release, in order. Immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    command: Command,
    version: Version,
    tag: TagName,
    started: i64,
    steps: Vec<Step>,
    commit_point: usize,
    next: String,
}

impl Plan {
    /// Demands the shape of a release: all checks passed, then steps that nobody sees, then one commit point, then steps
    /// that are safe to repeat.
    ///
    /// `started` is the run's one moment, in seconds since the Unix epoch. `next` is the command that a person would
    /// type next.
    ///
    /// # Errors
    /// `Blocked` with all findings where a check did not pass; `Inconsistent` where a step stands in the wrong place,
    /// shares its name, or needs the output of a step that comes later.
    pub fn new(
        about: About,
        checks: &[Finding],
        before: Vec<Step>,
        commit_point: Step,
        after: Vec<Step>,
    ) -> Result<Self, PlanError> {
        if checks.iter().any(|finding| finding.verdict != Verdict::Pass) {
            return Err(PlanError::Blocked(checks.to_vec()));
        }
        if let Some(step) = before.iter().find(|step| step.done != Postcondition::Invisible) {
            return Err(PlanError::Inconsistent(format!(
                "step `{}` comes before the commit point and can be seen",
                step.id
            )));
        }
        if commit_point.done != Postcondition::RefsMoved {
            return Err(PlanError::Inconsistent(format!(
                "step `{}` cannot be the commit point",
                commit_point.id
            )));
        }
        if let Some(step) = after.iter().find(|step| step.done == Postcondition::Invisible) {
            return Err(PlanError::Inconsistent(format!(
                "step `{}` belongs before the commit point",
                step.id
            )));
        }
        let position = before.len();
        let steps: Vec<Step> = before.into_iter().chain([commit_point]).chain(after).collect();
        let plan = Self {
            command: about.command,
            version: about.version,
            tag: about.tag,
            started: about.started,
            steps,
            commit_point: position,
            next: about.next,
        };
        plan.inputs_come_first()?;
        Ok(plan)
    }

    fn inputs_come_first(&self) -> Result<(), PlanError> {
        let mut made: Vec<&StepId> = Vec::new();
        for step in &self.steps {
            if made.contains(&&step.id) {
                return Err(PlanError::Inconsistent(format!("two steps are named `{}`", step.id)));
            }
            if let Some(missing) = step.needs().into_iter().find(|need| !made.contains(need)) {
                return Err(PlanError::Inconsistent(format!(
                    "step `{}` needs `{missing}`, which does not come before it",
                    step.id
                )));
            }
            made.push(&step.id);
        }
        Ok(())
    }

    /// The command that the plan serves.
    pub fn command(&self) -> Command {
        self.command
    }

    /// The version that it releases.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The tag of the release, whichever command makes it.
    pub fn tag(&self) -> &TagName {
        &self.tag
    }

    /// When the run began, in seconds since the Unix epoch.
    pub fn started(&self) -> i64 {
        self.started
    }

    /// All steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What the named step builds; `None` where it builds nothing.
    pub fn build(&self, step: &StepId) -> Option<&Build> {
        let step = self.steps.iter().find(|known| known.id == *step)?;
        if let Effect::Build(build) = &step.effect {
            Some(build)
        } else {
            None
        }
    }

    /// The index of the step after which the release exists.
    pub fn commit_point(&self) -> usize {
        self.commit_point
    }

    /// Whether the commit point is a push: the release leaves this repository.
    pub fn is_pushed(&self) -> bool {
        let commit_point = self.steps.get(self.commit_point);
        commit_point.is_some_and(|step| matches!(step.effect, Effect::Push { .. }))
    }

    /// Whether the plan, once it is past its commit point, cannot be taken back.
    pub fn is_published(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.undo, Undo::Irreversible(_)))
    }

    /// The command that a person would type next.
    pub fn next(&self) -> &str {
        &self.next
    }

    /// Every ref that the plan moves, remote ones first, as the report lists them.
    pub fn ref_moves(&self) -> Vec<(Option<&str>, &RefMove)> {
        let mut listed = Vec::new();
        for step in &self.steps {
            match &step.effect {
                Effect::Push { remote, moves } => {
                    listed.extend(moves.iter().map(|moved| (Some(remote.as_str()), moved)));
                }
                Effect::UpdateRefs(moves) => listed.extend(moves.iter().map(|moved| (None, moved))),
                Effect::WriteObjects(_)
                | Effect::CreateCommit(_)
                | Effect::Build(_)
                | Effect::Attest(_)
                | Effect::CreateTag(_)
                | Effect::MoveWorktree(_)
                | Effect::RemoveDirectory(_) => {}
            }
        }
        listed
    }
}

/// What a plan is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The command.
    pub command: Command,
    /// The version.
    pub version: Version,
    /// The tag of the release, whichever command makes it.
    pub tag: TagName,
    /// The run's one moment, in seconds since the Unix epoch.
    pub started: i64,
    /// The command that a person would type next.
    pub next: String,
}
