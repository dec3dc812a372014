//! Who may sign: a file of allowed signers, read strictly, and what it says of one key at one moment.
//!
//! The file is OpenSSH's (ssh-keygen(1), ALLOWED SIGNERS) with lines of the same shape for keys that are no SSH keys. Owns
//! that format; must not know where a file was read, nor how a signature is checked.

mod line;
#[cfg(test)]
mod tests;

use std::fmt;

pub use line::parse_moment;

/// The namespace that git signs in (git-config(1), `gpg.ssh.*`; PROTOCOL.sshsig).
pub const NAMESPACE: &str = "git";
/// The only principal of a line that revokes its key. OpenSSH reads it as "nobody".
const NOBODY: &str = "!*";

/// A key, by what identifies it everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyId {
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    Ssh(String),
    /// An OpenPGP fingerprint, 40 or 64 upper-case hexadecimal digits.
    OpenPgp(String),
    /// The fingerprint of an X.509 certificate, upper-case hexadecimal digits.
    X509(String),
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Ssh(text) | Self::OpenPgp(text) | Self::X509(text)) = self;
        f.write_str(text)
    }
}

/// One line: a key, for whom it stands and when.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    principals: String,
    namespaces: Option<Vec<String>>,
    /// Whether the key is an authority that certifies others; such a line allows no key by itself.
    authority: bool,
    /// Seconds since the Unix epoch.
    valid_after: Option<i64>,
    /// The same.
    valid_before: Option<i64>,
    key: KeyId,
}

/// A file of allowed signers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedSigners {
    entries: Vec<Entry>,
}

/// A line that cannot be read. The whole file counts for nothing then: a line that is skipped could be the one that
/// revokes a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct InvalidSigners {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub why: String,
}

/// Why a key may not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No line names it for git, or not yet.
    #[error("{0}")]
    NotAllowed(String),
    /// Its time is over.
    #[error("the key {key} was allowed until {until}")]
    Expired {
        /// The key.
        key: KeyId,
        /// The moment, as `YYYY-MM-DDTHH:MM:SSZ`.
        until: String,
    },
    /// A line revokes it.
    #[error("the key {0} is revoked")]
    Revoked(KeyId),
}

impl AllowedSigners {
    /// Reads a file.
    ///
    /// # Errors
    /// At the first line that is neither empty, a comment, a known directive nor an entry.
    pub fn parse(text: &str) -> Result<Self, InvalidSigners> {
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |why| InvalidSigners { line: number + 1, why };
            if let Some(directive) = directive(line) {
                understood(directive).map_err(wrong)?;
            } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                entries.push(line::entry(line).map_err(wrong)?);
            }
        }
        Ok(Self { entries })
    }

    /// The same file, as far as it speaks of one key: the one that an introduction vouches for.
    #[must_use]
    pub fn only(&self, key: &KeyId) -> Self {
        let entries = self.entries.iter().filter(|entry| entry.key == *key);
        Self {
            entries: entries.cloned().collect(),
        }
    }

    /// The OpenPGP fingerprints that it names, for whoever has to find the keys.
    pub fn openpgp(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match &entry.key {
            KeyId::OpenPgp(fingerprint) => Some(fingerprint.as_str()),
            KeyId::Ssh(_) | KeyId::X509(_) => None,
        })
    }

    /// The principals for whom any of `keys` may sign at `now`, in seconds since the Unix epoch. Several keys are one
    /// signer's: an OpenPGP subkey and its primary key.
    ///
    /// # Errors
    /// The strongest reason first: revoked, then expired, then not allowed.
    pub fn authorise(&self, keys: &[KeyId], now: i64) -> Result<String, Refusal> {
        let lines: Vec<&Entry> = self.entries.iter().filter(|entry| keys.contains(&entry.key)).collect();
        if let Some(revoked) = lines.iter().find(|entry| entry.principals == NOBODY) {
            return Err(Refusal::Revoked(revoked.key.clone()));
        }
        let for_git = lines
            .into_iter()
            .filter(|entry| entry.is_for_git() && entry.names_somebody());
        let for_git: Vec<&Entry> = for_git.collect();
        if let Some(entry) = for_git.iter().find(|entry| entry.covers(now)) {
            return Ok(entry.principals.clone());
        }
        let name = keys.first().map_or("(none)".to_owned(), ToString::to_string);
        let over = for_git
            .iter()
            .filter(|entry| entry.valid_before.is_some_and(|end| now >= end));
        if let Some(entry) = over.max_by_key(|entry| entry.valid_before) {
            return Err(Refusal::Expired {
                key: entry.key.clone(),
                until: line::moment(entry.valid_before.unwrap_or(now)),
            });
        }
        Err(Refusal::NotAllowed(match for_git.first() {
            Some(entry) => format!(
                "the key {name} is allowed only from {}",
                line::moment(entry.valid_after.unwrap_or(now))
            ),
            None => format!("the key {name} is not among the allowed signers"),
        }))
    }
}

impl Entry {
    fn is_for_git(&self) -> bool {
        let named = |patterns: &Vec<String>| line::matches(patterns, NAMESPACE);
        !self.authority && self.namespaces.as_ref().is_none_or(named)
    }

    /// Whether anybody can be meant: what is only ruled out (`!mallory@example.org`) lets nobody in.
    fn names_somebody(&self) -> bool {
        let patterns: Vec<String> = self.principals.split(',').map(str::to_owned).collect();
        patterns
            .iter()
            .any(|pattern| !pattern.is_empty() && !pattern.starts_with('!') && line::matches(&patterns, pattern))
    }

    fn covers(&self, now: i64) -> bool {
        self.valid_after.is_none_or(|from| now >= from) && self.valid_before.is_none_or(|until| now < until)
    }
}

/// What follows `#! sentinel`, however it is spaced; OpenSSH reads it as a comment.
fn directive(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("#!")?.trim_start();
    let rest = rest.strip_prefix("sentinel")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

/// Directives say what this program must understand to read the file rightly; what it does not know, it refuses.
fn understood(directive: &str) -> Result<(), String> {
    match directive.trim_end() {
        "schema 1" | "threshold 1" => Ok(()),
        other => Err(format!("the directive `{other}` is not known to this version")),
    }
}
