//! From what commits ask for to the entries of a CHANGELOG.
//!
//! Which commits make an entry, under which group, with which link. Knows nothing of Markdown.

use super::changelog::{Entry, Group, Link};
use super::commit::{Kind, Reference, split_reference};
use super::forge::Forge;
use super::history::{History, Judged};
use super::policy::Changelog;

/// The entries of a release, newest first, reverted commits left out.
///
/// `repository` is the web address of the repository; without it entries name their pull request or commit, unlinked.
pub fn entries(history: &History, groups: &Changelog, repository: Option<&str>) -> Vec<Entry> {
    let forge = repository.and_then(Forge::at);
    let kept = history.judged.iter().filter(|judged| !judged.reverted);
    kept.filter_map(|judged| entry(judged, groups, forge.as_ref()))
        .collect()
}

fn entry(judged: &Judged, groups: &Changelog, forge: Option<&Forge>) -> Option<Entry> {
    let message = &judged.commit.message;
    let breaking = message.is_breaking();
    let (kind, scope, summary) = match &message.kind {
        Kind::Conventional(conventional) => (
            conventional.kind.as_str(),
            conventional.scope.clone(),
            conventional.summary.clone(),
        ),
        Kind::Revert { .. } => ("revert", None, message.subject.clone()),
        Kind::Merge | Kind::Fixup | Kind::Other => return None,
    };
    let group: Group = groups.group(kind, breaking)?;
    // A trailing ` (#12)` becomes the entry's link instead of standing there twice.
    let (summary, reference) = match split_reference(&summary) {
        Some((rest, reference)) => (rest.trim_end().to_owned(), Some(reference)),
        None => (summary, message.references.last().cloned()),
    };
    Some(Entry {
        group,
        breaking,
        scope,
        summary,
        link: Some(link(judged, reference.as_ref(), forge)),
    })
}

fn link(judged: &Judged, reference: Option<&Reference>, forge: Option<&Forge>) -> Link {
    match reference {
        Some(reference) => Link {
            text: reference.to_string(),
            url: forge.and_then(|forge| forge.request(reference)),
        },
        None => Link {
            text: judged.commit.id.to_hex_with_len(7).to_string(),
            url: forge.map(|forge| forge.commit(judged.commit.id)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::commit;
    use crate::core::history::{Commit, judge};
    use crate::core::ids::Oid;
    use crate::core::policy::Policy;

    fn shown(messages: &[&str], repository: Option<&str>) -> String {
        let commits = messages.iter().enumerate().map(|(number, message)| Commit {
            id: Oid::from_hex(format!("{number:040x}").as_bytes()).unwrap(),
            parents: Vec::new(),
            time: 0,
            message: commit::read(message.as_bytes()),
        });
        let policy = Policy::default();
        let history = judge(commits.collect(), &policy.version.bumps);
        let line = |entry: Entry| {
            let link = entry.link.unwrap();
            let scope = entry.scope.unwrap_or_default();
            format!(
                "{} {} [{scope}] {} ({} {:?})\n",
                entry.group, entry.breaking, entry.summary, link.text, link.url
            )
        };
        entries(&history, &policy.changelog, repository)
            .into_iter()
            .map(line)
            .collect()
    }

    #[test]
    fn commits_become_entries() {
        let messages = [
            "feat(api)!: take a path (#12)",
            "fix: keep the last line",
            "docs: say so",
            "refactor!: drop the old reader",
            "no convention",
        ];
        insta::assert_snapshot!(shown(&messages, Some("https://example.org/demo.git/")), @r#"
        Added true [api] take a path (#12 Some("https://example.org/demo/pull/12"))
        Fixed false [] keep the last line (0000000 Some("https://example.org/demo/commit/0000000000000000000000000000000000000001"))
        Changed true [] drop the old reader (0000000 Some("https://example.org/demo/commit/0000000000000000000000000000000000000003"))
        "#);
        insta::assert_snapshot!(shown(&["feat: a (#3)"], None), @"Added false [] a (#3 None)");
        let lab = ["feat: a (!3)", "feat: b\n\nSee merge request x/y!4"];
        insta::assert_snapshot!(shown(&lab, Some("https://gitlab.com/x/y")), @r#"
        Added false [] a (!3 Some("https://gitlab.com/x/y/-/merge_requests/3"))
        Added false [] b (!4 Some("https://gitlab.com/x/y/-/merge_requests/4"))
        "#);
        insta::assert_snapshot!(shown(&["feat: a (#3)"], Some("https://git.sr.ht/~x/y")), @"Added false [] a (#3 None)");
    }

    #[test]
    fn what_was_reverted_is_no_entry() {
        let id = format!("{:040x}", 1);
        let revert = format!("Revert \"feat: a\"\n\nThis reverts commit {id}.\n");
        assert_eq!(shown(&[&revert, "feat: a"], None), "");
    }
}
