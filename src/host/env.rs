//! The environment that the program was started in: the few variables that are asked for, by name.

use std::ffi::OsString;
use std::path::PathBuf;

/// A variable's value.
#[expect(clippy::disallowed_methods, reason = "this is the room of the environment")]
pub(crate) fn var_os(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The current directory.
#[expect(clippy::disallowed_methods, reason = "this is the room of the environment")]
pub(crate) fn current_dir() -> std::io::Result<PathBuf> {
    std::env::current_dir()
}

/// The directories of a list like `PATH`, in order.
pub(crate) fn split_paths(list: &std::ffi::OsStr) -> Vec<PathBuf> {
    std::env::split_paths(list).collect()
}

/// Where cargo keeps packages and its configuration (The Cargo Book, "Cargo Home").
pub(crate) fn cargo_home() -> Option<PathBuf> {
    let named = var_os("CARGO_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

/// The path of this program.
pub(crate) fn current_exe() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}
