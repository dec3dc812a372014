//! Check 6: the signature is good, and its maker may sign now.

use super::tag::Read;
use super::{Code, Signers, TagFacts, TagFinding};
use crate::core::binding::{Armour, Signed};
use crate::core::facts::Fact;
use crate::core::pgpsig;
use crate::core::sshsig::{self, BadSignature};
use crate::core::trust::{AllowedSigners, KeyId, Refusal};

/// What gpg found of a signature. Fingerprints: the signing key's, then its primary key's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenPgp {
    /// It fits.
    Good(Vec<String>),
    /// It fits, and the key has expired.
    Expired(Vec<String>),
    /// It fits, and the key is revoked.
    Revoked(Vec<String>),
    /// It does not fit, or is no signature; why.
    Bad(String),
    /// The key is none of the allowed ones, or the key ring lacks it: its id.
    UnknownKey(String),
}

/// A signature apart from any tag: what was signed, and by what kind of key.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// The signed bytes.
    pub payload: &'a [u8],
    /// The kind of armour.
    pub armour: Armour,
    /// The armour.
    pub text: &'a [u8],
    /// What gpg said, where it had to be asked.
    pub openpgp: Option<&'a Fact<OpenPgp>>,
}

/// For whom a signature stands under `allowed` at `now`, in seconds since the Unix epoch.
///
/// # Errors
/// The code, and why.
pub fn signature(signature: &Signature<'_>, allowed: &AllowedSigners, now: i64) -> Result<String, (Code, String)> {
    let keys = match signature.armour {
        Armour::Ssh => ssh(signature)?,
        Armour::OpenPgp => openpgp(signature)?,
        Armour::X509 => {
            let why = "X.509 signatures are made, and not verified, by this version: git verify-tag and gpgsm do that";
            return Err((Code::SignerNotAllowed, why.to_owned()));
        }
    };
    allowed.authorise(&keys, now).map_err(|refusal| {
        let code = match refusal {
            Refusal::NotAllowed(_) => Code::SignerNotAllowed,
            Refusal::Expired { .. } => Code::KeyExpired,
            Refusal::Revoked(_) => Code::KeyRevoked,
        };
        (code, refusal.to_string())
    })
}

fn ssh(signature: &Signature<'_>) -> Result<Vec<KeyId>, (Code, String)> {
    match sshsig::verify(signature.payload, signature.text) {
        Ok(key) => Ok(vec![sshsig::key_id(&key)]),
        Err(error @ (BadSignature::Malformed(_) | BadSignature::Namespace(_) | BadSignature::Mismatch)) => {
            Err((Code::SigBad, error.to_string()))
        }
        Err(error @ BadSignature::Certificate(_)) => Err((Code::SignerNotAllowed, error.to_string())),
    }
}

fn openpgp(signature: &Signature<'_>) -> Result<Vec<KeyId>, (Code, String)> {
    let keys = |fingerprints: &[String]| -> Vec<KeyId> { fingerprints.iter().cloned().map(KeyId::OpenPgp).collect() };
    let named = |fingerprints: &[String]| fingerprints.last().cloned().unwrap_or_default();
    match signature.openpgp {
        None => Err((Code::SigBad, "the OpenPGP signature was not looked at".to_owned())),
        Some(Fact::Unknown(why)) => Err((Code::SigBad, format!("gpg cannot be asked: {why}"))),
        Some(Fact::Known(seen)) => match seen {
            OpenPgp::Good(fingerprints) => {
                let maker = fingerprints.first().map_or("", String::as_str);
                pgpsig::strict(signature.payload, signature.text, maker)
                    .map_err(|loose| (Code::SigBad, format!("the OpenPGP signature is bad: {loose}")))?;
                Ok(keys(fingerprints))
            }
            OpenPgp::Expired(of) => Err((Code::KeyExpired, format!("the key {} has expired", named(of)))),
            OpenPgp::Revoked(of) => Err((Code::KeyRevoked, format!("the key {} is revoked", named(of)))),
            OpenPgp::Bad(why) => Err((Code::SigBad, format!("the OpenPGP signature is bad: {why}"))),
            OpenPgp::UnknownKey(id) => Err((
                Code::SignerNotAllowed,
                format!("the key {id} is not among the allowed signers, or gpg's key ring lacks it"),
            )),
        },
    }
}

pub(super) struct Judged {
    pub(super) finding: TagFinding,
    pub(super) signer: Option<String>,
}

pub(super) fn judge(facts: &TagFacts, read: &Option<Read<'_>>) -> Judged {
    let refused = |code: Code, because: String| Judged {
        finding: TagFinding::critical("signature", code, because),
        signer: None,
    };
    let Some(read) = read else {
        return refused(
            Code::SigMissing,
            "there is no tag object that could be signed".to_owned(),
        );
    };
    let (armour, text) = match &read.signed {
        Some(Ok(Signed {
            signature: Some(found), ..
        })) => *found,
        Some(Ok(Signed { signature: None, .. })) | None => {
            return refused(Code::SigMissing, "the tag is not signed".to_owned());
        }
        Some(Err(error)) => return refused(Code::SigBad, format!("no one signature can be checked: {error}")),
    };
    let Signers { allowed, source } = match &facts.signers {
        Fact::Known(signers) => signers,
        Fact::Unknown(why) => {
            // Whoever knows the maker's key can tell by its fingerprint whether this is it.
            let by = match (armour, sshsig::verify(read.payload, text)) {
                (Armour::Ssh, Ok(key)) => format!("; it is signed by {}", sshsig::key_id(&key)),
                (Armour::Ssh | Armour::OpenPgp | Armour::X509, _) => String::new(),
            };
            return refused(Code::SignerNotAllowed, format!("nobody says who may sign: {why}{by}"));
        }
    };
    let found = Signature {
        payload: read.payload,
        armour,
        text,
        openpgp: facts.openpgp.as_ref(),
    };
    match signature(&found, allowed, facts.now) {
        Ok(principals) => Judged {
            finding: TagFinding::pass("signature", format!("signed by {principals}, allowed by {source}")),
            signer: Some(principals),
        },
        Err((code @ (Code::SignerNotAllowed | Code::KeyExpired | Code::KeyRevoked), why)) => {
            refused(code, format!("{why} (asked: {source})"))
        }
        Err((code, why)) => refused(code, why),
    }
}
