//! The arguments. Doc comments are the help.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::artifact::ArtifactArgs;
use super::ci::CiArgs;
use super::hook::HookArgs;
use super::hooks::HooksArgs;
use crate::app::{Error, Kind};
use crate::core::facts::VersionAsk;
use crate::core::version::Bump;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold());

/// Releases from conventional commits: version, changelog, release branch, and a signed tag bound to its artifact.
#[derive(Debug, Parser)]
#[command(name = "cargo sentinel", bin_name = "cargo sentinel", version, styles = STYLES, disable_help_subcommand = false, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Run as if started in DIR.
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub(super) directory: Option<PathBuf>,
    /// Use FILE instead of sentinel.toml.
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// Print one JSON document on standard output.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// When to use colour.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(super) color: Color,
    /// Say more.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Say only the answer and errors.
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Plan only, or go ahead without asking.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Acting {
    /// Print the plan and write nothing.
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Do not ask.
    #[arg(short, long)]
    pub(super) yes: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the next version.
    Next(NextArgs),
    /// Print this commit's version.
    Version,
    /// Print, write or check the CHANGELOG section of a release.
    Changelog(ChangelogArgs),
    /// Run the release gate: every check, every refusal.
    Check(CheckArgs),
    /// Say where the release stands and what to do next.
    Status,
    /// Cut a release branch: manifests, lock files and CHANGELOG in one commit, pushed.
    Cut(CutArgs),
    /// Finish a release: merge to production, tag, merge back, push it all at once.
    Finish(FinishArgs),
    /// Tag production's tip, bound to the artifacts built from it.
    Tag(TagArgs),
    /// Verify a release tag: who signed it, what it names, and that nothing was changed; or any published package.
    Verify(super::verify::VerifyArgs),
    /// Go on with an interrupted release.
    Resume(RecoverArgs),
    /// Take an interrupted release back, or one that is done and not published.
    Undo(UndoArgs),
    /// Say what a built file says of itself.
    Artifact(ArtifactArgs),
    /// Judge a range of commits as the hooks would, where nothing can be bypassed.
    Ci(CiArgs),
    /// Install git hooks that keep messages, branches, tags and secrets in order.
    Hooks(HooksArgs),
    /// Answer git's hooks.
    Hook(HookArgs),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct NextArgs {
    /// Show every commit with the bump it asks for, and what decided.
    #[arg(long)]
    pub(super) explain: bool,
    /// Override what the commits ask for.
    #[arg(long, value_name = "BUMP", value_parser = parse_bump)]
    pub(super) bump: Option<Bump>,
    /// Give the next pre-release, such as `rc`; counts on from all tags, the remote's among them.
    #[arg(long, value_name = "ID")]
    pub(super) pre: Option<String>,
    /// With --pre: count on from local tags alone.
    #[arg(long, requires = "pre")]
    pub(super) offline: bool,
    /// Exit with 1 where nothing asks for a release.
    #[arg(long)]
    pub(super) exit_code: bool,
}

fn parse_bump(text: &str) -> Result<Bump, String> {
    match text.parse::<Bump>() {
        Ok(Bump::None) | Err(_) => Err("one of major, minor, patch".to_owned()),
        Ok(bump) => Ok(bump),
    }
}

#[derive(Debug, Args)]
pub(super) struct ChangelogArgs {
    /// The version, such as 0.2.0; without it, the derived one.
    #[arg(value_name = "VERSION")]
    pub(super) version: Option<String>,
    /// Put the section into the file.
    #[arg(long, conflicts_with_all = ["check", "all"])]
    pub(super) write: bool,
    /// Exit with 1 where the file would change.
    #[arg(long, conflicts_with = "all")]
    pub(super) check: bool,
    /// Print the whole history's changelog, a section per release tag.
    #[arg(long, conflicts_with = "version")]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The environment that the release is for.
    #[arg(long, value_name = "ENV", required_unless_present = "list")]
    pub(super) env: Option<String>,
    /// The version to release, such as 0.2.0 or v0.2.0.
    #[arg(
        long,
        value_name = "VERSION",
        required_unless_present = "list",
        allow_hyphen_values = true
    )]
    pub(super) version: Option<String>,
    /// Name the checks.
    #[arg(long, conflicts_with_all = ["env", "version"])]
    pub(super) list: bool,
}

#[derive(Debug, Args)]
pub(super) struct CutArgs {
    /// The version, such as 0.2.0; `auto` for the one that the commits ask for; or the level to raise.
    #[arg(value_name = "VERSION|auto|major|minor|patch")]
    version: String,
    /// Cut the next pre-release with this identifier, such as `rc`, on the way to the version.
    #[arg(long, value_name = "ID")]
    pre: Option<String>,
    /// Start from REF instead of the integration branch, for a hotfix.
    #[arg(long, value_name = "REF")]
    pub(super) from: Option<String>,
    /// Contact no remote.
    #[arg(long)]
    pub(super) no_push: bool,
    /// Switch the working tree to the release branch.
    #[arg(long)]
    pub(super) switch: bool,
    /// Allow a version below the one that the commits ask for.
    #[arg(long)]
    pub(super) allow_underbump: bool,
    /// Allow a release about which the CHANGELOG says nothing.
    #[arg(long)]
    pub(super) allow_empty: bool,
    #[command(flatten)]
    pub(super) acting: Acting,
}

impl CutArgs {
    /// The version that is asked for.
    ///
    /// # Errors
    /// `Usage` where a typed version is to be a pre-release too: it says so itself.
    pub(super) fn version(&self) -> Result<VersionAsk, Error> {
        let pre = self.pre.clone();
        match self.version.as_str() {
            "auto" => Ok(VersionAsk::Derived { bump: None, pre }),
            text => match (parse_bump(text), pre) {
                (Ok(bump), pre) => Ok(VersionAsk::Derived { bump: Some(bump), pre }),
                (Err(_), None) => Ok(VersionAsk::Typed(text.to_owned())),
                (Err(_), Some(id)) => Err(Error::new(
                    Kind::Usage,
                    format!("--pre {id} goes with auto, major, minor or patch, not with a version"),
                )
                .hint(format!(
                    "cargo sentinel cut auto --pre {id}, or cargo sentinel cut {text}"
                ))),
            },
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct FinishArgs {
    /// The version; without it, the one release branch there is.
    #[arg(value_name = "VERSION")]
    pub(super) version: Option<String>,
    /// Contact no remote.
    #[arg(long)]
    pub(super) no_push: bool,
    /// Keep the release branch.
    #[arg(long)]
    pub(super) keep_branch: bool,
    /// Leave the integration branch alone.
    #[arg(long)]
    pub(super) no_merge_back: bool,
    /// Leave the tag unsigned; needs `allow_unsigned = true` under [release].
    #[arg(long)]
    pub(super) no_sign: bool,
    /// Build binaries once, instead of twice to see whether they are reproducible.
    #[arg(long)]
    pub(super) build_once: bool,
    #[command(flatten)]
    pub(super) acting: Acting,
}

#[derive(Debug, Args)]
pub(super) struct TagArgs {
    /// The version; without it, the manifests'.
    #[arg(value_name = "VERSION")]
    pub(super) version: Option<String>,
    /// Tag REF instead of the production branch.
    #[arg(long, value_name = "REF")]
    pub(super) from: Option<String>,
    /// Contact no remote.
    #[arg(long)]
    pub(super) no_push: bool,
    /// Leave the tag unsigned; needs `allow_unsigned = true` under [release].
    #[arg(long)]
    pub(super) no_sign: bool,
    /// Build binaries once, instead of twice to see whether they are reproducible.
    #[arg(long)]
    pub(super) build_once: bool,
    #[command(flatten)]
    pub(super) acting: Acting,
}

#[derive(Debug, Args)]
pub(super) struct RecoverArgs {
    /// The run, as `status` names it; without it, the unfinished one.
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Accepted for scripts: recovering never asks.
    #[arg(short, long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    #[command(flatten)]
    pub(super) recover: RecoverArgs,
    /// End the run as it stands and touch nothing, after putting things right by hand.
    #[arg(long)]
    pub(super) forget: bool,
}
