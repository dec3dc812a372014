//! Text as Markdown: escapes so that a reader of CommonMark sees a commit's subject as it was written, and nothing around it changes.
//!
//! Code spans are kept: people write Markdown's backticks in subjects, and every forge shows them. Everything else is text.
//! Where a character would be read as itself it is left alone, so that files stay readable as they are: `snake_case`,
//! `a < b`, `2 * 3`. An address that escapes would spoil stands in angle brackets.

use std::collections::HashMap;
use std::ops::Range;

/// Escapes a line without control characters or white space at its ends.
pub(super) fn escape(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    for span in code_spans(line) {
        escape_text(line, at..span.start, &mut out);
        out.push_str(part(line, span.clone()));
        at = span.end;
    }
    escape_text(line, at..line.len(), &mut out);
    out
}

/// The code spans of a line: from a run of backticks to the next run of the same length (CommonMark 0.31, 6.1).
fn code_spans(line: &str) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in line.match_indices('`') {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            Some(_) | None => runs.push(at..at + 1),
        }
    }
    let last: HashMap<usize, usize> = runs.iter().map(|run| (run.len(), run.start)).collect();
    let mut spans = Vec::new();
    let mut rest = runs.into_iter();
    while let Some(open) = rest.next() {
        let closes = last.get(&open.len()).is_some_and(|last| *last > open.start);
        if closes && let Some(close) = rest.find(|run| run.len() == open.len()) {
            spans.push(open.start..close.end);
        }
    }
    spans
}

/// Escapes a part of the line that holds no code.
fn escape_text(line: &str, range: Range<usize>, out: &mut String) {
    let mut at = range.start;
    while at < range.end {
        let rest = part(line, at..range.end);
        if let Some(address) = address(line, at, rest) {
            write_address(line, at, address, out);
            at += address.len();
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        // Runs are looked at once, since what surrounds the whole run decides.
        let run = match c {
            '*' | '_' | '~' => rest.len() - rest.trim_start_matches(c).len(),
            _ => c.len_utf8(),
        };
        let markup = is_markup(line, at..at + run, c);
        for c in part(rest, 0..run).chars() {
            if markup {
                out.push('\\');
            }
            out.push(c);
        }
        at += run;
    }
}

/// Whether a character, or a run of it, would be read as markup.
fn is_markup(line: &str, run: Range<usize>, c: char) -> bool {
    let (before, behind) = (part(line, 0..run.start), part(line, run.end..line.len()));
    let (last, next) = (before.chars().next_back(), behind.chars().next());
    let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        '`' | '[' => true,
        // An address behind it may get angle brackets.
        '\\' => next.is_none_or(|next| next.is_ascii_punctuation()) || scheme(behind).is_some(),
        '<' => !(next.is_none() || blank(next) || next == Some('=')),
        '&' => is_entity(behind),
        '*' => !(blank(last) && blank(next)),
        '_' => !(blank(last) && blank(next) || word(last) && word(next)),
        // What a blank stands before cannot end a strikethrough, and what could is escaped.
        '~' => !blank(last),
        '>' => last.is_none(),
        '#' => last.is_none() && opens_heading(behind),
        '-' => last.is_none() && (next.is_none() || blank(next) || next == Some('-')),
        '+' => last.is_none() && (next.is_none() || blank(next)),
        '.' | ')' => {
            let number = (1..=9).contains(&before.len()) && before.bytes().all(|byte| byte.is_ascii_digit());
            number && (next.is_none() || blank(next))
        }
        _ => false,
    }
}

/// Whether a line that begins with `#` and goes on with this is a heading.
fn opens_heading(behind: &str) -> bool {
    let more = behind.len() - behind.trim_start_matches('#').len();
    more < 6
        && part(behind, more..behind.len())
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
}

/// Whether what follows a `&` makes an entity of it, known or not (CommonMark 0.31, 2.5).
fn is_entity(behind: &str) -> bool {
    const LONGEST: usize = 40;
    let name = behind.bytes().take(LONGEST).position(|byte| byte == b';');
    let Some(name) = name.map(|end| part(behind, 0..end)) else {
        return false;
    };
    let name = name.strip_prefix('#').unwrap_or(name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The web address that stands at the beginning of `rest`, without the punctuation that ends a sentence.
fn address<'t>(line: &str, at: usize, rest: &'t str) -> Option<&'t str> {
    let inside = part(line, 0..at).chars().next_back().is_some_and(char::is_alphanumeric);
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| rest.starts_with(scheme))?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '`' | '"');
    let mut address = rest.split(ends).next()?;
    loop {
        let shorter = address.trim_end_matches(['?', '!', '.', ',', ':', ';', '*', '_', '~', '\'']);
        let open = shorter.matches('(').count();
        let shorter = match shorter.strip_suffix(')') {
            Some(inner) if shorter.matches(')').count() > open => inner,
            Some(_) | None => shorter,
        };
        if shorter.len() == address.len() {
            break;
        }
        address = shorter;
    }
    (!inside && address.len() > scheme.len()).then_some(address)
}

fn scheme(rest: &str) -> Option<&'static str> {
    ["https://", "http://"]
        .into_iter()
        .find(|scheme| rest.starts_with(scheme))
}

/// Writes an address. Forges link bare ones as they stand, backslashes included: one with markup in it goes into angle brackets.
fn write_address(line: &str, at: usize, address: &str, out: &mut String) {
    let mut escaped = String::with_capacity(address.len());
    for (offset, c) in address.char_indices() {
        let from = at + offset;
        if is_markup(line, from..from + c.len_utf8(), c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    let next = part(line, at + address.len()..line.len()).chars().next();
    let apart = next.is_none_or(|next| next.is_whitespace() || matches!(next, '.' | ',' | ':' | ';' | '!' | '?' | ')'));
    if address
        .match_indices('&')
        .any(|(at, _)| is_entity(part(address, at + 1..address.len())))
    {
        out.push_str(&escaped);
    } else if apart && escaped == address {
        out.push_str(address);
    } else {
        out.push('<');
        out.push_str(address);
        out.push('>');
    }
}

fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

#[cfg(test)]
mod tests;
