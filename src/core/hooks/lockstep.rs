//! `Cargo.lock` in step with the manifests beside it, as far as text can tell.
//!
//! What would make `cargo build --locked` fail for sure: a package of the workspace that the lock file lacks or has in
//! another version, a dependency that it lacks, a locked version that a requirement excludes. Knows neither git nor cargo.

use std::collections::BTreeMap;

use semver::VersionReq;

use crate::core::check::Answer;
use crate::core::lockfile::{self, Locked};
use crate::core::manifest::{Dependency, Manifest, Origin, Place};
use crate::core::workspace::Workspace;

/// A lock file with the workspace that it belongs to.
#[derive(Debug)]
pub struct LockFacts {
    /// The lock file's path.
    pub path: String,
    /// Its bytes.
    pub lock: Vec<u8>,
    /// The workspace in its directory, or why there is none.
    pub workspace: Result<Workspace, String>,
    /// The workspace's manifests by path.
    pub manifests: BTreeMap<String, Manifest>,
}

/// Judges one lock file; nothing where it is in step.
pub fn judge(facts: &LockFacts) -> Vec<Answer> {
    let remedy = |path: &str| {
        let manifest = path.replace("Cargo.lock", "Cargo.toml");
        let (manifest, lock) = (super::staged::shell_word(&manifest), super::staged::shell_word(path));
        format!("cargo update --workspace --manifest-path {manifest} && git add {lock}")
    };
    let workspace = match &facts.workspace {
        Ok(workspace) => workspace,
        Err(why) => return vec![Answer::fail(why.clone(), "cargo metadata --no-deps --format-version 1")],
    };
    let locked = match lockfile::packages(&facts.lock, &facts.path) {
        Ok(locked) => locked,
        Err(error) => return vec![Answer::fail(error.to_string(), remedy(&facts.path))],
    };
    let root = facts.manifests.get(&workspace.root_manifest());
    let faults = workspace.packages.iter().filter_map(|package| {
        let mut own = locked
            .iter()
            .filter(|locked| locked.source.is_none() && locked.name == package.name);
        let Some(found) = own.clone().find(|locked| locked.version == package.version) else {
            return Some(match own.next() {
                Some(other) => format!(
                    "has {} {}, its manifest {}",
                    package.name, other.version, package.version
                ),
                None => format!("lacks {} {}", package.name, package.version),
            });
        };
        let declared = facts.manifests.get(&package.manifest)?.dependencies().iter();
        let mut declared = declared.filter(|dependency| dependency.place == Place::Package);
        declared.find_map(|dependency| missing(inherited(dependency, root)?, found, &locked))
    });
    faults
        .map(|fault| Answer::fail(format!("{} {fault}", facts.path), remedy(&facts.path)))
        .collect()
}

/// What a dependency declares, or the workspace on its behalf; `None` where the workspace does not, which Cargo refuses.
fn inherited<'d>(dependency: &'d Dependency, root: Option<&'d Manifest>) -> Option<&'d Dependency> {
    if dependency.origin != Origin::Workspace {
        return Some(dependency);
    }
    let mut shared = root?.dependencies().iter();
    shared.find(|shared| shared.place == Place::Workspace && shared.key == dependency.key)
}

/// What the lock file lacks of a package's dependency.
fn missing(dependency: &Dependency, package: &Locked, locked: &[Locked]) -> Option<String> {
    // For its own examples a package may depend on itself, which stands in no lock file.
    if dependency.package == package.name {
        return None;
    }
    let named = package.dependencies.iter().filter_map(|at| locked.get(*at));
    let candidates: Vec<&Locked> = named.filter(|found| found.name == dependency.package).collect();
    if candidates.is_empty() {
        return Some(format!("lacks {} for {}", dependency.package, package.name));
    }
    // A requirement that is none is Cargo's to refuse.
    let wanted = VersionReq::parse(&dependency.requirement.as_ref()?.value).ok()?;
    if candidates.iter().any(|found| wanted.matches(&found.version)) {
        return None;
    }
    let versions: Vec<String> = candidates.iter().map(|found| found.version.to_string()).collect();
    Some(format!(
        "has {} {} for {}, which demands {wanted}",
        dependency.package,
        versions.join(" and "),
        package.name,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::listing::Listing;
    use crate::core::workspace;

    const LOCK: &str = "version = 4\n
[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"lib\",\n \"serde\",\n]\n
[[package]]\nname = \"lib\"\nversion = \"1.0.0\"\n
[[package]]\nname = \"serde\"\nversion = \"1.0.200\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

    fn judged(app: &str, lock: &str) -> Vec<String> {
        let root = "[workspace]\nmembers = [\"app\", \"lib\"]\n[workspace.dependencies]\nshort = { package = \"serde\", version = \"1.0.150\" }\n";
        let lib = "[package]\nname = \"lib\"\nversion = \"1.0.0\"\n[dev-dependencies]\nlib = { path = \".\" }\n";
        let manifests: BTreeMap<String, Manifest> =
            [("Cargo.toml", root), ("app/Cargo.toml", app), ("lib/Cargo.toml", lib)]
                .map(|(path, text)| (path.to_owned(), Manifest::parse(text, path).unwrap()))
                .into();
        let id = crate::core::ids::Oid::null(gix::hash::Kind::Sha1);
        let listing = Listing::plain(manifests.keys().map(|path| (path.clone(), id)).collect());
        let facts = LockFacts {
            path: "Cargo.lock".to_owned(),
            lock: lock.as_bytes().to_vec(),
            workspace: workspace::resolve("", &listing, &manifests).map_err(|error| error.to_string()),
            manifests,
        };
        judge(&facts)
            .into_iter()
            .map(|answer| answer.named("lockfile").because)
            .collect()
    }

    fn app(version: &str, dependencies: &str) -> String {
        format!("[package]\nname = \"app\"\nversion = \"{version}\"\n[dependencies]\n{dependencies}\n")
    }

    #[test]
    fn in_step() {
        for dependencies in [
            "lib = { path = \"../lib\" }\nserde = \"1\"",
            "short.workspace = true",
            "s = { package = \"serde\", version = \"1.0.200\" }",
            "",
            "serde = \"not a requirement\"",
        ] {
            assert_eq!(judged(&app("1.0.0", dependencies), LOCK), [""; 0], "{dependencies}");
        }
    }

    #[test]
    fn out_of_step() {
        insta::assert_snapshot!(judged(&app("1.1.0", ""), LOCK).join("\n"), @"Cargo.lock has app 1.0.0, its manifest 1.1.0");
        insta::assert_snapshot!(judged(&app("1.0.0", "rand = \"1\""), LOCK).join("\n"), @"Cargo.lock lacks rand for app");
        insta::assert_snapshot!(judged(&app("1.0.0", "serde = \"2\""), LOCK).join("\n"), @"Cargo.lock has serde 1.0.200 for app, which demands ^2");
        insta::assert_snapshot!(judged(&app("1.0.0", ""), "version = 4\n").join("\n"), @r"
        Cargo.lock lacks app 1.0.0
        Cargo.lock lacks lib 1.0.0
        ");
        assert_eq!(judged(&app("1.0.0", ""), "version = ").len(), 1);
    }
}
