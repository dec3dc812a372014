//! How the program is linked.
//!
//! A position-independent program relocates every pointer in its tables when it starts. The tables of time zones that come with
//! git-cliff-core hold 65,000 of them, and each commit starts the program twice, from git's hooks: 1 ms of 3 went there. In exchange
//! the program's own image has a fixed place; heap, stack and libraries keep their random ones, and no code of ours is unsafe. To be
//! taken back once those tables can be left out.
//!
//! What unwinds after a panic is linked in as well. Otherwise `libgcc_s.so.1` is found, mapped and relocated at each start, for
//! nothing as long as nothing panics, and has to be there: small container images lack it.
//!
//! With musl's C library all of it is linked in; there rustc itself has to be told of the fixed place, in `.cargo/config.toml`.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts of the target in the environment"
)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        // Whole: the standard library, which needs it, comes later in the linker's order.
        println!("cargo::rustc-link-lib=static:-bundle,+whole-archive=gcc_eh");
    }
}
