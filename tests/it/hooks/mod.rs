//! The hooks, driven by git itself: installed, then asked by commits and pushes.

mod before;
mod commit;
mod install;
mod push;
mod range;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Outcome, Repo, check};

/// What most of these tests begin with: git-flow, a configuration, the hooks, and a branch to work on.
fn hooked() -> Repo {
    let repo = configured();
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q -c feature/x");
    repo
}

/// The same without hooks, on `develop`.
fn configured() -> Repo {
    let repo = Repo::flow();
    repo.git("switch -q main");
    repo.write("sentinel.toml", "schema = 1\n");
    let public = std::fs::read_to_string(repo.root().join("key.pub")).unwrap();
    repo.write(
        ".sentinel/allowed_signers",
        format!("alice@example.org namespaces=\"git\" {public}"),
    );
    repo.commit("chore: configure");
    repo.git("switch -q develop");
    repo.git("merge -q --no-edit main");
    repo.git("push -q --no-verify origin main develop");
    repo
}

/// Runs git as a user would; the hooks have their say.
fn git(repo: &Repo, words: &[&str]) -> Outcome {
    git_with(repo, words, |_| {})
}

fn git_with(repo: &Repo, words: &[&str], change: impl FnOnce(&mut Command)) -> Outcome {
    let mut command = repo.command("git");
    command.args(words);
    change(&mut command);
    outcome(&mut command)
}

fn outcome(command: &mut Command) -> Outcome {
    let out = command.output().unwrap();
    Outcome {
        code: out.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
    }
}

/// Commits whatever is staged, even nothing.
fn commit(repo: &Repo, message: &str) -> Outcome {
    git(repo, &["commit", "-q", "--allow-empty", "-m", message])
}

/// Runs git on standard input.
fn git_fed(repo: &Repo, words: &[&str], input: &[u8]) -> Outcome {
    use std::io::Write as _;
    let path = repo.root().join("input");
    std::fs::File::create(&path).unwrap().write_all(input).unwrap();
    git_with(repo, words, |command| {
        command.stdin(std::fs::File::open(&path).unwrap());
    })
}

impl Outcome {
    /// Demands that a hook refused: by which check, with a way to mend it.
    #[track_caller]
    fn refused(self, check: &str) -> Self {
        assert_ne!(self.code, 0, "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self.says(&[&format!("sentinel[{check}]: "), "fix: "])
    }
}

/// A file that everybody may execute.
fn executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn hooks_dir(repo: &Repo) -> PathBuf {
    repo.dir().join(".git/hooks")
}
