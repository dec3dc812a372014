//! `cargo xtask bench`: whole processes, timed side by side in one run, from fixed seeds.
//!
//! The figures of the README and of `docs/performance.md` come from here. A goal is judged by the run's own numbers.

mod changelog;
mod contest;
mod cut;
mod fresh;
mod history;
mod hooks;
mod managers;
mod million;
mod next;
mod peers;
mod startup;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::page::Page;
use crate::tool::{self, Profile, Sandbox};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to measure.
    #[arg(default_value = "all")]
    what: What,
    /// Measure `next` and `changelog` on a copy of this repository instead; may be given several times.
    #[arg(long, value_name = "DIR")]
    repo: Vec<PathBuf>,
    /// Measure `next` in fresh clones instead, which have no commit-graph.
    #[arg(long, conflicts_with = "repo")]
    fresh: bool,
    /// Leave the peers out: git-cliff alone may take minutes.
    #[arg(long)]
    no_peers: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Everything.
    All,
    /// `next` against `git describe`, on 16,000 commits with 3,400 tags.
    Next,
    /// `next` on a million commits against ten thousand: time and memory.
    Million,
    /// `changelog --all` against git-cliff, on 7,000 commits with 265 releases.
    Changelog,
    /// `--version` against /bin/true.
    Startup,
    /// `cut --no-push` against `git status`, in a tree of 50,000 files.
    Cut,
    /// `git commit` and `git push` with hooks, against none and against other managers.
    Hooks,
    /// `verify` against `git verify-tag` and `git archive | sha256sum`, in a tree of 700 files.
    Verify,
}

/// What every measurement needs.
struct Bench {
    page: Page,
    /// The program under test, built for release.
    program: PathBuf,
    /// Where repositories are made.
    scratch: Sandbox,
    /// Whether peers run too.
    peers: bool,
    missed: Vec<String>,
}

/// Measures, and fails where a goal is missed.
///
/// # Errors
/// When a repository cannot be made, or a program that is measured fails.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let page = Page::new();
    page.say("Building cargo-sentinel for release …");
    let built = tool::build(Profile::Release)?;
    let scratch = tempfile::Builder::new().prefix("sentinel-bench-").tempdir()?;
    let program = installed(&built, &scratch.path().join("bin"))?;
    let mut bench = Bench {
        page,
        scratch: Sandbox::new(scratch.path(), &program)?,
        program,
        peers: !args.no_peers,
        missed: Vec::new(),
    };
    let all = [
        What::Startup,
        What::Next,
        What::Changelog,
        What::Million,
        What::Cut,
        What::Hooks,
        What::Verify,
    ];
    let chosen = |what: What| args.what == What::All || args.what == what;
    for what in all {
        if args.repo.is_empty() && !args.fresh && chosen(what) {
            bench.measure(what)?;
        }
    }
    if args.fresh && chosen(What::Next) || args.repo.is_empty() && args.what == What::All {
        fresh::measure(&mut bench)?;
    }
    for repo in &args.repo {
        let copy = bench.copy_of(repo)?;
        let name = repo.file_name().unwrap_or(repo.as_os_str()).to_string_lossy();
        if matches!(args.what, What::All | What::Next) {
            next::compare(&mut bench, &format!("next · {name}"), &copy)?;
        }
        if matches!(args.what, What::All | What::Changelog) {
            changelog::compare(&mut bench, &format!("changelog --all · {name}"), &copy)?;
        }
    }
    Ok(bench.verdict())
}

/// A copy in a directory of its own, as `cargo install` leaves one. The file that a linker wrote into, page by page, starts
/// more slowly: the kernel maps fewer of its pages at a time.
fn installed(built: &Path, dir: &Path) -> Result<PathBuf> {
    let program = dir.join("cargo-sentinel");
    std::fs::create_dir(dir)?;
    std::fs::copy(built, &program).with_context(|| format!("cannot copy `{}`", built.display()))?;
    Ok(program)
}

impl Bench {
    fn measure(&mut self, what: What) -> Result<()> {
        match what {
            What::Startup => startup::measure(self),
            What::Next => next::measure(self),
            What::Changelog => changelog::measure(self),
            What::Million => million::measure(self),
            What::Cut => cut::measure(self),
            What::Hooks => hooks::measure(self),
            What::Verify => verify::measure(self),
            What::All => Ok(()),
        }
    }

    /// The program under test, with arguments, as an `argv`.
    fn ours(&self, args: &str) -> Vec<String> {
        let program = self.program.display().to_string();
        let args = args.split_ascii_whitespace().map(ToOwned::to_owned);
        [program].into_iter().chain(args).collect()
    }

    /// A clone of somebody's repository, refs and commits alone: what is measured may not touch theirs.
    fn copy_of(&self, repo: &Path) -> Result<Sandbox> {
        let repo = repo
            .canonicalize()
            .with_context(|| format!("no repository at `{}`", repo.display()))?;
        let copy = tempfile::Builder::new()
            .prefix("copy-")
            .tempdir_in(self.scratch.files().current_dir())?
            .keep();
        let clone = self.scratch.cmd("git clone --quiet --no-hardlinks --no-checkout");
        clone.arg(&repo).arg(&copy).run()?;
        Ok(self.scratch.at(&copy))
    }

    /// Judges a goal by the run's own number: `found` must not exceed `limit`.
    fn at_most(&mut self, goal: &str, found: f64, limit: f64) {
        self.judge(goal, found, found <= limit);
    }

    /// As [`Bench::at_most`], the other way round.
    fn at_least(&mut self, goal: &str, found: f64, limit: f64) {
        self.judge(goal, found, found >= limit);
    }

    fn judge(&mut self, goal: &str, found: f64, met: bool) {
        let word = self.page.verdict(met, if met { "PASS" } else { "FAIL" });
        self.page.say(&format!("  goal: {goal}: {found:.2}  {word}"));
        if !met {
            self.missed.push(goal.to_owned());
        }
    }

    fn verdict(&self) -> ExitCode {
        if self.missed.is_empty() {
            return ExitCode::SUCCESS;
        }
        self.page.heading("Missed");
        for goal in &self.missed {
            self.page.say(&format!("  {goal}"));
        }
        ExitCode::FAILURE
    }
}
