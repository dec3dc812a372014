//! `artifact`: its arguments and its answer.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::output::Output;
use crate::app::{self, Context, Error, Kind};
use crate::core::artifact::{Identity, Inspection};
use crate::wire;

/// An identity was found.
const FOUND: u8 = 0;
/// The file says nothing of where it comes from.
const NONE: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct ArtifactArgs {
    #[command(subcommand)]
    command: ArtifactCommand,
}

#[derive(Debug, Subcommand)]
enum ArtifactCommand {
    /// Print a file's kind, its digest, and the commit that it names; a claim, not a proof.
    ///
    /// Exits with 0 where it names a commit, 1 where it names none, 2 where it is damaged.
    Inspect {
        /// A .crate, an ELF file, a tar (also gzipped) or a zip.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Answers, and gives the exit code.
pub(super) fn run(args: &ArtifactArgs, context: &Context, output: &Output) -> Result<u8, Error> {
    let ArtifactCommand::Inspect { file } = &args.command;
    let answer = app::inspect(context, file)?;
    if output.json {
        output.document(&wire::artifact::answer(&answer));
    } else {
        output.answer(&text(&answer.inspection));
    }
    match &answer.inspection.identity {
        Ok(Some(_)) => Ok(FOUND),
        Ok(None) => Ok(NONE),
        Err(_) if output.json => Ok(Kind::Critical.exit_code()),
        Err(damage) => Err(
            Error::new(Kind::Critical, format!("`{}` is damaged: {damage}", file.display()))
                .hint("get the file again from where it was published"),
        ),
    }
}

fn text(found: &Inspection) -> String {
    let mut lines = vec![
        ("kind", found.kind.unwrap_or("unknown").to_owned()),
        ("digest", format!("sha256:{}", found.digest)),
        ("size", format!("{} bytes", found.size_bytes)),
    ];
    match &found.identity {
        Ok(Some(identity)) => lines.extend(of(identity)),
        Ok(None) => lines.push(("commit", "none is named".to_owned())),
        Err(_) => {}
    }
    lines
        .iter()
        .map(|(name, value)| format!("{name:<9}{value}\n"))
        .collect()
}

fn of(identity: &Identity) -> Vec<(&'static str, String)> {
    let path = identity.path_in_vcs.as_ref().map(|path| match path.as_str() {
        "" => "the top of the repository".to_owned(),
        path => path.to_owned(),
    });
    let dirty = identity
        .dirty
        .then(|| "yes: built with changes that the commit lacks".to_owned());
    let lines = [
        ("commit", Some(identity.commit.to_string())),
        ("said by", Some(identity.said_by.to_owned())),
        ("dirty", dirty),
        ("path", path),
        ("package", identity.package.clone()),
        ("version", identity.version.clone()),
    ];
    lines
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}
