//! What an input may hold at most, checked before memory is spent on it.
//!
//! A file can be small where it lies, compressed, and take gigabytes once it is parsed. Whatever reads a file that somebody
//! else wrote asks here first. The bounds are far above what any known project needs, and small enough that the program
//! stays below 256 MiB.

/// The most that a file of a commit may hold: a manifest, a lock file, a CHANGELOG, a configuration.
pub const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// The most that a TOML text may hold.
pub const TOML_BYTES: usize = 4 * 1024 * 1024;
/// The most keys, values, tables and parts of names that a TOML text may hold; a parser keeps a node for each.
pub const TOML_ITEMS: usize = 150_000;

/// Demands that a TOML text is of a size that can be parsed.
///
/// # Errors
/// The words for the message, with the bound.
pub fn toml(text: &str) -> Result<(), String> {
    if text.len() > TOML_BYTES {
        return Err(format!("it has more than {TOML_BYTES} bytes, which is not supported"));
    }
    // Each of these begins a node; those within strings and comments count too, which keeps this simple.
    let begins = |byte: &&u8| matches!(byte, b'=' | b'[' | b'{' | b',' | b'.');
    if text.as_bytes().iter().filter(begins).count() > TOML_ITEMS {
        return Err(format!(
            "it has more than {TOML_ITEMS} keys and values, which is not supported"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_gigabytes_is_refused_before_it_is_parsed() {
        for text in ["[[a]]\n", "a.b.c.", "x=[[", "{a=1},", "[a.b]\n"] {
            assert!(toml(&text.repeat(TOML_ITEMS)).is_err(), "{text}");
        }
        assert!(toml(&"#".repeat(TOML_BYTES + 1)).is_err());
        assert_eq!(toml("[package]\nname = \"demo\"\nversion = \"0.1.0\"\n"), Ok(()));
        // A lock file of two thousand packages.
        let package = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00\"\ndependencies = [\n \"b\",\n \"c\",\n \"d\",\n]\n\n";
        assert_eq!(toml(&package.repeat(2000)), Ok(()));
    }
}
