//! The stamp in a binary: which commit it was built from, in an ELF section that needs no code in the user's crate.
//!
//! Owns the section's text and the source that makes an object file of it. Must not know how that is compiled or linked. The
//! section is not loaded (no `A` in its flags), so linkers keep it under `--gc-sections` and `--strip-all`, as they do
//! `.comment`; `strip` of GNU binutils keeps it too. `llvm-strip --strip-all` does not: strip before the build, with
//! `strip = true` in the profile.

use std::fmt::Write as _;

use semver::Version;

use super::ids::Oid;

/// The section's name.
pub const SECTION: &str = ".sentinel";
/// The schema of its text that is written, and the newest that is read.
pub const SCHEMA: u64 = 1;
/// Systems whose files are not ELF, as `rustc --print cfg` names them.
const NOT_ELF: [&str; 11] = [
    "target_family=\"wasm\"",
    "target_os=\"aix\"",
    "target_os=\"cuda\"",
    "target_os=\"cygwin\"",
    "target_os=\"uefi\"",
    "target_os=\"windows\"",
    "target_vendor=\"apple\"",
    "target_arch=\"bpf\"",
    "target_arch=\"nvptx64\"",
    "target_arch=\"wasm32\"",
    "target_arch=\"wasm64\"",
];

/// The section's text: JSON on one line, without a line feed.
pub fn text(commit: Oid, version: &Version, package: &str) -> String {
    let value = serde_json::json!({
        "schema": SCHEMA,
        "commit": commit.to_string(),
        "version": version.to_string(),
        "package": package,
    });
    value.to_string()
}

/// Rust source whose object file holds the section and nothing that runs. Compiled by the compiler that builds the binary,
/// it fits every target's ABI; written as numbers, it needs no quoting.
pub fn source(text: &str) -> String {
    let mut bytes = String::new();
    for byte in text.bytes() {
        let comma = if bytes.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        if write!(bytes, "{comma}{byte}").is_err() {
            break;
        }
    }
    format!(
        "#![no_std]\ncore::arch::global_asm!(\".section {SECTION},\\\"\\\",%progbits\", \".byte {bytes}\", \".previous\");\n"
    )
}

/// Whether a target's binaries are ELF files; `cfg` is what `rustc --print cfg` says of it, a line each.
pub fn fits(cfg: &str) -> bool {
    !cfg.lines().any(|line| NOT_ELF.contains(&line.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_json_on_one_line() {
        let commit = Oid::from_hex(&[b'a'; 40]).unwrap();
        insta::assert_snapshot!(
            text(commit, &Version::new(1, 2, 0), "demo"),
            @r#"{"schema":1,"commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","version":"1.2.0","package":"demo"}"#
        );
        insta::assert_snapshot!(source("{}"), @r#"
        #![no_std]
        core::arch::global_asm!(".section .sentinel,\"\",%progbits", ".byte 123,125", ".previous");
        "#);
    }

    #[test]
    fn only_elf_is_stamped() {
        assert!(fits("target_arch=\"x86_64\"\ntarget_os=\"linux\"\n"));
        assert!(fits("target_os=\"none\"\n"));
        for line in NOT_ELF {
            assert!(!fits(&format!("panic=\"unwind\"\n{line}\n")));
        }
    }
}
