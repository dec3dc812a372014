//! `hooks install | uninstall | status`: where hooks go, what stood there, what comes back.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::{commit, configured, executable, git, git_with, hooks_dir, outcome};
use crate::support::snapshot::Snapshot;
use crate::support::{Outcome, Repo, check, check_with};

pub(super) fn installed(repo: &Repo) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(hooks_dir(repo))
        .map(|entries| {
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

fn status(repo: &Repo) -> String {
    check(repo, "hooks status").stdout
}

#[test]
fn no_directory_twice_and_gone_without_a_trace() {
    let repo = configured();
    assert!(!hooks_dir(&repo).exists());
    check(&repo, "hooks status --exit-code").exits(1);
    check(&repo, "hooks install -n").succeeds();
    assert!(!hooks_dir(&repo).exists(), "a dry run changes nothing");
    check(&repo, "hooks install").succeeds();
    assert_eq!(
        installed(&repo),
        ["commit-msg", "pre-commit", "pre-merge-commit", "pre-push"]
    );
    let once = Snapshot::of(&hooks_dir(&repo));
    let record = repo.read(".git/sentinel/hooks.json");
    check(&repo, "hooks install").succeeds();
    assert_eq!(Snapshot::of(&hooks_dir(&repo)), once);
    assert_eq!(repo.read(".git/sentinel/hooks.json"), record);
    check(&repo, "hooks status --exit-code").succeeds();
    check(&repo, "hooks uninstall").succeeds();
    assert!(!hooks_dir(&repo).exists());
    assert!(!repo.dir().join(".git/sentinel/hooks.json").exists());
    check(&repo, "hooks uninstall").succeeds();
}

#[test]
fn where_nothing_is_configured_they_say_how_little_they_do() {
    let repo = configured();
    std::fs::remove_file(repo.dir().join("sentinel.toml")).unwrap();
    for line in ["hooks install", "hooks status"] {
        check(&repo, line)
            .succeeds()
            .says(&["release tags alone", "hint: echo 'schema = 1' > sentinel.toml"]);
    }
    repo.write("sentinel.toml", "schema = 1\n");
    for line in ["hooks install", "hooks status"] {
        let told = check(&repo, line).succeeds().stderr.clone();
        assert!(!told.contains("configured"), "{told}");
    }
}

#[test]
fn a_directory_that_was_there_stays() {
    let repo = configured();
    std::fs::create_dir(hooks_dir(&repo)).unwrap();
    check(&repo, "hooks install").succeeds();
    check(&repo, "hooks uninstall").succeeds();
    assert!(hooks_dir(&repo).exists());
}

#[test]
fn whatever_stood_there_runs_and_comes_back() {
    let repo = configured();
    let dir = hooks_dir(&repo);
    let log = repo.root().join("log");
    let saying = |what: &str| format!("#!/bin/sh\necho \"{what} $0 $* $MINE\" >> '{}'\n", log.display());
    executable(&dir.join("commit-msg"), &saying("message"));
    std::fs::set_permissions(dir.join("commit-msg"), std::fs::Permissions::from_mode(0o750)).unwrap();
    executable(
        &repo.root().join("it's a hook"),
        &format!("{}cat >> '{}'\n", saying("push"), log.display()),
    );
    symlink("../../../it's a hook", dir.join("pre-push")).unwrap();
    // git passes over it, and so do we.
    std::fs::write(dir.join("pre-commit"), saying("not executable")).unwrap();
    std::fs::write(dir.join("post-commit"), "whatever").unwrap();
    let before = Snapshot::of(&dir);
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q -c feature/x");
    git_with(&repo, &["commit", "-q", "--allow-empty", "-m", "feat: x"], |command| {
        command.env("MINE", "kept");
    })
    .succeeds();
    git(&repo, &["push", "-q", "origin", "feature/x"]).succeeds();
    let said = std::fs::read_to_string(&log).unwrap();
    let head = repo.git("rev-parse HEAD");
    let expected = [
        "message .git/hooks/commit-msg.pre-sentinel .git/COMMIT_EDITMSG kept".to_owned(),
        "push .git/hooks/pre-push.pre-sentinel origin ../origin.git ".to_owned(),
        format!("refs/heads/feature/x {head} refs/heads/feature/x {}", "0".repeat(40)),
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    assert!(status(&repo).contains("pre-push          installed, then another"));
    check(&repo, "hooks install").succeeds();
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(Snapshot::of(&dir), before);
}

#[test]
fn a_hook_that_fails_after_ours_still_blocks() {
    let repo = configured();
    executable(&hooks_dir(&repo).join("pre-commit"), "#!/bin/sh\nexit 3\n");
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q -c feature/x");
    commit(&repo, "feat: x").exits(1);
    // One that cannot be started blocks too.
    executable(
        &hooks_dir(&repo).join("pre-commit.pre-sentinel"),
        "#!/no/such/interpreter\n",
    );
    commit(&repo, "feat: x").exits(1).says(&["sentinel[chain]: ", "fix: "]);
}

#[test]
fn an_edited_shim_is_left_and_told_of() {
    let repo = configured();
    check(&repo, "hooks install").succeeds();
    let path = hooks_dir(&repo).join("pre-push");
    let edited = format!("{}\necho mine\n", std::fs::read_to_string(&path).unwrap());
    std::fs::write(&path, &edited).unwrap();
    assert!(status(&repo).contains("pre-push          edited"));
    check(&repo, "hooks install")
        .exits(1)
        .says(&["pre-push is a shim that somebody edited"]);
    check(&repo, "hooks uninstall")
        .exits(1)
        .says(&["pre-push was edited and is left as it is"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), edited);
    assert_eq!(installed(&repo), ["pre-push"]);
    std::fs::remove_file(&path).unwrap();
    check(&repo, "hooks uninstall").succeeds();
    assert!(!hooks_dir(&repo).exists());
}

#[test]
fn something_in_the_way_changes_nothing() {
    for (name, says) in [
        ("pre-push.pre-sentinel", "pre-push.pre-sentinel stands in the way"),
        ("commit-msg/x", "commit-msg is no file"),
    ] {
        let repo = configured();
        executable(&hooks_dir(&repo).join(name), "#!/bin/sh\n");
        let before = Snapshot::of(&hooks_dir(&repo));
        check(&repo, "hooks install").exits(1).says(&[says, "hint: move "]);
        assert_eq!(Snapshot::of(&hooks_dir(&repo)), before);
    }
}

#[test]
fn a_manager_that_writes_its_hook_again_displaces_ours() {
    let repo = configured();
    let path = hooks_dir(&repo).join("pre-commit");
    let theirs = "#!/bin/sh\ncall_lefthook run pre-commit \"$@\"\n";
    executable(&path, theirs);
    repo.write("lefthook.yml", "pre-commit:\n");
    check(&repo, "hooks install").succeeds().says(&["add to lefthook.yml"]);
    executable(&path, theirs);
    assert!(status(&repo).contains("pre-commit        displaced, then lefthook"));
    check(&repo, "hooks install").succeeds();
    check(&repo, "hooks status --exit-code").succeeds();
    executable(&path, "#!/bin/sh\n# prek, at last\n");
    check(&repo, "hooks install")
        .exits(1)
        .says(&["pre-commit was written by prek"]);
    check(&repo, "hooks uninstall").exits(1).says(&["left as it is"]);
    std::fs::remove_file(&path).unwrap();
    check(&repo, "hooks uninstall").succeeds();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
}

/// Where the hooks of the repository go with this configuration; refusals instead where they go nowhere.
fn with_hooks_path(value: &str, scope: &str) -> (Repo, Outcome) {
    let repo = configured();
    repo.git_words(&["config", scope, "core.hooksPath", value]);
    let outcome = check(&repo, "hooks install");
    (repo, outcome)
}

#[test]
fn hooks_path_of_the_repository() {
    let (repo, outcome) = with_hooks_path("../shared hooks", "--local");
    outcome.succeeds();
    assert!(repo.root().join("shared hooks/pre-push").exists() && !hooks_dir(&repo).exists());
    repo.git("switch -q -c feature/x");
    commit(&repo, "nope").refused("message");

    let repo = configured();
    let absolute = repo.root().join("it's absolute");
    repo.git_words(&["config", "core.hooksPath", absolute.to_str().unwrap()]);
    check(&repo, "hooks install").succeeds();
    assert!(absolute.join("pre-push").exists());
    check(&repo, "hooks uninstall").succeeds();
    assert!(!absolute.exists());

    let (repo, outcome) = with_hooks_path("~/hooks", "--local");
    outcome.succeeds();
    assert!(repo.root().join("home/hooks/pre-push").exists());
    commit(&repo, "nope").refused("message");

    for nowhere in ["", "/dev/null"] {
        with_hooks_path(nowhere, "--local")
            .1
            .exits(1)
            .says(&["no hook runs here", "--unset-all core.hooksPath"]);
    }
}

#[test]
fn hooks_path_in_the_tree_is_everybodys() {
    let (repo, outcome) = with_hooks_path(".githooks", "--local");
    outcome
        .exits(1)
        .says(&["everybody's", "hooks install --into /", "/.githooks"]);
    assert!(!repo.dir().join(".githooks").exists());
    check(&repo, "hooks install --into elsewhere")
        .exits(1)
        .says(&["git looks for hooks in"]);
    check(&repo, "hooks install --into .githooks").succeeds();
    let shim = repo.read(".githooks/pre-push");
    assert!(
        !shim.contains(env!("CARGO_BIN_EXE_cargo-sentinel")),
        "no path of this machine: {shim}"
    );
    // They run where the program is found, and say so where it is not.
    let status = |program: &str| {
        check_with(&repo, "hooks status --exit-code", |command| {
            command
                .env("CARGO_SENTINEL_BIN", program)
                .env("CARGO_HOME", repo.root());
        })
    };
    status(env!("CARGO_BIN_EXE_cargo-sentinel")).succeeds();
    let gone = status("/nowhere").exits(1);
    assert!(gone.stdout.contains("pre-push          binary gone"), "{}", gone.stdout);
    gone.says(&["hint: cargo install"]);
    repo.git("switch -q -c feature/x");
    git_with(&repo, &["commit", "--allow-empty", "-m", "nope"], |command| {
        command.env("CARGO_SENTINEL_BIN", env!("CARGO_BIN_EXE_cargo-sentinel"));
    })
    .refused("message");
    // What is ignored is nobody else's.
    let (repo, _) = with_hooks_path("target/hooks", "--local");
    assert!(repo.dir().join("target/hooks/pre-push").exists());
}

#[test]
fn hooks_path_of_another_manager_or_for_everything_is_left_alone() {
    let (repo, outcome) = with_hooks_path(".husky/_", "--local");
    outcome.exits(1).says(&[
        "husky's own place",
        "add to .husky/pre-push: cargo-sentinel hook run pre-push \"$@\"",
    ]);
    assert!(!repo.dir().join(".husky").exists());

    let repo = configured();
    let shared = repo.root().join("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::write(
        repo.root().join("home/.gitconfig"),
        format!("[core]\n\thooksPath = {}\n", shared.display()),
    )
    .unwrap();
    let globally = |words: &str| {
        check_with(&repo, words, |command| {
            command.env_remove("GIT_CONFIG_GLOBAL");
        })
    };
    globally("hooks install")
        .exits(1)
        .says(&["for more than this repository"]);
    assert_eq!(std::fs::read_dir(&shared).unwrap().count(), 0);
    // Installed first, and shadowed then.
    check(&repo, "hooks install").succeeds();
    let shadowed = globally("hooks status --exit-code").exits(1);
    assert!(
        shadowed.stdout.contains("pre-push          shadowed"),
        "{}",
        shadowed.stdout
    );
    globally("hooks uninstall").succeeds();
    assert!(!hooks_dir(&repo).exists());
}

#[test]
fn worktrees_submodules_and_bare_repositories() {
    let repo = configured();
    let linked = repo.root().join("linked tree");
    repo.git_words(&["worktree", "add", "-q", "-b", "feature/l", linked.to_str().unwrap()]);
    check_with(&repo, "hooks install", |command| {
        command.current_dir(linked.join("src"));
    })
    .succeeds();
    assert!(hooks_dir(&repo).join("pre-push").exists());
    git_with(&repo, &["commit", "--allow-empty", "-m", "nope"], |command| {
        command.current_dir(&linked);
    })
    .refused("message");

    // A working tree with hooks of its own.
    repo.git("config extensions.worktreeConfig true");
    let own = repo.root().join("own");
    repo.git_words(&[
        "-C",
        linked.to_str().unwrap(),
        "config",
        "--worktree",
        "core.hooksPath",
        own.to_str().unwrap(),
    ]);
    check_with(&repo, "hooks install", |command| {
        command.current_dir(&linked);
    })
    .succeeds();
    assert!(own.join("pre-push").exists());

    let outer = Repo::flow();
    outer.git_words(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        "../origin.git",
        "sub",
    ]);
    check(&outer, "-C sub hooks install").succeeds();
    assert!(outer.dir().join(".git/modules/sub/hooks/pre-push").exists());

    let bare = Repo::flow();
    check(&bare, "-C ../origin.git hooks install").succeeds();
    assert!(bare.origin().join("hooks/pre-push").exists());
    check(&bare, "hooks install --server")
        .exits(1)
        .says(&["bare repository"]);
}

#[test]
fn a_directory_that_cannot_be_written_stays_as_it_was() {
    // Even root writes nothing where a file stands in a directory's place.
    let repo = configured();
    repo.git("config core.hooksPath ../key.pub");
    let outcome = check(&repo, "hooks install");
    assert_ne!(outcome.code, 0);
    outcome.says(&["cannot "]);
}

#[test]
fn without_the_program_commits_stop_and_fetches_go_on() {
    let repo = configured();
    let copy = repo.root().join("bin dir/cargo-sentinel");
    std::fs::create_dir(copy.parent().unwrap()).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_cargo-sentinel"), &copy).unwrap();
    outcome(repo.command(&copy).args(["hooks", "install"])).succeeds();
    repo.git("switch -q -c feature/x");
    commit(&repo, "feat: x").succeeds();
    std::fs::remove_file(&copy).unwrap();
    assert!(status(&repo).contains("pre-push          binary gone"));
    let nowhere = |words: &[&str]| {
        git_with(&repo, words, |command| {
            command.env("CARGO_HOME", repo.root().join("none"));
            command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        })
    };
    for words in [
        &["commit", "--allow-empty", "-m", "feat: y"][..],
        &["push", "origin", "feature/x"],
        &["merge", "--no-ff", "-m", "Merge branch 'main'", "main~0"],
    ] {
        let refused = nowhere(words);
        // A merge of what is there already makes no commit.
        if !refused.stdout.contains("Already up to date") {
            refused.exits(1).says(&["sentinel[binary]: ", "fix: cargo install"]);
        }
    }
    nowhere(&["fetch", "-q", "origin"]).succeeds();
    // Anywhere it is looked for will do.
    executable(&repo.root().join("none/bin/cargo-sentinel"), "#!/bin/sh\nexit 0\n");
    nowhere(&["commit", "-q", "--allow-empty", "-m", "feat: y"]).succeeds();
}

#[test]
fn an_empty_environment_and_a_stale_or_dead_shim() {
    let repo = configured();
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q -c feature/x");
    let mut bare = std::process::Command::new("/usr/bin/env");
    bare.args([
        "-i",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "git",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
    ]);
    bare.args(["commit", "--allow-empty", "-m", "nope"])
        .current_dir(repo.dir());
    outcome(&mut bare).refused("message");

    let path = hooks_dir(&repo).join("pre-push");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(status(&repo).contains("pre-push          not executable"));
    check(&repo, "hooks install").succeeds();
    check(&repo, "hooks status --exit-code").succeeds();
    // Installed by a program elsewhere: stale, and brought up to date.
    let copy = repo.root().join("cargo-sentinel");
    std::fs::copy(env!("CARGO_BIN_EXE_cargo-sentinel"), &copy).unwrap();
    let shim = std::fs::read_to_string(&path).unwrap();
    outcome(repo.command(&copy).args(["hooks", "install"])).succeeds();
    let moved = std::fs::read_to_string(&path).unwrap();
    assert_ne!(moved, shim);
    std::fs::write(&path, shim).unwrap();
    assert!(status(&repo).contains("pre-push          stale"));
}

#[test]
fn a_record_that_cannot_be_understood_is_not_guessed() {
    let repo = configured();
    check(&repo, "hooks install").succeeds();
    for bad in ["{", "{\"schema\": 3, \"places\": {}}"] {
        repo.write(".git/sentinel/hooks.json", bad);
        for words in ["hooks install", "hooks uninstall", "hooks status"] {
            check(&repo, words).exits(1).says(&["the record of installed hooks"]);
        }
    }
}

#[test]
fn json() {
    let repo = configured();
    check(&repo, "hooks install").succeeds();
    let answer = check(&repo, "--json hooks status").succeeds().json();
    assert_eq!(answer["schema"], "sentinel.hooks/1");
    assert_eq!(
        answer["hooks"][0],
        serde_json::json!({"name": "pre-commit", "state": "installed", "chained": null})
    );
}
