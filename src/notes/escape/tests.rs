//! What a reader of CommonMark, and one with GitHub's extensions, sees of an escaped line.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::*;

/// What is seen of the first entry, when the line stands in a changelog; panics where the document around it is not the same.
fn seen(line: &str, options: Options) -> String {
    let text = format!(
        "# Changelog\n\n## 1.1.0\n\n- {}\n- next\n\n## 1.0.0\n\n[1.0.0]: https://e.org/1\n[x]: https://e.org/x\n[^1]: note\n",
        escape(line)
    );
    let (mut items, mut outline) = (Vec::<String>::new(), Vec::new());
    for event in Parser::new_ext(&text, options) {
        assert!(is_plain(&event), "{line:?} becomes {event:?}");
        if let Event::Text(text) | Event::Code(text) = &event
            && outline.last() == Some(&"list")
            && let Some(item) = items.last_mut()
        {
            item.push_str(text);
        } else if let Event::Start(Tag::Item) = event {
            items.push(String::new());
        } else if let Event::Start(Tag::Heading { .. }) = event {
            outline.push("heading");
        } else if let Event::Start(Tag::List(_)) = event {
            outline.push("list");
        } else if let Event::End(TagEnd::List(_)) = event {
            outline.push("end");
        }
    }
    assert_eq!(outline, ["heading", "heading", "list", "end", "heading"], "{line:?}");
    assert_eq!(items.len(), 2, "{line:?}");
    assert_eq!(items[1], "next", "{line:?}");
    items.swap_remove(0)
}

/// Whether an event is one of the document's own, of text, code or an address: nothing else may be made of the line.
fn is_plain(event: &Event<'_>) -> bool {
    use Tag::{FootnoteDefinition, Heading, Item, Link, List, Paragraph};
    matches!(event, Event::Text(_) | Event::Code(_) | Event::End(_))
        || matches!(
            event,
            Event::Start(Heading { .. } | List(_) | Item | Paragraph | Link { .. } | FootnoteDefinition(_))
        )
}

fn everywhere(line: &str) -> [String; 2] {
    let github = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    [
        seen(line, Options::empty()),
        seen(line, github | Options::ENABLE_FOOTNOTES | Options::ENABLE_GFM),
    ]
}

#[test]
fn lines_as_they_are_written_and_as_they_are_seen() {
    let table = [
        ("accept Vec<u8>", r"accept Vec\<u8>"),
        ("close <details> in notes", r"close \<details> in notes"),
        ("see <!-- and <?php", r"see \<!-- and \<?php"),
        ("a < b, a <= b, a -> b, a => b", "a < b, a <= b, a -> b, a => b"),
        ("keep snake_case and __init__", r"keep snake_case and \_\_init\_\_"),
        ("2 * 3 is not *important*", r"2 * 3 is not \*important\*"),
        ("take ~5 and ~/x~ and a~b~", r"take ~5 and ~/x\~ and a\~b\~"),
        ("[x]: y", r"\[x]: y"),
        ("use [1.0.0] and [this](there)", r"use \[1.0.0] and \[this](there)"),
        ("show ![image](x)", r"show !\[image](x)"),
        ("&amp; &#42; &#x2a; & a && b; &c", r"\&amp; \&#42; \&#x2a; & a && b; &c"),
        (r"C:\dir \* \", r"C:\dir \\\* \\"),
        ("an ` unbalanced `` one", r"an \` unbalanced \`\` one"),
        ("# heading", r"\# heading"),
        ("#12 is gone", "#12 is gone"),
        ("- item", r"\- item"),
        ("-v is verbose", "-v is verbose"),
        ("--- rule", r"\--- rule"),
        ("+ item", r"\+ item"),
        ("> quote", r"\> quote"),
        ("1. item", r"1\. item"),
        ("12) item", r"12\) item"),
        ("1.2.3 is out", "1.2.3 is out"),
        ("[ ] task", r"\[ ] task"),
        ("[^1] note", r"\[^1] note"),
        ("| a | b |", "| a | b |"),
        ("~~~ fence", r"\~\~\~ fence"),
        ("thank @someone", "thank @someone"),
        ("see https://e.org/a_b?c=d&e=f.", "see https://e.org/a_b?c=d&e=f."),
        ("see https://e.org/_a_*b*c now", "see <https://e.org/_a_*b*c> now"),
        ("see <https://e.org/x>", r"see \<<https://e.org/x>>"),
        ("(https://e.org/(x))", "(https://e.org/(x))"),
        (
            "{{ sections }} {% raw %} :tada: $x$",
            "{{ sections }} {% raw %} :tada: $x$",
        ),
        ("größer_als und 日_本", "größer_als und 日_本"),
    ];
    for (line, written) in table {
        assert_eq!(escape(line), written, "{line:?}");
        assert_eq!(everywhere(line), [line, line], "{line:?}");
    }
}

#[test]
fn code_is_kept() {
    let table = [
        ("keep `<b>` in code", "keep <b> in code"),
        ("`a_b` `*c*` ``d`e``", "a_b *c* d`e"),
        ("```a``` <b>", "a <b>"),
        (r"\`a` b`", r"\a b`"),
        ("`` ` `` and `", "` and `"),
        ("`[x](y)`", "[x](y)"),
    ];
    for (line, expected) in table {
        assert_eq!(everywhere(line), [expected, expected], "{line:?}");
    }
    assert_eq!(escape("keep `<b>` in code"), "keep `<b>` in code");
}

#[test]
fn hostile_lines_cost_what_they_are_long() {
    for unit in ["_", "*", "`", "`` ` ", "&", "http://", "[", "<", "\\", "~", "#"] {
        let line = unit.repeat(200_000 / unit.len());
        assert!(escape(line.trim()).len() <= 2 * line.len());
    }
}

/// A line as `one_line` leaves it.
fn line(raw: &str) -> String {
    raw.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn text_is_seen_as_it_was_written(raw in "([a-z1é]|[-<>!#&;*_~()\\[\\]:|+.\\\\/\"'=^$@{} ]|&amp;|https://e\\.org/|<b>|1\\. |\\[x\\]){1,16}") {
        let line = line(&raw);
        prop_assume!(!line.is_empty());
        prop_assert_eq!(everywhere(&line), [line.clone(), line]);
    }

    #[test]
    fn any_line_leaves_the_document_as_it_was(raw in "([a-z1]|[-<>!#&;*_~()\\[\\]:`` \\\\]|``|&lt;|<!--){1,20}") {
        let line = line(&raw);
        prop_assume!(!line.is_empty());
        let bare = |text: &str| text.replace(['`', ' '], "");
        for seen in everywhere(&line) {
            prop_assert_eq!(bare(&seen), bare(&line));
        }
    }

    #[test]
    fn code_between_text_is_seen_without_its_backticks(
        parts in prop::collection::vec(("[a-z<*_&\\[\\\\]{1,6}", "[a-z<*_&\\[\\\\ ]{0,4}[a-z<*_&\\[\\\\]", 1..4_usize), 1..4),
    ) {
        let (mut line, mut expected) = (String::new(), String::new());
        for (text, code, ticks) in parts {
            let ticks = "`".repeat(ticks);
            line.push_str(&format!("{text}{ticks}{code}{ticks}"));
            expected.push_str(&format!("{text}{code}"));
        }
        prop_assume!(!line.contains("` ") && !line.contains("  "));
        prop_assert_eq!(everywhere(&line), [expected.clone(), expected]);
    }
}
