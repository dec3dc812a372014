//! Which binaries a package has, from its manifest's text and the names of its files.
//!
//! Follows The Cargo Book, "Cargo Targets", "Target auto-discovery". What cargo would leave out for a reason that is not here
//! (the edition 2015, a feature that is required) is listed all the same: cargo says so itself when it builds.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item};

use super::bounds;

/// The binaries of a package. `files` are paths below its directory, `/` between their parts; of directories below
/// `src/bin` the `main.rs` counts.
pub fn binaries<'f>(manifest: &str, package: &str, files: impl IntoIterator<Item = &'f str>) -> BTreeSet<String> {
    if bounds::toml(manifest).is_err() {
        return BTreeSet::new();
    }
    let Ok(document) = manifest.parse::<DocumentMut>() else {
        // The manifest's own reader refuses it by line and column.
        return BTreeSet::new();
    };
    let named = document.get("bin").and_then(Item::as_array_of_tables);
    let named = named.into_iter().flatten().filter_map(|bin| bin.get("name")?.as_str());
    let mut found: BTreeSet<String> = named.map(str::to_owned).collect();
    let inferred = document
        .get("package")
        .and_then(|table| table.get("autobins")?.as_bool());
    if inferred != Some(false) {
        found.extend(files.into_iter().filter_map(|path| inferred_name(path, package)));
    }
    found
}

/// The binary that a file makes by its place.
fn inferred_name(path: &str, package: &str) -> Option<String> {
    if path == "src/main.rs" {
        return Some(package.to_owned());
    }
    let below = path.strip_prefix("src/bin/")?;
    let name = below.strip_suffix("/main.rs").or_else(|| below.strip_suffix(".rs"))?;
    (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 6] = [
        "src/main.rs",
        "src/lib.rs",
        "src/bin/one.rs",
        "src/bin/two/main.rs",
        "src/bin/two/part.rs",
        "src/bin/README.md",
    ];

    fn found(manifest: &str) -> Vec<String> {
        binaries(manifest, "demo", FILES).into_iter().collect()
    }

    #[test]
    fn binaries_are_named_or_found() {
        assert_eq!(found("[package]\nname = \"demo\"\n"), ["demo", "one", "two"]);
        let named = "[package]\nautobins = false\n[[bin]]\nname = \"other\"\npath = \"src/main.rs\"\n";
        assert_eq!(found(named), ["other"]);
        assert_eq!(found("[[bin]]\nname = \"other\"\n"), ["demo", "one", "other", "two"]);
    }
}
