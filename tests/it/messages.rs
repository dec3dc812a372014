//! What the program makes of commit messages as people, forges and old encodings write them.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Repo, check};

/// A repository whose only release is 1.0.0, of a package that says it is kept at `address`.
fn released(address: &str) -> Repo {
    let repo = Repo::empty();
    let manifest =
        format!("[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2024\"\nrepository = \"{address}\"\n");
    repo.write("Cargo.toml", manifest);
    repo.write("src/lib.rs", "//! A demo.\n");
    repo.commit("chore: start");
    repo.git("tag v1.0.0");
    repo
}

fn entries(repo: &Repo) -> String {
    let shown = check(repo, "changelog").succeeds().stdout;
    let entries = shown.lines().filter(|line| line.starts_with("- "));
    entries.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_revert_by_the_forges_button_cancels() {
    let buttons = [
        (
            "feat!: x (#12)",
            "Revert \"feat!: x (#12)\" (#13)\n\nReverts demo/demo#12",
        ),
        (
            "feat!: x (!12)",
            "Revert \"feat!: x (!12)\"\n\nThis reverts merge request demo/demo!12",
        ),
        (
            "feat!: x\n\nSee merge request demo/demo!12",
            "Revert \"feat!: x\"\n\nThis reverts merge request !12",
        ),
        (
            "feat!: x (pull request #12)",
            "Revert \"feat!: x (pull request #12)\"\n\nThis reverts pull request #12.",
        ),
    ];
    for (feature, revert) in buttons {
        let repo = released("https://example.org/demo");
        repo.change("x", feature);
        repo.change("x", revert);
        repo.change("y", "fix: y (#14)");
        assert_eq!(check(&repo, "next").succeeds().stdout.trim(), "1.0.1", "{feature}");
        assert_eq!(
            entries(&repo),
            "- y ([#14](https://example.org/demo/pull/14))\n",
            "{feature}"
        );
    }
}

#[test]
fn a_merge_that_is_reverted_by_its_number_takes_everything_with_it() {
    let repo = released("https://example.org/demo");
    repo.git("switch -q -c topic");
    repo.change("x", "feat!: x");
    repo.git("switch -q main");
    repo.git_words(&[
        "merge",
        "-q",
        "--no-ff",
        "-m",
        "Merge pull request #12 from demo/topic",
        "topic",
    ]);
    repo.change("x", "Revert \"feat!: x\" (#13)\n\nReverts demo/demo#12");
    assert_eq!(check(&repo, "next").succeeds().stdout.trim(), "1.0.0");
}

#[test]
fn entries_link_to_where_their_forge_has_requests() {
    let table = [
        ("https://github.com/x/y", "[#12](https://github.com/x/y/pull/12)"),
        (
            "https://gitlab.com/x/y",
            "[#12](https://gitlab.com/x/y/-/merge_requests/12)",
        ),
        ("https://codeberg.org/x/y", "[#12](https://codeberg.org/x/y/pulls/12)"),
        (
            "https://bitbucket.org/x/y",
            "[#12](https://bitbucket.org/x/y/pull-requests/12)",
        ),
        ("https://git.sr.ht/~x/y", "#12"),
    ];
    for (address, link) in table {
        let repo = released(address);
        repo.change("x", "feat: x (#12)");
        assert_eq!(entries(&repo), format!("- x ({link})\n"));
    }
}

#[test]
fn a_message_is_read_in_the_encoding_that_its_commit_names() {
    let messages: [(&str, &[u8]); 4] = [
        ("ISO-8859-1", b"feat: caf\xe9\n"),
        ("CP1252", b"feat: 5 \x80\n"),
        ("KOI8-R", b"feat: \xcf\xcb\n"),
        ("EUC-JP", b"feat: \xc6\xfc\n"),
    ];
    for (encoding, message) in messages {
        let repo = released("https://example.org/demo");
        repo.write("x", "x");
        repo.git("add -A");
        let mut git = repo.command("git");
        git.args([
            "-c",
            &format!("i18n.commitEncoding={encoding}"),
            "commit",
            "-q",
            "-F",
            "-",
        ]);
        let mut git = git.stdin(Stdio::piped()).spawn().unwrap();
        git.stdin.take().unwrap().write_all(message).unwrap();
        assert!(git.wait().unwrap().success());
        let seen = repo.git("log -1 --format=%s").replace("feat: ", "- ");
        assert!(
            entries(&repo).starts_with(&format!("{seen} (")),
            "{encoding}: {}",
            entries(&repo)
        );
    }
}

#[test]
fn subjects_are_seen_in_the_changelog_as_they_were_written() {
    let repo = released("https://example.org/demo");
    repo.write("CHANGELOG.md", "# Changelog\n\n## [1.0.0] - 2026-01-01\n\n- start\n");
    repo.commit("docs: begin a changelog");
    let subjects = [
        "feat: accept Vec<u8>",
        "feat: close <details> and <!-- in notes",
        "feat: keep `<b>` and `a_b` in code",
        "feat(a_b*): take _all_ of [1.0.0]",
        "feat: # is no heading",
    ];
    for subject in subjects {
        repo.change("x", subject);
    }
    check(&repo, "changelog --write").succeeds();
    let written = repo.read("CHANGELOG.md");
    let entries: Vec<_> = written
        .lines()
        .filter_map(|line| line.strip_prefix("- ")?.rsplit_once(" ([").map(|(entry, _)| entry))
        .collect();
    insta::assert_snapshot!(entries.join("\n"), @r"
    \# is no heading
    **a_b\*:** take \_all\_ of \[1.0.0]
    keep `<b>` and `a_b` in code
    close \<details> and \<!-- in notes
    accept Vec\<u8>
    ");
    check(&repo, "changelog --write").succeeds();
    assert_eq!(repo.read("CHANGELOG.md"), written, "writing twice changes nothing");
}
