//! DSSE envelopes (Dead Simple Signing Envelope v1.0.2): what is signed, the JSON around it, and its verification.
//!
//! Pure. Knows SSH keys, since those are what release tags are signed with; must not know where a private key lies. The
//! signatures are the raw ones that generic verifiers read: 64 bytes for Ed25519 (RFC 8032), ASN.1 DER for ECDSA (RFC
//! 3279, section 2.2.3) with SHA-256 on P-256 and SHA-384 on P-384 (RFC 5656).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use p256::ecdsa::signature::Verifier as _;
use serde::{Deserialize, Serialize};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, Signature};

/// The payload type of in-toto statements.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// A hint which key signed; not itself signed. Ours is OpenSSH's fingerprint, `SHA256:…`.
    pub keyid: String,
    /// The raw signature.
    pub sig: Vec<u8>,
}

/// A payload with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// How the payload is to be read, such as [`IN_TOTO`].
    pub payload_type: String,
    /// The payload's exact bytes.
    pub payload: Vec<u8>,
    /// At least one.
    pub signatures: Vec<EnvelopeSignature>,
}

/// Why an envelope cannot be read, made or believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Not JSON, or not an envelope.
    #[error("the DSSE envelope cannot be read: {0}")]
    Json(String),
    /// A field is not base64.
    #[error("`{0}` of the DSSE envelope is not base64")]
    Base64(&'static str),
    /// There is no signature in it.
    #[error("the DSSE envelope has no signature")]
    Unsigned,
    /// The key, by its algorithm, makes no raw signature that generic verifiers read.
    #[error("a key of type `{0}` makes no signature for a DSSE envelope; ed25519, nistp256 and nistp384 do")]
    Algorithm(String),
    /// No signature in it is by that key over that payload.
    #[error("the DSSE envelope is not signed by {0}")]
    NotSignedBy(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EnvelopeJson {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureJson {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// The pre-authentication encoding: the bytes that are signed.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// The key's name in an envelope: OpenSSH's fingerprint, `SHA256:…`.
pub fn keyid(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// The kinds of key that make raw signatures which generic verifiers read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RawKey {
    Ed25519,
    P256,
    P384,
}

impl RawKey {
    fn of(algorithm: &Algorithm) -> Result<Self, DsseError> {
        let curve = |curve| Algorithm::Ecdsa { curve };
        [
            (Algorithm::Ed25519, Self::Ed25519),
            (curve(EcdsaCurve::NistP256), Self::P256),
            (curve(EcdsaCurve::NistP384), Self::P384),
        ]
        .into_iter()
        .find_map(|(known, kind)| (known == *algorithm).then_some(kind))
        .ok_or_else(|| DsseError::Algorithm(algorithm.as_str().to_owned()))
    }
}

/// Demands a key that makes raw signatures which generic verifiers read.
///
/// # Errors
/// `Algorithm` for every other: RSA, DSA, P-521, security keys (their signatures cover more than the message).
pub fn demand_raw(algorithm: &Algorithm) -> Result<(), DsseError> {
    RawKey::of(algorithm).map(drop)
}

/// SSH's form of a signature as the raw one of an envelope.
///
/// # Errors
/// `Algorithm` where the key has no raw one, or the signature is not well-formed.
pub fn raw(signature: &Signature) -> Result<Vec<u8>, DsseError> {
    let algorithm = signature.algorithm();
    let malformed = |_| DsseError::Algorithm(algorithm.as_str().to_owned());
    match RawKey::of(&algorithm)? {
        RawKey::Ed25519 => Ok(signature.as_bytes().to_vec()),
        RawKey::P256 => p256::ecdsa::Signature::try_from(signature)
            .map(|made| made.to_der().as_bytes().to_vec())
            .map_err(malformed),
        RawKey::P384 => p384::ecdsa::Signature::try_from(signature)
            .map(|made| made.to_der().as_bytes().to_vec())
            .map_err(malformed),
    }
}

/// The raw form as SSH's; `None` where it is none of that kind of key.
fn cooked(raw: &[u8], kind: RawKey) -> Option<Signature> {
    match kind {
        RawKey::Ed25519 => Signature::new(Algorithm::Ed25519, raw).ok(),
        RawKey::P256 => Signature::try_from(p256::ecdsa::Signature::from_der(raw).ok()?).ok(),
        RawKey::P384 => Signature::try_from(p384::ecdsa::Signature::from_der(raw).ok()?).ok(),
    }
}

impl Envelope {
    /// The envelope as JSON on one line, ending in a line feed.
    ///
    /// # Errors
    /// `Unsigned` where it has no signature.
    pub fn render(&self) -> Result<Vec<u8>, DsseError> {
        if self.signatures.is_empty() {
            return Err(DsseError::Unsigned);
        }
        let json = EnvelopeJson {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|signature| SignatureJson {
                    keyid: signature.keyid.clone(),
                    sig: STANDARD.encode(&signature.sig),
                })
                .collect(),
        };
        let mut bytes = serde_json::to_vec(&json).map_err(|error| DsseError::Json(error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads an envelope. Both alphabets of base64 are read, as the specification demands; unknown and doubled fields are
    /// not.
    ///
    /// # Errors
    /// When the bytes are no envelope, or there is no signature in it.
    pub fn parse(bytes: &[u8]) -> Result<Self, DsseError> {
        let json: EnvelopeJson = serde_json::from_slice(bytes).map_err(|error| DsseError::Json(error.to_string()))?;
        let signature = |json: SignatureJson| {
            Ok(EnvelopeSignature {
                sig: decoded(&json.sig, "sig")?,
                keyid: json.keyid,
            })
        };
        let signatures: Vec<_> = json.signatures.into_iter().map(signature).collect::<Result<_, _>>()?;
        if signatures.is_empty() {
            return Err(DsseError::Unsigned);
        }
        Ok(Self {
            payload: decoded(&json.payload, "payload")?,
            payload_type: json.payload_type,
            signatures,
        })
    }

    /// The payload, once some signature proves to be by `key` over it and its type. What `keyid` says plays no part.
    ///
    /// # Errors
    /// `Algorithm` where the key cannot have signed; `NotSignedBy` where it did not.
    pub fn verified_by(&self, key: &KeyData) -> Result<&[u8], DsseError> {
        let kind = RawKey::of(&key.algorithm())?;
        let message = pae(&self.payload_type, &self.payload);
        let good = self
            .signatures
            .iter()
            .filter_map(|signature| cooked(&signature.sig, kind))
            .any(|signature| key.verify(&message, &signature).is_ok());
        if good {
            Ok(&self.payload)
        } else {
            Err(DsseError::NotSignedBy(keyid(key)))
        }
    }
}

fn decoded(text: &str, field: &'static str) -> Result<Vec<u8>, DsseError> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|_| DsseError::Base64(field))
}

#[cfg(test)]
mod tests;
