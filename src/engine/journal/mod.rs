//! The journal: what a release has done so far, on disk before and after each step.
//!
//! One file a run, `sentinel/runs/<id>.jsonl` in the git directory that all worktrees share: a first record with the
//! whole plan, then an intent before and an outcome after each step. Each record is on disk before the call returns.
//! A torn last line is dropped; without a complete first record there was no run.

mod format;
#[cfg(any(fuzzing, test))]
mod laws;
mod places;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[cfg(fuzzing)]
pub(crate) use laws::reread;
pub(crate) use places::Places;

use format::First;

use crate::core::build::Built;
use crate::core::ids::{Digest, Oid, RunId, TagName};
use crate::core::plan::{Effect, Plan, StepId};
use crate::host::fs::{self, AppendLog, Exposed};
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
    /// The names of the directories that it built in, below the directory for temporary files.
    pub(crate) scratch: Vec<String>,
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
    Scratch(String),
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

fn path_of(dir: &Path, run: &RunId) -> PathBuf {
    dir.join(format!("{run}.jsonl"))
}

/// The most that a journal may hold. The objects of a release are in it: its manifests, lock files and CHANGELOG.
const LIMIT_BYTES: u64 = 256 * 1024 * 1024;

/// A journal's bytes, where nobody else could have written them.
fn read_own(path: &Path) -> Result<Option<Vec<u8>>> {
    let dirs = path.ancestors().skip(1).take(2);
    for place in dirs.chain([path]) {
        if let Some(why) = fs::writable_by_others(place)? {
            return Err(exposed(path, place, why));
        }
    }
    fs::read_bounded(path, LIMIT_BYTES)
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes.get(..complete).unwrap_or_default()
}

/// A journal that is not read, with what leads out of it.
fn refused(path: &Path, why: &str) -> Error {
    let path = path.display();
    Error::Journal {
        what: format!("the journal `{path}` is refused: {why}"),
        remedy: format!("mv '{path}' '{path}.refused'"),
    }
}

/// A journal that somebody else could have written. Where only a mode is wrong, a person looks at it and mends the mode.
fn exposed(path: &Path, place: &Path, why: Exposed) -> Error {
    let what = format!(
        "the journal `{}` is refused: `{}` {why}",
        path.display(),
        place.display()
    );
    let remedy = match why {
        Exposed::Writable => format!(
            "cat '{}', and if it is yours: chmod go-w '{}'",
            path.display(),
            place.display()
        ),
        Exposed::Foreign | Exposed::Link => format!("mv '{0}' '{0}.refused'", place.display()),
    };
    Error::Journal { what, remedy }
}

/// The random mark of a repository, which its journals name; `None` where it has none yet.
pub(super) fn mark(common_dir: &Path) -> Result<Option<String>> {
    let bytes = fs::read_bounded(&common_dir.join("sentinel").join("repository"), 64)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes.trim_ascii()).into_owned()))
}

/// Makes the directory that journals lie in, and the repository's mark.
pub(crate) fn prepare(common_dir: &Path) -> Result<()> {
    let dir = directory(common_dir);
    fs::create_dir(&dir)?;
    for place in dir.ancestors().take(2) {
        if let Some(why) = fs::writable_by_others(place)? {
            return Err(exposed(&dir, place, why));
        }
    }
    if mark(common_dir)?.is_none() {
        let path = common_dir.join("sentinel").join("repository");
        fs::write_atomic(&path, format!("{}\n", fs::random_word()?).as_bytes())?;
    }
    Ok(())
}

/// Where the journals of a repository lie.
pub(crate) fn directory(common_dir: &Path) -> PathBuf {
    common_dir.join("sentinel").join("runs")
}

/// A journal that was read from the disk, of which nothing has been held against the world yet. Whatever acts takes a
/// [`Journal`], and only `judge` lets one out of here.
#[derive(Debug)]
pub(crate) struct Unjudged(Journal);

impl Unjudged {
    pub(crate) fn run(&self) -> &RunId {
        &self.0.run
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.0.progress
    }

    /// Lets the journal out. For `judge`, and for what ends a run without acting on its plan.
    pub(super) fn admit(self) -> Journal {
        self.0
    }
}

impl Journal {
    /// Begins a run: the plan is on disk when this returns, or there is no run.
    pub(crate) fn create(places: &Places, run: RunId, plan: Plan) -> Result<Self> {
        let path = path_of(&directory(places.common()), &run);
        if fs::stat(&path)?.is_some() {
            return Err(Error::Unexpected(format!(
                "the journal `{}` exists already",
                path.display()
            )));
        }
        let repository = mark(places.common())?
            .ok_or_else(|| Error::Unexpected(format!("`{}` has no mark", places.common().display())))?;
        let first = format::first_line(&run, &plan, places, &repository)?;
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
    /// `Journal`, with what puts it aside, where it is not one that this program wrote for this repository and this user.
    pub(crate) fn open(places: &Places, run: &RunId) -> Result<Option<Unjudged>> {
        let path = path_of(&directory(places.common()), run);
        let Some(bytes) = read_own(&path)? else { return Ok(None) };
        let whole = whole_lines(&bytes);
        let Some((first, progress)) = replay(&path, whole, places)? else {
            return Ok(None);
        };
        if first.run != run.as_str() {
            return Err(refused(&path, &format!("it is the journal of run `{}`", first.run)));
        }
        if mark(places.common())?.as_deref() != Some(first.repository.as_str()) {
            return Err(refused(&path, "it belongs to another repository"));
        }
        if let Some(name) = progress
            .scratch
            .iter()
            .find(|name| !places::is_ground(name, run.as_str()))
        {
            return Err(refused(
                &path,
                &format!("`{name}` is not a directory that the run built in"),
            ));
        }
        let log = AppendLog::open(&path, whole.len() as u64)?;
        Ok(Some(Unjudged(Self {
            run: run.clone(),
            plan: first.plan,
            progress,
            log,
        })))
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
pub(crate) fn runs(common_dir: &Path) -> Result<Vec<Run>> {
    let places = Places::below(common_dir);
    let mut found = Vec::new();
    for path in fs::list(&directory(common_dir))? {
        let stem = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_suffix(".jsonl"));
        let Some(id) = stem.and_then(|stem| RunId::new(stem).ok()) else {
            continue;
        };
        let bytes = read_own(&path)?.unwrap_or_default();
        let whole = whole_lines(&bytes);
        // Years of releases lie here, each with its whole plan: one that ended says so in its last line.
        let end = end_of(whole);
        if end.is_some() || replay(&path, whole, &places)?.is_some() {
            found.push(Run { id, end });
        }
    }
    // Files sort otherwise than the runs that they are named after: a suffix follows.
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// The latest run that has not ended.
pub(crate) fn unfinished(common_dir: &Path) -> Result<Option<RunId>> {
    let open = runs(common_dir)?.into_iter().rev().find(|run| run.end.is_none());
    Ok(open.map(|run| run.id))
}

/// The latest run, where it failed and was undone at once.
pub(crate) fn withdrawn(common_dir: &Path) -> Result<Option<RunId>> {
    let latest = runs(common_dir)?.pop().filter(|run| run.end == Some(End::Withdrawn));
    Ok(latest.map(|run| run.id))
}

/// The latest run that was done and still stands.
pub(crate) fn latest_done(common_dir: &Path) -> Result<Option<RunId>> {
    let done = runs(common_dir)?
        .into_iter()
        .rev()
        .find(|run| run.end == Some(End::Done));
    Ok(done.map(|run| run.id))
}

/// The signed tags that runs made here, of which none was taken back, oldest first: their names and objects.
pub(crate) fn signed_tags(common_dir: &Path) -> Result<Vec<(TagName, Oid)>> {
    let places = Places::below(common_dir);
    let mut made = Vec::new();
    let standing = runs(common_dir)?
        .into_iter()
        .filter(|run| !matches!(run.end, Some(End::Undone | End::Withdrawn)));
    for run in standing {
        let path = path_of(&directory(common_dir), &run.id);
        let bytes = read_own(&path)?.unwrap_or_default();
        let whole = whole_lines(&bytes);
        if is_before(whole) {
            made.extend(format::signed_before(whole));
            continue;
        }
        let Some((First { plan, .. }, progress)) = replay(&path, whole, &places)? else {
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

/// Whether a journal was written by the version before this one. Of such a run only what ended is read.
fn is_before(whole: &[u8]) -> bool {
    let first = whole.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(first).is_ok_and(format::is_before)
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

fn replay(path: &Path, bytes: &[u8], places: &Places) -> Result<Option<(First, Progress)>> {
    let damaged = |line: usize, why: String| refused(path, &format!("it is damaged at line {line}: {why}"));
    let text = std::str::from_utf8(bytes).map_err(|error| damaged(1, error.to_string()))?;
    let mut lines = text.lines().enumerate();
    let Some((_, line)) = lines.next() else {
        return Ok(None);
    };
    let first = format::parse_first(line, places).map_err(|why| damaged(1, why))?;
    let mut progress = Progress::default();
    for (index, line) in lines {
        let record = format::parse_line(line).map_err(|why| damaged(index + 1, why))?;
        if let Record::Intent { step, .. } | Record::Outcome { step, .. } = &record
            && !first.plan.steps().iter().any(|known| known.id == *step)
        {
            return Err(damaged(index + 1, format!("the plan has no step `{step}`")));
        }
        apply(&mut progress, record);
    }
    Ok(Some((first, progress)))
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
        Record::Scratch(name) => progress.scratch.push(name),
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
