//! How forges name pull requests in commit messages: GitHub, GitLab, Forgejo and Gitea, Bitbucket, Azure, and merging bots.
//!
//! Owns the words of their merges and of their revert buttons. Knows nothing of web addresses beyond their last two parts (`forge.rs`).

use super::{Named, Reference};

/// Takes a trailing reference such as ` (#12)`, ` (!12)` or ` (pull request #12)` off a subject.
pub fn split_reference(subject: &str) -> Option<(&str, Reference)> {
    let (before, inner) = subject.strip_suffix(')')?.rsplit_once(" (")?;
    let inner = without_noun(inner);
    let reference = marked(inner).or_else(|| gh(inner))?;
    Some((before, reference))
}

/// The references of a subject: the one that a merge names, else those that it ends in, in the order written.
pub(super) fn of_subject(subject: &str) -> Vec<Reference> {
    if let Some(reference) = merged(subject) {
        return vec![reference];
    }
    let mut found = Vec::new();
    let mut rest = subject;
    while let Some((before, reference)) = split_reference(rest) {
        found.push(reference);
        rest = before;
    }
    found.reverse();
    found
}

/// The reference that a line of a body gives for the commit itself: GitLab's `See merge request group/project!12`, and
/// `Reviewed-on: https://…/pulls/12` of Forgejo and Gitea.
pub(super) fn of_line(line: &str) -> Option<Reference> {
    if let Some(rest) = line.strip_prefix("See merge request ") {
        return named(rest).filter(|reference| reference.mark == '!');
    }
    line.strip_prefix("Reviewed-on: ").and_then(in_address)
}

/// What a line says that the commit reverts: `Reverts owner/repository#12`, `This reverts merge request !12`,
/// `Reverts https://…/pull/12`, `Reverts: 676104e, #12`.
///
/// The line must say nothing else: of `Reverts #12 in part` nobody knows what is left. What stands in parentheses is a title.
pub(super) fn reverted(line: &str) -> Vec<Named> {
    const HEADS: [&str; 4] = ["this reverts ", "reverts ", "reverts: ", "reverted "];
    let head = HEADS.iter().find_map(|head| {
        let (start, rest) = line.split_at_checked(head.len())?;
        start.eq_ignore_ascii_case(head).then_some(rest)
    });
    let Some(mut rest) = head.map(str::trim) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    while !rest.is_empty() && !rest.starts_with('(') {
        rest = without_noun(rest);
        let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = behind.trim_start();
        let word = word.trim_end_matches(['.', ',', ';']);
        if matches!(word, "and" | "&") {
            continue;
        }
        let request = named(word).or_else(|| in_address(word));
        match request
            .map(|request| Named::Request(request.number))
            .or_else(|| id(word))
        {
            Some(what) => found.push(what),
            None => return Vec::new(),
        }
    }
    found
}

/// The reference in the subject of a merge.
fn merged(subject: &str) -> Option<Reference> {
    // Azure, and Bitbucket Data Center, which give a squashed request the same subject.
    if let Some(rest) = subject.strip_prefix("Merged PR ") {
        return rest.split_once(": ").and_then(|(number, _)| reference('!', number));
    }
    if let Some(rest) = subject.strip_prefix("Pull request ") {
        return rest.split_once(": ").and_then(|(number, _)| marked(number));
    }
    // Forgejo and Gitea: `Merge pull request 'title' (#12) from branch into main`.
    if let Some(rest) = subject.strip_prefix("Merge pull request '") {
        let (_, rest) = rest.rsplit_once("' (")?;
        return rest.split_once(") from ").and_then(|(number, _)| marked(number));
    }
    // GitHub and Bitbucket; homu; bors, which may name several.
    const HEADS: [&str; 4] = ["Merge pull request ", "Auto merge of ", "Merge PR ", "Merge #"];
    let rest = HEADS
        .iter()
        .find_map(|head| subject.strip_prefix(head.trim_end_matches('#')))?;
    marked(rest.split([' ', ':']).next()?)
}

/// `#12` or `!12`.
fn marked(word: &str) -> Option<Reference> {
    let mark = word.chars().next().filter(|mark| matches!(mark, '#' | '!'))?;
    reference(mark, word.get(1..)?)
}

/// `GH-12`.
fn gh(word: &str) -> Option<Reference> {
    let number = word.strip_prefix("GH-").or_else(|| word.strip_prefix("gh-"))?;
    reference('#', number)
}

/// `#12`, `!12`, `GH-12`, or the first two behind a path, as in `owner/repository#12`.
fn named(word: &str) -> Option<Reference> {
    let in_path = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    let mark = word.find(['#', '!'])?;
    let (path, marked_number) = word.split_at_checked(mark)?;
    path.chars().all(in_path).then(|| marked(marked_number))?
}

/// The request that a web address leads to.
fn in_address(address: &str) -> Option<Reference> {
    let (_, path) = address.trim_end_matches('/').split_once("://")?;
    let (path, number) = path.rsplit_once('/')?;
    match path.rsplit_once('/')?.1 {
        "pull" | "pulls" | "pull-requests" | "pull-request" => reference('#', number),
        "merge_requests" | "pullrequest" => reference('!', number),
        _ => None,
    }
}

fn id(word: &str) -> Option<Named> {
    super::hex_words(word.as_bytes())
        .next()?
        .filter(|id| id.len() == word.len())
        .map(Named::Commit)
}

fn reference(mark: char, number: &str) -> Option<Reference> {
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Reference {
        mark,
        number: number.to_owned(),
    })
}

/// What follows the word for a request, if one stands in front of its number.
fn without_noun(text: &str) -> &str {
    const NOUNS: [&str; 6] = [
        "pull requests ",
        "pull request ",
        "merge requests ",
        "merge request ",
        "PR ",
        "MR ",
    ];
    let behind = |noun: &&str| {
        let (start, rest) = text.split_at_checked(noun.len())?;
        start.eq_ignore_ascii_case(noun).then_some(rest)
    };
    NOUNS.iter().find_map(behind).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_a_subject_names() {
        let table = [
            ("fix: x (#12)", "#12"),
            ("fix: x (#12) (#340)", "#12 #340"),
            ("fix: x (!12)", "!12"),
            ("fix: x (pull request #12)", "#12"),
            ("fix: x (PR #12)", "#12"),
            ("fix: x (GH-12)", "#12"),
            ("Revert \"fix: x (#12)\" (#13)", "#13"),
            ("Merge pull request #123 from a/b", "#123"),
            ("Merge pull request #12 in P/r from b to main", "#12"),
            ("Merge pull request 'a (#1) ' b' (#12) from o/b into main", "#12"),
            ("Pull request #12: fix: x", "#12"),
            ("Merged in branch (pull request #12)", "#12"),
            ("Merged PR 12: fix: x", "!12"),
            ("Auto merge of #12 - a:b, r=c", "#12"),
            ("Merge #12", "#12"),
            ("Merge #12: title", "#12"),
            ("Merge PR #12", "#12"),
            ("fix: x (#12) more", ""),
            ("fix: x(#12)", ""),
            ("fix: x (#)", ""),
            ("fix: x (#1a)", ""),
            ("fix: x (#١)", ""),
            ("fix: x (other/project#12)", ""),
            ("Merge pull request #x from a/b", ""),
            ("Merged PR 12", ""),
            ("Merge branch '#12'", ""),
        ];
        for (subject, expected) in table {
            let found: Vec<_> = of_subject(subject).iter().map(Reference::to_string).collect();
            assert_eq!(found.join(" "), expected, "{subject:?}");
        }
    }

    #[test]
    fn lines_that_name_the_request_of_a_commit() {
        let table = [
            ("See merge request group/sub/project!12", Some("!12")),
            ("See merge request !12", Some("!12")),
            ("Reviewed-on: https://codeberg.org/x/y/pulls/12", Some("#12")),
            ("Reviewed-on: https://go-review.example.org/c/go/+/12", None),
            ("See merge request 12", None),
            ("See merge request group/project#12", None),
        ];
        for (line, expected) in table {
            assert_eq!(
                of_line(line).map(|found| found.to_string()).as_deref(),
                expected,
                "{line:?}"
            );
        }
    }

    #[test]
    fn lines_that_say_what_is_reverted() {
        let table = [
            ("Reverts owner/repo#12", "12"),
            ("Reverts my-org/re.po_x#12.", "12"),
            ("Reverts #12", "12"),
            ("reverts: #12", "12"),
            ("Reverts #12, #13 and #14.", "12 13 14"),
            ("Reverts pull requests #12 & PR #13", "12 13"),
            ("Reverts #12 (feat: x)", "12"),
            ("Reverts https://github.com/o/r/pull/12", "12"),
            ("Reverts https://codeberg.org/o/r/pulls/12/", "12"),
            ("Reverts https://gitlab.com/g/s/p/-/merge_requests/12", "12"),
            ("Reverts https://bitbucket.org/o/r/pull-requests/12", "12"),
            ("Reverts https://dev.azure.com/o/p/_git/r/pullrequest/12", "12"),
            ("This reverts merge request !12", "12"),
            ("This reverts merge request group/sub/project!12", "12"),
            ("This reverts pull request #12.", "12"),
            ("Reverts !12", "12"),
            ("Reverts: 676104e", "676104e"),
            ("Reverts part of #12", ""),
            ("Reverts #12 in part", ""),
            ("Reverts the parser", ""),
            ("Reverts", ""),
            ("> Reverts #12", ""),
            ("This reverts", ""),
            ("Reverts https://example.org/12", ""),
            ("Reverts ##12", ""),
        ];
        for (line, expected) in table {
            let shown = |named: &Named| match named {
                Named::Commit(what) | Named::Request(what) => what.clone(),
            };
            let found: Vec<_> = reverted(line).iter().map(shown).collect();
            assert_eq!(found.join(" "), expected, "{line:?}");
        }
    }
}
