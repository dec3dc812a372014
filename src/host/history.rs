//! Walking commits: which release tag a commit descends from, and what lies between.
//!
//! Cost is bounded by generation numbers where the repository has a commit-graph
//! (gitformat-commit-graph(5)): the walk goes no deeper than the lowest generation of any tag that it must rule out.

mod since;

use std::collections::BinaryHeap;

use gix::hashtable::{HashMap, HashSet};
use gix::objs::CommitRef;
use gix::objs::commit::ref_iter::Token;

use super::git_read::Repo;
use super::{Error, Result, chain};
use crate::core::commit;
use crate::core::history::Commit;
use crate::core::hooks::Written;
use crate::core::ids::Oid;

/// Generation of a commit that is not in the commit-graph: above all that are.
const UNKNOWN_GENERATION: u32 = u32::MAX;

/// Where commits are looked up: in the commit-graph, else in the object database.
struct Lookup<'r> {
    repo: &'r Repo,
    graph: Option<gix::commitgraph::Graph>,
    shallow: HashSet<Oid>,
}

impl<'r> Lookup<'r> {
    fn open(repo: &'r Repo) -> Result<Self> {
        let unread = |error: gix::Error| Error::git("the commit-graph", chain(&error));
        let shallow = repo
            .gix()
            .shallow_commits()
            .map_err(|error| Error::git("the list of shallow commits", chain(&error)))?;
        let shallow: HashSet<Oid> = shallow.iter().flat_map(|list| list.iter().copied()).collect();
        // A shallow clone's commit-graph, if it has one at all, may know parents that the clone hides.
        let graph = if shallow.is_empty() {
            repo.gix().commit_graph_if_enabled().map_err(unread)?
        } else {
            None
        };
        Ok(Self { repo, graph, shallow })
    }

    /// Whether a shallow clone hides the commit's parents.
    fn is_boundary(&self, id: Oid) -> bool {
        self.shallow.contains(&id)
    }

    /// Generation and commit time. Walked in this order, highest first, a commit of the graph comes behind all that
    /// descend from it; where the graph ends, only the clock tells.
    fn rank(&self, id: Oid) -> Result<(u32, i64)> {
        match self.graph_entry(id) {
            Some(known) => Ok(known),
            None => Ok((UNKNOWN_GENERATION, commit_time(self.repo, id)?.unwrap_or(0))),
        }
    }

    /// Generation 0 stands for "not computed" in files of old writers: no bound follows from it.
    fn graph_entry(&self, id: Oid) -> Option<(u32, i64)> {
        let entry = self.graph.as_ref()?.commit_by_id(id)?;
        let time = i64::try_from(entry.committer_timestamp()).unwrap_or(i64::MAX);
        (entry.generation() > 0).then_some((entry.generation(), time))
    }

    /// First parent first; none at a shallow clone's boundary.
    fn parents(&self, id: Oid) -> Result<Vec<Oid>> {
        if self.is_boundary(id) {
            return Ok(Vec::new());
        }
        if let Some(graph) = &self.graph
            && let Some(entry) = graph.commit_by_id(id)
        {
            let damaged = |error: gix::Error| Error::git("the commit-graph", chain(&error));
            return entry
                .iter_parents()
                .map(|parent| parent.map(|at| graph.id_at(at).to_owned()).map_err(damaged))
                .collect();
        }
        self.repo.parents_of(id)
    }
}

/// Ancestors of one commit, discovered on demand from the newest down and never twice.
pub(crate) struct Ancestors<'r> {
    lookup: Lookup<'r>,
    seen: HashSet<Oid>,
    /// By generation, then commit time, newest first.
    queue: BinaryHeap<(u32, i64, Oid)>,
    hit_boundary: bool,
}

impl<'r> Ancestors<'r> {
    /// The ancestors of `start`, itself among them.
    pub(crate) fn of(repo: &'r Repo, start: Oid) -> Result<Self> {
        let mut walk = Self {
            lookup: Lookup::open(repo)?,
            seen: HashSet::default(),
            queue: BinaryHeap::new(),
            hit_boundary: false,
        };
        walk.enqueue(start)?;
        Ok(walk)
    }

    /// Whether `commit` is an ancestor. Goes on with the walk only as far as the answer needs.
    pub(crate) fn contains(&mut self, commit: Oid) -> Result<bool> {
        if self.seen.contains(&commit) {
            return Ok(true);
        }
        let lowest = self
            .lookup
            .graph_entry(commit)
            .map_or(UNKNOWN_GENERATION, |(generation, _)| generation);
        while self
            .queue
            .peek()
            .is_some_and(|(generation, _, _)| *generation >= lowest)
        {
            let Some((_, _, next)) = self.queue.pop() else { break };
            self.expand(next)?;
            if self.seen.contains(&commit) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the walk came to commits whose parents a shallow clone hides.
    pub(crate) fn hit_boundary(&self) -> bool {
        self.hit_boundary
    }

    fn expand(&mut self, id: Oid) -> Result<()> {
        self.hit_boundary |= self.lookup.is_boundary(id);
        for parent in self.lookup.parents(id)? {
            self.enqueue(parent)?;
        }
        Ok(())
    }

    fn enqueue(&mut self, id: Oid) -> Result<()> {
        if self.seen.insert(id) {
            let (generation, time) = self.lookup.rank(id)?;
            self.queue.push((generation, time, id));
        }
        Ok(())
    }
}

/// When a commit was made, in seconds since the Unix epoch; `None` where its date cannot be read.
pub(crate) fn commit_time(repo: &Repo, id: Oid) -> Result<Option<i64>> {
    let unread = |error: gix::Error| Error::git(format!("commit {id}"), chain(&error));
    let found = repo.gix().find_commit(id).map_err(unread)?;
    Ok(found.time().ok().map(|time| time.seconds))
}

/// The commits reachable from `tip` and from none of `hidden`, children before parents, newer first among equals.
pub(crate) fn between(repo: &Repo, tip: Oid, hidden: &[Oid]) -> Result<Vec<Commit>> {
    let commits = since::since(repo, &[tip], hidden)?;
    let commits = commits.into_iter().map(|id| read_commit(repo, id));
    Ok(topological(commits.collect::<Result<_>>()?))
}

/// The same of several tips, in the same order, as far as their messages are judged. Each is read once, and none is made sense of.
pub(crate) fn written_between(repo: &Repo, tips: &[Oid], hidden: &[Oid]) -> Result<Vec<Written>> {
    let read = |id: Oid| {
        let found = find_commit(repo, id)?;
        let time = found.time().map_or(0, |time| time.seconds);
        let parents: Vec<Oid> = found.parent_ids().map(gix::Id::detach).collect();
        Ok((Place { id, time }, parents, decoded(&found)?))
    };
    let commits: Result<Vec<_>> = since::since(repo, tips, hidden)?.into_iter().map(read).collect();
    let ordered = in_order(commits?, |(place, parents, _)| (*place, parents));
    Ok(ordered.into_iter().map(|(.., written)| written).collect())
}

/// The ids of those commits, in no order.
pub(crate) fn ids_between(repo: &Repo, tip: Oid, hidden: &[Oid]) -> Result<Vec<Oid>> {
    since::since(repo, &[tip], hidden)
}

/// How many commits are reachable from `tip` and from none of `hidden`.
pub(crate) fn count_between(repo: &Repo, tip: Oid, hidden: &[Oid]) -> Result<u64> {
    Ok(since::since(repo, &[tip], hidden)?.len() as u64)
}

/// Reads one commit and what its message means.
pub(crate) fn read_commit(repo: &Repo, id: Oid) -> Result<Commit> {
    let found = find_commit(repo, id)?;
    let time = found.time().map_or(0, |time| time.seconds);
    let parents = found.parent_ids().map(gix::Id::detach).collect();
    Ok(Commit {
        id,
        parents,
        time,
        message: commit::read_encoded(found.message_raw_sloppy(), encoding(&found)),
    })
}

/// What the commit's header says of its message's encoding; nothing where the header is damaged in front of it.
fn encoding<'c>(commit: &'c gix::Commit<'_>) -> Option<&'c [u8]> {
    commit.iter().find_map(|token| match token {
        Ok(Token::Encoding(name)) => Some(name.as_ref()),
        Ok(_) | Err(_) => None,
    })
}

/// Reads one commit as far as its message is judged.
pub(crate) fn read_written(repo: &Repo, id: Oid) -> Result<Written> {
    decoded(&find_commit(repo, id)?)
}

fn decoded(found: &gix::Commit<'_>) -> Result<Written> {
    let decoded = found.decode();
    let decoded = decoded.map_err(|error| Error::git(format!("commit {}", found.id), chain(&error)))?;
    Ok(written(found.id, &decoded))
}

/// A commit, as far as its message is judged.
pub(super) fn written(id: Oid, commit: &CommitRef<'_>) -> Written {
    Written {
        id: Some(id),
        message: commit.message.to_vec(),
        encoding: commit.encoding.map(ToString::to_string),
        parents: commit.parents().count(),
    }
}

fn find_commit(repo: &Repo, id: Oid) -> Result<gix::Commit<'_>> {
    let found = repo.gix().find_commit(id);
    found.map_err(|error| Error::git(format!("commit {id}"), chain(&error)))
}

/// Commits in the order of [`between`].
pub(crate) fn topological(commits: Vec<Commit>) -> Vec<Commit> {
    in_order(commits, |commit| {
        let place = Place {
            id: commit.id,
            time: commit.time,
        };
        (place, &commit.parents)
    })
}

/// What decides where a commit is listed, beside its parents.
#[derive(Clone, Copy)]
struct Place {
    id: Oid,
    time: i64,
}

/// Kahn's algorithm with the newest commit first among those whose children have all been listed, as
/// `git log --topo-order --date-order` lists them. Commit times alone would not do: clocks are wrong.
fn in_order<C>(commits: Vec<C>, place: impl Fn(&C) -> (Place, &Vec<Oid>)) -> Vec<C> {
    let mut children: HashMap<Oid, usize> = commits.iter().map(|commit| (place(commit).0.id, 0)).collect();
    for parent in commits.iter().flat_map(|commit| place(commit).1) {
        if let Some(count) = children.get_mut(parent) {
            *count += 1;
        }
    }
    let mut ready: BinaryHeap<(i64, Oid)> = BinaryHeap::new();
    let mut pending: HashMap<Oid, C> = HashMap::default();
    for commit in commits {
        let Place { id, time } = place(&commit).0;
        if children.get(&id) == Some(&0) {
            ready.push((time, id));
        }
        pending.insert(id, commit);
    }
    let mut ordered = Vec::with_capacity(pending.len());
    while let Some((_, id)) = ready.pop() {
        let Some(commit) = pending.remove(&id) else { continue };
        for parent in place(&commit).1 {
            if let (Some(count), Some(waiting)) = (children.get_mut(parent), pending.get(parent)) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push((place(waiting).0.time, *parent));
                }
            }
        }
        ordered.push(commit);
    }
    ordered
}

/// A best common ancestor of two commits (git-merge-base(1)); `None` where their histories are unrelated.
pub(crate) fn merge_base(repo: &Repo, one: Oid, two: Oid) -> Result<Option<Oid>> {
    let bases = repo.gix().merge_bases_many(one, &[two]);
    let bases = bases.map_err(|error| Error::git("the common ancestor", chain(&error)))?;
    Ok(bases.first().map(|id| id.detach()))
}

/// For each tip in turn, the commits reachable from it and from none before it, in the order of [`between`]. Each commit
/// is read once.
pub(crate) fn partition(repo: &Repo, tips: &[Oid]) -> Result<Vec<Vec<Commit>>> {
    let mut seen: HashSet<Oid> = HashSet::default();
    let mut parts = Vec::with_capacity(tips.len());
    for tip in tips {
        let mut part = Vec::new();
        let mut pending = vec![*tip];
        while let Some(id) = pending.pop() {
            if seen.insert(id) {
                let commit = read_commit(repo, id)?;
                pending.extend(&commit.parents);
                part.push(commit);
            }
        }
        parts.push(topological(part));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
