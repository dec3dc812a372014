//! The tool under this repository's roof: building it, and sandboxes that no user's git configuration reaches.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xshell::{Cmd, Shell, cmd};

/// The top of this repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// How the tool is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// Quick to run.
    Release,
}

/// Builds `cargo-sentinel` and returns the program's path, which is cargo's to choose.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    build_for(profile, None)
}

/// The target for this machine whose programs need no library; `None` where it is not installed.
///
/// # Errors
/// When rustc cannot be started.
pub(crate) fn static_target() -> Result<Option<String>> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let shell = Shell::new()?;
    let libraries = cmd!(shell, "{rustc} --print target-libdir --target {target}")
        .quiet()
        .ignore_stderr()
        .ignore_status()
        .read()?;
    let is_there = cfg!(target_os = "linux") && !libraries.is_empty() && Path::new(&libraries).is_dir();
    Ok(is_there.then_some(target))
}

/// The same for one of rustc's targets.
///
/// # Errors
/// As [`build`].
pub(crate) fn build_for(profile: Profile, target: Option<&str>) -> Result<PathBuf> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    let release = (profile == Profile::Release).then_some("--release");
    let target = target.map(|target| ["--target", target]).into_iter().flatten();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let messages = cmd!(
        shell,
        "{cargo} build --quiet --bin cargo-sentinel --message-format json-render-diagnostics {release...} {target...}"
    )
    .quiet()
    .read()?;
    let program = messages.lines().find_map(executable);
    program.context("cargo built no program `cargo-sentinel`")
}

/// The program that one of cargo's messages names (The Cargo Book, External tools, JSON messages).
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    Some(message.get("executable")?.as_str()?.into())
}

/// What git is told, whoever runs the task: no configuration but the repository's, and no pager on a terminal.
const GIT_ENVIRONMENT: [(&str, &str); 3] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_PAGER", "cat"),
];

/// Where a task tries things out: no user's git configuration reaches it, nor any `GIT_*` variable.
#[derive(Debug)]
pub(crate) struct Sandbox {
    shell: Shell,
    unset: Vec<OsString>,
}

impl Sandbox {
    /// A sandbox whose programs start in `dir`, and are looked up beside `tool` first.
    ///
    /// # Errors
    /// When the current directory is gone, or `PATH` cannot hold the tool's directory.
    pub(crate) fn new(dir: &Path, tool: &Path) -> Result<Self> {
        let shell = Shell::new()?;
        shell.change_dir(dir);
        for (name, value) in GIT_ENVIRONMENT {
            shell.set_var(name, value);
        }
        let beside = tool.parent().unwrap_or(tool).to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([beside].into_iter().chain(std::env::split_paths(&path)))?;
        shell.set_var("PATH", path);
        let unset = std::env::vars_os().map(|(name, _)| name).filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("GIT_") && !GIT_ENVIRONMENT.iter().any(|(ours, _)| *ours == name)
        });
        Ok(Self {
            unset: unset.collect(),
            shell,
        })
    }

    /// Writing and reading files, from the sandbox's directory.
    pub(crate) fn files(&self) -> &Shell {
        &self.shell
    }

    /// The same in another directory.
    pub(crate) fn at(&self, dir: &Path) -> Self {
        let shell = self.shell.clone();
        shell.change_dir(dir);
        Self {
            shell,
            unset: self.unset.clone(),
        }
    }

    /// A command of words without blanks, such as `git status`. Not echoed.
    pub(crate) fn cmd(&self, line: &str) -> Cmd<'_> {
        let mut words = line.split_ascii_whitespace();
        self.program(words.next().unwrap_or_default()).args(words)
    }

    /// A program by its name or path.
    pub(crate) fn program(&self, program: impl AsRef<Path>) -> Cmd<'_> {
        let cmd = self.shell.cmd(program).quiet();
        self.unset.iter().fold(cmd, Cmd::env_remove)
    }
}
