//! `cargo xtask survey`: what `next` says just before each past release of real repositories, beside what was released.
//!
//! Prints Markdown. HEAD is put on the first parent of each release's commit; the release itself and all later ones are
//! then no ancestors, so that reachability alone hides them. Each answer's base and commits are held against plain git,
//! and the task fails where they differ.

mod changelogs;
mod crates;
mod now;
mod past;
mod secrets;
mod why;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use cargo_sentinel::app::{self, Context, NextAnswer, NextOptions};
use cargo_sentinel::core::policy::Template;
use cargo_sentinel::core::version::ZeroPolicy;
use semver::Version;
use tempfile::TempDir;

use past::{Past, Plain};
use why::{Released, Why, under};

/// What is surveyed.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    other: Option<Other>,
    /// How many releases of each repository, the highest versions.
    #[arg(long, value_name = "N", default_value_t = 20)]
    last: usize,
    /// The repositories; TEMPLATE is that of their release tags, without it `v{version}`: ripgrep={version}
    #[arg(value_name = "DIR[=TEMPLATE]", required = true, value_parser = Subject::read)]
    repositories: Vec<Subject>,
}

/// What else is surveyed.
#[derive(Debug, clap::Subcommand)]
enum Other {
    /// Hold published packages against clones of their repositories.
    Crates(crates::Args),
    /// Hold status, next, check and cut --dry-run against each other, on the present state of clones without configuration.
    Now(now::Args),
    /// Count what the hooks take for a secret in the files of repositories.
    Secrets(secrets::Args),
    /// Write the sections of past releases into changelogs as they were, and hold them against the projects' own.
    Changelogs(changelogs::Args),
}

/// One repository.
#[derive(Debug, Clone)]
struct Subject {
    dir: PathBuf,
    /// Its release tags.
    tag: Template,
}

/// Prints the survey of the repositories that `args` name.
///
/// # Errors
/// When git or the tool fails, or the tool and plain git disagree.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.other {
        Some(Other::Crates(args)) => return crates::run(args),
        Some(Other::Now(args)) => return now::run(args),
        Some(Other::Secrets(args)) => return secrets::run(args),
        Some(Other::Changelogs(args)) => return changelogs::run(args),
        None => {}
    }
    let mut sections = String::new();
    let mut summary = Summary::default();
    for subject in &args.repositories {
        let surveyed = survey(subject, args.last).with_context(|| format!("surveying {}", subject.name()))?;
        surveyed.section(&mut sections)?;
        summary.0.push(surveyed);
    }
    let mut page = String::new();
    summary.write(&mut page)?;
    page.push_str(&sections);
    std::io::Write::write_all(&mut std::io::stdout().lock(), page.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

impl Subject {
    fn read(text: &str) -> Result<Self> {
        let (dir, tag) = text.split_once('=').unwrap_or((text, "v{version}"));
        Ok(Self {
            dir: dir.into(),
            tag: Template::tag(tag)?,
        })
    }

    fn name(&self) -> String {
        name_of(&self.dir)
    }
}

/// A clone's name: the directory's, or its parent's where it is called as bare clones are.
fn name_of(dir: &Path) -> String {
    let parts = dir.iter().rev().map(|part| part.to_string_lossy());
    let named = parts.map(|part| part.trim_end_matches(".git").to_owned());
    let mut named = named.filter(|part| !part.is_empty() && part != "repo");
    named.next().unwrap_or_default().replace('+', "/")
}

/// A repository's clone among others.
fn clone_of(repository: &str, clones: &Path) -> Result<PathBuf> {
    let flat = repository.replace('/', "+");
    let places = [
        clones.join(repository),
        clones.join(&flat).join("repo"),
        clones.join(&flat),
    ];
    let found = places.into_iter().find(|place| place.exists());
    found.with_context(|| format!("{} has no clone of {repository}", clones.display()))
}

/// What came out for one repository.
struct Surveyed {
    name: String,
    tag: String,
    commits: String,
    tags: usize,
    rows: Vec<Row>,
}

/// One release.
struct Row {
    tag: String,
    version: Version,
    asked: Result<Asked, String>,
}

/// The tool's answer before a release.
struct Asked {
    base: Option<Version>,
    conventional: usize,
    plain: Plain,
    /// Under `cargo`, `semver` and `stable`.
    next: [Version; 3],
    why: Why,
}

fn survey(subject: &Subject, last: usize) -> Result<Surveyed> {
    let template = &subject.tag;
    let past = Past::of(&subject.dir, template)?;
    let settings = TempDir::new()?;
    let config = settings.path().join("sentinel.toml");
    let shell = xshell::Shell::new()?;
    shell.write_file(&config, format!("[release]\ntag = {:?}\n", template.to_string()))?;
    let context = Context {
        dir: past.dir().to_owned(),
        config: Some(config),
        ..Context::default()
    };
    let (commits, tags) = past.size()?;
    let all = past.all_releases()?;
    let mut releases = past.releases("HEAD")?;
    let chosen = releases.split_off(releases.len().saturating_sub(last));
    let mut rows = Vec::new();
    for version in chosen {
        let before = all.iter().rev().find(|other| **other < version);
        let tag = template.render(&version);
        let asked = row(&past, &context, (&tag, &version, before))?;
        rows.push(Row { tag, version, asked });
    }
    Ok(Surveyed {
        name: subject.name(),
        tag: template.to_string(),
        commits,
        tags,
        rows,
    })
}

/// The answer before one release; the inner error is the tool's own refusal.
fn row(
    past: &Past,
    context: &Context,
    (tag, version, before): (&str, &Version, Option<&Version>),
) -> Result<Result<Asked, String>> {
    let Some(parent) = past.first_parent(tag)? else {
        return Ok(Err("the first commit of all".to_owned()));
    };
    past.go_to(&parent)?;
    let answer = match app::next(context, &NextOptions::default()) {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let plain = past.plain(&parent)?;
    agrees(tag, &answer, &plain)?;
    let message = past.message(tag)?;
    let released = Released {
        version,
        before,
        message: &message,
        answer: &answer,
    };
    Ok(Ok(Asked {
        base: answer.base.as_ref().map(|base| base.version.clone()),
        conventional: answer.lineage.history.judged.len(),
        plain,
        next: [ZeroPolicy::Cargo, ZeroPolicy::Semver, ZeroPolicy::Stable].map(|zero| under(&answer, zero)),
        why: Why::of(&released),
    }))
}

/// Holds the base and the number of commits against plain git.
fn agrees(tag: &str, answer: &NextAnswer, plain: &Plain) -> Result<()> {
    let base = answer.base.as_ref().map(|base| &base.version);
    ensure!(
        base == plain.highest.as_ref(),
        "before {tag} the base is {base:?}, and `git tag --merged` has {:?}",
        plain.highest
    );
    let history = &answer.lineage.history;
    let commits = history.judged.len() + history.ignored;
    ensure!(
        commits == plain.commits,
        "before {tag} there are {commits} commits, and `git rev-list` has {}",
        plain.commits
    );
    Ok(())
}

impl Surveyed {
    fn section(&self, page: &mut String) -> Result<()> {
        writeln!(page, "\n## {}\n", self.name)?;
        writeln!(
            page,
            "Tags `{}`; {} commits, {} tags in all.\n",
            self.tag, self.commits, self.tags
        )?;
        writeln!(
            page,
            "| tag | base | commits | conventional | next | same? | why it differs |"
        )?;
        writeln!(page, "|---|---|---:|---:|---|---|---|")?;
        for row in &self.rows {
            match &row.asked {
                Err(why) => writeln!(page, "| {} | | | | | no | no answer: {why} |", row.tag)?,
                Ok(asked) => writeln!(page, "| {} | {} |", row.tag, asked.cells())?,
            }
        }
        Ok(())
    }

    fn answers(&self) -> impl Iterator<Item = (&Row, &Asked)> {
        self.rows.iter().filter_map(|row| Some((row, row.asked.as_ref().ok()?)))
    }
}

impl Asked {
    fn cells(&self) -> String {
        let [next, ..] = &self.next;
        let base = self.base.as_ref().map_or("none".to_owned(), Version::to_string);
        let same = if self.why == Why::Same { "yes" } else { "no" };
        format!(
            "{base} | {} | {} | {next} | {same} | {}",
            self.plain.commits, self.conventional, self.why
        )
    }
}

/// All repositories, a line each.
#[derive(Default)]
struct Summary(Vec<Surveyed>);

impl Summary {
    fn write(&self, page: &mut String) -> Result<()> {
        writeln!(
            page,
            "| repository | releases | conventional commits | cargo | semver | stable | describe | first parent |"
        )?;
        writeln!(page, "|---|---:|---:|---:|---:|---:|---:|---:|")?;
        for surveyed in &self.0 {
            let count = |holds: &dyn Fn(&Row, &Asked) -> bool| {
                surveyed.answers().filter(|(row, asked)| holds(row, asked)).count()
            };
            let [cargo, semver, stable] =
                [0, 1, 2].map(|at| count(&|row, asked| asked.next.get(at) == Some(&row.version)));
            let nearest = count(&|_, asked| asked.plain.nearest == asked.base);
            let first_parent = count(&|_, asked| asked.plain.nearest_first_parent == asked.base);
            let conventional: usize = surveyed.answers().map(|(_, asked)| asked.conventional).sum();
            let commits: usize = surveyed.answers().map(|(_, asked)| asked.plain.commits).sum();
            writeln!(
                page,
                "| {} | {} | {conventional} of {commits} | {cargo} | {semver} | {stable} | {nearest} | {first_parent} |",
                surveyed.name,
                surveyed.rows.len(),
            )?;
        }
        Ok(())
    }
}
