//! Compiling in a pristine checkout, with nothing of the user's in it: no variable, no flag, no configuration.
//!
//! What is fetched comes from where the user's configuration of cargo says; how it is compiled does not. The checkout's own
//! `.cargo/config.toml` and `rust-toolchain.toml` are part of the commit, and count.

mod home;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::interrupt::Interrupt;
use super::proc::Run;
use super::{Error, Result, cargo, env, fs};
use crate::core::build::Compiler;

/// How long a build may take, in seconds of the wall clock.
const DEADLINE: Duration = Duration::from_secs(4 * 3600);
/// The variables of the user's that a build sees: where programs are found, and which toolchain.
const INHERITED: [&str; 4] = ["PATH", "TMPDIR", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
/// What stands for the checkout and for cargo's home in the paths that a compiler writes down.
const REMAPPED: [&str; 2] = ["/build", "/cargo"];

/// A pristine checkout to build in, with an empty home and a cargo home of its own.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    checkout: &'a Path,
    /// Where everything lies that is not in the commit: below `.git`, where neither git nor cargo looks.
    own: PathBuf,
    epoch: i64,
    interrupt: &'a Interrupt,
}

/// A binary to build.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binary<'a> {
    pub(crate) package: &'a str,
    pub(crate) bin: &'a str,
    /// The target triple; `None` stands for the host's.
    pub(crate) target: Option<&'a str>,
}

impl<'a> Site<'a> {
    /// Readies a checkout. `epoch` is `SOURCE_DATE_EPOCH`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// When cargo's configuration lies above the checkout, the user's own among it: it would take part in the build.
    pub(crate) fn ready(checkout: &'a Path, epoch: i64, interrupt: &'a Interrupt) -> Result<Self> {
        fs::no_cargo_configuration_above(checkout, fs::CargoHome::Refused)?;
        let own = checkout.join(".git").join("sentinel");
        fs::create_dir(&own.join("home"))?;
        let site = Self {
            checkout,
            own,
            epoch,
            interrupt,
        };
        fs::write_scratch_program(&site.own.join("rustc"), site.wrapper()?.as_bytes())?;
        Ok(site)
    }

    /// A program, in the top directory of the checkout and with nothing of the user's around it.
    fn run(&self, program: impl AsRef<std::ffi::OsStr>) -> Run {
        let mut run = Run::new(program, self.checkout)
            .inherit_only(&INHERITED)
            .env("HOME", self.own.join("home"))
            .env("CARGO_HOME", self.own.join("cargo-home"))
            .env("TZ", "UTC")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SOURCE_DATE_EPOCH", self.epoch.to_string())
            .deadline(DEADLINE)
            .interruptible(self.interrupt);
        // Toolchains lie below the home that was taken away.
        if env::var_os("RUSTUP_HOME").is_none()
            && let Some(home) = std::env::home_dir()
        {
            run = run.env("RUSTUP_HOME", home.join(".rustup"));
        }
        run
    }

    fn cargo(&self) -> Run {
        self.run(cargo::program())
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_INCREMENTAL", "0")
            // Flags in the environment would replace those of the commit's own configuration; these are added to them.
            .env("RUSTC_WRAPPER", self.own.join("rustc"))
    }

    /// The script that cargo calls instead of the compiler, with the compiler's command line.
    fn wrapper(&self) -> Result<String> {
        let mut flags = String::new();
        for (from, to) in self.remaps()? {
            let from = from.to_str().ok_or_else(|| {
                let what = format!("the path `{}` is not UTF-8", from.display());
                Error::unsupported(what, "set TMPDIR, or CARGO_HOME, to one that is")
            })?;
            let quoted = from.replace('\'', "'\\''");
            flags.push_str(&format!(" '--remap-path-prefix={quoted}={to}'"));
        }
        Ok(format!("#!/bin/sh\nexec \"$@\"{flags}\n"))
    }

    /// Of several prefixes that fit, rustc takes the last.
    fn remaps(&self) -> Result<Vec<(PathBuf, &'static str)>> {
        let [checkout, cargo_home] = REMAPPED;
        let mut remaps = vec![(self.checkout.to_owned(), checkout)];
        remaps.extend(env::cargo_home().map(|home| (home, cargo_home)));
        remaps.push((self.own.join("cargo-home"), cargo_home));
        Ok(remaps)
    }

    /// The compiler that builds here, with the flags that it gets, in words that name no path of this machine.
    pub(crate) fn compiler(&self) -> Result<Compiler> {
        let [checkout, cargo_home] = REMAPPED;
        Ok(Compiler {
            rustc: self.rustc(&["--version"], b"")?.trim().to_owned(),
            host: self.rustc(&["--print", "host-tuple"], b"")?.trim().to_owned(),
            rustflags: vec![
                format!("--remap-path-prefix=$CHECKOUT={checkout}"),
                format!("--remap-path-prefix=$CARGO_HOME={cargo_home}"),
            ],
        })
    }

    /// Runs the compiler, and gives what it prints.
    fn rustc(&self, args: &[&str], stdin: &[u8]) -> Result<String> {
        let out = self.run("rustc").args(args).stdin(stdin).success()?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// What `rustc --print cfg` says of a target, a line each.
    pub(crate) fn target_cfg(&self, target: Option<&str>) -> Result<String> {
        let target = target.map(|target| ["--target", target]);
        let args: Vec<&str> = ["--print", "cfg"]
            .into_iter()
            .chain(target.into_iter().flatten())
            .collect();
        self.rustc(&args, b"")
    }

    /// Compiles a source without dependencies to an object file for `target`; gives its path.
    pub(crate) fn object(&self, name: &str, source: &str, target: Option<&str>) -> Result<PathBuf> {
        let object = self.own.join(format!("{name}.o"));
        let mut run = self.run("rustc").args(["--edition", "2021", "--crate-type", "lib"]);
        run = run.args(["--crate-name", "sentinel_stamp", "-C", "codegen-units=1"]);
        run = run.arg("--emit").arg(joined("obj=", &object));
        if let Some(target) = target {
            run = run.args(["--target", target]);
        }
        run.arg("-").stdin(source).success()?;
        Ok(object)
    }

    /// Gives the site its cargo home, with all that the user's holds of packages by now.
    pub(crate) fn furnish(&self) -> Result<()> {
        home::make(&self.own.join("cargo-home"))
    }

    /// Brings what the lock file names into the user's cargo home, over the network where that is allowed.
    pub(crate) fn fetch(&self, targets: &[&str]) -> Result<()> {
        let mut run = cargo::cargo(self.checkout).args(["fetch", "--quiet", "--locked"]);
        for target in targets {
            run = run.args(["--target", target]);
        }
        run.deadline(DEADLINE).interruptible(self.interrupt).success().map(drop)
    }

    /// Builds a binary and links `object` into it, where there is one; gives the file.
    ///
    /// # Errors
    /// When cargo fails, or does not say where it left the binary.
    pub(crate) fn binary(&self, binary: &Binary<'_>, object: Option<&Path>) -> Result<PathBuf> {
        let mut run = self
            .cargo()
            .args(["rustc", "--quiet", "--release", "--locked", "--offline"]);
        run = run.args(["--message-format", "json-render-diagnostics"]);
        run = run.args(["--package", binary.package, "--bin", binary.bin, "--target-dir"]);
        run = run.arg(self.own.join("target"));
        if let Some(target) = binary.target {
            run = run.args(["--target", target]);
        }
        if let Some(object) = object {
            run = run.args(["--", "-C"]).arg(joined("link-arg=", object));
        }
        let out = run.success()?;
        let mut made = out
            .split(|byte| *byte == b'\n')
            .filter_map(|line| executable(line, binary.bin));
        made.next_back().ok_or_else(|| {
            Error::Unexpected(format!(
                "cargo built `{}` of `{}` and did not say where it is",
                binary.bin, binary.package
            ))
        })
    }

    /// Runs a command at the top of the checkout.
    pub(crate) fn command(&self, argv: &[String]) -> Result<()> {
        let (program, args) = argv
            .split_first()
            .ok_or_else(|| Error::Unexpected("a command without a program".to_owned()))?;
        // A path means a file of the checkout, whatever directory this program was started in.
        let program = if program.contains('/') {
            self.checkout.join(program).into_os_string()
        } else {
            OsString::from(program)
        };
        self.run(program).args(args).success().map(drop)
    }
}

fn joined(before: &str, path: &Path) -> OsString {
    let mut text = OsString::from(before);
    text.push(path);
    text
}

/// A line of cargo's machine output (The Cargo Book, "External Tools", "JSON messages").
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The file that the line says the binary was left in.
fn executable(line: &[u8], bin: &str) -> Option<PathBuf> {
    // A build script may print anything; what is no message names no file, and then there is no answer.
    let message: Message = serde_json::from_slice(line).ok()?;
    let target = message.target?;
    let is_it = message.reason == "compiler-artifact" && target.name == bin && target.kind == ["bin"];
    message.executable.filter(|_| is_it)
}
