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
    let mut signers = Fact::Unknown("nobody says who may sign".to_owned());
    for authority in authorities(verifying, &candidate, &releases)? {
        signers = verifier.signers(&authority, &candidate, &releases)?;
        if signers.known().is_some() {
            break;
        }
    }
    let facts = verifier.observe(&candidate, signers)?;
    let refused = verify::judge(&facts).checks.into_iter().filter(|check| {
        let waived = check.code == Some(Code::SigMissing) && policy.release.allow_unsigned;
        check.verdict != Verdict::Pass && !waived
    });
    let told = refused.map(|check| (check.code.map_or("UNSEEN", coded::Code::word).to_owned(), check.because));
    Ok(told.collect())
}

/// Who is asked who may sign, the first that knows: the ref of record; else on a server the releases that it has taken in,
/// then its production branch, and nobody before the first release, which introduces itself; elsewhere the releases made
/// here, the one on its way among them.
fn authorities(
    verifying: Verifying<'_>,
    candidate: &Candidate,
    releases: &ReleaseTags,
) -> crate::host::Result<Vec<Authority>> {
    let Verifying { repo, policy, .. } = verifying;
    let on_its_way = candidate.id.map(|id| (&candidate.name, id));
    if !verifying.server {
        let of_record = match candidate.commit {
            Some(commit) => trust::ref_of_record(repo, commit),
            None => Ok(None),
        };
        return Ok(vec![match of_record {
            Ok(Some(name)) => Authority::Ref(name),
            Ok(None) => Authority::Releases(trust::made_here(repo, on_its_way)?),
            Err(error) => Authority::Unseen(error.to_string()),
        }]);
    }
    if let Some(name) = policy.trust.signers_from.clone().map(own) {
        return Ok(vec![Authority::Ref(name)]);
    }
    let mut asked = Vec::new();
    if let Some(commit) = candidate.commit
        && repo.is_commit(commit)?
    {
        asked.push(Authority::Releases(trust::taken_in(repo, releases, commit)?));
    }
    let production = verifying.flow.map(|flow| flow.production.full());
    if trust::is_open(repo, releases, production.as_ref())? {
        asked.extend(on_its_way.map(|(tag, id)| {
            let by = Vouched::Object(id);
            Authority::Releases(vec![Introduction { tag: tag.clone(), by }])
        }));
    } else {
        asked.extend(production.map(Authority::Ref));
    }
    Ok(asked)
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
