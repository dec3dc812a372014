//! A disk that is really full: a small one, in memory, holds the working tree and its repository or the temporary
//! directory, and a release is given page after page of it until there is enough.

use std::io::Write as _;
use std::path::PathBuf;

use crate::support::{Outcome, Repo, check};

const PAGE_BYTES: u64 = 4096;

/// A file system of a few megabytes in the place of one of the world's directories. Goes with this value.
struct SmallDisk<'a> {
    repo: &'a Repo,
    place: &'static str,
}

impl<'a> SmallDisk<'a> {
    /// `None` where mounting is not permitted, which no package that could be installed changes.
    #[expect(clippy::print_stderr, reason = "a test that steps aside says so")]
    fn at(place: &'static str, repo: &'a Repo) -> Option<Self> {
        let disk = Self { repo, place };
        disk.run("for side in demo origin.git tmp; do mv $side $side.kept && mkdir $side || exit 1; done");
        let mut mount = repo.command("mount");
        let words = ["-t", "tmpfs", "-o", "size=4m", "tmpfs", place];
        let mounted = mount.current_dir(repo.root()).args(words).output();
        let mounted = mounted.is_ok_and(|out| out.status.success());
        if mounted {
            Some(disk)
        } else {
            eprintln!("left out: a tmpfs cannot be mounted here");
            std::mem::forget(disk);
            None
        }
    }

    /// Puts everything back as it was, with so many pages free.
    fn reset(&self, free_pages: u64) {
        self.run(
            "for side in demo origin.git tmp; do
            rm -rf $side/* $side/.[!.]* && cp -a $side.kept/. $side/ || exit 1
        done",
        );
        self.repo.git("status"); // the index knows the new files' times from here on
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        let page = [0; 4096];
        while ballast.write_all(&page).is_ok() {}
        let full = ballast.metadata().unwrap().len();
        ballast.set_len(full - free_pages * PAGE_BYTES).unwrap();
    }

    /// Makes room.
    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        let dir = self.repo.root().join(self.place);
        if self.place == "demo" {
            dir.join(".git/ballast")
        } else {
            dir.join("ballast")
        }
    }

    #[track_caller]
    fn run(&self, script: &str) {
        let mut shell = self.repo.command("sh");
        let done = shell.current_dir(self.repo.root()).args(["-c", script]).status();
        assert!(done.unwrap().success(), "{script}");
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let mut umount = self.repo.command("umount");
        let done = umount
            .current_dir(self.repo.root())
            .args(["--lazy", self.place])
            .status();
        assert!(std::thread::panicking() || done.unwrap().success());
    }
}

/// What a release ends with, apart from what a clock and a key decide.
fn shape(repo: &Repo) -> (Vec<String>, String) {
    let mut shape = Vec::new();
    for side in [repo.dir(), repo.origin()] {
        for name in repo.git_in(&side, "for-each-ref --format=%(refname)").lines() {
            let tree = repo.git_in(&side, &format!("rev-parse {name}^{{tree}}"));
            shape.push(format!("{name} {tree}"));
        }
    }
    (shape, repo.state().status)
}

/// Runs `words` with more and more room, from none at all. Without enough, the run says so, and either nothing has
/// changed, or `resume` ends it and `undo` takes it back once there is room.
fn at_every_size(place: &'static str, repo: &Repo, words: &str, pages_more: usize) {
    let Some(disk) = SmallDisk::at(place, repo) else { return };
    disk.reset(0);
    disk.free();
    let before = repo.state();
    check(repo, words).succeeds();
    let after = shape(repo);
    let (mut refused, mut resumed, mut undone) = (0, 0, 0);
    for (attempt, pages) in (0..).step_by(pages_more).enumerate() {
        disk.reset(pages);
        let outcome = check(repo, words);
        if outcome.code == 0 {
            break;
        }
        says_so(&outcome);
        let changed = repo.state() != before;
        disk.free();
        let status = check(repo, "status --json").succeeds().json();
        if status.pointer("/run").unwrap().is_null() {
            refused += 1;
            assert!(!changed, "{pages} pages: {outcome:?}");
        } else {
            outcome.clone().says(&["cargo sentinel resume"]);
            if attempt % 2 == 0 && check(repo, "undo --yes").code == 0 {
                undone += 1;
                assert_eq!(repo.state(), before, "{pages} pages: {outcome:?}");
            } else {
                resumed += 1;
                check(repo, "resume --yes").succeeds();
                assert_eq!(shape(repo), after, "{pages} pages: {outcome:?}");
            }
        }
        if repo.state() == before {
            check(repo, words).succeeds();
            assert_eq!(shape(repo), after, "{pages} pages: {outcome:?}");
        }
        assert_eq!(repo.litter(), [""; 0].map(PathBuf::from));
        repo.git("fsck --strict");
    }
    assert!(refused > 0, "the disk was never full");
    if place == "demo" {
        assert!(resumed + undone > 0, "the disk was never full behind the commit point");
    }
}

fn says_so(outcome: &Outcome) {
    let said = &outcome.stderr;
    assert!(!said.contains("panicked"), "{said}");
    assert!(
        said.contains("df -h") || said.contains("No space left on device"),
        "{said}"
    );
}

#[test]
fn a_cut() {
    at_every_size("demo", &Repo::flow(), "cut 0.2.0 --yes --switch", 1);
}

#[test]
fn a_finish() {
    let repo = Repo::flow();
    check(&repo, "cut 0.2.0 --yes").succeeds();
    at_every_size("demo", &repo, "finish 0.2.0 --yes", 1);
}

/// Production is protected: the forge merged.
fn merged() -> Repo {
    let repo = Repo::flow();
    check(&repo, "cut 0.2.0 --yes").succeeds();
    repo.git("switch -q main");
    repo.git("merge -q --no-ff release/v0.2.0");
    repo.push();
    repo.git("switch -q develop");
    repo
}

#[test]
fn a_tag() {
    at_every_size("demo", &merged(), "tag --yes", 1);
}

#[test]
fn a_build() {
    at_every_size("tmp", &merged(), "tag --yes", 8);
}
