//! One function a command: call the facade, print the answer.

use clap::CommandFactory as _;

use super::args::{
    Acting, ChangelogArgs, CheckArgs, Cli, Command, CutArgs, FinishArgs, NextArgs, RecoverArgs, TagArgs, UndoArgs,
};
use super::artifact;
use super::front::{Terminal, plan_text};
use super::output::{Output, Paint};
use crate::app::{
    self, Acted, ChangelogOptions, Context, CutOptions, Error, FinishOptions, GateOptions, Kind, NextAnswer,
    NextOptions, Report, TagOptions, UndoOptions,
};
use crate::core::check::{CHECKS, Verdict};
use crate::core::facts::Fact;
use crate::core::policy::TagOrigin;
use crate::core::version::Bump;
use crate::wire;

/// Exit codes of answers that are no errors.
const SUCCESS: u8 = 0;
const BLOCKED: u8 = 1;

/// Runs the command and gives the exit code.
pub(super) fn run(cli: &Cli, context: &Context, output: &Output) -> Result<u8, Error> {
    match &cli.command {
        Command::Next(args) => next(args, context, output),
        Command::Version => version(context, output),
        Command::Changelog(args) => changelog(args, context, output),
        Command::Check(args) => check(args, context, output),
        Command::Status => status(context, output),
        Command::Cut(args) => cut(args, context, output),
        Command::Finish(args) => finish(args, context, output),
        Command::Tag(args) => tag(args, context, output),
        Command::Verify(args) => super::verify::run(args, context, output),
        Command::Resume(args) => resume(args, context, output),
        Command::Undo(args) => undo(args, context, output),
        Command::Artifact(args) => artifact::run(args, context, output),
        Command::Ci(args) => super::ci::run(args, context, output),
        Command::Hooks(args) => super::hooks::run(args, context, output),
        Command::Hook(args) => Ok(super::hook::parsed(args, context)),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(
                *shell,
                &mut Cli::command().bin_name("cargo-sentinel"),
                "cargo-sentinel",
                &mut text,
            );
            output.answer(&String::from_utf8_lossy(&text));
            Ok(SUCCESS)
        }
    }
}

fn next(args: &NextArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let options = NextOptions {
        bump: args.bump,
        pre: args.pre.clone(),
        offline: args.offline,
    };
    let answer = app::next(context, &options)?;
    if output.json {
        output.document(&wire::next(&answer));
    } else {
        if args.explain {
            output.say(&explanation(&answer, output));
        }
        output.answer(&format!("{}\n", answer.next));
    }
    Ok(if args.exit_code && !answer.asks() {
        BLOCKED
    } else {
        SUCCESS
    })
}

/// How the version came about. Commits that do not affect it are counted, and listed where more is to be said.
fn explanation(answer: &NextAnswer, output: &Output) -> String {
    let form = origin(&answer.tag_form);
    let mut text = match &answer.base {
        Some(base) => format!(
            "since {} ({}); release tags are {form}\n",
            base.tag,
            base.commit.to_hex_with_len(7)
        ),
        None => format!(
            "no release tag is reachable (release tags are {form}); the manifests or `initial` name the first release\n"
        ),
    };
    let mut silent = answer.lineage.history.ignored;
    for judged in &answer.lineage.history.judged {
        let bump = answer.effective(judged.bump);
        if bump == Bump::None && !judged.reverted && !output.verbose {
            silent += 1;
            continue;
        }
        let word = if judged.reverted {
            "reverted".to_owned()
        } else {
            bump.to_string()
        };
        let decided = answer.decision.decided_by == Some(judged.commit.id);
        let mark = if decided {
            output.paint(Paint::Strong, "*")
        } else {
            " ".to_owned()
        };
        text.push_str(&format!(
            "{mark} {} {word:<8} {}\n",
            judged.commit.id.to_hex_with_len(7),
            judged.commit.message.subject
        ));
    }
    match silent {
        0 => {}
        1 => text.push_str("  1 other commit does not affect the version\n"),
        _ => text.push_str(&format!("  {silent} other commits do not affect the version\n")),
    }
    for version in &answer.lineage.prereleases {
        text.push_str(&format!("  {version} is reachable: the next release is not below it\n"));
    }
    if let Some(manifest) = answer.promised() {
        text.push_str(&format!(
            "  the manifests are at {manifest}, which is not released: the next release is not below it\n"
        ));
    }
    text
}

/// A form of tags with where it comes from.
fn origin((form, origin): &(String, TagOrigin)) -> String {
    match origin {
        TagOrigin::Configured => format!("`{form}`, as configured"),
        TagOrigin::Derived => format!("`{form}`, as the tags show"),
        TagOrigin::Default => format!("`{form}`"),
    }
}

fn version(context: &Context, output: &Output) -> Result<u8, Error> {
    let answer = app::version(context)?;
    if output.json {
        output.document(&wire::version(&answer));
    } else {
        output.answer(&format!("{}\n", answer.version));
    }
    Ok(SUCCESS)
}

fn changelog(args: &ChangelogArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let options = ChangelogOptions {
        version: args.version.clone(),
        write: args.write,
        all: args.all,
    };
    let answer = app::changelog(context, &options)?;
    let path = answer.path.as_deref().unwrap_or_default();
    if output.json {
        output.document(&wire::changelog(&answer));
    } else if args.write {
        let done = if answer.changes { "written" } else { "up to date" };
        output.say(&format!("{path}: {done}; next: git diff {path}\n"));
    } else if args.check {
        let hint = answer.version.as_ref().map_or(String::new(), |version| {
            format!("; fix: cargo sentinel changelog {version} --write")
        });
        let found = if answer.changes {
            format!("would change{hint}")
        } else {
            "up to date".to_owned()
        };
        output.say(&format!("{path}: {found}\n"));
    } else {
        output.answer(&format!("{}\n", answer.text.trim_matches('\n')));
    }
    Ok(if args.check && answer.changes { BLOCKED } else { SUCCESS })
}

fn check(args: &CheckArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let (Some(environment), Some(version)) = (&args.env, &args.version) else {
        if output.json {
            output.document(&wire::checks(CHECKS));
        } else {
            let lines: Vec<String> = CHECKS
                .iter()
                .map(|check| format!("{:<15} {}\n", check.id, check.demands))
                .collect();
            output.answer(&lines.concat());
        }
        return Ok(SUCCESS);
    };
    let answer = app::check(
        context,
        &GateOptions {
            environment: environment.clone(),
            version: version.clone(),
        },
    )?;
    let (word, code) = answer.verdict();
    if output.json {
        output.document(&wire::check(&answer));
        return Ok(code);
    }
    for finding in &answer.findings {
        let paint = if finding.verdict == Verdict::Pass {
            Paint::Good
        } else {
            Paint::Bad
        };
        output.say(&format!(
            "{} {}: {}\n",
            output.column(paint, finding.verdict.as_str(), 8),
            finding.check,
            finding.because.replace('\n', "\n         ")
        ));
        if let (Some(remedy), true) = (&finding.remedy, finding.verdict != Verdict::Pass) {
            output.say(&format!("         fix: {remedy}\n"));
        }
    }
    output.answer(&format!("{word}\n"));
    Ok(code)
}

fn status(context: &Context, output: &Output) -> Result<u8, Error> {
    let answer = app::status(context)?;
    if output.json {
        output.document(&wire::status(&answer));
        return Ok(SUCCESS);
    }
    let branch = answer
        .branch
        .as_ref()
        .map_or("(detached)".to_owned(), ToString::to_string);
    let tree = match &answer.tree {
        None => "bare repository".to_owned(),
        Some(Fact::Unknown(why)) => format!("unknown: {why}"),
        Some(Fact::Known(state)) if state.is_clean() => "clean".to_owned(),
        Some(Fact::Known(state)) => format!("{} changed, {} untracked", state.changed.len(), state.untracked.len()),
    };
    let last = answer
        .base
        .as_ref()
        .map_or("none".to_owned(), |base| base.tag.to_string());
    let next = match &answer.next {
        Fact::Known(version) => version.to_string(),
        Fact::Unknown(why) => format!("unknown: {why}"),
    };
    let mut lines = vec![("branch", branch), ("tree", tree)];
    lines.extend(answer.operation.map(|operation| ("half done", operation.to_owned())));
    lines.push(("last", last));
    lines.push((
        "since",
        format!("{} conventional commits, {} others", answer.commits.0, answer.commits.1),
    ));
    lines.push(("next", next));
    lines.extend(answer.releases.iter().map(|release| ("open", release.to_string())));
    lines.extend(answer.run.iter().map(|run| ("unfinished", run.to_string())));
    lines.push(("tags", origin(&answer.tag_form)));
    lines.extend(
        answer
            .refusals
            .iter()
            .map(|refusal| ("in the way", refusal.because.replace('\n', " "))),
    );
    lines.push(("do", answer.advice.clone()));
    let text: Vec<String> = lines
        .into_iter()
        .map(|(key, value)| format!("{key:<10} {value}\n"))
        .collect();
    output.answer(&text.concat());
    Ok(SUCCESS)
}

fn cut(args: &CutArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let options = CutOptions {
        version: args.version()?,
        from: args.from.clone(),
        no_push: args.no_push,
        switch: args.switch,
        allow_underbump: args.allow_underbump,
        allow_empty: args.allow_empty,
        dry_run: args.acting.dry_run,
    };
    let acted = app::cut(context, &options, &mut terminal(args.acting, output))?;
    Ok(tell("cut", &acted, args.no_push, output))
}

fn finish(args: &FinishArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let options = FinishOptions {
        version: args.version.clone(),
        no_push: args.no_push,
        keep_branch: args.keep_branch,
        no_merge_back: args.no_merge_back,
        no_sign: args.no_sign,
        build_once: args.build_once,
        dry_run: args.acting.dry_run,
    };
    let acted = app::finish(context, &options, &mut terminal(args.acting, output))?;
    Ok(tell("finish", &acted, args.no_push, output))
}

fn tag(args: &TagArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let options = TagOptions {
        version: args.version.clone(),
        from: args.from.clone(),
        no_push: args.no_push,
        no_sign: args.no_sign,
        build_once: args.build_once,
        dry_run: args.acting.dry_run,
    };
    let acted = app::tag(context, &options, &mut terminal(args.acting, output))?;
    Ok(tell("tag", &acted, args.no_push, output))
}

fn resume(args: &RecoverArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let mut front = Terminal { output, yes: args.yes };
    let report = app::resume(context, args.run.as_deref(), &mut front)?;
    tell_report("resume", &report, output);
    Ok(SUCCESS)
}

fn undo(args: &UndoArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let mut front = Terminal {
        output,
        yes: args.recover.yes,
    };
    let options = UndoOptions {
        run: args.recover.run.clone(),
        forget: args.forget,
    };
    let report = app::undo(context, &options, &mut front)?;
    tell_report("undo", &report, output);
    Ok(SUCCESS)
}

fn terminal(acting: Acting, output: &Output) -> Terminal<'_> {
    Terminal {
        output,
        yes: acting.yes,
    }
}

fn tell(command: &str, acted: &Acted, no_push: bool, output: &Output) -> u8 {
    if no_push {
        output.say("no remote was contacted; remote-tracking refs stood in for it\n");
    }
    match acted {
        Acted::Done(report) => tell_report(command, report, output),
        _ if output.json => output.document(&wire::acted(command, acted)),
        Acted::Already(because) => output.say(&format!("{because}\n")),
        Acted::Planned(plan) => output.answer(&plan_text(plan, output)),
        Acted::Declined => output.say("nothing was changed\n"),
    }
    match acted {
        Acted::Done(_) | Acted::Already(_) | Acted::Planned(_) => SUCCESS,
        Acted::Declined => Kind::Blocked.exit_code(),
    }
}

fn tell_report(command: &str, report: &Report, output: &Output) {
    if output.json {
        output.document(&wire::report(command, report));
        return;
    }
    for (name, old, new) in &report.refs {
        if name.contains("refs/remotes/") {
            continue;
        }
        let id =
            |id: &Option<crate::core::ids::Oid>| id.map_or("(none)".to_owned(), |id| id.to_hex_with_len(7).to_string());
        output.answer(&format!("{name} {} -> {}\n", id(old), id(new)));
    }
    for note in &report.notes {
        output.say(&format!("note: {note}\n"));
    }
    let run = report.run.as_ref().map(ToString::to_string).unwrap_or_default();
    output.say(&format!(
        "{} ({run}); next: {}\n",
        output.paint(Paint::Good, report.outcome),
        report.next
    ));
}
