//! `cargo xtask survey now`: whether status, next, check and cut --dry-run say the same of real repositories, as they stand.
//!
//! Prints a table in Markdown. The commands run without configuration in bare clones that share the repositories' objects, so
//! that a working tree which could not be laid out whole says nothing. The task fails where they disagree.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use cargo_sentinel::app::{self, Acted, Context, CutOptions, Error, Event, Front, GateOptions, NextOptions};
use cargo_sentinel::core::check::Verdict;
use cargo_sentinel::core::facts::{Fact, VersionAsk};
use cargo_sentinel::core::plan::Plan;
use tempfile::TempDir;
use xshell::{Shell, cmd};

use super::name_of;

/// What is surveyed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Clones, bare or not.
    #[arg(value_name = "DIR", required = true)]
    repositories: Vec<PathBuf>,
}

/// What `status` advises where no commit asks for a release.
const NOTHING: &str = "nothing to release yet";

/// Nobody is asked: nothing is done.
struct Nobody;

impl Front for Nobody {
    fn confirm(&mut self, _: &Plan) -> Result<bool, Error> {
        Ok(false)
    }

    fn event(&mut self, _: Event) {}
}

/// Prints the table.
///
/// # Errors
/// When git fails, or two commands disagree.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    println!("| repository | tags | last | next | a release from here |\n|---|---|---|---|---|");
    let mut disagreements = Vec::new();
    for dir in &args.repositories {
        let name = name_of(dir);
        let scratch = TempDir::new()?;
        let shell = Shell::new()?;
        for file in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"] {
            shell.set_var(file, "/dev/null");
        }
        let to = scratch.path();
        cmd!(shell, "git clone --quiet --bare --shared {dir} {to}")
            .quiet()
            .run()?;
        shell.change_dir(to);
        for (key, value) in [("user.name", "Survey"), ("user.email", "survey@example.org")] {
            cmd!(shell, "git config {key} {value}").quiet().run()?;
        }
        let seen = Seen::of(&Context {
            dir: to.to_owned(),
            ..Context::default()
        })?;
        println!(
            "| {name} | `{}` | {} | {} | {} |",
            seen.form,
            seen.last,
            seen.next,
            seen.verdict()
        );
        disagreements.extend(seen.disagreements().into_iter().map(|what| format!("{name}: {what}")));
    }
    if !disagreements.is_empty() {
        bail!("the commands disagree:\n{}", disagreements.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the commands said of one repository.
struct Seen {
    form: String,
    last: String,
    /// The version, or why there is none.
    next: String,
    /// What `status` says is next.
    promised: Option<String>,
    advice: String,
    /// What `check` and `cut --dry-run` refuse; empty where they pass.
    gate: BTreeSet<String>,
    cut: BTreeSet<String>,
}

impl Seen {
    fn of(context: &Context) -> Result<Self> {
        let status = app::status(context)?;
        let next = app::next(context, &NextOptions::default());
        let version = next.as_ref().ok().map(|answer| answer.next.to_string());
        let asked = version.clone().unwrap_or("1.0.0".to_owned());
        let gate = app::check(
            context,
            &GateOptions {
                environment: "prod".to_owned(),
                version: asked.clone(),
            },
        )?;
        let options = CutOptions {
            version: VersionAsk::Typed(asked),
            dry_run: true,
            ..CutOptions::default()
        };
        let cut = match app::cut(context, &options, &mut Nobody) {
            Ok(Acted::Planned(_) | Acted::Already(_)) => BTreeSet::new(),
            Ok(Acted::Done(_) | Acted::Declined) => bail!("a dry run acted"),
            Err(error) if error.findings.is_empty() => BTreeSet::from([error.message]),
            Err(error) => error.findings.into_iter().map(|finding| finding.because).collect(),
        };
        let refused = gate
            .findings
            .into_iter()
            .filter(|finding| finding.verdict != Verdict::Pass);
        Ok(Self {
            form: status.tag_form.0,
            last: status.base.map_or("none".to_owned(), |base| base.tag.to_string()),
            next: match next {
                Ok(answer) => answer.next.to_string(),
                Err(error) => error.message,
            },
            promised: match status.next {
                Fact::Known(version) => Some(version.to_string()),
                Fact::Unknown(_) => None,
            },
            advice: status.advice,
            gate: refused.map(|finding| finding.because).collect(),
            cut,
        })
    }

    fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.promised.as_ref().is_some_and(|promised| *promised != self.next) {
            found.push(format!("status says {:?}, next {}", self.promised, self.next));
        }
        if self.gate != self.cut {
            found.push(format!("check refuses {:?}, cut {:?}", self.gate, self.cut));
        }
        let advised = self.advice == format!("cargo sentinel cut {}", self.next);
        if advised != self.cut.is_empty() {
            found.push(format!("status advises `{}`, cut refuses {:?}", self.advice, self.cut));
        }
        found
    }

    /// In a few words: what stands in the way.
    fn verdict(&self) -> String {
        let apart = self
            .cut
            .iter()
            .any(|because| because.starts_with("the packages are versioned apart"));
        if apart {
            "refused: packages versioned apart".to_owned()
        } else if self.cut.is_empty() {
            "passes".to_owned()
        } else if self.advice == NOTHING {
            self.advice.clone()
        } else {
            self.cut
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join("; ")
                .replace('\n', " ")
        }
    }
}
