//! An SSH agent, asked for two things: its keys and a signature (draft-ietf-sshm-ssh-agent, sections 3.5 and 3.6).
//!
//! Written here because the one small client there is (ssh-agent-client-rs 1.1) brings along a library for Windows' pipes,
//! whose licences deny.toml does not admit, and reads answers of any length; it goes when ssh-key offers a client.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ssh_key::{PublicKey, Signature};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// The longest answer that is read; OpenSSH's agent sends none that is longer.
const LONGEST_ANSWER: usize = 256 * 1024;

/// Why the agent gave no signature.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unable {
    #[error("no agent is at hand (SSH_AUTH_SOCK is not set)")]
    NoAgent,
    #[error("the agent at SSH_AUTH_SOCK cannot be asked: {0}")]
    Io(#[from] std::io::Error),
    #[error("the agent does not sign with it")]
    Refused,
    #[error("the agent's answer is no signature")]
    Malformed,
}

/// The agent's signature over `message`, with the private half of `public`.
pub(super) fn sign(public: &PublicKey, message: &[u8], deadline: Duration) -> Result<Signature, Unable> {
    let blob = public.to_bytes().map_err(|_| Unable::Malformed)?;
    let mut request = vec![SIGN_REQUEST];
    for field in [blob.as_slice(), message] {
        request.extend_from_slice(&length(field)?);
        request.extend_from_slice(field);
    }
    // No flags: they choose among RSA's hashes.
    request.extend_from_slice(&[0; 4]);
    signature(&ask(&request, deadline)?)
}

/// Whether the agent holds the private half of `public`.
pub(super) fn holds(public: &PublicKey, deadline: Duration) -> Result<bool, Unable> {
    let blob = public.to_bytes().map_err(|_| Unable::Malformed)?;
    let held = identities(&ask(&[REQUEST_IDENTITIES], deadline)?)?;
    Ok(held.contains(&blob))
}

fn ask(request: &[u8], deadline: Duration) -> Result<Vec<u8>, Unable> {
    let socket = crate::host::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
    let mut stream = UnixStream::connect(socket.ok_or(Unable::NoAgent)?)?;
    stream.set_read_timeout(Some(deadline))?;
    stream.set_write_timeout(Some(deadline))?;
    stream.write_all(&length(request)?)?;
    stream.write_all(request)?;

    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix)?;
    let announced = usize::try_from(u32::from_be_bytes(prefix)).map_err(|_| Unable::Malformed)?;
    if announced > LONGEST_ANSWER {
        return Err(Unable::Malformed);
    }
    let mut answer = vec![0; announced];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn length(field: &[u8]) -> Result<[u8; 4], Unable> {
    let length = u32::try_from(field.len()).map_err(|_| Unable::Malformed)?;
    Ok(length.to_be_bytes())
}

fn signature(answer: &[u8]) -> Result<Signature, Unable> {
    let (kind, rest) = answer.split_first().ok_or(Unable::Malformed)?;
    if *kind != SIGN_RESPONSE {
        return Err(Unable::Refused);
    }
    let (prefix, blob) = rest.split_first_chunk::<4>().ok_or(Unable::Malformed)?;
    if usize::try_from(u32::from_be_bytes(*prefix)) != Ok(blob.len()) {
        return Err(Unable::Malformed);
    }
    Signature::try_from(blob).map_err(|_| Unable::Malformed)
}

/// The public keys of the agent's answer: their number, then of each its blob and a comment.
fn identities(answer: &[u8]) -> Result<Vec<Vec<u8>>, Unable> {
    let (kind, rest) = answer.split_first().ok_or(Unable::Malformed)?;
    if *kind != IDENTITIES_ANSWER {
        return Err(Unable::Refused);
    }
    let (_, mut rest) = rest.split_first_chunk::<4>().ok_or(Unable::Malformed)?;
    let mut fields = Vec::new();
    while let Some((prefix, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*prefix)).map_err(|_| Unable::Malformed)?;
        let (field, behind) = behind.split_at_checked(length).ok_or(Unable::Malformed)?;
        fields.push(field.to_vec());
        rest = behind;
    }
    if !rest.is_empty() {
        return Err(Unable::Malformed);
    }
    Ok(fields.into_iter().step_by(2).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_an_agent_are_read_to_the_end() {
        let two = [
            &[12, 0, 0, 0, 2, 0, 0, 0, 1, 7, 0, 0, 0, 0][..],
            &[0, 0, 0, 1, 8, 0, 0, 0, 1, 9],
        ]
        .concat();
        assert_eq!(identities(&two).unwrap(), [vec![7], vec![8]]);
        assert_eq!(identities(&[12, 0, 0, 0, 0]).unwrap(), [[0; 0]; 0]);
        assert!(matches!(identities(&[5]), Err(Unable::Refused)));
        for wrong in [&two[..0], &two[..3], &two[..two.len() - 1], &[&two[..], &[0]].concat()] {
            assert!(matches!(identities(wrong), Err(Unable::Malformed)), "{wrong:?}");
        }
    }

    #[test]
    fn an_answer_is_a_signature_or_it_is_refused() {
        let blob = |text: &[u8]| [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat();
        let inner = [blob(b"ssh-ed25519"), blob(&[7; 64])].concat();
        let good = [vec![SIGN_RESPONSE], blob(&inner)].concat();
        assert_eq!(signature(&good).unwrap().as_bytes(), [7; 64]);
        assert!(matches!(signature(&[5]), Err(Unable::Refused)));
        for wrong in [
            &good[..0],
            &good[..3],
            &good[..good.len() - 1],
            &[&good[..], b"x"].concat(),
        ] {
            assert!(matches!(signature(wrong), Err(Unable::Malformed)), "{wrong:?}");
        }
    }
}
