//! Colours that run down the history, from commits where they are put to all that those descend from.
//!
//! The order of the walk decides how much of it is needed, never what comes out: a colour that arrives at a commit after the
//! commit was expanded goes on from there all the same. Who asks says which commits are still open; as long as one that is
//! open waits, the walk goes on.

use std::collections::BinaryHeap;

use gix::hashtable::HashMap;
use gix::hashtable::hash_map::Entry;

use super::lookup::{Lookup, Rank};
use crate::core::ids::Oid;
use crate::host::Result;

/// A set of colours, by their numbers. The first 64 take no room of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Colours {
    first: u64,
    more: Vec<u64>,
}

impl Colours {
    pub(super) fn of(colour: usize) -> Self {
        let mut colours = Self::default();
        colours.insert(colour);
        colours
    }

    pub(super) fn insert(&mut self, colour: usize) {
        let (word, bit) = (colour / 64, 1 << (colour % 64));
        match word.checked_sub(1) {
            None => self.first |= bit,
            Some(at) => {
                if self.more.len() <= at {
                    self.more.resize(at + 1, 0);
                }
                if let Some(word) = self.more.get_mut(at) {
                    *word |= bit;
                }
            }
        }
    }

    pub(super) fn has(&self, colour: usize) -> bool {
        let (word, bit) = (colour / 64, 1 << (colour % 64));
        let word = match word.checked_sub(1) {
            None => self.first,
            Some(at) => self.more.get(at).copied().unwrap_or(0),
        };
        word & bit != 0
    }

    pub(super) fn has_all(&self, others: &Self) -> bool {
        let word = |at: usize| self.more.get(at).copied().unwrap_or(0);
        let mut rest = others.more.iter().enumerate();
        others.first & !self.first == 0 && rest.all(|(at, other)| other & !word(at) == 0)
    }

    /// Adds all of `others`.
    pub(super) fn join(&mut self, others: &Self) {
        self.first |= others.first;
        if self.more.len() < others.more.len() {
            self.more.resize(others.more.len(), 0);
        }
        for (own, other) in self.more.iter_mut().zip(&others.more) {
            *own |= other;
        }
    }
}

/// What is known of a commit that a colour came to.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) colours: Colours,
    pub(super) rank: Rank,
    /// Whether it waits to be expanded: its colours are not its parents' yet.
    waits: bool,
}

/// A history, partly painted.
#[derive(Default)]
pub(super) struct Painting {
    marks: HashMap<Oid, Mark>,
    /// Those that wait, highest first.
    queue: BinaryHeap<(Rank, Oid)>,
    /// How many of those that wait are open.
    open: usize,
}

impl Painting {
    pub(super) fn colours(&self, id: Oid) -> Option<&Colours> {
        Some(&self.marks.get(&id)?.colours)
    }

    /// Every painted commit.
    pub(super) fn marks(&self) -> impl Iterator<Item = (Oid, &Mark)> {
        self.marks.iter().map(|(id, mark)| (*id, mark))
    }

    /// Puts colours on a commit, whose parents will get them in turn. Before [`Painting::ask`], not while a question is asked.
    pub(super) fn put(&mut self, lookup: &mut Lookup<'_>, id: Oid, colours: &Colours) -> Result<()> {
        self.paint(lookup, id, colours, &|_| false)
    }

    /// Begins a question, to be answered by steps: which commits are open.
    pub(super) fn ask(&mut self, is_open: &dyn Fn(&Mark) -> bool) {
        let waiting = self.queue.iter().filter_map(|(_, id)| self.marks.get(id));
        self.open = waiting.filter(|mark| is_open(mark)).count();
    }

    /// Expands the highest commit that waits. `None` once none of them is open; else the commit, and whether it was.
    pub(super) fn step(
        &mut self,
        lookup: &mut Lookup<'_>,
        is_open: &dyn Fn(&Mark) -> bool,
    ) -> Result<Option<(Oid, bool)>> {
        if self.open == 0 {
            return Ok(None);
        }
        let Some((_, id)) = self.queue.pop() else {
            return Ok(None);
        };
        let Some(mark) = self.marks.get_mut(&id) else {
            return Ok(None);
        };
        mark.waits = false;
        let was_open = is_open(mark);
        self.open -= usize::from(was_open);
        let colours = mark.colours.clone();
        for parent in lookup.parents(id)?.iter() {
            self.paint(lookup, *parent, &colours, is_open)?;
        }
        Ok(Some((id, was_open)))
    }

    /// Walks until no commit that waits is open.
    pub(super) fn run(&mut self, lookup: &mut Lookup<'_>, is_open: &dyn Fn(&Mark) -> bool) -> Result<()> {
        self.ask(is_open);
        while self.step(lookup, is_open)?.is_some() {}
        Ok(())
    }

    fn paint(
        &mut self,
        lookup: &mut Lookup<'_>,
        id: Oid,
        colours: &Colours,
        is_open: &dyn Fn(&Mark) -> bool,
    ) -> Result<()> {
        let mark = match self.marks.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(Mark {
                colours: Colours::default(),
                rank: lookup.rank(id)?,
                waits: false,
            }),
        };
        if mark.colours.has_all(colours) {
            return Ok(());
        }
        self.open -= usize::from(mark.waits && is_open(mark));
        mark.colours.join(colours);
        if !mark.waits {
            mark.waits = true;
            self.queue.push((mark.rank, id));
        }
        self.open += usize::from(is_open(mark));
        Ok(())
    }
}
