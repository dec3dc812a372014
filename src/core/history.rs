//! From a list of commits to what each asks for, reverts considered.
//!
//! Owns what cancels what. Must not know how messages are read (`commit.rs`) nor what a bump does to a version (`version.rs`).

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};

use super::commit::{Kind, Message, Named, split_reference};
use super::ids::Oid;
use super::version::{Bump, BumpTable};

/// A commit, as far as a release is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit's id.
    pub id: Oid,
    /// Its parents, the first first; they need not be in the list.
    pub parents: Vec<Oid>,
    /// The committer's date, in Unix seconds.
    pub time: i64,
    /// What its message says.
    pub message: Message,
}

/// A commit and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The commit.
    pub commit: Commit,
    /// What its type asks for, before the policy for versions before 1.0.0, and whether or not it was cancelled.
    pub bump: Bump,
    /// Whether it was cancelled: it was reverted, or did nothing but revert others of the list. It then asks for nothing.
    pub reverted: bool,
}

/// What the commits since the last release ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Conventional commits and reverts, newest first.
    pub judged: Vec<Judged>,
    /// The number of all other commits.
    pub ignored: usize,
}

impl History {
    /// The most that is asked for, and the newest commit that asks for it; cancelled commits ask for nothing.
    pub fn asked(&self) -> (Bump, Option<Oid>) {
        let mut most = (Bump::None, None);
        for judged in self.judged.iter().filter(|judged| !judged.reverted) {
            if judged.bump > most.0 {
                most = (judged.bump, Some(judged.commit.id));
            }
        }
        most
    }
}

/// Judges the commits that are reachable from the source and not from the base, every commit before its parents.
///
/// Going from the newest to the oldest, a commit that still stands and names older ones, in git's line `This reverts commit <id>` or
/// by pull request as forges do (`Reverts owner/repo#12`), cancels them; naming a merge cancels all that the merge brought in: what its other parents reach and its first does not. A revert
/// whose named commits are all in the list is cancelled with them, so that reverting it revives them. Otherwise it undoes
/// something released and asks for what its type asks for; so does a commit of another type that carries such a line. An id
/// may be abbreviated as long as it is unique in the list.
pub fn judge(commits: Vec<Commit>, table: &BumpTable) -> History {
    let graph = Graph::of(&commits);
    let cancelled = cancelled(&commits, &graph);
    let mut history = History::default();
    for (commit, reverted) in commits.into_iter().zip(cancelled) {
        let kind = match &commit.message.kind {
            Kind::Conventional(header) => header.kind.as_str(),
            Kind::Revert { .. } => "revert",
            Kind::Merge | Kind::Fixup | Kind::Other => {
                history.ignored += 1;
                continue;
            }
        };
        let bump = table.asks(kind, commit.message.is_breaking());
        history.judged.push(Judged { commit, bump, reverted });
    }
    history
}

/// For each commit of the list, whether it is cancelled.
fn cancelled(commits: &[Commit], graph: &Graph<'_>) -> Vec<bool> {
    let mut cancelled = Marks::new(commits.len());
    let mut expanded = Marks::new(commits.len());
    for (index, Commit { message, .. }) in commits.iter().enumerate() {
        let acts = match message.kind {
            Kind::Conventional(_) | Kind::Revert { .. } | Kind::Other => !message.reverts.is_empty(),
            Kind::Merge | Kind::Fixup => false,
        };
        if !acts || cancelled.has(index) {
            continue;
        }
        let mut all_known = true;
        for named in &message.reverts {
            // Only an older commit can be meant: a message that names itself or a newer commit comes to nothing.
            let targets = match named {
                Named::Commit(id) => graph.find(id).filter(|target| *target > index).into_iter().collect(),
                Named::Request(number) => graph.came_by(number, index),
            };
            all_known &= !targets.is_empty();
            for target in targets {
                cancelled.set(target);
                if expanded.set(target) {
                    for brought in graph.brought_in(target) {
                        cancelled.set(brought);
                    }
                }
            }
        }
        if all_known && message.is_revert() {
            cancelled.set(index);
        }
    }
    cancelled.0
}

/// One mark for each commit of the list.
struct Marks(Vec<bool>);

impl Marks {
    fn new(len: usize) -> Self {
        Self(vec![false; len])
    }

    fn has(&self, index: usize) -> bool {
        self.0.get(index).copied().unwrap_or_default()
    }

    /// Sets the mark; whether it was not set before.
    fn set(&mut self, index: usize) -> bool {
        self.0.get_mut(index).is_some_and(|mark| !std::mem::replace(mark, true))
    }
}

/// The list as a graph whose nodes are places in the list.
struct Graph<'c> {
    commits: &'c [Commit],
    /// The ids as text, sorted, for finding abbreviations.
    ids: Vec<(String, usize)>,
    /// The parents in order; `None` outside the list.
    parents: Vec<Vec<Option<usize>>>,
    /// By the numbers of pull requests, the commits that name them, newest first.
    requests: HashMap<&'c str, Vec<usize>>,
}

impl<'c> Graph<'c> {
    fn of(commits: &'c [Commit]) -> Self {
        let places: HashMap<Oid, usize> = commits.iter().enumerate().map(|(at, c)| (c.id, at)).collect();
        let mut ids: Vec<_> = places.iter().map(|(id, at)| (id.to_string(), *at)).collect();
        ids.sort_unstable();
        let place = |id: &Oid| places.get(id).copied();
        let parents = commits.iter().map(|c| c.parents.iter().map(place).collect()).collect();
        let mut requests: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, commit) in commits.iter().enumerate() {
            for reference in &commit.message.references {
                requests.entry(&reference.number).or_default().push(at);
            }
        }
        Self {
            commits,
            ids,
            parents,
            requests,
        }
    }

    /// What a pull request brought that the commit at `by` reverts: its merge; else the commits that have the subject which the
    /// revert quotes; else the only one that names it. Several that differ are a guess, and nothing is cancelled by one.
    fn came_by(&self, number: &str, by: usize) -> Vec<usize> {
        let older = || {
            let named = self.requests.get(number).map(Vec::as_slice).unwrap_or_default();
            named.iter().copied().filter(|at| *at > by)
        };
        // Of `fix: x (#12) (#20)`, the backport #20 of #12, the last one is meant first.
        let last = |at: &usize| self.references(*at).last() == Some(number);
        let mut found: Vec<usize> = older().filter(last).collect();
        if found.is_empty() {
            found = older().collect();
        }
        found.dedup();
        let quoted = |at: &usize| self.quotes(by, *at);
        if found.iter().any(|at| self.is_merge(*at)) {
            found.retain(|at| self.is_merge(*at));
        } else if found.iter().any(quoted) {
            found.retain(quoted);
        } else if found.len() > 1 {
            found.clear();
        }
        found
    }

    fn references(&self, at: usize) -> impl Iterator<Item = &str> {
        let references = self.commits.get(at).map(|commit| commit.message.references.as_slice());
        references
            .unwrap_or_default()
            .iter()
            .map(|reference| reference.number.as_str())
    }

    fn is_merge(&self, at: usize) -> bool {
        self.commits.get(at).is_some_and(|commit| commit.parents.len() > 1)
    }

    /// Whether the revert at `by` quotes the subject of the commit at `at`, with or without its pull request.
    fn quotes(&self, by: usize, at: usize) -> bool {
        let (Some(revert), Some(commit)) = (self.commits.get(by), self.commits.get(at)) else {
            return false;
        };
        let subject = commit.message.subject.as_str();
        match &revert.message.kind {
            Kind::Revert { summary, .. } => {
                summary == subject || split_reference(subject).is_some_and(|(bare, _)| summary == bare)
            }
            Kind::Conventional(_) | Kind::Merge | Kind::Fixup | Kind::Other => false,
        }
    }

    /// The commit with this id, or the only one whose id starts so.
    fn find(&self, id: &str) -> Option<usize> {
        let from = self.ids.partition_point(|(full, _)| full.as_str() < id);
        let mut matches = self.ids.iter().skip(from).take_while(|(full, _)| full.starts_with(id));
        let (_, place) = matches.next()?;
        matches.next().is_none().then_some(*place)
    }

    /// What a merge brought in: what its other parents reach and its first does not; nothing for another commit.
    ///
    /// Walks from the newest to the oldest, so that all children of a commit have been seen when its turn comes, and stops
    /// when nothing brought in is left to look at.
    fn brought_in(&self, merge: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut walk = Walk::default();
        for (nth, parent) in self.older_parents(merge) {
            walk.reach(parent, nth == 0);
        }
        while let Some((commit, kept)) = walk.next() {
            if !kept {
                found.push(commit);
            }
            for (_, parent) in self.older_parents(commit) {
                walk.reach(parent, kept);
            }
        }
        found
    }

    /// The parents within the list, each with its number from 0; what does not lie behind its child is no parent of it.
    fn older_parents(&self, child: usize) -> impl Iterator<Item = (usize, usize)> {
        let parents = self.parents.get(child).map(Vec::as_slice).unwrap_or_default().iter();
        parents
            .enumerate()
            .filter_map(move |(nth, parent)| parent.filter(|at| *at > child).map(|at| (nth, at)))
    }
}

/// Commits still to be looked at, newest first, each with whether the merge's first parent reaches it.
#[derive(Default)]
struct Walk {
    queue: BTreeMap<usize, bool>,
    /// How many of the queue the first parent does not reach.
    brought: usize,
}

impl Walk {
    fn reach(&mut self, commit: usize, kept: bool) {
        match self.queue.entry(commit) {
            Entry::Vacant(place) => {
                place.insert(kept);
                self.brought += usize::from(!kept);
            }
            Entry::Occupied(mut place) => {
                if kept && !place.insert(true) {
                    self.brought -= 1;
                }
            }
        }
    }

    fn next(&mut self) -> Option<(usize, bool)> {
        if self.brought == 0 {
            return None;
        }
        let (commit, kept) = self.queue.pop_first()?;
        self.brought -= usize::from(!kept);
        Some((commit, kept))
    }
}

#[cfg(test)]
mod tests;
