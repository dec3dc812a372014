//! Raw signatures by the key that signs tags, for verifiers that know nothing of SSH's signature format.
//!
//! ssh-keygen(1) signs in that format alone. So a private key whose file has no passphrase signs here, in memory that is
//! wiped afterwards; every other is asked for at its agent. Not every key can: what cannot is said, and is no error.

use std::path::{Path, PathBuf};

use gix::objs::signature::Format;
use gix::objs::signature::sign::is_literal_ssh_key;
use p256::ecdsa::signature::Signer as _;
use ssh_key::public::KeyData;
use ssh_key::{PrivateKey, PublicKey, Signature};
use zeroize::Zeroizing;

use super::Signer;
use crate::core::dsse;
use crate::host::proc::stdin_is_terminal;
use crate::host::{Error, Result, fs};

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

/// What the configuration leads to.
enum Found {
    /// A private key that can be used as it is.
    Private(Box<PrivateKey>),
    /// The public half alone; the private one is locked or elsewhere. Says which.
    Public(PublicKey, String),
    /// Nothing that is understood here, and why.
    Nothing(String),
}

impl Signer {
    /// Signs `message` itself, and nothing around it, with the key that signs tags.
    ///
    /// # Errors
    /// When a key's file is there and cannot be read.
    pub(crate) fn sign_raw(&self, message: &[u8]) -> Result<Raw> {
        let found = match self.format {
            Format::OpenPgp => Found::Nothing("an OpenPGP key makes no raw signature".to_owned()),
            Format::X509 => Found::Nothing("an X.509 key makes no raw signature here".to_owned()),
            Format::Ssh => self.ssh_key()?,
        };
        Ok(match found {
            Found::Nothing(why) => Raw::Unable(why),
            Found::Private(private) => by_file(&private, message),
            Found::Public(public, why) => self.by_agent(&public, &why, message),
        })
    }

    fn ssh_key(&self) -> Result<Found> {
        let literal = self.key.to_str().and_then(|key| is_literal_ssh_key(key.as_bytes()));
        if let Some(key) = literal {
            let public = std::str::from_utf8(key).ok().and_then(public_key);
            return Ok(match public {
                Some(public) => Found::Public(public, "the key is given in words".to_owned()),
                None => Found::Nothing("the key that is given in words is no plain public key".to_owned()),
            });
        }
        let path = self.dir.join(&self.key);
        if let Some(private) = private_key(&path)? {
            if private.is_encrypted() {
                let public = private.public_key().clone();
                return Ok(Found::Public(public, "the key's file has a passphrase".to_owned()));
            }
            return Ok(Found::Private(Box::new(private)));
        }
        match public_key_file(&path)? {
            Some(public) => beside(&path, public),
            None => Ok(Found::Nothing(
                "the key's file is neither a key in OpenSSH's format nor a public key".to_owned(),
            )),
        }
    }

    fn by_agent(&self, public: &PublicKey, why: &str, message: &[u8]) -> Raw {
        let key = public.key_data().clone();
        if let Err(error) = dsse::demand_raw(&key.algorithm()) {
            return Raw::Unable(error.to_string());
        }
        let deadline = if stdin_is_terminal() {
            super::ATTENDED_DEADLINE
        } else {
            super::UNATTENDED_DEADLINE
        };
        match super::agent::sign(public, message, deadline) {
            Ok(signature) => Raw::Signed { key, signature },
            Err(unable) => Raw::Unable(format!("{why}, and {unable}")),
        }
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

/// The private key of a file, locked or not; `None` where the file holds something else.
fn private_key(path: &Path) -> Result<Option<PrivateKey>> {
    let bytes = fs::read(path)?.map(Zeroizing::new);
    let absent = || Error::Unexpected(format!("the signing key `{}` is not there", path.display()));
    Ok(PrivateKey::from_openssh(bytes.ok_or_else(absent)?.as_slice()).ok())
}

/// The public key of a file, or of its companion `<file>.pub` (ssh-keygen(1) looks there too).
fn public_key_file(path: &Path) -> Result<Option<PublicKey>> {
    let mut companion = path.as_os_str().to_owned();
    companion.push(".pub");
    for path in [path.to_owned(), PathBuf::from(companion)] {
        let text = fs::read(&path)?.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(public) = text.as_deref().and_then(public_key) {
            return Ok(Some(public));
        }
    }
    Ok(None)
}

fn public_key(text: &str) -> Option<PublicKey> {
    PublicKey::from_openssh(text.trim()).ok()
}

/// The private half beside `<file>.pub`, where it is there, is the same key and has no passphrase.
fn beside(path: &Path, public: PublicKey) -> Result<Found> {
    let private = path.with_extension("");
    let companion = path.extension().is_some_and(|extension| extension == "pub") && fs::stat(&private)?.is_some();
    let private = if companion { private_key(&private)? } else { None };
    let same = private.filter(|private| private.public_key().key_data() == public.key_data());
    Ok(match same {
        Some(private) if !private.is_encrypted() => Found::Private(Box::new(private)),
        Some(_) => Found::Public(public, "the key's file has a passphrase".to_owned()),
        None => Found::Public(public, "the private half is not beside the public one".to_owned()),
    })
}
