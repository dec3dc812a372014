//! Hostile configuration and environment: none of it may change what a release does.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Repo, check, check_with, has};

/// What a release ends with, apart from what a clock decides.
fn shape(repo: &Repo) -> Vec<String> {
    let refs = repo.git("for-each-ref --format=%(refname)");
    let tree = |name: &str| format!("{name} {}", repo.git(&format!("rev-parse {name}^{{tree}}")));
    let mut shape: Vec<String> = refs.lines().map(tree).collect();
    shape.push(repo.git("status --porcelain"));
    shape.push(repo.git_in(&repo.origin(), "for-each-ref --format=%(refname)"));
    shape
}

/// A program that says that it was run, and fails.
fn trap(repo: &Repo) -> String {
    let path = repo.root().join("trap");
    let sprung = repo.root().join("sprung");
    std::fs::write(
        &path,
        format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 1\n", sprung.display()),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn sprung(repo: &Repo) -> Option<String> {
    std::fs::read_to_string(repo.root().join("sprung")).ok()
}

fn released(repo: &Repo) {
    for words in ["next", "status", "cut auto --yes --switch", "finish --yes"] {
        check(repo, words).succeeds();
    }
}

#[test]
fn programs_in_the_configuration() {
    let plain = Repo::flow();
    released(&plain);
    let expected = shape(&plain);
    for name in [
        "core.fsmonitor",
        "core.pager",
        "pager.status",
        "pager.ls-remote",
        "core.editor",
        "sequence.editor",
        "alias.status",
        "alias.push",
        "diff.external",
        "merge.odd.driver",
        "credential.helper",
        "uploadpack.packObjectsHook",
    ] {
        let repo = Repo::flow();
        repo.git_words(&["config", name, &trap(&repo)]);
        released(&repo);
        assert_eq!(sprung(&repo), None, "{name}");
        repo.git(&format!("config --unset {name}"));
        assert_eq!(shape(&repo), expected, "{name}");
    }
}

#[test]
fn switches_in_the_configuration() {
    let plain = Repo::flow();
    released(&plain);
    let expected = shape(&plain);
    for (name, value) in [
        ("push.followTags", "true"),
        ("push.default", "matching"),
        ("push.gpgSign", "if-asked"),
        ("push.recurseSubmodules", "on-demand"),
        ("tag.gpgSign", "false"),
        ("tag.forceSignAnnotated", "true"),
        ("merge.ff", "only"),
        ("merge.renames", "false"),
        ("commit.cleanup", "strip"),
        ("core.autocrlf", "true"),
        ("core.quotePath", "false"),
        ("core.abbrev", "40"),
        ("core.commentChar", "c"),
        ("color.ui", "always"),
        ("status.short", "true"),
        ("status.branch", "true"),
        ("status.relativePaths", "false"),
        ("status.renames", "copies"),
        ("log.showSignature", "true"),
        ("fetch.prune", "true"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("diff.noprefix", "true"),
        ("gc.auto", "1"),
        ("core.logAllRefUpdates", "false"),
        ("transfer.hideRefs", "refs/heads/hidden"),
    ] {
        let repo = Repo::flow();
        repo.git(&format!("config {name} {value}"));
        released(&repo);
        assert_eq!(shape(&repo), expected, "{name} = {value}");
    }
}

#[test]
fn a_configuration_that_hides_what_is_not_committed() {
    for (name, value) in [
        ("status.showUntrackedFiles", "no"),
        ("core.untrackedCache", "true"),
        ("core.checkStat", "minimal"),
        ("diff.ignoreSubmodules", "all"),
    ] {
        let repo = Repo::flow();
        repo.git(&format!("config {name} {value}"));
        repo.write("stray", "x");
        repo.write("src/lib.rs", "//! Changed.\n");
        check(&repo, "cut auto --yes")
            .exits(1)
            .says(&["`stray` untracked", "`src/lib.rs` changed"]);
    }
}

/// Filters and attributes decide what lies in the working tree, never what is released.
#[test]
fn filters_and_attributes() {
    let repo = Repo::flow();
    let attributes = repo.root().join("attributes");
    std::fs::write(&attributes, "*.rs filter=odd ident\n*.md merge=odd\n").unwrap();
    repo.git(&format!("config core.attributesFile {}", attributes.display()));
    repo.git_words(&["config", "filter.odd.smudge", "tr o O"]);
    repo.git_words(&["config", "filter.odd.clean", "tr O o"]);
    repo.git_words(&["config", "merge.odd.driver", &trap(&repo)]);
    released(&repo);
    assert_eq!(sprung(&repo), None);
    if !has(&repo, "tar") {
        return;
    }
    let packed = repo.dir().join("target/sentinel/v0.2.0/demo-0.2.0.crate");
    let mut tar = repo.command("tar");
    let out = tar
        .args(["-xzOf"])
        .arg(packed)
        .arg("demo-0.2.0/src/lib.rs")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&out.stdout),
        repo.show("main:src/lib.rs") + "\n"
    );
}

/// `refs/replace` may show another object under an id; what is signed is what the id says.
#[test]
fn replaced_objects() {
    let repo = Repo::flow();
    let other = repo.git("commit-tree -m feat:other v0.1.0^{tree}");
    repo.git(&format!("replace develop {other}"));
    assert_eq!(check(&repo, "next").succeeds().stdout, "0.2.0\n");
    repo.git("replace -d develop");
}

/// gix would look for HEAD in the namespace, and a server on this machine would put there what is pushed.
#[test]
fn an_environment_that_names_a_part() {
    let repo = Repo::flow();
    let before = repo.state();
    for words in [
        "next",
        "version",
        "status",
        "changelog",
        "cut auto --yes",
        "finish --yes",
        "tag --yes",
        "resume",
        "undo",
    ] {
        let outcome = check_with(&repo, words, |command| {
            command.env("GIT_NAMESPACE", "part");
        });
        outcome
            .exits(1)
            .says(&["GIT_NAMESPACE is set, to `part`", "unset GIT_NAMESPACE"]);
    }
    assert_eq!(repo.state(), before);
    let outcome = check_with(&repo, "cut auto --yes", |command| {
        command.env("GIT_NAMESPACE", "");
    });
    outcome.succeeds();
}

#[test]
fn an_environment_that_points_elsewhere() {
    let plain = Repo::flow();
    released(&plain);
    let expected = shape(&plain);
    let elsewhere = Repo::trunk();
    let before = elsewhere.state();
    let git_dir = elsewhere.dir().join(".git");
    let index = git_dir.join("index");
    let objects = git_dir.join("objects");
    let (git_dir, index, objects) = (
        git_dir.to_str().unwrap(),
        index.to_str().unwrap(),
        objects.to_str().unwrap(),
    );
    for variables in [
        &[("GIT_DIR", git_dir)][..],
        &[("GIT_DIR", git_dir), ("GIT_WORK_TREE", "/")],
        &[("GIT_INDEX_FILE", index)],
        &[("GIT_OBJECT_DIRECTORY", objects)],
        &[("GIT_COMMON_DIR", git_dir)],
        &[
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "user.name"),
            ("GIT_CONFIG_VALUE_0", "Mallory"),
        ],
        &[("GIT_CONFIG_PARAMETERS", "'remote.origin.url'='/nowhere'")],
        &[("GIT_CEILING_DIRECTORIES", "/")],
        &[
            ("GIT_PAGER", "false"),
            ("PAGER", "false"),
            ("GIT_EXTERNAL_DIFF", "false"),
        ],
        &[("GIT_LITERAL_PATHSPECS", "1"), ("GIT_OPTIONAL_LOCKS", "1")],
        &[
            ("LC_ALL", "de_DE.UTF-8"),
            ("LANGUAGE", "de"),
            ("TZ", "Pacific/Kiritimati"),
        ],
        &[("CARGO_TARGET_DIR", "/nowhere"), ("RUSTFLAGS", "--nonsense")],
    ] {
        let repo = Repo::flow();
        for words in ["next", "cut auto --yes --switch", "finish --yes"] {
            let outcome = check_with(&repo, words, |command| {
                command.envs(variables.iter().copied());
            });
            assert_eq!(outcome.code, 0, "{variables:?}: {}", outcome.stderr);
        }
        assert_eq!(shape(&repo), expected, "{variables:?}");
        assert!(repo.git("log -1 --format=%an main").contains("Alice"));
    }
    assert_eq!(elsewhere.state(), before);
}

/// What a commit holds may be a link to what never ends, or to what never answers.
#[test]
fn links_to_files_without_an_end() {
    let repo = Repo::flow();
    let pipe = repo.root().join("pipe");
    assert!(repo.command("mkfifo").arg(&pipe).status().unwrap().success());
    for (file, words) in [
        ("sentinel.toml", "status"),
        ("sentinel.toml", "hook run pre-commit"),
        ("Cargo.toml", "next"),
        ("CHANGELOG.md", "changelog 0.2.0 --check"),
    ] {
        for target in ["/dev/zero", "../pipe", "/proc/self/fd/0", "."] {
            let path = repo.dir().join(file);
            drop(std::fs::remove_file(&path));
            std::os::unix::fs::symlink(target, &path).unwrap();
            let outcome = check(&repo, words);
            assert!(outcome.code != -1, "{file} -> {target}: {}", outcome.stderr);
            repo.git("checkout -q -f develop");
            repo.git("clean -q -f -d");
        }
    }
}

/// Small objects that take gigabytes once they are unpacked and parsed.
#[test]
fn texts_that_would_fill_the_memory() {
    for text in [
        "[[package.metadata.a]]\n",
        "# a line of a comment that says nothing\n",
        "a.b.c.d.e.f.g = 1\n",
    ] {
        let repo = Repo::flow();
        let manifest = repo.read("Cargo.toml") + "\n[package.metadata]\n" + &text.repeat(1_500_000);
        repo.write("Cargo.toml", manifest);
        repo.git("commit -q -a -m feat:x");
        repo.push();
        for words in ["next", "status", "cut auto --yes", "ci"] {
            let limited = format!("ulimit -v {}; exec \"$0\" {words}", 256 * 1024);
            let out = repo
                .command("sh")
                .args(["-c", &limited, env!("CARGO_BIN_EXE_cargo-sentinel")])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            let code = out.status.code();
            assert!(code.is_some_and(|code| code < 70), "{words}: {code:?}: {said}");
            assert!(!said.contains("memory"), "{words}: {said}");
        }
    }
}

/// The commit's own `target` may be a link, and what lies where it leads is somebody else's.
#[test]
fn a_directory_for_artifacts_that_is_a_link() {
    for link in ["target", "target/sentinel", "target/sentinel/v0.2.0"] {
        let repo = Repo::flow();
        let outside = repo.root().join("outside");
        for dir in ["", "sentinel/v0.2.0", "v0.2.0"] {
            std::fs::create_dir_all(outside.join(dir)).unwrap();
        }
        std::fs::write(outside.join("sentinel/v0.2.0/file"), "precious").unwrap();
        std::fs::write(outside.join("v0.2.0/file"), "precious").unwrap();
        check(&repo, "cut auto --yes").succeeds();
        let path = repo.dir().join(link);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&outside, &path).unwrap();
        let before = repo.refs();
        let outcome = check(&repo, "finish --yes");
        if link == "target/sentinel/v0.2.0" {
            // A link in the place of a release's own directory is replaced, not followed.
            outcome.succeeds();
        } else {
            outcome.exits(1).says(&["is a link or a file", "rm "]);
            assert_eq!(repo.refs(), before);
        }
        let left = repo
            .command("find")
            .arg(&outside)
            .args(["-type", "f"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&left.stdout).lines().count(), 2, "{link}");
    }
}

/// A token in an address is not repeated, whoever says what is wrong with the remote.
#[test]
fn credentials_in_the_address_of_a_remote() {
    let repo = Repo::flow();
    repo.git("remote set-url origin https://robot:S3CRET@127.0.0.1:1/demo.git");
    for words in [
        "cut auto --yes",
        "cut auto --yes --json",
        "check",
        "status",
        "finish --yes",
    ] {
        let outcome = check(&repo, words);
        assert!(!outcome.stderr.contains("S3CRET"), "{words}: {}", outcome.stderr);
        assert!(!outcome.stdout.contains("S3CRET"), "{words}: {}", outcome.stdout);
    }
}
