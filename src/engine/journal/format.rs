//! The journal's lines as JSON, version 3. The plan's types are not `Serialize`: what is on disk is written down here, and
//! a plan that is read back has gone through the same doors as a new one.

mod build;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use semver::Version;
use serde::{Deserialize, Serialize};

use self::build::{AttestedLine, BuildLine, BuiltLine, StatementLine};
use super::places::Places;
use super::{End, Made, Record};
use crate::core::ids::{Oid, RefName, RunId, TagName};
use crate::core::plan::{
    About, Command, Effect, HeadAt, Input, NewCommit, NewTag, Plan, RefMove, Step, StepId, WorktreeMove,
};
use crate::core::tree::NewObject;
use crate::host::proc::ChildId;
use crate::host::{Error, Result};

/// The format that is written.
const SCHEMA: &str = "sentinel.journal/3";
/// The format before it, of which only what ended is still read: it names paths, and no repository.
const BEFORE: &str = "sentinel.journal/2";

/// Parsing fails with words that end up behind the file's name and line.
type Parsed<T> = std::result::Result<T, String>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    schema: String,
    run: String,
    /// The mark of the repository that the run belongs to.
    repository: String,
    command: String,
    version: String,
    tag: String,
    started: i64,
    next: String,
    commit_point: usize,
    steps: Vec<StepLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepLine {
    id: String,
    title: String,
    effect: EffectLine,
    /// Only a push needs it: whether it can be taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    irreversible: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum EffectLine {
    WriteObjects(Vec<ObjectLine>),
    CreateCommit {
        tree: String,
        parents: Vec<InputLine>,
        author: String,
        committer: String,
        message: String,
        signed: bool,
    },
    Build(BuildLine),
    Attest(StatementLine),
    CreateTag(TagLine),
    Push {
        remote: String,
        moves: Vec<MoveLine>,
    },
    UpdateRefs(Vec<MoveLine>),
    MoveWorktree {
        worktree: String,
        head: (HeadLine, HeadLine),
        commit: (InputLine, InputLine),
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectLine {
    kind: String,
    id: String,
    base64: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagLine {
    name: String,
    commit: InputLine,
    artifacts: Option<String>,
    provenance: Option<String>,
    version: String,
    title: String,
    notes: String,
    tagger: String,
    signed: bool,
    signers_from: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveLine {
    name: String,
    old: Option<InputLine>,
    new: Option<InputLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum InputLine {
    Id(String),
    OutputOf(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeadLine {
    Branch(String),
    Detached(InputLine),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RecordLine {
    Intent { step: String, at: i64 },
    Child { pid: u32, started: u64 },
    Scratch(String),
    Outcome { step: String, made: MadeLine },
    UndoBegun { at: i64 },
    End(EndLine),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MadeLine {
    Nothing,
    Object(String),
    Built(BuiltLine),
    Attested(AttestedLine),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndLine {
    Done,
    Undone,
    Withdrawn,
    Forgotten,
}

/// The record that begins a journal, with its newline.
pub(super) fn first_line(run: &RunId, plan: &Plan, places: &Places, repository: &str) -> Result<String> {
    let line = FirstLine {
        schema: SCHEMA.to_owned(),
        run: run.to_string(),
        repository: repository.to_owned(),
        command: plan.command().as_str().to_owned(),
        version: plan.version().to_string(),
        tag: plan.tag().to_string(),
        started: plan.started(),
        next: plan.next().to_owned(),
        commit_point: plan.commit_point(),
        steps: plan
            .steps()
            .iter()
            .map(|step| step_line(step, places))
            .collect::<Result<_>>()?,
    };
    json(&line)
}

/// Any later record, with its newline.
pub(super) fn line(record: &Record) -> Result<String> {
    json(&match record {
        Record::Intent { step, at } => RecordLine::Intent {
            step: step.to_string(),
            at: *at,
        },
        Record::Child(child) => RecordLine::Child {
            pid: child.pid,
            started: child.started,
        },
        Record::Scratch(name) => RecordLine::Scratch(name.clone()),
        Record::Outcome { step, made } => RecordLine::Outcome {
            step: step.to_string(),
            made: made_line(made),
        },
        Record::UndoBegun { at } => RecordLine::UndoBegun { at: *at },
        Record::End(End::Done) => RecordLine::End(EndLine::Done),
        Record::End(End::Undone) => RecordLine::End(EndLine::Undone),
        Record::End(End::Withdrawn) => RecordLine::End(EndLine::Withdrawn),
        Record::End(End::Forgotten) => RecordLine::End(EndLine::Forgotten),
    })
}

fn json(line: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string(line)
        .map_err(|error| Error::Unexpected(format!("the journal cannot be written: {error}")))?;
    text.push('\n');
    Ok(text)
}

fn made_line(made: &Made) -> MadeLine {
    match made {
        Made::Nothing => MadeLine::Nothing,
        Made::Object(id) => MadeLine::Object(id.to_string()),
        Made::Built(built) => MadeLine::Built(build::built_line(built)),
        Made::Attested(attested) => MadeLine::Attested(build::attested_line(attested)),
    }
}

fn step_line(step: &Step, places: &Places) -> Result<StepLine> {
    let irreversible = matches!(step.undo, crate::core::plan::Undo::Irreversible(_));
    Ok(StepLine {
        id: step.id.to_string(),
        title: step.title.clone(),
        effect: effect_line(&step.effect, places)?,
        irreversible,
    })
}

fn effect_line(effect: &Effect, places: &Places) -> Result<EffectLine> {
    let outside = |path: &Path| Error::Unexpected(format!("`{}` is not a place of this repository", path.display()));
    Ok(match effect {
        Effect::WriteObjects(objects) => EffectLine::WriteObjects(objects.iter().map(object_line).collect()),
        Effect::CreateCommit(commit) => EffectLine::CreateCommit {
            tree: commit.tree.to_string(),
            parents: commit.parents.iter().map(input_line).collect(),
            author: commit.author.clone(),
            committer: commit.committer.clone(),
            message: commit.message.clone(),
            signed: commit.signed,
        },
        Effect::Build(build) => {
            EffectLine::Build(build::build_line(build, places).ok_or_else(|| outside(&build.destination))?)
        }
        Effect::Attest(statement) => EffectLine::Attest(build::statement_line(statement)),
        Effect::CreateTag(tag) => EffectLine::CreateTag(TagLine {
            name: tag.name.to_string(),
            commit: input_line(&tag.commit),
            artifacts: tag.artifacts.as_ref().map(ToString::to_string),
            provenance: tag.provenance.as_ref().map(ToString::to_string),
            version: tag.version.to_string(),
            title: tag.title.clone(),
            notes: tag.notes.clone(),
            tagger: tag.tagger.clone(),
            signed: tag.signed,
            signers_from: tag.signers_from.as_ref().map(ToString::to_string),
        }),
        Effect::Push { remote, moves } => EffectLine::Push {
            remote: remote.clone(),
            moves: moves.iter().map(move_line).collect(),
        },
        Effect::UpdateRefs(moves) => EffectLine::UpdateRefs(moves.iter().map(move_line).collect()),
        Effect::MoveWorktree(moved) => EffectLine::MoveWorktree {
            worktree: places.name_of(&moved.git_dir).ok_or_else(|| outside(&moved.git_dir))?,
            head: (head_line(&moved.head.0), head_line(&moved.head.1)),
            commit: (input_line(&moved.commit.0), input_line(&moved.commit.1)),
        },
        Effect::RemoveDirectory(path) => {
            return Err(Error::Unexpected(format!(
                "removing `{}` is no step of a plan",
                path.display()
            )));
        }
    })
}

fn object_line(object: &NewObject) -> ObjectLine {
    ObjectLine {
        kind: object.kind.to_string(),
        id: object.id.to_string(),
        base64: BASE64.encode(&object.data),
    }
}

fn input_line(input: &Input) -> InputLine {
    match input {
        Input::Literal(id) => InputLine::Id(id.to_string()),
        Input::OutputOf(step) => InputLine::OutputOf(step.to_string()),
    }
}

fn move_line(moved: &RefMove) -> MoveLine {
    MoveLine {
        name: moved.name.to_string(),
        old: moved.old.as_ref().map(input_line),
        new: moved.new.as_ref().map(input_line),
    }
}

fn head_line(head: &HeadAt) -> HeadLine {
    match head {
        HeadAt::Branch(name) => HeadLine::Branch(name.to_string()),
        HeadAt::Detached(input) => HeadLine::Detached(input_line(input)),
    }
}

/// The record that begins a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct First {
    pub(super) run: String,
    /// The mark of the repository that the run belongs to.
    pub(super) repository: String,
    pub(super) plan: Plan,
}

/// What is read of a journal before its format is known.
#[derive(Deserialize)]
struct SchemaLine {
    schema: String,
}

/// Whether a journal is of the format before this one.
pub(super) fn is_before(line: &str) -> bool {
    serde_json::from_str::<SchemaLine>(line).is_ok_and(|line| line.schema == BEFORE)
}

/// Reads the record that begins a journal, through the plan's own constructor.
pub(super) fn parse_first(line: &str, places: &Places) -> Parsed<First> {
    let SchemaLine { schema } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if schema != SCHEMA {
        return Err(format!("`{schema}` was written by another version of cargo-sentinel"));
    }
    let first: FirstLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let command = Command::from_word(&first.command).ok_or_else(|| format!("`{}` is no command", first.command))?;
    let version = parse_version(&first.version)?;
    let mut steps: Vec<Step> = first
        .steps
        .into_iter()
        .map(|step| parse_step(step, places))
        .collect::<Parsed<_>>()?;
    if first.commit_point >= steps.len() {
        return Err("the commit point lies outside the plan".to_owned());
    }
    let after = steps.split_off(first.commit_point + 1);
    let commit_point = steps.pop().ok_or("the plan has no commit point")?;
    let about = About {
        command,
        version,
        tag: TagName::new(first.tag).map_err(|error| error.to_string())?,
        started: first.started,
        next: first.next,
    };
    let plan = Plan::new(about, &[], steps, commit_point, after).map_err(|error| error.to_string())?;
    Ok(First {
        run: first.run,
        repository: first.repository,
        plan,
    })
}

/// The signed tags of an ended run of the format before this one: their names and objects. What cannot be read made none.
pub(super) fn signed_before(whole: &[u8]) -> Vec<(TagName, Oid)> {
    let lines = whole.split(|byte| *byte == b'\n');
    let values: Vec<serde_json::Value> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let text = |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).map(str::to_owned);
    let steps = values
        .first()
        .and_then(|first| first.get("steps")?.as_array())
        .into_iter()
        .flatten();
    let signed = steps.filter_map(|step| {
        let tag = step
            .pointer("/effect/create_tag")
            .filter(|tag| tag.get("signed") == Some(&true.into()))?;
        Some((text(step.get("id"))?, TagName::new(text(tag.get("name"))?).ok()?))
    });
    let made = |step: &str| {
        let outcomes = values.iter().filter_map(|value| value.get("outcome"));
        let mut of_it = outcomes.filter(|outcome| outcome.get("step").is_some_and(|id| id == step));
        of_it.find_map(|outcome| Oid::from_hex(text(outcome.pointer("/made/object"))?.as_bytes()).ok())
    };
    signed.filter_map(|(step, name)| Some((name, made(&step)?))).collect()
}

/// Reads any later record.
pub(super) fn parse_line(line: &str) -> Parsed<Record> {
    let line: RecordLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Ok(match line {
        RecordLine::Intent { step, at } => Record::Intent {
            step: StepId::new(step),
            at,
        },
        RecordLine::Child { pid, started } => Record::Child(ChildId { pid, started }),
        RecordLine::Scratch(name) => Record::Scratch(name),
        RecordLine::Outcome { step, made } => Record::Outcome {
            step: StepId::new(step),
            made: parse_made(made)?,
        },
        RecordLine::UndoBegun { at } => Record::UndoBegun { at },
        RecordLine::End(EndLine::Done) => Record::End(End::Done),
        RecordLine::End(EndLine::Undone) => Record::End(End::Undone),
        RecordLine::End(EndLine::Withdrawn) => Record::End(End::Withdrawn),
        RecordLine::End(EndLine::Forgotten) => Record::End(End::Forgotten),
    })
}

fn parse_made(made: MadeLine) -> Parsed<Made> {
    Ok(match made {
        MadeLine::Nothing => Made::Nothing,
        MadeLine::Object(id) => Made::Object(parse_id(&id)?),
        MadeLine::Built(line) => Made::Built(build::parse_built(line)?),
        MadeLine::Attested(line) => Made::Attested(build::parse_attested(line)?),
    })
}

fn parse_id(text: &str) -> Parsed<Oid> {
    Oid::from_hex(text.as_bytes()).map_err(|_| format!("`{text}` is no object id"))
}

fn parse_version(text: &str) -> Parsed<Version> {
    Version::parse(text).map_err(|error| format!("`{text}` is no version: {error}"))
}

fn parse_name(text: String) -> Parsed<RefName> {
    RefName::new(text).map_err(|error| error.to_string())
}

fn parse_input(line: InputLine) -> Parsed<Input> {
    Ok(match line {
        InputLine::Id(id) => Input::Literal(parse_id(&id)?),
        InputLine::OutputOf(step) => Input::OutputOf(StepId::new(step)),
    })
}

fn parse_moves(lines: Vec<MoveLine>) -> Parsed<Vec<RefMove>> {
    let parse = |line: MoveLine| {
        Ok(RefMove {
            name: parse_name(line.name)?,
            old: line.old.map(parse_input).transpose()?,
            new: line.new.map(parse_input).transpose()?,
        })
    };
    lines.into_iter().map(parse).collect()
}

fn parse_head(line: HeadLine) -> Parsed<HeadAt> {
    Ok(match line {
        HeadLine::Branch(name) => HeadAt::Branch(parse_name(name)?),
        HeadLine::Detached(input) => HeadAt::Detached(parse_input(input)?),
    })
}

fn parse_object(line: &ObjectLine) -> Parsed<NewObject> {
    let kind = gix::objs::Kind::from_bytes(line.kind.as_bytes())
        .map_err(|_| format!("`{}` is no kind of object", line.kind))?;
    let data = BASE64.decode(&line.base64).map_err(|error| error.to_string())?;
    Ok(NewObject {
        kind,
        data,
        id: parse_id(&line.id)?,
    })
}

fn parse_step(line: StepLine, places: &Places) -> Parsed<Step> {
    let number = line
        .id
        .strip_prefix("worktree-")
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    let mut step = match parse_effect(line.effect, places)? {
        Effect::Push { remote, moves } => Step::push(line.title, &remote, moves, !line.irreversible),
        Effect::UpdateRefs(moves) => Step::refs(line.title, moves),
        Effect::MoveWorktree(moved) => Step::worktree(number, line.title, moved),
        effect @ (Effect::WriteObjects(_)
        | Effect::CreateCommit(_)
        | Effect::Build(_)
        | Effect::Attest(_)
        | Effect::CreateTag(_)
        | Effect::RemoveDirectory(_)) => Step::invisible(&line.id, line.title, effect),
    };
    step.id = StepId::new(line.id);
    Ok(step)
}

fn parse_effect(line: EffectLine, places: &Places) -> Parsed<Effect> {
    Ok(match line {
        EffectLine::WriteObjects(objects) => {
            Effect::WriteObjects(objects.iter().map(parse_object).collect::<Parsed<_>>()?)
        }
        EffectLine::CreateCommit {
            tree,
            parents,
            author,
            committer,
            message,
            signed,
        } => Effect::CreateCommit(NewCommit {
            tree: parse_id(&tree)?,
            parents: parents.into_iter().map(parse_input).collect::<Parsed<_>>()?,
            author,
            committer,
            message,
            signed,
        }),
        EffectLine::Build(line) => Effect::Build(build::parse_build(line, places)?),
        EffectLine::Attest(line) => Effect::Attest(build::parse_statement(line)?),
        EffectLine::CreateTag(tag) => Effect::CreateTag(NewTag {
            name: TagName::new(tag.name).map_err(|error| error.to_string())?,
            commit: parse_input(tag.commit)?,
            artifacts: tag.artifacts.map(StepId::new),
            provenance: tag.provenance.map(StepId::new),
            version: parse_version(&tag.version)?,
            title: tag.title,
            notes: tag.notes,
            tagger: tag.tagger,
            signed: tag.signed,
            signers_from: tag.signers_from.map(parse_name).transpose()?,
        }),
        EffectLine::Push { remote, moves } => Effect::Push {
            remote,
            moves: parse_moves(moves)?,
        },
        EffectLine::UpdateRefs(moves) => Effect::UpdateRefs(parse_moves(moves)?),
        EffectLine::MoveWorktree { worktree, head, commit } => {
            let place = places.tree(&worktree);
            let (path, git_dir) = place.ok_or_else(|| format!("`{worktree}` is not a worktree's name"))?;
            Effect::MoveWorktree(WorktreeMove {
                path,
                git_dir,
                head: (parse_head(head.0)?, parse_head(head.1)?),
                commit: (parse_input(commit.0)?, parse_input(commit.1)?),
            })
        }
    })
}
