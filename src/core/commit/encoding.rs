//! The encoding of a commit message: what its `encoding` header says (git-commit(1), "DISCUSSION") to UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8};

/// Names under which iconv, and so git, knows encodings that the Encoding Standard calls otherwise.
const ICONV: [(&str, &str); 15] = [
    ("latin9", "iso-8859-15"),
    ("cp932", "shift_jis"),
    ("shiftjis", "shift_jis"),
    ("mskanji", "shift_jis"),
    ("eucjp", "euc-jp"),
    ("ujis", "euc-jp"),
    ("euckr", "euc-kr"),
    ("cp949", "euc-kr"),
    ("uhc", "euc-kr"),
    ("cp936", "gbk"),
    ("euccn", "gbk"),
    ("cp950", "big5"),
    ("big5hkscs", "big5"),
    ("koi8r", "koi8-r"),
    ("koi8u", "koi8-u"),
];

/// A message's bytes in UTF-8, as git shows them; `None` where the header names an encoding that nobody here can read.
///
/// Without a header a message is UTF-8. Where the bytes are not what the header says, they stay as they are, as git leaves them.
pub fn decode<'a>(message: &'a [u8], header: Option<&[u8]>) -> Option<Cow<'a, [u8]>> {
    let Some(header) = header else {
        return Some(Cow::Borrowed(message));
    };
    let name = folded(header);
    // The Encoding Standard reads this name as windows-1252, which differs from 0x80 to 0x9f.
    if matches!(name.as_str(), "iso88591" | "88591" | "latin1" | "l1") {
        return Some(match encoding_rs::mem::decode_latin1(message) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        });
    }
    let encoding = encoding_of(header, &name)?;
    if encoding == UTF_8 {
        return Some(Cow::Borrowed(message));
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(message);
    Some(text.map_or(Cow::Borrowed(message), |text| {
        Cow::Owned(text.into_owned().into_bytes())
    }))
}

fn encoding_of(header: &[u8], name: &str) -> Option<&'static Encoding> {
    let alias = ICONV.iter().find(|(iconv, _)| *iconv == name);
    let found = match alias {
        Some((_, label)) => Encoding::for_label(label.as_bytes()),
        // `CP1252` stands in the Standard, `ISO8859-2` and `ISO_8859-2` do, `UTF8` does; what it lacks are other hyphens.
        None => Encoding::for_label(header).or_else(|| Encoding::for_label(name.as_bytes())),
    };
    // For some encodings that are unsafe on the web the Standard has a decoder that reads nothing.
    found.filter(|encoding| *encoding != REPLACEMENT)
}

/// A name as iconv compares names: in any case, and with or without hyphens.
fn folded(name: &[u8]) -> String {
    let plain = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    plain.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8], header: Option<&str>) -> Option<String> {
        let decoded = decode(message, header.map(str::as_bytes))?;
        Some(String::from_utf8_lossy(&decoded).into_owned())
    }

    #[test]
    fn names_that_git_takes() {
        let table: [(&[u8], &[&str], &str); 12] = [
            (
                b"caf\xe9 \x80",
                &["ISO-8859-1", "iso8859-1", "latin1", "latin-1", "ISO_8859-1", "L1"],
                "café \u{80}",
            ),
            (b"caf\xe9 \x80", &["CP1252", "windows-1252", "cp-1252"], "café €"),
            (b"\xb1", &["ISO-8859-2", "latin2", "iso8859_2"], "ą"),
            (b"\xa4", &["ISO-8859-15", "latin-9"], "€"),
            (b"\xcf\xcb", &["KOI8-R", "koi8r"], "ок"),
            (b"\xee\xea", &["CP1251", "windows-1251"], "ок"),
            (b"\x93\xfa", &["SJIS", "Shift_JIS", "cp932"], "日"),
            (b"\xc6\xfc", &["EUC-JP", "eucJP"], "日"),
            (b"\x1b$BF|\x1b(B", &["ISO-2022-JP"], "日"),
            (b"\xc8\xd5", &["GBK", "gb18030", "GB2312", "cp936"], "日"),
            (b"\xc7\xd1", &["EUC-KR", "CP949", "uhc"], "한"),
            ("日".as_bytes(), &["UTF-8", "utf8", "Utf-8"], "日"),
        ];
        for (message, names, expected) in table {
            for name in names {
                assert_eq!(text(message, Some(name)).as_deref(), Some(expected), "{name}");
            }
        }
        assert_eq!(text("日".as_bytes(), None).as_deref(), Some("日"));
    }

    #[test]
    fn what_cannot_be_read() {
        for name in ["klingon", "", "hz-gb-2312", "UTF-7"] {
            assert_eq!(text(b"x", Some(name)), None, "{name}");
        }
        assert_eq!(
            text("日".as_bytes(), Some("EUC-JP")).as_deref(),
            Some("日"),
            "bytes that are not what the header says stay"
        );
    }
}
