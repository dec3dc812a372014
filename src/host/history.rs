//! Walking commits: which release tag a commit descends from, and what lies between.
//!
//! Cost is bounded by generation numbers where the repository has a commit-graph
//! (gitformat-commit-graph(5)): the walk goes no deeper than the lowest generation of any tag that it must rule out. Without
//! one it goes as far as the histories that are asked about differ.

mod ancestors;
mod lookup;
mod painting;
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

pub(crate) use ancestors::Ancestors;
use lookup::Lookup;

/// When a commit was made, in seconds since the Unix epoch; `None` where its date cannot be read.
pub(crate) fn commit_time(repo: &Repo, id: Oid) -> Result<Option<i64>> {
    let unread = |error: gix::Error| Error::git(format!("commit {id}"), chain(&error));
    let found = repo.gix().find_commit(id).map_err(unread)?;
    Ok(found.time().ok().map(|time| time.seconds))
}

/// The commits reachable from `tip` and from none of `hidden`, children before parents, newer first among equals.
pub(crate) fn between(repo: &Repo, tip: Oid, hidden: &[Oid]) -> Result<Vec<Commit>> {
    read_all(repo, ids_between(repo, tip, hidden)?)
}

/// Commits by their ids, in that order.
fn read_all(repo: &Repo, ids: Vec<Oid>) -> Result<Vec<Commit>> {
    let commits = ids.into_iter().map(|id| read_commit(repo, id));
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
    let commits: Result<Vec<_>> = since::since(&mut Lookup::open(repo)?, tips, hidden)?
        .into_iter()
        .map(read)
        .collect();
    let ordered = in_order(commits?, |(place, parents, _)| (*place, parents));
    Ok(ordered.into_iter().map(|(.., written)| written).collect())
}

/// The ids of those commits, in no order.
pub(crate) fn ids_between(repo: &Repo, tip: Oid, hidden: &[Oid]) -> Result<Vec<Oid>> {
    since::since(&mut Lookup::open(repo)?, &[tip], hidden)
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

/// The best common ancestors of two commits (git-merge-base(1), `--all`); none where their histories are unrelated.
pub(crate) fn merge_bases(repo: &Repo, one: Oid, two: Oid) -> Result<Vec<Oid>> {
    let bases = repo.gix().merge_bases_many(one, &[two]);
    let bases = bases.map_err(|error| Error::git("the common ancestor", chain(&error)))?;
    Ok(bases.into_iter().map(gix::Id::detach).collect())
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
