//! The one boundary through which the program is tested: words in; exit code, standard output, standard error out.

use std::path::Path;
use std::process::Command;

use super::repo::Repo;

/// What the program answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program on blank-separated words in the repository's working tree.
pub(crate) fn check(repo: &Repo, words: &str) -> Outcome {
    check_with(repo, words, |_| {})
}

/// The same, with the command changed first: another directory, another environment.
pub(crate) fn check_with(repo: &Repo, words: &str, change: impl FnOnce(&mut Command)) -> Outcome {
    let mut command = repo.command(env!("CARGO_BIN_EXE_cargo-sentinel"));
    command.args(words.split_whitespace());
    change(&mut command);
    let out = command.output().unwrap();
    Outcome {
        code: out.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
    }
}

impl Outcome {
    /// Demands success.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Demands that the messages hold each of these.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in:\n{}", self.stderr);
        }
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Demands that the program refuses with `code`, says each of `words`, and changes nothing.
#[track_caller]
pub(crate) fn refuses(repo: &Repo, argv: &str, code: i32, words: &[&str]) {
    let before = repo.state();
    check(repo, argv).exits(code).says(words);
    assert_eq!(repo.state(), before, "a refusal changed something");
}

/// Whether a program can be asked. A newcomer's machine has only Rust, git and ssh-keygen; where the whole suite is wanted
/// (`CI`), everything must be there.
#[track_caller]
pub(crate) fn has(repo: &Repo, program: &str) -> bool {
    // Not every program knows `--version`: what counts is that it starts.
    let found = repo.command(program).arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    found
}

/// Runs an acting command and kills it, and its git, while git runs the pre-push hook: a run is left unfinished, and no
/// process of it is left.
#[track_caller]
pub(crate) fn killed_while_pushing(repo: &Repo, argv: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    // git first: it stays a zombie until its parent, which waits for this hook's end of the pipe, is killed too.
    let script = "#!/bin/sh
read -r _ _ _ parent _ < /proc/$PPID/stat
kill -KILL $PPID
while read -r _ _ state _ < /proc/$PPID/stat && [ $state != Z ]; do :; done
kill -KILL $parent
";
    let hooks = repo.root().join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    std::fs::write(hooks.join("pre-push"), script).unwrap();
    std::fs::set_permissions(hooks.join("pre-push"), std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.git("config core.hooksPath ../hooks");
    check(repo, argv).exits(-1);
    repo.git("config --unset core.hooksPath");
    std::fs::remove_dir_all(&hooks).unwrap();
}

/// Writes a program.
pub(crate) fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
