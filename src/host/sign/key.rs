//! The SSH key that `user.signingKey` leads to, as far as its files tell (ssh-keygen(1), `-Y sign`).

use std::path::{Path, PathBuf};

use gix::objs::signature::sign::is_literal_ssh_key;
use ssh_key::{PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::Signer;
use crate::core::sshcert::certified;
use crate::host::{Result, fs};

/// The largest file that is read for a key; OpenSSH reads none that is larger (`MAX_KEY_FILE_SIZE`).
const LARGEST_BYTES: u64 = 1024 * 1024;

/// What the configuration leads to.
pub(super) enum Found {
    /// A private key that can be used as it is.
    Private(Box<PrivateKey>),
    /// The public half of a private key whose file has a passphrase.
    Locked(PublicKey),
    /// The public half of a key whose private half is not beside it.
    Public(PublicKey),
    /// A public key that the configuration spells out.
    Literal(PublicKey),
    /// A certificate: its kind, and the key that it certifies.
    Certificate(String, PublicKey),
    /// There is no such file.
    Absent(PathBuf),
    /// Something that is not understood here, and why.
    Unread(String),
}

impl Signer {
    /// Follows the configuration of an SSH key.
    ///
    /// # Errors
    /// When a key's file is there and cannot be read.
    pub(super) fn ssh_key(&self) -> Result<Found> {
        if let Some(literal) = self.literal() {
            let text = std::str::from_utf8(literal).unwrap_or_default();
            return Ok(match (certified(text), public_key(text)) {
                (Some((kind, key)), _) => Found::Certificate(kind, key),
                (None, Some(public)) => Found::Literal(public),
                (None, None) => Found::Unread("the key that is given in words is not a public key".to_owned()),
            });
        }
        let path = self.dir.join(&self.key);
        let bytes = read(&path)?;
        match bytes
            .as_ref()
            .and_then(|bytes| PrivateKey::from_openssh(bytes.as_slice()).ok())
        {
            Some(private) if private.is_encrypted() => return Ok(Found::Locked(private.public_key().clone())),
            Some(private) => return Ok(Found::Private(Box::new(private))),
            None => {}
        }
        // ssh-keygen takes the public half from the file itself or from its companion.
        for (text, at) in [
            (bytes.clone(), path.clone()),
            (read(&with_pub(&path))?, with_pub(&path)),
        ] {
            let text = text
                .as_ref()
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .unwrap_or_default();
            if let Some((kind, key)) = certified(text) {
                return Ok(Found::Certificate(kind, key));
            }
            if let Some(public) = public_key(text) {
                return beside(&at, public);
            }
        }
        Ok(match bytes {
            None => Found::Absent(path),
            Some(_) => Found::Unread("the key's file is neither a key in OpenSSH's format nor a public key".to_owned()),
        })
    }

    /// The public key that the configuration spells out, where it spells one out.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        is_literal_ssh_key(self.key.to_str()?.as_bytes())
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    Ok(fs::read_bounded(path, LARGEST_BYTES)?.map(Zeroizing::new))
}

fn with_pub(path: &Path) -> PathBuf {
    let mut companion = path.as_os_str().to_owned();
    companion.push(".pub");
    companion.into()
}

fn public_key(text: &str) -> Option<PublicKey> {
    PublicKey::from_openssh(text.trim()).ok()
}

/// The private half beside `<file>.pub`, where it is there and is the same key.
fn beside(public_at: &Path, public: PublicKey) -> Result<Found> {
    let companion = public_at.extension().is_some_and(|extension| extension == "pub");
    let bytes = if companion {
        read(&public_at.with_extension(""))?
    } else {
        None
    };
    let private = bytes.and_then(|bytes| PrivateKey::from_openssh(bytes.as_slice()).ok());
    let same = private.filter(|private| private.public_key().key_data() == public.key_data());
    Ok(match same {
        Some(private) if private.is_encrypted() => Found::Locked(public),
        Some(private) => Found::Private(Box::new(private)),
        None => Found::Public(public),
    })
}
