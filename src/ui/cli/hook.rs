//! `hook run`: what git's hooks call. Reached before the argument parser is built, since every commit waits for it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output::to_stderr;
use crate::app::{self, Context, HookCall, Kind};
use crate::core::check::Finding;
use crate::core::hooks::HookName;

#[derive(Debug, Args)]
pub(super) struct HookArgs {
    #[command(subcommand)]
    pub(super) command: HookCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// Run the checks of a hook, as git calls it.
    Run {
        /// The shim that called; a hook that it displaced runs after the checks.
        #[arg(long, value_name = "FILE")]
        shim: Option<PathBuf>,
        /// The hook: pre-commit, pre-merge-commit, commit-msg, pre-push or pre-receive.
        #[arg(value_name = "NAME")]
        name: String,
        /// What git gives the hook.
        #[arg(value_name = "ARG", trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

/// The call, where the arguments, the program's name first, are `hook run` and nothing that asks for help.
pub(super) fn direct(argv: &[OsString]) -> Option<Result<HookCall, String>> {
    let ["hook", "run"] = [argv.get(1)?.to_str()?, argv.get(2)?.to_str()?] else {
        return None;
    };
    let mut rest = argv.iter().skip(3);
    let mut word = rest.next()?;
    let mut shim = None;
    if word == "--shim" {
        shim = Some(PathBuf::from(rest.next()?));
        word = rest.next()?;
    }
    if word.as_encoded_bytes().starts_with(b"-") {
        return None;
    }
    Some(call(word.to_str().unwrap_or_default(), rest.cloned().collect(), shim))
}

fn call(name: &str, args: Vec<OsString>, shim: Option<PathBuf>) -> Result<HookCall, String> {
    match HookName::parse(name) {
        Some(name) => Ok(HookCall { name, args, shim }),
        None => {
            let known = HookName::ALL.map(HookName::as_str).join(", ");
            Err(format!(
                "error: `{name}` is no hook that is answered\n hint: one of {known}\n"
            ))
        }
    }
}

/// Runs a hook in the current directory.
pub(super) fn run(call: Result<HookCall, String>) -> ExitCode {
    let answered = call.and_then(|call| {
        let context = Context::here(app::Interrupt::default()).map_err(|error| format!("error: {error}\n"))?;
        Ok(answer(&context, &call))
    });
    match answered {
        Ok(code) => ExitCode::from(code),
        Err(text) => {
            to_stderr(&text);
            ExitCode::from(Kind::Usage.exit_code())
        }
    }
}

/// The same, with the arguments parsed by others.
pub(super) fn parsed(args: &HookArgs, context: &Context) -> u8 {
    let HookCommand::Run { shim, name, args } = &args.command;
    match call(name, args.clone(), shim.clone()) {
        Ok(call) => answer(context, &call),
        Err(text) => {
            to_stderr(&text);
            Kind::Usage.exit_code()
        }
    }
}

fn answer(context: &Context, call: &HookCall) -> u8 {
    let answer = app::hook(&context.dir, call);
    to_stderr(&text(&answer.outcome.notes, Tone::Note));
    to_stderr(&text(&answer.outcome.skipped, Tone::Skipped));
    if !answer.outcome.refused.is_empty() {
        to_stderr(&text(&answer.outcome.refused, Tone::Refused));
        return Kind::Blocked.exit_code();
    }
    match app::follow(&answer, call) {
        Ok(()) => 0,
        Err(error) => {
            to_stderr(&format!("sentinel[chain]: {error}\nfix: cargo sentinel hooks status\n"));
            error.kind.exit_code()
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Note,
    Skipped,
    Refused,
}

/// Each finding on a line, and how to mend it on the next.
fn text(findings: &[Finding], tone: Tone) -> String {
    let mut text = String::new();
    for (at, finding) in findings.iter().enumerate() {
        let tone_word = match tone {
            Tone::Note => "note: ",
            Tone::Skipped => "skipped: ",
            Tone::Refused => "",
        };
        text.push_str(&format!(
            "sentinel[{}]: {tone_word}{}\n",
            finding.check, finding.because
        ));
        // What one remedy mends is listed together, the remedy once below.
        let again = findings.get(at + 1).is_some_and(|next| next.remedy == finding.remedy);
        if let (Some(remedy), Tone::Refused, false) = (&finding.remedy, tone, again) {
            text.push_str(&format!("fix: {remedy}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn only_a_plain_call_goes_around_the_parser() {
        let call = direct(&words("cs hook run --shim .git/hooks/pre-push pre-push origin -x"))
            .unwrap()
            .unwrap();
        assert_eq!((call.name, call.args.len()), (HookName::PrePush, 2));
        assert_eq!(call.shim, Some(".git/hooks/pre-push".into()));
        for other in [
            "cs",
            "cs hook",
            "cs hook run",
            "cs hook run --help",
            "cs hook run --shim x",
            "cs hooks run pre-push",
            "cs --json hook run x",
        ] {
            assert!(direct(&words(other)).is_none(), "{other}");
        }
        assert!(direct(&words("cs hook run post-commit")).unwrap().is_err());
    }
}
