//! What integration becomes when it takes a release back: versions as `cut` would move them, CHANGELOG and lock files by
//! meaning, and packages that cargo can still resolve.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use super::changelog;
use super::facts::{Content, Merge};
use super::hooks::lockstep::{self, LockFacts};
use super::listing::{directory_of, join, manifest_in};
use super::lockfile::merge::{self as locks, Local};
use super::manifest::{Dependency, Manifest, Origin, Place, VersionChange};
use super::plans::versions::Changes;
use super::workspace::{self, Group, Package, VersionSource};

/// How the files of one side move to the release's version; `None` where they have a version of their own that the release knows
/// nothing of, so that git has to say what conflicts.
///
/// `olds` are the versions of the common ancestors, `released` the names of the packages that are released. A package that
/// arrived with an old version moves as one that was there when the release was cut.
pub fn change(
    content: &Content,
    olds: &[Version],
    new: &Version,
    released: &BTreeSet<String>,
) -> Option<VersionChange> {
    let workspace = content.workspace.as_ref().ok()?;
    let highest = olds.iter().max()?;
    let own = match workspace::version_group(workspace) {
        Ok(group) if group.version == *new => highest.clone(),
        Ok(group) if olds.contains(&group.version) => group.version,
        Ok(_) => return None,
        Err(_) => highest.clone(),
    };
    let moves = |package: &&Package| {
        let is_new = package.version == *new && released.contains(&package.name);
        package.version_source != VersionSource::Absent && (package.version == own || is_new)
    };
    let members = workspace.packages.iter().filter(moves).cloned().collect();
    let group = Group {
        version: own,
        members,
        root: workspace.root_manifest(),
    };
    Some(group.change(new.clone(), &content.listing))
}

/// The files of the merged tree that are not as git merges them, or every reason why the merge cannot be made.
///
/// # Errors
/// What conflicts, and what would not resolve.
pub fn settle(merge: &Merge, changelog_path: &str) -> Result<Changes, Vec<String>> {
    let mut refusals: Vec<String> = merge.immovable.iter().cloned().collect();
    let mut changes = Changes::new();
    let by_meaning =
        |path: &str| merge.locks.contains_key(path) || (path == changelog_path && merge.changelog.is_some());
    let conflicts = merge
        .conflicts
        .iter()
        .filter(|conflict| !conflict.is_of_lines() || !by_meaning(&conflict.path));
    let conflicts: Vec<String> = conflicts.map(ToString::to_string).collect();
    if !conflicts.is_empty() {
        refusals.push(conflicts.join(", "));
    }
    if let Some(sides) = &merge.changelog {
        match changelog::merge_back(&sides.base, &sides.ours, &sides.theirs) {
            Ok(text) => drop(changes.insert(changelog_path.to_owned(), changelog::encode(&text))),
            Err(error) => refusals.push(format!("{changelog_path}: {error}")),
        }
    }
    if let Some(after) = &merge.after {
        for (path, sides) in &merge.locks {
            match locks::merge(&sides.base, &sides.ours, &sides.theirs, &local(after, path)) {
                Ok(text) => drop(changes.insert(path.clone(), text.into_bytes())),
                Err(error) => refusals.push(format!("{path}: {error}")),
            }
        }
    }
    // What was broken before is not this merge's to refuse.
    if refusals.is_empty()
        && let Some(after) = &merge.after
    {
        let known: BTreeSet<String> = faults(&merge.before, &Changes::new()).into_iter().collect();
        let faults = faults(after, &changes)
            .into_iter()
            .filter(|fault| !known.contains(fault));
        refusals.extend(faults);
    }
    if refusals.is_empty() {
        Ok(changes)
    } else {
        Err(refusals)
    }
}

/// The local packages that a lock file is about.
fn local(content: &Content, lock: &str) -> Local {
    let members = workspace::members(directory_of(lock), &content.listing, &content.manifests).into_iter();
    let packages = members.filter_map(|path| content.manifests.get(&path)?.package());
    Local {
        members: packages.map(|package| package.name.clone()).collect(),
        versions: content.files().local_versions(lock),
    }
}

/// What cargo would refuse of the workspace, as far as its files say; `locks` are the lock files that are not as the content
/// has them.
fn faults(content: &Content, locks: &Changes) -> Vec<String> {
    let workspace = match &content.workspace {
        Ok(workspace) => workspace,
        Err(why) => return vec![why.clone()],
    };
    let mut faults = Vec::new();
    if let Err(problems) = workspace::version_group(workspace) {
        faults.extend(problems.iter().map(ToString::to_string));
    }
    let root = content.manifests.get(&workspace.root_manifest());
    for package in &workspace.packages {
        let manifest = content.manifests.get(&package.manifest);
        let declared = manifest.map(Manifest::dependencies).unwrap_or_default().iter();
        let declared = declared.filter(|dependency| dependency.place == Place::Package);
        faults.extend(declared.filter_map(|dependency| unresolved(content, package, dependency, root)));
    }
    faults.extend(stale_lock(content, locks));
    faults
}

/// Why a dependency by path leads to no package that fits.
fn unresolved(content: &Content, package: &Package, declared: &Dependency, root: Option<&Manifest>) -> Option<String> {
    let by = &package.manifest;
    let (dependency, base) = if declared.origin == Origin::Workspace {
        let shared = root.map(Manifest::dependencies).unwrap_or_default().iter();
        let mut shared = shared.filter(|shared| shared.place == Place::Workspace);
        match shared.find(|shared| shared.key == declared.key) {
            Some(shared) => (shared, root.map(Manifest::path).unwrap_or_default()),
            None => {
                return Some(format!(
                    "{by}: `{}` is inherited, but the workspace does not have it",
                    declared.key
                ));
            }
        }
    } else {
        (declared, by.as_str())
    };
    let Origin::Path(path) = &dependency.origin else {
        return None;
    };
    let (name, path) = (&dependency.package, manifest_in(&join(directory_of(base), path)?));
    let found = content.manifests.get(&path).and_then(Manifest::package);
    if found.is_none_or(|found| found.name != *name) {
        return Some(format!("{by}: there is no package `{name}` at `{path}`"));
    }
    let packages = content
        .workspace
        .as_ref()
        .map(|workspace| workspace.packages.as_slice())
        .unwrap_or_default();
    let version = &packages.iter().find(|package| package.manifest == path)?.version;
    let wanted = VersionReq::parse(&dependency.requirement.as_ref()?.value).ok()?;
    (!wanted.matches(version)).then(|| format!("{by}: `{name}` is required as `{wanted}`, and is {version}"))
}

/// What the workspace's lock file lacks of what its manifests say.
fn stale_lock(content: &Content, changed: &Changes) -> Vec<String> {
    const PATH: &str = "Cargo.lock";
    let Some(lock) = changed.get(PATH).or_else(|| content.locks.get(PATH)) else {
        return Vec::new();
    };
    let facts = LockFacts {
        path: PATH.to_owned(),
        lock: lock.clone(),
        workspace: content.workspace.clone(),
        manifests: content.manifests.clone(),
    };
    // One line for all of it: a lock file that lagged behind before may lag behind in other words now.
    let lags = !lockstep::judge(&facts).is_empty();
    lags.then(|| format!("{PATH} is not in step with the manifests"))
        .into_iter()
        .collect()
}
