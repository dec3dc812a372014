//! Verifying a release tag on its way: the checks 1 to 8 and 12 of `verify`, asked by a push.

use crate::core::check::Verdict;
use crate::core::coded;
use crate::core::facts::{Fact, Flow};
use crate::core::ids::{Oid, RefName, TagName};
use crate::core::policy::Policy;
use crate::core::verify::{self, Code};
use crate::engine::probe::ReleaseTags;
use crate::engine::probe::tag::{Candidate, Verifier};
use crate::engine::probe::trust::{self, Authority};
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
    let signers = verifier.signers(&authority(verifying, &candidate, id)?, &candidate, &releases)?;
    let facts = verifier.observe(&candidate, signers)?;
    let refused = verify::judge(&facts).checks.into_iter().filter(|check| {
        let waived = check.code == Some(Code::SigMissing) && policy.release.allow_unsigned;
        check.verdict != Verdict::Pass && !waived
    });
    let told = refused.map(|check| (check.code.map_or("UNSEEN", coded::Code::word).to_owned(), check.because));
    Ok(told.collect())
}

/// Who may sign: the ref of record; else on a server its production branch, whose configuration is of record as well, and
/// elsewhere the releases made here, the one on its way among them.
fn authority(verifying: Verifying<'_>, candidate: &Candidate, id: Oid) -> crate::host::Result<Authority> {
    if verifying.server {
        let configured = verifying.policy.trust.signers_from.clone();
        let production = || verifying.flow.map(|flow| flow.production.full());
        return Ok(match configured.map(own).or_else(production) {
            Some(name) => Authority::Ref(name),
            None => Authority::Releases(Vec::new()),
        });
    }
    let on_its_way = Some((&candidate.name, id));
    let of_record = match candidate.commit {
        Some(commit) => trust::ref_of_record(verifying.repo, commit),
        None => Ok(None),
    };
    Ok(match of_record {
        Ok(Some(name)) => Authority::Ref(name),
        Ok(None) => Authority::Releases(trust::made_here(verifying.repo, on_its_way)?),
        Err(error) => Authority::Unseen(error.to_string()),
    })
}

/// What a clone calls `refs/remotes/origin/main` is the server's own `refs/heads/main`.
fn own(name: RefName) -> RefName {
    let branch = name
        .as_str()
        .strip_prefix("refs/remotes/")
        .and_then(|rest| rest.split_once('/'));
    branch
        .and_then(|(_, branch)| RefName::new(format!("refs/heads/{branch}")).ok())
        .unwrap_or(name)
}
