//! Verifying a release tag on its way: the checks 1 to 8 and 12 of `verify`, asked by a push.

use crate::core::check::Verdict;
use crate::core::coded;
use crate::core::facts::{Fact, Flow};
use crate::core::ids::{Oid, RefName, TagName};
use crate::core::policy::Policy;
use crate::core::verify::{self, Code};
use crate::engine::probe::ReleaseTags;
use crate::engine::probe::tag::{Candidate, Verifier};
use crate::engine::probe::trust::{self, Authority, Introduction, Vouched};
use crate::host::clock;
use crate::host::git_read::Repo;

/// Where a tag is verified, and by which rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verifying<'v> {
    pub(super) repo: &'v Repo,
    pub(super) policy: &'v Policy,
    pub(super) flow: Option<&'v Flow>,
    /// Whether this is the server itself.
    pub(super) server: bool,
}

/// What verifying refuses, each with its code; empty where the tag verifies.
pub(super) fn faults(verifying: Verifying<'_>, name: &TagName, id: Oid) -> Fact<Vec<(String, String)>> {
    Fact::from(judged(verifying, name, id))
}

fn judged(verifying: Verifying<'_>, name: &TagName, id: Oid) -> crate::host::Result<Vec<(String, String)>> {
    let Verifying { repo, policy, .. } = verifying;
    let candidate = Candidate::standing(repo, name.clone(), id)?;
    let releases = ReleaseTags::read(policy, repo)?;
    let mut verifier = Verifier::new(repo, clock::now());
    let signers = verifier.signers(&authority(verifying, &candidate, &releases)?, &candidate, &releases)?;
    let facts = verifier.observe(&candidate, signers)?;
    let refused = verify::judge(&facts).checks.into_iter().filter(|check| {
        let waived = check.code == Some(Code::SigMissing) && policy.release.allow_unsigned;
        check.verdict != Verdict::Pass && !waived
    });
    let told = refused.map(|check| (check.code.map_or("UNSEEN", coded::Code::word).to_owned(), check.because));
    Ok(told.collect())
}

/// Who is asked who may sign: the ref of record; else on a server the releases that it has taken in, and elsewhere those that
/// were made here, the one on its way among them.
fn authority(
    verifying: Verifying<'_>,
    candidate: &Candidate,
    releases: &ReleaseTags,
) -> crate::host::Result<Authority> {
    if verifying.server {
        return authority_of_record(verifying, candidate, releases);
    }
    let of_record = match candidate.commit {
        Some(commit) => trust::ref_of_record(verifying.repo, commit),
        None => Ok(None),
    };
    let on_its_way = candidate.id.map(|id| (&candidate.name, id));
    Ok(match of_record {
        Ok(Some(name)) => Authority::Ref(name),
        Ok(None) => Authority::Releases(trust::made_here(verifying.repo, on_its_way)?),
        Err(error) => Authority::Unseen(error.to_string()),
    })
}

/// Before the first release production is asked, whose configuration is of record as well; where it names nobody, the first
/// release introduces itself. After it neither is: on a trunk anybody writes there.
fn authority_of_record(
    verifying: Verifying<'_>,
    candidate: &Candidate,
    releases: &ReleaseTags,
) -> crate::host::Result<Authority> {
    let Verifying { repo, policy, flow, .. } = verifying;
    if let Some(name) = policy.trust.signers_from.clone() {
        return Ok(Authority::Ref(own(name)));
    }
    if trust::has_bound(repo, releases)? {
        return Ok(Authority::Releases(trust::taken_in(repo, releases, candidate)?));
    }
    if let Some(production) = flow.map(|flow| flow.production.full())
        && trust::has_signers(repo, &production)?
    {
        return Ok(Authority::Ref(production));
    }
    let introduced = candidate.id.map(|id| Introduction {
        tag: candidate.name.clone(),
        by: Vouched::Object(id),
    });
    Ok(Authority::Releases(introduced.into_iter().collect()))
}

/// What a clone calls `refs/remotes/origin/main` is the server's own `refs/heads/main`.
pub(super) fn own(name: RefName) -> RefName {
    let branch = name
        .as_str()
        .strip_prefix("refs/remotes/")
        .and_then(|rest| rest.split_once('/'));
    branch
        .and_then(|(_, branch)| RefName::new(format!("refs/heads/{branch}")).ok())
        .unwrap_or(name)
}
