//! The journal: what a release has done so far, on disk before and after each step.
//!
//! One file a run, `sentinel/runs/<id>.jsonl` in the git directory that all worktrees share: a first record with the
//! whole plan, then an intent before and an outcome after each step. Each record is on disk before the call returns.
//! A torn last line is dropped; without a complete first record there was no run.

mod format;
#[cfg(any(fuzzing, test))]
mod laws;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[cfg(fuzzing)]
pub(crate) use laws::reread;

use crate::core::build::Built;
use crate::core::ids::{Digest, Oid, RunId, TagName};
use crate::core::plan::{Effect, Plan, StepId};
use crate::host::fs::{self, AppendLog};
use crate::host::proc::ChildId;
use crate::host::{Error, Result};

/// What a step made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    /// Nothing that another step needs.
    Nothing,
    /// An object.
    Object(Oid),
    /// Artifacts, and what built them.
    Built(Built),
    /// A provenance statement.
    Attested(Attested),
}

/// A provenance statement that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attested {
    /// The digest of its bytes.
    pub(crate) digest: Digest,
    /// Whether it lies in a signed envelope too.
    pub(crate) envelope: Sealed,
}

/// Whether a statement lies in a signed envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// It does; the key's name, as the envelope gives it.
    By(String),
    /// It does not, and why.
    Not(String),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Every step was done.
    Done,
    /// Every step was taken back.
    Undone,
    /// It failed before anybody could see it, and was undone at once.
    Withdrawn,
    /// A person ended it as it stood.
    Forgotten,
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    /// What each finished step made.
    pub(crate) outcomes: BTreeMap<StepId, Made>,
    /// Steps that were begun, in order; the last may lack its outcome.
    pub(crate) begun: Vec<StepId>,
    /// When the last intent was recorded, in seconds since the Unix epoch.
    pub(crate) intent_at: i64,
    /// The children of the last intent.
    pub(crate) children: Vec<ChildId>,
    /// Directories to clean up.
    pub(crate) scratch: Vec<PathBuf>,
    /// Whether the run is being taken back.
    pub(crate) undoing: bool,
    /// How it ended, if it did.
    pub(crate) end: Option<End>,
}

impl Progress {
    /// The step that was begun and has no outcome.
    pub(crate) fn open_step(&self) -> Option<&StepId> {
        self.begun.iter().find(|step| !self.outcomes.contains_key(step))
    }
}

/// One record after the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    Intent { step: StepId, at: i64 },
    Child(ChildId),
    Scratch(PathBuf),
    Outcome { step: StepId, made: Made },
    UndoBegun { at: i64 },
    End(End),
}

/// A run's journal, open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    run: RunId,
    plan: Plan,
    progress: Progress,
    log: AppendLog,
}

/// Where the journals of a repository lie.
pub(crate) fn directory(common_dir: &Path) -> PathBuf {
    common_dir.join("sentinel").join("runs")
}

impl Journal {
    /// Begins a run: the plan is on disk when this returns, or there is no run.
    pub(crate) fn create(dir: &Path, run: RunId, plan: Plan) -> Result<Self> {
        let path = dir.join(format!("{run}.jsonl"));
        if fs::stat(&path)?.is_some() {
            return Err(Error::Unexpected(format!(
                "the journal `{}` exists already",
                path.display()
            )));
        }
        let first = format::first_line(&run, &plan)?;
        let log = AppendLog::create(&path, first.as_bytes())?;
        Ok(Self {
            run,
            plan,
            progress: Progress::default(),
            log,
        })
    }

    /// Opens a run's journal, dropping a torn last line.
    ///
    /// # Errors
    /// `Unexpected`, naming file and line, where a complete line is not a record of a journal that this program knows.
    pub(crate) fn open(dir: &Path, run: &RunId) -> Result<Option<Self>> {
        let path = dir.join(format!("{run}.jsonl"));
        let Some(bytes) = fs::read(&path)? else { return Ok(None) };
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole = bytes.get(..complete).unwrap_or_default();
        let Some((plan, progress)) = replay(&path, whole)? else {
            return Ok(None);
        };
        let log = AppendLog::open(&path, complete as u64)?;
        Ok(Some(Self {
            run: run.clone(),
            plan,
            progress,
            log,
        }))
    }

    pub(crate) fn run(&self) -> &RunId {
        &self.run
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Puts a record on disk.
    pub(crate) fn record(&mut self, record: Record) -> Result<()> {
        self.log.append(format::line(&record)?.as_bytes())?;
        apply(&mut self.progress, record);
        Ok(())
    }
}

/// A run that has a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    /// How it ended; `None` where it was left unfinished.
    pub(crate) end: Option<End>,
}

/// Every run that has a journal, oldest first.
pub(crate) fn runs(dir: &Path) -> Result<Vec<Run>> {
    let mut found = Vec::new();
    for path in fs::list(dir)? {
        let stem = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".jsonl"));
        let Some(id) = stem.and_then(|stem| RunId::new(stem).ok()) else {
            continue;
        };
        let bytes = fs::read(&path)?.unwrap_or_default();
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole = bytes.get(..complete).unwrap_or_default();
        // Years of releases lie here, each with its whole plan: one that ended says so in its last line.
        let end = end_of(whole);
        if end.is_some() || replay(&path, whole)?.is_some() {
            found.push(Run { id, end });
        }
    }
    // Files sort otherwise than the runs that they are named after: a suffix follows.
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// The latest run that has not ended.
pub(crate) fn unfinished(dir: &Path) -> Result<Option<RunId>> {
    let open = runs(dir)?.into_iter().rev().find(|run| run.end.is_none());
    Ok(open.map(|run| run.id))
}

/// The latest run, where it failed and was undone at once.
pub(crate) fn withdrawn(dir: &Path) -> Result<Option<RunId>> {
    let latest = runs(dir)?.pop().filter(|run| run.end == Some(End::Withdrawn));
    Ok(latest.map(|run| run.id))
}

/// The latest run that was done and still stands.
pub(crate) fn latest_done(dir: &Path) -> Result<Option<RunId>> {
    let done = runs(dir)?.into_iter().rev().find(|run| run.end == Some(End::Done));
    Ok(done.map(|run| run.id))
}

/// The signed tags that runs made here, of which none was taken back, oldest first: their names and objects.
pub(crate) fn signed_tags(dir: &Path) -> Result<Vec<(TagName, Oid)>> {
    let mut made = Vec::new();
    let standing = runs(dir)?
        .into_iter()
        .filter(|run| !matches!(run.end, Some(End::Undone | End::Withdrawn)));
    for run in standing {
        let path = dir.join(format!("{}.jsonl", run.id));
        let bytes = fs::read(&path)?.unwrap_or_default();
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let Some((plan, progress)) = replay(&path, bytes.get(..complete).unwrap_or_default())? else {
            continue;
        };
        for step in plan.steps() {
            if let (Effect::CreateTag(tag), Some(Made::Object(id))) = (&step.effect, progress.outcomes.get(&step.id))
                && tag.signed
            {
                made.push((tag.name.clone(), *id));
            }
        }
    }
    Ok(made)
}

/// The end that the last line records.
fn end_of(whole: &[u8]) -> Option<End> {
    let last = whole.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
    match format::parse_line(std::str::from_utf8(last).ok()?).ok()? {
        Record::End(end) => Some(end),
        Record::Intent { .. }
        | Record::Child(_)
        | Record::Scratch(_)
        | Record::Outcome { .. }
        | Record::UndoBegun { .. } => None,
    }
}

fn replay(path: &Path, bytes: &[u8]) -> Result<Option<(Plan, Progress)>> {
    let damaged = |line: usize, why: String| {
        Error::Unexpected(format!(
            "the journal `{}` is damaged at line {line}: {why}",
            path.display()
        ))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| damaged(1, error.to_string()))?;
    let mut lines = text.lines().enumerate();
    let Some((_, first)) = lines.next() else {
        return Ok(None);
    };
    let plan = format::parse_first(first).map_err(|why| damaged(1, why))?;
    let mut progress = Progress::default();
    for (index, line) in lines {
        let record = format::parse_line(line).map_err(|why| damaged(index + 1, why))?;
        if let Record::Intent { step, .. } | Record::Outcome { step, .. } = &record
            && !plan.steps().iter().any(|known| known.id == *step)
        {
            return Err(damaged(index + 1, format!("the plan has no step `{step}`")));
        }
        apply(&mut progress, record);
    }
    Ok(Some((plan, progress)))
}

fn apply(progress: &mut Progress, record: Record) {
    match record {
        Record::Intent { step, at } => {
            if !progress.begun.contains(&step) {
                progress.begun.push(step);
            }
            progress.intent_at = at;
            progress.children.clear();
        }
        Record::Child(child) => progress.children.push(child),
        Record::Scratch(path) => progress.scratch.push(path),
        Record::Outcome { step, made } => {
            progress.outcomes.insert(step, made);
            progress.children.clear();
        }
        Record::UndoBegun { at } => {
            // A run that had ended is open again until it is taken back.
            progress.undoing = true;
            progress.end = None;
            progress.intent_at = at;
            progress.children.clear();
        }
        Record::End(end) => progress.end = Some(end),
    }
}

#[cfg(test)]
mod tests;
