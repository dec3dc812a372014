//! Raw signatures by the key that signs tags, for verifiers that know nothing of SSH's signature format.
//!
//! ssh-keygen(1) signs in that format alone. So a private key whose file has no passphrase signs here, in memory that is
//! wiped afterwards; every other is asked for at its agent. Not every key can: what cannot is said, and is no error.

use gix::objs::signature::Format;
use p256::ecdsa::signature::Signer as _;
use ssh_key::public::KeyData;
use ssh_key::{PrivateKey, PublicKey, Signature};

use super::Signer;
use super::key::Found;
use crate::core::dsse;
use crate::host::Result;

/// A raw signature, or why the key makes none.
#[derive(Debug)]
pub(crate) enum Raw {
    /// It signed.
    Signed {
        /// The public half of the key.
        key: KeyData,
        /// The signature.
        signature: Signature,
    },
    /// It makes none, and why.
    Unable(String),
}

impl Signer {
    /// Signs `message` itself, and nothing around it, with the key that signs tags.
    ///
    /// # Errors
    /// When a key's file is there and cannot be read.
    pub(crate) fn sign_raw(&self, message: &[u8]) -> Result<Raw> {
        let found = match self.format {
            Format::OpenPgp => return Ok(Raw::Unable("an OpenPGP key makes no raw signature".to_owned())),
            Format::X509 => return Ok(Raw::Unable("an X.509 key makes no raw signature here".to_owned())),
            Format::Ssh => self.ssh_key()?,
        };
        Ok(match found {
            Found::Private(private) => by_file(&private, message),
            Found::Locked(public) => by_agent(&public, "the key's file has a passphrase", message),
            Found::Public(public) => by_agent(&public, "the private half is not beside the public one", message),
            Found::Literal(public) => by_agent(&public, "the key is given in words", message),
            Found::Certificate(..) => Raw::Unable("a certificate makes no raw signature here".to_owned()),
            Found::Absent(path) => Raw::Unable(format!("the signing key `{}` is not there", path.display())),
            Found::Unread(why) => Raw::Unable(why),
        })
    }
}

fn by_agent(public: &PublicKey, why: &str, message: &[u8]) -> Raw {
    let key = public.key_data().clone();
    if let Err(error) = dsse::demand_raw(&key.algorithm()) {
        return Raw::Unable(error.to_string());
    }
    match super::agent::sign(public, message, super::deadline()) {
        Ok(signature) => Raw::Signed { key, signature },
        Err(unable) => Raw::Unable(format!("{why}, and {unable}")),
    }
}

fn by_file(private: &PrivateKey, message: &[u8]) -> Raw {
    let key = private.public_key().key_data().clone();
    if let Err(error) = dsse::demand_raw(&key.algorithm()) {
        return Raw::Unable(error.to_string());
    }
    match private.try_sign(message) {
        Ok(signature) => Raw::Signed { key, signature },
        Err(error) => Raw::Unable(format!("the key does not sign: {error}")),
    }
}
