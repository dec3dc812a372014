//! Looking commits up: in the commit-graph (gitformat-commit-graph(5)), else in the object database, there each one once.

use std::rc::Rc;

use gix::hashtable::hash_map::Entry;
use gix::hashtable::{HashMap, HashSet};

use crate::core::ids::Oid;
use crate::host::git_read::Repo;
use crate::host::{Error, Result, chain};

/// Generation of a commit that is not in the commit-graph: above all that are.
pub(super) const UNKNOWN_GENERATION: u32 = u32::MAX;

/// In which order commits are walked: highest first. A commit of the graph then comes behind all that descend from it; where
/// the graph ends, only the clock tells, and clocks are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) generation: u32,
    /// Commit time, in seconds since the Unix epoch.
    pub(super) time: i64,
}

/// Where commits are looked up.
pub(super) struct Lookup<'r> {
    repo: &'r Repo,
    graph: Option<gix::commitgraph::Graph>,
    shallow: HashSet<Oid>,
    /// The commits that are not in the graph, as far as they were read.
    read: HashMap<Oid, Read>,
}

struct Read {
    time: i64,
    parents: Rc<[Oid]>,
}

impl<'r> Lookup<'r> {
    pub(super) fn open(repo: &'r Repo) -> Result<Self> {
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
        Ok(Self {
            repo,
            graph,
            shallow,
            read: HashMap::default(),
        })
    }

    /// Whether a shallow clone hides the commit's parents.
    pub(super) fn is_boundary(&self, id: Oid) -> bool {
        self.shallow.contains(&id)
    }

    /// Generation of a commit; `None` of anything else, and of what is not here.
    pub(super) fn generation(&self, id: Oid) -> Result<Option<u32>> {
        match self.graph_entry(id) {
            Some(known) => Ok(Some(known.generation)),
            None if self.read.contains_key(&id) || self.repo.is_commit(id)? => Ok(Some(UNKNOWN_GENERATION)),
            None => Ok(None),
        }
    }

    pub(super) fn rank(&mut self, id: Oid) -> Result<Rank> {
        match self.graph_entry(id) {
            Some(known) => Ok(known),
            None => Ok(Rank {
                generation: UNKNOWN_GENERATION,
                time: self.read(id)?.time,
            }),
        }
    }

    /// Generation 0 stands for "not computed" in files of old writers: no bound follows from it.
    fn graph_entry(&self, id: Oid) -> Option<Rank> {
        let entry = self.graph.as_ref()?.commit_by_id(id)?;
        let time = i64::try_from(entry.committer_timestamp()).unwrap_or(i64::MAX);
        let generation = entry.generation();
        (generation > 0).then_some(Rank { generation, time })
    }

    /// First parent first; none at a shallow clone's boundary.
    pub(super) fn parents(&mut self, id: Oid) -> Result<Rc<[Oid]>> {
        if self.is_boundary(id) {
            return Ok(Rc::default());
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
        Ok(Rc::clone(&self.read(id)?.parents))
    }

    /// A commit whose date cannot be read counts as the oldest of all.
    fn read(&mut self, id: Oid) -> Result<&Read> {
        match self.read.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let unread = |error: gix::Error| Error::git(format!("commit {id}"), chain(&error));
                let found = self.repo.gix().find_commit(id).map_err(unread)?;
                Ok(free.insert(Read {
                    time: found.time().map_or(0, |time| time.seconds),
                    parents: found.parent_ids().map(gix::Id::detach).collect(),
                }))
            }
        }
    }
}
