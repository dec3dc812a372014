//! Other managers of hooks: how they are fetched, configured and installed. The check that each runs does nothing.

use std::path::PathBuf;

use super::Bench;

/// A manager of hooks other than ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manager {
    pub(super) name: &'static str,
    /// The program that has to be there.
    pub(super) program: &'static str,
    /// Its configuration: a file, and what it says.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// What installs its hooks.
    pub(super) install: &'static str,
}

pub(super) const YAML: &str = "repos:
- repo: local
  hooks:
  - {id: a, name: a, entry: 'true', language: system, always_run: true, pass_filenames: false, stages: [pre-commit]}
  - {id: b, name: b, entry: 'true', language: system, always_run: true, pass_filenames: false, stages: [commit-msg]}
  - {id: c, name: c, entry: 'true', language: system, always_run: true, pass_filenames: false, stages: [pre-push]}
";
const LEFTHOOK: &str = "pre-commit: {commands: {a: {run: 'true'}}}
commit-msg: {commands: {b: {run: 'true'}}}
pre-push: {commands: {c: {run: 'true'}}}
";
pub(super) const STAGES: &str = "-t pre-commit -t commit-msg -t pre-push";

/// Those that PyPI has.
const FETCHED: [&str; 3] = ["prek", "lefthook", "pre-commit"];

pub(super) const MANAGERS: [Manager; 6] = [
    Manager {
        name: "prek",
        program: "prek",
        files: &[(".pre-commit-config.yaml", YAML)],
        install: "prek install -q",
    },
    Manager {
        name: "lefthook",
        program: "lefthook",
        files: &[("lefthook.yml", LEFTHOOK)],
        install: "lefthook install",
    },
    Manager {
        name: "pre-commit",
        program: "pre-commit",
        files: &[(".pre-commit-config.yaml", YAML)],
        install: "pre-commit install",
    },
    Manager {
        name: "husky",
        program: "husky",
        files: &[
            (".husky/pre-commit", "true\n"),
            (".husky/commit-msg", "true\n"),
            (".husky/pre-push", "true\n"),
        ],
        install: "husky",
    },
    Manager {
        name: "commitlint",
        program: "commitlint",
        // Without a rule of its own it refuses to start.
        files: &[
            (".commitlintrc.json", "{\"rules\": {\"type-empty\": [2, \"never\"]}}\n"),
            (".git/hooks/commit-msg", "#!/bin/sh\nexec commitlint --edit \"$1\"\n"),
        ],
        install: "chmod +x .git/hooks/commit-msg",
    },
    Manager {
        name: "cocogitto",
        program: "cog",
        files: &[(".git/hooks/commit-msg", "#!/bin/sh\nexec cog verify --file \"$1\"\n")],
        install: "chmod +x .git/hooks/commit-msg",
    },
];

/// The managers that PyPI has, in an environment of their own; `None` where it cannot be reached.
pub(super) fn fetched(bench: &Bench) -> Option<PathBuf> {
    let venv = bench.scratch.files().current_dir().join("venv");
    bench.page.say(&format!("Fetching {} …", FETCHED.join(", ")));
    let made = bench
        .scratch
        .cmd("python3 -m venv")
        .arg(&venv)
        .ignore_stdout()
        .ignore_stderr()
        .run();
    let pip = venv.join("bin").join("pip");
    let fetch = || bench.scratch.program(&pip).args(["install", "--quiet"]).args(FETCHED);
    let fetched = made.and_then(|()| fetch().ignore_stdout().ignore_stderr().run());
    match fetched {
        Ok(()) => Some(venv.join("bin")),
        Err(_) => {
            bench
                .page
                .say("  they cannot be fetched; no ratio is printed without them");
            None
        }
    }
}
