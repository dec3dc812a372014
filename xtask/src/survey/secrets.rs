//! `cargo xtask survey secrets`: what the hooks' rules find in the files of real repositories, each alarm with its line.
//!
//! Prints Markdown: alarms per million lines of each repository's newest commit, then each alarm, its secret cut short, for
//! somebody to look at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};
use cargo_sentinel::core::hooks::secret::{Scanner, rules};
use cargo_sentinel::core::hooks::staged::{self, Kind};

/// What is surveyed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the table of rules instead, as the documentation has it.
    #[arg(long, conflicts_with = "repositories")]
    rules: bool,
    /// The repositories, with a working tree or bare.
    #[arg(value_name = "DIR", required_unless_present = "rules")]
    repositories: Vec<PathBuf>,
}

/// Prints the survey.
///
/// # Errors
/// When git fails.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut page = String::new();
    if args.rules {
        writeln!(page, "| rule | what it finds | source |\n|---|---|---|")?;
        for rule in rules() {
            writeln!(page, "| `{}` | {} | <{}> |", rule.id, rule.what, rule.source)?;
        }
    } else {
        survey(&args.repositories, &mut page)?;
    }
    std::io::stdout().lock().write_all(page.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn survey(repositories: &[PathBuf], page: &mut String) -> Result<()> {
    let mut all = Surveyed::default();
    let mut alarms = String::new();
    writeln!(
        page,
        "| repository | commit | files | lines | alarms | per million lines | by rule |"
    )?;
    writeln!(page, "|---|---|---:|---:|---:|---:|---|")?;
    for dir in repositories {
        let name = super::name_of(dir);
        let surveyed = files_of(dir).with_context(|| format!("surveying {name}"))?;
        writeln!(page, "| {name} | {} |", surveyed.cells())?;
        for alarm in &surveyed.alarms {
            writeln!(alarms, "| {name} | {} |", alarm.cells())?;
        }
        all.add(surveyed);
    }
    writeln!(page, "| all | {} |", all.cells())?;
    writeln!(
        page,
        "\n| repository | place | rule | line, its secrets cut short |\n|---|---|---|---|\n{alarms}"
    )?;
    Ok(())
}

/// What was found in one repository, or in all.
#[derive(Default)]
struct Surveyed {
    commit: String,
    files: usize,
    lines: usize,
    alarms: Vec<Alarm>,
}

struct Alarm {
    place: String,
    rule: &'static str,
    line: String,
}

impl Surveyed {
    fn cells(&self) -> String {
        let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
        for alarm in &self.alarms {
            *by_rule.entry(alarm.rule).or_default() += 1;
        }
        let by_rule: Vec<_> = by_rule.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = self.alarms.len() as f64 * 1e6 / self.lines.max(1) as f64;
        format!(
            "{} | {} | {} | {} | {rate:.1} | {}",
            self.commit,
            self.files,
            self.lines,
            self.alarms.len(),
            by_rule.join(", ")
        )
    }

    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.lines += other.lines;
        self.alarms.extend(other.alarms);
    }

    fn look_into(&mut self, scanner: &mut Scanner, path: &str, text: &[u8]) -> Result<()> {
        self.files += 1;
        self.lines += text.iter().filter(|byte| **byte == b'\n').count();
        let marks = staged::marks(scanner, path, text, b"").map_err(anyhow::Error::msg)?;
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        for mark in marks {
            let Kind::Secret(rule) = mark.kind else { continue };
            let from = mark.line.saturating_sub(1);
            let shown = lines.get(from..(from + 2).min(lines.len())).unwrap_or_default();
            self.alarms.push(Alarm {
                place: format!("{path}:{}", mark.line),
                rule: rule.id,
                line: cut(&String::from_utf8_lossy(&shown.join(&b' '))),
            });
        }
        Ok(())
    }
}

impl Alarm {
    fn cells(&self) -> String {
        let quoted = |text: &str| text.replace('|', "\\|").replace('`', "'");
        format!("{} | {} | `{}`", quoted(&self.place), self.rule, quoted(&self.line))
    }
}

/// A line to look at: words of twenty characters and more keep twelve, and the whole is no longer than a line.
fn cut(line: &str) -> String {
    const WORD: usize = 20;
    const KEPT: usize = 12;
    const LINE: usize = 160;
    let mut shown = String::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "+/_-".contains(c);
    for part in line.trim().split_inclusive(|c: char| !is_word(c)) {
        let word = part.trim_end_matches(|c: char| !is_word(c));
        if word.chars().count() > WORD {
            shown.extend(word.chars().take(KEPT));
            shown.push('…');
            shown.push_str(part.get(word.len()..).unwrap_or_default());
        } else {
            shown.push_str(part);
        }
    }
    shown.chars().filter(|c| !c.is_control()).take(LINE).collect()
}

/// Every file of HEAD's tree, one by one.
fn files_of(dir: &Path) -> Result<Surveyed> {
    let git = || {
        let mut command = Command::new("git");
        command.arg("-C").arg(dir);
        command
    };
    let commit = git().args(["rev-parse", "--short=10", "HEAD"]).output()?;
    ensure!(commit.status.success(), "it has no HEAD");
    let mut surveyed = Surveyed {
        commit: String::from_utf8(commit.stdout)?.trim().to_owned(),
        ..Surveyed::default()
    };
    let tree = git().args(["ls-tree", "-r", "-z", "HEAD"]).output()?;
    ensure!(tree.status.success(), "`git ls-tree` failed");
    let mut child = git()
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ask = child.stdin.take().context("`git cat-file` has no input")?;
    let mut answers = BufReader::new(child.stdout.take().context("`git cat-file` has no output")?);
    let mut scanner = Scanner::default();
    for entry in tree.stdout.split(|byte| *byte == 0) {
        let entry = String::from_utf8_lossy(entry);
        // `mode type id`, a tab, the path (git-ls-tree(1)).
        let Some((head, path)) = entry.split_once('\t') else {
            continue;
        };
        let [_, "blob", id] = head.split(' ').collect::<Vec<_>>()[..] else {
            continue;
        };
        writeln!(ask, "{id}")?;
        if let Some(text) = next_blob(&mut answers)? {
            surveyed.look_into(&mut scanner, path, &text)?;
        }
    }
    drop(ask);
    ensure!(child.wait()?.success(), "`git cat-file` failed");
    Ok(surveyed)
}

/// The next answer of `git cat-file --batch`: a line `id type size`, then the bytes, then a line's end. `None` where the
/// clone lacks the file.
fn next_blob(answers: &mut impl std::io::BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    let size = line.trim_end().rsplit(' ').next().unwrap_or_default();
    if size == "missing" {
        return Ok(None);
    }
    let size: usize = size.parse().with_context(|| format!("`git cat-file` said `{line}`"))?;
    let mut text = vec![0; size + 1];
    answers.read_exact(&mut text)?;
    text.truncate(size);
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_cut() {
        assert_eq!(
            cut("  key = \"abcdefghijklmnopqrstuvwxyz\";\n"),
            "key = \"abcdefghijkl…\";"
        );
    }
}
