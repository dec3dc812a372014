//! The one authority on what a commit message means: version, changelog and hooks all use this reading.
//!
//! Owns the grammar of subjects and footers (Conventional Commits 1.0.0, and the subjects and lines that git itself writes).
//! Must not know what a type is worth (`version.rs`) nor what became of a commit later (`history.rs`).
//!
//! Cost is linear in the message whatever its bytes: the lines are walked once, and only the first one is given to
//! `conventional_commit_parser`, whose reading of a whole message is quadratic in its footers.

mod encoding;
mod requests;

use std::fmt;

pub use encoding::decode;
pub use requests::split_reference;

/// What one commit message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The first line that is not blank, trimmed; bytes that are not UTF-8 become U+FFFD.
    pub subject: String,
    /// What kind of message the subject makes it.
    pub kind: Kind,
    /// The paragraph of the first breaking footer that says something; its lines are joined by `\n`.
    pub breaking_note: Option<String>,
    /// What the message says it reverts, in the order written.
    pub reverts: Vec<Named>,
    /// The pull requests that the commit came by, such as a trailing ` (#123)` of the subject says, in the order written.
    pub references: Vec<Reference>,
}

/// A commit as a message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its id: 7 to 64 lower-case hexadecimal digits.
    Commit(String),
    /// By the number of the pull request that it came by.
    Request(String),
}

/// A pull request, or merge request, as a message names it; shown as `#12` or `!12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `#`, or `!` as GitLab and Azure write it.
    pub mark: char,
    /// Its digits.
    pub number: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.mark, self.number)
    }
}

/// What kind of message the subject makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `type(scope)!: description`.
    Conventional(Conventional),
    /// `Revert "…"` or `Reapply "…"`, as git-revert(1) writes it; counts like the type `revert`.
    Revert {
        /// The subject between the quotes.
        summary: String,
        /// Whether it is the revert of a revert.
        reapplied: bool,
        /// Whether a footer declares a breaking change.
        breaking: bool,
    },
    /// A merge under the subject that git or a forge gives it.
    Merge,
    /// `fixup!`, `squash!` or `amend!`: meant for git-rebase(1) to fold away.
    Fixup,
    /// Anything else.
    Other,
}

/// A subject of the form `type(scope)!: description`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conventional {
    /// The type, in lower case.
    pub kind: String,
    /// What stands between the parentheses, as written.
    pub scope: Option<String>,
    /// Whether a `!` or a footer declares a breaking change.
    pub breaking: bool,
    /// The description, trimmed.
    pub summary: String,
}

impl Message {
    /// Whether the subject declares a revert, in git's words or by the type `revert`.
    pub fn is_revert(&self) -> bool {
        match &self.kind {
            Kind::Conventional(header) => header.kind == "revert",
            Kind::Revert { .. } => true,
            Kind::Merge | Kind::Fixup | Kind::Other => false,
        }
    }

    /// Whether the message declares a breaking change; an unconventional one never does.
    pub fn is_breaking(&self) -> bool {
        match &self.kind {
            Kind::Conventional(header) => header.breaking,
            Kind::Revert { breaking, .. } => *breaking,
            Kind::Merge | Kind::Fixup | Kind::Other => false,
        }
    }
}

/// U+FEFF in UTF-8 (The Unicode Standard, 23.8).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a commit message in the encoding that the commit's header names; in one that is not known, as if it were UTF-8.
pub fn read_encoded(message: &[u8], header: Option<&[u8]>) -> Message {
    match decode(message, header) {
        Some(text) => read(&text),
        None => read(message),
    }
}

/// Reads a commit message of any bytes, in UTF-8.
///
/// A byte order mark and leading blank lines are skipped, as editors add and git-stripspace(1) drops them; lines end in LF or CRLF.
pub fn read(message: &[u8]) -> Message {
    let text = message.strip_prefix(BYTE_ORDER_MARK).unwrap_or(message);
    read_lines(text.split(|&byte| byte == b'\n'))
}

/// Reads a message from its lines, each asked for once and in order.
fn read_lines<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Message {
    let mut lines = lines.map(<[u8]>::trim_ascii_end).skip_while(|line| is_blank(line));
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let mut body = Body::default();
    for line in lines {
        body.take(line);
    }
    let subject = first.trim();
    let mut references = requests::of_subject(subject);
    if references.is_empty() {
        references.extend(body.reference);
    }
    let mut message = Message {
        references,
        subject: subject.to_owned(),
        kind: classify(&first, body.breaking),
        breaking_note: body.note.map(Note::finish).filter(|note| !note.is_empty()),
        reverts: body.reverts,
    };
    if message.is_revert() {
        message.reverts.append(&mut body.refs);
    }
    if message.reverts.is_empty() {
        message.reverts.extend(reverted_in_quotes(&message.kind));
    }
    message
}

/// The pull request at the end of the quoted subject, where a forge's revert button left no more than `Revert "… (#12)"`.
fn reverted_in_quotes(kind: &Kind) -> Option<Named> {
    match kind {
        Kind::Revert {
            summary,
            reapplied: false,
            ..
        } => split_reference(summary).map(|(_, reference)| Named::Request(reference.number)),
        Kind::Revert { .. } | Kind::Conventional(_) | Kind::Merge | Kind::Fixup | Kind::Other => None,
    }
}

/// Whether a line shows nothing, whatever marks an editor has left on it.
fn is_blank(line: &[u8]) -> bool {
    let mut rest = line.trim_ascii();
    while let Some(behind) = rest.strip_prefix(BYTE_ORDER_MARK) {
        rest = behind.trim_ascii();
    }
    rest.is_empty()
}

/// What the lines after the subject have said so far.
#[derive(Default)]
struct Body {
    breaking: bool,
    note: Option<Note>,
    reverts: Vec<Named>,
    /// Ids in `Refs:` footers: reverted commits under the type `revert`, mere mentions elsewhere.
    refs: Vec<Named>,
    /// The pull request that a line says the commit came by.
    reference: Option<Reference>,
    /// What began at the end of the line before.
    awaited: Option<Awaited>,
}

/// What stands on the next line, where a line ends behind the word that introduces it.
#[derive(Clone, Copy)]
enum Awaited {
    /// The id of git's `This reverts commit <id>`.
    Reverted,
    /// The ids of a `Refs:` footer.
    Refs,
}

/// A breaking footer's paragraph, while its lines may still come.
struct Note {
    text: Vec<u8>,
    open: bool,
}

impl Body {
    fn take(&mut self, line: &[u8]) {
        if let Some(value) = breaking_footer(line) {
            self.breaking = true;
            self.awaited = None;
            self.open_note(value);
            return;
        }
        if let Some(note) = self.note.as_mut().filter(|note| note.open) {
            note.take(line);
        }
        let awaited = self.awaited.take();
        if !self.introduces(line)
            && let Some(awaited) = awaited
        {
            self.name(awaited, line);
        }
    }

    /// Takes a line that says for itself what it is about; whether it does.
    fn introduces(&mut self, line: &[u8]) -> bool {
        // git-revert(1): `This reverts commit <id>.`, for a merge `…<id>, reversing`, with `--reference` `…<id> (…)`; Azure
        // writes ``Reverted commit `<id>`.``
        const REVERTED: [&[u8]; 3] = [b"This reverts commit", b"Reverted commit", b"Reverts commit"];
        let reverted = REVERTED.iter().find_map(|head| line.strip_prefix(*head));
        let refs = || Some((Awaited::Refs, strip_token(line, b"refs:")?));
        if let Some((what, text)) = reverted.map(|text| (Awaited::Reverted, text)).or_else(refs) {
            if text.is_empty() {
                self.awaited = Some(what);
            } else if text.starts_with(b" ") {
                self.name(what, text);
            }
            return true;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return false;
        };
        let (reverted, reference) = (requests::reverted(line), requests::of_line(line));
        let says = !reverted.is_empty() || reference.is_some();
        self.reverts.extend(reverted);
        self.reference = self.reference.take().or(reference);
        says
    }

    /// Takes the ids of a text.
    fn name(&mut self, what: Awaited, text: &[u8]) {
        let mut ids = hex_words(text);
        match what {
            Awaited::Reverted => self.reverts.extend(ids.next().flatten().map(Named::Commit)),
            Awaited::Refs => self.refs.extend(ids.flatten().map(Named::Commit)),
        }
    }

    /// Starts the note at a breaking footer, unless an earlier one already says something.
    fn open_note(&mut self, value: &[u8]) {
        match &mut self.note {
            Some(note) if !note.text.is_empty() => note.open = false,
            Some(_) | None => {
                self.note = Some(Note {
                    text: value.trim_ascii().to_vec(),
                    open: true,
                });
            }
        }
    }
}

impl Note {
    /// Takes a line below the footer, whose text may begin there, and behind a blank line too.
    fn take(&mut self, line: &[u8]) {
        if line.is_empty() && self.text.is_empty() {
            return;
        }
        if line.is_empty() || is_footer(line) {
            self.open = false;
            return;
        }
        if !self.text.is_empty() {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(line.trim_ascii());
    }

    fn finish(self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// The value of a breaking footer.
///
/// The line has lost its trailing blanks, as git strips them, so that `BREAKING CHANGE: ` may arrive without its space; the
/// value then stands on the next lines.
fn breaking_footer(line: &[u8]) -> Option<&[u8]> {
    let value = line
        .strip_prefix(b"BREAKING CHANGE:")
        .or_else(|| line.strip_prefix(b"BREAKING-CHANGE:"))?;
    (value.is_empty() || value.starts_with(b" ")).then_some(value)
}

/// Whether the line starts a footer: a word token, then `: ` or ` #` (Conventional Commits 1.0.0, rule 8).
fn is_footer(line: &[u8]) -> bool {
    let separator = line.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'-'));
    separator.is_some_and(|at| {
        let rest = line.get(at..).unwrap_or_default();
        at > 0 && (rest.starts_with(b": ") || rest.starts_with(b" #"))
    })
}

/// What follows a footer token, whose case does not matter.
fn strip_token<'a>(line: &'a [u8], token: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(token.len())?;
    head.eq_ignore_ascii_case(token).then_some(rest)
}

/// The words of a line, each an object id or `None`.
fn hex_words(line: &[u8]) -> impl Iterator<Item = Option<String>> {
    line.split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let id = std::str::from_utf8(word).ok()?;
            let plausible = (7..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
            plausible.then(|| id.to_ascii_lowercase())
        })
}

fn classify(line: &str, breaking_footer: bool) -> Kind {
    if let Some(mut header) = conventional(line) {
        header.breaking |= breaking_footer;
        return Kind::Conventional(header);
    }
    for (opening, reapplied) in [("Revert \"", false), ("Reapply \"", true)] {
        if let Some(quoted) = line.strip_prefix(opening) {
            return Kind::Revert {
                summary: quoted.rsplit_once('"').map_or(quoted, |(inner, _)| inner).to_owned(),
                reapplied,
                breaking: breaking_footer,
            };
        }
    }
    if ["fixup! ", "squash! ", "amend! "].iter().any(|p| line.starts_with(p)) {
        Kind::Fixup
    } else if is_merge(line) {
        Kind::Merge
    } else {
        Kind::Other
    }
}

/// Whether the subject is git-fmt-merge-msg(1)'s, or a forge's for a merged pull request.
fn is_merge(line: &str) -> bool {
    const NOUNS: [&str; 4] = ["branch", "tag", "commit", "remote-tracking branch"];
    let Some(rest) = line.strip_prefix("Merge ") else {
        return false;
    };
    let named = NOUNS.iter().filter_map(|noun| rest.strip_prefix(noun)).any(|after| {
        let plural = after.strip_prefix("es").or_else(|| after.strip_prefix('s'));
        plural.unwrap_or(after).starts_with(" '")
    });
    let requested = ["pull request #", "pull request '"]
        .iter()
        .any(|head| rest.starts_with(head));
    named || requested || rest == "HEAD" || rest.starts_with("HEAD of ")
}

/// Reads `type(scope)!: description`.
///
/// The library is asked first. It is not right where a carriage return stands within the line (it ends the description
/// there), and it refuses types with digits, `-` or `_` and scopes with blanks (`feat2: x`, `fix(a b): x`), which the
/// specification allows: those are scanned here. So are lines that nobody wrote by hand: it keeps several tokens for each
/// character of a scope, seconds and gigabytes for one of 10 MB.
fn conventional(line: &str) -> Option<Conventional> {
    const LONGEST_FOR_LIBRARY: usize = 4096;
    let parsed = if line.len() > LONGEST_FOR_LIBRARY || line.contains('\r') {
        None
    } else {
        conventional_commit_parser::parse_summary(line).ok()
    };
    let header = match parsed {
        Some(commit) => Conventional {
            kind: commit.commit_type.as_ref().to_owned(),
            scope: commit.scope,
            breaking: commit.is_breaking_change,
            summary: commit.summary.trim().to_owned(),
        },
        None => scan(line)?,
    };
    // Both would take blanks alone for a description.
    (!header.summary.is_empty()).then_some(header)
}

fn scan(line: &str) -> Option<Conventional> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))?;
    let (kind, rest) = line.split_at_checked(end)?;
    if !kind.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (scope, rest) = match rest.strip_prefix('(') {
        Some(inner) => inner.split_once(')').map(|(scope, rest)| (Some(scope), rest))?,
        None => (None, rest),
    };
    if scope.is_some_and(|scope| scope.is_empty() || scope.contains('(')) {
        return None;
    }
    let (breaking, rest) = rest.strip_prefix('!').map_or((false, rest), |rest| (true, rest));
    Some(Conventional {
        kind: kind.to_ascii_lowercase(),
        scope: scope.map(str::to_owned),
        breaking,
        summary: rest.strip_prefix(": ")?.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests;
