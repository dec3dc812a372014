//! The last release below a commit, and the commits since.

use semver::Version;

use super::form;
use crate::core::facts::{Lineage, Refs, Target};
use crate::core::history::{self, Commit};
use crate::core::ids::{Oid, RefName, TagName};
use crate::core::policy::Policy;
use crate::core::version::{Base, BumpTable};
use crate::host::git_read::{RawRef, Repo};
use crate::host::history::Ancestors;
use crate::host::{Error, Result};

/// A tag that is a release by its name.
#[derive(Debug, Clone)]
struct ReleaseTag {
    version: Version,
    name: TagName,
    id: Oid,
    /// The commit, where it is known without looking the tag object up.
    peeled: Option<Oid>,
}

impl ReleaseTag {
    /// The commit behind it; `None` where that is not here.
    fn commit(&self, repo: &Repo) -> Result<Option<Oid>> {
        match self.peeled {
            Some(peeled) => Ok(Some(peeled)),
            None => repo.peel(self.id),
        }
    }
}

/// The tags that are releases by their names, highest version first.
#[derive(Debug, Clone)]
pub(crate) struct ReleaseTags {
    tags: Vec<ReleaseTag>,
    bumps: BumpTable,
}

impl ReleaseTags {
    /// From refs that were read already.
    pub(crate) fn of(policy: &Policy, refs: &Refs) -> Self {
        let raw = |(name, target): (&RefName, &Target)| RawRef {
            name: name.clone(),
            id: target.id,
            peeled: Some(target.peeled),
        };
        Self::collect(policy, refs.iter().map(raw))
    }

    /// Straight from the ref store: of thousands of tags each name is read, and few objects.
    pub(crate) fn read(policy: &Policy, repo: &Repo) -> Result<Self> {
        Ok(Self::collect(policy, repo.ref_names("refs/tags/")?))
    }

    fn collect(policy: &Policy, found: impl IntoIterator<Item = RawRef>) -> Self {
        let release = |RawRef { name, id, peeled }: RawRef| {
            let short = name.as_str().strip_prefix("refs/tags/")?;
            let version = policy.release.tag.parse(short)?;
            let name = TagName::new(short).ok()?;
            Some(ReleaseTag {
                version,
                name,
                id,
                peeled,
            })
        };
        let mut tags: Vec<_> = found.into_iter().filter_map(release).collect();
        tags.sort_by(|a, b| b.version.cmp_precedence(&a.version).then_with(|| b.name.cmp(&a.name)));
        Self {
            tags,
            bumps: policy.version.bumps.clone(),
        }
    }

    /// Every version, highest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.tags.iter().map(|tag| &tag.version)
    }

    /// Every tag with what its ref names, lowest version first.
    pub(crate) fn ascending(&self) -> impl Iterator<Item = (&Version, &TagName, Oid)> {
        self.tags.iter().rev().map(|tag| (&tag.version, &tag.name, tag.id))
    }

    /// The tags at a commit, of refs that were read with their targets.
    pub(crate) fn at(&self, commit: Oid) -> Vec<TagName> {
        let there = self.tags.iter().filter(|tag| tag.peeled.unwrap_or(tag.id) == commit);
        there.map(|tag| tag.name.clone()).collect()
    }
}

/// The highest stable release that `source` descends from through any parent, and the commits since.
///
/// # Errors
/// `Shallow` where a shallow clone's boundary may hide the release.
pub(crate) fn lineage(repo: &Repo, policy: &Policy, tags: &ReleaseTags, source: Oid) -> Result<Lineage> {
    let mut ancestors = Ancestors::of(repo, source)?;
    let mut prereleases = Vec::new();
    let mut base = None;
    let mut below = Below::new(repo, &tags.tags);
    while let Some((tag, commit)) = below.next(&mut ancestors)? {
        if tag.version.pre.is_empty() {
            base = Some(Base {
                tag: tag.name.clone(),
                version: tag.version.clone(),
                commit,
            });
            break;
        }
        prereleases.push(tag.version.clone());
    }
    if ancestors.hit_boundary() {
        return Err(Error::Shallow);
    }
    let commits = ancestors.since(base.as_ref().map(|base| base.commit).as_slice())?;
    if repo.is_shallow()? && hide_parents(repo, &commits) {
        return Err(Error::Shallow);
    }
    prereleases.reverse();
    let manifests = form::manifests(repo, source)?;
    Ok(Lineage {
        other_form: form::held_elsewhere(policy, repo, source, &manifests)?,
        base,
        history: history::judge(commits, &tags.bumps),
        prereleases,
        manifest: manifests.version,
    })
}

/// The tags that a commit descends from, highest version first.
///
/// Which of them it does not descend from is found by one walk for a group of tags: first one alone, which mostly is the
/// answer, then many at a time.
struct Below<'a> {
    repo: &'a Repo,
    tags: std::slice::Iter<'a, ReleaseTag>,
    /// Those of the group that were not looked at yet, the next one last.
    group: Vec<(&'a ReleaseTag, Oid)>,
    /// How many the next group has.
    size: usize,
}

impl<'a> Below<'a> {
    fn new(repo: &'a Repo, tags: &'a [ReleaseTag]) -> Self {
        Self {
            repo,
            tags: tags.iter(),
            group: Vec::new(),
            size: 1,
        }
    }

    fn next(&mut self, ancestors: &mut Ancestors<'_>) -> Result<Option<(&'a ReleaseTag, Oid)>> {
        loop {
            while let Some((tag, commit)) = self.group.pop() {
                if ancestors.contains(commit)? {
                    return Ok(Some((tag, commit)));
                }
            }
            self.refill(ancestors)?;
            if self.group.is_empty() {
                return Ok(None);
            }
        }
    }

    fn refill(&mut self, ancestors: &mut Ancestors<'_>) -> Result<()> {
        const MANY: usize = 48;
        while self.group.len() < self.size
            && let Some(tag) = self.tags.next()
        {
            if let Some(commit) = tag.commit(self.repo)? {
                self.group.push((tag, commit));
            }
        }
        self.size = MANY;
        let commits: Vec<Oid> = self.group.iter().map(|(_, commit)| *commit).collect();
        self.group.reverse();
        ancestors.expect(&commits)
    }
}

/// Whether a shallow clone's boundary runs through these commits.
fn hide_parents(repo: &Repo, commits: &[Commit]) -> bool {
    let parents = commits.iter().flat_map(|commit| &commit.parents);
    parents.into_iter().any(|parent| !repo.has_object(*parent))
}

/// The highest release, pre-releases among them, that `source` descends from, and how many commits lie above it. Without
/// one, the number of all commits.
///
/// # Errors
/// `Shallow` where a shallow clone's boundary may hide it.
pub(crate) fn describe(repo: &Repo, tags: &ReleaseTags, source: Oid) -> Result<(Option<(Version, TagName)>, u64)> {
    let mut ancestors = Ancestors::of(repo, source)?;
    let nearest = Below::new(repo, &tags.tags).next(&mut ancestors)?;
    if ancestors.hit_boundary() {
        return Err(Error::Shallow);
    }
    let hidden = nearest.map(|(_, commit)| commit);
    if repo.is_shallow()? && hide_parents(repo, &ancestors.since(hidden.as_slice())?) {
        return Err(Error::Shallow);
    }
    let distance = ancestors.count_since(hidden.as_slice())?;
    Ok((
        nearest.map(|(tag, _)| (tag.version.clone(), tag.name.clone())),
        distance,
    ))
}

/// A past release and its own commits.
#[derive(Debug, Clone)]
pub(crate) struct PastRelease {
    pub(crate) version: Version,
    pub(crate) commit: Oid,
    /// When its commit was made, in seconds since the Unix epoch; `None` where the commit does not say.
    pub(crate) time: Option<i64>,
    /// What its commits ask for.
    pub(crate) history: history::History,
}

/// Each stable release that `tip` descends from, newest first. A commit belongs to the lowest release that contains it.
///
/// # Errors
/// `Shallow` where a shallow clone's boundary may hide some.
pub(crate) fn sections(repo: &Repo, tags: &ReleaseTags, tip: Oid) -> Result<Vec<PastRelease>> {
    let mut ancestors = Ancestors::of(repo, tip)?;
    let mut releases = Vec::new();
    for tag in &tags.tags {
        let Some(commit) = tag.commit(repo)? else { continue };
        if tag.version.pre.is_empty() && ancestors.contains(commit)? {
            releases.push((tag.version.clone(), commit));
        }
    }
    if ancestors.hit_boundary() {
        return Err(Error::Shallow);
    }
    releases.reverse();
    let tips: Vec<Oid> = releases.iter().map(|(_, commit)| *commit).collect();
    let parts = crate::host::history::partition(repo, &tips)?;
    let mut sections = Vec::new();
    for ((version, commit), commits) in releases.into_iter().zip(parts) {
        let time = crate::host::history::commit_time(repo, commit)?;
        sections.push(PastRelease {
            version,
            commit,
            time,
            history: history::judge(commits, &tags.bumps),
        });
    }
    sections.reverse();
    Ok(sections)
}
