//! Which commits some commit descends from, asked one by one.

use gix::hashtable::HashMap;

use super::lookup::{Lookup, UNKNOWN_GENERATION};
use super::painting::{Colours, Mark, Painting};
use super::since::since;
use crate::core::history::Commit;
use crate::core::ids::Oid;
use crate::host::Result;
use crate::host::git_read::Repo;

/// The colour of the commit whose ancestors are asked for; that of each question is a later one.
const ANCESTOR: usize = 0;

/// Ancestors of one commit, discovered on demand.
///
/// A commit that is asked for is painted too, from itself down. What descends from nothing but its ancestors cannot lead
/// to it, so that the walk need not go below a commit with both colours: it ends where the two histories meet. That holds
/// whatever the clocks say. In the commit-graph, generations tell the same without a walk.
pub(crate) struct Ancestors<'r> {
    repo: &'r Repo,
    start: Oid,
    lookup: Lookup<'r>,
    painting: Painting,
    /// The colours of those that were asked for, or will be.
    asked: HashMap<Oid, usize>,
    hit_boundary: bool,
}

impl<'r> Ancestors<'r> {
    /// The ancestors of `start`, itself among them.
    pub(crate) fn of(repo: &'r Repo, start: Oid) -> Result<Self> {
        let mut lookup = Lookup::open(repo)?;
        let mut painting = Painting::default();
        painting.put(&mut lookup, start, &Colours::of(ANCESTOR))?;
        Ok(Self {
            repo,
            start,
            lookup,
            painting,
            asked: HashMap::default(),
            hit_boundary: false,
        })
    }

    /// Says which commits will be asked for soon, so that one walk answers for all.
    pub(crate) fn expect(&mut self, commits: &[Oid]) -> Result<()> {
        for commit in commits {
            self.colour_of(*commit)?;
        }
        Ok(())
    }

    /// Whether `commit` is an ancestor. Goes on with the walk only as far as the answer needs.
    pub(crate) fn contains(&mut self, commit: Oid) -> Result<bool> {
        if self.is_known(commit) {
            return Ok(true);
        }
        let lowest = self.lookup.generation(commit)?.unwrap_or(UNKNOWN_GENERATION);
        let colour = self.colour_of(commit)?;
        let is_open = |mark: &Mark| {
            let leads_there = colour.is_none_or(|colour| !mark.colours.has(colour));
            mark.colours.has(ANCESTOR) && leads_there && mark.rank.generation >= lowest
        };
        self.painting.ask(&is_open);
        while !self.is_known(commit) {
            match self.painting.step(&mut self.lookup, &is_open)? {
                Some((id, was_open)) => self.hit_boundary |= was_open && self.lookup.is_boundary(id),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    fn is_known(&self, commit: Oid) -> bool {
        let colours = self.painting.colours(commit);
        colours.is_some_and(|colours| colours.has(ANCESTOR))
    }

    /// The colour of a commit that is asked for; `None` where generations do without, and of what is not here or no commit.
    fn colour_of(&mut self, commit: Oid) -> Result<Option<usize>> {
        if let Some(colour) = self.asked.get(&commit) {
            return Ok(Some(*colour));
        }
        if self.lookup.generation(commit)? != Some(UNKNOWN_GENERATION) {
            return Ok(None);
        }
        let colour = ANCESTOR + 1 + self.asked.len();
        self.asked.insert(commit, colour);
        self.painting.put(&mut self.lookup, commit, &Colours::of(colour))?;
        Ok(Some(colour))
    }

    /// The commits reachable from the one whose ancestors these are and from none of `hidden`, as [`super::between`] has them;
    /// what was looked up so far is not looked up again.
    pub(crate) fn since(&mut self, hidden: &[Oid]) -> Result<Vec<Commit>> {
        let ids = since(&mut self.lookup, &[self.start], hidden)?;
        super::read_all(self.repo, ids)
    }

    /// How many they are.
    pub(crate) fn count_since(&mut self, hidden: &[Oid]) -> Result<u64> {
        Ok(since(&mut self.lookup, &[self.start], hidden)?.len() as u64)
    }

    /// Whether the walk came to commits whose parents a shallow clone hides.
    pub(crate) fn hit_boundary(&self) -> bool {
        self.hit_boundary
    }
}
