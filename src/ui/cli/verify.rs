//! `cargo sentinel verify`.

use std::path::PathBuf;

use clap::Args;

use super::output::{Output, Paint};
use super::verify_crate::{self, PublishedArgs};
use crate::app::{self, Context, Error, VerifyOptions};
use crate::core::check::Verdict;
use crate::core::coded::{Code, Coded};
use crate::core::verify::Proof;
use crate::wire;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The tag.
    #[arg(required_unless_present = "package")]
    tag: Option<String>,
    /// Demand that the tag names FILE, by name and digest; may be given several times.
    #[arg(long = "artifact", value_name = "FILE")]
    artifacts: Vec<PathBuf>,
    /// Demand that the tag names this provenance statement, bare or in its envelope; what lies beside an artifact is looked
    /// at anyhow.
    #[arg(long, value_name = "FILE")]
    provenance: Option<PathBuf>,
    /// Build the commit again, and demand the bytes that the tag names.
    #[arg(long)]
    rebuild: bool,
    /// Demand that the tag is the same on the remote NAME.
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// The allowed-signers file that decides who may sign; never one that came with the release.
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,
    /// Trust the release TAG if this key signed it, and the releases after it by those before them.
    #[arg(long, value_name = "TAG=FINGERPRINT", conflicts_with = "signers")]
    introduction: Option<String>,
    /// Judge keys as of DATE (`2026-01-31`, or with a time as RFC 3339 writes it) instead of now.
    #[arg(long, value_name = "DATE", value_parser = moment)]
    as_of: Option<i64>,
    #[command(flatten)]
    published: PublishedArgs,
}

/// A date is its first moment, in UTC.
fn moment(text: &str) -> Result<i64, String> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(moment.as_second());
    }
    let date: jiff::civil::Date = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    let zoned = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|error| error.to_string())?;
    Ok(zoned.timestamp().as_second())
}

pub(super) fn run(args: &VerifyArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let Some(tag) = &args.tag else {
        return verify_crate::run(&args.published, context, output);
    };
    let options = VerifyOptions {
        tag: tag.clone(),
        artifacts: args.artifacts.clone(),
        provenance: args.provenance.clone(),
        rebuild: args.rebuild,
        remote: args.remote.clone(),
        signers: args.signers.clone(),
        introduction: args.introduction.clone(),
        as_of: args.as_of,
    };
    let answer = app::verify(context, &options)?;
    let (word, code) = answer.verdict();
    if output.json {
        output.document(&wire::verify::answer(&answer));
        return Ok(code);
    }
    tell(&answer.verification.checks, output);
    let proved: Vec<&str> = answer.verification.proved.iter().copied().map(Proof::as_str).collect();
    if !proved.is_empty() {
        output.say(&format!("shown: {}\n", proved.join(", ")));
    }
    output.answer(&format!("{word}\n"));
    Ok(code)
}

/// A line for each finding, with its code where it has one.
pub(super) fn tell<C: Code>(findings: &[Coded<C>], output: &Output) {
    for finding in findings {
        let paint = if finding.verdict == Verdict::Pass {
            Paint::Good
        } else {
            Paint::Bad
        };
        let verdict = output.paint(paint, &format!("{:<8}", finding.verdict.as_str()));
        let code = finding.code.map_or(String::new(), |code| format!(" [{}]", code.word()));
        output.say(&format!("{verdict} {}: {}{code}\n", finding.check, finding.because));
    }
}
