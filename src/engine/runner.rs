//! The runner: carries a plan out step by step, goes on with an interrupted one, or takes it back.
//!
//! Holds the lock that keeps a second run away. Knows no command: what to do stands in the plan.

use std::path::PathBuf;

use super::execute::{self, World};
use super::journal::{self, End, Journal, Made, Places, Record};
use super::lookout::{self, Landed};
use super::standing::{self, Standing};
use super::{artifacts, attest, locks};
use crate::core::ids::{Oid, RunId};
use crate::core::plan::{Effect, Plan, Postcondition, Step, StepId, Undo};
use crate::host::fs::Lock;
use crate::host::git_read::Repo;
use crate::host::index_lock::{self, IndexMark};
use crate::host::interrupt::Interrupt;
use crate::host::{Error, Result, clock};

/// What happens during a run, for whoever looks on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step begins.
    Begun {
        /// The step.
        step: StepId,
        /// What it does.
        title: String,
    },
    /// A step is done.
    Done {
        /// The step.
        step: StepId,
    },
    /// A step of an interrupted run was found done.
    FoundDone {
        /// The step.
        step: StepId,
    },
    /// A step is taken back.
    TakenBack {
        /// The step.
        step: StepId,
    },
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// It was done.
    Done,
    /// It was taken back.
    Undone,
    /// It was not begun.
    Pending,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The run; `None` where nothing had to be done.
    pub run: Option<RunId>,
    /// The outcome, such as `done`.
    pub outcome: &'static str,
    /// Each step's name, title and outcome, in order.
    pub steps: Vec<(StepId, String, StepOutcome)>,
    /// Each ref (remote ones as `<remote>:<ref>`) with its old and new value.
    pub refs: Vec<(String, Option<Oid>, Option<Oid>)>,
    /// The files that were built, where they lie; empty where the run was taken back.
    pub artifacts: Vec<PathBuf>,
    /// What people ought to know about what was made, such as that a binary is not reproducible.
    pub notes: Vec<String>,
    /// The command that a person would type next.
    pub next: String,
}

/// The exclusive right to release in this repository. Dropped, it is free again, however the process ends.
#[derive(Debug)]
pub(crate) struct Claim {
    _lock: Lock,
}

/// Takes the right to release; `None` where another release runs.
pub(crate) fn claim(repo: &Repo) -> Result<Option<Claim>> {
    journal::prepare(&repo.common_dir())?;
    let lock = Lock::try_acquire(&repo.common_dir().join("sentinel").join("lock"))?;
    Ok(lock.map(|lock| Claim { _lock: lock }))
}

/// What a run needs.
pub(crate) struct Runner<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) events: &'a mut dyn FnMut(Event),
    /// Held for the whole run.
    pub(crate) _claim: &'a Claim,
}

impl Runner<'_> {
    /// Carries out a new plan. Where a step before the commit point fails, what was done is taken back before the error
    /// returns.
    ///
    /// # Errors
    /// `Interrupted` leaves the run to be resumed, and so does whatever leaves the state unknown.
    pub(crate) fn start(&mut self, run: RunId, plan: Plan) -> Result<Report> {
        let mut journal = Journal::create(&Places::of(self.repo)?, run, plan)?;
        match self.go_on(&mut journal) {
            Ok(()) => Ok(Report::of(&journal)),
            Err(error) => {
                let resumable = matches!(error, Error::Interrupted | Error::Unexpected(_) | Error::Busy { .. });
                if !resumable && !lookout::is_committed(&journal) {
                    // What the remote refused is not there to be taken back, whatever somebody else put in its place.
                    let refused = matches!(error, Error::Refused { .. });
                    let refused = journal.progress().open_step().filter(|_| refused).cloned();
                    if let Err(stuck) = self.take_back(&mut journal, refused.as_ref(), End::Withdrawn) {
                        return Err(Error::Stuck {
                            why: Box::new(error),
                            stuck: Box::new(stuck),
                        });
                    }
                }
                Err(error)
            }
        }
    }

    /// Goes on where an interrupted run stopped. Everything that can be looked at is looked at before anything is touched.
    pub(crate) fn resume(&mut self, mut journal: Journal) -> Result<Report> {
        if journal.progress().undoing {
            return Err(Error::BeingUndone(journal.run().to_string()));
        }
        locks::demand_rest(&journal)?;
        let open = open_step(&journal);
        let found_done = match &open {
            Some(step) => self.was_done(&journal, step)?,
            None => false,
        };
        let found = open.as_ref().filter(|_| found_done).map(|step| &step.id);
        lookout::ahead(&self.world(), &journal, found)?;
        artifacts::clean_up(self.repo, &journal)?;
        if let Some(step) = open {
            locks::clear_stale(self.repo, &journal, &[&step.effect])?;
            if found_done {
                journal.record(Record::Outcome {
                    step: step.id.clone(),
                    made: Made::Nothing,
                })?;
                (self.events)(Event::FoundDone { step: step.id });
            }
        }
        self.go_on(&mut journal)?;
        Ok(Report::of(&journal))
    }

    /// Undoes a run: one that was interrupted, or one that is done and whose release is not published.
    pub(crate) fn undo(&mut self, mut journal: Journal) -> Result<Report> {
        lookout::unreleased(&self.world(), &journal)?;
        self.take_back(&mut journal, None, End::Undone)?;
        Ok(Report::of(&journal))
    }

    /// Ends a run as it stands. Nothing but its own directories and its own locks is touched.
    pub(crate) fn forget(&mut self, mut journal: Journal) -> Result<Report> {
        artifacts::clean_up(self.repo, &journal)?;
        for step in journal.plan().steps() {
            if let Effect::MoveWorktree(moved) = &step.effect {
                index_lock::release(&moved.git_dir, &IndexMark::of(journal.run()))?;
            }
        }
        journal.record(Record::End(End::Forgotten))?;
        Ok(Report::of(&journal))
    }

    fn world(&self) -> World<'_> {
        World {
            repo: self.repo,
            interrupt: self.interrupt,
        }
    }

    fn go_on(&mut self, journal: &mut Journal) -> Result<()> {
        for step in journal.plan().steps().to_vec() {
            if self.stands(journal, &step)? {
                continue;
            }
            if self.interrupt.requested() {
                return Err(Error::Interrupted);
            }
            if step.done == Postcondition::RefsMoved && !lookout::is_committed(journal) {
                // Building takes its time, and nothing of the release is seen yet.
                lookout::ahead(&self.world(), journal, Some(&step.id))?;
            }
            (self.events)(Event::Begun {
                step: step.id.clone(),
                title: step.title.clone(),
            });
            journal.record(Record::Intent {
                step: step.id.clone(),
                at: clock::now(),
            })?;
            let made = execute::execute(&self.world(), journal, &step.effect)?;
            journal.record(Record::Outcome {
                step: step.id.clone(),
                made,
            })?;
            (self.events)(Event::Done { step: step.id });
        }
        journal.record(Record::End(End::Done))
    }

    /// Whether a step's outcome is on record and still holds: an object may have been pruned, an artifact deleted, and what is
    /// built again may be another than the tag on record names. Past the commit point, artifacts are whosever they are.
    fn stands(&self, journal: &Journal, step: &Step) -> Result<bool> {
        let Some(made) = journal.progress().outcomes.get(&step.id) else {
            return Ok(false);
        };
        let committed = lookout::is_committed(journal);
        match (made, &step.effect) {
            (Made::Built(_), _) | (Made::Attested(_), _) if committed => Ok(true),
            (Made::Nothing, Effect::WriteObjects(objects)) => {
                Ok(objects.iter().all(|object| self.repo.has_object(object.id)))
            }
            (Made::Built(made), Effect::Build(build)) => artifacts::still_there(&build.destination, &made.artifacts),
            (Made::Attested(attested), Effect::Attest(statement)) => attest::still_there(journal, statement, attested),
            (Made::Object(id), Effect::CreateTag(tag)) if !committed => {
                Ok(self.repo.has_object(*id) && execute::names_what_was_made(self.repo, journal, tag, *id)?)
            }
            (Made::Object(id), _) => Ok(self.repo.has_object(*id)),
            // Whatever else is on record was done, and moved on from since by whoever may.
            (Made::Nothing | Made::Built(_) | Made::Attested(_), _) => Ok(true),
        }
    }

    /// Whether an intent without an outcome was carried out, by looking at the world.
    fn was_done(&self, journal: &Journal, step: &Step) -> Result<bool> {
        Ok(match &step.effect {
            Effect::Push { remote, moves } => lookout::landed(&self.world(), journal, remote, moves)? == Landed::Yes,
            Effect::UpdateRefs(moves) => {
                let moves = execute::resolve_moves(journal, moves)?;
                standing::local(&self.world(), &moves)? == Standing::After
            }
            // Doing these again is harmless, and a working tree's move looks at every path itself.
            Effect::WriteObjects(_)
            | Effect::CreateCommit(_)
            | Effect::Build(_)
            | Effect::Attest(_)
            | Effect::CreateTag(_)
            | Effect::MoveWorktree(_)
            | Effect::RemoveDirectory(_) => false,
        })
    }

    /// Undoes every step that was begun, last first. What already stands as it was is left alone, so that this can itself be
    /// interrupted and repeated. A step that is known to have been `refused` has nothing to undo.
    fn take_back(&mut self, journal: &mut Journal, refused: Option<&StepId>, end: End) -> Result<()> {
        locks::demand_rest(journal)?;
        self.refuse_the_irreversible(journal)?;
        let due = lookout::back(&self.world(), journal, refused)?;
        let last = journal.progress().begun.last();
        if let Some(step) = journal.plan().steps().iter().find(|step| Some(&step.id) == last) {
            let mut effects = vec![&step.effect];
            if let Undo::Effects(back) = &step.undo {
                effects.extend(back);
            }
            locks::clear_stale(self.repo, journal, &effects)?;
        }
        journal.record(Record::UndoBegun { at: clock::now() })?;
        for (step, effects) in due {
            for effect in &effects {
                execute::execute(&self.world(), journal, effect)?;
            }
            (self.events)(Event::TakenBack { step });
        }
        artifacts::clean_up(self.repo, journal)?;
        journal.record(Record::End(end))
    }

    /// A published release is not taken back.
    fn refuse_the_irreversible(&self, journal: &Journal) -> Result<()> {
        for step in journal.plan().steps() {
            let Undo::Irreversible(why) = &step.undo else { continue };
            if !journal.progress().begun.contains(&step.id) {
                continue;
            }
            let landed = journal.progress().outcomes.contains_key(&step.id) || self.landed(journal, step)?;
            if landed {
                return Err(Error::Irreversible {
                    step: step.title.clone(),
                    why: why.clone(),
                });
            }
        }
        Ok(())
    }

    fn landed(&self, journal: &Journal, step: &Step) -> Result<bool> {
        let Effect::Push { remote, moves } = &step.effect else {
            return Ok(false);
        };
        let moves = execute::resolve_moves(journal, moves)?;
        Ok(match standing::remote_at_rest(&self.world(), remote, &moves)? {
            Standing::Before | Standing::Third { ours: false, .. } => false,
            Standing::After | Standing::Between | Standing::Third { ours: true, .. } => true,
        })
    }
}

impl Report {
    /// What a journal says of its run.
    pub(crate) fn of(journal: &Journal) -> Self {
        let progress = journal.progress();
        let outcome = |step: &Step| match (progress.end, progress.outcomes.contains_key(&step.id)) {
            (Some(End::Undone | End::Withdrawn), _) => StepOutcome::Undone,
            (_, true) => StepOutcome::Done,
            (_, false) => StepOutcome::Pending,
        };
        let known = |input: &Option<crate::core::plan::Input>| {
            input.as_ref().and_then(|input| execute::resolve(journal, input).ok())
        };
        let refs = journal.plan().ref_moves().into_iter().map(|(remote, moved)| {
            let name = remote.map_or(moved.name.to_string(), |remote| format!("{remote}:{}", moved.name));
            let (old, new) = (known(&moved.old), known(&moved.new));
            if matches!(progress.end, Some(End::Undone | End::Withdrawn)) {
                (name, new, old)
            } else {
                (name, old, new)
            }
        });
        Self {
            run: Some(journal.run().clone()),
            outcome: match progress.end {
                Some(End::Undone | End::Withdrawn) => "undone",
                Some(End::Forgotten) => "forgotten",
                Some(End::Done) | None => "done",
            },
            steps: journal
                .plan()
                .steps()
                .iter()
                .map(|step| (step.id.clone(), step.title.clone(), outcome(step)))
                .collect(),
            refs: refs.collect(),
            artifacts: built_files(journal),
            notes: progress.outcomes.values().flat_map(attest::notes).collect(),
            next: if progress.end == Some(End::Done) {
                journal.plan().next().to_owned()
            } else {
                "cargo sentinel status".to_owned()
            },
        }
    }
}

/// The files that a run built, in the order of its steps.
fn built_files(journal: &Journal) -> Vec<PathBuf> {
    let progress = journal.progress();
    if progress.end != Some(End::Done) {
        return Vec::new();
    }
    let files = journal.plan().steps().iter().filter_map(|step| {
        let (Effect::Build(build), Some(Made::Built(built))) = (&step.effect, progress.outcomes.get(&step.id)) else {
            return None;
        };
        let names = built.artifacts.iter().map(|made| build.destination.join(&made.name));
        Some(names.collect::<Vec<_>>())
    });
    files.flatten().collect()
}

fn open_step(journal: &Journal) -> Option<Step> {
    let open = journal.progress().open_step()?;
    journal.plan().steps().iter().find(|step| step.id == *open).cloned()
}
