//! Verifying tags: as whoever downloads a release, and as its maker before the tag is seen by anybody.

use crate::core::binding::Armour;
use crate::core::facts::Fact;
use crate::core::ids::{Oid, RefName, TagName};
use crate::core::policy::Policy;
use crate::core::verify::{self, Signature, Signers};
use crate::host::git_read::Repo;
use crate::host::sign::Trial;
use crate::host::{Error, Result, clock, gpg};

use super::probe::ReleaseTags;
use super::probe::tag::{Candidate, Verifier};
use super::probe::trust::{self, Authority};

/// What the maker goes by: the ref that the configuration names, else the releases below; where there is none, the file at
/// the commit itself.
fn makers_signers(
    verifier: &mut Verifier<'_>,
    repo: &Repo,
    policy: &Policy,
    candidate: &Candidate,
) -> Result<Fact<Signers>> {
    let releases = ReleaseTags::read(policy, repo)?;
    let authority = match (&policy.trust.signers_from, candidate.commit) {
        (Some(name), _) => Authority::Ref(name.clone()),
        (None, None) => return Ok(Fact::Unknown("the tag names no commit".to_owned())),
        (None, Some(commit)) => {
            let introductions = trust::makers_introductions(repo, &releases, commit)?;
            if introductions.is_empty() {
                return trust::file_at(repo, commit, "the release itself, which is the first");
            }
            Authority::Releases(introductions)
        }
    };
    verifier.signers(&authority, candidate, &releases)
}

/// What keeps a tag from holding as its maker sees it, one that stands or one that no ref names yet; `None` where it holds.
///
/// Where `unsigned` will do, a tag without signature lacks nothing. Of a kind of signature that this version cannot verify,
/// everything but the signature is judged.
///
/// # Errors
/// When the repository cannot be read.
pub(crate) fn fault(repo: &Repo, policy: &Policy, candidate: &Candidate, unsigned: bool) -> Result<Option<String>> {
    let mut verifier = Verifier::new(repo, clock::now());
    let signers = makers_signers(&mut verifier, repo, policy, candidate)?;
    let facts = verifier.observe(candidate, signers)?;
    let mut verification = verify::judge(&facts);
    let excused = match candidate.armour() {
        None => unsigned,
        Some(Armour::X509) => true,
        Some(Armour::Ssh | Armour::OpenPgp) => false,
    };
    if excused {
        verification.checks.retain(|check| check.check != "signature");
    }
    Ok((!verification.is_safe()).then(|| verification.refusals()))
}

/// For whom a trial signature stands, as the tag on `commit` would be judged. `None` where this version cannot tell.
///
/// # Errors
/// When the repository cannot be read.
pub(crate) fn trial(repo: &Repo, policy: &Policy, commit: Oid, trial: &Trial) -> Result<Option<Fact<String>>> {
    if trial.armour == Armour::X509 {
        return Ok(None);
    }
    let name = TagName::new("trial").map_err(|error| Error::Unexpected(error.to_string()))?;
    let candidate = Candidate {
        name,
        id: None,
        object: verify::TagObject::Other("commit".to_owned()),
        commit: Some(commit),
    };
    let mut verifier = Verifier::new(repo, clock::now());
    let signers = match makers_signers(&mut verifier, repo, policy, &candidate)? {
        Fact::Known(signers) => signers,
        Fact::Unknown(why) => return Ok(Some(Fact::Unknown(why))),
    };
    let now = verifier.now;
    let openpgp = (trial.armour == Armour::OpenPgp).then(|| {
        let allowed: Vec<&str> = signers.allowed.openpgp().collect();
        Fact::from(gpg::verify(trial.payload, &trial.text, &allowed, now))
    });
    let signature = Signature {
        payload: trial.payload,
        armour: trial.armour,
        text: &trial.text,
        openpgp: openpgp.as_ref(),
    };
    Ok(Some(match verify::signature(&signature, &signers.allowed, now) {
        Ok(principals) => Fact::Known(format!("{principals}, allowed by {}", signers.source)),
        Err((_, why)) => Fact::Unknown(format!("{why} (asked: {})", signers.source)),
    }))
}

/// The policy of a tag that is being made: the commit's, with what the run was told instead.
pub(crate) fn policy_of(repo: &Repo, commit: Oid, signers_from: Option<&RefName>) -> Result<Policy> {
    let policy = super::probe::at_commit(repo, commit);
    let mut policy = policy.map_err(|error| Error::git("the configuration of the commit", error))?;
    policy.trust.signers_from = signers_from.cloned();
    Ok(policy)
}
