//! The rooms and who may enter which (ARCHITECTURE.md), read off the source text; and the test that such a test can fail.

use std::path::{Path, PathBuf};

/// A room, and the rooms that it may name.
const ROOMS: [(&str, &[&str]); 8] = [
    ("core", &[]),
    ("host", &["core"]),
    ("notes", &["core"]),
    ("engine", &["host", "core"]),
    ("app", &["engine", "host", "notes", "core"]),
    ("fuzzing", &["engine"]),
    ("wire", &["app", "core"]),
    ("ui", &["app", "wire", "core"]),
];
/// The fixtures that unit tests share with these tests.
const FIXTURES: &str = "support";
/// What only one room may name.
const RESERVED: [(&str, &str); 4] = [
    ("git_cliff_core", "notes"),
    ("gix::Repository", "host"),
    ("xshell", "host"),
    ("std::process", "host"),
];
/// How the program ends is for its front end to say.
const EXIT_CODE: &str = "std::process::ExitCode";
/// The longest a file may be.
const MOST_LINES: usize = 600;

/// What is wrong with a file of `src`, by its path below there.
fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let fault = |number: usize, what: String| format!("src/{}:{}: {what}", path.display(), number + 1);
    if !text.starts_with("//!") && !text.starts_with("#![") {
        found.push(fault(0, "has no header".to_owned()));
    }
    if text.lines().count() > MOST_LINES {
        found.push(fault(MOST_LINES, format!("is longer than {MOST_LINES} lines")));
    }
    let first = path.iter().next().unwrap().to_str().unwrap();
    let room = first.strip_suffix(".rs").unwrap_or(first);
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return found;
    };
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for target in named_rooms(code) {
            if target != room && target != FIXTURES && !allowed.contains(&target) {
                found.push(fault(number, format!("`{room}` names `{target}`")));
            }
        }
        let code = code.replace(EXIT_CODE, "");
        for (word, owner) in RESERVED {
            if code.contains(word) && room != owner {
                found.push(fault(number, format!("`{word}` belongs to `{owner}`")));
            }
        }
    }
    found
}

/// The first segment behind every `crate::` of a line, that of a group `crate::{a, b}` among them.
fn named_rooms(code: &str) -> Vec<&str> {
    let word = |text: &'_ str| {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default()
            .len()
    };
    let mut rooms = Vec::new();
    for (at, name) in code.match_indices("crate::") {
        // `verify_crate::` is a module's name, not the root.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + name.len()..];
        match rest.strip_prefix('{') {
            None => rooms.push(&rest[..word(rest)]),
            Some(group) => {
                let group = group.split('}').next().unwrap_or_default();
                rooms.extend(group.split(',').map(str::trim).map(|item| &item[..word(item)]));
            }
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms
}

/// Every `.rs` file below a directory of the package, by its path below there.
fn sources(below: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let (mut pending, mut found) = (vec![root.clone()], Vec::new());
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn imports_point_downward() {
    let sources = sources("src");
    assert!(sources.len() > 50, "the sources were not found");
    let faults: Vec<String> = sources.iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn tests_are_short_and_say_what_they_are() {
    for (path, text) in ["tests", "xtask"].into_iter().flat_map(sources) {
        assert!(text.starts_with("//!"), "{} has no header", path.display());
        assert!(text.lines().count() <= MOST_LINES, "{} is too long", path.display());
    }
}

#[test]
fn every_room_is_in_the_table() {
    for (path, _) in sources("src") {
        let first = path.iter().next().unwrap().to_str().unwrap();
        let room = first.strip_suffix(".rs").unwrap_or(first);
        let known = ROOMS.iter().any(|(name, _)| *name == room);
        assert!(known || ["lib", "main"].contains(&room), "`{room}` is no room");
    }
}

/// A guard that cannot fail guards nothing.
#[test]
fn the_guard_can_fail() {
    let bad = [
        ("core/plan.rs", "use crate::host::fs;"),
        ("core/plan.rs", "let now = crate::engine::now();"),
        ("core/plan.rs", "use crate::{core::ids, app};"),
        ("core/plan.rs", "fn read(repo: &gix::Repository) {}"),
        ("host/fs.rs", "use crate::engine::journal;"),
        ("engine/runner.rs", "use crate::app::Error;"),
        ("engine/runner.rs", "use std::process::Command;"),
        ("app/act.rs", "use crate::wire;"),
        ("wire.rs", "use crate::host::clock;"),
        ("ui/cli/mod.rs", "use crate::engine::runner;"),
        ("ui/cli/mod.rs", "std::process::exit(1);"),
        ("app/changelog.rs", "use git_cliff_core::changelog::Changelog;"),
    ];
    for (path, line) in bad {
        assert_eq!(
            faults(Path::new(path), &format!("//! X.\n{line}\n")).len(),
            1,
            "{path}: {line}"
        );
    }
    let good = [
        ("ui/cli/mod.rs", "use std::process::ExitCode;"),
        ("app/act.rs", "use crate::{core::ids, engine};"),
        ("core/plan.rs", "//  crate::host is not named here"),
        ("app/mod.rs", "pub use verify_crate::host;"),
        ("notes.rs", "use git_cliff_core::changelog::Changelog;"),
    ];
    for (path, line) in good {
        assert_eq!(
            faults(Path::new(path), &format!("//! X.\n{line}\n")),
            [""; 0],
            "{path}: {line}"
        );
    }
    assert_eq!(
        faults(Path::new("core/plan.rs"), "use crate::core::ids;\n").len(),
        1,
        "a header is missing"
    );
    assert_eq!(
        faults(Path::new("core/plan.rs"), &"//! X.\n".repeat(601)).len(),
        1,
        "too long"
    );
}
