//! Who may sign a release: a file or ref that was named, else the releases before it, back to an introduction.
//!
//! The file is never read from the commit that it would authorise, but for an introduction, which vouches for that one tag.

use semver::Version;

use super::flow::flow_of_names;
use super::lineage::ReleaseTags;
use super::settings::at_commit;
use super::tag::{Candidate, Verifier};
use super::{ProbeError, named};
use crate::core::facts::Fact;
use crate::core::ids::{Oid, RefName, TagName};
use crate::core::policy::Policy;
use crate::core::trust::{AllowedSigners, KeyId};
use crate::core::verify::{self, Signers};
use crate::engine::journal;
use crate::host::git_read::Repo;
use crate::host::history::Ancestors;
use crate::host::{Error, Result};

/// Where a release keeps who may sign the next one.
pub(crate) const SIGNERS_FILE: &str = ".sentinel/allowed_signers";

/// A tag that is trusted without a release before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Introduction {
    pub(crate) tag: TagName,
    pub(crate) by: Vouched,
}

/// What an introduction vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Vouched {
    /// The key that signed it.
    Key(KeyId),
    /// That very object: the tag was made here.
    Object(Oid),
}

/// Who is asked.
#[derive(Debug, Clone)]
pub(crate) enum Authority {
    /// This file.
    File(Signers),
    /// The file on this ref, as it was before the release.
    Ref(RefName),
    /// The releases before, back to one of these.
    Releases(Vec<Introduction>),
    /// It cannot be seen who is to be asked, and why.
    Unseen(String),
}

impl Verifier<'_> {
    /// The signers that decide about `candidate`.
    ///
    /// # Errors
    /// When the repository cannot be read. That nobody decides is a fact.
    pub(crate) fn signers(
        &mut self,
        authority: &Authority,
        candidate: &Candidate,
        releases: &ReleaseTags,
    ) -> Result<Fact<Signers>> {
        let introductions = match authority {
            Authority::File(signers) => return Ok(Fact::Known(signers.clone())),
            Authority::Ref(name) => return on_ref(self.repo, name, candidate),
            Authority::Unseen(why) => return Ok(Fact::Unknown(why.clone())),
            Authority::Releases(introductions) => introductions,
        };
        let Some(commit) = candidate.commit else {
            return Ok(Fact::Unknown("the tag names no commit".to_owned()));
        };
        if !self.repo.is_commit(commit)? {
            return Ok(Fact::Unknown(format!("commit {commit} is not here")));
        }
        let mut chain = Chain {
            repo: self.repo,
            introductions,
            verified: Vec::new(),
        };
        if !introductions.is_empty() {
            for (version, release) in releases_below(self.repo, releases, commit)? {
                let decided = chain.decided(&release)?;
                if matches!(decided, Fact::Unknown(_)) {
                    continue;
                }
                let facts = self.observe(&release, decided)?;
                if let (true, Some(commit)) = (verify::judge(&facts).is_safe(), release.commit) {
                    chain.verified.push((version, release.name, commit));
                }
            }
        }
        chain.decided(candidate)
    }
}

/// Release tags with a tag object whose commits are proper ancestors of `commit`, lowest version first.
fn releases_below(repo: &Repo, releases: &ReleaseTags, commit: Oid) -> Result<Vec<(Version, Candidate)>> {
    let mut ancestors = Ancestors::of(repo, commit)?;
    let mut below = Vec::new();
    for (version, name, id) in releases.ascending() {
        let candidate = Candidate::standing(repo, name.clone(), id)?;
        let at = candidate.commit.filter(|at| *at != commit && candidate.is_bound());
        if let Some(at) = at
            && repo.is_commit(at)?
            && ancestors.contains(at)?
        {
            below.push((version.clone(), candidate));
        }
    }
    Ok(below)
}

/// What the maker of a release on `commit` trusts: the releases below it that were made in this clone; where none was, the
/// lowest one, taken for what it says it is. Empty where there is none below: then the release is the first.
pub(crate) fn makers_introductions(repo: &Repo, releases: &ReleaseTags, commit: Oid) -> Result<Vec<Introduction>> {
    let below = releases_below(repo, releases, commit)?;
    let is_below = |made: &Introduction| below.iter().any(|(_, candidate)| candidate.name == made.tag);
    let made: Vec<Introduction> = made_here(repo, None)?.into_iter().filter(is_below).collect();
    if !made.is_empty() {
        return Ok(made);
    }
    Ok(below.into_iter().take(1).filter_map(as_it_stands).collect())
}

/// A release, taken for what it says it is.
fn as_it_stands((_, candidate): (Version, Candidate)) -> Option<Introduction> {
    Some(Introduction {
        by: Vouched::Object(candidate.id?),
        tag: candidate.name,
    })
}

/// The tags that were made in this clone and still stand: the journals of their runs are the introduction. `pushed` is one
/// that is on its way: a release is pushed before its ref stands here.
pub(crate) fn made_here(repo: &Repo, pushed: Option<(&TagName, Oid)>) -> Result<Vec<Introduction>> {
    let mut standing = Vec::new();
    for (tag, id) in journal::signed_tags(&repo.common_dir())? {
        if pushed == Some((&tag, id)) || repo.find_ref(&tag.full())? == Some(id) {
            let by = Vouched::Object(id);
            standing.push(Introduction { tag, by });
        }
    }
    Ok(standing)
}

/// The releases below a tag that stand in a server's repository: each was judged when it came, or stood before there was a
/// judge.
pub(crate) fn taken_in(repo: &Repo, releases: &ReleaseTags, candidate: &Candidate) -> Result<Vec<Introduction>> {
    let Some(commit) = candidate.commit else {
        return Ok(Vec::new());
    };
    if !repo.is_commit(commit)? {
        return Ok(Vec::new());
    }
    let below = releases_below(repo, releases, commit)?;
    Ok(below.into_iter().filter_map(as_it_stands).collect())
}

/// Whether any release stands here that says what it is bound to.
pub(crate) fn has_bound(repo: &Repo, releases: &ReleaseTags) -> Result<bool> {
    for (_, name, id) in releases.ascending() {
        if Candidate::standing(repo, name.clone(), id)?.is_bound() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a branch is there and says who may sign.
pub(crate) fn has_signers(repo: &Repo, branch: &RefName) -> Result<bool> {
    match repo.find_ref(branch)? {
        Some(tip) => has_file(repo, tip),
        None => Ok(false),
    }
}

struct Chain<'a> {
    repo: &'a Repo,
    introductions: &'a [Introduction],
    /// Releases that verified, lowest version first, with their commits.
    verified: Vec<(Version, TagName, Oid)>,
}

impl Chain<'_> {
    fn introduction(&self, candidate: &Candidate) -> Option<&Introduction> {
        self.introductions.iter().find(|introduction| {
            introduction.tag == candidate.name
                && match &introduction.by {
                    Vouched::Key(_) => true,
                    Vouched::Object(id) => candidate.id == Some(*id),
                }
        })
    }

    /// The signers for a release whose predecessors were looked at already: the nearest one that verified decides, before
    /// any introduction does.
    fn decided(&self, candidate: &Candidate) -> Result<Fact<Signers>> {
        let Some(commit) = candidate.commit else {
            return Ok(Fact::Unknown("the tag names no commit".to_owned()));
        };
        let mut ancestors = Ancestors::of(self.repo, commit)?;
        for (_, name, at) in self.verified.iter().rev() {
            if *at != commit && ancestors.contains(*at)? {
                return file_at(self.repo, *at, name.as_str());
            }
        }
        if let Some(introduction) = self.introduction(candidate) {
            let mut own = file_at(self.repo, commit, candidate.name.as_str())?;
            if let (Fact::Known(signers), Vouched::Key(key)) = (&mut own, &introduction.by) {
                signers.allowed = signers.allowed.only(key);
                signers.source = format!("{}, as introduced", signers.source);
            }
            return Ok(own);
        }
        Ok(Fact::Unknown(if self.introductions.is_empty() {
            "no release was introduced; name one with --introduction TAG=FINGERPRINT, or a file with --signers"
                .to_owned()
        } else {
            let names: Vec<&str> = self.introductions.iter().map(|one| one.tag.as_str()).collect();
            format!("no release below it verifies, back to {}", names.join(", "))
        }))
    }
}

/// Whether a commit says who may sign.
pub(crate) fn has_file(repo: &Repo, commit: Oid) -> Result<bool> {
    Ok(repo.file_at(repo.tree_of(commit)?, SIGNERS_FILE)?.is_some())
}

/// The signers' file of a commit; `holder` names the commit for people.
pub(crate) fn file_at(repo: &Repo, commit: Oid, holder: &str) -> Result<Fact<Signers>> {
    let source = format!("{SIGNERS_FILE} of {holder}");
    let Some(bytes) = repo.file_at(repo.tree_of(commit)?, SIGNERS_FILE)? else {
        return Ok(Fact::Unknown(format!("there is no {source}")));
    };
    Ok(match read(&bytes) {
        Ok(allowed) => Fact::Known(Signers { allowed, source }),
        Err(why) => Fact::Unknown(format!("{source}: {why}")),
    })
}

/// Reads a file of allowed signers.
///
/// # Errors
/// What is wrong with it, and in which line.
pub(crate) fn read(bytes: &[u8]) -> std::result::Result<AllowedSigners, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    AllowedSigners::parse(text).map_err(|error| error.to_string())
}

/// The file on a ref as it was before the release: at the newest commit along first parents that does not contain it.
fn on_ref(repo: &Repo, name: &RefName, candidate: &Candidate) -> Result<Fact<Signers>> {
    let Some(id) = repo.find_ref(name)? else {
        return Ok(Fact::Unknown(format!(
            "there is no `{name}`, which [trust] signers_from names"
        )));
    };
    let tip = repo
        .peel(id)?
        .ok_or_else(|| Error::git(format!("`{name}`"), "its commit is not here"))?;
    match before(repo, tip, candidate.commit) {
        Ok(Some(at)) => file_at(repo, at, &format!("{name} at {}", at.to_hex_with_len(7))),
        Ok(None) => Ok(Fact::Unknown(format!("`{name}` began with this release"))),
        // It is not known what the ref held before: an answer, not a failure to look.
        Err(error @ Error::Shallow) => Ok(Fact::Unknown(error.to_string())),
        Err(error) => Err(error),
    }
}

/// The ref that decides about a release on `commit`: `[trust] signers_from` as production's configuration had it before that
/// release. What is checked out, or came with the release, names nobody who may sign it.
///
/// # Errors
/// When the configuration of record is invalid or cannot be read, or a shallow clone hides it.
pub(crate) fn ref_of_record(repo: &Repo, commit: Oid) -> std::result::Result<Option<RefName>, ProbeError> {
    let remote = repo.remote_choice(None);
    let at = |policy: &Policy| -> std::result::Result<Option<Policy>, ProbeError> {
        let Some(flow) = flow_of_names(policy, repo, named(&remote))? else {
            return Ok(None);
        };
        let production = flow.production.full();
        let tracked = named(&remote).and_then(|remote| {
            let short = production.short();
            RefName::new(format!("refs/remotes/{remote}/{short}")).ok()
        });
        let tracked = tracked.map(|tracked| repo.find_ref(&tracked)).transpose()?.flatten();
        let tip = match tracked {
            Some(tip) => Some(tip),
            None => repo.find_ref(&production)?,
        };
        let before = tip.map(|tip| before(repo, tip, Some(commit))).transpose()?.flatten();
        Ok(before.map(|before| at_commit(repo, before)).transpose()?)
    };
    let Some(first) = at(&Policy::default())? else {
        return Ok(None);
    };
    // It may name another production branch, which then decides.
    let policy = at(&first)?.unwrap_or(first);
    Ok(policy.trust.signers_from)
}

/// The newest commit along first parents, from `tip` down, that does not contain `released`.
///
/// It is contained from the tip down to some commit and not below, so that the line is galloped along and then bisected:
/// releases are near the tip, and histories long.
///
/// # Errors
/// `Shallow` where a shallow clone hides what the ref held.
fn before(repo: &Repo, tip: Oid, released: Option<Oid>) -> Result<Option<Oid>> {
    let contains = |at: Oid| match released {
        Some(commit) => contains(repo, at, commit),
        None => Ok(false),
    };
    let (mut line, mut at, mut stride) = (vec![tip], tip, 1);
    while contains(at)? {
        for _ in 0..stride {
            let Some(first) = repo.parents_of(at)?.first().copied() else {
                break;
            };
            if !repo.has_object(first) && repo.is_shallow()? {
                return Err(Error::Shallow);
            }
            at = first;
            line.push(at);
        }
        if repo.parents_of(at)?.is_empty() && contains(at)? {
            return Ok(None);
        }
        stride *= 2;
    }
    let (mut from, mut to) = (0, line.len());
    while from < to {
        let middle = from.midpoint(to);
        match line.get(middle) {
            Some(at) if contains(*at)? => from = middle + 1,
            Some(_) | None => to = middle,
        }
    }
    Ok(line.get(from).copied())
}

/// Whether `commit` is an ancestor of `at`, or `at` itself.
///
/// # Errors
/// `Shallow` where a shallow clone does not tell: what lies beyond its boundary may hold the commit, unless `at` is known to
/// be older.
fn contains(repo: &Repo, at: Oid, commit: Oid) -> Result<bool> {
    let mut ancestors = Ancestors::of(repo, at)?;
    if ancestors.contains(commit)? {
        return Ok(true);
    }
    if ancestors.hit_boundary() && !(repo.is_commit(commit)? && Ancestors::of(repo, commit)?.contains(at)?) {
        return Err(Error::Shallow);
    }
    Ok(false)
}
