//! The hook that stood there before ours, and has its turn after it.

use std::path::{Path, PathBuf};

use super::HookCall;
use crate::core::hooks::HookName;
use crate::core::hooks::place::DISPLACED;
use crate::core::hooks::shim::{self, Recognised};
use crate::host::{Result, fs};

/// The shim itself, where a link of another name called it: what was meant is the hook that stood where the shim stands now.
pub(super) fn by_another_name(call: &HookCall) -> Result<Option<PathBuf>> {
    let Some(link) = call.shim.as_deref().filter(|shim| !is_named(shim, call.name)) else {
        return Ok(None);
    };
    let there = fs::canonical(link);
    let is_link = fs::stat(link)?.is_some_and(|found| found.is_symlink());
    Ok((is_link && is_named(&there, call.name)).then_some(there))
}

/// The hook that was moved aside for a shim, where git would have run it.
pub(super) fn displaced(shim: &Path) -> Result<Option<PathBuf>> {
    let dir = shim.parent().unwrap_or(Path::new(""));
    let mut name = shim.file_name().unwrap_or_default().to_owned();
    // A hook may have been a link to another that is a shim now.
    for _ in HookName::ALL {
        name.push(DISPLACED);
        let aside = dir.join(&name);
        let Some(found) = fs::stat(&aside)? else {
            return Ok(None);
        };
        match found.is_symlink().then(|| sibling(&aside)).flatten() {
            Some((there, other)) if there == fs::canonical(dir) && is_shim(&there.join(other.as_str()))? => {
                name = other.as_str().into();
            }
            Some(_) | None => return runnable(aside),
        }
    }
    Ok(None)
}

fn is_shim(path: &Path) -> Result<bool> {
    let text = fs::read(path)?.unwrap_or_default();
    Ok(shim::recognise(&text) != Recognised::Foreign)
}

fn runnable(path: PathBuf) -> Result<Option<PathBuf>> {
    let runs = fs::is_executable(&path)?;
    // Without a slash it would be looked up on PATH.
    let bare = path.parent().is_none_or(|parent| parent.as_os_str().is_empty());
    let here = if bare { Path::new(".").join(path) } else { path };
    Ok(runs.then_some(here))
}

/// Where a link leads: the directory, and which of our hooks' names.
fn sibling(link: &Path) -> Option<(PathBuf, HookName)> {
    let there = fs::canonical(link);
    let hook = HookName::parse(there.file_name()?.to_str()?)?;
    Some((there.parent()?.to_owned(), hook))
}

fn is_named(path: &Path, hook: HookName) -> bool {
    path.file_name().is_some_and(|name| name == hook.as_str())
}
