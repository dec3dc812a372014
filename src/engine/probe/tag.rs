//! A release tag as it stands, or is about to: everything that judging it needs.

use semver::Version;

use super::content::content;
use super::settings::at_commit;
use crate::core::binding::{self, Armour};
use crate::core::changelog;
use crate::core::facts::{Content, Fact};
use crate::core::ids::{Oid, TagName};
use crate::core::policy::{Policy, TagOrigin, Template};
use crate::core::tag_form;
use crate::core::verify::{CommitFacts, Signers, TagFacts, TagObject};
use crate::host::git_read::Repo;
use crate::host::tree_digest::TreeDigests;
use crate::host::{Result, gpg};

/// A tag to look at.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) name: TagName,
    /// What the ref names; `None` for a tag that is about to be made.
    pub(crate) id: Option<Oid>,
    pub(crate) object: TagObject,
    /// The commit that the object, or the lightweight ref, names; `None` where it names none.
    pub(crate) commit: Option<Oid>,
}

impl Candidate {
    /// The tag behind a ref.
    ///
    /// # Errors
    /// When its object cannot be read.
    pub(crate) fn standing(repo: &Repo, name: TagName, id: Oid) -> Result<Self> {
        let (kind, bytes) = repo.object(id)?;
        if kind != gix::objs::Kind::Tag {
            let commit = (kind == gix::objs::Kind::Commit).then_some(id);
            let object = TagObject::Other(kind.to_string());
            return Ok(Self {
                name,
                id: Some(id),
                object,
                commit,
            });
        }
        let mut candidate = Self::made(name, bytes);
        candidate.id = Some(id);
        Ok(candidate)
    }

    /// A tag that no ref names yet.
    pub(crate) fn made(name: TagName, object: Vec<u8>) -> Self {
        let commit = binding::headers(&object).ok().map(|(headers, _)| headers.commit);
        Self {
            name,
            id: None,
            object: TagObject::Tag(object),
            commit,
        }
    }

    /// The kind of its signature, where it has exactly one.
    pub(crate) fn armour(&self) -> Option<Armour> {
        let TagObject::Tag(object) = &self.object else {
            return None;
        };
        let (_, body) = binding::headers(object).ok()?;
        binding::split(body).ok()?.signature.map(|(armour, _)| armour)
    }

    /// Whether it has the shape of a release tag of ours, whoever signed it.
    pub(crate) fn is_bound(&self) -> bool {
        matches!(&self.object, TagObject::Tag(object) if binding::parse(object).is_ok_and(|tag| tag.armour.is_some()))
    }
}

/// Whoever looks at tags: in one repository, at one moment, computing no tree twice.
#[derive(Debug)]
pub(crate) struct Verifier<'r> {
    pub(super) repo: &'r Repo,
    pub(super) digests: TreeDigests,
    /// Seconds since the Unix epoch.
    pub(crate) now: i64,
}

impl<'r> Verifier<'r> {
    pub(crate) fn new(repo: &'r Repo, now: i64) -> Self {
        let digests = TreeDigests::default();
        Self { repo, digests, now }
    }

    pub(crate) fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// Looks at the tag, its commit and its signature. Artifacts, provenance and the remote are the caller's to add.
    ///
    /// # Errors
    /// When gix fails in a way that says nothing about the tag.
    pub(crate) fn observe(&mut self, candidate: &Candidate, signers: Fact<Signers>) -> Result<TagFacts> {
        Ok(TagFacts {
            name: candidate.name.clone(),
            id: candidate.id,
            object: candidate.object.clone(),
            remote: None,
            commit: commit(self.repo, &mut self.digests, candidate)?,
            openpgp: openpgp(candidate, &signers, self.now),
            signers,
            now: self.now,
            artifacts: Vec::new(),
            provenance: Vec::new(),
            rebuilt: None,
        })
    }
}

fn commit(repo: &Repo, digests: &mut TreeDigests, candidate: &Candidate) -> Result<Fact<CommitFacts>> {
    let Some(id) = candidate.commit else {
        return Ok(Fact::Unknown("the tag names no commit".to_owned()));
    };
    if !repo.has_object(id) {
        return Ok(Fact::Unknown(format!("commit {id} is not here; git fetch brings it")));
    }
    if !repo.is_commit(id)? {
        return Ok(Fact::Unknown(format!("{id} is no commit")));
    }
    let policy = at_commit(repo, id);
    let content = match &policy {
        Ok(policy) => Fact::from(content(repo, id, policy)),
        Err(error) => Fact::Unknown(error.to_string()),
    };
    let version = version(&content);
    let template = policy.map(|policy| template(&policy, &candidate.name, &content, &version));
    let digest = digests.of(repo, repo.tree_of(id)?);
    Ok(Fact::Known(CommitFacts {
        id,
        tree: Fact::from(digest.map(|digest| (digest.id, digest.submodules))),
        changelog: has_section(&content, &version),
        version,
        template: Fact::from(template),
    }))
}

/// The form that the commit gives to its release tags: as configured there, else the known one in which the tag names the
/// commit's version. Other tags have no say, since anybody can add one.
fn template(policy: &Policy, name: &TagName, content: &Fact<Content>, version: &Fact<Version>) -> Template {
    let configured = policy.release.tag.clone();
    if policy.release.tag_origin == TagOrigin::Configured {
        return configured;
    }
    let (Fact::Known(content), Fact::Known(version)) = (content, version) else {
        return configured;
    };
    let packages = content.group_names();
    tag_form::naming(name.as_str(), version, &packages).unwrap_or(configured)
}

fn version(content: &Fact<Content>) -> Fact<Version> {
    match content {
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
        Fact::Known(content) => match (content.version(), &content.workspace) {
            (Some(version), _) => Fact::Known(version),
            (None, Err(why)) => Fact::Unknown(why.clone()),
            (None, Ok(_)) => Fact::Unknown("the manifests carry no version, or several".to_owned()),
        },
    }
}

fn has_section(content: &Fact<Content>, version: &Fact<Version>) -> Fact<bool> {
    match (content, version) {
        (Fact::Unknown(why), _) | (_, Fact::Unknown(why)) => Fact::Unknown(why.clone()),
        (Fact::Known(content), Fact::Known(version)) => Fact::Known(
            content
                .changelog_text()
                .is_some_and(|text| changelog::section(text, version).is_some()),
        ),
    }
}

/// gpg's word on an OpenPGP signature, where there is one to ask about.
fn openpgp(candidate: &Candidate, signers: &Fact<Signers>, now: i64) -> Option<Fact<crate::core::verify::OpenPgp>> {
    let TagObject::Tag(object) = &candidate.object else {
        return None;
    };
    let (_, body) = binding::headers(object).ok()?;
    let (armour, text) = binding::split(body).ok()?.signature?;
    if armour != Armour::OpenPgp {
        return None;
    }
    let payload = object.get(..object.len() - text.len())?;
    let allowed: Vec<&str> = match signers {
        Fact::Known(signers) => signers.allowed.openpgp().collect(),
        Fact::Unknown(_) => Vec::new(),
    };
    Some(Fact::from(gpg::verify(payload, text, &allowed, now)))
}
