//! The key that signs, looked at without signing anything: which it is, and whether its private half is there.

use std::path::Path;

use gix::objs::signature::Format;
use ssh_key::PublicKey;

use super::Signer;
use super::agent::{self, Unable};
use super::key::Found;
use crate::core::facts::{SigningKey, Unready};
use crate::core::hooks::staged::shell_word;
use crate::core::sshsig;
use crate::core::trust::KeyId;
use crate::host::git_read::Repo;
use crate::host::{env, fs};

/// Where a key of git's usual kind lies, below the user's home directory.
const USUAL_KEY: &str = ".ssh/id_ed25519";

/// Looks at the configured key. No passphrase is asked for, and nothing is signed.
///
/// # Errors
/// When no key is configured, or its private half is neither in a file nor with an agent.
pub(crate) fn inspect(repo: &Repo) -> Result<SigningKey, Unready> {
    let signer = Signer::configured(repo).map_err(|error| Unready {
        why: error.to_string(),
        remedy: configure(),
    })?;
    match signer.format {
        Format::Ssh => signer.inspect_ssh(),
        Format::OpenPgp => signer.inspect_gpg(KeyId::OpenPgp),
        Format::X509 => signer.inspect_gpg(KeyId::X509),
    }
}

/// How a key is configured where there is none: with the user's own, which is made first where it is missing.
fn configure() -> String {
    let set = format!("git config gpg.format ssh && git config user.signingKey ~/{USUAL_KEY}.pub");
    let home = env::var_os("HOME").unwrap_or_default();
    match fs::stat(&Path::new(&home).join(USUAL_KEY)) {
        Ok(Some(_)) => set,
        Ok(None) | Err(_) => format!("ssh-keygen -t ed25519 -f ~/{USUAL_KEY} && {set}"),
    }
}

impl Signer {
    fn inspect_ssh(&self) -> Result<SigningKey, Unready> {
        let named = shell_word(self.key.as_encoded_bytes());
        let add = || {
            let text = self.key.to_string_lossy();
            format!("ssh-add {}", shell_word(text.strip_suffix(".pub").unwrap_or(&text)))
        };
        let unready = |why: String, remedy: String| Unready { why, remedy };
        let found = self
            .ssh_key()
            .map_err(|error| unready(error.to_string(), configure()))?;
        let known = |public: &PublicKey, unlock: Option<String>| SigningKey {
            name: format!("the SSH key {}", sshsig::key_id(public)),
            ids: vec![sshsig::key_id(public)],
            line: line_of(public),
            certificate: None,
            unlock,
        };
        match found {
            Found::Private(private) => Ok(known(private.public_key(), None)),
            Found::Locked(public) => Ok(known(&public, Some(add()))),
            Found::Public(public) => {
                self.demands_private_half(&public, &add())?;
                Ok(known(&public, Some(add())))
            }
            Found::Literal(public) => {
                let remedy = "ssh-add KEY, of the key that user.signingKey spells out".to_owned();
                self.demands_private_half(&public, &remedy)?;
                Ok(known(&public, Some(remedy)))
            }
            Found::Certificate(kind, key) => Ok(SigningKey {
                name: format!("the SSH certificate {named}"),
                ids: Vec::new(),
                line: line_of(&key),
                certificate: Some(kind),
                unlock: None,
            }),
            Found::Absent(path) => Err(unready(
                format!("there is no file `{}`, which user.signingKey names", path.display()),
                configure(),
            )),
            // A key in another format than OpenSSH's: which it is shows in a signature.
            Found::Unread(_) => Ok(SigningKey {
                name: format!("the key {named}"),
                ids: Vec::new(),
                line: None,
                certificate: None,
                unlock: Some(add()),
            }),
        }
    }

    /// Demands that the agent has the private half, where ssh-keygen signs: another program knows its own ways to a key.
    fn demands_private_half(&self, public: &PublicKey, remedy: &str) -> Result<(), Unready> {
        let signs = Path::new(&self.program).file_name().and_then(|name| name.to_str());
        if signs == Some("ssh-keygen") {
            held(public, remedy)
        } else {
            Ok(())
        }
    }

    /// gpg(1) and gpgsm(1) list secret keys in records (GnuPG, doc/DETAILS). What only signs, as gitsign does, cannot be
    /// asked.
    fn inspect_gpg(&self, id: fn(String) -> KeyId) -> Result<SigningKey, Unready> {
        let named = shell_word(self.key.as_encoded_bytes());
        let program = self.program.to_string_lossy();
        let is_gnupg = matches!(
            Path::new(&self.program).file_name().and_then(|name| name.to_str()),
            Some("gpg" | "gpg2" | "gpgsm")
        );
        let run = self
            .run()
            .args(["--batch", "--no-tty", "--with-colons", "--list-secret-keys", "--"]);
        let output = run.arg(&self.key).output();
        let listed = match output {
            Ok(output) => secret(&String::from_utf8_lossy(&output.stdout)),
            Err(_) if !is_gnupg => None,
            Err(error) => {
                return Err(Unready {
                    why: error.to_string(),
                    remedy: configure(),
                });
            }
        };
        let Some(fingerprints) = listed else {
            if is_gnupg {
                let why = format!("{program} has no secret key {named} that signs, and user.signingKey names that one");
                let remedy = configure();
                return Err(Unready { why, remedy });
            }
            return Ok(SigningKey {
                name: format!("the key {named} of {program}"),
                ids: Vec::new(),
                line: None,
                certificate: None,
                unlock: None,
            });
        };
        let primary = fingerprints.last().cloned().unwrap_or_default();
        let kind = if self.format == Format::X509 { "x509" } else { "openpgp" };
        Ok(SigningKey {
            name: format!("the key {primary}"),
            ids: fingerprints.into_iter().map(id).collect(),
            line: Some(format!("{kind} {primary}")),
            certificate: None,
            unlock: Some(format!(
                "{} --detach-sign --armor --local-user {named} /dev/null --output -",
                shell_word(self.program.as_encoded_bytes())
            )),
        })
    }
}

fn line_of(public: &PublicKey) -> Option<String> {
    let text = public.to_openssh().ok()?;
    let words: Vec<&str> = text.split(' ').take(2).collect();
    Some(words.join(" "))
}

/// Demands that the agent has the private half.
fn held(public: &PublicKey, remedy: &str) -> Result<(), Unready> {
    let key = sshsig::key_id(public);
    let why = match agent::holds(public, super::UNATTENDED_DEADLINE) {
        Ok(true) => return Ok(()),
        Ok(false) => format!("the agent does not hold the private half of {key}"),
        Err(Unable::NoAgent) => {
            format!("the private half of {key} is not beside the public one, and no agent is at hand")
        }
        Err(unable @ (Unable::Io(_) | Unable::Refused | Unable::Malformed)) => {
            format!("the private half of {key} is not beside the public one, and {unable}")
        }
    };
    Err(Unready {
        why,
        remedy: remedy.to_owned(),
    })
}

/// The key that would sign, then its primary key: of the first key that is listed the newest one that signs, has not
/// expired, is not revoked, and whose secret half is there.
fn secret(listing: &str) -> Option<Vec<String>> {
    let records = listing.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let (mut primary, mut signing, mut current): (Option<String>, Option<(u64, String)>, _) = (None, None, None);
    for record in records {
        let field = |at: usize| record.get(at).copied().unwrap_or_default();
        match field(0) {
            "sec" | "crs" if primary.is_some() => break,
            "sec" | "crs" | "ssb" => {
                let usable = !field(1).contains(['e', 'r', 'd', 'i']) && field(11).contains('s') && field(14) != "#";
                current = Some((usable, field(5).parse().unwrap_or_default()));
            }
            "fpr" => {
                let fingerprint = field(9).to_ascii_uppercase();
                primary.get_or_insert_with(|| fingerprint.clone());
                if let Some((true, made)) = current.take()
                    && signing.as_ref().is_none_or(|(before, _)| *before <= made)
                {
                    signing = Some((made, fingerprint));
                }
            }
            _ => {}
        }
    }
    let (_, signing) = signing?;
    let primary = primary?;
    Some(if signing == primary {
        vec![primary]
    } else {
        vec![signing, primary]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(
        (kind, validity): (&str, &str),
        made: u32,
        (capabilities, token): (&str, &str),
        fingerprint: char,
    ) -> String {
        let fingerprint = fingerprint.to_string().repeat(40);
        format!("{kind}:{validity}:255:22:0:{made}::::::{capabilities}:::{token}:\nfpr:::::::::{fingerprint}:\n")
    }

    #[test]
    fn the_newest_key_that_signs_is_the_one() {
        let (a, b) = ("A".repeat(40), "B".repeat(40));
        let primary = record(("sec", "u"), 1, ("scESC", "+"), 'A');
        for (listing, expected) in [
            (primary.clone(), Some(vec![a.clone()])),
            (
                primary.clone() + &record(("ssb", "u"), 2, ("s", "+"), 'B'),
                Some(vec![b, a.clone()]),
            ),
            (
                primary.clone() + &record(("ssb", "u"), 2, ("e", "+"), 'B'),
                Some(vec![a.clone()]),
            ),
            (
                primary.clone() + &record(("ssb", "e"), 2, ("s", "+"), 'B'),
                Some(vec![a.clone()]),
            ),
            (
                primary.clone() + &record(("ssb", "r"), 2, ("s", "+"), 'B'),
                Some(vec![a.clone()]),
            ),
            (
                primary.clone() + &record(("ssb", "u"), 2, ("s", "#"), 'B'),
                Some(vec![a.clone()]),
            ),
            // Another key of the same name.
            (
                primary.clone() + &record(("sec", "u"), 3, ("s", "+"), 'C'),
                Some(vec![a]),
            ),
            (record(("sec", "e"), 1, ("sc", "+"), 'A'), None),
            (record(("sec", "u"), 1, ("sc", "#"), 'A'), None),
            (String::new(), None),
        ] {
            assert_eq!(secret(&listing), expected, "{listing}");
        }
    }
}
