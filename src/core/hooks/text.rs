//! Whether a file is text, and its text as UTF-8 or any other encoding that keeps ASCII.
//!
//! git takes whatever has a NUL near its beginning for binary. UTF-16 has one in every second byte, and is text all the same.

use std::borrow::Cow;

/// How far git looks for a NUL before it takes a file for text (git's `xdiff-interface.c`).
const BINARY_PEEK: usize = 8000;

/// The text of a file; `None` where it is binary.
pub(super) fn readable(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let decode = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest
            .chunks_exact(2)
            .map(|pair| unit(pair.try_into().unwrap_or_default()));
        let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
        Some(Cow::Owned(text.collect::<String>().into_bytes()))
    };
    let peek = bytes.get(..BINARY_PEEK).unwrap_or(bytes);
    match bytes {
        [0xff, 0xfe, rest @ ..] => decode(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => decode(rest, u16::from_be_bytes),
        _ if !peek.contains(&0) => Some(Cow::Borrowed(bytes)),
        _ if is_every_second_nul(peek, 1) => decode(bytes, u16::from_le_bytes),
        _ if is_every_second_nul(peek, 0) => decode(bytes, u16::from_be_bytes),
        _ => None,
    }
}

/// Whether the NULs are every second byte, from `first` on, and no others: ASCII in UTF-16 without a mark.
fn is_every_second_nul(peek: &[u8], first: usize) -> bool {
    peek.len() >= 2
        && peek
            .iter()
            .enumerate()
            .all(|(at, byte)| (*byte == 0) == (at % 2 == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Option<String> {
        readable(bytes).map(|text| String::from_utf8_lossy(&text).into_owned())
    }

    #[test]
    fn utf_16_is_text() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        for said in ["key\r\n", "a 😀 b"] {
            assert_eq!(text(&little(&format!("\u{feff}{said}"))).unwrap(), said);
            assert_eq!(text(&big(&format!("\u{feff}{said}"))).unwrap(), said);
        }
        assert_eq!(text(&little("key")).unwrap(), "key");
        assert_eq!(text(&big("key")).unwrap(), "key");
        assert_eq!(text(b"\xff\xfea\0b").unwrap(), "a", "half a unit at the end");
        assert_eq!(text("é".as_bytes()).unwrap(), "é");
        assert_eq!(text(b"").unwrap(), "");
        for binary in [&b"\0"[..], b"\0\0\0\0", b"\0ab", b"a\0b\0\0\0", b"ELF\0\0"] {
            assert_eq!(text(binary), None, "{binary:?}");
        }
    }
}
