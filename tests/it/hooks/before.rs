//! What stood there before ours, wherever the repository went since, whoever looks in the same place.

use std::os::unix::fs::symlink;

use super::install::installed;
use super::{commit, configured, executable, git, git_with, hooks_dir};
use crate::support::snapshot::Snapshot;
use crate::support::{Repo, check, check_with};

/// A repository that has somebody else's `pre-commit`.
fn with_a_hook_before() -> Repo {
    let repo = configured();
    executable(&hooks_dir(&repo).join("pre-commit"), THEIRS);
    repo
}

const THEIRS: &str = "#!/bin/sh\necho theirs >&2\n";

#[test]
fn a_repository_that_was_moved_or_copied_keeps_its_hooks_and_nobody_elses() {
    let repo = with_a_hook_before();
    check(&repo, "hooks install").succeeds();
    let (here, copy, moved) = (repo.dir(), repo.root().join("copy"), repo.root().join("moved"));
    let copied = repo.command("cp").args(["-a", "."]).arg(&copy).status().unwrap();
    assert!(copied.success());
    check(&repo, "-C ../copy hooks status --exit-code").succeeds();
    check(&repo, "-C ../copy hooks uninstall").succeeds();
    assert_eq!(
        std::fs::read_to_string(copy.join(".git/hooks/pre-commit")).unwrap(),
        THEIRS
    );
    check(&repo, "hooks status --exit-code").succeeds();
    std::fs::rename(&here, &moved).unwrap();
    std::fs::rename(&copy, &here).unwrap();
    check(&repo, "-C ../moved hooks status --exit-code").succeeds();
    check(&repo, "-C ../moved hooks install").succeeds();
    check(&repo, "-C ../moved hooks uninstall").succeeds();
    assert_eq!(
        std::fs::read_to_string(moved.join(".git/hooks/pre-commit")).unwrap(),
        THEIRS
    );
    assert!(!moved.join(".git/hooks/pre-push").exists());
    // Without a record, the shim proves what stands beside it.
    check(&repo, "hooks install").succeeds();
    std::fs::remove_file(here.join(".git/sentinel/hooks.json")).unwrap();
    check(&repo, "hooks status --exit-code").succeeds();
    check(&repo, "hooks install").succeeds();
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(repo.read(".git/hooks/pre-commit"), THEIRS);
    assert_eq!(installed(&repo), ["pre-commit"]);
}

/// The first format named every directory by its whole path.
#[test]
fn a_record_of_the_first_format_is_read() {
    let repo = with_a_hook_before();
    check(&repo, "hooks install").succeeds();
    let record = repo.read(".git/sentinel/hooks.json");
    let dir = std::fs::canonicalize(hooks_dir(&repo)).unwrap();
    let old = record.replace("\"schema\": 2", "\"schema\": 1").replace(
        "\"hooks\": {\n      \"binary\"",
        &format!("\"{}\": {{\n      \"binary\"", dir.display()),
    );
    assert_ne!(old, record);
    assert!(old.contains(dir.to_str().unwrap()), "{old}");
    repo.write(".git/sentinel/hooks.json", old);
    // The shim is gone, so that only the record tells.
    std::fs::remove_file(hooks_dir(&repo).join("pre-commit")).unwrap();
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(repo.read(".git/hooks/pre-commit"), THEIRS);
    assert_eq!(installed(&repo), ["pre-commit"]);
}

#[test]
fn installations_at_once_lose_nothing() {
    let repo = configured();
    let dir = hooks_dir(&repo);
    for hook in ["pre-commit", "commit-msg", "pre-push", "pre-merge-commit"] {
        executable(&dir.join(hook), &format!("{THEIRS}# {hook}\n"));
    }
    let before = Snapshot::of(&dir);
    for _ in 0..5 {
        let program = env!("CARGO_BIN_EXE_cargo-sentinel");
        let run = || {
            let mut command = repo.command(program);
            command
                .args(["-q", "hooks", "install"])
                .stdout(std::process::Stdio::null());
            command.spawn().unwrap()
        };
        let children: Vec<_> = (0..4).map(|_| run()).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        check(&repo, "hooks status --exit-code").succeeds();
        check(&repo, "hooks uninstall").succeeds();
        assert_eq!(Snapshot::of(&dir), before);
    }
    // Somebody who holds it for long is told of.
    let lock = std::fs::File::create(repo.dir().join(".git/sentinel/hooks.lock")).unwrap();
    lock.lock().unwrap();
    for words in ["hooks install", "hooks uninstall"] {
        check(&repo, words).exits(75).says(&["is at work here", "hint: wait"]);
    }
    assert_eq!(Snapshot::of(&dir), before);
}

#[test]
fn a_link_to_another_hook_runs_what_stood_there() {
    let repo = configured();
    let dir = hooks_dir(&repo);
    let log = repo.root().join("log");
    executable(
        &dir.join("pre-commit"),
        &format!("#!/bin/sh\necho \"$#\" >> '{}'\n", log.display()),
    );
    for link in ["pre-merge-commit", "pre-push", "prepare-commit-msg"] {
        symlink("pre-commit", dir.join(link)).unwrap();
    }
    let before = Snapshot::of(&dir);
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q -c feature/x");
    // pre-commit, and by its name prepare-commit-msg; both are judged once.
    commit(&repo, "feat: x").succeeds();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "0\n2\n");
    git(&repo, &["push", "-q", "origin", "HEAD:refs/heads/feature/x"]).succeeds();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "0\n2\n2\n");
    commit(&repo, "nope").refused("message");
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(Snapshot::of(&dir), before);
}

/// A script that notes that it ran.
fn noting(repo: &Repo, what: &str) -> String {
    format!("#!/bin/sh\necho {what} >> '{}'\n", repo.root().join("log").display())
}

#[test]
fn links_that_lead_to_no_shim_of_this_directory_are_run() {
    let repo = configured();
    // The script of a hook that is not one of a server's.
    let hooks = repo.origin().join("hooks");
    executable(&hooks.join("pre-push"), &noting(&repo, "server"));
    symlink("pre-push", hooks.join("pre-receive")).unwrap();
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    // The shim of another repository, with what stood there.
    repo.git_in(repo.root(), "clone -q origin.git other");
    let theirs = repo.root().join("other/.git/hooks/pre-push");
    executable(&theirs, &noting(&repo, "other"));
    check(&repo, "-C ../other hooks install").succeeds();
    std::fs::create_dir(hooks_dir(&repo)).unwrap();
    symlink(&theirs, hooks_dir(&repo).join("pre-push")).unwrap();
    check(&repo, "hooks install").succeeds();
    git(&repo, &["push", "-q", "origin", "HEAD:refs/heads/feature/x"]).succeeds();
    let log = std::fs::read_to_string(repo.root().join("log")).unwrap();
    assert_eq!(log, "other\nserver\n");
}

#[test]
fn links_that_lead_nowhere_but_to_each_other_end() {
    let repo = configured();
    let dir = hooks_dir(&repo);
    std::fs::create_dir(&dir).unwrap();
    symlink("pre-push", dir.join("pre-push")).unwrap();
    symlink("commit-msg", dir.join("pre-commit")).unwrap();
    symlink("pre-commit", dir.join("commit-msg")).unwrap();
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q -c feature/x");
    commit(&repo, "feat: x").succeeds();
    commit(&repo, "nope").refused("message");
    git(&repo, &["push", "-q", "origin", "feature/x"]).succeeds();
}

#[test]
fn a_hook_without_a_first_line_is_the_shells() {
    let repo = configured();
    let log = repo.root().join("log");
    for hook in ["pre-commit", "pre-push"] {
        executable(
            &hooks_dir(&repo).join(hook),
            &format!("echo \"{hook} $#\" >> '{0}'\ncat >> '{0}'\n", log.display()),
        );
    }
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q -c feature/x");
    git_with(&repo, &["commit", "-q", "--allow-empty", "-m", "feat: x"], |command| {
        command.stdin(std::process::Stdio::null());
    })
    .succeeds();
    git(&repo, &["push", "-q", "origin", "feature/x"]).succeeds();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(
        said.starts_with("pre-commit 0\npre-push 2\nrefs/heads/feature/x "),
        "{said}"
    );
}

#[test]
fn a_team_installs_into_the_tree_in_every_clone() {
    let repo = configured();
    executable(&repo.dir().join(".githooks/pre-commit"), THEIRS);
    repo.git("config core.hooksPath .githooks");
    check(&repo, "hooks install --into .githooks").succeeds();
    repo.git("add .githooks");
    repo.git("commit -q --no-verify -m chore");
    repo.git_in(repo.root(), "clone -q demo second");
    let second = repo.root().join("second");
    repo.git_in(&second, "config core.hooksPath .githooks");
    check(&repo, "-C ../second hooks install --into ../second/.githooks").succeeds();
    check_with(&repo, "-C ../second hooks status --exit-code", |command| {
        command.env("CARGO_SENTINEL_BIN", env!("CARGO_BIN_EXE_cargo-sentinel"));
    })
    .succeeds();
    check(&repo, "-C ../second hooks uninstall")
        .exits(1)
        .says(&["were not installed from here"]);
    assert_eq!(repo.git_in(&second, "status --porcelain"), "");
}

#[test]
fn what_is_for_more_than_this_repository_is_not_uninstalled_from_here() {
    let repo = configured();
    check(&repo, "hooks install").succeeds();
    let shared = repo.root().join("shared");
    std::fs::rename(hooks_dir(&repo), &shared).unwrap();
    std::fs::remove_file(repo.dir().join(".git/sentinel/hooks.json")).unwrap();
    let before = Snapshot::of(&shared);
    let globally = |words: &str| {
        check_with(&repo, words, |command| {
            command.envs([("GIT_CONFIG_GLOBAL", repo.root().join("config"))]);
        })
    };
    std::fs::write(
        repo.root().join("config"),
        format!("[core]\n\thooksPath = {}\n", shared.display()),
    )
    .unwrap();
    globally("hooks uninstall")
        .exits(1)
        .says(&["were not installed from here"]);
    assert_eq!(Snapshot::of(&shared), before);
    // An empty path is no directory, and least of all the current one.
    std::fs::write(repo.root().join("config"), "[core]\n\thooksPath =\n").unwrap();
    std::fs::copy(shared.join("pre-commit"), repo.dir().join("pre-commit")).unwrap();
    globally("hooks uninstall").succeeds();
    assert!(repo.dir().join("pre-commit").exists());
    // A link leads out of the repository, too.
    symlink(&shared, hooks_dir(&repo)).unwrap();
    check(&repo, "hooks install").exits(1).says(&["is a link to", "--into"]);
    check(&repo, "hooks uninstall")
        .exits(1)
        .says(&["were not installed from here"]);
    assert_eq!(Snapshot::of(&shared), before);
}

#[test]
fn in_a_directory_that_is_shared_only_ours_go() {
    let repo = configured();
    let shared = repo.root().join("shared");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    std::fs::create_dir(&shared).unwrap();
    std::fs::copy(repo.origin().join("hooks/pre-receive"), shared.join("pre-receive")).unwrap();
    let before = Snapshot::of(&shared);
    repo.git("config core.hooksPath ../shared");
    check(&repo, "hooks install").succeeds();
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(Snapshot::of(&shared), before);
}

/// pre-commit and prek move what stands there aside, which may be ours, and run it as well.
#[test]
fn a_manager_that_moves_ours_aside() {
    let repo = configured();
    let dir = hooks_dir(&repo);
    let log = repo.root().join("log");
    let theirs = |version: &str| {
        let text = format!("#!/bin/sh\n# prek {version}\necho {version} >> '{}'\n", log.display());
        format!(
            "{text}dir=$(dirname \"$0\")\n[ -x \"$dir/pre-commit.legacy\" ] && exec \"$dir/pre-commit.legacy\"\nexit 0\n"
        )
    };
    executable(&dir.join("pre-commit"), &theirs("one"));
    check(&repo, "hooks install").succeeds();
    std::fs::rename(dir.join("pre-commit"), dir.join("pre-commit.legacy")).unwrap();
    executable(&dir.join("pre-commit"), &theirs("two"));
    repo.git("switch -q -c feature/x");
    // It runs ours, which run nothing in their turn.
    commit(&repo, "feat: x").succeeds();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "two\n");
    check(&repo, "hooks status --exit-code").exits(1);
    check(&repo, "hooks install").succeeds();
    commit(&repo, "feat: x").succeeds();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "two\ntwo\n");
    assert!(!dir.join("pre-commit.legacy").exists());
    check(&repo, "hooks status --exit-code").succeeds();
    // Moved aside once more, and never installed again.
    std::fs::copy(dir.join("pre-commit"), dir.join("pre-commit.old")).unwrap();
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(repo.read(".git/hooks/pre-commit"), theirs("two"));
    assert_eq!(installed(&repo), ["pre-commit"]);
}

#[test]
fn what_was_moved_aside_and_is_gone_is_told_of() {
    let repo = with_a_hook_before();
    check(&repo, "hooks install").succeeds();
    std::fs::remove_file(hooks_dir(&repo).join("pre-commit.pre-sentinel")).unwrap();
    check(&repo, "hooks status").says(&[
        "pre-commit.pre-sentinel is gone",
        "hint: cargo sentinel hooks uninstall",
    ]);
    check(&repo, "hooks uninstall").succeeds();
    check(&repo, "hooks install").succeeds();
    assert!(!check(&repo, "hooks status").stderr.contains("is gone"));
}

#[test]
fn a_hook_that_cannot_be_read_as_a_file_is_moved_and_comes_back() {
    let repo = configured();
    let dir = hooks_dir(&repo);
    std::fs::create_dir_all(&dir).unwrap();
    symlink("/", dir.join("pre-commit")).unwrap();
    symlink("pre-push", dir.join("pre-push")).unwrap();
    symlink("/nowhere/at/all", dir.join("commit-msg")).unwrap();
    symlink("/dev/zero", dir.join("pre-merge-commit")).unwrap();
    let links = || {
        let names = ["pre-commit", "pre-push", "commit-msg", "pre-merge-commit"];
        names.map(|name| std::fs::read_link(dir.join(name)).unwrap())
    };
    let before = links();
    check(&repo, "hooks install").succeeds();
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(links(), before);
}
