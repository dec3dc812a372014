//! OpenSSH signatures (PROTOCOL.sshsig), checked in this process: what was signed, in which namespace, by which key.
//!
//! Stricter than git and ssh-keygen about the armour: no byte of it may be other than a signer writes it. Whether the key
//! may sign is `trust`'s to say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey, SshSig};

use super::trust::{KeyId, NAMESPACE};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// The widest line of base64 that signers write (RFC 7468 allows 64, MIME 76; ssh-keygen writes 70).
const WIDEST: usize = 76;

/// Why a signature is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// The armour, or what it holds, has another shape.
    #[error("the signature is malformed: {0}")]
    Malformed(String),
    /// It was made for another purpose.
    #[error("the signature was made in the namespace `{0}`, not in `git`")]
    Namespace(String),
    /// The signed bytes are others.
    #[error("the signature does not fit what it stands under")]
    Mismatch,
}

/// Checks an armoured signature over `payload` in git's namespace and gives the key that made it.
///
/// # Errors
/// Where the armour is not exactly one signature, or the signature does not fit.
pub fn verify(payload: &[u8], armour: &[u8]) -> Result<PublicKey, BadSignature> {
    let signature = parse(armour)?;
    if signature.namespace() != NAMESPACE {
        return Err(BadSignature::Namespace(
            signature.namespace().escape_default().to_string(),
        ));
    }
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(NAMESPACE, payload, &signature)
        .map_err(|_| BadSignature::Mismatch)?;
    Ok(key)
}

/// The key's identity.
pub fn key_id(key: &PublicKey) -> KeyId {
    KeyId::Ssh(key.fingerprint(HashAlg::Sha256).to_string())
}

fn parse(armour: &[u8]) -> Result<SshSig, BadSignature> {
    let malformed = |why: &str| BadSignature::Malformed(why.to_owned());
    let text = std::str::from_utf8(armour).map_err(|_| malformed("it is not ASCII"))?;
    let body = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_prefix('\n'))
        .and_then(|rest| rest.strip_suffix('\n'))
        .and_then(|rest| rest.strip_suffix(END))
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or_else(|| malformed("it does not begin and end as an armour"))?;
    let lines: Vec<&str> = body.split('\n').collect();
    let width = lines.first().map_or(0, |line| line.len());
    let (last, whole) = lines.split_last().ok_or_else(|| malformed("it is empty"))?;
    let even = whole.iter().all(|line| line.len() == width) && (1..=width).contains(&last.len());
    if !even || width > WIDEST {
        return Err(malformed("its lines are uneven"));
    }
    let blob = STANDARD.decode(lines.concat());
    let blob = blob.map_err(|error| malformed(&error.to_string()))?;
    // What the decoder reads is written down again, so that it sees one spelling, whatever the signer's line width.
    let canonical = STANDARD.encode(&blob);
    let wrapped: Vec<&str> = chunks(&canonical, 70);
    let signature = SshSig::from_pem(format!("{BEGIN}\n{}\n{END}\n", wrapped.join("\n")));
    let signature = signature.map_err(|error| malformed(&error.to_string()))?;
    // Both are outside of what is signed, or would be understood by a version that does not exist yet.
    if signature.version() != SshSig::VERSION || !signature.reserved().is_empty() {
        return Err(malformed("its version is not known"));
    }
    if matches!(signature.public_key(), KeyData::Dsa(_)) {
        return Err(malformed("DSA is no longer a signature"));
    }
    Ok(signature)
}

fn chunks(text: &str, width: usize) -> Vec<&str> {
    let starts = (0..text.len()).step_by(width);
    starts
        .map(|at| text.get(at..text.len().min(at + width)).unwrap_or_default())
        .collect()
}
