//! Secrets in text: formats that are made to be recognised, each a row of one table.
//!
//! Honest about its reach: private keys, tokens with a fixed prefix or mark, and values whose name says what they are. A
//! password in a variable looks like any other word and is not found. Knows nothing of files or git.

mod armour;
mod example;
mod table;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use gix::bstr::ByteSlice as _;
use regex::bytes::{Captures, Regex, RegexBuilder};

pub use table::rules;

/// A kind of secret.
#[derive(Debug)]
pub struct Rule {
    /// Its name, as the allow comment takes it.
    pub id: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// What must hold of a place where the pattern fits.
    form: Form,
    /// What every such secret contains. Looked for first: patterns are compiled only where one of these stands.
    literals: &'static [&'static str],
    /// The secret whole, in bytes. Where it is known by what stands before it, a group is the secret alone.
    pattern: &'static str,
    /// The page that describes the format.
    pub source: &'static str,
    /// Recipes of texts in which it is found.
    pub finds: &'static [&'static str],
    /// Recipes of texts that come near and hold none.
    pub leaves: &'static [&'static str],
}

/// What must hold of a place where a pattern fits, for a secret to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A word of its own that is not one of the examples that manuals show.
    Token,
    /// A token that looks random: its pattern alone would fit names and digests too.
    Value,
    /// Text that stands in no other word's place; an example is none.
    Text,
    /// The line above a private key, with a key below it.
    Armour,
}

/// A secret that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which rule found it.
    pub rule: &'static Rule,
    /// Where it stands, in bytes: the token, or the whole armour.
    pub range: Range<usize>,
}

/// Looks for secrets: the rules' literals first, then each pattern whose literal is there.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The patterns that were needed so far, by their rules.
    compiled: BTreeMap<&'static str, Regex>,
}

impl Scanner {
    /// The secrets in a text, by place; where two rules fit, the first of the table. Takes time in proportion to the text.
    ///
    /// # Errors
    /// When a pattern of the table cannot be compiled; a test holds that each can.
    pub fn scan(&mut self, text: &[u8]) -> Result<Vec<Found>, String> {
        // One search for each literal: an automaton for all of them is slower to build than most commits are to search.
        let wanted = rules().filter(|rule| rule.literals.iter().any(|literal| text.contains_str(literal)));
        let mut found = Vec::new();
        for rule in wanted {
            let places = self.pattern(rule)?.captures_iter(text);
            found.extend(places.filter_map(|place| rule.found(text, &place)));
        }
        found.sort_by_key(|found| found.range.start);
        found.dedup_by(|later, first| later.range.start < first.range.end);
        Ok(found)
    }

    fn pattern(&mut self, rule: &'static Rule) -> Result<&Regex, String> {
        match self.compiled.entry(rule.id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let built = RegexBuilder::new(rule.pattern).unicode(false).build();
                Ok(free.insert(built.map_err(|error| error.to_string())?))
            }
        }
    }
}

impl Rule {
    /// The secret where the pattern fits, if there is one.
    fn found(&'static self, text: &[u8], place: &Captures<'_>) -> Option<Found> {
        let whole = place.get(0)?;
        let secret = place.iter().skip(1).flatten().next().unwrap_or(whole).range();
        let token = text.get(secret.clone())?;
        let is_meant = || !example::is_example(self.body(token));
        let range = match self.form {
            Form::Armour => armour::key_below(text, &whole.range())?,
            Form::Text if is_meant() => secret,
            Form::Token if stands_alone(text, &secret) && is_meant() => secret,
            Form::Value if stands_alone(text, &secret) && example::is_random(token) && is_meant() => secret,
            Form::Text | Form::Token | Form::Value => return None,
        };
        Some(Found { rule: self, range })
    }

    /// A token without the prefix that all of its kind have.
    fn body<'t>(&self, token: &'t [u8]) -> &'t [u8] {
        let mut bodies = self
            .literals
            .iter()
            .filter_map(|literal| token.strip_prefix(literal.as_bytes()));
        bodies.next().unwrap_or(token)
    }
}

/// Whether a token is not part of a longer word.
fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default();
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    (!is_word(before.last()) || ends_in_escape(before)) && !is_word(text.get(range.end))
}

/// Whether the last characters are not a word's but those of an escape: `\n`, `\x1b`, `\u003d`, `\033`, `%3D`, or a colour
/// of a terminal (`[31m`).
fn ends_in_escape(before: &[u8]) -> bool {
    const LONGEST: usize = 12;
    let tail = before.get(before.len().saturating_sub(LONGEST)..).unwrap_or_default();
    let Some(at) = tail.iter().rposition(|byte| b"\\%[".contains(byte)) else {
        return false;
    };
    let (sign, rest) = (tail.get(at), tail.get(at + 1..).unwrap_or_default());
    let hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match (sign, rest) {
        (Some(b'\\'), [b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'0' | b'a' | b'e']) => true,
        (Some(b'\\'), [b'x' | b'X', digits @ ..]) => digits.len() == 2 && hex(digits),
        (Some(b'\\'), [b'u' | b'U', digits @ ..]) => matches!(digits.len(), 4 | 8) && hex(digits),
        (Some(b'\\'), digits) => digits.len() == 3 && digits.iter().all(|digit| (b'0'..=b'7').contains(digit)),
        (Some(b'%'), digits) => digits.len() == 2 && hex(digits) || digits.len() == 4 && digits.starts_with(b"25"),
        (Some(b'['), [colour @ .., b'm']) => colour.iter().all(|byte| byte.is_ascii_digit() || *byte == b';'),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
