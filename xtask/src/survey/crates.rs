//! `cargo xtask survey crates`: published packages against clones of their repositories, and what each difference is.
//!
//! Prints Markdown. The list beside this file says which packages, what the tool must find, and why; the task fails where it
//! finds anything else. Of each package one byte of one file is then altered, and the tool must alarm.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_sentinel::app::{self, Context, CrateAnswer, CrateOptions};
use cargo_sentinel::core::coded::Code;
use cargo_sentinel::core::packaged::Relation;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// A line each: repository, package, the codes to find or `-`, and behind `|` what is worth knowing.
const LIST: &str = include_str!("crates.txt");

/// Where the repositories are.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory with the clones: `owner/name`, or `owner+name`, each itself or in a directory `repo`.
    #[arg(long, value_name = "DIR")]
    clones: PathBuf,
    /// Only packages whose line holds TEXT.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// A line of the list.
struct Pair<'a> {
    repository: &'a str,
    package: &'a str,
    expected: Vec<&'a str>,
    why: &'a str,
}

impl<'a> Pair<'a> {
    fn read(line: &'a str) -> Result<Self> {
        let (head, why) = line.split_once('|').unwrap_or((line, ""));
        let mut words = head.split_whitespace();
        let (Some(repository), Some(package), Some(codes), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            bail!("`{line}` is not `repository package codes | why`");
        };
        Ok(Self {
            repository,
            package,
            expected: codes.split(',').filter(|code| *code != "-").collect(),
            why: why.trim(),
        })
    }
}

/// Surveys every package of the list.
///
/// # Errors
/// When a clone or a package is missing.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut page = String::new();
    let (mut pairs, mut safe, mut files, mut wrong) = (0, 0, 0, Vec::new());
    writeln!(
        page,
        "| package | repository | same | by cargo | other | codes | altered | why |"
    )?;
    writeln!(page, "|---|---|---:|---:|---:|---|---|---|")?;
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines.filter(|line| args.only.as_ref().is_none_or(|only| line.contains(only))) {
        let pair = Pair::read(line)?;
        let row = row(&pair, &args.clones).with_context(|| format!("surveying {}", pair.package))?;
        pairs += 1;
        safe += usize::from(row.codes.is_empty());
        files += row.files;
        if row.codes != pair.expected {
            wrong.push(format!("{}: found {:?}", pair.package, row.codes));
        }
        page.push_str(&row.text);
    }
    println!("{pairs} packages, {files} files; {safe} packages pass every check.\n\n{page}");
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
    codes: Vec<&'static str>,
    files: usize,
    text: String,
}

fn row(pair: &Pair<'_>, clones: &Path) -> Result<Row> {
    let clone = super::clone_of(pair.repository, clones)?;
    let answer = verify(pair.package.to_owned(), &clone)?;
    let codes = codes(&answer);
    let found = answer
        .observed
        .compared
        .as_ref()
        .map(|compared| compared.files.as_slice())
        .unwrap_or_default();
    let count = |relation: Relation| found.iter().filter(|file| file.relation == relation).count();
    let (same, generated) = (count(Relation::Same), count(Relation::Generated));
    let altered = match found
        .iter()
        .find(|file| file.relation == Relation::Same && file.path != "Cargo.toml")
    {
        None => "",
        Some(file) => {
            alarms(&answer, &file.path, &clone)?;
            "alarms"
        }
    };
    let mut text = String::new();
    writeln!(
        text,
        "| {} | {} | {same} | {generated} | {} | {} | {altered} | {} |",
        pair.package,
        pair.repository,
        found.len() - same - generated,
        codes.join(" "),
        pair.why
    )?;
    Ok(Row {
        codes,
        files: found.len(),
        text,
    })
}

fn verify(package: String, clone: &Path) -> Result<CrateAnswer> {
    let context = Context {
        dir: clone.to_owned(),
        ..Context::default()
    };
    Ok(app::verify_crate(&context, &CrateOptions { package, repo: None })?)
}

fn codes(answer: &CrateAnswer) -> Vec<&'static str> {
    answer
        .checks
        .iter()
        .filter_map(|check| check.code.map(Code::word))
        .collect()
}

/// Demands that the package, with one byte in the middle of one file altered, differs in that file and no other.
fn alarms(answer: &CrateAnswer, path: &str, clone: &Path) -> Result<()> {
    let mut evil = tempfile::NamedTempFile::with_suffix(".crate")?;
    evil.write_all(&altered(&answer.file, path)?)?;
    let again = verify(evil.path().to_string_lossy().into_owned(), clone)?;
    ensure!(
        codes(&again).contains(&"SOURCE_MISMATCH"),
        "an altered `{path}` raises no alarm"
    );
    let relations = |answer: &CrateAnswer| {
        let files = answer
            .observed
            .compared
            .iter()
            .flat_map(|compared| compared.files.clone());
        files.map(|file| (file.path, file.relation)).collect::<Vec<_>>()
    };
    let changed: Vec<_> = relations(&again)
        .into_iter()
        .filter(|found| !relations(answer).contains(found))
        .collect();
    ensure!(
        changed == [(path.to_owned(), Relation::Differs)],
        "`{path}` was altered, {changed:?} changed"
    );
    Ok(())
}

/// The package with one byte of one file altered.
fn altered(package: &Path, path: &str) -> Result<Vec<u8>> {
    let packed = xshell::Shell::new()?.read_binary_file(package)?;
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let mut header = entry.header().clone();
        let name = entry.path()?.into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        if name.iter().skip(1).collect::<PathBuf>() == Path::new(path) {
            let middle = content.len() / 2;
            match content.get_mut(middle) {
                Some(byte) => *byte ^= 1,
                None => content.push(b' '),
            }
            header.set_size(content.len() as u64);
        }
        builder.append_data(&mut header, name, content.as_slice())?;
    }
    Ok(builder.into_inner()?.finish()?)
}
