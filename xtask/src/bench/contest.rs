//! Contenders that run in turn, so that a machine that warms up or slows down does so for all of them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::history::Random;
use crate::page::Page;
use crate::tool::Sandbox;

/// What runs, and how long it took.
pub(super) struct Contender {
    /// What is printed of it.
    pub(super) name: String,
    argv: Vec<String>,
    sandbox: Sandbox,
    /// What puts things back after each run, unmeasured.
    reset: Option<Vec<String>>,
    times: Vec<Duration>,
    /// A peer's failure is told; ours ends the measurement.
    is_peer: bool,
    failed: bool,
}

impl Contender {
    /// A program that runs in a sandbox's directory.
    pub(super) fn new(name: &str, sandbox: &Sandbox, argv: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            argv,
            sandbox: sandbox.at(&sandbox.files().current_dir()),
            reset: None,
            times: Vec::new(),
            is_peer: false,
            failed: false,
        }
    }

    /// Somebody else's program.
    pub(super) fn peer(mut self) -> Self {
        self.is_peer = true;
        self
    }

    /// A program whose command line holds no blanks within words, named as it is typed.
    pub(super) fn typed(line: &str, sandbox: &Sandbox) -> Self {
        let argv = line.split_ascii_whitespace().map(ToOwned::to_owned).collect();
        Self::new(line, sandbox, argv)
    }

    /// Runs `argv` after each run.
    pub(super) fn reset_by(mut self, argv: Vec<String>) -> Self {
        self.reset = Some(argv);
        self
    }

    /// The median, in milliseconds; not a number where it failed.
    pub(super) fn median_ms(&self) -> f64 {
        let mut times: Vec<f64> = self.times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        if self.failed {
            return f64::NAN;
        }
        let middle = times.len() / 2;
        let at = |index: usize| times.get(index).copied().unwrap_or(f64::NAN);
        if times.len().is_multiple_of(2) {
            f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
        } else {
            at(middle)
        }
    }

    fn spent(&self) -> Duration {
        self.times.iter().sum()
    }

    fn command(&self, argv: &[String]) -> Command {
        let (program, args) = argv
            .split_first()
            .map_or(("", argv), |(program, args)| (program.as_str(), args));
        let mut command = Command::from(self.sandbox.program(program).args(args));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn run_once(&mut self) -> Result<()> {
        let mut command = self.command(&self.argv);
        let start = Instant::now();
        let status = command
            .status()
            .with_context(|| format!("cannot start `{}`", self.name))?;
        self.times.push(start.elapsed());
        if self.is_peer && !status.success() {
            self.failed = true;
            return Ok(());
        }
        ensure!(status.success(), "`{}` failed: {status}", self.name);
        if let Some(reset) = &self.reset {
            let status = self.command(reset).status()?;
            ensure!(status.success(), "what resets `{}` failed: {status}", self.name);
        }
        Ok(())
    }

    /// The least private memory that it gets by with, in MiB: the lowest `ulimit -d` (setrlimit(2), `RLIMIT_DATA`) under
    /// which it succeeds. Its resident set would count the cached pages of the files it maps, which take no memory.
    pub(super) fn least_memory_mib(&self) -> Result<f64> {
        let (mut fails, mut suffices) = (0, 1 << 20);
        ensure!(self.runs_within_kib(suffices)?, "`{}` fails in a GiB", self.name);
        while suffices - fails > MEMORY_STEP_KIB {
            let middle = fails.midpoint(suffices);
            if self.runs_within_kib(middle)? {
                suffices = middle;
            } else {
                fails = middle;
            }
        }
        Ok(f64::from(suffices) / 1024.0)
    }

    fn runs_within_kib(&self, limit: u32) -> Result<bool> {
        let script = format!("ulimit -d {limit} && exec \"$@\"");
        let mut argv: Vec<String> = ["sh", "-c", &script, "sh"].map(ToOwned::to_owned).to_vec();
        argv.extend(self.argv.iter().cloned());
        Ok(self.command(&argv).status()?.success())
    }
}

/// How exactly memory is measured.
const MEMORY_STEP_KIB: u32 = 64;

/// How often contenders run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounds {
    /// At most so often.
    pub(super) most: usize,
    /// A contender that took this long in all has run often enough.
    pub(super) budget: Duration,
}

impl Rounds {
    /// For programs of some milliseconds.
    pub(super) const MANY: Self = Self {
        most: 41,
        budget: Duration::from_secs(10),
    };
}

/// Runs the contenders in turn, one unmeasured round first for those that are quick.
///
/// # Errors
/// When one of them cannot be started, or fails.
pub(super) fn run(contenders: &mut [Contender], rounds: Rounds) -> Result<()> {
    for contender in &mut *contenders {
        contender.run_once()?;
        if contender.spent() < rounds.budget / 10 {
            contender.times.clear();
        }
    }
    for _ in 0..rounds.most {
        for contender in &mut *contenders {
            if !contender.failed && contender.spent() < rounds.budget {
                contender.run_once()?;
            }
        }
    }
    Ok(())
}

/// As [`run`], each round in an order of its own, drawn from a fixed seed: what one leaves behind, such as a warm cache,
/// serves each of the others as often.
///
/// # Errors
/// As [`run`].
pub(super) fn run_shuffled(contenders: &mut [Contender], rounds: Rounds) -> Result<()> {
    let mut random = Random(SEED);
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    for contender in &mut *contenders {
        contender.run_once()?;
        contender.times.clear();
    }
    for _ in 0..rounds.most {
        for left in (1..order.len()).rev() {
            order.swap(left, random.below(left + 1));
        }
        for at in &order {
            if let Some(contender) = contenders
                .get_mut(*at)
                .filter(|one| !one.failed && one.spent() < rounds.budget)
            {
                contender.run_once()?;
            }
        }
    }
    Ok(())
}

/// One contender for each name, with the times of all that bear it.
pub(super) fn pooled(contenders: Vec<Contender>) -> Vec<Contender> {
    let mut pooled: Vec<Contender> = Vec::new();
    for contender in contenders {
        match pooled.iter_mut().find(|one| one.name == contender.name) {
            Some(one) => {
                one.times.extend(contender.times);
                one.failed |= contender.failed;
            }
            None => pooled.push(contender),
        }
    }
    pooled
}

/// The seed of every order.
const SEED: u64 = 1;

/// Prints each contender's median beside the ratio to the first one's.
pub(super) fn print(page: Page, contenders: &[Contender]) {
    let first = contenders.first().map_or(f64::NAN, Contender::median_ms);
    for contender in contenders {
        if contender.failed {
            page.say(&format!("  {:<44} failed", contender.name));
            continue;
        }
        let median = contender.median_ms();
        page.say(&format!(
            "  {:<44} {:>10} {:>9.2}x   ({} runs)",
            contender.name,
            duration(median),
            median / first,
            contender.times.len()
        ));
    }
}

/// Milliseconds, in the unit that reads best.
fn duration(ms: f64) -> String {
    if ms < 1000.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{:.2} s", ms / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_few_runs() {
        let sandbox = Sandbox::new(std::path::Path::new("/"), std::path::Path::new("/")).unwrap();
        let mut contender = Contender::typed("true", &sandbox);
        contender.times = [3, 1, 2].map(Duration::from_millis).to_vec();
        assert!((contender.median_ms() - 2.0).abs() < 1e-9);
        contender.times.push(Duration::from_millis(10));
        assert!((contender.median_ms() - 2.5).abs() < 1e-9);
    }
}
