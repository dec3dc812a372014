//! A packed `Cargo.lock` against the commit's: cargo writes the part of the workspace's that the package needs
//! (The Cargo Book, cargo-package(1)).

use serde_json::Value;

use super::manifest::read;

/// A locked package.
struct Locked {
    name: String,
    version: String,
    /// `None` for the workspace's own.
    source: Option<String>,
    checksum: Option<String>,
}

/// What the packed lock file locks and the commit's does not, or otherwise. `own` is the package itself.
///
/// A package of the workspace comes without source in the commit's lock file and from the registry in the packed one.
///
/// `registries` are the sources that packages of the workspace may come from.
pub(super) fn differences(packed: &[u8], committed: &[u8], own: &str, registries: &[String]) -> Vec<String> {
    let (packed, committed) = match (locked(packed), locked(committed)) {
        (Ok(packed), Ok(committed)) => (packed, committed),
        (Err(why), _) => return vec![format!("it cannot be read: {why}")],
        (_, Err(why)) => return vec![format!("the commit's cannot be read: {why}")],
    };
    let mut found = Vec::new();
    for package in &packed {
        if package.source.is_none() && package.name == own {
            continue;
        }
        let named = |other: &&Locked| other.name == package.name && other.version == package.version;
        // A package of the workspace comes from the registry that packages are published to, or from one that the manifest names.
        let is_published = package
            .source
            .as_ref()
            .is_some_and(|source| registries.contains(source));
        let same = |other: &Locked| match &other.source {
            None => is_published,
            source => *source == package.source,
        };
        let (name, version) = (&package.name, &package.version);
        match committed.iter().filter(named).find(|other| same(other)) {
            None if committed.iter().any(|other| named(&other)) => {
                found.push(format!("it takes {name} {version} from elsewhere"));
            }
            None if committed
                .iter()
                .any(|other| other.name == *name && other.source.is_none()) =>
            {
                found.push(format!(
                    "it locks {name} {version}, in the commit {name} is the workspace's own, of another version"
                ));
            }
            None => found.push(format!("it locks {name} {version}, which the commit's does not")),
            Some(other) => {
                // The workspace's own packages have none in the commit's.
                if other.checksum.is_some() && other.checksum != package.checksum {
                    found.push(format!("it has another checksum for {name} {version}"));
                }
            }
        }
    }
    found
}

fn locked(bytes: &[u8]) -> Result<Vec<Locked>, String> {
    let document = read(bytes)?;
    let text = |table: &Value, key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let packages = document.get("package").and_then(Value::as_array).into_iter().flatten();
    let root = document.get("root").into_iter();
    // Version 1 keeps the checksums in a table of their own.
    let checksums = document.get("metadata");
    let mut found = Vec::new();
    for table in root.chain(packages) {
        let name = text(table, "name").ok_or("a package has no name")?;
        let version = text(table, "version").ok_or_else(|| format!("{name} has no version"))?;
        let source = text(table, "source");
        let apart = || {
            let key = format!("checksum {name} {version} ({})", source.as_deref()?);
            text(checksums?, &key)
        };
        found.push(Locked {
            checksum: text(table, "checksum").or_else(apart),
            name,
            version,
            source,
        });
    }
    Ok(found)
}
