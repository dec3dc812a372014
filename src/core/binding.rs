//! The tag message that binds a version, a commit and the artifacts built from it: render and strict parse.
//!
//! The cycle "a tag cannot hold the digest of an artifact that holds the tag's id" is broken at the commit: the artifact
//! names the commit, the tag names the artifact's digest. Format: `Sentinel-*` trailers in one final block
//! (git-interpret-trailers(1)) of an annotated tag object (git-mktag(1)).

use std::fmt::Write as _;

use semver::Version;

use super::ids::{Digest, Oid, TagName};

/// The version of the trailer block that is written.
const SCHEMA: &str = "1";
/// Where a signature may begin (git's `parse_signed_buffer`): OpenPGP, OpenSSH, X.509.
const ARMOURS: [&[u8]; 4] = [
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SSH SIGNATURE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
];

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
    /// The artifacts, sorted by name.
    pub artifacts: Vec<Artifact>,
}

/// A tag object, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedTag {
    /// The commit that the object names.
    pub commit: Oid,
    /// The name in the object.
    pub name: String,
    /// What its trailers claim.
    pub binding: Binding,
    /// Whether a signature follows the message.
    pub signed: bool,
}

/// Why an object is not a release tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// The object's headers are not exactly object, type, tag, tagger.
    #[error("the tag object is malformed: {0}")]
    Malformed(String),
    /// The final block is not one of trailers that are known, each where and as often as it may stand.
    #[error("the tag binds nothing: {0}")]
    Trailers(String),
    /// A name that could break the block apart.
    #[error("`{0}` cannot be an artifact's name")]
    Name(String),
}

/// The message of a release tag: title, notes, trailers.
///
/// # Errors
/// When an artifact's name holds a blank, a slash or a control character.
pub fn message(title: &str, notes: &str, binding: &Binding) -> Result<String, BindingError> {
    let mut text = format!("{title}\n\n");
    let notes = notes.trim_matches(['\n', '\r']);
    if !notes.is_empty() {
        text.push_str(notes);
        text.push_str("\n\n");
    }
    let mut artifacts = binding.artifacts.clone();
    artifacts.sort();
    text.push_str(&format!(
        "Sentinel-Schema: {SCHEMA}\nSentinel-Version: {}\nSentinel-Commit: {}\n",
        binding.version, binding.commit
    ));
    for artifact in &artifacts {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
        if artifact.name.is_empty() || !artifact.name.chars().all(plain) {
            return Err(BindingError::Name(artifact.name.clone()));
        }
        // Writing to a String cannot fail.
        if writeln!(text, "Sentinel-Artifact: sha256:{} {}", artifact.digest, artifact.name).is_err() {
            return Err(BindingError::Name(artifact.name.clone()));
        }
    }
    Ok(text)
}

/// The bytes of a tag object before it is signed. `tagger` is `Name <mail> seconds +0000`; the signature is appended.
pub fn object(name: &TagName, commit: Oid, tagger: &str, message: &str) -> Vec<u8> {
    format!("object {commit}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message}").into_bytes()
}

/// Takes a tag object apart. Every byte has to be where it belongs.
///
/// # Errors
/// When headers are missing, doubled or foreign, or the final block is not a valid binding.
pub fn parse(object: &[u8]) -> Result<ParsedTag, BindingError> {
    let malformed = |why: &str| BindingError::Malformed(why.to_owned());
    let body_at = object
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .ok_or_else(|| malformed("it has no message"))?;
    let (headers, rest) = object.split_at(body_at);
    let body = rest.get(2..).unwrap_or_default();
    let headers = std::str::from_utf8(headers).map_err(|_| malformed("its headers are not UTF-8"))?;
    let mut lines = headers.split('\n');
    let mut header = |key: &str| {
        let line = lines.next().ok_or_else(|| malformed(&format!("`{key}` is missing")))?;
        line.strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| malformed(&format!("`{line}` stands where `{key}` belongs")))
    };
    let commit = Oid::from_hex(header("object")?.as_bytes()).map_err(|_| malformed("`object` is not an id"))?;
    if header("type")? != "commit" {
        return Err(malformed("it tags no commit"));
    }
    let name = header("tag")?.to_owned();
    header("tagger")?;
    if let Some(extra) = lines.next() {
        return Err(malformed(&format!("unexpected header `{extra}`")));
    }
    let (message, signed) = split_signature(body);
    let message = std::str::from_utf8(message).map_err(|_| malformed("its message is not UTF-8"))?;
    Ok(ParsedTag {
        commit,
        name,
        binding: parse_trailers(message)?,
        signed,
    })
}

/// Splits where git does: at the last line that begins an armour.
fn split_signature(body: &[u8]) -> (&[u8], bool) {
    let mut at = None;
    let mut offset = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        if ARMOURS.iter().any(|armour| line.starts_with(armour)) {
            at = Some(offset);
        }
        offset += line.len();
    }
    match at {
        Some(at) => (body.get(..at).unwrap_or_default(), true),
        None => (body, false),
    }
}

fn parse_trailers(message: &str) -> Result<Binding, BindingError> {
    let wrong = |why: String| BindingError::Trailers(why);
    let block = message.strip_suffix('\n').unwrap_or(message);
    let block = block.rsplit("\n\n").next().unwrap_or_default();
    let (mut schema, mut version, mut commit, mut artifacts) = (None, None, None, Vec::new());
    for line in block.split('\n') {
        let (key, value) = line
            .split_once(": ")
            .ok_or_else(|| wrong(format!("`{line}` is no trailer")))?;
        let slot = match key {
            "Sentinel-Schema" => &mut schema,
            "Sentinel-Version" => &mut version,
            "Sentinel-Commit" => &mut commit,
            "Sentinel-Artifact" => {
                artifacts.push(parse_artifact(value).ok_or_else(|| wrong(format!("`{line}` names no artifact")))?);
                continue;
            }
            _ => return Err(wrong(format!("`{key}` is not known"))),
        };
        if slot.replace(value).is_some() {
            return Err(wrong(format!("`{key}` stands twice")));
        }
    }
    if schema != Some(SCHEMA) {
        return Err(wrong(format!("schema {} is not known", schema.unwrap_or("(none)"))));
    }
    let sorted = artifacts.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let version = version
        .and_then(|text| Version::parse(text).ok())
        .ok_or_else(|| wrong("it names no version".to_owned()))?;
    let commit = commit
        .and_then(|text| Oid::from_hex(text.as_bytes()).ok())
        .ok_or_else(|| wrong("it names no commit".to_owned()))?;
    if !sorted {
        return Err(wrong("the artifacts are not sorted".to_owned()));
    }
    Ok(Binding {
        version,
        commit,
        artifacts,
    })
}

fn parse_artifact(value: &str) -> Option<Artifact> {
    let (digest, name) = value.strip_prefix("sha256:")?.split_once(' ')?;
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
    let digest = Digest::from_hex(digest)?;
    (!name.is_empty() && name.chars().all(plain)).then(|| Artifact {
        name: name.to_owned(),
        digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAGGER: &str = "A <a@b> 1700000000 +0000";

    fn binding(names: &[&str]) -> Binding {
        let mut artifacts: Vec<Artifact> = names
            .iter()
            .map(|name| Artifact {
                name: (*name).to_owned(),
                digest: Digest::of(name.as_bytes()),
            })
            .collect();
        artifacts.sort();
        artifacts.dedup();
        Binding {
            version: Version::new(1, 2, 0),
            commit: Oid::from_hex(&[b'a'; 40]).unwrap(),
            artifacts,
        }
    }

    fn tag(binding: &Binding, notes: &str) -> Vec<u8> {
        let text = message("demo 1.2.0", notes, binding).unwrap();
        object(&TagName::new("v1.2.0").unwrap(), binding.commit, TAGGER, &text)
    }

    #[test]
    fn the_message_reads_as_it_stands_in_git() {
        let text = message("demo 1.2.0", "### Added\n\n- a\n", &binding(&["demo-1.2.0.crate"])).unwrap();
        insta::assert_snapshot!(text, @r"
        demo 1.2.0

        ### Added

        - a

        Sentinel-Schema: 1
        Sentinel-Version: 1.2.0
        Sentinel-Commit: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        Sentinel-Artifact: sha256:0a81998b481f7ca447c5c210be7afd15e9c604f8e829480db22426b9945d4ac4 demo-1.2.0.crate
        ");
    }

    #[test]
    fn what_does_not_belong_is_refused() {
        let good = String::from_utf8(tag(&binding(&["x.crate"]), "n")).unwrap();
        assert!(parse(good.as_bytes()).is_ok());
        let cases = [
            good.replacen("type commit", "type tag", 1),
            good.replacen("\n\n", "\nevil header\n\n", 1),
            good.replacen("Sentinel-Schema: 1", "Sentinel-Schema: 2", 1),
            good.replacen(
                "Sentinel-Version: 1.2.0\n",
                "Sentinel-Version: 1.2.0\nSentinel-Version: 1.2.0\n",
                1,
            ),
            good.replacen("Sentinel-Schema: 1", "Signed-off-by: x\nSentinel-Schema: 1", 1),
            format!("{good}\ntrailing words\n"),
        ];
        for case in cases {
            assert!(parse(case.as_bytes()).is_err(), "{case}");
        }
        assert!(matches!(
            message("t", "", &binding(&["a b"])),
            Err(BindingError::Name(_))
        ));
    }

    proptest! {
        #[test]
        fn parse_reads_what_was_rendered(names in proptest::collection::vec("[a-z0-9._-]{1,12}", 0..4), notes in "[ -~\n]{0,80}") {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let binding = binding(&names);
            let parsed = parse(&tag(&binding, &notes)).unwrap();
            prop_assert_eq!(parsed.binding, binding);
            prop_assert!(!parsed.signed);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(parse(&bytes));
        }
    }
}
