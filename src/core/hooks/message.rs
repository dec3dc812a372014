//! Commit messages in hooks: what git will keep of the edited text, and whether it is conventional.
//!
//! What is kept follows git-commit(1), `--cleanup`; what a message means is `core::commit`'s to say. Knows neither files nor
//! the configuration's place.

use super::Written;
use crate::core::check::Answer;
use crate::core::commit::{self, Kind};

/// The line below which git cuts everything off (git-commit(1), `scissors`), behind the comment string and a blank.
const SCISSORS: &[u8] = b"------------------------ >8 ------------------------";
/// What `core.commentChar = auto` chooses from (git's `builtin/commit.c`).
const CANDIDATES: &[u8] = b"#;@!$%^&|:";

/// `commit.cleanup` (git-config(1)); the command line's `--cleanup` is not told to hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cleanup {
    /// `strip` where the message was edited, else `whitespace`.
    #[default]
    Default,
    /// Comments and needless blanks go.
    Strip,
    /// Needless blanks go.
    Whitespace,
    /// Nothing goes.
    Verbatim,
    /// As `whitespace`, and everything from the scissors on goes where the message was edited.
    Scissors,
}

impl Cleanup {
    /// Reads the setting; git refuses other words itself.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            b"default" => Some(Self::Default),
            b"strip" => Some(Self::Strip),
            b"whitespace" => Some(Self::Whitespace),
            b"verbatim" => Some(Self::Verbatim),
            b"scissors" => Some(Self::Scissors),
            _ => None,
        }
    }
}

/// What starts a comment line: `core.commentChar`, `core.commentString` (git-config(1)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comment {
    /// `auto`: a character that no line of the message began with when git chose it.
    Auto,
    /// These bytes.
    Prefix(Vec<u8>),
}

impl Default for Comment {
    fn default() -> Self {
        Self::Prefix(b"#".to_vec())
    }
}

impl Comment {
    /// Reads the setting; an empty one is git's to refuse.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            b"" => None,
            _ if text.eq_ignore_ascii_case(b"auto") => Some(Self::Auto),
            _ => Some(Self::Prefix(text.to_vec())),
        }
    }
}

/// A message file as git hands it to `commit-msg`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The file's bytes.
    pub text: Vec<u8>,
    /// How git will clean it up.
    pub cleanup: Cleanup,
    /// What starts a comment.
    pub comment: Comment,
    /// Whether an editor was opened on it: only then has git added comments.
    pub edited: bool,
    /// `i18n.commitEncoding`.
    pub encoding: Option<String>,
    /// Whether a merge is being committed.
    pub merging: bool,
}

impl Draft {
    /// The message as it will be committed.
    pub fn committed(&self) -> Written {
        Written {
            id: None,
            message: kept(self),
            encoding: self.encoding.clone(),
            parents: if self.merging { 2 } else { 1 },
        }
    }
}

/// What git will keep of the file.
fn kept(draft: &Draft) -> Vec<u8> {
    let comment = match &draft.comment {
        Comment::Prefix(prefix) => prefix.clone(),
        Comment::Auto => chosen(&draft.text),
    };
    let text = if draft.edited {
        above_scissors(&draft.text, &comment)
    } else {
        &draft.text
    };
    let strips = match draft.cleanup {
        Cleanup::Verbatim => return text.to_vec(),
        Cleanup::Strip => true,
        Cleanup::Default => draft.edited,
        Cleanup::Whitespace | Cleanup::Scissors => false,
    };
    // git-stripspace(1): comments go, trailing blanks go, blank lines at either end go, several become one.
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut pending_blank = false;
    for line in text.split(|byte| *byte == b'\n') {
        if strips && line.starts_with(&comment) {
            continue;
        }
        let line = line.trim_ascii_end();
        if line.is_empty() {
            pending_blank = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut pending_blank) {
            out.push(b'\n');
        }
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// What stands above the first line of scissors.
fn above_scissors<'t>(text: &'t [u8], comment: &[u8]) -> &'t [u8] {
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if scissored(line, comment) {
            return text.get(..at).unwrap_or(text);
        }
        at += line.len();
    }
    text
}

fn scissored(line: &[u8], comment: &[u8]) -> bool {
    let rest = line.strip_prefix(comment).and_then(|rest| rest.strip_prefix(b" "));
    rest.is_some_and(|rest| rest.trim_ascii_end() == SCISSORS)
}

/// The character that git chose for `auto`: that of its scissors, else that of the last line that says something, since its
/// own comments come last; `#` where neither is a candidate.
fn chosen(text: &[u8]) -> Vec<u8> {
    let lines = || text.split(|byte| *byte == b'\n');
    let candidates = || CANDIDATES.iter().map(std::slice::from_ref);
    let cut = lines().find_map(|line| candidates().find(|candidate| scissored(line, candidate)));
    let last = || lines().rev().find(|line| !line.trim_ascii().is_empty())?.get(..1);
    let found = cut.or_else(|| last().filter(|first| candidates().any(|candidate| candidate == *first)));
    found.unwrap_or(b"#").to_vec()
}

/// Judges one message, written or about to be; `None` where it will do.
///
/// A merge passes under whatever subject it has: it asks for nothing of its own.
pub fn judge(written: &Written) -> Option<Answer> {
    let read = commit::read_encoded(&written.message, written.encoding.as_deref().map(str::as_bytes));
    let subject = shown(&read.subject);
    let at = written
        .id
        .map_or(String::new(), |id| format!("{} ", id.to_hex_with_len(10)));
    let amend = match written.id {
        None => "git commit -e -F \"$(git rev-parse --git-path COMMIT_EDITMSG)\"".to_owned(),
        Some(id) => format!("git rebase -i {}^, and reword it", id.to_hex_with_len(10)),
    };
    if let Some(why) = unreadable(written) {
        let because = format!("{at}the message `{subject}` {why}");
        let remedy = format!("write it in UTF-8 ({amend}), or git config i18n.commitEncoding ENCODING");
        return Some(Answer::fail(because, remedy));
    }
    match read.kind {
        Kind::Conventional(_) | Kind::Revert { .. } | Kind::Merge | Kind::Fixup => None,
        Kind::Other if read.subject.is_empty() => Some(Answer::fail(format!("{at}the message is empty"), amend)),
        Kind::Other if written.parents > 1 => None,
        Kind::Other => {
            let because = format!("{at}`{subject}` is not conventional: a type, `: `, a description");
            Some(Answer::fail(
                because,
                format!("begin it like `feat: {}` ({amend})", described(&subject)),
            ))
        }
    }
}

/// Whether the message is meant to be folded into another commit before anybody sees it (`fixup!`, `squash!`, `amend!`).
pub fn is_fixup(written: &Written) -> bool {
    commit::read(&written.message).kind == Kind::Fixup
}

/// Why a CHANGELOG would show U+FFFD for parts of the message.
fn unreadable(written: &Written) -> Option<String> {
    let header = written.encoding.as_deref();
    match commit::decode(&written.message, header.map(str::as_bytes)) {
        None if written.message.is_ascii() => None,
        None => {
            let name = shown(header.unwrap_or_default());
            Some(format!("is in the encoding `{name}`, which is not known"))
        }
        Some(text) if std::str::from_utf8(&text).is_ok() => None,
        Some(_) => Some(match header {
            Some(name) => format!("is not {}, which its encoding is said to be", shown(name)),
            None => "is not UTF-8, and nothing says what it is".to_owned(),
        }),
    }
}

/// A subject as a message shows it: short, and without what a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 72;
    let plain: String = text.chars().filter(|c| !is_obeyed(*c)).take(LONGEST).collect();
    if plain.chars().count() < LONGEST {
        plain
    } else {
        format!("{plain}…")
    }
}

/// Whether a terminal obeys a character instead of showing it: a control, or one that turns the text's direction (UAX #9).
pub(crate) fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a subject would say behind a type.
fn described(subject: &str) -> String {
    let rest = subject.split_once(':').map_or(subject, |(_, rest)| rest).trim();
    let rest = if rest.is_empty() { "what it does" } else { rest };
    let mut chars = rest.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edited(text: &str) -> Draft {
        Draft {
            text: text.as_bytes().to_vec(),
            edited: true,
            ..Draft::default()
        }
    }

    fn text(draft: &Draft) -> String {
        String::from_utf8(draft.committed().message).unwrap()
    }

    fn passes(draft: &Draft) -> bool {
        judge(&draft.committed()).is_none()
    }

    #[test]
    fn comments_blanks_and_the_diff_go_as_git_lets_them_go() {
        let template = "\n\nfeat: x  \n\n\n\nbody\n# a comment\n\n# ------------------------ >8 ------------------------\n# Do not modify\ndiff\n+BREAKING CHANGE: not a footer\n";
        assert_eq!(text(&edited(template)), "feat: x\n\nbody\n");
        let scissors = Draft {
            cleanup: Cleanup::Scissors,
            ..edited(template)
        };
        assert_eq!(text(&scissors), "feat: x\n\nbody\n# a comment\n");
        let unedited = Draft {
            edited: false,
            ..edited("#12: x\n")
        };
        assert_eq!(text(&unedited), "#12: x\n");
        let verbatim = Draft {
            cleanup: Cleanup::Verbatim,
            ..edited("  a\n\n")
        };
        assert_eq!(text(&verbatim), "  a\n\n");
    }

    #[test]
    fn every_comment_string() {
        for (setting, comment) in [(";", ";"), ("//", "//"), ("auto", ";"), ("auto", "#"), ("auto", "%")] {
            let draft = Draft {
                comment: Comment::parse(setting.as_bytes()).unwrap(),
                ..edited(&format!(
                    "{comment} top\nfeat: x\n\n{comment} Please enter\n{comment}\n"
                ))
            };
            assert_eq!(text(&draft), "feat: x\n", "{setting} {comment}");
        }
        // `auto` with scissors: the diff's last line says nothing about the comment string.
        let cut = "#12: x\n; note\n; ------------------------ >8 ------------------------\n+# y\n";
        let draft = Draft {
            comment: Comment::Auto,
            ..edited(cut)
        };
        assert_eq!(text(&draft), "#12: x\n");
        assert!(!passes(&draft));
        assert_eq!(Comment::parse(b""), None);
    }

    #[test]
    fn what_passes_and_what_does_not() {
        for good in [
            "feat: x",
            "fix(a b)!: y",
            "feat: x\r\n\r\nbody\r\n",
            "\u{feff}feat: bom",
            "Merge branch 'a' into b",
            "Revert \"feat: x\"",
            "Reapply \"feat: x\"",
            "fixup! x",
            "squash! x",
            "amend! x",
        ] {
            assert!(passes(&edited(good)), "{good}");
        }
        for bad in [
            "update stuff",
            "feat:",
            ": x",
            "",
            "\n\n",
            "# only a comment",
            "feat(: x",
            "\u{feff}",
        ] {
            assert!(!passes(&edited(bad)), "{bad}");
        }
        let merge = Draft {
            merging: true,
            ..edited("Bring it over")
        };
        assert!(passes(&merge));
    }

    #[test]
    fn bytes_that_are_not_utf8_need_an_encoding() {
        let mut draft = Draft {
            text: b"feat: caf\xe9\n".to_vec(),
            ..Draft::default()
        };
        assert!(!passes(&draft));
        draft.encoding = Some("ISO-8859-1".to_owned());
        assert!(passes(&draft));
        draft.encoding = Some("UTF8".to_owned());
        assert!(!passes(&draft));
        draft.encoding = Some("klingon".to_owned());
        assert!(!passes(&draft));
        draft.text = b"feat: cafe\n".to_vec();
        assert!(passes(&draft));
    }

    #[test]
    fn a_refusal_shows_the_subject_and_how_to_write_it() {
        let answer = judge(&edited("\u{1b}[31mUpdate stuff").committed()).unwrap();
        let finding = answer.named("message");
        insta::assert_snapshot!(format!("{}\n{}", finding.because, finding.remedy.unwrap()), @r#"
        `[31mUpdate stuff` is not conventional: a type, `: `, a description
        begin it like `feat: [31mUpdate stuff` (git commit -e -F "$(git rev-parse --git-path COMMIT_EDITMSG)")
        "#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(text in prop::collection::vec(any::<u8>(), 0..200), near in "([#;] |feat: x|\n|\r|----- >8 -----| ){0,20}", edited in any::<bool>(), auto in any::<bool>()) {
            for text in [text, near.into_bytes()] {
                let comment = if auto { Comment::Auto } else { Comment::default() };
                let draft = Draft { text, edited, comment, ..Draft::default() };
                let written = draft.committed();
                let again = Draft { text: written.message.clone(), edited: false, ..Draft::default() };
                // What git keeps, it keeps again.
                prop_assert_eq!(&again.committed().message, &written.message);
                let _judged = judge(&written);
            }
        }
    }
}
