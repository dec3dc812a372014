//! Reads Markdown line by line: what each line is, as far as a changelog's structure depends on it.
//!
//! Follows CommonMark 0.31 for what can hide or make a heading: fenced code, HTML blocks that end at a marker (its
//! kinds 1 and 2), indented code, list items, setext headings. One rule is stricter: headings and definitions are
//! indented by one space at most, not three, since an entry written above one would take it in as its own text. Knows
//! nothing of versions. Linear in the text.

/// One line and what it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Byte offset of its first byte.
    pub(super) start: usize,
    /// The line with its ending.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) kind: Kind<'a>,
}

impl Line<'_> {
    /// Byte offset behind its ending.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The level of the heading that it is.
    pub(super) fn heading_level(&self) -> Option<usize> {
        match self.kind {
            Kind::Heading { level, .. } => Some(level),
            Kind::Blank
            | Kind::Underline
            | Kind::Item
            | Kind::Continued
            | Kind::Raw
            | Kind::Definition { .. }
            | Kind::Text => None,
        }
    }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// White space alone.
    Blank,
    /// A heading; the line after it is [`Kind::Underline`] where it is a setext heading.
    Heading { level: usize, title: &'a str },
    /// The second line of a setext heading.
    Underline,
    /// The first line of an item of a top-level list.
    Item,
    /// A further line of such an item.
    Continued,
    /// Code, HTML, a thematic break, front matter.
    Raw,
    /// A link reference definition.
    Definition { label: &'a str, url: &'a str },
    /// Anything else.
    Text,
}

/// A fence or HTML block that never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// Where it opens, from 1.
    pub(super) line: usize,
    /// The text that would close it.
    pub(super) closing: &'static str,
}

/// A block in which nothing is read until it closes.
#[derive(Debug, Clone, Copy)]
enum Open {
    Fence { mark: char, len: usize, line: usize },
    Html { closing: &'static str, line: usize },
}

/// HTML blocks that run to a marker, over blank lines (CommonMark 0.31, section 4.6, kinds 1 and 2).
const HTML: [(&str, &str); 5] = [
    ("<!--", "-->"),
    ("<pre", "</pre>"),
    ("<script", "</script>"),
    ("<style", "</style>"),
    ("<textarea", "</textarea>"),
];

/// The lines of a whole file, in order, their texts concatenated being `text`; and what is open at the end, which hides
/// every heading below it.
pub(super) fn scan(text: &str) -> (Vec<Line<'_>>, Option<Unclosed>) {
    scan_below(text, front_matter_lines(text))
}

/// The lines of a part of a file, which starts below a heading and so has no front matter.
///
/// # Errors
/// Where a top-level fence or HTML block is open at the end.
pub(super) fn scan_part(text: &str) -> Result<Vec<Line<'_>>, Unclosed> {
    match scan_below(text, 0) {
        (lines, None) => Ok(lines),
        (_, Some(unclosed)) => Err(unclosed),
    }
}

fn scan_below(text: &str, mut front_matter: usize) -> (Vec<Line<'_>>, Option<Unclosed>) {
    let mut scanner = Scanner::default();
    let mut start = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let kind = if front_matter > 0 {
            front_matter -= 1;
            Kind::Raw
        } else {
            scanner.classify(raw, index + 1)
        };
        scanner.lines.push(Line { start, text: raw, kind });
        start += raw.len();
    }
    let unclosed = scanner.open.map(|open| match open {
        Open::Fence { mark: '`', line, .. } => Unclosed { line, closing: "```" },
        Open::Fence { line, .. } => Unclosed { line, closing: "~~~" },
        Open::Html { closing, line } => Unclosed { line, closing },
    });
    (scanner.lines, unclosed)
}

/// How many lines at the top are YAML front matter, as site generators read it.
fn front_matter_lines(text: &str) -> usize {
    let mut lines = text.lines();
    if lines.next().map(|line| line.trim_start_matches('\u{feff}').trim_end()) != Some("---") {
        return 0;
    }
    lines
        .position(|line| matches!(line.trim_end(), "---" | "..."))
        .map_or(0, |closing| closing + 2)
}

#[derive(Default)]
struct Scanner<'a> {
    lines: Vec<Line<'a>>,
    open: Option<Open>,
    /// The column at which the content of the open list item starts.
    item: Option<usize>,
}

impl<'a> Scanner<'a> {
    fn classify(&mut self, raw: &'a str, number: usize) -> Kind<'a> {
        let line = raw.trim_start_matches('\u{feff}').trim_end();
        if let Some(open) = self.open {
            if closes(open, line) {
                self.open = None;
            }
            return Kind::Raw;
        }
        if line.is_empty() {
            return Kind::Blank;
        }
        let rest = line.trim_start_matches([' ', '\t']);
        let indent = columns(line, rest);
        if self.item.is_some_and(|content| indent >= content) {
            return Kind::Continued;
        }
        let kind = self.top_level(rest, indent, number);
        if kind == Kind::Text && self.item.is_some() && !self.after(Kind::Blank) {
            return Kind::Continued; // a paragraph in an item goes on without its indentation
        }
        if kind != Kind::Item {
            self.item = None;
        }
        kind
    }

    /// What a line is that lies in no list item.
    fn top_level(&mut self, rest: &'a str, indent: usize, number: usize) -> Kind<'a> {
        if indent >= 4 {
            return Kind::Text;
        }
        if let Some((level, title)) = atx_heading(rest).filter(|_| indent < 2) {
            return Kind::Heading { level, title };
        }
        if let Some(level) = self.underlines(rest) {
            if let Some(above) = self.lines.last_mut() {
                let title = above.text.trim_start_matches('\u{feff}').trim();
                above.kind = Kind::Heading { level, title };
            }
            return Kind::Underline;
        }
        if let Some(open) = opens(rest, number) {
            self.open = (!closes_at_once(open, rest)).then_some(open);
            return Kind::Raw;
        }
        if is_thematic_break(rest) {
            return Kind::Raw;
        }
        if let Some(width) = item_marker(rest) {
            self.item = Some(indent + width);
            return Kind::Item;
        }
        definition(rest).filter(|_| indent < 2).unwrap_or(Kind::Text)
    }

    fn after(&self, kind: Kind<'_>) -> bool {
        self.lines.last().is_some_and(|line| line.kind == kind)
    }

    /// The level of the setext heading that this line makes of a one-line paragraph above it.
    fn underlines(&self, rest: &str) -> Option<usize> {
        let level = match rest.as_bytes() {
            [b'=', more @ ..] if more.iter().all(|&b| b == b'=') => 1,
            [b'-', more @ ..] if more.iter().all(|&b| b == b'-') => 2,
            _ => return None,
        };
        let mut above = self.lines.iter().rev();
        let paragraph = above
            .next()
            .is_some_and(|line| line.kind == Kind::Text && !bare(line.text).starts_with([' ', '\t']));
        let its_first_line = above.next().is_none_or(|line| line.kind != Kind::Text);
        (paragraph && its_first_line).then_some(level)
    }
}

/// The line without the byte order mark of its file.
fn bare(line: &str) -> &str {
    line.trim_start_matches('\u{feff}')
}

/// The columns of white space before `rest` in `line`; a tab goes on to the next multiple of four.
fn columns(line: &str, rest: &str) -> usize {
    let space = line.len() - rest.len();
    line.bytes().take(space).fold(
        0,
        |column, byte| if byte == b'\t' { column / 4 * 4 + 4 } else { column + 1 },
    )
}

fn atx_heading(rest: &str) -> Option<(usize, &str)> {
    let title = rest.trim_start_matches('#');
    let level = rest.len() - title.len();
    if !(1..=6).contains(&level) || !(title.is_empty() || title.starts_with([' ', '\t'])) {
        return None;
    }
    let title = title.trim();
    let open = title.trim_end_matches('#');
    let closed = open.is_empty() || open.ends_with([' ', '\t']);
    Some((level, if closed { open.trim_end() } else { title }))
}

fn opens(rest: &str, line: usize) -> Option<Open> {
    for mark in ['`', '~'] {
        let info = rest.trim_start_matches(mark);
        let len = rest.len() - info.len();
        if len >= 3 && !(mark == '`' && info.contains('`')) {
            return Some(Open::Fence { mark, len, line });
        }
    }
    let (_, closing) = HTML.into_iter().find(|(opening, _)| {
        let (Some(head), Some(tail)) = (rest.get(..opening.len()), rest.get(opening.len()..)) else {
            return false;
        };
        let whole = opening.starts_with("<!") || tail.is_empty() || tail.starts_with([' ', '\t', '>']);
        head.eq_ignore_ascii_case(opening) && whole
    })?;
    Some(Open::Html { closing, line })
}

/// Whether the line that opens the block ends it too; `<!-->` is a whole comment.
fn closes_at_once(open: Open, rest: &str) -> bool {
    match open {
        Open::Fence { .. } => false,
        Open::Html { .. } => rest.get(2..).is_some_and(|tail| closes(open, tail)),
    }
}

fn closes(open: Open, line: &str) -> bool {
    match open {
        Open::Fence { mark, len, .. } => {
            let rest = line.trim_start_matches(' ');
            line.len() - rest.len() < 4 && rest.len() >= len && rest.chars().all(|c| c == mark)
        }
        Open::Html { closing, .. } => line.to_ascii_lowercase().contains(closing),
    }
}

/// Whether a line is a rule across the page.
pub(super) fn is_thematic_break(rest: &str) -> bool {
    !rest.is_empty()
        && ['-', '*', '_'].into_iter().any(|mark| {
            rest.chars().all(|c| c == mark || c == ' ' || c == '\t') && rest.chars().filter(|&c| c == mark).count() >= 3
        })
}

/// The width of a list marker and of the space behind it.
fn item_marker(rest: &str) -> Option<usize> {
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let marker = match rest.as_bytes().get(digits)? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    let tail = rest.get(marker..)?;
    if !(tail.is_empty() || tail.starts_with([' ', '\t'])) {
        return None;
    }
    let space = tail.len() - tail.trim_start_matches([' ', '\t']).len();
    // Five spaces and more are one, and indented code behind it.
    Some(marker + if (1..=4).contains(&space) { space } else { 1 })
}

fn definition(rest: &str) -> Option<Kind<'_>> {
    let (label, tail) = rest.strip_prefix('[')?.split_once("]:")?;
    let tail = tail.trim_start();
    // Between angle brackets a target may hold blanks (CommonMark 0.31, section 4.7).
    let url = match tail.strip_prefix('<').and_then(|tail| tail.split_once('>')) {
        Some((url, _)) => url,
        None => tail.split_whitespace().next()?,
    };
    let plain = !label.is_empty() && !label.contains(['[', ']']);
    plain.then_some(Kind::Definition { label, url })
}
