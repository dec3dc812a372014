//! The tag that binds a version, a commit and the artifacts built from it: its message, its object, and their strict reading.
//!
//! The cycle "a tag cannot hold the digest of an artifact that holds the tag's id" is broken at the commit: the artifact
//! names the commit, the tag names the artifact's digest. Format: `Sentinel-*` trailers in one final block
//! (git-interpret-trailers(1)) of an annotated tag object (git-mktag(1)). Must not know who may sign.

mod armour;
mod object;
#[cfg(test)]
mod tests;
mod trailers;

use semver::Version;

use super::ids::{Digest, Oid, TagName};

pub use armour::{Armour, Signed, TrailingData, split};
pub use object::{Headers, Malformed, headers};
pub use trailers::{BadTrailers, trailers};

/// The version of the trailer block.
const SCHEMA: &str = "1";

/// An artifact as a tag names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// Its file name, without directories, blanks or control characters.
    pub name: String,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// What a release tag claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The version that is released.
    pub version: Version,
    /// The commit that is tagged.
    pub commit: Oid,
    /// The id that the commit's tree would have in a SHA-256 repository.
    pub tree: Digest,
    /// The artifacts, sorted by name, each name once.
    pub artifacts: Vec<Artifact>,
    /// The digest of the provenance statement; there is one exactly where there are artifacts.
    pub provenance: Option<Digest>,
}

/// A tag object, taken apart: everything that its bytes alone say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedTag {
    /// Its headers.
    pub headers: Headers,
    /// What its trailers claim.
    pub binding: Binding,
    /// The signature's kind, where one follows the message.
    pub armour: Option<Armour>,
}

/// Why an object is not a release tag, or cannot become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// The headers are others.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// There is more than one signature, or something after it.
    #[error(transparent)]
    TrailingData(#[from] TrailingData),
    /// The final block is another.
    #[error(transparent)]
    Trailers(#[from] BadTrailers),
    /// A name that could break the block apart.
    #[error("`{0}` cannot be an artifact's name")]
    Name(String),
    /// A line that every reader would take for the beginning of a signature.
    #[error("the release notes hold a line that begins a signature")]
    Armour,
}

/// The message of a release tag: title, notes, trailers.
///
/// # Errors
/// When an artifact's name holds a blank, a slash or a control character, or the notes hold what begins a signature.
pub fn message(title: &str, notes: &str, binding: &Binding) -> Result<String, BindingError> {
    let mut text = format!("{title}\n\n");
    let notes = notes.trim_matches(['\n', '\r']);
    if !notes.is_empty() {
        text.push_str(notes);
        text.push_str("\n\n");
    }
    if armour::begins_anywhere(text.as_bytes()) {
        return Err(BindingError::Armour);
    }
    text.push_str(&trailers::render(binding)?);
    Ok(text)
}

/// The bytes of a tag object before it is signed. `tagger` is `Name <mail> seconds +0000`; the signature is appended.
pub fn object(name: &TagName, commit: Oid, tagger: &str, message: &str) -> Vec<u8> {
    format!("object {commit}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message}").into_bytes()
}

/// Takes a tag object apart. Every byte has to be where it belongs.
///
/// # Errors
/// When headers are missing, doubled or foreign, something stands after the signature, or the final block is not a valid
/// binding.
pub fn parse(object: &[u8]) -> Result<ParsedTag, BindingError> {
    let (headers, body) = headers(object)?;
    let signed = split(body)?;
    Ok(ParsedTag {
        headers,
        binding: trailers(signed.message)?,
        armour: signed.signature.map(|(armour, _)| armour),
    })
}
