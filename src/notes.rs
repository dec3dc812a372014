//! Release notes: entries to Markdown, by git-cliff's template engine. The only file that names git-cliff-core.
//!
//! Owns what an entry looks like. Knows nothing of commits or of the changelog's file: git-cliff's own reading of
//! commits, its grouping and its version bump are not used, since `core` has decided all three. So the template gets the
//! entries as they are, not as git-cliff's `Commit`s, whose other twenty fields would only be serialised and ignored;
//! and however many releases there are, they are rendered in one call.
//!
//! The texts of entries are data: they are never read as a template, what would break a line becomes a space, and what Markdown
//! would read as its own is escaped, code spans aside.

mod escape;

use std::collections::{HashMap, HashSet};

use git_cliff_core::template::Template;
use serde::Serialize;

use self::escape::escape;
use crate::core::changelog::{Entry, Group};

/// One group under the next, one entry a line; each group ends with a blank line.
const TEMPLATE: &str = "\
{% for section in sections %}{% if section.heading %}## {{ section.heading }}

{% endif %}{% for group in section.groups %}### {{ group.name }}

{% for entry in group.entries %}- \
{% if entry.breaking %}**breaking:** {% endif %}\
{% if entry.scope %}**{{ entry.scope }}:** {% endif %}\
{{ entry.summary }}\
{% if entry.link %} ({{ entry.link }}){% endif %}
{% endfor %}
{% endfor %}{% endfor %}";

/// Why notes could not be rendered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotesError {
    /// The template is not one.
    #[error("cannot compile the template of the release notes")]
    Compile(#[source] Box<git_cliff_core::error::Error>),
    /// The template does not fit the entries.
    #[error("cannot render the release notes")]
    Render(#[source] Box<git_cliff_core::error::Error>),
}

/// Renders entries as the text of changelog sections.
#[derive(Debug)]
pub(crate) struct Renderer {
    template: Template,
}

impl Renderer {
    /// Compiles the template.
    ///
    /// # Errors
    /// Where git-cliff refuses the template.
    pub(crate) fn new() -> Result<Self, NotesError> {
        // The name decides that nothing is escaped: Tera escapes what ends with `.html`, `.htm` and `.xml`.
        let template = Template::new("notes.md", TEMPLATE.to_owned(), false);
        template
            .map(|template| Self { template })
            .map_err(|error| NotesError::Compile(Box::new(error)))
    }

    /// One section's text, without its heading: groups in [`Group`]'s order; in each the breaking entries first, else
    /// in the order given. Entries of equal group, scope and summary are listed once, with the first one's link, and
    /// are breaking where one of them is. Ends with one line feed; without entries it is empty.
    ///
    /// # Errors
    /// Where git-cliff cannot render the entries.
    pub(crate) fn section(&self, entries: &[Entry]) -> Result<String, NotesError> {
        self.render(&[SectionView::new(None, entries)])
    }

    /// Sections with their headings (such as `[0.2.0] - 2026-01-01`) in the order given, each as [`Self::section`].
    ///
    /// # Errors
    /// As for [`Self::section`].
    pub(crate) fn all(&self, sections: &[(String, Vec<Entry>)]) -> Result<String, NotesError> {
        let views: Vec<_> = sections
            .iter()
            .map(|(heading, entries)| SectionView::new(Some(one_line(heading)), entries))
            .collect();
        self.render(&views)
    }

    fn render(&self, sections: &[SectionView<'_>]) -> Result<String, NotesError> {
        let context = Context { sections };
        let nothing_more: Option<&HashMap<String, String>> = None;
        let mut text = self
            .template
            .render(&context, nothing_more, &[])
            .map_err(|error| NotesError::Render(Box::new(error)))?;
        text.truncate(text.trim_end().len());
        if !text.is_empty() {
            text.push('\n');
        }
        Ok(text)
    }
}

#[derive(Serialize)]
struct Context<'a> {
    sections: &'a [SectionView<'a>],
}

#[derive(Serialize)]
struct SectionView<'a> {
    heading: Option<String>,
    groups: Vec<GroupView<'a>>,
}

#[derive(Serialize)]
struct GroupView<'a> {
    name: &'a str,
    entries: Vec<EntryView>,
}

#[derive(Serialize)]
struct EntryView {
    breaking: bool,
    scope: Option<String>,
    summary: String,
    link: Option<String>,
}

impl SectionView<'_> {
    fn new(heading: Option<String>, entries: &[Entry]) -> Self {
        let breaking: HashSet<_> = entries.iter().filter(|entry| entry.breaking).map(identity).collect();
        let mut seen = HashSet::new();
        let mut once: Vec<(Group, EntryView)> = entries
            .iter()
            .filter(|entry| seen.insert(identity(entry)))
            .map(|entry| (entry.group, EntryView::new(entry, breaking.contains(&identity(entry)))))
            .collect();
        once.sort_by_key(|(group, entry)| (*group, !entry.breaking));

        let mut groups: Vec<GroupView<'_>> = Vec::new();
        for (group, entry) in once {
            match groups.last_mut() {
                Some(last) if last.name == group.as_str() => last.entries.push(entry),
                Some(_) | None => groups.push(GroupView {
                    name: group.as_str(),
                    entries: vec![entry],
                }),
            }
        }
        Self { heading, groups }
    }
}

impl EntryView {
    fn new(entry: &Entry, breaking: bool) -> Self {
        let scope = entry.scope.as_deref().map(one_line).filter(|scope| !scope.is_empty());
        let scope = scope.map(|scope| escape(&scope));
        let link = entry.link.as_ref().map(|link| {
            let text = one_line(&link.text);
            match &link.url {
                Some(url) => format!("[{}]({})", escape_label(&text), escape_url(url)),
                None => text,
            }
        });
        Self {
            breaking,
            scope,
            summary: escape(&one_line(&entry.summary)),
            link,
        }
    }
}

/// What makes two entries one.
fn identity(entry: &Entry) -> (Group, Option<&str>, &str) {
    (entry.group, entry.scope.as_deref(), entry.summary.trim())
}

/// The text with each run of white space and control characters made one space, and none at its ends.
fn one_line(text: &str) -> String {
    let apart = |c: char| c.is_whitespace() || c.is_control();
    let mut line = String::with_capacity(text.len());
    for word in text.split(apart).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

fn escape_label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// The URL with what would end a Markdown link percent-encoded (RFC 3986, section 2.1).
fn escape_url(url: &str) -> String {
    let mut escaped = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            ' ' | '(' | ')' | '<' | '>' | '\\' | '\u{0}'..='\u{1f}' | '\u{7f}' => {
                escaped.push_str(&format!("%{:02X}", u32::from(c)));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::core::changelog::Link;

    fn entry(group: Group, breaking: bool, scope: &str, summary: &str, link: Option<(&str, Option<&str>)>) -> Entry {
        Entry {
            group,
            breaking,
            scope: (!scope.is_empty()).then(|| scope.to_owned()),
            summary: summary.to_owned(),
            link: link.map(|(text, url)| Link {
                text: text.to_owned(),
                url: url.map(ToOwned::to_owned),
            }),
        }
    }

    fn rendered(entries: &[Entry]) -> String {
        Renderer::new().unwrap().section(entries).unwrap()
    }

    #[test]
    fn groups_in_order_and_breaking_first() {
        let entries = [
            entry(
                Group::Fixed,
                false,
                "core",
                "quiet",
                Some(("#12", Some("https://e.org/12"))),
            ),
            entry(Group::Added, false, "", "plain", None),
            entry(Group::Security, false, "", "a hole", Some(("3fa9c1d", None))),
            entry(Group::Added, true, "api", "loud", None),
            entry(Group::Added, false, "", "later", None),
        ];
        assert_snapshot!(rendered(&entries), @"
        ### Added

        - **breaking:** **api:** loud
        - plain
        - later

        ### Fixed

        - **core:** quiet ([#12](https://e.org/12))

        ### Security

        - a hole (3fa9c1d)
        ");
        assert_eq!(rendered(&[]), "");
    }

    #[test]
    fn duplicates_are_listed_once() {
        let entries = [
            entry(Group::Fixed, false, "", "other", None),
            entry(Group::Fixed, false, "", "same", Some(("#1", None))),
            entry(Group::Fixed, true, "", "same ", Some(("#2", None))),
            entry(Group::Fixed, false, "x", "same", None),
        ];
        assert_snapshot!(rendered(&entries), @"
        ### Fixed

        - **breaking:** same (#1)
        - other
        - **x:** same
        ");
    }

    #[test]
    fn texts_are_data() {
        let hostile = "{{ sections }} {% raw %} {# x #} <b>&amp; \"q\" 'a' *b* `c` [d]\n## [9.9.9]\r\n\u{2028}\0- e";
        let url = "https://e.org/(x) y>\n";
        let entries = [entry(Group::Added, false, "{{a}}\n", hostile, Some(("a]b", Some(url))))];
        assert_snapshot!(rendered(&entries), @r#"
        ### Added

        - **{{a}}:** {{ sections }} {% raw %} {# x #} \<b>\&amp; "q" 'a' \*b\* `c` \[d] ## \[9.9.9] - e ([a\]b](https://e.org/%28x%29%20y%3E%0A))
        "#);
    }

    #[test]
    fn the_whole_history() {
        let sections = [
            (
                "[0.2.0] - 2026-02-01".to_owned(),
                vec![entry(Group::Added, false, "", "two", None)],
            ),
            ("[0.1.1] - 2026-01-02".to_owned(), vec![]),
            (
                "[0.1.0] - 2026-01-01".to_owned(),
                vec![entry(Group::Fixed, false, "", "one", None)],
            ),
        ];
        assert_snapshot!(Renderer::new().unwrap().all(&sections).unwrap(), @"
        ## [0.2.0] - 2026-02-01

        ### Added

        - two

        ## [0.1.1] - 2026-01-02

        ## [0.1.0] - 2026-01-01

        ### Fixed

        - one
        ");
    }
}
