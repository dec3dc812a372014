//! What some commits descend from and others do not: two colours that run down the history until nothing can change.
//!
//! A walk that stops as soon as the dates seem to say so counts commits again whose clocks were wrong, and a release that
//! counts a commit twice gets a wrong version.

use std::collections::BinaryHeap;

use gix::hashtable::HashMap;

use super::{Lookup, UNKNOWN_GENERATION};
use crate::core::ids::Oid;
use crate::host::Result;
use crate::host::git_read::Repo;

/// How much older than one of its ancestors a commit may claim to be: 30 days. Where a commit-graph has the commits, no
/// clock is asked, and the answer holds whatever they say.
const SKEW_SECS: i64 = 30 * 24 * 60 * 60;

/// The commits reachable from any of `tips` and from none of `hidden`, in no order.
///
/// # Errors
/// When a commit cannot be read.
pub(super) fn since(repo: &Repo, tips: &[Oid], hidden: &[Oid]) -> Result<Vec<Oid>> {
    let mut painting = Painting {
        lookup: Lookup::open(repo)?,
        marks: HashMap::default(),
        queue: BinaryHeap::new(),
        open: 0,
        oldest: i64::MAX,
    };
    for tip in tips {
        painting.paint(*tip, false)?;
    }
    for commit in hidden {
        painting.paint(*commit, true)?;
    }
    painting.run()?;
    let shown = painting.marks.into_iter().filter(|(_, mark)| !mark.hidden);
    Ok(shown.map(|(id, _)| id).collect())
}

struct Mark {
    hidden: bool,
    queued: bool,
}

struct Painting<'r> {
    lookup: Lookup<'r>,
    marks: HashMap<Oid, Mark>,
    /// By generation, then commit time, newest first.
    queue: BinaryHeap<(u32, i64, Oid)>,
    /// How many commits of the queue are not hidden.
    open: usize,
    /// The least commit time among those that were expanded and not hidden then.
    oldest: i64,
}

impl Painting<'_> {
    fn run(&mut self) -> Result<()> {
        while let Some((generation, time, id)) = self.queue.peek().copied() {
            if self.open == 0 && self.is_settled(generation, time) {
                return Ok(());
            }
            self.queue.pop();
            let Some(mark) = self.marks.get_mut(&id) else { continue };
            mark.queued = false;
            let hidden = mark.hidden;
            if !hidden {
                self.open -= 1;
                self.oldest = self.oldest.min(time);
            }
            for parent in self.lookup.parents(id)? {
                self.paint(parent, hidden)?;
            }
        }
        Ok(())
    }

    /// Whether nothing below the first of the queue can hide what was expanded. In the graph every descendant came before;
    /// outside of it, what is older by more than any clock is wrong leads to nothing that is newer.
    fn is_settled(&self, generation: u32, time: i64) -> bool {
        generation != UNKNOWN_GENERATION || time < self.oldest.saturating_sub(SKEW_SECS)
    }

    /// A commit that turns out to be hidden after it was expanded is expanded again: what lies below it is hidden too.
    fn paint(&mut self, id: Oid, hidden: bool) -> Result<()> {
        match self.marks.get_mut(&id) {
            None => {
                self.marks.insert(id, Mark { hidden, queued: true });
                self.open += usize::from(!hidden);
            }
            Some(mark) if hidden && !mark.hidden => {
                mark.hidden = true;
                if mark.queued {
                    self.open -= 1;
                    return Ok(());
                }
                mark.queued = true;
            }
            Some(_) => return Ok(()),
        }
        let (generation, time) = self.lookup.rank(id)?;
        self.queue.push((generation, time, id));
        Ok(())
    }
}
