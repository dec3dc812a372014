//! The headers of a tag object (git-mktag(1)): exactly object, type, tag, tagger, in that order.

use crate::core::ids::Oid;

/// A tag object's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// The commit that it names.
    pub commit: Oid,
    /// The name that it gives itself.
    pub name: String,
    /// `Name <mail> seconds +0000`. A claim of whoever signed; nothing is decided from its date.
    pub tagger: String,
}

/// Why an object's headers are not those of a release tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tag object is malformed: {0}")]
pub struct Malformed(pub String);

/// Reads the headers and gives the body after them.
///
/// # Errors
/// When a header is missing, doubled, foreign, out of order or no UTF-8, or the target is no commit.
pub fn headers(object: &[u8]) -> Result<(Headers, &[u8]), Malformed> {
    let malformed = |why: &str| Malformed(why.to_owned());
    let end = object
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .ok_or_else(|| malformed("it has no message"))?;
    let (head, rest) = object.split_at(end);
    let body = rest.get(2..).unwrap_or_default();
    if body.contains(&0) {
        return Err(malformed("its message holds a NUL, where git stops reading"));
    }
    let head = std::str::from_utf8(head).map_err(|_| malformed("its headers are not UTF-8"))?;
    let mut lines = head.split('\n');
    let mut header = |key: &str| {
        let line = lines.next().ok_or_else(|| malformed(&format!("`{key}` is missing")))?;
        line.strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| malformed(&format!("`{line}` stands where `{key}` belongs")))
    };
    let id = header("object")?;
    let commit = Oid::from_hex(id.as_bytes())
        .ok()
        .filter(|_| !id.bytes().any(|byte| byte.is_ascii_uppercase()))
        .ok_or_else(|| malformed("`object` is not an id"))?;
    let kind = header("type")?;
    if kind != "commit" {
        return Err(malformed(&format!("it tags a {kind}, not a commit")));
    }
    let name = header("tag")?.to_owned();
    let tagger = header("tagger")?.to_owned();
    if let Some(extra) = lines.next() {
        return Err(malformed(&format!("unexpected header `{extra}`")));
    }
    if !is_identity(&tagger) {
        return Err(malformed(&format!("`{tagger}` is no tagger")));
    }
    Ok((Headers { commit, name, tagger }, body))
}

/// `Name <mail> seconds ±hhmm`, as git-fsck(1) demands it.
fn is_identity(text: &str) -> bool {
    let Some((name, rest)) = text.split_once('<') else {
        return false;
    };
    let Some((mail, date)) = rest.split_once("> ") else {
        return false;
    };
    let plain = |part: &str| !part.contains(['<', '>']) && !part.chars().any(char::is_control);
    let Some((seconds, zone)) = date.split_once(' ') else {
        return false;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let zone = zone.strip_prefix(['+', '-']).unwrap_or_default();
    plain(name) && name.ends_with(' ') && plain(mail) && digits(seconds) && zone.len() == 4 && digits(zone)
}
