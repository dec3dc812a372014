//! `verify --crate`: its arguments and its answer.

use std::path::PathBuf;

use clap::Args;

use super::output::{Output, Paint};
use crate::app::{self, Context, CrateAnswer, CrateOptions, Error};
use crate::core::packaged::Relation;
use crate::wire;

#[derive(Debug, Args)]
pub(super) struct PublishedArgs {
    /// Hold every file of a published package against the commit that it names, instead of a tag.
    #[arg(
        long = "crate",
        value_name = "FILE|NAME@VERSION",
        conflicts_with_all = ["tag", "artifacts", "provenance", "rebuild", "remote", "signers", "introduction", "as_of"]
    )]
    package: Option<String>,
    /// With --crate: the repository, instead of the one around the current directory.
    #[arg(long, value_name = "DIR", requires = "package", conflicts_with = "tag")]
    repo: Option<PathBuf>,
}

/// Answers, and gives the exit code. The arguments name a package wherever they name no tag.
pub(super) fn run(args: &PublishedArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let options = CrateOptions {
        package: args.package.clone().unwrap_or_default(),
        repo: args.repo.clone(),
    };
    let answer = app::verify_crate(context, &options)?;
    let (word, code) = answer.verdict();
    if output.json {
        output.document(&wire::verify_crate::answer(&answer));
        return Ok(code);
    }
    super::verify::tell(&answer.checks, output);
    output.say(&files(&answer, output));
    output.answer(&format!("{word}\n"));
    Ok(code)
}

/// The files that there is something to say of; with `-v`, all.
fn files(answer: &CrateAnswer, output: &Output) -> String {
    let compared = answer.observed.compared.as_ref();
    let files = compared.map(|compared| compared.files.as_slice()).unwrap_or_default();
    let told = files
        .iter()
        .filter(|file| output.verbose || file.relation != Relation::Same || file.because.is_some());
    told.map(|file| {
        let because = file
            .because
            .as_ref()
            .map_or(String::new(), |because| format!(": {because}"));
        format!(
            "         {} {}{because}\n",
            file.path,
            output.paint(Paint::Dim, file.relation.as_str())
        )
    })
    .collect()
}
