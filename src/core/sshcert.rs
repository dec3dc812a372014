//! SSH certificates (OpenSSH, PROTOCOL.certkeys), as far as they are told from keys: their kind, and the key that one certifies.
//!
//! None is verified. `ssh_key::Certificate` 0.6 refuses what ssh-keygen(1) makes by default, a certificate without an end of
//! its time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::PublicKey;

/// What every kind of certificate ends in.
const SUFFIX: &str = "-cert-v01@openssh.com";

/// Each kind of key that is certified: what its certificates begin with, its own name, and the number of its fields.
const KINDS: [(&str, &str, usize); 7] = [
    ("ssh-rsa", "ssh-rsa", 2),
    ("ssh-ed25519", "ssh-ed25519", 1),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", 2),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", 2),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", 2),
    ("sk-ssh-ed25519", "sk-ssh-ed25519@openssh.com", 2),
    ("sk-ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com", 3),
];

/// Whether a kind of key, such as `ssh-ed25519-cert-v01@openssh.com`, is a certificate's.
pub fn is_certificate(kind: &str) -> bool {
    kind.ends_with(SUFFIX)
}

/// The key that a certificate certifies, from its line in a file: kind, base64, perhaps a comment. `None` where it is not a
/// certificate.
pub fn certified(line: &str) -> Option<(String, PublicKey)> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.next().filter(|kind| is_certificate(kind))?;
    let blob = STANDARD.decode(words.next()?).ok()?;
    let (_, name, fields) = KINDS
        .iter()
        .find(|(begin, _, _)| kind.strip_suffix(SUFFIX) == Some(begin))?;
    let (within, rest) = field(&blob)?;
    let (_nonce, mut rest) = field(rest)?;
    let mut key = prefixed(name.as_bytes())?;
    for _ in 0..*fields {
        let (value, behind) = field(rest)?;
        key.extend(prefixed(value)?);
        rest = behind;
    }
    let key = PublicKey::from_bytes(&key).ok()?;
    (within == kind.as_bytes()).then(|| (kind.to_owned(), key))
}

/// The kind of certificate that a key's bytes begin with.
pub(super) fn kind_of(blob: &[u8]) -> Option<String> {
    let kind = std::str::from_utf8(field(blob)?.0).ok()?;
    is_certificate(kind).then(|| kind.to_owned())
}

/// A field behind its length (RFC 4251, section 5, `string`), and what follows.
pub(super) fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn prefixed(value: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(value.len()).ok()?;
    Some([&length.to_be_bytes()[..], value].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIKe5xVuuvDuG8L+Hbzo6ZbkLfu0lZ2rBXYqkaGrTe8G/AAAAIBim7nF90rNUUw91G5WPi7T+vd+1pQSVZTu2bWxWftnQAAAAAAAAAAAAAAABAAAAAmlkAAAABwAAAANhQHgAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgtDa/b66nT11OZsvAzR6o2BrEdAOzokmV9fBXI928b4IAAABTAAAAC3NzaC1lZDI1NTE5AAAAQAX3CprN6NtuRznmeOxL1cuHVfKMAEWWMa2E8CLXRx+h5c+90cjb4DcBd9FBxKuWP9S4VqPAf+HgxblxQrsh7gw= id";

    #[test]
    fn a_certificate_tells_its_key() {
        let (kind, key) = certified(CERTIFICATE).unwrap();
        assert_eq!(kind, "ssh-ed25519-cert-v01@openssh.com");
        let inside = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBim7nF90rNUUw91G5WPi7T+vd+1pQSVZTu2bWxWftnQ";
        assert_eq!(key.to_openssh().unwrap(), inside);
        assert_eq!(certified(inside), None);
        assert_eq!(certified(&CERTIFICATE.replace("ssh-ed25519-", "ssh-rsa-")), None);
        for end in 0..CERTIFICATE.len() - 4 {
            // Cut off anywhere it is either the same or nothing.
            assert!(certified(&CERTIFICATE[..end]).is_none_or(|(_, found)| found.key_data() == key.key_data()));
        }
    }
}
