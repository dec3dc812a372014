//! OpenSSH signatures (PROTOCOL.sshsig), checked in this process: what was signed, in which namespace, by which key.
//!
//! Stricter than git and ssh-keygen about the armour: no byte of it may be other than a signer writes it. Whether the key
//! may sign is `trust`'s to say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey, SshSig};

use super::sshcert;
use super::trust::{KeyId, NAMESPACE};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// The widest line of base64 that signers write (RFC 7468 allows 64, MIME 76; ssh-keygen writes 70).
const WIDEST: usize = 76;

/// The shortest modulus of RSA (NIST SP 800-131A): shorter ones have been factored, or soon will be.
const RSA_BYTES_MIN: usize = 256;

/// Why a signature is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// The armour, or what it holds, has another shape.
    #[error("the signature is malformed: {0}")]
    Malformed(String),
    /// It names a certificate, not a key; of which kind.
    #[error(
        "the signature is by an SSH certificate ({0}), which this program does not verify: sign with the key itself, and \
         let .sentinel/allowed_signers name that key"
    )]
    Certificate(String),
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
    let blob = decode(body).map_err(BadSignature::Malformed)?;
    if let Some(kind) = certificate(&blob) {
        return Err(BadSignature::Certificate(kind));
    }
    // The decoder sees one spelling, whatever the signer's line width.
    let canonical = STANDARD.encode(&blob);
    let canonical = format!("{BEGIN}\n{}\n{END}\n", chunks(&canonical, 70).join("\n"));
    let signature = SshSig::from_pem(&canonical).map_err(|error| malformed(&error.to_string()))?;
    // It is lax about lengths within lengths (ssh-encoding 0.2: `read_prefixed` does not demand the end); what it read is
    // written again, and has to be the same.
    let again = signature.to_pem(ssh_key::LineEnding::LF);
    if again.map_err(|error| malformed(&error.to_string()))? != canonical {
        return Err(malformed("its lengths do not agree"));
    }
    // Both are outside of what is signed, or would be understood by a version that does not exist yet.
    if signature.version() != SshSig::VERSION || !signature.reserved().is_empty() {
        return Err(malformed("its version is not known"));
    }
    if matches!(signature.public_key(), KeyData::Dsa(_)) {
        return Err(malformed("DSA is no longer a signature"));
    }
    if let KeyData::Rsa(key) = signature.public_key()
        && key.n.as_positive_bytes().is_none_or(|n| n.len() < RSA_BYTES_MIN)
    {
        return Err(malformed("its RSA key has fewer than 2048 bits"));
    }
    Ok(signature)
}

/// The kind of certificate that a signature names (PROTOCOL.sshsig: `SSHSIG`, a version, then the public key, which begins
/// with its kind; PROTOCOL.certkeys: a certificate's ends in `-cert-v01@openssh.com`).
fn certificate(blob: &[u8]) -> Option<String> {
    let (key, _) = sshcert::field(blob.strip_prefix(b"SSHSIG")?.get(4..)?)?;
    sshcert::kind_of(key)
}

/// Decodes lines of base64 that are all of one width, but for the last.
pub(super) fn decode(lines: &str) -> Result<Vec<u8>, String> {
    let lines: Vec<&str> = lines.split('\n').collect();
    let width = lines.first().map_or(0, |line| line.len());
    let (last, whole) = lines.split_last().ok_or("it is empty")?;
    let even = whole.iter().all(|line| line.len() == width) && (1..=width).contains(&last.len());
    if !even || width > WIDEST {
        return Err("its lines are uneven".to_owned());
    }
    STANDARD.decode(lines.concat()).map_err(|error| error.to_string())
}

fn chunks(text: &str, width: usize) -> Vec<&str> {
    let starts = (0..text.len()).step_by(width);
    starts
        .map(|at| text.get(at..text.len().min(at + width)).unwrap_or_default())
        .collect()
}

#[cfg(test)]
mod tests {
    use ssh_key::private::{Ed25519Keypair, KeypairData};
    use ssh_key::{LineEnding, PrivateKey};

    use super::*;

    fn signer() -> PrivateKey {
        let pair = Ed25519Keypair::from_seed(&[7; 32]);
        PrivateKey::new(KeypairData::Ed25519(pair), "").unwrap()
    }

    fn signed(namespace: &str, payload: &[u8]) -> Vec<u8> {
        let signature = SshSig::sign(&signer(), namespace, HashAlg::Sha512, payload).unwrap();
        signature.to_pem(LineEnding::LF).unwrap().into_bytes()
    }

    #[test]
    fn a_good_signature_names_its_key() {
        let key = verify(b"words", &signed("git", b"words")).unwrap();
        assert_eq!(key_id(&key), key_id(signer().public_key()));
    }

    #[test]
    fn other_words_and_other_purposes_are_told_apart() {
        assert_eq!(verify(b"other", &signed("git", b"words")), Err(BadSignature::Mismatch));
        let other = verify(b"words", &signed("file", b"words"));
        assert_eq!(other, Err(BadSignature::Namespace("file".to_owned())));
    }

    /// Whatever byte is changed, to whatever a careless reader might overlook.
    #[test]
    fn no_byte_of_the_armour_may_change() {
        let good = signed("git", b"words");
        for at in 0..good.len() {
            for byte in *b"AB/+=\n\r -" {
                let mut edited = good.clone();
                edited[at] = byte;
                if edited != good {
                    assert!(verify(b"words", &edited).is_err(), "byte {at} as {byte:?}");
                }
            }
            let mut shorter = good.clone();
            shorter.remove(at);
            assert!(verify(b"words", &shorter).is_err(), "without byte {at}");
        }
    }

    /// Signers wrap at other widths than ours, and no reader minds.
    #[test]
    fn any_width_is_read() {
        let good = String::from_utf8(signed("git", b"words")).unwrap();
        let body: String = good.lines().filter(|line| !line.starts_with("---")).collect();
        for width in [64, 70, 76] {
            let lines = chunks(&body, width).join("\n");
            let armour = format!("{BEGIN}\n{lines}\n{END}\n");
            assert!(verify(b"words", armour.as_bytes()).is_ok(), "{width}");
        }
    }
}
