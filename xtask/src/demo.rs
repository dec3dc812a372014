//! `cargo xtask demo`: a release from commits to a verified tag, in a throwaway repository with a bare remote and an
//! ephemeral key. Needs Rust, git and ssh-keygen, and no network.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::page::Page;
use crate::tool::{self, Profile, Sandbox};

/// Arguments of `cargo xtask demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the repository, and print where it is.
    #[arg(long)]
    keep: bool,
}

const MANIFEST: &str = r#"[package]
name = "greeter"
version = "1.0.0"
edition = "2021"
description = "Greets"
license = "MIT"
"#;

const CHANGELOG: &str = "# Changelog

## [Unreleased]

### Fixed

- Greetings end with a line feed (written by hand, and kept as it is).

## [1.0.0] - 2026-01-01

### Added

- A greeting.
";

/// Files of the first commit.
const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", MANIFEST),
    ("CHANGELOG.md", CHANGELOG),
    ("src/main.rs", "fn main() {\n    println!(\"hello\");\n}\n"),
    (".gitignore", "/target\n"),
];

/// What happened since the last release: the subject, and `main.rs` afterwards.
const COMMITS: [(&str, &str); 3] = [
    (
        "feat: greet whoever is named",
        "fn main() {\n    let name = std::env::args().nth(1).unwrap_or_default();\n    println!(\"hello {name}\");\n}\n",
    ),
    (
        "fix: say nothing twice",
        "fn main() {\n    let name = std::env::args().nth(1).unwrap_or_default();\n    println!(\"{}\", format!(\"hello {name}\").trim());\n}\n",
    ),
    (
        "docs: say what it does",
        "//! Greets.\n\nfn main() {\n    let name = std::env::args().nth(1).unwrap_or_default();\n    println!(\"{}\", format!(\"hello {name}\").trim());\n}\n",
    ),
];

/// Shows the release.
///
/// # Errors
/// When any step fails.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let page = Page::new();
    page.say("Building cargo-sentinel …");
    let program = tool::build(Profile::Dev)?;
    let scratch = tempfile::Builder::new().prefix("sentinel-demo-").tempdir()?;
    let top = scratch.path().join("greeter");
    let shown = Sandbox::new(scratch.path(), &program).and_then(|sandbox| {
        set_up(&sandbox)?;
        let demo = Demo {
            page,
            sandbox: sandbox.at(&top),
        };
        demo.before()?;
        demo.release()?;
        demo.verify()
    });
    if args.keep {
        page.say(&format!("\nKept: {}", scratch.keep().join("greeter").display()));
    } else {
        scratch.close().context("cannot remove the demo's directory")?;
    }
    shown?;
    Ok(ExitCode::SUCCESS)
}

/// A package at 1.0.0 on `main`, three commits further on `develop`, both in the bare remote, and a key to sign with.
fn set_up(outside: &Sandbox) -> Result<()> {
    outside
        .cmd("git init --quiet --bare --initial-branch=main remote.git")
        .run()?;
    outside.cmd("git init --quiet --initial-branch=main greeter").run()?;
    let sandbox = outside.at(&outside.files().current_dir().join("greeter"));
    for (name, value) in [("user.name", "Dana Demo"), ("user.email", "dana@example.org")] {
        sandbox.cmd("git config").args([name, value]).run()?;
    }
    let files = sandbox.files();
    for (path, text) in FILES {
        files.write_file(path, text)?;
    }
    let generate = outside.cmd("ssh-keygen -q -t ed25519 -C dana@example.org -f signing-key -N");
    generate.arg("").run().context("`ssh-keygen` makes the demo's key")?;
    let public = outside.files().read_file("signing-key.pub")?;
    let allowed = format!("dana@example.org namespaces=\"git\" {public}");
    outside.files().write_file("allowed_signers", &allowed)?;
    files.write_file(".sentinel/allowed_signers", &allowed)?;
    sandbox.cmd("cargo generate-lockfile --quiet --offline").run()?;
    commit(&sandbox, "feat: greet")?;
    sandbox.cmd("git tag v1.0.0").run()?;
    sandbox.cmd("git switch --quiet --create develop").run()?;
    for (subject, text) in COMMITS {
        files.write_file("src/main.rs", text)?;
        commit(&sandbox, subject)?;
    }
    sandbox.cmd("git remote add origin ../remote.git").run()?;
    sandbox
        .cmd("git push --quiet --set-upstream origin main develop v1.0.0")
        .run()?;
    Ok(())
}

fn commit(sandbox: &Sandbox, subject: &str) -> Result<()> {
    sandbox.cmd("git add --all").run()?;
    sandbox.cmd("git commit --quiet --message").arg(subject).run()?;
    Ok(())
}

/// The release, told step by step.
struct Demo {
    page: Page,
    sandbox: Sandbox,
}

impl Demo {
    /// Shows a command and what it says.
    fn show(&self, line: &str) -> Result<()> {
        self.page.command(line);
        self.sandbox.cmd(line).run()?;
        Ok(())
    }

    fn before(&self) -> Result<()> {
        self.page.heading("A package, with commits since its last release");
        self.page
            .say("`main` holds what was released, `develop` what comes next; `origin` is a bare repository.");
        self.show("git log --oneline --decorate")?;
        self.show("cargo sentinel status")?;

        self.page.heading("Which version comes next?");
        self.page
            .say("The conventional commits decide. Each one is listed with what it asks for.");
        self.show("cargo sentinel next --explain")?;
        self.show("cargo sentinel changelog")
    }

    fn release(&self) -> Result<()> {
        self.page.heading("Sign with an SSH key, as git does");
        self.show("git config gpg.format ssh")?;
        self.show("git config user.signingkey ../signing-key.pub")?;
        self.show("git config gpg.ssh.allowedSignersFile ../allowed_signers")?;

        self.page.heading("Cut the release branch");
        self.page
            .say("One commit, made without touching the working tree, and pushed: version, lock file, CHANGELOG.");
        self.show("cargo sentinel cut auto --yes")?;
        self.show("git show --stat --format=%s release/v1.1.0")?;

        self.page.heading("Finish it");
        self.page.say(
            "The crate is built from a pristine checkout, its digest goes into the signed tag, and the merges and",
        );
        self.page.say("the tag are pushed at once: all of it or nothing.");
        self.show("cargo sentinel finish --yes")?;
        self.show("git log --graph --oneline --decorate main develop")
    }

    fn verify(&self) -> Result<()> {
        self.page.heading("What was tagged");
        self.show("git cat-file tag v1.1.0")?;
        self.show("git ls-remote origin")?;

        self.page.heading("Verify it, as whoever downloads it would");
        self.page
            .say("`allowed_signers` came to them by another way; the crate lies where the release put it.");
        self.show(
            "cargo sentinel verify v1.1.0 --signers ../allowed_signers --artifact \
             target/sentinel/v1.1.0/greeter-1.1.0.crate",
        )?;
        self.page.say("Git agrees about the signature:");
        self.show("git verify-tag v1.1.0")?;

        self.page.heading("And on");
        self.show("git switch --quiet main")?;
        self.show("cargo sentinel version")?;
        self.page
            .say("\nThat was a release: version, CHANGELOG, branch, tag, artifact and pushes, from the commits alone.");
        Ok(())
    }
}
