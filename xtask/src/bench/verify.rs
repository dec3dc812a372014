//! `verify` against what a careful user would type: `git verify-tag`, and `git archive` into a digest.

use anyhow::Result;

use super::Bench;
use super::contest::{self, Contender, Rounds};
use crate::tool::Sandbox;

/// How many times as long as git's two commands together.
const GOAL: f64 = 3.0;
/// How many times as much memory ten times the files may take: each directory's id is remembered.
const MEMORY_GOAL: f64 = 1.5;
/// Seconds for the signatures of a chain of releases.
const CHAIN_SECONDS: f64 = 0.1;
const RELEASES: usize = 200;
/// The bytes of each generated file.
const FILE_BYTES: usize = 8 * 1024;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let few = released(bench, "files-700", 700)?;
    bench
        .page
        .heading("verify · 700 files of 8 KiB, no artifacts (generated)");
    let git = "git -c gpg.ssh.allowedSignersFile=.sentinel/allowed_signers verify-tag v0.1.0 && \
               git archive v0.1.0 | sha256sum";
    let ours = "verify v0.1.0 --signers .sentinel/allowed_signers";
    let mut contenders = [
        Contender::new(
            "git verify-tag, git archive | sha256sum",
            &few,
            ["sh", "-c", git].map(ToOwned::to_owned).to_vec(),
        ),
        Contender::new("cargo sentinel verify", &few, bench.ours(ours)),
    ];
    contest::run(&mut contenders, Rounds::MANY)?;
    contest::print(bench.page, &contenders);
    let [theirs, ours_700] = &contenders;
    bench.at_most(
        "verify against git's two commands, ratio",
        ours_700.median_ms() / theirs.median_ms(),
        GOAL,
    );
    let many = released(bench, "files-7000", 7000)?;
    let ours_7000 = Contender::new("cargo sentinel verify, 7,000 files", &many, bench.ours(ours));
    let (small, large) = (ours_700.least_memory_mib()?, ours_7000.least_memory_mib()?);
    bench.page.say(&format!(
        "  private memory: {small:.1} MiB for 700 files, {large:.1} MiB for 7,000"
    ));
    bench.at_most("memory does not follow the files, ratio", large / small, MEMORY_GOAL);
    chain(bench)
}

/// Many releases, each verified by the one before, back to the first.
fn chain(bench: &mut Bench) -> Result<()> {
    bench.page.heading("verify · a chain of 200 SSH signatures (generated)");
    let sandbox = package(bench, "chain", 1)?;
    release(&sandbox, "0.1.0")?;
    let files = sandbox.files();
    for number in 2..=RELEASES {
        for path in ["Cargo.toml", "CHANGELOG.md"] {
            let from = format!("0.{}.0", number - 1);
            let text = files.read_file(path)?.replace(&from, &format!("0.{number}.0"));
            files.write_file(path, text)?;
        }
        sandbox
            .cmd("git commit --quiet --all --message")
            .arg(format!("chore: {number}"))
            .run()?;
        release(&sandbox, &format!("0.{number}.0"))?;
    }
    let fingerprint = sandbox.cmd("ssh-keygen -l -f ../chain-key.pub").output()?.stdout;
    let fingerprint = String::from_utf8_lossy(&fingerprint).into_owned();
    let fingerprint = fingerprint.split(' ').nth(1).unwrap_or_default();
    let line = format!("verify v0.{RELEASES}.0 --introduction v0.1.0={fingerprint}");
    let mut contenders = [Contender::new(
        "cargo sentinel verify --introduction",
        &sandbox,
        bench.ours(&line),
    )];
    contest::run(&mut contenders, Rounds::MANY)?;
    contest::print(bench.page, &contenders);
    let [ours] = &contenders;
    bench.at_most(
        "200 releases, each signed, in seconds",
        ours.median_ms() / 1e3,
        CHAIN_SECONDS,
    );
    Ok(())
}

fn released(bench: &Bench, name: &str, files: usize) -> Result<Sandbox> {
    let sandbox = package(bench, name, files)?;
    release(&sandbox, "0.1.0")?;
    Ok(sandbox)
}

fn release(sandbox: &Sandbox, version: &str) -> Result<()> {
    let tag = sandbox.cmd("cargo-sentinel tag --yes --quiet").arg(version);
    tag.ignore_stdout().run()?;
    Ok(())
}

/// A package of that many files that is not published, so that a tag of it names no artifact; and a key that may sign.
fn package(bench: &Bench, name: &str, files: usize) -> Result<Sandbox> {
    let outside = &bench.scratch;
    outside.cmd("git init --quiet --initial-branch=main").arg(name).run()?;
    let sandbox = outside.at(&outside.files().current_dir().join(name));
    let key = format!("../{name}-key");
    let generate = sandbox.cmd("ssh-keygen -q -t ed25519 -C bench -N").arg("");
    generate.arg("-f").arg(&key).run()?;
    let public = sandbox.files().read_file(format!("{key}.pub"))?;
    for (setting, value) in [
        ("user.name", "Bench"),
        ("user.email", "bench@example.org"),
        ("gpg.format", "ssh"),
        ("user.signingKey", key.as_str()),
    ] {
        sandbox.cmd("git config").args([setting, value]).run()?;
    }
    let shell = sandbox.files();
    shell.write_file(".sentinel/allowed_signers", format!("bench@example.org {public}"))?;
    shell.write_file("Cargo.toml", MANIFEST)?;
    shell.write_file("src/lib.rs", "//! A package to verify.\n")?;
    shell.write_file(
        "CHANGELOG.md",
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n\n- It began.\n",
    )?;
    for number in 0..files {
        // No two alike, and none that a delta would make small.
        let mut state = number as u64;
        let text: String = (0..FILE_BYTES / 16)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                format!("{:015x}\n", state >> 4)
            })
            .collect();
        shell.write_file(format!("data/{}/{number}.txt", number % 20), text)?;
    }
    sandbox.cmd("git add --all").run()?;
    sandbox.cmd("git commit --quiet --message").arg("chore: begin").run()?;
    sandbox.cmd("git gc --quiet").run()?;
    Ok(sandbox)
}

const MANIFEST: &str = r#"[package]
name = "bench"
version = "0.1.0"
edition = "2021"
publish = false
"#;
