//! The bytes of a CHANGELOG as text, without losing one.
//!
//! Old entries may be in another encoding than UTF-8 (ISO 8859-1 was usual), and an edit of other lines must leave them
//! as they are. So each byte that is not part of valid UTF-8 is stood in for by a character of its own, which turns
//! back into the byte when the text is written. What is new, or moves, must be UTF-8: see [`is_foreign`].

/// The first of 128 characters that stand for the bytes 0x80 to 0xFF: the end of the last private use area of Unicode,
/// whose last two code points are not characters at all, so that no font and hence no text uses them.
const FIRST: u32 = 0x10_FF80;

/// The text that stands for these bytes. Every sequence of bytes has one, and [`encode`] leads back to the same bytes.
pub fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            // A character that would be taken for a byte is taken apart into its four.
            if is_stand_in(char) {
                let mut buffer = [0; 4];
                text.extend(char.encode_utf8(&mut buffer).bytes().filter_map(stand_in));
            } else {
                text.push(char);
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    text
}

/// The bytes that a text stands for.
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for char in text.chars() {
        match u8::try_from(u32::from(char).saturating_sub(FIRST - 0x80)) {
            Ok(byte) if is_stand_in(char) => bytes.push(byte),
            Ok(_) | Err(_) => bytes.extend_from_slice(char.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    bytes
}

/// Whether a text holds a byte that is not part of valid UTF-8.
pub fn is_foreign(text: &str) -> bool {
    text.contains(is_stand_in)
}

/// Whether these bytes are UTF-16, of which no line can be read.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    let start = bytes.get(..512).unwrap_or(bytes);
    bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || start.contains(&0)
}

fn is_stand_in(char: char) -> bool {
    u32::from(char) >= FIRST
}

/// The character for a byte of 0x80 and above; ASCII is always valid UTF-8.
fn stand_in(byte: u8) -> Option<char> {
    let byte = u32::from(byte).checked_sub(0x80)?;
    char::from_u32(FIRST + byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_of_other_encodings_are_known_and_kept() {
        let latin = b"caf\xe9\n\xef\xff";
        assert!(is_foreign(&decode(latin)));
        assert_eq!(encode(&decode(latin)), latin);
        assert!(decode(latin).starts_with("caf") && decode(latin).contains('\n'));
        assert!(!is_foreign(&decode("na\u{ef}ve \u{fffd} \u{10ff7f}".as_bytes())));
        assert!(is_utf16(b"\xff\xfe#\0") && is_utf16(b"\0#") && !is_utf16("\u{feff}#".as_bytes()));
    }

    proptest! {
        #[test]
        fn every_byte_survives(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(encode(&decode(&bytes)), bytes);
        }

        #[test]
        fn every_character_survives(text in "[a\u{10ff7f}-\u{10ffff}\u{e9}]{0,8}") {
            prop_assert_eq!(encode(&decode(text.as_bytes())), text.as_bytes());
        }
    }
}
