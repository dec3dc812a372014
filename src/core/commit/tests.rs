//! What messages mean: cases, and two other readers to differ from.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;

fn header(message: &str) -> Option<Conventional> {
    match read(message.as_bytes()).kind {
        Kind::Conventional(header) => Some(header),
        Kind::Revert { .. } | Kind::Merge | Kind::Fixup | Kind::Other => None,
    }
}

fn told(header: &Conventional) -> String {
    let scope = header
        .scope
        .as_ref()
        .map_or_else(String::new, |scope| format!("({scope})"));
    let mark = if header.breaking { "!" } else { "" };
    format!("{}{scope}{mark}: {}", header.kind, header.summary)
}

#[test]
fn headers_by_the_specification() {
    let table = [
        ("feat: x", "feat: x"),
        ("FEAT(Core)!: Add X", "feat(Core)!: Add X"),
        ("fix(a b): x", "fix(a b): x"),
        ("feat2: x", "feat2: x"),
        ("my-own_type(a: b)!: x: y", "my-own_type(a: b)!: x: y"),
        ("fix:   x  ", "fix: x"),
        ("\n \t\r\n\nfix: x\r\n\r\nbody", "fix: x"),
        ("\u{feff}fix: x", "fix: x"),
        ("\n\u{feff}\n\u{feff} \u{feff}\nfix: x", "fix: x"),
        ("fix: a\rb", "fix: a\rb"),
        ("fix: x\nsecond line at once", "fix: x"),
        ("fix: x\n\nBREAKING CHANGE: gone", "fix!: x"),
        ("Merge: x", "merge: x"),
        ("fix!: é", "fix!: é"),
    ];
    for (message, expected) in table {
        assert_eq!(
            header(message).as_ref().map(told).as_deref(),
            Some(expected),
            "{message:?}"
        );
    }
    let not_conventional = [
        "",
        "\n\n",
        "x",
        "fix",
        "fix:",
        "fix: ",
        "fix:x",
        "fix:\tx",
        "fix :x",
        "fix : x",
        " fix: x",
        "2fix: x",
        "#12: x",
        "-: x",
        "fix(): x",
        "fix(a(b)): x",
        "fix(a)b: x",
        "fix(a: x",
        "fix!(a): x",
        "fix!!: x",
        "fé: x",
        "fix/a: x",
        "a b: x",
        "(a): x",
        "fixup! fix: x",
        "Revert \"fix: x\"",
        "Merge branch 'x'",
        "\0fix: x",
    ];
    for message in not_conventional {
        assert_eq!(header(message), None, "{message:?}");
    }
}

#[test]
fn a_line_of_any_length_is_read_the_same() {
    for length in [10, 4_000, 4_096, 4_097, 100_000] {
        let (scope, summary) = ("a".repeat(length), "b".repeat(length));
        let expected = format!("fix({scope})!: {summary}");
        assert_eq!(header(&expected).as_ref().map(told), Some(expected));
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    let message = read(b"fix: caf\xe9 (#7)\n\nBREAKING CHANGE: \xff\xfe\nThis reverts commit 0123456\xff");
    assert_eq!(message.subject, "fix: caf\u{fffd} (#7)");
    assert_eq!(
        message.breaking_note.as_deref(),
        Some("\u{fffd}\u{fffd}\nThis reverts commit 0123456\u{fffd}")
    );
    assert_eq!(
        message.references.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["#7"]
    );
    assert_eq!(read(b"f\xe9: x").kind, Kind::Other);
    assert_eq!(read(b"\xef\xbb\xbf").kind, Kind::Other);
}

#[test]
fn breaking_footers_and_their_notes() {
    let table = [
        ("BREAKING CHANGE: gone", Some("gone")),
        ("BREAKING-CHANGE: gone", Some("gone")),
        ("body\nBREAKING CHANGE: gone\nfor good\n\nmore", Some("gone\nfor good")),
        (
            "BREAKING CHANGE: gone\nfor good\nReviewed-by: Z",
            Some("gone\nfor good"),
        ),
        ("BREAKING CHANGE: gone\nCloses #3", Some("gone")),
        ("BREAKING CHANGE:\r\n  gone\r\n", Some("gone")),
        (
            "BREAKING CHANGE: \n\nBREAKING CHANGE: second\nBREAKING CHANGE: third",
            Some("second"),
        ),
        ("BREAKING CHANGE: one\nBREAKING CHANGE: two\nthree", Some("one")),
        ("BREAKING CHANGE:\ngone\nfor good\n\nmore", Some("gone\nfor good")),
        ("BREAKING-CHANGE:\n\n\tgone\n\nmore", Some("gone")),
        ("BREAKING CHANGE:\n\nReviewed-by: Z\n\nmore", None),
        ("BREAKING CHANGE:", None),
    ];
    for (body, note) in table {
        let message = read(format!("fix: x\n\n{body}").as_bytes());
        assert_eq!(
            (message.is_breaking(), message.breaking_note.as_deref()),
            (true, note),
            "{body:?}"
        );
    }
    for body in [
        "breaking change: x",
        "Breaking-Change: x",
        " BREAKING CHANGE: x",
        "BREAKING CHANGE x",
        "BREAKING CHANGE:x",
        "BREAKING CHANGES: x",
        "BREAKING  CHANGE: x",
        "see BREAKING CHANGE: x",
        "BREAKING CHANGE #x",
        "BREAKING_CHANGE: x",
    ] {
        assert!(!read(format!("fix: x\n\n{body}").as_bytes()).is_breaking(), "{body:?}");
    }
    assert!(
        !read(b"wip\n\nBREAKING CHANGE: x").is_breaking(),
        "an unconventional message declares nothing"
    );
}

#[test]
fn subjects_that_git_writes() {
    let merges = [
        "Merge branch 'x'",
        "Merge branch 'x' into y",
        "Merge branch 'x' of host:path",
        "Merge branches 'a', 'b' and 'c'",
        "Merge tag 'v1.0.0' into develop",
        "Merge tags 'a' and 'b'",
        "Merge commit '0123abc'",
        "Merge commits 'a' and 'b'",
        "Merge remote-tracking branch 'origin/x'",
        "Merge remote-tracking branches 'a' and 'b'",
        "Merge HEAD",
        "Merge pull request #12 from a/b",
        "Merge pull request 'x' (#12) from a into main",
    ];
    for subject in merges {
        assert_eq!(read(subject.as_bytes()).kind, Kind::Merge, "{subject:?}");
    }
    for subject in ["fixup! x", "squash! feat: x", "amend! x"] {
        assert_eq!(read(subject.as_bytes()).kind, Kind::Fixup, "{subject:?}");
    }
    for subject in [
        "Merge",
        "Merged branch 'x'",
        "Merge the parser",
        "Merge branching 'x'",
        "fixup x",
        "Revert x",
        "revert \"x\"",
        "merge branch 'x'",
    ] {
        assert_eq!(read(subject.as_bytes()).kind, Kind::Other, "{subject:?}");
    }
    let revert = |subject: &str| match read(subject.as_bytes()).kind {
        Kind::Revert {
            summary,
            reapplied,
            breaking,
        } => Some((summary, reapplied, breaking)),
        Kind::Conventional(_) | Kind::Merge | Kind::Fixup | Kind::Other => None,
    };
    assert_eq!(revert("Revert \"feat: x\""), Some(("feat: x".into(), false, false)));
    assert_eq!(
        revert("Revert \"a \"b\" c\" (#13)"),
        Some(("a \"b\" c".into(), false, false))
    );
    assert_eq!(
        revert("Reapply \"feat: x\"\n\nBREAKING CHANGE: y"),
        Some(("feat: x".into(), true, true))
    );
    assert_eq!(revert("Revert \"cut short"), Some(("cut short".into(), false, false)));
}

#[test]
fn ids_that_a_message_reverts() {
    let id = "676104e2b6e1c1a0f5bd6a6bf6b3e1a2c3d4e5f6";
    let sha256 = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let table = [
        (format!("Revert \"x\"\n\nThis reverts commit {id}."), vec![id]),
        (
            format!("Revert \"x\"\r\n\r\nThis reverts commit {id}, reversing\r\nchanges made to {id}."),
            vec![id],
        ),
        (
            "fix: y\n\nThis reverts commit 676104E (x, 2026-01-02).".into(),
            vec!["676104e"],
        ),
        (
            format!("Revert \"x\"\n\nThis reverts commit {id}.\nThis reverts commit a215868."),
            vec![id, "a215868"],
        ),
        ("revert: x\n\nRefs: 676104e, a215868".into(), vec!["676104e", "a215868"]),
        ("revert: x\n\nrefs: #12, see a215868".into(), vec!["a215868"]),
        (format!("revert: x\n\nRefs: {sha256}"), vec![sha256]),
        (
            format!("revert: x\n\nRefs:\n  {sha256}, a215868"),
            vec![sha256, "a215868"],
        ),
        (format!("Revert \"x\"\n\nThis reverts commit\n{sha256}."), vec![sha256]),
        ("Revert \"x\"\n\nReverted commit `676104e2`.".into(), vec!["676104e2"]),
        ("fix: y\n\nReverts: 676104e".into(), vec!["676104e"]),
    ];
    for (message, ids) in &table {
        let named: Vec<_> = ids.iter().map(|id| Named::Commit((*id).to_owned())).collect();
        assert_eq!(read(message.as_bytes()).reverts, named, "{message:?}");
    }
    let none = [
        "fix: x\n\nRefs: 676104e",
        "revert: 676104e",
        "Revert \"x\"\n\nThis reverts commit 676104.",
        "Revert \"x\"\n\nThis reverts commit",
        "Revert \"x\"\n\n> This reverts commit 676104e",
        "Revert \"x\"\n\nThis reverts commit 676104eg",
        "revert: x\n\nThis reverts commit x 676104e",
    ];
    for message in none {
        assert!(read(message.as_bytes()).reverts.is_empty(), "{message:?}");
    }
}

#[test]
fn pull_requests_that_a_message_reverts() {
    let table = [
        ("Revert \"feat: x (#12)\" (#13)\n\nReverts demo/demo#12", "12"),
        (
            "Revert \"Merge branch 'x' into 'main'\"\n\nThis reverts merge request !12",
            "12",
        ),
        ("Merged PR 13: Revert \"Merged PR 12: x\"\n\nReverts !12", "12"),
        (
            "Revert \"x (pull request #12)\"\r\n\r\nThis reverts pull request #12.\r\n",
            "12",
        ),
        ("fix: go back\n\nReverts #12 and #14", "12 14"),
        // Without a body the quoted subject tells.
        ("Revert \"feat: x (#12)\" (#13)", "12"),
        ("Revert \"Revert \"feat: x (#12)\" (#13)\" (#14)", "13"),
        ("Reapply \"feat: x (#12)\" (#14)", ""),
        ("Revert \"feat: x\" (#13)", ""),
        ("fix: x (#12)", ""),
    ];
    for (message, expected) in table {
        let number = |named: &Named| match named {
            Named::Request(number) => number.clone(),
            Named::Commit(id) => panic!("{id}"),
        };
        let found: Vec<_> = read(message.as_bytes()).reverts.iter().map(number).collect();
        assert_eq!(found.join(" "), expected, "{message:?}");
    }
}

#[test]
fn pull_requests_that_a_commit_came_by() {
    let table = [
        ("fix: x (#12)", "#12"),
        ("Merge branch 'x' into 'main'\n\nx\n\nSee merge request g/p!12", "!12"),
        ("fix: x\n\nReviewed-on: https://codeberg.org/x/y/pulls/12", "#12"),
        ("fix: x (#12)\n\nSee merge request g/p!13", "#12"),
        ("fix: x\n\nCloses #12", ""),
    ];
    for (message, expected) in table {
        let found: Vec<_> = read(message.as_bytes())
            .references
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.join(" "), expected, "{message:?}");
    }
}

#[test]
fn a_message_is_read_in_its_encoding() {
    assert_eq!(read_encoded(b"fix: caf\xe9", Some(b"ISO-8859-1")).subject, "fix: café");
    assert_eq!(read_encoded(b"fix: caf\xe9", None).subject, "fix: caf\u{fffd}");
    assert_eq!(
        read_encoded(b"fix: caf\xe9", Some(b"klingon")).subject,
        "fix: caf\u{fffd}"
    );
}

/// Bytes and lines that a reading looked at.
fn work(message: &[u8]) -> (usize, usize) {
    let (lines, bytes) = (Cell::new(0), Cell::new(0));
    read_lines(message.split(|byte| *byte == b'\n').inspect(|line| {
        lines.set(lines.get() + 1);
        bytes.set(bytes.get() + line.len());
    }));
    (lines.get(), bytes.get())
}

#[test]
fn hostile_messages_are_walked_once() {
    let shapes: [Vec<u8>; 10] = [
        [b"fix: x\n\n".to_vec(), b"Token: value\n".repeat(80_000)].concat(),
        [b"fix: x\n\n".to_vec(), b"BREAKING CHANGE: value\n".repeat(50_000)].concat(),
        [b"fix: x\n\nBREAKING CHANGE: x\n".to_vec(), b"more\n".repeat(200_000)].concat(),
        [
            b"revert: x\n\n".to_vec(),
            b"This reverts commit 0123456.\n".repeat(40_000),
        ]
        .concat(),
        b"\n".repeat(1_000_000),
        [b"fix(".to_vec(), b"(".repeat(1_000_000)].concat(),
        [b"fix: x".to_vec(), b" (#1)".repeat(200_000)].concat(),
        b"\xff".repeat(1_000_000),
        [b"revert: x\n\nReverts ".to_vec(), b"#1, ".repeat(250_000)].concat(),
        [b"revert: x\n\n".to_vec(), b"Refs:\n".repeat(150_000)].concat(),
    ];
    for message in shapes {
        let (lines, bytes) = work(&message);
        assert_eq!(lines, message.split(|b| *b == b'\n').count());
        assert_eq!(bytes, message.iter().filter(|b| **b != b'\n').count());
    }
}

/// What each reader makes of a message: type, scope, breaking, description.
type Reading = Option<(String, Option<String>, bool, String)>;

fn ours(message: &str) -> Reading {
    header(message).map(|h| (h.kind, h.scope, h.breaking, h.summary))
}

fn parser(message: &str) -> Reading {
    let commit = conventional_commit_parser::parse(message).ok()?;
    let kind = commit.commit_type.as_ref().to_owned();
    Some((
        kind,
        commit.scope,
        commit.is_breaking_change,
        commit.summary.trim().to_owned(),
    ))
}

fn git_conventional(message: &str) -> Reading {
    let commit = git_conventional::Commit::parse(message).ok()?;
    let scope = commit.scope().map(|scope| scope.as_str().to_owned());
    let kind = commit.type_().as_str().to_ascii_lowercase();
    Some((kind, scope, commit.breaking(), commit.description().trim().to_owned()))
}

/// All known differences: the message, then whether conventional_commit_parser and git-conventional read it as we do.
const DIFFERENCES: [(&str, bool, bool); 16] = [
    // Types with digits, `-` or `_`; scopes with blanks: allowed by the specification, refused by the parser.
    ("feat2: x", false, true),
    ("my-type: x", false, true),
    ("my_type: x", false, true),
    ("fix(a b): x", false, true),
    // Types of other letters, and no blank after the colon: git-conventional takes them.
    ("fé: x", true, false),
    ("2fix: x", true, false),
    ("fix/a: x", true, false),
    ("fix:x", true, false),
    ("fix:\tx", true, false),
    // A second line without a blank one: git shows it as body, git-conventional refuses it.
    ("fix: x\nsecond", true, false),
    // A breaking footer at the start of any later line, below a paragraph too.
    ("fix: x\n\nbody\nBREAKING CHANGE: y", true, false),
    // A breaking footer needs `: `, not `:` nor ` #`.
    ("fix: x\n\nBREAKING CHANGE:y", true, false),
    ("fix: x\n\nBREAKING CHANGE #y", false, false),
    // A byte order mark and blank lines in front are skipped; a carriage return inside a line is no end of it.
    ("\u{feff}fix: x", false, false),
    ("\nfix: x", false, false),
    ("fix: x\ry", false, false),
];

#[test]
fn known_differences_to_other_readers() {
    let found = DIFFERENCES.map(|(message, ..)| {
        let ours = ours(message);
        (message, parser(message) == ours, git_conventional(message) == ours)
    });
    assert_eq!(found, DIFFERENCES);
}

proptest! {
    #[test]
    fn other_readers_agree_on_what_all_allow(
        kind in "[a-zA-Z]{1,6}", scope in "(\\([a-z/,:.#-]{1,5}\\))?", mark in "!?", summary in "[a-z(:#!é][a-z(): #!é]{0,8}",
        body in "(\n\n[a-z][a-z ,.]{0,9}){0,2}",
        footer in "(\n\n(BREAKING CHANGE|BREAKING-CHANGE|Reviewed-by): [a-z]{1,5}(\nCloses #[0-9])?)?",
    ) {
        let message = format!("{kind}{scope}{mark}: {summary}{body}{footer}");
        prop_assert_eq!(ours(&message), git_conventional(&message), "git-conventional");
        prop_assert_eq!(ours(&message), parser(&message), "conventional_commit_parser");
    }

    /// The library's good path and our scanner are one grammar.
    #[test]
    fn the_scanner_reads_what_the_library_reads(line in "[a-zF]{0,3}(\\([a-z \u{a0}()]{0,4}\\))?!?:? {0,2}[a-z!:() ]{0,5}") {
        let line = line.trim_end();
        if let Ok(commit) = conventional_commit_parser::parse_summary(line) {
            let scanned = scan(line).unwrap();
            prop_assert_eq!(scanned.kind.as_str(), commit.commit_type.as_ref());
            prop_assert_eq!(scanned.scope, commit.scope);
            prop_assert_eq!(scanned.breaking, commit.is_breaking_change);
            prop_assert_eq!(scanned.summary, commit.summary.trim());
        }
    }

    #[test]
    fn a_header_reads_as_it_prints(kind in "[a-z][a-z0-9_-]{0,6}", scope in prop::option::of("[^()\n\r]{1,6}"), breaking: bool, summary in "[!-~]([ -~]{0,20}[!-~])?") {
        let written = Conventional { kind, scope, breaking, summary };
        prop_assert_eq!(header(&told(&written)), Some(written));
    }

    #[test]
    fn any_bytes_are_read(message in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = read(&message);
        prop_assert!(read.subject.trim() == read.subject && !read.subject.contains('\n'));
        let fits = |named: &Named| match named {
            Named::Commit(id) => (7..=64).contains(&id.len()),
            Named::Request(number) => number.bytes().all(|byte| byte.is_ascii_digit()),
        };
        prop_assert!(read.reverts.iter().all(fits));
    }

    #[test]
    fn any_text_is_read(message in "(fix|revert|Revert \"|Merge |BREAKING CHANGE: |This reverts commit |Refs: |[0-9a-f]{7}|[(): !#\n\r\u{feff}é\"]){0,20}") {
        let blank = |c: char| c == '\u{feff}' || c.is_ascii_whitespace();
        prop_assert_eq!(read(message.as_bytes()).subject.is_empty(), message.trim_matches(blank).is_empty());
    }
}
