//! `cargo xtask fuzz`: the parsers against libFuzzer (https://llvm.org/docs/LibFuzzer.html), by way of cargo-fuzz.
//!
//! Starts from the committed seeds in `fuzz/corpus` and never writes there: what a run finds stays in the target directory.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use xshell::{Shell, cmd};

use crate::page::Page;
use crate::tool;

/// Arguments of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to fuzz; without it, every target in turn.
    target: Option<Target>,
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 1)]
    minutes: u64,
}

/// A parser that reads what others wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Commit messages.
    Message,
    /// CHANGELOG.md.
    Changelog,
    /// Cargo.toml and Cargo.lock.
    Manifest,
    /// sentinel.toml.
    Config,
    /// The journal of a run.
    Journal,
    /// Tag objects.
    Tag,
    /// Built files.
    Artifact,
    /// Allowed signers, and SSH signatures.
    Signers,
    /// Provenance statements, and their envelopes.
    Provenance,
    /// What hooks read: messages as edited, refs on standard input, settings in the environment, staged text.
    Hook,
}

impl Target {
    fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Changelog => "changelog",
            Self::Manifest => "manifest",
            Self::Config => "config",
            Self::Journal => "journal",
            Self::Tag => "tag",
            Self::Artifact => "artifact",
            Self::Signers => "signers",
            Self::Provenance => "provenance",
            Self::Hook => "hook",
        }
    }
}

/// An input may take this long and use this much, so that what is not linear is found too.
const INPUT_DEADLINE_SECS: u32 = 5;
const MEMORY_LIMIT_MIB: u32 = 1024;
const INPUT_MAX_BYTES: u32 = 16 * 1024;

/// Fuzzes, and says how often each target was run.
///
/// # Errors
/// When cargo-fuzz is missing, or a target cannot be built.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let shell = Shell::new()?;
    shell.change_dir(tool::root());
    // libFuzzer's instrumentation is a nightly feature; this is how a stable toolchain is told to have it.
    shell.set_var("RUSTC_BOOTSTRAP", "1");
    if cmd!(shell, "cargo fuzz --version")
        .quiet()
        .ignore_stderr()
        .read()
        .is_err()
    {
        bail!("cargo-fuzz is missing: install it with `cargo install cargo-fuzz`");
    }
    cmd!(shell, "cargo fuzz build --sanitizer none").quiet().run()?;
    let targets = args
        .target
        .map_or(Target::value_variants().to_vec(), |target| vec![target]);
    let page = Page::new();
    let mut broken = false;
    for target in targets {
        let held = fuzz(&shell, target, args.minutes)?;
        broken |= held.is_none();
        page.say(&match held {
            Some(executions) => format!(
                "{:<10} {executions:>11} executions in {} min: held",
                target.as_str(),
                args.minutes
            ),
            None => format!(
                "{:<10} broken: the input is in fuzz/artifacts/{}",
                target.as_str(),
                target.as_str()
            ),
        });
    }
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs one target; `None` where an input broke it, which libFuzzer then has described.
fn fuzz(shell: &Shell, target: Target, minutes: u64) -> Result<Option<u64>> {
    let name = target.as_str();
    let found = format!("fuzz/target/found/{name}");
    let seeds = format!("fuzz/corpus/{name}");
    shell.create_dir(&found)?;
    let limits = [
        format!("-max_total_time={}", minutes * 60),
        format!("-timeout={INPUT_DEADLINE_SECS}"),
        format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"),
        format!("-max_len={INPUT_MAX_BYTES}"),
        "-print_final_stats=1".to_owned(),
    ];
    let run = cmd!(
        shell,
        "cargo fuzz run --sanitizer none {name} {found} {seeds} -- {limits...}"
    )
    .quiet()
    .ignore_status();
    let output = run.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprintln!("{said}");
        return Ok(None);
    }
    let executions = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let executions = executions.and_then(|number| number.trim().parse().ok());
    executions.map(Some).context("libFuzzer does not say how often it ran")
}

#[cfg(test)]
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "public where it is a crate of its own")]
mod targets;

#[cfg(test)]
mod tests {
    use super::*;

    /// What each target checks; the journal is private, and its seeds are read where it is.
    fn check(target: Target) -> Option<fn(&[u8])> {
        match target {
            Target::Message => Some(targets::message),
            Target::Changelog => Some(targets::changelog),
            Target::Manifest => Some(targets::manifest),
            Target::Config => Some(targets::config),
            Target::Tag => Some(targets::tag),
            Target::Artifact => Some(targets::artifact),
            Target::Signers => Some(targets::signers),
            Target::Provenance => Some(targets::provenance),
            Target::Hook => Some(targets::hook),
            Target::Journal => None,
        }
    }

    #[test]
    fn the_seeds_keep_every_law() {
        for target in Target::value_variants() {
            let seeds = tool::root().join("fuzz/corpus").join(target.as_str());
            let mut read = 0;
            for seed in std::fs::read_dir(&seeds).unwrap() {
                let bytes = std::fs::read(seed.unwrap().path()).unwrap();
                if let Some(check) = check(*target) {
                    check(&bytes);
                }
                read += 1;
            }
            assert!(read > 0, "{} holds seeds", seeds.display());
        }
    }
}
