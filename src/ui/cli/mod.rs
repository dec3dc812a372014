//! The command line: parse, call the facade, print the answer, give the exit code.

mod args;
mod artifact;
mod ci;
mod commands;
mod front;
mod hook;
mod hooks;
mod output;
mod verify;
mod verify_crate;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::app::{Context, Error, Interrupt, Kind};
use args::Cli;
use output::Output;

/// Runs the program with the given arguments, the program's name first, and gives its exit code.
pub fn main(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let argv = without_subcommand_name(argv);
    if let Some(call) = hook::direct(&argv) {
        return hook::run(call);
    }
    let wants_json = argv.iter().any(|arg| arg == "--json");
    let cli = match Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, wants_json),
    };
    let output = Output::new(&cli.global);
    let code = context(&cli).and_then(|context| commands::run(&cli, &context, &output));
    ExitCode::from(match code {
        Ok(code) => code,
        Err(error) => output.error(&error),
    })
}

/// Cargo calls a subcommand as `cargo-sentinel sentinel …`.
fn without_subcommand_name(argv: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut argv: Vec<OsString> = argv.into_iter().collect();
    if argv.get(1).is_some_and(|arg| arg == "sentinel") {
        argv.remove(1);
    }
    argv
}

fn context(cli: &Cli) -> Result<Context, Error> {
    let interrupt = Interrupt::listen()
        .map_err(|error| Error::new(Kind::Internal, format!("signals cannot be caught: {error}")))?;
    let mut context = Context::here(interrupt)?;
    if let Some(dir) = &cli.global.directory {
        context.dir = context.dir.join(dir);
    }
    context.config.clone_from(&cli.global.config);
    Ok(context)
}

/// Help and version go to standard output and succeed; anything else about the arguments is a usage error.
fn usage(error: &clap::Error, wants_json: bool) -> ExitCode {
    if !error.use_stderr() {
        return if error.print().is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(Kind::Internal.exit_code())
        };
    }
    if wants_json {
        let first = error.to_string();
        let first = first.lines().next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(first);
        output::document(&crate::wire::error(
            &Error::new(Kind::Usage, message).hint("cargo sentinel help"),
        ));
    } else if error.print().is_err() {
        return ExitCode::from(Kind::Internal.exit_code());
    }
    ExitCode::from(Kind::Usage.exit_code())
}
