//! `hooks install | uninstall | status`: arguments and answers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::{Output, Paint};
use crate::app::{self, Context, Error, HooksAnswer, InstallOptions};
use crate::core::hooks::place::State;
use crate::wire;

#[derive(Debug, Args)]
pub(super) struct HooksArgs {
    #[command(subcommand)]
    pub(super) command: HooksCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum HooksCommand {
    /// Install the hooks where git looks for them; a hook that stands there runs after ours.
    Install {
        /// The directory in the working tree that core.hooksPath names: what is written there is everybody's.
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
        /// Install pre-receive into a bare repository instead.
        #[arg(long)]
        server: bool,
        /// Say what would change and change nothing.
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Remove what was installed, and put back what stood there before.
    Uninstall {
        /// Say what would change and change nothing.
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Say how each hook is doing.
    Status {
        /// Exit with 1 where a hook would not run.
        #[arg(long)]
        exit_code: bool,
    },
}

/// Runs the command and gives the exit code.
pub(super) fn run(args: &HooksArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    match &args.command {
        HooksCommand::Install { into, server, dry_run } => {
            let options = InstallOptions {
                into: into.clone(),
                server: *server,
                dry_run: *dry_run,
            };
            let answer = app::install_hooks(context, &options)?;
            tell(
                &answer,
                if *dry_run { "would be installed" } else { "installed" },
                output,
            );
            Ok(0)
        }
        HooksCommand::Uninstall { dry_run } => {
            let answer = app::uninstall_hooks(context, *dry_run)?;
            tell(&answer, if *dry_run { "would be removed" } else { "removed" }, output);
            Ok(u8::from(!answer.left.is_empty()))
        }
        HooksCommand::Status { exit_code } => {
            let answer = app::hooks_status(context)?;
            tell(&answer, "", output);
            if !answer.is_complete() {
                output.say("next: cargo sentinel hooks install\n");
            }
            Ok(u8::from(*exit_code && !answer.is_complete()))
        }
    }
}

fn tell(answer: &HooksAnswer, done: &str, output: &Output) {
    if output.json {
        output.document(&wire::hooks(answer));
        return;
    }
    let mut text = String::new();
    for hook in &answer.changed {
        text.push_str(&format!("{hook} {done}\n"));
    }
    if answer.changed.is_empty() && !done.is_empty() {
        text.push_str("nothing to change\n");
    }
    for hook in answer.hooks.iter().filter(|_| done.is_empty()) {
        let paint = if hook.state == State::Installed {
            Paint::Good
        } else {
            Paint::Bad
        };
        let then = hook.chained.map_or(String::new(), |who| format!(", then {who}"));
        text.push_str(&format!(
            "{:<17} {}{then}\n",
            hook.name,
            output.paint(paint, hook.state.as_str())
        ));
    }
    output.answer(&text);
    output.say(&format!("in {}\n", answer.dir.display()));
    for (because, remedies) in &answer.left {
        output.say(&format!("{because}\n"));
        for remedy in remedies {
            output.say(&format!(" hint: {remedy}\n"));
        }
    }
}
