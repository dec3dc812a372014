//! Lock files that a killed git leaves: removed where an open intent names them, they are no older than it, and the child
//! on record is gone; else left alone and reported. An index's lock must bear the run's mark. Never a remote's.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use super::{Ended, NOW, journals, run, runs, seen};
use crate::engine::journal;
use crate::host::fs;
use crate::support::repo::Repo;
use crate::support::snapshot::Snapshot;

/// Kills `command` right behind the intent of `step`.
fn killed_in(repo: &Repo, command: &str, step: &str) {
    let start = Snapshot::of(repo.root());
    let intent = format!("{{\"intent\":{{\"step\":\"{step}\"");
    for boundary in 1.. {
        start.restore(repo.root());
        assert_eq!(run(repo, command, boundary), Ended::Killed, "`{step}` was never begun");
        let last = |text: &String| text.lines().last().is_some_and(|line| line.starts_with(&intent));
        if journals(repo).iter().any(last) {
            return;
        }
    }
}

/// Makes a lock file, written so many seconds after the intent.
fn plant(repo: &Repo, lock: &str, after_intent_secs: i64) -> PathBuf {
    let path = repo.root().join(lock);
    fs::create_dir(path.parent().unwrap()).unwrap();
    let file = std::fs::File::options().create_new(true).write(true).open(&path);
    let at = Duration::from_secs(u64::try_from(NOW + after_intent_secs).unwrap());
    file.unwrap().set_modified(UNIX_EPOCH + at).unwrap();
    path
}

/// The effects that leave locks, with the command and step that have them.
const NAMED: [(&str, &str, &[&str]); 3] = [
    (
        "cut",
        "refs",
        &[
            "refs/heads/release/v0.2.0.lock",
            "refs/remotes/origin/release/v0.2.0.lock",
            "packed-refs.lock",
            "HEAD.lock",
        ],
    ),
    ("cut", "push", &["refs/remotes/origin/release/v0.2.0.lock"]),
    ("cut --switch", "worktree-1", &["HEAD.lock"]),
];

#[test]
fn named_and_no_older_than_the_intent() {
    for (command, step, locks) in NAMED {
        let repo = Repo::flow();
        let before = (Snapshot::of(repo.root()), seen(&repo));
        assert_eq!(run(&repo, command, 0).code(), Some(0));
        let after = seen(&repo);
        before.0.restore(repo.root());
        killed_in(&repo, command, step);
        locks
            .iter()
            .for_each(|lock| drop(plant(&repo, &format!("demo/.git/{lock}"), 0)));
        let crashed = Snapshot::of(repo.root());
        assert_eq!(
            run(&repo, "resume", 0),
            Ended::Exit(0, String::new()),
            "{command}: {step}"
        );
        assert_eq!(seen(&repo), after, "{command}: {step}");
        crashed.restore(repo.root());
        // What is put down again has a new time, as what was written after the intent has.
        assert_eq!(
            run(&repo, "undo", 0),
            Ended::Exit(0, String::new()),
            "{command}: {step}"
        );
        assert_eq!(seen(&repo), before.1, "{command}: {step}");
    }
}

#[test]
fn older_than_the_intent() {
    for (command, step, lock) in [
        ("cut", "refs", "demo/.git/refs/heads/release/v0.2.0.lock"),
        ("cut --switch", "worktree-1", "demo/.git/HEAD.lock"),
    ] {
        let repo = Repo::flow();
        killed_in(&repo, command, step);
        let lock = plant(&repo, lock, -1);
        let crashed = seen(&repo);
        let Ended::Exit(1, message) = run(&repo, "resume", 0) else {
            panic!("{command}: {step}");
        };
        assert!(message.contains(".lock"), "{message}");
        assert_eq!(seen(&repo).litter, crashed.litter, "{command}: {step}");
        fs::remove_file(&lock).unwrap();
        assert_eq!(run(&repo, "resume", 0), Ended::Exit(0, String::new()));
    }
}

/// An index is locked for as long as somebody's editor is open, so a lock's age shows nothing: only the mark of the run does.
#[test]
fn an_index_lock_without_the_mark_of_the_run() {
    let repo = Repo::flow();
    let before = (Snapshot::of(repo.root()), seen(&repo));
    assert_eq!(run(&repo, "cut --switch", 0).code(), Some(0));
    let after = seen(&repo);
    before.0.restore(repo.root());
    killed_in(&repo, "cut --switch", "worktree-1");
    let id = journal::unfinished(&repo.dir().join(".git")).unwrap().unwrap();
    let crashed = Snapshot::of(repo.root());
    for foreign in ["", "DIRC", "cargo-sentinel 20200101T000000Z-cut-0.2.0\n"] {
        let lock = plant(&repo, "demo/.git/index.lock", 1);
        fs::write_scratch(&lock, foreign.as_bytes()).unwrap();
        let held = seen(&repo);
        for command in ["resume", "undo"] {
            let Ended::Exit(75, message) = run(&repo, command, 0) else {
                panic!("{command} with a lock of `{foreign}`");
            };
            assert!(message.contains("index.lock"), "{message}");
            assert_eq!(seen(&repo), held, "{command} with a lock of `{foreign}`");
        }
        crashed.restore(repo.root());
    }
    for (command, end) in [("resume", &after), ("undo", &before.1)] {
        let lock = plant(&repo, "demo/.git/index.lock", -1);
        fs::write_scratch(&lock, format!("cargo-sentinel {id}\n").as_bytes()).unwrap();
        assert_eq!(run(&repo, command, 0), Ended::Exit(0, String::new()), "{command}");
        assert_eq!(seen(&repo), *end, "{command}");
        crashed.restore(repo.root());
    }
}

#[test]
fn named_by_no_intent() {
    let repo = Repo::flow();
    killed_in(&repo, "cut", "refs");
    let locks = ["refs/heads/other.lock", "index.lock", "config.lock"].map(|lock| format!("demo/.git/{lock}"));
    let planted = locks.map(|lock| plant(&repo, &lock, 1));
    assert_eq!(run(&repo, "resume", 0), Ended::Exit(0, String::new()));
    assert!(planted.iter().all(|lock| lock.exists()));
}

#[test]
fn of_the_remote() {
    let repo = Repo::flow();
    killed_in(&repo, "cut", "push");
    let lock = plant(&repo, "origin.git/refs/heads/release/v0.2.0.lock", 1);
    let Ended::Exit(1, message) = run(&repo, "resume", 0) else {
        panic!("a lock of the remote was no obstacle");
    };
    assert!(message.contains("`origin` did not take the push"), "{message}");
    assert!(lock.exists());
    fs::remove_file(&lock).unwrap();
    assert_eq!(run(&repo, "resume", 0), Ended::Exit(0, String::new()));
}

/// The child that the journal recorded is still at work: this very process stands in for it.
#[test]
fn of_a_child_that_lives() {
    let repo = Repo::flow();
    killed_in(&repo, "cut", "refs");
    let lock = plant(&repo, "demo/.git/refs/heads/release/v0.2.0.lock", 1);
    let journal = fs::list(&runs(&repo)).unwrap().remove(0);
    let text = fs::read(&journal).unwrap().unwrap();
    let child = format!(
        "{{\"child\":{{\"pid\":{},\"started\":0}}}}\n",
        rustix::process::getpid().as_raw_pid()
    );
    fs::write_atomic(&journal, &[&text, child.as_bytes()].concat()).unwrap();
    for command in ["resume", "undo"] {
        assert_eq!(run(&repo, command, 0).code(), Some(75), "{command}");
        assert!(lock.exists());
    }
    // A process id that was given to somebody else since is no child of ours.
    let reused = format!(
        "{{\"child\":{{\"pid\":{},\"started\":1}}}}\n",
        rustix::process::getpid().as_raw_pid()
    );
    fs::write_atomic(&journal, &[&text, reused.as_bytes()].concat()).unwrap();
    assert_eq!(run(&repo, "resume", 0), Ended::Exit(0, String::new()));
    assert_eq!(repo.litter(), [""; 0].map(PathBuf::from));
}
