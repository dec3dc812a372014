//! Cargo: packages built from a pristine checkout.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::interrupt::Interrupt;
use super::proc::Run;
use super::{Error, Result};

/// The oldest cargo that packages members which depend on each other before they are published (the Cargo changelog:
/// `cargo package --workspace` for unpublished siblings, 1.90).
pub(crate) const LEAST_CARGO: (u32, u32) = (1, 90);
/// The largest configuration of cargo that is read.
const CONFIGURATION_BYTES_MAX: u64 = 1024 * 1024;
/// How long packaging may take: no code is compiled, but an index may have to be updated.
const PACKAGE_DEADLINE: Duration = Duration::from_secs(1800);
/// How long cargo may take to fetch one package.
const FETCH_DEADLINE: Duration = Duration::from_secs(300);

/// The line in which cargo says what it is, such as `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`.
pub(crate) fn version(dir: &Path) -> Result<String> {
    // The verbose form would start programs to name the operating system.
    let out = cargo(dir).arg("--version").success()?;
    Ok(String::from_utf8_lossy(&out).trim().to_owned())
}

/// Demands a cargo that is recent enough.
pub(crate) fn require_cargo(dir: &Path) -> Result<()> {
    let text = version(dir)?;
    let release = text.split_ascii_whitespace().nth(1).unwrap_or_default();
    let mut parts = release.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < LEAST_CARGO {
        let (major, minor) = LEAST_CARGO;
        let what = format!("cargo {major}.{minor} or newer is needed, this one is `{release}`");
        return Err(Error::unsupported(what, "rustup update"));
    }
    Ok(())
}

/// The `.crate` files of one version in cargo's caches of registries, by path (The Cargo Book, "Cargo Home").
pub(crate) fn cached(name: &str, version: &str) -> Result<Vec<PathBuf>> {
    let home =
        super::env::cargo_home().ok_or_else(|| Error::Unexpected("neither CARGO_HOME nor HOME is set".to_owned()))?;
    let file = format!("{name}-{version}.crate");
    let caches = super::fs::list(&home.join("registry").join("cache"))?;
    let files = caches.into_iter().map(|cache| cache.join(&file));
    Ok(files.filter(|path| path.exists()).collect())
}

/// The index of a registry that the user has configured: in the environment, else in cargo's home (The Cargo Book,
/// "Configuration", `registries.<name>.index`). `None` where there is no such registry.
///
/// # Errors
/// When the configuration cannot be read.
pub(crate) fn registry_index(name: &str) -> Result<Option<String>> {
    let variable = format!("CARGO_REGISTRIES_{}_INDEX", name.to_uppercase().replace('-', "_"));
    if let Some(index) = super::env::var_os(&variable) {
        return Ok(index.into_string().ok());
    }
    let Some(home) = super::env::cargo_home() else {
        return Ok(None);
    };
    for file in ["config", "config.toml"] {
        let path = home.join(file);
        let Some(bytes) = super::fs::read_bounded(&path, CONFIGURATION_BYTES_MAX)? else {
            continue;
        };
        let unread =
            |why: &dyn std::fmt::Display| Error::Unexpected(format!("cannot read `{}`: {why}", path.display()));
        let text = String::from_utf8(bytes).map_err(|error| unread(&error))?;
        let configuration: toml_edit::DocumentMut = text.parse().map_err(|error| unread(&error))?;
        let registry = configuration
            .get("registries")
            .and_then(|registries| registries.get(name));
        let index = registry.and_then(|registry| registry.get("index")?.as_str());
        return Ok(index.map(str::to_owned));
    }
    Ok(None)
}

/// Has cargo fetch one version from its registry into the cache; `dir` is in no package, so that none is taken for it.
///
/// # Errors
/// When cargo fails, as it does for a version that is not there or was yanked.
pub(crate) fn fetch(dir: &Path, name: &str, version: &str, interrupt: &Interrupt) -> Result<()> {
    let run = cargo(dir).args(["info", "--quiet"]).arg(format!("{name}@{version}"));
    run.deadline(FETCH_DEADLINE)
        .interruptible(interrupt)
        .success()
        .map(drop)
}

/// `CARGO` is what cargo sets for its subcommands; the toolchain that called is the toolchain that builds.
pub(super) fn program() -> std::ffi::OsString {
    super::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

pub(super) fn cargo(dir: &Path) -> Run {
    let mut run = Run::new(program(), dir)
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_PROGRESS_WHEN", "never");
    for name in [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_BUILD_BUILD_DIR",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        // Cargo asks git which files belong to a package; these change what its patterns mean.
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_NAMESPACE",
    ] {
        run = run.env_remove(name);
    }
    run
}

/// The `.crate` files of `packages`, made by one call from the checkout at `dir`: a sibling that is not yet published
/// breaks packaging one by one. `epoch` is `SOURCE_DATE_EPOCH`, in seconds since the Unix epoch.
///
/// The build that `cargo package` would do to verify is left out: it does not change the bytes.
///
/// # Errors
/// When cargo fails, does not end in time, or does not leave exactly one file per package.
pub(crate) fn package(dir: &Path, packages: &[&str], epoch: i64, interrupt: &Interrupt) -> Result<Vec<PathBuf>> {
    let target = dir.join(".git").join("sentinel-target");
    let mut run = cargo(dir)
        .args(["package", "--quiet", "--locked", "--no-verify", "--target-dir"])
        .arg(&target);
    for package in packages {
        run = run.args(["--package", package]);
    }
    let run = run.env("SOURCE_DATE_EPOCH", epoch.to_string());
    let packaged = run.deadline(PACKAGE_DEADLINE).interruptible(interrupt).success();
    if let Err(error @ Error::Failed { .. }) = packaged {
        // Asked for only now: an old cargo packages a single crate as well as a new one.
        require_cargo(dir)?;
        return Err(error);
    }
    packaged?;
    let made: Vec<PathBuf> = super::fs::list(&target.join("package"))?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "crate"))
        .collect();
    if made.len() != packages.len() {
        let names: Vec<String> = made.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::Unexpected(format!(
            "cargo packaged {} of {} packages: {}",
            made.len(),
            packages.len(),
            names.join(", ")
        )));
    }
    Ok(made)
}
