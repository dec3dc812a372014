//! What `git merge-tree -z` prints (git-merge-tree(1), "Output").

use std::collections::BTreeMap;

use crate::core::facts::Conflict;
use crate::core::ids::Oid;
use crate::host::{Error, Result};

/// The merged tree and what conflicts, by path.
///
/// # Errors
/// When it is not such a report.
pub(super) fn read(report: &[u8]) -> Result<(Oid, Vec<Conflict>)> {
    let malformed = |what: &str| Error::git("the merge's report", what);
    let mut parts = report.split(|byte| *byte == 0);
    let tree = parts.next().unwrap_or_default();
    let tree = Oid::from_hex(tree).map_err(|error| Error::git("the merged tree's id", error))?;
    let mut conflicts: BTreeMap<String, Conflict> = BTreeMap::new();
    let named = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    // Conflicted files, one entry for each side: `<mode> <object> <stage>TAB<path>`.
    for entry in parts.by_ref().take_while(|part| !part.is_empty()) {
        let tab = entry.iter().position(|byte| *byte == b'\t');
        let (facts, path) = tab
            .map(|tab| entry.split_at(tab))
            .ok_or_else(|| malformed("an entry has no path"))?;
        let facts = String::from_utf8_lossy(facts).into_owned();
        let mut facts = facts.split(' ');
        let (mode, id, stage) = (facts.next(), facts.next(), facts.next());
        let id = Oid::from_hex(id.unwrap_or_default().as_bytes());
        let id = id.map_err(|error| Error::git("a conflicting file's id", error))?;
        let path = named(path.get(1..).unwrap_or_default());
        let conflict = conflicts.entry(path.clone()).or_insert_with(|| Conflict::at(path));
        conflict.is_file &= mode.is_some_and(|mode| mode.starts_with("100"));
        match stage {
            Some("1") => conflict.base = Some(id),
            Some("2") => conflict.ours = Some(id),
            Some("3") => conflict.theirs = Some(id),
            Some(_) | None => return Err(malformed("an entry has no stage")),
        }
    }
    // Messages: how many paths, the paths, the kind, which is the same in every language, and the text for people.
    while let Some(count) = parts.next().filter(|count| !count.is_empty()) {
        let count: usize = String::from_utf8_lossy(count)
            .parse()
            .map_err(|_| malformed("a message has no count"))?;
        let paths: Vec<String> = parts.by_ref().take(count).map(named).collect();
        let kind = named(parts.next().unwrap_or_default());
        parts.next();
        let Some(kind) = kind.strip_prefix("CONFLICT (").and_then(|kind| kind.strip_suffix(')')) else {
            continue;
        };
        for path in paths {
            let conflict = conflicts.entry(path.clone()).or_insert_with(|| Conflict::at(path));
            conflict.kinds.insert(kind.to_owned());
        }
    }
    Ok((tree, conflicts.into_values().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1111111111111111111111111111111111111111";

    #[test]
    fn conflicts_have_their_sides_and_kinds() {
        let clean = read(format!("{ID}\0").as_bytes()).unwrap();
        assert_eq!(clean.1, []);
        let (first, second, third) = (
            format!("100644 {ID} 1\ta b"),
            format!("100644 {ID} 3\ta b"),
            format!("100644 {ID} 2\tc"),
        );
        let files = [ID, &first, &second, &third, ""];
        let messages = [
            "1",
            "c",
            "Auto-merging",
            "text\n",
            "1",
            "a b",
            "CONFLICT (modify/delete)",
            "text\n",
        ];
        let more = ["2", "c", "d", "CONFLICT (file/directory)", "text\n", ""];
        let report = [&files[..], &messages, &more].concat().join("\0");
        let (_, conflicts) = read(report.as_bytes()).unwrap();
        let told: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["a b (modify/delete)", "c (file/directory)", "d (file/directory)"]
        );
        assert!(conflicts[0].base.is_some() && conflicts[0].ours.is_none() && conflicts[0].theirs.is_some());
        assert!(read(b"nonsense").is_err());
    }
}
