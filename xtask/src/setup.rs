//! `cargo xtask setup`: this repository's own hooks, by the tool that is built from it.

use std::process::ExitCode;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::page::Page;
use crate::tool::{self, Profile};

/// Builds the tool and installs the hooks. Running it again brings both up to date.
///
/// # Errors
/// When it does not build, or the hooks cannot be installed; the tool says why.
pub(crate) fn run() -> Result<ExitCode> {
    let page = Page::new();
    page.say("Building cargo-sentinel for release …");
    let program = tool::build(Profile::Release)?;
    let shell = Shell::new()?;
    shell.change_dir(tool::root());
    cmd!(shell, "{program} hooks install").quiet().run()?;
    page.say("next: commit as ever; docs/hooks.md says what is checked and how to skip with a reason");
    Ok(ExitCode::SUCCESS)
}
