//! `ci`: arguments and answer.

use clap::Args;

use super::output::{Output, Paint};
use crate::app::{self, CiOptions, Context, Error};
use crate::core::check::Verdict;
use crate::wire;

#[derive(Debug, Args)]
pub(super) struct CiArgs {
    /// The commits to judge: those that B has and A has not.
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub(super) range: String,
}

/// Runs the command and gives the exit code.
pub(super) fn run(args: &CiArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let options = CiOptions {
        range: args.range.clone(),
    };
    let answer = app::ci(context, &options)?;
    let (word, code) = answer.verdict();
    if output.json {
        output.document(&wire::ci(&answer));
        return Ok(code);
    }
    for finding in &answer.findings {
        let paint = if finding.verdict == Verdict::Pass {
            Paint::Dim
        } else {
            Paint::Bad
        };
        let verdict = output.paint(paint, finding.verdict.as_str());
        output.say(&format!("{verdict:<8} {}: {}\n", finding.check, finding.because));
        if let (Some(remedy), true) = (&finding.remedy, finding.verdict != Verdict::Pass) {
            output.say(&format!("         fix: {remedy}\n"));
        }
    }
    output.say(&format!("{} commits\n", answer.commits));
    output.answer(&format!("{word}\n"));
    Ok(code)
}
