//! The final block of a release tag's message: one writer, one strict reader.

use std::fmt::Write as _;

use semver::Version;

use super::{Artifact, Binding, BindingError, SCHEMA};
use crate::core::ids::{Digest, Oid};

/// How the block of a tag that this program made begins.
const FIRST: &str = "Sentinel-Schema:";

/// Why the final block binds nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tag binds nothing: {0}")]
pub struct BadTrailers(pub String);

/// The block, ending in a newline; the artifacts come sorted.
pub(super) fn render(binding: &Binding) -> Result<String, BindingError> {
    let mut artifacts: Vec<&Artifact> = binding.artifacts.iter().collect();
    artifacts.sort();
    let mut text = format!(
        "Sentinel-Schema: {SCHEMA}\nSentinel-Version: {}\nSentinel-Commit: {}\nSentinel-Tree: sha256:{}\n",
        binding.version, binding.commit, binding.tree
    );
    for artifact in artifacts {
        // Writing to a String cannot fail.
        let written = writeln!(text, "Sentinel-Artifact: sha256:{} {}", artifact.digest, artifact.name);
        if written.is_err() || !is_plain(&artifact.name) {
            return Err(BindingError::Name(artifact.name.clone()));
        }
    }
    if let Some(provenance) = binding.provenance {
        text.push_str(&format!("Sentinel-Provenance: sha256:{provenance}\n"));
    }
    Ok(text)
}

/// Reads the final block of a message.
///
/// # Errors
/// Where the message is no UTF-8 or does not end in exactly one newline, a line is no trailer that is known, one that may
/// stand once stands twice or nowhere, they are out of order, or a value is no value.
pub fn trailers(message: &[u8]) -> Result<Binding, BadTrailers> {
    let wrong = |why: String| BadTrailers(why);
    let text = std::str::from_utf8(message).map_err(|_| wrong("its message is not UTF-8".to_owned()))?;
    if !text.lines().any(|line| line.starts_with(FIRST)) {
        return Err(wrong(format!(
            "it was not made by cargo-sentinel: its message has no line `{FIRST}`"
        )));
    }
    let text = text
        .strip_suffix('\n')
        .ok_or_else(|| wrong("its message does not end in a newline".to_owned()))?;
    let (_, block) = text
        .rsplit_once("\n\n")
        .ok_or_else(|| wrong("no block of trailers ends its message".to_owned()))?;
    let mut found = Found::default();
    for line in block.split('\n') {
        found.line(line).map_err(wrong)?;
    }
    let binding = found.binding().map_err(wrong)?;
    // One spelling only: what reads the same but is written otherwise was not written by this program.
    match render(&binding) {
        Ok(again) if again.strip_suffix('\n') == Some(block) => Ok(binding),
        Ok(_) | Err(_) => Err(wrong("its trailers are out of order or oddly written".to_owned())),
    }
}

#[derive(Default)]
struct Found<'a> {
    schema: Option<&'a str>,
    version: Option<&'a str>,
    commit: Option<&'a str>,
    tree: Option<&'a str>,
    provenance: Option<&'a str>,
    artifacts: Vec<Artifact>,
}

impl<'a> Found<'a> {
    fn line(&mut self, line: &'a str) -> Result<(), String> {
        let (key, value) = line.split_once(": ").ok_or_else(|| format!("`{line}` is no trailer"))?;
        let slot = match key {
            "Sentinel-Schema" => &mut self.schema,
            "Sentinel-Version" => &mut self.version,
            "Sentinel-Commit" => &mut self.commit,
            "Sentinel-Tree" => &mut self.tree,
            "Sentinel-Provenance" => &mut self.provenance,
            "Sentinel-Artifact" => {
                let artifact = artifact(value).ok_or_else(|| format!("`{line}` names no artifact"))?;
                self.artifacts.push(artifact);
                return Ok(());
            }
            _ => return Err(format!("`{key}` is not known")),
        };
        match slot.replace(value) {
            Some(_) => Err(format!("`{key}` stands twice")),
            None => Ok(()),
        }
    }

    fn binding(self) -> Result<Binding, String> {
        if self.schema != Some(SCHEMA) {
            return Err(format!("schema {} is not known", self.schema.unwrap_or("(none)")));
        }
        let names: Vec<&str> = self.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
        if !names.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
            return Err("its artifacts are not sorted, or one stands twice".to_owned());
        }
        let version = self.version.and_then(|text| Version::parse(text).ok());
        let commit = self.commit.and_then(|text| Oid::from_hex(text.as_bytes()).ok());
        let digest = |value: &str| Digest::from_hex(value.strip_prefix("sha256:")?);
        let provenance = self
            .provenance
            .map(|value| digest(value).ok_or("it names no provenance"));
        let provenance = provenance.transpose()?;
        if provenance.is_some() == self.artifacts.is_empty() {
            return Err("there is provenance exactly where there are artifacts".to_owned());
        }
        Ok(Binding {
            version: version.ok_or("it names no version")?,
            commit: commit.ok_or("it names no commit")?,
            tree: self.tree.and_then(digest).ok_or("it names no tree")?,
            artifacts: self.artifacts,
            provenance,
        })
    }
}

fn artifact(value: &str) -> Option<Artifact> {
    let (digest, name) = value.strip_prefix("sha256:")?.split_once(' ')?;
    let digest = Digest::from_hex(digest)?;
    is_plain(name).then(|| Artifact {
        name: name.to_owned(),
        digest,
    })
}

/// Whether a name stays within its line and its directory.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
    !name.is_empty() && name != "." && name != ".." && name.chars().all(plain)
}
