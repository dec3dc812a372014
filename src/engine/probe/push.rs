//! A push, as hooks look at it: each ref with what its kind asks to know.

mod known;

use crate::core::binding;
use crate::core::facts::{Fact, Flow, Refs};
use crate::core::hooks::Written;
use crate::core::hooks::push::{
    Aim, ArtifactFacts, BranchFacts, Line, PushFacts, Released, Removable, Standing, Subject, TagFacts, Update,
};
use crate::core::ids::{BranchName, Digest, Oid, RefName, TagName};
use crate::core::policy::Policy;
use crate::engine::probe::{self, ReleaseTags};
use crate::host::brought;
use crate::host::git_read::Repo;
use crate::host::history::{self, Ancestors};
use crate::host::stored::Glance;
use crate::host::{Error, Result, fs};
use known::{branch_in, commit_here, hidden, known_refs};

/// What verifying a release tag refuses: codes with reasons.
pub(crate) type Verify<'v> = &'v dyn Fn(&TagName, Oid) -> Fact<Vec<(String, String)>>;

/// Who looks at a push, and by which rules.
pub(crate) struct Eye<'e> {
    pub(crate) repo: &'e Repo,
    /// The configuration; `None` where none is written.
    pub(crate) policy: Option<&'e Policy>,
    pub(crate) flow: Option<&'e Flow>,
    pub(crate) protected: &'e [BranchName],
    /// On a server, the branch that decides by being there what is protected.
    pub(crate) deciding: Option<&'e BranchName>,
    /// On a server, the ref that says who may sign.
    pub(crate) signers: Option<&'e RefName>,
    /// The remote by name or address; `None` on the server itself.
    pub(crate) remote: Option<&'e str>,
    pub(crate) verify: Verify<'e>,
}

/// Looks at each ref.
///
/// # Errors
/// When refs cannot be read. What cannot be seen of a single ref is `Unknown`.
pub(crate) fn push(eye: &Eye<'_>, lines: &[Line]) -> Result<PushFacts> {
    let default = Policy::default();
    let policy = eye.policy.unwrap_or(&default);
    let known = known_refs(eye, policy)?;
    let hidden = hidden(eye, &known, lines)?;
    // A repository may have thousands of tags, and only some branches have to do with them.
    let concerned = |line: &Line| match line.aim() {
        Some(Aim::Move(short)) => has_rules(eye, policy, short) || is_deciding(eye, short),
        Some(Aim::Propose(named)) => has_rules(eye, policy, target_of(eye, policy, &known, named)),
        Some(Aim::Amend) | None => false,
    };
    let tags = match lines.iter().any(concerned) {
        true => eye.repo.refs_below("refs/tags/")?,
        false => Refs::new(),
    };
    let look = Look {
        eye,
        policy,
        known,
        hidden,
        tags,
        lines,
    };
    let updates = lines.iter().map(|line| Update {
        line: line.clone(),
        subject: look.subject(line),
    });
    Ok(PushFacts {
        remote: eye.remote.map(ToOwned::to_owned),
        configured: eye.policy.is_some(),
        updates: updates.collect(),
        new_commits: match eye.policy {
            Some(_) => Fact::from(look.new_commits()),
            None => Fact::Known(Vec::new()),
        },
    })
}

/// How many commits a glance looks at: with more, opening the repository is not what takes long.
const COMMITS_MAX: usize = 64;

/// A push to a remote that moves ordinary branches alone, by the files alone of a repository; `None` where that does not do.
/// Its commits are what the other side lacks, and maybe others above what it is known to have.
///
/// # Errors
/// When refs or commits cannot be read.
pub(crate) fn ordinary_at_a_glance(glance: &Glance, remote: &str, lines: &[Line]) -> Result<Option<PushFacts>> {
    let Some(mut known) = glance.tracked(remote)? else {
        return Ok(None);
    };
    known.extend(lines.iter().filter_map(|line| line.old));
    let tips = lines.iter().filter_map(|line| line.new).collect();
    let Some(new_commits) = glance.leading_to(&known, tips, COMMITS_MAX)? else {
        return Ok(None);
    };
    let updates = lines.iter().map(|line| Update {
        line: line.clone(),
        subject: Subject::Branch(ordinary(line.name.trim_start_matches("refs/heads/"))),
    });
    Ok(Some(PushFacts {
        remote: Some(remote.to_owned()),
        configured: true,
        updates: updates.collect(),
        new_commits: Fact::Known(new_commits),
    }))
}

/// A branch that nothing is asked of.
fn ordinary(short: &str) -> BranchFacts {
    BranchFacts {
        name: short.to_owned(),
        standing: Standing::Ordinary,
        forward: Fact::Known(true),
        arriving: Fact::Known(Vec::new()),
    }
}

/// The branch that a change is proposed to, where a topic may follow its name: the shortest part of it that has rules or is
/// there, since no branch lies below another.
fn target_of<'n>(eye: &Eye<'_>, policy: &Policy, known: &Refs, named: &'n str) -> &'n str {
    let ends = named.match_indices('/').map(|(at, _)| at);
    let mut parts = ends.filter_map(|at| named.get(..at));
    let is_branch = |part: &&str| has_rules(eye, policy, part) || branch_in(known, part).is_some();
    parts.find(is_branch).unwrap_or(named)
}

/// Whether releases alone move a branch, or it is the branch of one, or releases are cut from there.
fn has_rules(eye: &Eye<'_>, policy: &Policy, short: &str) -> bool {
    let is_end = |flow: &Flow| {
        [&flow.integration, &flow.production]
            .iter()
            .any(|end| end.as_str() == short)
    };
    is_protected(eye, short) || policy.release.branch.parse(short).is_some() || eye.flow.is_some_and(is_end)
}

fn is_protected(eye: &Eye<'_>, short: &str) -> bool {
    eye.protected.iter().any(|name| name.as_str() == short)
}

fn is_deciding(eye: &Eye<'_>, short: &str) -> bool {
    eye.deciding.is_some_and(|name| name.as_str() == short)
}

struct Look<'l> {
    eye: &'l Eye<'l>,
    policy: &'l Policy,
    known: Refs,
    /// Commits that the other side has, in order.
    hidden: Vec<Oid>,
    /// The tags here, where a protected branch or a release branch is pushed.
    tags: Refs,
    lines: &'l [Line],
}

impl Look<'_> {
    fn subject(&self, line: &Line) -> Subject {
        let aim = line.aim();
        let is_protected = matches!(aim, Some(Aim::Move(short)) if is_protected(self.eye, short));
        if self.eye.signers.is_some_and(|name| name.as_str() == line.name) && !is_protected {
            return Subject::Signers;
        }
        match (aim, self.eye.policy) {
            (Some(_), None) | (Some(Aim::Amend), Some(_)) => return Subject::Other,
            (Some(Aim::Move(short)), Some(_)) => return Subject::Branch(self.branch(line, short)),
            (Some(Aim::Propose(named)), Some(policy)) => {
                return Subject::Branch(self.proposed(line, target_of(self.eye, policy, &self.known, named)));
            }
            (None, _) => {}
        }
        match line.name.strip_prefix("refs/tags/") {
            Some(short) if self.policy.is_for_releases(short) => Subject::ReleaseTag(self.tag(line, short)),
            _ if line.name.starts_with("refs/remotes/") || line.name == "refs/stash" => Subject::Private,
            _ => Subject::Other,
        }
    }

    fn branch(&self, line: &Line, short: &str) -> BranchFacts {
        let standing = self.standing(line, short);
        let Some(new) = line.new else {
            return BranchFacts {
                standing,
                ..ordinary(short)
            };
        };
        let (forward, stays) = match standing {
            Standing::Protected(_) | Standing::Release { .. } => (self.is_forward(line.old, new), true),
            // Releases are cut from here.
            Standing::Ordinary | Standing::Deciding(_) => (Ok(true), self.is_integration(short)),
        };
        let arriving = if stays {
            self.arriving(line, new)
        } else {
            Ok(Vec::new())
        };
        BranchFacts {
            name: short.to_owned(),
            forward: Fact::from(forward),
            arriving: Fact::from(arriving),
            standing,
        }
    }

    /// A branch as it would be with a change that is pushed for review. It need not descend from what stands there, which moves
    /// on meanwhile, and no review makes or deletes a branch.
    fn proposed(&self, line: &Line, short: &str) -> BranchFacts {
        if line.new.is_none() || is_deciding(self.eye, short) {
            return ordinary(short);
        }
        let mut facts = self.branch(line, short);
        facts.forward = Fact::Known(true);
        // What is there has come from somewhere.
        if matches!(facts.standing, Standing::Protected(Released::Never)) && branch_in(&self.known, short).is_some() {
            facts.standing = Standing::Protected(Released::No);
        }
        facts
    }

    fn is_integration(&self, short: &str) -> bool {
        self.eye.flow.is_some_and(|flow| flow.integration.as_str() == short)
    }

    fn standing(&self, line: &Line, short: &str) -> Standing {
        if let Some(flow) = self.eye.flow.filter(|_| is_deciding(self.eye, short)) {
            let is_there = self.known.keys().any(|name| name.as_str() == line.name);
            let ever = ReleaseTags::of(self.policy, &self.tags).versions().next().is_some();
            // Before the first release branches have to come from somewhere.
            return match is_there != line.new.is_some() && ever {
                true => Standing::Deciding(flow.production.clone()),
                false => Standing::Ordinary,
            };
        }
        if is_protected(self.eye, short) {
            return Standing::Protected(line.new.map_or(Released::No, |new| self.released(new)));
        }
        let Some(version) = self.policy.release.branch.parse(short) else {
            return Standing::Ordinary;
        };
        Standing::Release {
            manifests: match line.new {
                Some(new) => {
                    Fact::from(probe::content(self.eye.repo, new, self.policy).map(|content| content.version()))
                }
                None => Fact::Known(None),
            },
            removable: match line.new {
                Some(_) => Fact::Known(Removable::No),
                None => Fact::from(self.removable(line, &version)),
            },
            version,
        }
    }

    /// Whether the tag of a release, and not of a candidate for one, names the commit and verifies: in this push or already
    /// here.
    fn released(&self, commit: Oid) -> Released {
        let is_final = |name: &TagName| {
            let version = self.policy.release.tag.parse(name.as_str());
            version.is_some_and(|version| version.pre.is_empty())
        };
        let pushed: Vec<(TagName, Oid)> = self.pushed_tags().filter(|(name, _)| is_final(name)).collect();
        let here = ReleaseTags::of(self.policy, &self.tags);
        let mut named: Vec<(TagName, Oid)> = Vec::new();
        for (name, id) in &pushed {
            match self.eye.repo.peel(*id) {
                Ok(peeled) if peeled == Some(commit) => named.push((name.clone(), *id)),
                Ok(_) => {}
                Err(error) => return Released::Unverified(name.clone(), error.to_string()),
            }
        }
        for name in here.at(commit).into_iter().filter(is_final) {
            if let Some(target) = self
                .tags
                .get(&name.full())
                .filter(|_| !named.iter().any(|(known, _)| *known == name))
            {
                named.push((name, target.id));
            }
        }
        let mut unverified = None;
        for (name, id) in named {
            match (self.eye.verify)(&name, id) {
                Fact::Known(faults) if faults.is_empty() => return Released::By(name),
                Fact::Known(faults) => {
                    let (code, because) = faults.into_iter().next().unwrap_or_default();
                    unverified = Some(Released::Unverified(name, format!("{code}: {because}")));
                }
                Fact::Unknown(why) => unverified = Some(Released::Unverified(name, why)),
            }
        }
        let ever = here.versions().next().is_some() || !pushed.is_empty();
        unverified.unwrap_or(if ever { Released::No } else { Released::Never })
    }

    /// The release tags that are on their way.
    fn pushed_tags(&self) -> impl Iterator<Item = (TagName, Oid)> {
        self.lines.iter().filter_map(|line| {
            let short = line.name.strip_prefix("refs/tags/")?;
            self.policy.release.tag.parse(short)?;
            Some((TagName::new(short).ok()?, line.new?))
        })
    }

    fn is_forward(&self, old: Option<Oid>, new: Oid) -> Result<bool> {
        match old {
            None => Ok(true),
            Some(old) if commit_here(self.eye.repo, old)?.is_none() => Ok(false),
            Some(old) => Ancestors::of(self.eye.repo, new)?.contains(old),
        }
    }

    /// The commits on branches that the other side lacks, looked for once, however many refs there are.
    fn new_commits(&self) -> Result<Vec<Written>> {
        let tips = self.lines.iter().filter(|line| line.aim().is_some());
        let tips = tips.filter_map(|line| line.new).filter(|tip| self.is_judged(*tip));
        let mut tips: Vec<Oid> = tips.collect();
        tips.sort_unstable();
        tips.dedup();
        if tips.is_empty() {
            return Ok(Vec::new());
        }
        history::written_between(self.eye.repo, &tips, &self.hidden)
    }

    /// Whether the other side may lack a tip, and has a say over it: a client does not judge a branch that has no configuration
    /// of its own. Where that cannot be told, it is judged; and on a server, which goes by one of record.
    fn is_judged(&self, tip: Oid) -> bool {
        let is_known = self.hidden.binary_search(&tip).is_ok();
        let is_free = || self.eye.remote.is_some() && matches!(probe::is_written_at(self.eye.repo, tip), Ok(false));
        !is_known && !is_free()
    }

    /// The commits that come to this branch and are on no other that lasts.
    fn arriving(&self, line: &Line, new: Oid) -> Result<Vec<Written>> {
        let repo = self.eye.repo;
        let lasts = |name: &RefName| {
            name.branch().is_some_and(|branch| {
                self.eye.protected.contains(&branch)
                    || self.policy.release.branch.parse(branch.as_str()).is_some()
                    || self
                        .eye
                        .flow
                        .is_some_and(|flow| flow.integration == branch || flow.production == branch)
            })
        };
        let tips = self
            .known
            .iter()
            .filter(|(name, _)| lasts(name))
            .map(|(_, target)| target.peeled);
        let tips = tips.chain(line.old).filter_map(|id| commit_here(repo, id).transpose());
        let tips = tips.collect::<Result<Vec<Oid>>>()?;
        let ids = history::ids_between(repo, new, &tips)?;
        ids.into_iter().map(|id| history::read_written(repo, id)).collect()
    }

    /// A release branch may go once its version is tagged with all that it holds, and while it holds nothing but the commit
    /// that `cut` made: taking a cut back deletes it, and loses nobody's work.
    fn removable(&self, line: &Line, version: &semver::Version) -> Result<Removable> {
        let repo = self.eye.repo;
        let Some(old) = line.old else {
            // Nothing stands there.
            return Ok(Removable::Tagged);
        };
        let Some(tip) = commit_here(repo, old)? else {
            return Err(Error::git(format!("commit {old}"), "what it holds is not here"));
        };
        if let Some(tagged) = self.tagged(version)?
            && Ancestors::of(repo, tagged)?.contains(tip)?
        {
            return Ok(Removable::Tagged);
        }
        let parents = repo.parents_of(tip)?;
        let subject = history::read_commit(repo, tip)?.message.subject;
        let ([parent], Some(flow)) = (parents.as_slice(), self.eye.flow) else {
            return Ok(Removable::No);
        };
        if subject != format!("chore(release): {version}") || !self.is_a_cuts(tip, *parent)? {
            return Ok(Removable::No);
        }
        for name in [flow.integration.full(), flow.production.full()] {
            let sides = [self.known.get(&name).map(|target| target.peeled), repo.find_ref(&name)?];
            for tip in sides.into_iter().flatten() {
                if repo.is_commit(tip)? && Ancestors::of(repo, tip)?.contains(*parent)? {
                    return Ok(Removable::OnlyCut);
                }
            }
        }
        Ok(Removable::No)
    }

    /// Whether a commit changes nothing but what a cut changes: manifests, lock files and the changelog.
    fn is_a_cuts(&self, commit: Oid, parent: Oid) -> Result<bool> {
        let (new, old) = (self.eye.repo.tree_of(commit)?, self.eye.repo.tree_of(parent)?);
        let mut changes = brought::in_tree(self.eye.repo, new, &[old])?;
        changes.extend(brought::in_tree(self.eye.repo, old, &[new])?);
        let before = super::content(self.eye.repo, parent, self.policy)?;
        let changelog = before.changelog_path().map(str::as_bytes);
        let is_ours = |path: &[u8]| {
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
            Some(path) == changelog
                || [b"Cargo.toml", b"Cargo.lock"]
                    .iter()
                    .any(|ours| name == ours.as_slice())
        };
        Ok(changes.iter().all(|change| is_ours(&change.path)))
    }

    /// The commit that a version's tag names, where it is in this push or here already, and does not go.
    fn tagged(&self, version: &semver::Version) -> Result<Option<Oid>> {
        let Ok(name) = self.policy.release.tag.tag_name(version) else {
            return Ok(None);
        };
        let full = name.full();
        if self
            .lines
            .iter()
            .any(|line| line.name == full.as_str() && line.new.is_none())
        {
            return Ok(None);
        }
        let pushed = self.pushed_tags().find(|(pushed, _)| *pushed == name).map(|(_, id)| id);
        let id = pushed.or_else(|| self.tags.get(&full).map(|target| target.id));
        let commit = id.map(|id| self.eye.repo.peel(id)).transpose()?.flatten();
        commit.map_or(Ok(None), |commit| commit_here(self.eye.repo, commit))
    }

    fn tag(&self, line: &Line, short: &str) -> TagFacts {
        let version = self.policy.release.tag.parse(short);
        let production = self.eye.flow.map(|flow| flow.production.clone());
        let mut facts = TagFacts {
            short: short.to_owned(),
            faults: Fact::Known(Vec::new()),
            on_production: Fact::Known(true),
            production: production.as_ref().map_or("production".to_owned(), ToString::to_string),
            artifacts: Vec::new(),
            version,
        };
        let (Some(new), Some(_), Ok(name)) = (line.new, &facts.version, TagName::new(short)) else {
            return facts;
        };
        facts.faults = (self.eye.verify)(&name, new);
        facts.on_production = match production {
            // A pre-release is tagged where it was cut, and merged nowhere.
            _ if facts.version.as_ref().is_some_and(|version| !version.pre.is_empty()) => Fact::Known(true),
            Some(production) => Fact::from(self.is_on(&production, new)),
            None => Fact::Unknown("there is no production branch".to_owned()),
        };
        facts.artifacts = self.artifacts(&name, new);
        facts
    }

    /// Whether the commit behind a tag is on a branch: as it is pushed here, as it stands here, or over there.
    fn is_on(&self, branch: &BranchName, tag: Oid) -> Result<bool> {
        let repo = self.eye.repo;
        let Some(commit) = repo.peel(tag)? else {
            return Ok(false);
        };
        let name = branch.full();
        let pushed = self
            .lines
            .iter()
            .filter(|line| line.name == name.as_str())
            .filter_map(|line| line.new);
        let here = repo.find_ref(&name)?;
        let there = self.known.get(&name).map(|target| target.peeled);
        for tip in pushed.chain(here).chain(there) {
            if repo.is_commit(tip)? && Ancestors::of(repo, tip)?.contains(commit)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The artifacts that the tag names, as they lie in the working tree. A server has none.
    fn artifacts(&self, name: &TagName, tag: Oid) -> Vec<ArtifactFacts> {
        let Some(top) = self.eye.repo.workdir().filter(|_| self.eye.remote.is_some()) else {
            return Vec::new();
        };
        // What cannot be read as a binding is refused where the tag is verified.
        let Ok((_, object)) = self.eye.repo.object(tag) else {
            return Vec::new();
        };
        let Ok(parsed) = binding::parse(&object) else {
            return Vec::new();
        };
        let dir = top.join("target").join("sentinel").join(name.as_str());
        let artifacts = parsed.binding.artifacts.into_iter();
        artifacts
            .map(|artifact| {
                let bytes = fs::read_large(&dir.join(&artifact.name));
                ArtifactFacts {
                    found: Fact::from(bytes.map(|bytes| bytes.map(|bytes| Digest::of(&bytes)))),
                    name: artifact.name,
                    named: artifact.digest,
                }
            })
            .collect()
    }
}
