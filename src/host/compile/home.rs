//! A cargo home for builds: what the user's holds of packages, and of its configuration where packages come from.

use std::path::Path;

use toml_edit::DocumentMut;

use crate::host::{Error, Result, env, fs};

/// The tables of `config.toml` that say where packages come from (The Cargo Book, "Configuration"). Every other says how
/// something is built, or is of no use to a build, and stays behind: `[build]`, `[target]`, `[profile]`, `[env]`, `[patch]`.
const KEPT: [&str; 5] = ["http", "net", "registries", "registry", "source"];
/// Where cargo keeps packages.
const STORES: [&str; 2] = ["registry", "git"];
/// The configuration's two names; the first wins.
const CONFIGURATIONS: [&str; 2] = ["config", "config.toml"];

/// Makes it. Packages are linked to, not copied: what the build reads of them, the lock file's checksums vouch for.
///
/// # Errors
/// When the user's configuration is not TOML.
pub(super) fn make(dir: &Path) -> Result<()> {
    fs::create_dir(dir)?;
    let Some(users) = env::cargo_home() else { return Ok(()) };
    for store in STORES {
        if fs::stat(&users.join(store))?.is_some() {
            fs::link(&users.join(store), &dir.join(store))?;
        }
    }
    for name in CONFIGURATIONS {
        let path = users.join(name);
        let Some(bytes) = fs::read(&path)? else { continue };
        let kept = kept(&String::from_utf8_lossy(&bytes)).map_err(|error| {
            let what = format!("cargo's `{}` is not TOML: {error}", path.display());
            Error::unsupported(what, "correct it; cargo reads it too")
        })?;
        fs::write_scratch(&dir.join("config.toml"), kept.as_bytes())?;
        break;
    }
    Ok(())
}

/// What stays of a configuration.
fn kept(text: &str) -> std::result::Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    document.retain(|key, _| KEPT.contains(&key));
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_how_to_build_stays_behind() {
        let text = "paths = [\"/evil\"]\nnet.offline = true\n[build]\nrustflags = [\"-Cevil\"]\n\
                    [source.crates-io]\nreplace-with = \"mirror\"\n[target.'cfg(all())']\nrunner = \"evil\"\n\
                    [profile.release]\nopt-level = 0\n[env]\nEVIL = \"1\"\n[patch.crates-io]\na = { path = \"/evil\" }\n";
        let kept = kept(text).unwrap();
        assert!(kept.contains("net.offline") && kept.contains("replace-with"), "{kept}");
        for gone in ["evil", "EVIL", "opt-level", "paths", "runner"] {
            assert!(!kept.contains(gone), "{gone}: {kept}");
        }
    }
}
