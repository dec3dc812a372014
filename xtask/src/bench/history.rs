//! Repositories made by git-fast-import(1): the same bytes from the same seed, whatever the machine.

use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::tool::Sandbox;

/// What a generated history looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Commits, merges among them.
    pub(super) commits: usize,
    /// Release tags, spread evenly; every other one is annotated.
    pub(super) releases: usize,
    /// Commits behind the last release.
    pub(super) since: usize,
    /// Whether commits change files: a million trees would only cost time to make.
    pub(super) edits: bool,
    /// Files of the first commit.
    pub(super) files: usize,
    /// Pre-releases of the next major version, on a branch of their own that the main one is merged into now and then, and
    /// that is not merged back.
    pub(super) prereleases: usize,
}

/// The seed of every history.
const SEED: u64 = 1;
/// When the first commit was made, and how long a history lasts, in seconds.
const BEGIN: usize = 1_400_000_000;
const LASTS: usize = 300_000_000;
/// A branch beside the main one, not merged into it: so far below its tip it begins, and so long it is.
const ASIDE: (usize, usize) = (500, 100);
/// The branch of the pre-releases, as vuejs/core has one: so far below the tip it begins, four of five commits are on it, and
/// one in so many of those merges the main branch.
const NEXT: (usize, usize) = (2_300, 40);

const MANIFEST: &str = "[package]\nname = \"demo\"\nversion = \"0.0.1\"\nedition = \"2021\"\n";
const KINDS: [&str; 12] = [
    "feat", "fix", "fix", "fix", "docs", "chore", "chore", "refactor", "perf", "test", "build", "feat",
];
const WORDS: [&str; 16] = [
    "reader", "index", "cache", "error", "remote", "the", "a", "of", "empty", "path", "keep", "move", "when", "object",
    "without", "line",
];

/// Makes the repository in a new directory of the sandbox, with `main` checked out and refs packed as in a clone.
///
/// # Errors
/// When git fails.
pub(super) fn make(outside: &Sandbox, name: &str, shape: Shape) -> Result<Sandbox> {
    outside.cmd("git init --quiet --initial-branch=main").arg(name).run()?;
    let sandbox = outside.at(&outside.files().current_dir().join(name));
    for (name, value) in [("user.name", "Bench"), ("user.email", "bench@example.org")] {
        sandbox.cmd("git config").args([name, value]).run()?;
    }
    let mut command = Command::from(sandbox.cmd("git fast-import --quiet"));
    let mut import = command
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start `git fast-import`")?;
    let stdin = import.stdin.take().context("`git fast-import` has no input")?;
    let mut writer = Writer {
        out: BufWriter::with_capacity(1 << 20, stdin),
        random: Random(SEED),
        made: 0,
        shape,
    };
    writer.history()?;
    writer.out.flush()?;
    drop(writer);
    let status = import.wait()?;
    ensure!(status.success(), "`git fast-import` failed: {status}");
    // Topic branches are merged and gone.
    sandbox.cmd("git update-ref -d refs/heads/side").run()?;
    sandbox.cmd("git reset --quiet --hard").run()?;
    sandbox.cmd("git pack-refs --all").run()?;
    Ok(sandbox)
}

/// Packs as a server does for a clone; without a commit-graph, which a clone does not have either.
///
/// # Errors
/// When git fails.
pub(super) fn pack(sandbox: &Sandbox) -> Result<()> {
    sandbox.cmd("git -c gc.writeCommitGraph=false gc --quiet").run()?;
    Ok(())
}

/// The branch of the pre-releases so far.
#[derive(Default)]
struct Next {
    /// Its last commit; 0 before its first.
    tip: usize,
    commits: usize,
    released: usize,
}

/// Writes what git-fast-import(1) reads. A commit's mark is its number, from 1.
struct Writer<W: Write> {
    out: BufWriter<W>,
    random: Random,
    made: usize,
    shape: Shape,
}

impl<W: Write> Writer<W> {
    /// The main line with short branches that are merged into it, its releases, and the branch aside.
    fn history(&mut self) -> Result<()> {
        let mut main = self.first()?;
        let mut side: Option<(usize, usize)> = None;
        let mut released = 0;
        let mut fork = main;
        let mut next = Next::default();
        while self.made < self.shape.commits {
            if self.made + NEXT.0 > self.shape.commits && self.shape.prereleases > 0 && !self.random.one_in(5) {
                self.next_major(&mut next, main)?;
                continue;
            }
            match side {
                Some((tip, 3..)) => {
                    main = self.merge(main, tip)?;
                    side = None;
                }
                Some((tip, length)) if self.random.one_in(2) => side = Some((self.commit("side", tip)?, length + 1)),
                None if self.random.one_in(8) => side = Some((self.commit("side", main)?, 1)),
                Some(_) | None => main = self.commit("main", main)?,
            }
            if self.made * self.shape.releases >= (released + 1) * (self.shape.commits - self.shape.since)
                && released < self.shape.releases
            {
                released += 1;
                self.release(released, main)?;
            }
            if self.made + ASIDE.0 <= self.shape.commits {
                fork = main;
            }
        }
        let mut aside = fork;
        for _ in 0..ASIDE.1 {
            aside = self.commit("aside", aside)?;
        }
        writeln!(self.out, "reset refs/heads/main\nfrom :{main}\n")?;
        Ok(())
    }

    /// A commit of the branch of pre-releases, or a merge of the main branch into it, and now and then a tag.
    fn next_major(&mut self, next: &mut Next, main: usize) -> Result<()> {
        next.tip = match next.tip {
            0 => self.commit("next", main)?,
            tip if self.random.one_in(NEXT.1) => {
                let message = format!("Merge branch 'main' into next at {main}");
                self.join("next", &message, (tip, main))?
            }
            tip => self.commit("next", tip)?,
        };
        next.commits += 1;
        if next.commits * self.shape.prereleases * 5 >= (next.released + 1) * NEXT.0 * 4 {
            next.released += 1;
            writeln!(
                self.out,
                "reset refs/tags/v99.0.0-beta.{}\nfrom :{}\n",
                next.released, next.tip
            )?;
        }
        Ok(())
    }

    fn first(&mut self) -> Result<usize> {
        let at = self.head("main", "feat: begin")?;
        self.file("Cargo.toml", MANIFEST)?;
        for file in 0..self.shape.files {
            self.file(&source(file), &format!("pub const FILE: usize = {file};\n"))?;
        }
        Ok(at)
    }

    fn commit(&mut self, branch: &str, parent: usize) -> Result<usize> {
        let message = self.random.message();
        let at = self.head(branch, &message)?;
        writeln!(self.out, "from :{parent}")?;
        if self.shape.edits {
            let file = self.random.below(self.shape.files.max(1));
            self.file(
                &source(file),
                &format!("pub const FILE: usize = {file};\npub const AT: usize = {at};\n"),
            )?;
        }
        Ok(at)
    }

    fn merge(&mut self, main: usize, side: usize) -> Result<usize> {
        self.join("main", &format!("Merge branch 'topic-{side}'"), (main, side))
    }

    fn join(&mut self, branch: &str, message: &str, (first, second): (usize, usize)) -> Result<usize> {
        let at = self.head(branch, message)?;
        writeln!(self.out, "from :{first}\nmerge :{second}")?;
        Ok(at)
    }

    /// A commit's opening lines.
    fn head(&mut self, branch: &str, message: &str) -> Result<usize> {
        self.made += 1;
        let (at, length) = (self.made, message.len());
        let when = BEGIN + at * (LASTS / self.shape.commits.max(1)).max(1);
        writeln!(
            self.out,
            "commit refs/heads/{branch}\nmark :{at}\ncommitter Bench <bench@example.org> {when} +0000\ndata {length}\n{message}"
        )?;
        Ok(at)
    }

    fn file(&mut self, path: &str, text: &str) -> Result<()> {
        writeln!(self.out, "M 100644 inline {path}\ndata {}\n{text}", text.len())?;
        Ok(())
    }

    fn release(&mut self, number: usize, at: usize) -> Result<()> {
        let tag = format!("v{}.{}.{}", number / 500, number % 500 / 10, number % 10);
        if number.is_multiple_of(2) {
            writeln!(self.out, "reset refs/tags/{tag}\nfrom :{at}\n")?;
        } else {
            let when = BEGIN + LASTS;
            writeln!(
                self.out,
                "tag {tag}\nfrom :{at}\ntagger Bench <bench@example.org> {when} +0000\ndata {}\n{tag}",
                tag.len()
            )?;
        }
        Ok(())
    }
}

/// The path of a file by its number, a hundred to a directory.
fn source(file: usize) -> String {
    format!("src/d{:03}/f{:02}.rs", file / 100, file % 100)
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.below(from.len());
        from.get(at).copied().unwrap_or_default()
    }

    fn words(&mut self, many: usize) -> String {
        let words: Vec<&str> = (0..many).map(|_| self.pick(&WORDS)).collect();
        words.join(" ")
    }

    /// Three in four are conventional; some have a body, a pull request's number, a breaking change.
    fn message(&mut self) -> String {
        let length = 3 + self.below(6);
        let mut text = self.words(length);
        if !self.one_in(4) {
            let scope = if self.one_in(3) {
                format!("({})", self.pick(&WORDS))
            } else {
                String::new()
            };
            let mark = if self.one_in(100) { "!" } else { "" };
            text = format!("{}{scope}{mark}: {text}", self.pick(&KINDS));
        }
        if self.one_in(4) {
            text = format!("{text} (#{})", self.below(10_000));
        }
        while self.one_in(3) {
            text = format!("{text}\n\n{}\n{}", self.words(10), self.words(8));
        }
        text
    }
}
