//! `cargo xtask release`: this repository's release, by its own library: gate, build, tag, verify, push, in that order.
//!
//! Production already carries the release (`cargo sentinel cut`, merged); what is left is to tag it. The push comes last and
//! alone: what does not verify leaves this machine by no door.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use cargo_sentinel::app::{
    self, Acted, Context, Error, Event, Front, GateOptions, Interrupt, Report, TagOptions, UndoOptions, VerifyOptions,
};
use cargo_sentinel::core::check::Verdict;
use cargo_sentinel::core::plan::Plan;

/// Arguments of `cargo xtask release`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The version that production carries, such as 0.2.0.
    version: String,
    /// Go ahead; without this, print the plan and change nothing.
    #[arg(short, long)]
    yes: bool,
    /// The environment that the gate asks about.
    #[arg(long, value_name = "ENV", default_value = "prod")]
    env: String,
    /// Run as if started in DIR.
    #[arg(short = 'C', value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

/// Releases, or prints the plan.
///
/// # Errors
/// When signals cannot be caught. What the library refuses is told, and is the exit code.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut context = Context::here(Interrupt::listen()?)?;
    context.dir = context.dir.join(&args.directory);
    Ok(ExitCode::from(release(args, &context).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        for hint in &error.hints {
            eprintln!(" hint: {hint}");
        }
        error.kind.exit_code()
    })))
}

/// Tells what happens, and goes ahead: whoever said `--yes` was asked.
struct Teller;

impl Front for Teller {
    fn confirm(&mut self, _: &Plan) -> Result<bool, Error> {
        Ok(true)
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Begun { title, .. } => eprintln!("  · {title}"),
            Event::FoundDone { step } => eprintln!("  · {step} was done already"),
            Event::TakenBack { step } => eprintln!("  · {step} taken back"),
            Event::Done { .. } => {}
        }
    }
}

fn release(args: &Args, context: &Context) -> Result<u8, Error> {
    println!("gate: {} for {}", args.version, args.env);
    let refused = gate(args, context)?;
    if refused != 0 {
        return Ok(refused);
    }
    if !args.yes {
        return plan(args, context);
    }
    println!("build and tag, here alone");
    let report = match app::tag(context, &options(args, Local::Yes), &mut Teller)? {
        Acted::Done(report) => Some(report),
        Acted::Already(because) => {
            println!("{because}");
            None
        }
        Acted::Planned(_) | Acted::Declined => None,
    };
    println!("verify");
    let refused = verify(args, context, report.as_ref())?;
    if refused != 0 {
        if let Some(report) = &report {
            let options = UndoOptions {
                run: report.run.as_ref().map(ToString::to_string),
                forget: false,
            };
            app::undo(context, &options, &mut Teller)?;
        }
        return Ok(refused);
    }
    println!("push");
    match app::tag(context, &options(args, Local::No), &mut Teller)? {
        Acted::Done(report) => println!("{}; next: {}", report.outcome, report.next),
        Acted::Already(because) => println!("{because}; nothing to push"),
        Acted::Planned(_) | Acted::Declined => {}
    }
    Ok(0)
}

fn gate(args: &Args, context: &Context) -> Result<u8, Error> {
    let options = GateOptions {
        environment: args.env.clone(),
        version: args.version.clone(),
    };
    let answer = app::check(context, &options)?;
    for finding in answer.findings.iter().filter(|found| found.verdict != Verdict::Pass) {
        println!("  {} {}: {}", finding.verdict.as_str(), finding.check, finding.because);
        if let Some(remedy) = &finding.remedy {
            println!("    fix: {remedy}");
        }
    }
    let (word, code) = answer.verdict();
    println!("  {word}");
    Ok(code)
}

/// Whether the remote is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Local {
    Yes,
    No,
}

fn options(args: &Args, local: Local) -> TagOptions {
    TagOptions {
        version: Some(args.version.clone()),
        no_push: local == Local::Yes,
        ..TagOptions::default()
    }
}

fn plan(args: &Args, context: &Context) -> Result<u8, Error> {
    let options = TagOptions {
        dry_run: true,
        ..options(args, Local::No)
    };
    let acted = app::tag(context, &options, &mut Teller)?;
    let Acted::Planned(plan) = acted else {
        if let Acted::Already(because) = acted {
            println!("{because}; nothing to do");
        }
        return Ok(0);
    };
    let before = plan.steps().iter().take(plan.commit_point());
    for step in before {
        println!("  {}", step.title);
    }
    println!("  verify the tag and its artifacts as whoever downloads them would");
    for step in plan.steps().iter().skip(plan.commit_point()) {
        println!("  {}", step.title);
    }
    println!(
        "nothing was changed; to go ahead: cargo xtask release {} --yes",
        args.version
    );
    Ok(0)
}

/// Judges the tag with every artifact that was built for it; gives the exit code.
fn verify(args: &Args, context: &Context, report: Option<&Report>) -> Result<u8, Error> {
    let created = report.into_iter().flat_map(|report| &report.refs);
    let tag = created
        .filter_map(|(name, ..)| name.strip_prefix("refs/tags/"))
        .next()
        .map_or_else(|| format!("v{}", args.version), str::to_owned);
    let options = VerifyOptions {
        tag,
        artifacts: report.map(|report| report.artifacts.clone()).unwrap_or_default(),
        ..VerifyOptions::default()
    };
    let answer = app::verify(context, &options)?;
    for check in &answer.verification.checks {
        println!("  {} {}: {}", check.verdict.as_str(), check.check, check.because);
    }
    let (word, code) = answer.verdict();
    println!("  {word}");
    Ok(code)
}
