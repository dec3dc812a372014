//! A kill at every boundary of the journal, of every acting command: then `resume` ends where an uninterrupted run ends,
//! and `undo` restores what was there before, or says that the release is published.
//!
//! The program that is killed is this test binary, started again on the one test `child`. Its clock is stopped and its
//! key's signatures are deterministic (Ed25519), so that the same end means the same ids.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;

use super::{Acted, Context, CutOptions, Error, Event, FinishOptions, Front, TagOptions, UndoOptions};
use crate::core::plan::Plan;
use crate::engine::journal;
use crate::host::env;
use crate::host::faults;
use crate::host::proc::{ChildId, Run};
use crate::support::repo::{Repo, State};
use crate::support::snapshot::Snapshot;

mod locks;
mod silence;

/// 2026-09-21, after every commit of the fixtures.
const NOW: i64 = 1_790_000_000;
const COMMAND: &str = "CRASH_COMMAND";
const BOUNDARY: &str = "CRASH_BOUNDARY";
const PATIENCE: &str = "CRASH_PATIENCE";

/// Goes ahead and looks away.
struct Silent;

impl Front for Silent {
    fn confirm(&mut self, _: &Plan) -> Result<bool, Error> {
        Ok(true)
    }

    fn event(&mut self, _: Event) {}
}

/// What the child can be told to do.
fn act(command: &str, context: &Context) -> Result<(), Error> {
    let cut = |no_push, switch| {
        let options = CutOptions {
            no_push,
            switch,
            ..CutOptions::default()
        };
        super::cut(context, &options, &mut Silent).map(done)
    };
    let finish = |no_push| {
        let options = FinishOptions {
            no_push,
            ..FinishOptions::default()
        };
        super::finish(context, &options, &mut Silent).map(done)
    };
    match command {
        "cut" => cut(false, false),
        "cut --no-push" => cut(true, false),
        "cut --switch" => cut(false, true),
        "finish" => finish(false),
        "finish --no-push" => finish(true),
        "tag" => super::tag(context, &TagOptions::default(), &mut Silent).map(done),
        "resume" => super::resume(context, None, &mut Silent).map(drop),
        "undo" => super::undo(context, &UndoOptions::default(), &mut Silent).map(drop),
        other => panic!("`{other}` is no command"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it ends a chain of `map`s")]
fn done(acted: Acted) {
    assert!(matches!(acted, Acted::Done(_)), "{acted:?}");
}

/// Not a test of its own: what the others start, and kill.
#[test]
fn child() {
    let Some(command) = env::var_os(COMMAND) else { return };
    let boundary = env::var_os(BOUNDARY).unwrap().into_string().unwrap();
    faults::stop_clock(NOW);
    faults::die_at(boundary.parse().unwrap());
    let patience_secs = env::var_os(PATIENCE).unwrap().into_string().unwrap();
    faults::wait_at_most(patience_secs.parse().unwrap());
    let context = Context::here(super::Interrupt::default()).unwrap();
    match act(command.to_str().unwrap(), &context) {
        Ok(()) => println!("\nanswer 0"),
        Err(error) => println!(
            "\nanswer {} {}",
            error.kind.exit_code(),
            error.message.replace('\n', " ")
        ),
    }
}

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Killed,
    Exit(u8, String),
}

impl Ended {
    fn code(&self) -> Option<u8> {
        match self {
            Self::Killed => None,
            Self::Exit(code, _) => Some(*code),
        }
    }
}

/// Runs a command in a process of its own; `boundary` 0 lets it live.
fn run(repo: &Repo, command: &str, boundary: u64) -> Ended {
    run_with(repo, command, boundary, 0)
}

/// The same, waiting no longer than so many seconds for a remote.
fn run_with(repo: &Repo, command: &str, boundary: u64, patience_secs: u64) -> Ended {
    let program = std::env::current_exe().unwrap();
    let mut child = Run::new(program, &repo.dir()).args(["--exact", "app::crash_tests::child", "--nocapture"]);
    for (name, value) in repo.environment() {
        let name = name.into_string().unwrap();
        child = match value {
            Some(value) => child.env(&name, value),
            None => child.env_remove(&name),
        };
    }
    let child = child.env(COMMAND, command).env(BOUNDARY, boundary.to_string());
    let output = child.env(PATIENCE, patience_secs.to_string()).output().unwrap();
    if output.status.signal() == Some(9) {
        wait_for_children(repo);
        return Ended::Killed;
    }
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer = stdout.lines().find_map(|line| line.strip_prefix("answer "));
    let answer = answer.unwrap_or_else(|| panic!("{command}: {stdout}\n{}", output.stderr));
    let (code, message) = answer.split_once(' ').unwrap_or((answer, ""));
    Ended::Exit(code.parse().unwrap(), message.to_owned())
}

/// A child that waits for its record ends when its parent does, a moment later; until then it counts as at work.
fn wait_for_children(repo: &Repo) {
    for text in journals(repo) {
        for line in text.lines() {
            let Ok(record) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            let number = |name: &str| record["child"][name].as_u64();
            if let (Some(pid), Some(started)) = (number("pid"), number("started")) {
                let child = ChildId {
                    pid: u32::try_from(pid).unwrap(),
                    started,
                };
                while child.is_alive() {
                    std::thread::yield_now();
                }
            }
        }
    }
}

fn runs(repo: &Repo) -> PathBuf {
    journal::directory(&repo.dir().join(".git"))
}

fn journals(repo: &Repo) -> Vec<String> {
    let paths = crate::host::fs::list(&runs(repo)).unwrap();
    let text = |path: PathBuf| String::from_utf8(crate::host::fs::read(&path).unwrap().unwrap()).unwrap();
    paths.into_iter().map(text).collect()
}

/// Everything that a run may change, and what it must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    state: State,
    artifacts: Option<Snapshot>,
    linked: Option<(Snapshot, String)>,
    litter: Vec<PathBuf>,
}

fn seen(repo: &Repo) -> Seen {
    let artifacts = repo.dir().join("target/sentinel/v0.2.0");
    let linked = repo.root().join("linked");
    let status = || repo.git_in(&linked, "--no-optional-locks status --porcelain=v2 --branch");
    Seen {
        state: repo.state(),
        artifacts: artifacts.exists().then(|| Snapshot::of(&artifacts)),
        linked: linked.exists().then(|| (Snapshot::of(&linked), status())),
        litter: repo.litter(),
    }
}

/// Kills `command` at each boundary in turn; gives the deepest state that `undo` restored from.
fn killed_everywhere(repo: &Repo, command: &str) -> Snapshot {
    let start = Snapshot::of(repo.root());
    let before = seen(repo);
    assert_eq!(run(repo, command, 0), Ended::Exit(0, String::new()));
    let after = seen(repo);
    assert_ne!(before, after);
    assert_eq!((&before.litter, &after.litter), (&Vec::new(), &Vec::new()));
    let (mut resumed, mut deepest) = (0, None);
    for boundary in 1.. {
        start.restore(repo.root());
        match run(repo, command, boundary) {
            Ended::Killed => {}
            Ended::Exit(0, _) => break,
            ended @ Ended::Exit(..) => panic!("{ended:?}"),
        }
        let crashed = Snapshot::of(repo.root());
        resumed += u32::from(goes_on(repo, command, boundary, &after));
        crashed.restore(repo.root());
        if goes_back(repo, command, boundary, (&before, &after)) {
            deepest = Some(crashed);
        }
    }
    assert!(resumed > 0, "resume never resumed");
    deepest.expect("undo never restored")
}

/// `resume`, or the command itself where there was no run, ends as if nothing had happened. Says whether `resume` did it.
fn goes_on(repo: &Repo, command: &str, boundary: u64, after: &Seen) -> bool {
    let ended = run(repo, "resume", 0);
    match ended.code() {
        Some(0) => {}
        // Killed before the run began, or after it had ended.
        Some(1) if seen(repo) == *after => {}
        Some(1) => assert_eq!(
            run(repo, command, 0),
            Ended::Exit(0, String::new()),
            "boundary {boundary}"
        ),
        _ => panic!("boundary {boundary}: {ended:?}"),
    }
    assert_eq!(seen(repo), *after, "resume after boundary {boundary}");
    assert_eq!(journal::unfinished(&repo.dir().join(".git")).unwrap(), None);
    ended.code() == Some(0)
}

/// `undo` restores what was before, or refuses because the release is published. Says whether it restored.
fn goes_back(repo: &Repo, command: &str, boundary: u64, (before, after): (&Seen, &Seen)) -> bool {
    let published = repo.origin_refs() != before.state.origin;
    let ended = run(repo, "undo", 0);
    match ended.code() {
        Some(0) => {
            assert_eq!(seen(repo), *before, "undo after boundary {boundary}");
            assert_eq!(journal::unfinished(&repo.dir().join(".git")).unwrap(), None);
            true
        }
        Some(1) if published => {
            goes_on(repo, command, boundary, after);
            false
        }
        Some(1) => {
            assert_eq!(
                journals(repo),
                [""; 0],
                "boundary {boundary}: there is a run, and {ended:?}"
            );
            assert_eq!(seen(repo), *before);
            false
        }
        _ => panic!("boundary {boundary}: {ended:?}"),
    }
}

/// `undo` itself, killed at each of its boundaries and begun again.
fn undone_everywhere(repo: &Repo, from: &Snapshot, before: &Seen) {
    for boundary in 1.. {
        from.restore(repo.root());
        match run(repo, "undo", boundary) {
            Ended::Killed => {}
            Ended::Exit(0, _) => {
                assert!(boundary > 2, "undo has no boundaries");
                break;
            }
            ended @ Ended::Exit(..) => panic!("{ended:?}"),
        }
        // A kill after the last record leaves nothing to take back.
        let ended = run(repo, "undo", 0);
        assert!(matches!(ended.code(), Some(0 | 1)), "boundary {boundary}: {ended:?}");
        assert_eq!(seen(repo), *before, "undo killed at boundary {boundary}");
        assert_eq!(journal::unfinished(&repo.dir().join(".git")).unwrap(), None);
    }
}

fn survives_every_kill(repo: &Repo, command: &str) {
    let before = seen(repo);
    let deepest = killed_everywhere(repo, command);
    undone_everywhere(repo, &deepest, &before);
}

/// A repository whose release branch is cut, by a run that is forgotten: `undo` would take it back.
fn cut(repo: Repo) -> Repo {
    assert_eq!(run(&repo, "cut", 0), Ended::Exit(0, String::new()));
    crate::host::fs::remove_dir(&repo.dir().join(".git/sentinel")).unwrap();
    repo
}

#[test]
fn a_cut() {
    survives_every_kill(&Repo::flow(), "cut");
}

#[test]
fn a_cut_without_a_push() {
    survives_every_kill(&Repo::flow(), "cut --no-push");
}

#[test]
fn a_cut_that_switches() {
    survives_every_kill(&Repo::flow(), "cut --switch");
}

#[test]
fn a_finish_in_git_flow() {
    let repo = cut(Repo::flow());
    repo.git("worktree add -q ../linked main");
    survives_every_kill(&repo, "finish");
}

#[test]
fn a_finish_on_the_trunk() {
    survives_every_kill(&cut(Repo::trunk()), "finish");
}

#[test]
fn a_finish_without_a_push() {
    survives_every_kill(&cut(Repo::flow()), "finish --no-push");
}

/// A repository whose production is protected: the forge merged, and what it merged is to be tagged.
fn merged(repo: Repo) -> Repo {
    let repo = cut(repo);
    repo.git("switch -q main");
    repo.git("merge -q --no-ff release/v0.2.0");
    repo.git("push -q origin main");
    repo.git("switch -q develop");
    repo
}

#[test]
fn a_tag() {
    survives_every_kill(&merged(Repo::flow()), "tag");
}
