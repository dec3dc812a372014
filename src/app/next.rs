//! `next`: the version that the commits ask for.

use semver::Version;

use super::{Context, Error, Kind};
use crate::core::facts::{Fact, Lineage};
use crate::core::ids::{Oid, TagName};
use crate::core::policy::TagOrigin;
use crate::core::version::{self, Base, Bump, Decision, Inputs, ZeroPolicy};
use crate::engine::probe::{self, ReleaseTags};
use crate::host::git_read::Repo;

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct NextOptions {
    /// Overrides what the commits ask for.
    pub bump: Option<Bump>,
    /// The pre-release identifier, such as `rc`.
    pub pre: Option<String>,
    /// Counts pre-releases on from local tags alone.
    pub offline: bool,
}

/// The next version, and why.
#[derive(Debug, Clone)]
pub struct NextAnswer {
    /// The form of release tags, and where it comes from.
    pub tag_form: (String, TagOrigin),
    /// The release that is built upon.
    pub base: Option<Base>,
    /// The effective bump, and the commit that decided it.
    pub decision: Decision,
    /// The next version: of the decision, or its pre-release.
    pub next: Version,
    /// What each commit asks for.
    pub lineage: Lineage,
    /// How bumps count before 1.0.0.
    pub zero: ZeroPolicy,
}

impl NextAnswer {
    /// What a commit's bump comes to above the base.
    pub fn effective(&self, asked: Bump) -> Bump {
        match &self.base {
            Some(base) => version::effective(asked, &base.version, self.zero),
            None => asked,
        }
    }

    /// The manifests' version, where it decided: somebody raised it above the last release.
    pub fn promised(&self) -> Option<&Version> {
        let base = self.base.as_ref().map(|base| &base.version);
        let manifest = self.lineage.manifest.as_ref()?;
        let raised = base.is_some_and(|base| manifest.cmp_precedence(base).is_gt());
        (raised && version::core_of(manifest) == self.decision.next).then_some(manifest)
    }

    /// Whether anything asks for a release.
    pub fn asks(&self) -> bool {
        self.base.as_ref().is_none_or(|base| base.version != self.next)
    }
}

/// Derives the next version for HEAD.
///
/// # Errors
/// `Blocked` outside a repository, on an unborn branch, in a shallow clone that may hide the last release, and where no
/// release tag is reachable and the manifest's version has grown.
pub fn next(context: &Context, options: &NextOptions) -> Result<NextAnswer, Error> {
    let repo = context.repo()?;
    let head = head(&repo)?;
    let policy = context.policy(&repo, head)?;
    let tags = ReleaseTags::read(&policy, &repo)?;
    let lineage = probe::lineage(&repo, &policy, &tags, head)?;
    let inputs = Inputs {
        over: options.bump,
        ..lineage.inputs(&policy.version)
    };
    let decision = version::decide(&inputs).map_err(|error| version_error(&error))?;
    let silent = lineage.base.as_ref().is_some_and(|base| base.version == decision.next);
    let next = match &options.pre {
        None => decision.next.clone(),
        // There is nothing that a pre-release could lead up to.
        Some(_) if silent => decision.next.clone(),
        Some(id) => {
            let mut taken: Vec<Version> = tags.versions().cloned().collect();
            if !options.offline {
                taken.extend(remote_versions(&repo, &policy)?);
            }
            let next = version::next_prerelease(&decision.next, id, &taken);
            let next = next.map_err(|error| version_error(&error))?;
            if let Some(manifest) = &lineage.manifest {
                version::not_below(&next, manifest).map_err(|error| version_error(&error))?;
            }
            next
        }
    };
    Ok(NextAnswer {
        tag_form: (policy.release.tag.to_string(), policy.release.tag_origin),
        base: lineage.base.clone(),
        decision,
        next,
        zero: policy.version.zero,
        lineage,
    })
}

/// The commit that is checked out.
pub(super) fn head(repo: &Repo) -> Result<Oid, Error> {
    let commit = repo.head()?.commit();
    commit.ok_or_else(|| Error::new(Kind::Blocked, "HEAD is on a branch without commits").hint("git commit"))
}

fn version_error(error: &version::VersionError) -> Error {
    let hint = error.hint();
    let error = Error::new(Kind::Blocked, error.to_string());
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn remote_versions(repo: &Repo, policy: &crate::core::policy::Policy) -> Result<Vec<Version>, Error> {
    let choice = repo.remote_choice(policy.release.remote.as_deref());
    let (Some(remote), _) = probe::remote(repo, &choice, true)? else {
        return Ok(Vec::new());
    };
    match &remote.refs {
        Fact::Known(refs) => {
            let names = refs
                .keys()
                .filter_map(|name| TagName::new(name.as_str().strip_prefix("refs/tags/")?).ok());
            Ok(names
                .filter_map(|name| policy.release.tag.parse(name.as_str()))
                .collect())
        }
        Fact::Unknown(why) => Err(Error::new(
            Kind::Blocked,
            format!("`{}` does not say which pre-releases it has: {why}", remote.name),
        )
        .hint("cargo sentinel next --offline --pre ID counts local tags alone")),
    }
}
