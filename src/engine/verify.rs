//! Verifying tags: as whoever downloads a release, and as its maker before the tag is seen by anybody.

use crate::core::binding::Armour;
use crate::core::facts::{Fact, Signer, SignersFile, SigningKey};
use crate::core::ids::{Oid, RefName, TagName};
use crate::core::policy::Policy;
use crate::core::sshsig::BadSignature;
use crate::core::trust::KeyId;
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
    policy: &Policy,
    signers_from: Option<&RefName>,
    candidate: &Candidate,
) -> Result<(Fact<Signers>, SignersFile)> {
    let repo = verifier.repo();
    let releases = ReleaseTags::read(policy, repo)?;
    let authority = match (signers_from, candidate.commit) {
        (Some(name), _) => Authority::Ref(name.clone()),
        (None, None) => {
            let why = "the tag names no commit".to_owned();
            return Ok((Fact::Unknown(why), SignersFile::Earlier));
        }
        (None, Some(commit)) => {
            let introductions = trust::makers_introductions(repo, &releases, commit)?;
            if introductions.is_empty() {
                let which = if trust::has_file(repo, commit)? {
                    SignersFile::Own
                } else {
                    SignersFile::OwnMissing
                };
                let own = trust::file_at(repo, commit, "the release itself, which is the first")?;
                return Ok((own, which));
            }
            Authority::Releases(introductions)
        }
    };
    let signers = verifier.signers(&authority, candidate, &releases)?;
    Ok((signers, SignersFile::Earlier))
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
    let signers_from = policy.trust.signers_from.as_ref();
    let (signers, _) = makers_signers(&mut verifier, policy, signers_from, candidate)?;
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

/// What was seen of the key that will sign.
pub(crate) enum Shown<'a> {
    /// Nothing: none is configured.
    Nothing,
    /// The key.
    Key(&'a SigningKey),
    /// A signature.
    Trial(&'a Trial),
}

/// What whoever decides says of the key, as the tag on `commit` would be judged. `None` where this version cannot tell.
///
/// # Errors
/// When the repository cannot be read.
pub(crate) fn signer(
    repo: &Repo,
    policy: &Policy,
    signers_from: Option<&RefName>,
    (commit, shown): (Oid, &Shown<'_>),
) -> Result<Option<Signer>> {
    let is_x509 = match shown {
        Shown::Nothing => false,
        Shown::Key(key) => matches!(key.ids.first(), Some(KeyId::X509(_))),
        Shown::Trial(trial) => trial.armour == Armour::X509,
    };
    if is_x509 {
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
    let (signers, file) = makers_signers(&mut verifier, policy, signers_from, &candidate)?;
    let signers = match signers {
        Fact::Known(signers) => signers,
        Fact::Unknown(why) => return Ok(Some(Signer::Nobody(why, file))),
    };
    let judged = match shown {
        Shown::Nothing => return Ok(None),
        Shown::Key(key) => match &key.certificate {
            Some(kind) => Err(BadSignature::Certificate(kind.clone()).to_string()),
            // Which key it is shows in a signature.
            None if key.ids.is_empty() => return Ok(None),
            None => signers
                .allowed
                .authorise(&key.ids, verifier.now)
                .map_err(|why| why.to_string()),
        },
        Shown::Trial(trial) => of_trial(trial, &signers, verifier.now),
    };
    Ok(Some(match judged {
        Ok(principals) => Signer::Allowed(format!("{principals}, allowed by {}", signers.source)),
        Err(why) => Signer::Refused(format!("{why} (asked: {})", signers.source), file),
    }))
}

fn of_trial(trial: &Trial, signers: &Signers, now: i64) -> std::result::Result<String, String> {
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
    verify::signature(&signature, &signers.allowed, now).map_err(|(_, why)| why)
}

/// The policy of a tag that is being made: the commit's, with what the run was told instead.
pub(crate) fn policy_of(repo: &Repo, commit: Oid, signers_from: Option<&RefName>) -> Result<Policy> {
    let policy = super::probe::at_commit(repo, commit);
    let mut policy = policy.map_err(|error| Error::git("the configuration of the commit", error))?;
    policy.trust.signers_from = signers_from.cloned();
    Ok(policy)
}
