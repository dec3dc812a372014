//! A remote that never answers: told within a deadline by its name, with nothing changed and no process left behind.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::{Ended, cut, journals, merged, run, run_with, seen};
use crate::host::proc::Run;
use crate::host::{clock, fs};
use crate::support::repo::Repo;

/// How long the remote is waited for where it says nothing at all.
const NOTHING_SECS: u64 = 1;
/// How long it is waited for where it has to answer before it falls silent.
const SOMETHING_SECS: u64 = 4;

/// A program that notes its process id and then waits for ever: nobody opens the pipe's other end.
struct SilentProgram(tempfile::TempDir);

impl SilentProgram {
    fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        let here = made.0.path().display();
        let script = format!("#!/bin/sh\necho $$ >> '{here}/pids'\nexec cat '{here}/pipe'\n");
        fs::write_scratch(made.path().as_ref(), script.as_bytes()).unwrap();
        std::fs::set_permissions(made.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Run::new("mkfifo", made.0.path()).arg("pipe").success().unwrap();
        made
    }

    fn path(&self) -> String {
        self.0.path().join("program").display().to_string()
    }

    /// Demands that it was started, and that none of its processes is left a few seconds from now.
    #[track_caller]
    fn is_gone(&self) {
        let pids = fs::read(&self.0.path().join("pids")).unwrap();
        let pids = String::from_utf8(pids.expect("the remote was never asked")).unwrap();
        let runs = |pid: &str| fs::stat(format!("/proc/{pid}/exe").as_ref()).unwrap().is_some();
        let gone = (0..500).any(|_| {
            let left = pids.lines().any(runs);
            if left {
                clock::pause(Duration::from_millis(10));
            }
            !left
        });
        assert!(gone, "the remote's processes are still there: {pids}");
    }
}

#[track_caller]
fn refused(ended: &Ended, words: &[&str]) {
    let Ended::Exit(1, message) = ended else {
        panic!("{ended:?}")
    };
    for word in words {
        assert!(message.contains(word), "no `{word}` in: {message}");
    }
}

/// ssh is git's child; behind `ext::` stands a child of a child.
#[test]
fn a_remote_that_lists_nothing() {
    for (transport, command) in [("ssh", "cut"), ("ssh", "finish"), ("ssh", "tag"), ("ext", "cut")] {
        let repo = match command {
            "cut" => Repo::flow(),
            "finish" => cut(Repo::flow()),
            _ => merged(Repo::flow()),
        };
        let silent = SilentProgram::new();
        let url = if transport == "ssh" {
            repo.git_words(&["config", "core.sshCommand", &silent.path()]);
            "ssh://example.org/demo.git".to_owned()
        } else {
            repo.git("config protocol.ext.allow always");
            format!("ext::{}", silent.path())
        };
        repo.git_words(&["remote", "set-url", "origin", &url]);
        let before = seen(&repo);
        let ended = run_with(&repo, command, 0, NOTHING_SECS);
        refused(&ended, &["`origin` does not answer", "did not end within 1 s"]);
        assert_eq!(seen(&repo), before, "{transport} {command}");
        assert_eq!(journals(&repo), [""; 0]);
        silent.is_gone();
    }
}

/// It lists its refs, and then takes no push.
#[test]
fn a_remote_that_takes_nothing() {
    let repo = Repo::flow();
    let silent = SilentProgram::new();
    repo.git_words(&["config", "remote.origin.receivepack", &silent.path()]);
    let before = seen(&repo);
    let ended = run_with(&repo, "cut", 0, SOMETHING_SECS);
    refused(
        &ended,
        &[
            "`origin` did not take the push",
            "`git -c gc.auto=0",
            "did not end within 4 s",
        ],
    );
    assert_eq!(seen(&repo), before);
    silent.is_gone();
    refused(&run(&repo, "resume", 0), &["nothing to resume"]);
    repo.git("config --unset remote.origin.receivepack");
    assert_eq!(run(&repo, "cut", 0), Ended::Exit(0, String::new()));
}

/// It falls silent while an interrupted run waits to be gone on with, or taken back.
#[test]
fn a_remote_that_falls_silent_in_between() {
    let repo = Repo::flow();
    let before = seen(&repo);
    for boundary in 1.. {
        assert_eq!(run(&repo, "cut", boundary), Ended::Killed, "no push was begun");
        if journals(&repo)
            .iter()
            .any(|text| text.contains("{\"intent\":{\"step\":\"push\""))
        {
            break;
        }
        fs::remove_dir(&repo.dir().join(".git/sentinel")).unwrap();
    }
    let crashed = (seen(&repo), journals(&repo).len());
    let silent = SilentProgram::new();
    repo.git_words(&["config", "core.sshCommand", &silent.path()]);
    repo.git("remote set-url origin ssh://example.org/demo.git");
    for command in ["resume", "undo"] {
        let ended = run_with(&repo, command, 0, NOTHING_SECS);
        refused(&ended, &["`origin` does not answer", "did not end within 1 s"]);
        silent.is_gone();
        assert_eq!((seen(&repo), journals(&repo).len()), crashed, "{command}");
    }
    repo.git("remote set-url origin ../origin.git");
    assert_eq!(run(&repo, "undo", 0), Ended::Exit(0, String::new()));
    assert_eq!(seen(&repo), before);
}
