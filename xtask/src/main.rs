//! `cargo xtask`: the repository's own tasks, a client of the library like any user's.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tasks talk to whoever runs them, start processes, and measure time"
)]

mod bench;
mod demo;
mod fuzz;
mod page;
mod release;
mod setup;
mod survey;
mod tool;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The repository's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show a release, from commits to a verified tag, in a throwaway repository.
    Demo(demo::Args),
    /// Build the tool and install this repository's hooks.
    Setup,
    /// Time the tool against git and its peers; exit with 1 where a goal is missed.
    Bench(bench::Args),
    /// Print what `next` says just before each past release of real repositories, beside what was released.
    Survey(survey::Args),
    /// Release this repository: gate, build, tag, verify, push, in that order.
    Release(release::Args),
    /// Fuzz the parsers with libFuzzer, starting from the committed corpus.
    Fuzz(fuzz::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Demo(args) => demo::run(&args),
        Task::Setup => setup::run(),
        Task::Bench(args) => bench::run(&args),
        Task::Survey(args) => survey::run(&args),
        Task::Release(args) => release::run(&args),
        Task::Fuzz(args) => fuzz::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
