//! The entry: parse, run, exit code.

use std::process::ExitCode;

/// musl's own allocator gives each buffer back to the kernel that fills a few pages, and takes it again for the next: a hook
/// that reads the 20 commits of a push maps memory 80 times. This one, which Rust's standard library has where a system has
/// none, keeps it.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    cargo_sentinel::ui::cli::main(std::env::args_os())
}
