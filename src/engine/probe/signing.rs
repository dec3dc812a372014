//! The key that will sign, and what whoever decides about the release says of it.

use super::{Look, trust, version};
use crate::core::check::Use;
use crate::core::facts::{Fact, Facts, Signer, SignersFile, Signing};
use crate::engine::verify::{self, Shown};
use crate::host::git_read::Repo;
use crate::host::{Result, sign};

/// Looks at the key that signs, whoever looks: where something will be signed in this very run a trial signature is made,
/// elsewhere nothing is signed, and no credential asked for. `check` and `cut` look because a `finish` follows them.
///
/// # Errors
/// When the repository cannot be read.
pub(super) fn look_at(repo: &Repo, look: &Look, facts: &mut Facts) -> Result<()> {
    if look.no_sign {
        facts.signing = if facts.policy.release.allow_unsigned {
            Signing::Waived
        } else {
            Signing::Forbidden
        };
        return Ok(());
    }
    let mut trial = None;
    facts.signing = match sign::inspect(repo) {
        Err(unready) => Signing::Unready(unready),
        Ok(key) => {
            facts.key = Some(key);
            if look.try_key && signs_now(look.purpose, facts) {
                let tried = sign::Signer::configured(repo).and_then(|signer| signer.try_out());
                let tried = tried.map(|made| trial = Some(made));
                Signing::Tried(Fact::from(tried))
            } else {
                Signing::NotTried
            }
        }
    };
    if matches!(look.purpose, Use::Finish | Use::Tag) && stands_already(facts) {
        return Ok(());
    }
    let shown = match (&trial, &facts.key) {
        (Some(trial), _) => Shown::Trial(trial),
        (None, Some(key)) => Shown::Key(key),
        (None, None) => Shown::Nothing,
    };
    facts.signer = signer(repo, look, facts, &shown)?;
    Ok(())
}

fn signs_now(purpose: Use, facts: &Facts) -> bool {
    match purpose {
        Use::Gate => false,
        Use::Cut => facts.sign_commits,
        Use::Finish | Use::Tag => true,
    }
}

fn signer(repo: &Repo, look: &Look, facts: &Facts, shown: &Shown<'_>) -> Result<Option<Signer>> {
    let commit = facts.source.commit;
    let signers_from = match (look.purpose, &look.policy) {
        // The source's policy already has it from where it is of record.
        (Use::Finish | Use::Tag, _) | (_, Some(_)) => Ok(facts.policy.trust.signers_from.clone()),
        (Use::Gate | Use::Cut, None) => trust::ref_of_record(repo, commit),
    };
    match signers_from {
        Ok(name) => verify::signer(repo, &facts.policy, name.as_ref(), (commit, shown)),
        Err(error) => Ok(Some(Signer::Nobody(error.to_string(), SignersFile::Earlier))),
    }
}

/// Whether the tag is there: then none will be signed.
fn stands_already(facts: &Facts) -> bool {
    let name = version(facts).and_then(|version| facts.policy.release.tag.tag_name(&version).ok());
    name.is_some_and(|name| facts.refs.contains_key(&name.full()))
}
