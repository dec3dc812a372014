//! What a file says of itself: its kind, its digest, and the commit that it names.
//!
//! A claim, not a proof: anyone can write a section or an entry. Reads whatever it is given within bounds of time and
//! memory that have names here; knows neither files nor repositories. Another kind is another file and a row in [`KINDS`].

mod elf;
pub mod package;
mod sealed;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

pub use package::KIND as PACKAGE;

use std::io::{self, Read, Seek, SeekFrom};

use serde::Deserialize;

use super::ids::{Digest, Oid};

/// The most that an archive may unpack to; cargo unpacks no more of a package either (its `MAX_UNPACK_SIZE`).
pub const UNPACKED_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The most entries of an archive.
pub const ENTRIES_MAX: usize = 200_000;
/// The most that may stand between two entries of a tar: headers, long names, pax records.
pub const HEADER_BYTES_MAX: u64 = 1024 * 1024;
/// The largest text that an identity is read from.
pub const IDENTITY_BYTES_MAX: u64 = 64 * 1024;
/// The most sections of an ELF file.
pub const SECTIONS_MAX: usize = 100_000;
/// How much of a file its kind is told from.
const HEAD_BYTES: usize = 8 * 1024;

/// What is read: a file, or bytes in memory.
pub trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// A kind of file.
struct Form {
    /// The word for it.
    kind: &'static str,
    recognises: fn(&Head<'_>) -> bool,
    /// Reads from the start.
    inspect: fn(&mut dyn Source) -> Result<Option<Identity>, Damage>,
}

/// What a kind is told from.
struct Head<'a> {
    /// The file's name, without directories.
    name: &'a str,
    bytes: &'a [u8],
}

/// Every kind there is; the first that recognises a file has it.
const KINDS: &[Form] = &[package::FORM, elf::FORM, zip::FORM, tar::FORM];

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// `crate`, `elf`, `zip` or `tar`; `None` for any other.
    pub kind: Option<&'static str>,
    /// The digest of all its bytes.
    pub digest: Digest,
    /// How many bytes those are.
    pub size_bytes: u64,
    /// The identity, where it has one.
    pub identity: Result<Option<Identity>, Damage>,
}

/// Where an artifact says it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The commit.
    pub commit: Oid,
    /// Whether the working tree had changes that are not in the commit.
    pub dirty: bool,
    /// The package's directory in the repository, empty for the top; `None` where nothing is said of it.
    pub path_in_vcs: Option<String>,
    /// The package.
    pub package: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What says so, such as `.cargo_vcs_info.json`.
    pub said_by: &'static str,
}

/// Why a file cannot be read as what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It breaks its format, or ends too soon.
    #[error("it is no whole {kind}: {why}")]
    Format {
        /// What it should be.
        kind: &'static str,
        /// The parser's words.
        why: String,
    },
    /// It goes beyond a bound.
    #[error("it goes beyond {name}, which is {most}")]
    Limit {
        /// The bound's name.
        name: &'static str,
        /// The bound.
        most: u64,
    },
    /// An entry would land elsewhere, or its name is no path.
    #[error("its entry `{0}` does not stay below the directory it is unpacked to")]
    Path(String),
    /// Two entries have one name; which of them counts depends on the reader.
    #[error("it has `{0}` twice")]
    Duplicate(String),
    /// An entry is neither a file nor a directory.
    #[error("its entry `{path}` is a {what}")]
    Special {
        /// The entry.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// It lacks a file that its kind always has.
    #[error("it lacks `{0}`")]
    Missing(&'static str),
    /// What should name the commit does not.
    #[error("its {said_by} cannot be read: {why}")]
    Identity {
        /// What should.
        said_by: &'static str,
        /// Why not.
        why: String,
    },
}

/// Reads a file: its digest, its kind, the identity that it claims.
///
/// `name` is the file's name without directories; a `.crate` is told from it.
///
/// # Errors
/// When `source` itself cannot be read. A file that is damaged has an [`Inspection`] that says so.
pub fn inspect(source: &mut dyn Source, name: &str) -> io::Result<Inspection> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; HEAD_BYTES];
    let mut head = Vec::new();
    source.seek(SeekFrom::Start(0))?;
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hasher.update(bytes);
        head.extend(bytes.iter().take(HEAD_BYTES - head.len()));
    }
    let (digest, size_bytes) = hasher.finish();
    let head = Head { name, bytes: &head };
    let form = KINDS.iter().find(|form| (form.recognises)(&head));
    source.seek(SeekFrom::Start(0))?;
    Ok(Inspection {
        kind: form.map(|form| form.kind),
        digest,
        size_bytes,
        identity: form.map_or(Ok(None), |form| (form.inspect)(source)),
    })
}

/// The digest of bytes that come in pieces.
#[derive(Default)]
struct Hasher {
    state: sha2::Sha256,
    size_bytes: u64,
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.state, bytes);
        self.size_bytes += bytes.len() as u64;
    }

    fn finish(self) -> (Digest, u64) {
        let digest = sha2::Digest::finalize(self.state);
        (Digest::from_bytes(digest.into()), self.size_bytes)
    }
}

/// All of `reader`, which may not hold more than an identity does.
fn identity_text(reader: impl Read, kind: &'static str) -> Result<Vec<u8>, Damage> {
    let mut bytes = Vec::new();
    let read = reader.take(IDENTITY_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| format_of(kind, &error))?;
    if bytes.len() as u64 > IDENTITY_BYTES_MAX {
        return Err(limit("IDENTITY_BYTES_MAX", IDENTITY_BYTES_MAX));
    }
    Ok(bytes)
}

fn limit(name: &'static str, most: u64) -> Damage {
    Damage::Limit { name, most }
}

fn format_of(kind: &'static str, why: &impl std::fmt::Display) -> Damage {
    Damage::Format {
        kind,
        why: why.to_string(),
    }
}

/// The name of the entry that cargo writes.
pub const VCS_INFO: &str = ".cargo_vcs_info.json";

/// `.cargo_vcs_info.json` (The Cargo Book, cargo-package(1)). A field that is there twice is refused by the reader.
#[derive(Deserialize)]
struct VcsInfo {
    git: Option<VcsGit>,
    path_in_vcs: Option<String>,
}

#[derive(Deserialize)]
struct VcsGit {
    sha1: Option<String>,
    #[serde(default)]
    dirty: bool,
}

/// The identity in `.cargo_vcs_info.json`; `None` where it names no commit.
///
/// # Errors
/// When it is not what cargo writes.
pub(super) fn vcs_identity(bytes: &[u8]) -> Result<Option<Identity>, Damage> {
    let unread = |why: String| Damage::Identity { said_by: VCS_INFO, why };
    let info: VcsInfo = serde_json::from_slice(bytes).map_err(|error| unread(error.to_string()))?;
    let Some(git) = info.git else { return Ok(None) };
    let Some(sha1) = git.sha1 else { return Ok(None) };
    let commit = oid(&sha1).ok_or_else(|| unread(format!("`{sha1}` is no commit's id")))?;
    let path_in_vcs = match info.path_in_vcs {
        Some(path) if path.is_empty() => Some(path),
        Some(path) => match tar::clean(path.as_bytes()) {
            Ok(path) => Some(path),
            Err(_) => return Err(unread(format!("`{path}` is no directory in a repository"))),
        },
        None => None,
    };
    Ok(Some(Identity {
        commit,
        dirty: git.dirty,
        path_in_vcs,
        package: None,
        version: None,
        said_by: VCS_INFO,
    }))
}

/// A commit's id in full and in lower case.
fn oid(text: &str) -> Option<Oid> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    Oid::from_hex(text.as_bytes()).ok().filter(|_| plain)
}

/// Whether an entry is the one that names the commit: at the top, or in the one directory that archives are packed with.
fn names_commit(path: &str) -> bool {
    path == VCS_INFO || path.split_once('/').is_some_and(|(_, name)| name == VCS_INFO)
}

/// The identity of an archive that `git archive` made: a comment that is a commit's id and nothing else (git-archive(1)).
fn comment_identity(comment: &[u8], said_by: &'static str) -> Option<Identity> {
    let commit = oid(std::str::from_utf8(comment).ok()?.trim_end_matches('\n'))?;
    Some(Identity {
        commit,
        dirty: false,
        path_in_vcs: None,
        package: None,
        version: None,
        said_by,
    })
}
