//! Marks in the text of a file that nobody means to commit: leftovers of a conflict, and secrets.
//!
//! Knows nothing of git: text in, marks out. A line says `sentinel:allow(<id>)`, on it or above it, where the mark is meant.

use gix::bstr::ByteSlice as _;

use super::message::is_obeyed;
use super::secret::{Rule, Scanner};
use super::text::readable;
use crate::core::check::Answer;

/// The largest file that is looked into, in bytes.
pub const LARGEST: u64 = 16 * 1024 * 1024;

/// What is wrong with a line.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A conflict marker of seven characters (git-merge(1)).
    Conflict,
    /// A secret.
    Secret(&'static Rule),
}

/// A line that nobody means to commit.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The file's path.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: Kind,
}

/// The marks in a file's text that `before`, the text it replaces, does not have already.
///
/// # Errors
/// As [`Scanner::scan`].
pub fn marks(scanner: &mut Scanner, path: &str, text: &[u8], before: &[u8]) -> Result<Vec<Mark>, String> {
    let Some(text) = readable(text) else {
        return Ok(Vec::new());
    };
    let (text, before) = (text.as_ref(), readable(before).unwrap_or_default());
    let lines = Lines(text);
    let mut found: Vec<(usize, Kind)> = Vec::new();
    for conflict in conflicts(text) {
        let line = lines.around(conflict);
        if !before.split(|byte| *byte == b'\n').any(|old| old == line) {
            found.push((conflict, Kind::Conflict));
        }
    }
    for secret in scanner.scan(text)? {
        let words = text.get(secret.range.clone()).unwrap_or_default();
        if !before.contains_str(words) {
            found.push((secret.range.start, Kind::Secret(secret.rule)));
        }
    }
    found.retain(|(at, kind)| !lines.allow(*at, kind.id()));
    found.sort_by_key(|(at, _)| *at);
    let mark = |(at, kind): (usize, Kind)| Mark {
        path: path.to_owned(),
        line: lines.number(at),
        kind,
    };
    Ok(found.into_iter().map(mark).collect())
}

impl Kind {
    fn id(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Secret(rule) => rule.id,
        }
    }
}

impl Mark {
    /// What a hook says of it. A secret is not shown.
    pub fn answer(&self) -> Answer {
        let place = format!("{}:{}", super::message::shown(&self.path), self.line);
        let quoted = shell_word(&self.path);
        match self.kind {
            Kind::Conflict => Answer::fail(
                format!("{place} holds a conflict marker"),
                format!("resolve it, then git add -- {quoted}"),
            ),
            Kind::Secret(rule) => Answer::fail(
                format!("{place} holds {}", rule.what),
                format!(
                    "git rm --cached -- {quoted}, and revoke it if it was ever pushed; where it is meant: sentinel:allow({}) on that line or above it",
                    rule.id
                ),
            ),
        }
    }
}

/// A word as a shell takes it; what a terminal would obey, or what is not UTF-8, is written in octal (POSIX.1-2024, XCU 2.2.4).
pub(crate) fn shell_word(text: impl AsRef<[u8]>) -> String {
    let bytes = text.as_ref();
    let octal = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:03o}")).collect::<String>();
    let Some(text) = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.chars().any(is_obeyed))
    else {
        let quoted = |c: char| match c {
            '\\' | '\'' => format!("\\{c}"),
            c if is_obeyed(c) => octal(c.to_string().as_bytes()),
            c => c.to_string(),
        };
        let parts = bytes.utf8_chunks().map(|part| {
            let valid: String = part.valid().chars().map(quoted).collect();
            valid + &octal(part.invalid())
        });
        return format!("$'{}'", parts.collect::<String>());
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Where the lines are that only a merge writes. Seven equals signs underline a heading elsewhere: they are left to their
/// neighbours, of which at least one stands with every conflict.
fn conflicts(text: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let marked = [b"<<<<<<<", b">>>>>>>", b"|||||||"].iter().any(|marker| {
            let rest = line.strip_prefix(marker.as_slice());
            rest.is_some_and(|rest| matches!(rest.first(), None | Some(b' ' | b'\n' | b'\r')))
        });
        if marked {
            found.push(at);
        }
        at += line.len();
    }
    found
}

/// A text by its lines.
struct Lines<'t>(&'t [u8]);

impl<'t> Lines<'t> {
    fn start(&self, at: usize) -> usize {
        let above = self.0.get(..at).unwrap_or_default();
        above.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    }

    /// The line around a place, without its end.
    fn around(&self, at: usize) -> &'t [u8] {
        let rest = self.0.get(self.start(at)..).unwrap_or_default();
        rest.split(|byte| *byte == b'\n').next().unwrap_or_default()
    }

    /// The number of the line around a place, from 1.
    fn number(&self, at: usize) -> usize {
        let above = self.0.get(..at).unwrap_or_default();
        above.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Whether the line around a place, or the one above it, allows the mark.
    fn allow(&self, at: usize, id: &str) -> bool {
        let comment = format!("sentinel:allow({id})");
        let allows = |line: &[u8]| line.contains_str(&comment);
        let start = self.start(at);
        allows(self.around(at)) || start.checked_sub(1).is_some_and(|above| allows(self.around(above)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str, before: &str) -> Vec<(usize, &'static str)> {
        let marks = marks(&mut Scanner::default(), "a", text.as_bytes(), before.as_bytes()).unwrap();
        marks.iter().map(|mark| (mark.line, mark.kind.id())).collect()
    }

    /// Not spelled out: this repository's own hook would stop the commit.
    fn token() -> String {
        format!("ghp_{}", "aB3".repeat(12))
    }

    #[test]
    fn conflicts_are_what_a_merge_writes() {
        let [ours, base, theirs] = ["<", "|", ">"].map(|c| c.repeat(7));
        let conflict = format!("a\n{ours} HEAD\nb\n{base} base\n=======\nc\r\n{theirs} other\r\n");
        assert_eq!(
            found(&conflict, ""),
            [(2, "conflict"), (4, "conflict"), (7, "conflict")]
        );
        assert_eq!(found(&format!("x\n{theirs} half of it"), ""), [(2, "conflict")]);
        assert_eq!(found(&ours, ""), [(1, "conflict")]);
        for near in [
            "Heading\n=======\n",
            &format!(" {ours} HEAD"),
            &format!("{ours}< eight"),
            &format!("{theirs}x"),
            "a <<<<<<< b",
        ] {
            assert_eq!(found(near, ""), [], "{near}");
        }
    }

    #[test]
    fn what_stood_there_before_is_old_news() {
        let text = format!("a\nkey = {}\n", token());
        assert_eq!(found(&text, ""), [(2, "github-token")]);
        assert_eq!(found(&text, &format!("moved: {}", token())), []);
        let begin = format!("-----BEGIN {} KEY-----\n", "PRIVATE");
        let key = |body: &str| format!("{begin}{}\n{body}\n-----END KEY-----", "b3K".repeat(14));
        assert_eq!(found(&key("one"), &key("one")), []);
        assert_eq!(found(&key("two"), &key("one")), [(1, "private-key")]);
    }

    #[test]
    fn a_line_may_be_allowed_by_name() {
        let allowed = |id: &str| format!("# sentinel:allow({id})\nkey = {}\n", token());
        assert_eq!(found(&allowed("github-token"), ""), []);
        assert_eq!(found(&allowed("aws-key"), ""), [(2, "github-token")]);
        assert_eq!(
            found(&format!("x = {} # sentinel:allow(github-token)", token()), ""),
            []
        );
        let too_far = format!("sentinel:allow(github-token)\n\n{}", token());
        assert_eq!(found(&too_far, ""), [(3, "github-token")]);
    }

    #[test]
    fn binary_files_are_not_read() {
        assert_eq!(found(&format!("\0{}", token()), ""), []);
        let late = format!("{}\0{}", "a\n".repeat(5000), token());
        assert_eq!(found(&late, "").len(), 1);
    }

    #[test]
    fn utf_16_is_read() {
        let wide = |text: &str| {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            [0xff, 0xfe].into_iter().chain(units).collect::<Vec<u8>>()
        };
        let text = format!("one\r\n{}\r\n", token());
        let marks = |before: &[u8]| marks(&mut Scanner::default(), "a", &wide(&text), before).unwrap();
        assert_eq!(marks(b"").iter().map(|mark| mark.line).collect::<Vec<_>>(), [2]);
        assert!(marks(&wide(&token())).is_empty() && marks(token().as_bytes()).is_empty());
    }

    #[test]
    fn the_answer_names_the_place_and_keeps_the_secret() {
        let mark = &marks(&mut Scanner::default(), "it's", token().as_bytes(), b"").unwrap()[0];
        let finding = mark.answer().named("secret");
        let text = format!("{} {}", finding.because, finding.remedy.unwrap());
        assert!(
            text.contains("it's:1 holds a GitHub token") && text.contains(r"'it'\''s'"),
            "{text}"
        );
        assert!(!text.contains(&token()));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_through(text in "([<>|=]{7}|[ -~]|\n|\r|é){0,60}", before in "([<>|=]{7}|[ -~]|\n){0,30}") {
            let lines = text.split('\n').count();
            prop_assert!(found(&text, &before).iter().all(|(line, _)| (1..=lines).contains(line)));
            // Nothing is new in a text that replaces itself.
            prop_assert_eq!(found(&text, &text), []);
        }
    }
}
