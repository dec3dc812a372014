//! docs/configuration.md, held against the reader of configurations.

use std::collections::BTreeSet;

use cargo_sentinel::core::policy::{self, Policy, keys};

const PAGE: &str = include_str!("../../docs/configuration.md");

/// The sections of the page: their heading there, the line that opens them in a file, and the keys that the reader knows.
const SECTIONS: [(&str, &str, &[&[&str]]); 8] = [
    ("## Top level", "", &[keys::TOP]),
    ("## `[release]`", "[release]", &[keys::RELEASE]),
    ("## `[version]`", "[version]", &[keys::VERSION]),
    ("## `[changelog]`", "[changelog]", &[keys::CHANGELOG]),
    (
        "## `[[artifact]]`",
        "[[artifact]]",
        &[keys::CRATE, keys::BINARY, keys::FILE],
    ),
    ("## `[trust]`", "[trust]", &[keys::TRUST]),
    ("## `[hooks]`", "[hooks]", &[keys::HOOKS]),
    ("## `[environments.NAME]`", "[environments.prod]", &[keys::ENVIRONMENT]),
];

/// A row of a section's table.
struct Row {
    key: &'static str,
    default: &'static str,
    example: &'static str,
}

fn rows(heading: &str) -> Vec<Row> {
    let (_, section) = PAGE.split_once(&format!("{heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{line}");
        Row {
            key: cells[0].trim_matches('`'),
            default: cells[1],
            example: cells[2].trim_matches('`'),
        }
    };
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(row)
        .collect()
}

/// What an artifact needs beside one of its keys.
fn beside(key: &str) -> &'static str {
    match key {
        "kind" => "package = \"demo\"\n",
        "package" => "kind = \"crate\"\n",
        "bin" => "kind = \"binary\"\npackage = \"demo\"\n",
        "target" => "kind = \"binary\"\npackage = \"demo\"\nbin = \"demo\"\n",
        "name" => "kind = \"file\"\nbuild = [\"make\"]\npath = \"a\"\n",
        "build" => "kind = \"file\"\nname = \"a\"\npath = \"a\"\n",
        "path" => "kind = \"file\"\nname = \"a\"\nbuild = [\"make\"]\n",
        _ => "",
    }
}

#[test]
fn every_key_is_listed() {
    for (heading, _, known) in SECTIONS {
        let listed: Vec<&str> = rows(heading).iter().map(|row| row.key).collect();
        let unique: BTreeSet<&str> = listed.iter().copied().collect();
        let known: BTreeSet<&str> = known.iter().copied().flatten().copied().collect();
        assert_eq!(unique, known, "{heading}");
        assert_eq!(listed.len(), unique.len(), "{heading}");
    }
}

#[test]
fn every_example_is_read() {
    for (heading, opening, _) in SECTIONS {
        for Row { key, example, .. } in rows(heading) {
            let needed = match (opening, example) {
                ("[[artifact]]", _) => beside(key),
                (_, "[[artifact]]") => "kind = \"crate\"\npackage = \"demo\"\n",
                _ => "",
            };
            let text = format!("{opening}\n{example}\n{needed}");
            let read = policy::parse(&text, "sentinel.toml");
            assert!(read.is_ok(), "{heading} {text}: {read:?}");
        }
    }
    let whole = PAGE.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let read = policy::parse(whole, "sentinel.toml").unwrap();
    assert_eq!(read.artifacts.map(|artifacts| artifacts.len()), Some(2));
}

#[test]
fn every_default_that_is_a_value_changes_nothing() {
    let mut values = 0;
    for (heading, opening, _) in SECTIONS {
        for Row { key, default, .. } in rows(heading) {
            let value = default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
            let Some(value) = value.filter(|value| value.starts_with(&format!("{key} = "))) else {
                continue;
            };
            let read = policy::parse(&format!("{opening}\n{value}\n"), "sentinel.toml").unwrap();
            assert_eq!(read, Policy::default(), "{heading} {value}");
            values += 1;
        }
    }
    assert_eq!(values, 5);
}
