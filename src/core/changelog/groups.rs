//! The words that a changelog has for the groups of changes, and the form of its entries.

use super::Group;
use super::parse::{Changelog, Section};
use super::scan::{Kind, Line, scan_part};

/// Words for each group, in lower case; of a heading only its letters count.
const WORDS: [(Group, &[&str]); 6] = [
    (
        Group::Added,
        &[
            "added",
            "add",
            "adds",
            "additions",
            "new",
            "new feature",
            "new features",
            "feature",
            "features",
            "feat",
            "feats",
            "feature added",
            "features added",
        ],
    ),
    (
        Group::Changed,
        &[
            "changed",
            "change",
            "changes",
            "improved",
            "improvement",
            "improvements",
            "enhancement",
            "enhancements",
            "updated",
            "updates",
            "other changes",
            "general changes",
        ],
    ),
    (
        Group::Deprecated,
        &["deprecated", "deprecation", "deprecations", "deprecates"],
    ),
    (
        Group::Removed,
        &[
            "removed",
            "removal",
            "removals",
            "remove",
            "removes",
            "removed features",
        ],
    ),
    (
        Group::Fixed,
        &[
            "fixed",
            "fix",
            "fixes",
            "bug fix",
            "bug fixes",
            "bugfix",
            "bugfixes",
            "bugs",
            "bugs fixed",
            "fixed bugs",
        ],
    ),
    (
        Group::Security,
        &[
            "security",
            "security fix",
            "security fixes",
            "security updates",
            "vulnerabilities",
        ],
    ),
];

/// The group that a heading's words name, whatever stands around them.
pub(super) fn group_of(title: &str) -> Option<Group> {
    let words = without_marks(title).to_lowercase();
    let words: Vec<_> = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let words = words.join(" ");
    WORDS
        .iter()
        .find(|(_, known)| known.contains(&words.as_str()))
        .map(|(group, _)| *group)
}

/// A heading's text without comments and the names of emoji.
fn without_marks(title: &str) -> String {
    let mut text = title.to_owned();
    while let Some((start, end)) = text
        .find("<!--")
        .and_then(|start| Some((start, start + text.get(start..)?.find("-->")? + 3)))
    {
        text.replace_range(start..end, " ");
    }
    let emoji = |word: &&str| word.len() > 2 && word.starts_with(':') && word.ends_with(':');
    text.split_whitespace()
        .filter(|word| !emoji(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// How a changelog lists changes.
#[derive(Debug, Clone)]
pub(super) struct Listing<'a> {
    /// The level of the groups' headings; `None` where entries stand below the release's heading at once.
    level: Option<usize>,
    /// The heading of each group that has one, the newest first.
    titles: Vec<(Group, &'a str)>,
    /// What stands before an entry's text.
    marker: Option<&'a str>,
    /// Whether a blank line stands below the headings of groups.
    apart: bool,
}

impl<'a> Listing<'a> {
    /// Learns from the sections of a changelog, the newest first.
    pub(super) fn learn(changelog: &Changelog<'a>) -> Self {
        let mut listing = Self {
            level: None,
            titles: Vec::new(),
            marker: None,
            apart: true,
        };
        let mut flat = false;
        for section in &changelog.sections {
            listing.learn_from(section, &mut flat);
        }
        let keeps_groups = changelog.preamble.to_lowercase().contains("keep a changelog");
        if listing.level.is_none() && (!flat || keeps_groups) {
            let above = changelog.sections.first().map_or(2, |section| section.level);
            listing.level = Some(first_heading_level(changelog).unwrap_or(above + 1));
        }
        listing
    }

    fn learn_from(&mut self, section: &Section<'a>, flat: &mut bool) {
        let Ok(lines) = scan_part(section.body) else { return };
        let mut grouped = false;
        for (at, line) in lines.iter().enumerate() {
            match line.kind {
                Kind::Heading { level, title } => {
                    grouped = true;
                    let Some(group) = group_of(title) else { continue };
                    if self.level.is_none() {
                        self.level = Some(level);
                        self.apart = lines.get(at + 1).is_none_or(|next| next.kind != Kind::Item);
                    }
                    if !self.titles.iter().any(|(known, _)| *known == group) {
                        self.titles.push((group, title));
                    }
                }
                Kind::Item => {
                    *flat |= !grouped;
                    if self.marker.is_none() {
                        self.marker = bullet(line.text);
                    }
                }
                Kind::Blank | Kind::Underline | Kind::Continued | Kind::Raw | Kind::Definition { .. } | Kind::Text => {}
            }
        }
    }

    /// A group's heading, without its ending.
    fn heading(&self, level: usize, group: Group) -> String {
        let marks = "#".repeat(level);
        if let Some((_, title)) = self.titles.iter().find(|(known, _)| *known == group) {
            return format!("{marks} {title}");
        }
        let word = group.as_str();
        let all = |test: fn(char) -> bool| {
            let mut letters = self
                .titles
                .iter()
                .flat_map(|(_, title)| title.chars())
                .filter(|c| c.is_alphabetic())
                .peekable();
            letters.peek().is_some() && letters.all(test)
        };
        let word = match (all(char::is_lowercase), all(char::is_uppercase)) {
            (true, _) => word.to_lowercase(),
            (false, true) => word.to_uppercase(),
            (false, false) => word.to_owned(),
        };
        let colon = !self.titles.is_empty() && self.titles.iter().all(|(_, title)| title.ends_with(':'));
        format!("{marks} {word}{}", if colon { ":" } else { "" })
    }

    /// Rendered entries, in this form and with these line endings.
    ///
    /// # Errors
    /// With the text of a heading that would not stay inside the section, or what is never closed.
    pub(super) fn dress(&self, entries: &str, eol: &str) -> Result<String, Undressable> {
        let lines = scan_part(entries).map_err(|unclosed| Undressable::Unclosed(unclosed.closing))?;
        let mut text = String::with_capacity(entries.len());
        let mut below_heading = false;
        for line in lines {
            let bare = line.text.trim_end_matches(['\r', '\n']);
            match (line.kind, self.level) {
                (Kind::Heading { level: 1 | 2, title }, _) => return Err(Undressable::Outgrows(title.to_owned())),
                (Kind::Heading { level: 3, .. }, None) => {
                    below_heading = true;
                    continue;
                }
                (Kind::Heading { level: 3, title }, Some(level)) => {
                    match group_of(title) {
                        Some(group) => text.push_str(&self.heading(level, group)),
                        None => text.push_str(&format!("{} {title}", "#".repeat(level))),
                    }
                    below_heading = true;
                }
                (Kind::Blank, level) if (below_heading && !self.apart) || level.is_none() => continue,
                (Kind::Item, _) => {
                    let marker = self.marker.unwrap_or("- ");
                    text.push_str(
                        &bare
                            .strip_prefix("- ")
                            .map_or(bare.to_owned(), |entry| format!("{marker}{entry}")),
                    );
                    below_heading = false;
                }
                (
                    Kind::Heading { .. }
                    | Kind::Underline
                    | Kind::Blank
                    | Kind::Continued
                    | Kind::Raw
                    | Kind::Definition { .. }
                    | Kind::Text,
                    _,
                ) => text.push_str(bare),
            }
            text.push_str(eol);
        }
        Ok(text)
    }
}

/// Why generated entries cannot stand in a section.
#[derive(Debug)]
pub(super) enum Undressable {
    /// A heading above the groups'.
    Outgrows(String),
    /// Something is never closed by this.
    Unclosed(&'static str),
}

/// The level of the first heading below a release's.
fn first_heading_level(changelog: &Changelog<'_>) -> Option<usize> {
    changelog.sections.iter().find_map(|section| {
        let lines = scan_part(section.body).ok()?;
        lines
            .iter()
            .filter_map(Line::heading_level)
            .find(|level| (2..=4).contains(level))
    })
}

/// A bullet with the blanks around it.
fn bullet(line: &str) -> Option<&str> {
    let text = line.trim_start_matches([' ', '\t']).strip_prefix(['-', '*', '+'])?;
    let text = text.trim_start_matches([' ', '\t']);
    let marker = line.get(..line.len() - text.len())?;
    (marker.ends_with([' ', '\t']) && !text.trim().is_empty()).then_some(marker)
}

/// Whether two headings name one group.
pub(super) fn same_group(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || group_of(a).is_some_and(|group| group_of(b) == Some(group))
}
