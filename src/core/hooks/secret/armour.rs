//! Private keys in armour (RFC 7468, RFC 4716, RFC 9580), whatever they are dressed in: strings of any language with their
//! escapes, comments, JSON in JSON, XML, URLs.
//!
//! Programs that read keys hold the first line of the armour too. A key has Base64 below it, which names and paths are not
//! taken for.

use std::ops::Range;

use gix::bstr::ByteSlice as _;

use super::example;

/// How far below its first line a key begins: room for headers, and for what a language puts between two strings.
const WINDOW: usize = 600;
/// How far below its first line a key's end is looked for.
const LONGEST: usize = 16 * 1024;
/// How an armour ends.
const END: &[u8] = b"END ";
/// Lines of dashes begin and end an armour: what is below the next one is another's. SSH2 has four.
const RULE: &[u8] = b"----";
/// A header that only encrypted keys have (RFC 1421).
const ENCRYPTED: &[u8] = b"Proc-Type:";
/// How most keys begin: a DER sequence, and OpenSSH's own format.
const BEGINNINGS: [&[u8]; 4] = [b"MII", b"MIG", b"MIH", b"b3BlbnNza"];

/// From the first line of an armour to the last, if a key is between them. A key that nobody ends goes as far as it was read.
pub(super) fn key_below(text: &[u8], first_line: &Range<usize>) -> Option<Range<usize>> {
    let below = text.get(first_line.end..)?;
    let near = below.get(..WINDOW).unwrap_or(below);
    let near = near.find(RULE).and_then(|end| near.get(..end)).unwrap_or(near);
    let read = if near.contains_str(ENCRYPTED) {
        near.len()
    } else {
        body(near)?
    };
    let shown = near.get(..read)?;
    let rest = below.get(read..).unwrap_or_default();
    if shown.contains_str("...") || shown.contains_str("…") || is_cut(rest) {
        return None;
    }
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let end = rest.find(END).map_or(read, |end| read + end);
    // Seven capital letters do not come about by chance, not even in a long key.
    let is_example = below.get(..end)?.contains_str("EXAMPLE");
    (!is_example).then_some(first_line.start..first_line.end + end)
}

/// Whether what is shown of a key ends here, as it does in manuals: in dots, on the same line or the next.
fn is_cut(rest: &[u8]) -> bool {
    let below = rest.trim_start_with(|c| "\\nr \r\n".contains(c));
    rest.starts_with(b"[") || rest.starts_with(b"*") || below.starts_with(b".") || below.starts_with("…".as_bytes())
}

/// Where the first line of a key's Base64 ends.
fn body(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let run = Run::at(text, at);
        if run.is_key() {
            return Some(run.range.end);
        }
        at = run.range.end.max(at + 1);
    }
    None
}

/// A row of characters of Base64.
struct Run {
    range: Range<usize>,
    /// The characters, without their escapes.
    characters: Vec<u8>,
}

impl Run {
    fn at(text: &[u8], start: usize) -> Self {
        let mut run = Self {
            range: start..start,
            characters: Vec::new(),
        };
        while let Some((character, length)) = base64(text.get(run.range.end..).unwrap_or_default()) {
            run.characters.push(character);
            run.range.end += length;
        }
        run
    }

    /// Names and paths are long too, but hardly ever of both cases and digits in one piece.
    fn is_key(&self) -> bool {
        const LINE: usize = 32;
        const PIECE: usize = 20;
        const BEGINNING: usize = 16;
        // A line may be glued to the escape before it: `\nMII…`, `%0AMII…`.
        let head = self.characters.get(..BEGINNING).unwrap_or_default();
        let begins = BEGINNINGS.iter().any(|beginning| head.contains_str(beginning));
        let pieces = || self.characters.split(|byte| *byte == b'/');
        let is_line =
            self.characters.len() >= LINE && pieces().any(|piece| piece.len() >= PIECE && example::is_mixed(piece));
        (begins || is_line) && !example::is_worded(&self.characters)
    }
}

/// A character of Base64 as it is, after the backslash of JSON, or as URLs write it; and how many bytes it takes.
fn base64(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', b'/', ..] => Some((b'/', 2)),
        [b'%', b'2', b'B' | b'b', ..] => Some((b'+', 3)),
        [b'%', b'2', b'F' | b'f', ..] => Some((b'/', 3)),
        [b'%', b'3', b'D' | b'd', ..] => Some((b'=', 3)),
        [byte, ..] if byte.is_ascii_alphanumeric() || b"+/=".contains(byte) => Some((*byte, 1)),
        _ => None,
    }
}
