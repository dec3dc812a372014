//! What hooks add to `git commit` and `git push`, side by side with no hooks and with other managers.
//!
//! Every contender works in copies of its own of one repository. Others run a check that does nothing, so that what is
//! measured of them is what they cost themselves; ours check everything.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::contest::{self, Contender, Rounds};
use super::history::{self, Shape};
use super::managers::{MANAGERS, Manager, STAGES, YAML, fetched};
use super::{Bench, installed, peers};
use crate::tool::{self, Profile, Sandbox};

const SHAPE: Shape = Shape {
    commits: 100,
    releases: 5,
    since: 20,
    edits: true,
    files: 200,
    prereleases: 0,
};
/// How many copies of the repository each contender has: two that are alike differ by up to a millisecond a push, for as long as
/// they are there.
const COPIES: usize = 3;
/// For each copy.
const ROUNDS: Rounds = Rounds {
    most: 34,
    budget: std::time::Duration::from_secs(14),
};
/// How many commits a push has.
const PUSHED: usize = 20;
/// How many milliseconds a hook may add: one alone, pre-commit and commit-msg together, a push.
const GOALS_MS: [(&str, f64); 3] = [
    ("one hook", 2.5),
    ("pre-commit and commit-msg", 5.0),
    ("a push of 20 commits", 4.0),
];
/// How many times as much as ours others add.
const RATIOS: [(&str, f64); 2] = [("prek", 7.0), ("lefthook", 9.0)];

/// What pre-commit costs where a glance at the repository's files does not do, as with a changed manifest. Told, not judged.
const IN_FULL: &str = "ours, pre-commit alone, in full";

/// What the default target's program costs, which finds and maps the C library each time. Told, not judged.
const NEEDS_LIBRARIES: &str = "ours, linked dynamically";

/// Where the repositories are: in memory, where the system offers that (shm_overview(7)). git waits for the disk at each
/// commit, with hooks and without, and the disk's moods are longer than what is measured here.
const MEMORY: &str = "/dev/shm";

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let memory = memory(&bench.scratch);
    let room = match &memory {
        Some(dir) => bench.scratch.at(dir.path()),
        None => bench.scratch.at(&bench.scratch.files().current_dir()),
    };
    let place = if memory.is_some() { "in memory" } else { "on disk" };
    bench
        .page
        .heading(&format!("hooks · 200 files (generated), {place}, in random order"));
    let seed = history::make(&room, "hooks", SHAPE)?;
    seed.files().write_file("sentinel.toml", "schema = 1\n")?;
    seed.cmd("git add sentinel.toml").run()?;
    seed.cmd("git commit --quiet -m").arg("chore: configure").run()?;
    history::pack(&seed)?;
    let venv = if bench.peers { fetched(bench) } else { None };
    let linked = static_program(bench)?;
    let managers = managers(bench, venv.as_deref());
    let mut yards = Vec::new();
    for _ in 0..COPIES {
        yards.push(Yard::new(&room, &seed, "no hooks", None)?);
        yards.push(Yard::new(&room, &seed, "hooks that do nothing", None)?.idle()?);
        yards.extend(with_ours(bench, (&room, &seed), linked.as_ref())?);
        for (manager, beside) in &managers {
            let mut yard = Yard::new(&room, &seed, manager.name, *beside)?;
            yard.is_managed = true;
            match yard.managed(manager) {
                Ok(()) => yards.push(yard),
                Err(error) => bench.page.say(&format!("  {:<44} {error:#}", manager.name)),
            }
        }
    }
    commits(bench, &yards)?;
    pushes(bench, &yards)
}

/// Copies with our hooks, all or one alone.
fn with_ours(bench: &Bench, (room, seed): (&Sandbox, &Sandbox), linked: Option<&PathBuf>) -> Result<Vec<Yard>> {
    let all = &["pre-commit", "commit-msg", "pre-push"];
    let ours = [
        ("ours, pre-commit alone", &["pre-commit"][..]),
        (IN_FULL, &["pre-commit"]),
        ("ours, commit-msg alone", &["commit-msg"]),
        ("ours", all),
    ];
    let needs_libraries = linked.map(|_| (NEEDS_LIBRARIES, &all[..]));
    let mut yards = Vec::new();
    for (name, kept) in ours.into_iter().chain(needs_libraries) {
        let yard = Yard::new(room, seed, name, None)?;
        let program = linked.filter(|_| name != NEEDS_LIBRARIES);
        yard.ours(program.unwrap_or(&bench.program), kept)?;
        if name == IN_FULL {
            // Whatever may change how refs are spelled takes more than a glance.
            yard.sandbox.cmd("git config core.precomposeUnicode false").run()?;
        }
        yards.push(yard);
    }
    Ok(yards)
}

/// The managers that are here, each with the directory of its programs where it was fetched.
fn managers<'v>(bench: &mut Bench, venv: Option<&'v Path>) -> Vec<(&'static Manager, Option<&'v Path>)> {
    let mut found = Vec::new();
    for manager in MANAGERS.iter().filter(|_| bench.peers) {
        let is_fetched = venv.is_some_and(|dir| dir.join(manager.program).is_file());
        match is_fetched || peers::is_installed(manager.program) {
            true => found.push((manager, venv)),
            false => bench.page.say(&format!("  {:<44} not installed", manager.name)),
        }
    }
    found
}

/// The program that hooks should have, which needs no library: git waits for it to start twice a commit. `None` where its
/// target is not installed; then the default target's is measured.
fn static_program(bench: &Bench) -> Result<Option<PathBuf>> {
    let Some(target) = tool::static_target()? else {
        let remedy = "rustup target add, for this machine's linux-musl";
        bench
            .page
            .say(&format!("Ours is linked dynamically, which is slower: {remedy}"));
        return Ok(None);
    };
    bench.page.say(&format!("Building cargo-sentinel for {target} …"));
    let built = tool::build_for(Profile::Release, Some(&target));
    let built = built.context("a static build needs a C compiler for it: apt-get install musl-tools")?;
    Ok(Some(installed(
        &built,
        &bench.scratch.files().current_dir().join("static"),
    )?))
}

/// A directory in memory from which programs can be started; elsewhere git skips hooks, and says so where nobody looks.
fn memory(scratch: &Sandbox) -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir_in(MEMORY).ok()?;
    let room = scratch.at(dir.path());
    room.files().write_file("try", "#!/bin/sh\nexit 0\n").ok()?;
    room.cmd("chmod +x try").run().ok()?;
    room.program(dir.path().join("try")).run().ok()?;
    Some(dir)
}

/// `git commit` of one changed file.
fn commits(bench: &mut Bench, yards: &[Yard]) -> Result<()> {
    bench.page.say("git commit");
    let contender = |yard: &Yard| -> Result<Contender> {
        yard.sandbox
            .files()
            .write_file("src/d000/f00.rs", "pub const FILE: usize = 1;\n")?;
        yard.sandbox.cmd("git add src").run()?;
        settle(&yard.sandbox)?;
        let commit = words("git commit --quiet --message feat:_measure_it");
        let back = words("git reset --quiet --soft HEAD~1");
        Ok(yard.contender(spaced(commit)).reset_by(back))
    };
    let mut contenders = yards.iter().map(contender).collect::<Result<Vec<_>>>()?;
    contest::run_shuffled(&mut contenders, ROUNDS)?;
    let contenders = contest::pooled(contenders);
    contest::print(bench.page, &contenders);
    let added = added(&contenders);
    let [(one, one_ms), (both, both_ms), _] = GOALS_MS;
    for name in ["ours, pre-commit alone", "ours, commit-msg alone"] {
        bench.at_most(
            &format!("{name}: {one} adds at most {one_ms} ms"),
            added(name).unwrap_or(f64::NAN),
            one_ms,
        );
    }
    bench.at_most(
        &format!("{both} add at most {both_ms} ms"),
        added("ours").unwrap_or(f64::NAN),
        both_ms,
    );
    ratios(bench, &added);
    Ok(())
}

/// Dates the files back, and has git note it. One that is no older than the index git reads again at each commit, since it may
/// have changed after (its documentation of "racy-git"): then what a commit takes hangs on the second in which the copy was made.
fn settle(sandbox: &Sandbox) -> Result<()> {
    let settled = "git ls-files -z | xargs -0 touch -t 200001010000 && git update-index -q --refresh";
    sandbox.cmd("sh -c").arg(settled).run()?;
    Ok(())
}

/// `git push` of some commits to a new branch.
fn pushes(bench: &mut Bench, yards: &[Yard]) -> Result<()> {
    bench.page.say("git push, 20 commits");
    let contender = |yard: &Yard| -> Result<Contender> {
        for number in 0..PUSHED {
            let message = format!("feat: number {number}");
            yard.sandbox
                .cmd("git commit --quiet --no-verify --allow-empty -m")
                .arg(message)
                .run()?;
        }
        let forget =
            "git --git-dir=\"$1\" update-ref -d refs/heads/topic && git update-ref -d refs/remotes/origin/topic";
        let mut back = words("sh -c");
        back.extend([forget.to_owned(), "sh".to_owned(), yard.origin.display().to_string()]);
        let push = words("git push --quiet origin HEAD:refs/heads/topic");
        Ok(yard.contender(push).reset_by(back))
    };
    let pushed = yards.iter().filter(|yard| !yard.name.contains(" alone"));
    let mut contenders = pushed.map(contender).collect::<Result<Vec<_>>>()?;
    contest::run_shuffled(&mut contenders, ROUNDS)?;
    let contenders = contest::pooled(contenders);
    contest::print(bench.page, &contenders);
    let added = added(&contenders);
    let [_, _, (push, push_ms)] = GOALS_MS;
    bench.at_most(
        &format!("{push} takes at most {push_ms} ms more"),
        added("ours").unwrap_or(f64::NAN),
        push_ms,
    );
    ratios(bench, &added);
    Ok(())
}

/// How many milliseconds a contender adds to the first, which has no hooks: not a number where it failed, `None` where it is
/// not there.
fn added(contenders: &[Contender]) -> impl Fn(&str) -> Option<f64> {
    let nothing = contenders.first().map_or(f64::NAN, Contender::median_ms);
    move |name| {
        let found = contenders.iter().find(|contender| contender.name == name);
        Some(found?.median_ms() - nothing)
    }
}

fn ratios(bench: &mut Bench, added: &impl Fn(&str) -> Option<f64>) {
    for (name, least) in RATIOS {
        let goal = format!("{least} times less than {name}");
        match (added(name), added("ours")) {
            (Some(theirs), Some(ours)) => bench.at_least(&goal, theirs / ours, least),
            _ => bench.page.say(&format!("  goal: {goal}: not judged without it")),
        }
    }
}

/// A copy of the repository, with an origin of its own.
struct Yard {
    name: String,
    sandbox: Sandbox,
    origin: PathBuf,
    /// Whether another manager has hooks here.
    is_managed: bool,
}

impl Yard {
    fn new(room: &Sandbox, seed: &Sandbox, name: &str, beside: Option<&Path>) -> Result<Self> {
        let below = tempfile::Builder::new()
            .prefix("yard-")
            .tempdir_in(room.files().current_dir())?
            .keep();
        let (origin, clone) = (below.join("origin.git"), below.join("clone"));
        let from = seed.files().current_dir();
        room.cmd("git clone --quiet --bare").arg(&from).arg(&origin).run()?;
        room.cmd("git clone --quiet").arg(&origin).arg(&clone).run()?;
        let sandbox = match beside {
            Some(dir) => Sandbox::new(&clone, &dir.join("any"))?,
            None => room.at(&clone),
        };
        for (key, value) in [
            ("user.name", "Bench"),
            ("user.email", "bench@example.org"),
            ("gc.auto", "0"),
        ] {
            sandbox.cmd("git config").args([key, value]).run()?;
        }
        sandbox.files().remove_path(".git/hooks")?;
        sandbox.files().create_dir(".git/hooks")?;
        Ok(Self {
            name: name.to_owned(),
            sandbox,
            origin,
            is_managed: false,
        })
    }

    /// Some of our hooks, which refuse here what they have to refuse.
    fn ours(&self, program: &Path, kept: &[&str]) -> Result<()> {
        let files = self.sandbox.files();
        let install = self.sandbox.program(program).args(["-q", "hooks", "install"]);
        install.ignore_stdout().run()?;
        for hook in ["pre-commit", "pre-merge-commit", "commit-msg", "pre-push"] {
            if !kept.contains(&hook) {
                files.remove_path(format!(".git/hooks/{hook}"))?;
            }
        }
        files.write_file("marked", "<<<<<<< ours\n=======\n>>>>>>> theirs\n")?;
        self.sandbox.cmd("git add marked").run()?;
        let bad = self
            .sandbox
            .cmd("git commit --quiet -m")
            .arg("neither is good")
            .ignore_stderr();
        ensure!(
            bad.run().is_err(),
            "`{}` let a bad commit pass: its hooks do not run",
            self.name
        );
        self.sandbox.cmd("git reset --quiet --hard").run()?;
        Ok(())
    }

    /// Hooks that are a shell and no more: what git and the system take for any hook at all.
    fn idle(self) -> Result<Self> {
        let hooks = ["pre-commit", "commit-msg", "pre-push"].map(|hook| format!(".git/hooks/{hook}"));
        for hook in &hooks {
            self.sandbox.files().write_file(hook, "#!/bin/sh\nexit 0\n")?;
        }
        self.sandbox.cmd("chmod +x").args(hooks).run()?;
        Ok(self)
    }

    /// What is measured here; that another manager fails is told, and ends nothing.
    fn contender(&self, argv: Vec<String>) -> Contender {
        let contender = Contender::new(&self.name, &self.sandbox, argv);
        match self.is_managed {
            true => contender.peer(),
            false => contender,
        }
    }

    fn managed(&self, manager: &Manager) -> Result<()> {
        for (path, text) in manager.files {
            self.sandbox.files().write_file(path, text)?;
        }
        let stages = if manager.files.iter().any(|(_, text)| *text == YAML) {
            STAGES
        } else {
            ""
        };
        let line = format!("{} {stages}", manager.install);
        let installed = self.sandbox.cmd(&line).ignore_stdout().ignore_stderr().run();
        installed.with_context(|| format!("`{line}` failed"))
    }
}

fn words(line: &str) -> Vec<String> {
    line.split_ascii_whitespace().map(ToOwned::to_owned).collect()
}

/// Underscores in a message stand for blanks.
fn spaced(argv: Vec<String>) -> Vec<String> {
    argv.into_iter().map(|word| word.replace('_', " ")).collect()
}
