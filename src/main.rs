//! The entry: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_sentinel::ui::cli::main(std::env::args_os())
}
