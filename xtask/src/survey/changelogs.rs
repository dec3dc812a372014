//! `cargo xtask survey changelogs`: real changelogs as they were just before a release, what the tool makes of them, and what the
//! project made of them.
//!
//! Prints Markdown. The list beside this file says which commit of which project brought which release into which file; the
//! file before is that of the commit's first parent. It is put into a repository of its own, without configuration, and
//! `changelog VERSION --write` is run there. The task fails where it finds anything that the list does not say.

mod held;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use cargo_sentinel::app::{self, ChangelogOptions, Context};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use held::{Found, Outline, Written};

/// A line each: repository, file, commit, version, what must be found or `-`, and behind `|` what is worth knowing.
const LIST: &str = include_str!("changelogs.txt");

/// Where the repositories are.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory with the clones: `owner/name`, or `owner+name`, each itself or in a directory `repo`.
    #[arg(long, value_name = "DIR")]
    clones: PathBuf,
    /// Only changelogs whose line holds TEXT.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Keep each file in DIR as it was, as the tool wrote it, and as the project wrote it.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// A line of the list.
struct Past<'a> {
    repository: &'a str,
    file: &'a str,
    commit: &'a str,
    version: &'a str,
    expected: Vec<&'a str>,
    why: &'a str,
}

impl<'a> Past<'a> {
    fn read(line: &'a str) -> Result<Self> {
        let (head, why) = line.split_once('|').unwrap_or((line, ""));
        let words: Vec<_> = head.split_whitespace().collect();
        let [repository, file, commit, version, expected] = words.as_slice() else {
            bail!("`{line}` is not `repository file commit version found | why`");
        };
        Ok(Self {
            repository,
            file,
            commit,
            version,
            expected: expected.split(',').filter(|found| *found != "-").collect(),
            why: why.trim(),
        })
    }

    /// The project's own name, which headings and tags may hold.
    fn name(&self) -> &'a str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }
}

/// Surveys every changelog of the list.
///
/// # Errors
/// When a clone or a commit is missing.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut rows = String::new();
    let (mut files, mut same, mut refused, mut wrong) = (0, 0, 0, Vec::new());
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines.filter(|line| args.only.as_ref().is_none_or(|only| line.contains(only))) {
        let past = Past::read(line)?;
        let row = row(&past, args).with_context(|| format!("surveying {}", past.repository))?;
        files += 1;
        same += usize::from(row.found.is_empty());
        refused += usize::from(row.refusal.is_some());
        let found: Vec<_> = row.found.iter().map(Found::as_str).collect();
        if found != past.expected {
            let refusal = row.refusal.as_deref().unwrap_or_default();
            wrong.push(format!(
                "{} {}: found {found:?} {refusal}{}",
                past.repository, past.file, row.headings
            ));
        }
        writeln!(
            rows,
            "| {} | {} | {} | `{}` | {} | {} |",
            past.repository,
            past.file,
            past.version,
            row.style,
            if found.is_empty() {
                "same".to_owned()
            } else {
                found.join(" ")
            },
            past.why
        )?;
    }
    println!("{files} changelogs: {same} as the project wrote them, {refused} refused.\n");
    println!("| project | file | version | heading | result | why |\n|---|---|---|---|---|---|\n{rows}");
    for line in &wrong {
        eprintln!("error: {line}, which the list does not say");
    }
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Row {
    found: Vec<Found>,
    style: String,
    /// Both headings, where they differ.
    headings: String,
    refusal: Option<String>,
}

fn row(past: &Past<'_>, args: &Args) -> Result<Row> {
    let clone = super::clone_of(past.repository, &args.clones)?;
    let (commit, file) = (past.commit, past.file);
    let shell = Shell::new()?;
    let show = |spec: String| {
        let output = cmd!(shell, "git -C {clone} show {spec}").quiet().output();
        output
            .map(|output| output.stdout)
            .with_context(|| format!("there is no {spec}"))
    };
    let (before, theirs) = (show(format!("{commit}^:{file}"))?, show(format!("{commit}:{file}"))?);
    let theirs = String::from_utf8_lossy(&theirs).into_owned();
    let outline = Outline::of(&theirs);
    let Some(release) = outline.release(past.version) else {
        bail!("{commit} has no heading for {}", past.version);
    };
    let previous = release
        .previous
        .with_context(|| format!("{} is the first release", past.version))?;
    let tags = cmd!(shell, "git -C {clone} tag").quiet().read()?;
    let scratch = Scratch::of(
        past,
        &previous.version,
        &tag(&tags, past.name(), &previous.version),
        &before,
    )?;
    let mut row = Row {
        found: Vec::new(),
        style: release.heading.style(),
        headings: String::new(),
        refusal: None,
    };
    let written = match scratch.write(past.version) {
        Ok(written) => written,
        Err(error) => {
            row.found.push(Found::Refused);
            row.refusal = Some(error.to_string());
            return Ok(row);
        }
    };
    let again = scratch.write(past.version);
    let ours = String::from_utf8_lossy(&written).into_owned();
    let written = Written {
        before: &String::from_utf8_lossy(&before),
        ours: &ours,
        theirs: &theirs,
        version: past.version,
    };
    row.found = written.held();
    if !again.is_ok_and(|again| again == ours.as_bytes()) {
        row.found.push(Found::Twice);
    }
    if row.found.contains(&Found::Heading) {
        let mine = Outline::of(&ours);
        let mine = mine.release(past.version).map(|release| release.heading.style());
        row.headings = format!(" ({:?}, theirs {:?})", mine.unwrap_or_default(), row.style);
    }
    if let Some(keep) = &args.keep {
        let stem = format!("{}+{}", past.repository, file).replace('/', "+");
        for (name, text) in [
            ("before", &before),
            ("ours", &ours.into_bytes()),
            ("theirs", &theirs.into_bytes()),
        ] {
            shell.write_file(keep.join(&stem).join(name), text)?;
        }
    }
    Ok(row)
}

/// The tag of a version, in whichever form the project has one.
fn tag(tags: &str, name: &str, version: &str) -> String {
    let forms = [
        format!("v{version}"),
        version.to_owned(),
        format!("{name}-v{version}"),
        format!("{name}-{version}"),
        format!("{name}@{version}"),
    ];
    let [default, ..] = &forms;
    let known = forms.iter().find(|form| tags.lines().any(|tag| tag == **form));
    known.unwrap_or(default).clone()
}

/// A repository with one package, one release and one change since.
struct Scratch {
    dir: TempDir,
    file: PathBuf,
}

impl Scratch {
    fn of(past: &Past<'_>, released: &str, tag: &str, changelog: &[u8]) -> Result<Self> {
        let dir = TempDir::new()?;
        let shell = Shell::new()?;
        for variable in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"] {
            shell.set_var(variable, "/dev/null");
        }
        shell.change_dir(dir.path());
        let (name, repository) = (past.name().replace('.', "-"), past.repository);
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"{released}\"\nedition = \"2024\"\nrepository = \"https://github.com/{repository}\"\n"
        );
        shell.write_file("Cargo.toml", manifest)?;
        shell.write_file("src/lib.rs", "//! Nothing.\n")?;
        let file = Path::new(past.file).file_name().context("a file has a name")?;
        shell.write_file(file, changelog)?;
        cmd!(shell, "git init --quiet -b main").quiet().run()?;
        for (key, value) in [
            ("user.name", "Survey"),
            ("user.email", "survey@example.org"),
            ("core.autocrlf", "false"),
        ] {
            cmd!(shell, "git config {key} {value}").quiet().run()?;
        }
        cmd!(shell, "git add --all").quiet().run()?;
        cmd!(shell, "git commit --quiet -m released").quiet().run()?;
        cmd!(shell, "git tag {tag}").quiet().run()?;
        let change = format!("feat: {}", held::SUMMARY);
        cmd!(shell, "git commit --quiet --allow-empty -m {change}")
            .quiet()
            .run()?;
        let file = dir.path().join(file);
        Ok(Self { dir, file })
    }

    /// The file with the section of a version in it.
    fn write(&self, version: &str) -> Result<Vec<u8>> {
        let context = Context {
            dir: self.dir.path().to_owned(),
            ..Context::default()
        };
        let options = ChangelogOptions {
            version: Some(version.to_owned()),
            write: true,
            all: false,
        };
        app::changelog(&context, &options)?;
        Ok(Shell::new()?.read_binary_file(&self.file)?)
    }
}
