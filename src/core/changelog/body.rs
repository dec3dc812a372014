//! A section's text as groups of entries, and how entries are added to it or taken from it.
//!
//! Lossless: what is not added or taken keeps its bytes. Knows nothing of versions, links or whole changelogs.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::groups::{group_of, same_group};
use super::scan::{Kind, Line, Unclosed, scan_part};

/// The text of a section, split at its headings.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// The part above the first heading, then one for each heading; never empty.
    parts: Vec<Part<'a>>,
}

/// A heading and its entries.
#[derive(Debug, Default)]
struct Part<'a> {
    /// The heading's text; `None` for the part above the first heading.
    title: Option<&'a str>,
    /// The heading's line and the blank lines under it.
    head: Cow<'a, str>,
    blocks: Vec<Block<'a>>,
}

/// An entry with all its lines, or a paragraph, code or definition that stands between entries.
#[derive(Debug, Clone)]
pub(super) struct Block<'a> {
    content: Cow<'a, str>,
    /// The blank lines behind it.
    blanks: Cow<'a, str>,
    is_item: bool,
    /// Whether it is text or code, not a comment, a rule or a definition.
    is_prose: bool,
}

impl Block<'_> {
    /// What makes two entries one: the text, whatever the marker, the line endings and the space at the ends of lines.
    pub(super) fn key(&self) -> String {
        let text = self.content.trim();
        let text = if self.is_item {
            text.trim_start_matches(['-', '*', '+'])
        } else {
            text
        };
        let lines: Vec<_> = text.trim_start().lines().map(str::trim_end).collect();
        lines.join("\n")
    }
}

impl<'a> Body<'a> {
    /// Splits the text under a section's heading.
    ///
    /// # Errors
    /// As for [`scan_part`].
    pub(super) fn parse(text: &'a str) -> Result<Self, Unclosed> {
        let mut body = Self { parts: Vec::new() };
        let mut part = Part::default();
        let mut last = Kind::Blank;
        for line in scan_part(text)? {
            match line.kind {
                Kind::Heading { title, .. } => {
                    body.parts.push(std::mem::take(&mut part));
                    part.title = Some(title);
                    extend(&mut part.head, text, &line);
                }
                Kind::Underline => extend(&mut part.head, text, &line),
                Kind::Blank => match part.blocks.last_mut() {
                    Some(block) => extend(&mut block.blanks, text, &line),
                    None => extend(&mut part.head, text, &line),
                },
                Kind::Item | Kind::Continued | Kind::Raw | Kind::Definition { .. } | Kind::Text => {
                    part.push_line(text, &line, last);
                }
            }
            last = line.kind;
        }
        body.parts.push(part);
        Ok(body)
    }

    /// Every entry and paragraph, in order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Block<'a>> {
        self.parts.iter().flat_map(|part| &part.blocks)
    }

    /// Whether anything stands here beside headings, comments and link definitions.
    pub(super) fn says_something(&self) -> bool {
        self.blocks().any(|block| block.is_item || block.is_prose)
    }

    /// The text.
    pub(super) fn print(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            text.push_str(&part.head);
            for block in &part.blocks {
                text.push_str(&block.content);
                text.push_str(&block.blanks);
            }
        }
        text
    }

    /// Adds all of `other`, each entry to the end of the group of its name, further groups behind those that stand.
    pub(super) fn append(&mut self, other: Body<'a>, eol: &'static str) {
        self.add(other, eol, None);
    }

    /// Adds the entries of `generated` that do not stand here yet, grouped.
    pub(super) fn add_generated(&mut self, mut generated: Body<'a>, eol: &'static str) {
        let known: HashSet<_> = generated.blocks().map(Block::key).collect();
        // An entry is not known by a definition or a paragraph that reads alike: links move on, and those with them.
        let present: HashSet<_> = self.blocks().map(|block| (block.is_item, block.key())).collect();
        generated.retain(|block| !present.contains(&(block.is_item, block.key())));
        self.add(generated, eol, Some(&known));
    }

    /// Drops the blocks that fail the test; headings stay.
    pub(super) fn retain(&mut self, test: impl Fn(&Block<'a>) -> bool) {
        for part in &mut self.parts {
            part.blocks.retain(&test);
        }
    }

    /// Takes as many blocks of each key as `counts` says, from the top, and the headings that lose their last one.
    pub(super) fn take_out(&mut self, counts: &mut HashMap<String, usize>) {
        for part in &mut self.parts {
            let before = part.blocks.len();
            let mut kept: Vec<Block<'a>> = Vec::with_capacity(before);
            for block in std::mem::take(&mut part.blocks) {
                match counts.get_mut(&block.key()) {
                    Some(count) if *count > 0 => {
                        *count -= 1;
                        match kept.last_mut() {
                            Some(above) if above.blanks.is_empty() => above.blanks = block.blanks,
                            Some(_) | None => {}
                        }
                    }
                    Some(_) | None => kept.push(block),
                }
            }
            if kept.is_empty() && before > 0 && part.title.is_some() {
                part.head = Cow::Borrowed("");
                part.title = None;
            }
            part.blocks = kept;
        }
    }

    fn add(&mut self, other: Body<'a>, eol: &'static str, generated: Option<&HashSet<String>>) {
        for mut part in other.parts {
            if part.blocks.is_empty() {
                continue;
            }
            let same = |standing: &Part<'_>| same_title(standing.title, part.title);
            let Some(at) = self.parts.iter().position(same) else {
                self.insert(self.place(part.title, generated), part, eol);
                continue;
            };
            let followed = at + 1 < self.parts.len();
            if let Some(standing) = self.parts.get_mut(at) {
                if generated.is_some() {
                    part.take_marker_of(standing);
                }
                standing.append(part.blocks, followed, eol);
            }
        }
    }

    /// Puts a group in its place, with a blank line above and, where another follows, below.
    fn insert(&mut self, at: usize, new: Part<'a>, eol: &'static str) {
        let followed = at < self.parts.len();
        let mut tail = Cow::Borrowed("");
        if let Some(above) = at.checked_sub(1).and_then(|above| self.parts.get_mut(above)) {
            match above.blocks.last_mut() {
                Some(block) => tail = std::mem::replace(&mut block.blanks, Cow::Borrowed(eol)),
                None if !ends_blank(&above.head) => above.head.to_mut().push_str(eol),
                None => {}
            }
        }
        let Part { title, head, blocks } = new;
        // The head is as it is to be: only below a heading that stood before is a blank line missing.
        let mut blocks = blocks.into_iter();
        let mut part = Part {
            title,
            head,
            blocks: blocks.next().into_iter().collect(),
        };
        part.append(blocks.collect(), followed, eol);
        if let Some(last) = part.blocks.last_mut() {
            let apart = Cow::Borrowed(if followed { eol } else { "" });
            last.blanks = if tail.is_empty() { apart } else { tail };
        }
        self.parts.insert(at, part);
    }

    /// Where a new group goes: behind all that stands, but in order among the groups that hold nothing but `generated`.
    fn place(&self, title: Option<&str>, generated: Option<&HashSet<String>>) -> usize {
        let rank = |title: Option<&str>| title.and_then(group_of);
        let end = self.parts.len();
        let ours = |part: &&Part<'_>| {
            rank(part.title).is_some()
                && !part.blocks.is_empty()
                && part
                    .blocks
                    .iter()
                    .all(|block| generated.is_some_and(|known| known.contains(&block.key())))
        };
        let trailing = self.parts.iter().rev().take_while(ours).count();
        let later = self
            .parts
            .iter()
            .skip(end - trailing)
            .position(|part| rank(part.title) > rank(title));
        later.map_or(end, |position| end - trailing + position)
    }
}

impl<'a> Part<'a> {
    fn push_line(&mut self, text: &'a str, line: &Line<'a>, last: Kind<'_>) {
        let joins = match line.kind {
            Kind::Continued => true,
            Kind::Text => last == Kind::Text,
            Kind::Raw => last == Kind::Raw,
            Kind::Item | Kind::Definition { .. } | Kind::Blank | Kind::Heading { .. } | Kind::Underline => false,
        };
        // A blank line of fenced code is `Raw`; `blanks` inside an item belong to it once the item goes on.
        match self.blocks.last_mut().filter(|_| joins) {
            Some(block) => {
                let blanks = std::mem::take(&mut block.blanks);
                let length = block.content.len() + blanks.len() + line.text.len();
                block.content = Cow::Borrowed(text.get(line.end() - length..line.end()).unwrap_or_default());
            }
            None => self.blocks.push(Block {
                content: Cow::Borrowed(line.text),
                blanks: Cow::Borrowed(""),
                is_item: line.kind == Kind::Item,
                is_prose: line.kind == Kind::Text || line.text.trim_start().starts_with(['`', '~']),
            }),
        }
    }

    /// Adds entries at the end, set apart as those that stand are; the blank lines at the end stay there.
    fn append(&mut self, blocks: Vec<Block<'a>>, followed: bool, eol: &'static str) {
        let loose = matches!(&self.blocks[..], [first, _, ..] if first.is_item && !first.blanks.is_empty());
        let tail = match self.blocks.last_mut() {
            Some(last) => std::mem::take(&mut last.blanks),
            None => Cow::Borrowed(if followed { eol } else { "" }),
        };
        if self.title.is_some() && self.blocks.is_empty() && !ends_blank(&self.head) {
            self.head.to_mut().push_str(eol);
        }
        for block in blocks {
            if let Some(above) = self.blocks.last_mut() {
                let apart = loose || !(above.is_item && block.is_item);
                above.blanks = Cow::Borrowed(if apart { eol } else { "" });
            }
            self.blocks.push(Block {
                blanks: Cow::Borrowed(""),
                ..block
            });
        }
        if let Some(last) = self.blocks.last_mut() {
            last.blanks = tail;
        }
    }

    /// Changes the entries' marker to that of another list: a different one would start a list of its own.
    fn take_marker_of(&mut self, other: &Self) {
        let last = other.blocks.iter().rev().find(|block| block.is_item);
        let marker = last.and_then(|block| block.content.get(..1));
        let Some(marker) = marker.filter(|marker| matches!(*marker, "-" | "*" | "+")) else {
            return;
        };
        for block in &mut self.blocks {
            if block.is_item && block.content.starts_with(['-', '*', '+']) && !block.content.starts_with(marker) {
                block.content.to_mut().replace_range(..1, marker);
            }
        }
    }
}

/// Grows a borrowed piece of `text` by the line that follows it there.
fn extend<'a>(piece: &mut Cow<'a, str>, text: &'a str, line: &Line<'a>) {
    let start = line.start - piece.len();
    *piece = Cow::Borrowed(text.get(start..line.end()).unwrap_or_default());
}

fn same_title(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same_group(a, b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a head or the blank lines behind a block end with a blank line.
fn ends_blank(text: &str) -> bool {
    text.split_inclusive('\n')
        .next_back()
        .is_some_and(|line| line.trim().is_empty())
}
