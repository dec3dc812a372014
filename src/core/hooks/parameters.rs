//! The configuration that git hands to hooks in the environment: `GIT_CONFIG_PARAMETERS`, as `git -c` fills it.
//!
//! Format: git's `config.c`, `git_config_from_parameters`: words in single quotes, `'key'='value'`, in the older form
//! `'key=value'`. Knows nothing of what a key means, nor of the environment.

/// One setting: its key, as written, and its value; `None` stands for a key alone, which means `true`.
pub type Setting = (String, Option<Vec<u8>>);

/// Reads `GIT_CONFIG_PARAMETERS`, in its order; a later setting wins over an earlier one.
///
/// # Errors
/// The place, in bytes, where the text is not what git writes.
pub fn parse(text: &[u8]) -> Result<Vec<Setting>, usize> {
    let mut reader = Reader { text, at: 0 };
    let mut found = Vec::new();
    reader.skip_blanks();
    while reader.at < text.len() {
        let begin = reader.at;
        let key = reader.quoted()?;
        found.push(match reader.peek() {
            Some(b'=') => {
                reader.at += 1;
                let value = match reader.peek() {
                    Some(b'\'') => Some(reader.quoted()?),
                    _ => None,
                };
                (name(key, begin)?, value)
            }
            _ => older(&key, begin)?,
        });
        if reader.peek().is_some_and(|byte| !byte.is_ascii_whitespace()) {
            return Err(reader.at);
        }
        reader.skip_blanks();
    }
    Ok(found)
}

/// The last value that `key` is given; keys without a subsection are compared without regard to case.
pub fn last<'s>(settings: &'s [Setting], key: &str) -> Option<&'s Setting> {
    settings.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(key))
}

/// `key=value`, or a key alone.
fn older(word: &[u8], at: usize) -> Result<Setting, usize> {
    match word.iter().position(|byte| *byte == b'=') {
        Some(equals) => {
            let (key, value) = word.split_at(equals);
            Ok((name(key.to_vec(), at)?, value.get(1..).map(<[u8]>::to_vec)))
        }
        None => Ok((name(word.to_vec(), at)?, None)),
    }
}

fn name(key: Vec<u8>, at: usize) -> Result<String, usize> {
    String::from_utf8(key).ok().filter(|key| key.contains('.')).ok_or(at)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// A word in single quotes, in which `'\''` and `'\!'` stand for a quote and an exclamation mark (git's `quote.c`).
    fn quoted(&mut self) -> Result<Vec<u8>, usize> {
        let mut word = Vec::new();
        if self.peek() != Some(b'\'') {
            return Err(self.at);
        }
        self.at += 1;
        loop {
            let byte = self.peek().ok_or(self.at)?;
            self.at += 1;
            if byte != b'\'' {
                word.push(byte);
                continue;
            }
            match (self.peek(), self.text.get(self.at + 1), self.text.get(self.at + 2)) {
                (Some(b'\\'), Some(escaped @ (b'\'' | b'!')), Some(b'\'')) => {
                    word.push(*escaped);
                    self.at += 3;
                }
                (Some(b'\\'), _, _) => return Err(self.at),
                _ => return Ok(word),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        let text_of = |value: Vec<u8>| String::from_utf8(value).unwrap();
        let settings = parse(text.as_bytes()).unwrap();
        settings
            .into_iter()
            .map(|(key, value)| (key, value.map(text_of)))
            .collect()
    }

    #[test]
    fn as_git_writes_it() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read(r"'core.commentString'=';' 'a.b'='it'\''s' 'c.d'= 'e.f=g=h' 'i.j'"),
            [
                ("core.commentString".to_owned(), some(";")),
                ("a.b".to_owned(), some("it's")),
                ("c.d".to_owned(), None),
                ("e.f".to_owned(), some("g=h")),
                ("i.j".to_owned(), None),
            ]
        );
        assert_eq!(read("  "), []);
        let settings = parse(b"'core.commentchar'='a' 'core.commentChar'='b'").unwrap();
        assert_eq!(last(&settings, "CORE.commentChar").unwrap().1, Some(b"b".to_vec()));
        assert_eq!(last(&settings, "core.other"), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "x",
            "'a.b",
            "'a.b'='c",
            "'a.b'='c'd",
            r"'a.b'\'c'",
            "'nodot'='c'",
            "'a.b'=c",
            "'\u{e9}",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(b"'\xff.a'='b'").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_is_read(pairs in prop::collection::vec(("[a-z]{1,3}\\.[a-zA-Z]{1,3}", any::<String>()), 0..4)) {
            let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''").replace('!', r"'\!'"));
            let text: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", quote(key), quote(value))).collect();
            let expected: Vec<_> = pairs.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
            prop_assert_eq!(read(&text.join(" ")), expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..60), near in r"(['=\\ a.!]){0,30}") {
            for text in [text, near.into_bytes()] {
                if let Err(at) = parse(&text) {
                    prop_assert!(at <= text.len());
                }
            }
        }
    }
}
