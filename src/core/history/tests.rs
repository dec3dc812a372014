//! Which commits count: reverts and merges, held against their definition.

use proptest::prelude::*;

use super::*;
use crate::core::commit;

fn oid(number: u32) -> Oid {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Oid::Sha1(bytes)
}

fn commit(number: u32, parents: &[u32], message: &str) -> Commit {
    Commit {
        id: oid(number),
        parents: parents.iter().copied().map(oid).collect(),
        time: 0,
        message: commit::read(message.as_bytes()),
    }
}

fn revert(number: u32) -> String {
    format!("Revert \"x\"\n\nThis reverts commit {}.", oid(number))
}

/// The commits that still ask for something, the newest first, with what they ask for.
fn asking(commits: Vec<Commit>) -> Vec<(Oid, Bump)> {
    let history = judge(commits, &BumpTable::default());
    let standing = history
        .judged
        .into_iter()
        .filter(|judged| !judged.reverted && judged.bump > Bump::None);
    standing.map(|judged| (judged.commit.id, judged.bump)).collect()
}

#[test]
fn types_ask_and_others_are_counted() {
    let history = judge(
        vec![
            commit(7, &[6, 5], "Merge branch 'x'"),
            commit(6, &[4], "docs: x"),
            commit(5, &[4], "fix!: x"),
            commit(4, &[3], "feat: x"),
            commit(3, &[2], "fixup! feat: x"),
            commit(2, &[1], "wip"),
        ],
        &BumpTable::default(),
    );
    let bumps: Vec<_> = history.judged.iter().map(|judged| judged.bump).collect();
    assert_eq!(
        (bumps, history.ignored),
        (vec![Bump::None, Bump::Major, Bump::Minor], 3)
    );
    assert_eq!(history.asked(), (Bump::Major, Some(oid(5))));
    assert_eq!(judge(Vec::new(), &BumpTable::default()).asked(), (Bump::None, None));
}

#[test]
fn a_commit_and_its_revert_cancel_each_other() {
    let feature = || commit(2, &[1], "feat: x");
    let typed = format!("revert: x\n\nRefs: {}", oid(2).to_hex_with_len(8));
    for message in [
        revert(2),
        typed,
        format!("revert: x\n\nThis reverts commit {}.", oid(2)),
    ] {
        let commits = vec![commit(3, &[2], &message), feature()];
        assert_eq!(asking(commits.clone()), [], "{message}");
        let history = judge(commits, &BumpTable::default());
        assert!(history.judged.iter().all(|judged| judged.reverted));
    }
    assert_eq!(
        asking(vec![
            commit(4, &[3], &revert(3)),
            commit(3, &[2], &revert(2)),
            feature()
        ]),
        [(oid(2), Bump::Minor)]
    );
    let thrice = vec![
        commit(5, &[4], &revert(4)),
        commit(4, &[3], &revert(3)),
        commit(3, &[2], &revert(2)),
        feature(),
    ];
    assert_eq!(asking(thrice), []);
    let twice = vec![commit(4, &[3], &revert(2)), commit(3, &[2], &revert(2)), feature()];
    assert_eq!(asking(twice), []);
}

#[test]
fn the_revert_of_something_released_is_a_patch() {
    for message in [
        revert(1),
        "revert: x".into(),
        "Revert \"x\"\n\nReverts owner/name#12".into(),
    ] {
        assert_eq!(
            asking(vec![commit(3, &[2], &message), commit(2, &[1], "docs: x")]),
            [(oid(3), Bump::Patch)],
            "{message}"
        );
    }
    let both = format!("{}\nThis reverts commit {}.", revert(2), oid(1));
    assert_eq!(
        asking(vec![commit(3, &[2], &both), commit(2, &[1], "feat: x")]),
        [(oid(3), Bump::Patch)]
    );
}

#[test]
fn a_revert_names_its_commit_by_pull_request() {
    let button = "Revert \"feat: x (#12)\" (#13)\n\nReverts demo/demo#12";
    let again = "Reapply \"feat: x (#12)\" (#14)\n\nReverts demo/demo#13";
    let squashed = |message| vec![commit(3, &[2], message), commit(2, &[1], "feat: x (#12)")];
    assert_eq!(asking(squashed(button)), []);
    assert_eq!(asking(squashed("Revert \"feat: x\" (#13)\n\nReverts #12")), []);
    let mut revived = squashed(button);
    revived.insert(0, commit(4, &[3], again));
    assert_eq!(asking(revived), [(oid(2), Bump::Minor)]);

    let lab = "Revert \"Merge branch 'x' into 'main'\"\n\nThis reverts merge request !12";
    let merges = [
        ("Merge pull request #12 from a/b", button),
        ("Merge pull request 'x' (#12) from a/b into main", button),
        ("Merge branch 'x' into 'main'\n\nx\n\nSee merge request a/b!12", lab),
        (
            "Merged in x (pull request #12)",
            "Revert \"x\"\n\nThis reverts pull request #12.",
        ),
        ("Merged PR 12: x", "Merged PR 13: Revert \"x\"\n\nReverts !12"),
        ("Auto merge of #12 - a:b, r=c", button),
    ];
    for (merge, revert) in merges {
        let merged = vec![
            commit(5, &[4], revert),
            commit(4, &[1, 3], merge),
            commit(3, &[2], "feat!: x"),
            commit(2, &[1], "fix: y (#12)"),
        ];
        assert_eq!(asking(merged), [], "{merge}");
    }
}

#[test]
fn a_number_that_several_commits_carry_is_no_guess() {
    let newer = |message: &str| {
        vec![
            commit(4, &[3], message),
            commit(3, &[2], "feat: y (#12)"),
            commit(2, &[1], "feat!: x (#12)"),
        ]
    };
    let quoted = asking(newer("Revert \"feat: y\"\n\nReverts a/b#12"));
    assert_eq!(quoted, [(oid(2), Bump::Major)]);
    let unclear = asking(newer("fix: go back\n\nReverts #12"));
    assert_eq!(
        unclear,
        [(oid(4), Bump::Patch), (oid(3), Bump::Minor), (oid(2), Bump::Major)]
    );
    // Of a backport the last number is its own; the first one is meant where nothing else carries it.
    for (number, other) in [(20, "feat: y (#12)"), (12, "docs: y")] {
        let revert = format!("Revert \"x\"\n\nReverts a/b#{number}");
        let found = asking(vec![
            commit(4, &[3], &revert),
            commit(3, &[2], other),
            commit(2, &[1], "feat!: x (#12) (#20)"),
        ]);
        assert!(found.iter().all(|(id, _)| *id == oid(3)), "{found:?}");
    }
}

#[test]
fn a_pull_request_that_came_later_is_not_meant() {
    let found = asking(vec![
        commit(3, &[2], "feat: x (#12)"),
        commit(2, &[1], "Revert \"x\"\n\nReverts a/b#12"),
    ]);
    assert_eq!(found, [(oid(3), Bump::Minor), (oid(2), Bump::Patch)]);
}

#[test]
fn another_type_with_gits_line_undoes_and_still_asks() {
    let message = format!("fix: back out x\n\nThis reverts commit {}.", oid(2));
    assert_eq!(
        asking(vec![commit(3, &[2], &message), commit(2, &[1], "feat: x")]),
        [(oid(3), Bump::Patch)]
    );
    let edited = format!("Back out x\n\nThis reverts commit {}.", oid(2));
    assert_eq!(asking(vec![commit(3, &[2], &edited), commit(2, &[1], "feat: x")]), []);
    let squashed = format!("feat: y\n\nThis reverts commit {}.", oid(99));
    assert_eq!(asking(vec![commit(3, &[2], &squashed)]), [(oid(3), Bump::Minor)]);
}

#[test]
fn abbreviations_must_be_unique() {
    let near = |number: u32, parents: &[u32], message: &str| {
        let mut commit = commit(number, parents, message);
        let mut bytes = [0xab; 20];
        bytes[10] = u8::try_from(number).unwrap();
        commit.id = Oid::Sha1(bytes);
        commit
    };
    let abbreviated = "Revert \"x\"\n\nThis reverts commit abababab.";
    assert_eq!(asking(vec![commit(9, &[], abbreviated), near(2, &[], "feat: x")]), []);
    let two = vec![
        commit(9, &[], abbreviated),
        near(2, &[], "feat: x"),
        near(3, &[], "fix: y"),
    ];
    assert_eq!(asking(two).len(), 3);
}

/// 8 merges 7 into 6: 7 → 5 → 3 → 2 on the branch, 6 → 4 → 2 on the main line.
fn merged(reverts: Vec<Commit>) -> Vec<Commit> {
    let merged = [
        commit(8, &[6, 7], "Merge branch 'topic'"),
        commit(7, &[5], "feat: b"),
        commit(6, &[4], "fix: main"),
        commit(5, &[3], "fix: b"),
        commit(4, &[2], "perf: main"),
        commit(3, &[2], "feat!: b"),
        commit(2, &[1], "feat: before"),
    ];
    reverts.into_iter().chain(merged).collect()
}

#[test]
fn the_revert_of_a_merge_cancels_what_it_brought_in() {
    let message = format!(
        "Revert \"Merge branch 'topic'\"\n\nThis reverts commit {}, reversing\nchanges made to {}.",
        oid(8),
        oid(6)
    );
    let left = [(oid(6), Bump::Patch), (oid(4), Bump::Patch), (oid(2), Bump::Minor)];
    assert_eq!(asking(merged(vec![commit(9, &[8], &message)])), left);
    let revived = vec![commit(10, &[9], &revert(9)), commit(9, &[8], &message)];
    assert_eq!(asking(merged(revived)).len(), 6);
}

#[test]
fn a_merge_brings_in_only_what_its_first_parent_lacks() {
    // The branch was merged once before (5), so that the second merge (8) brings in 7 alone.
    let commits = vec![
        commit(9, &[8], &revert(8)),
        commit(8, &[6, 7], "Merge branch 'topic'"),
        commit(7, &[3], "fix: later"),
        commit(6, &[5], "docs: x"),
        commit(5, &[4, 3], "Merge branch 'topic'"),
        commit(4, &[2], "fix: main"),
        commit(3, &[2], "feat: topic"),
        commit(2, &[1], "fix: before"),
    ];
    assert_eq!(
        asking(commits),
        [(oid(4), Bump::Patch), (oid(3), Bump::Minor), (oid(2), Bump::Patch)]
    );
    // A first parent outside the list is released: everything else in reach was brought in.
    let outside = vec![
        commit(5, &[4], &revert(4)),
        commit(4, &[1, 3], "Merge branch 'x'"),
        commit(3, &[2], "feat: x"),
        commit(2, &[0], "fix: x"),
    ];
    assert_eq!(asking(outside), []);
    let octopus = vec![
        commit(6, &[5], &revert(5)),
        commit(5, &[2, 3, 4], "Merge branches 'a' and 'b'"),
        commit(4, &[1], "feat: b"),
        commit(3, &[1], "feat: a"),
        commit(2, &[1], "fix: x"),
    ];
    assert_eq!(asking(octopus), [(oid(2), Bump::Patch)]);
}

#[test]
fn no_message_can_turn_the_order_round() {
    assert_eq!(
        asking(vec![commit(2, &[1], &revert(2))]),
        [(oid(2), Bump::Patch)],
        "names itself"
    );
    let forward = vec![commit(3, &[2], "feat: x"), commit(2, &[1], &revert(3))];
    assert_eq!(
        asking(forward),
        [(oid(3), Bump::Minor), (oid(2), Bump::Patch)],
        "names a newer one"
    );
    let cycle = vec![commit(3, &[2], &revert(2)), commit(2, &[1], &revert(3))];
    assert_eq!(asking(cycle), []);
}

/// A list long enough that a quadratic walk would be noticed: every second commit reverts the one before it.
#[test]
fn long_histories_are_judged() {
    let message = |n: u32| {
        if n.is_multiple_of(2) {
            revert(n - 1)
        } else {
            "feat: x".to_owned()
        }
    };
    let commits = (1..=50_000).rev().map(|n| commit(n, &[n - 1], &message(n))).collect();
    assert_eq!(asking(commits), []);
}

/// How many places the walk for one merge visits.
#[test]
fn the_walk_for_a_merge_stops_where_the_lines_meet() {
    let mut commits = vec![commit(30_000, &[29_999, 29_998], "Merge branch 'x'")];
    commits.push(commit(29_999, &[29_997], "fix: x"));
    commits.push(commit(29_998, &[29_997], "feat: x"));
    commits.extend((1..29_998).rev().map(|n| commit(n, &[n - 1], "fix: x")));
    let graph = Graph::of(&commits);
    assert_eq!(graph.brought_in(0), [2]);
    let mut walk = Walk::default();
    walk.reach(1, true);
    walk.reach(2, false);
    let mut visited = 0;
    while let Some((commit, kept)) = walk.next() {
        visited += 1;
        for (_, parent) in graph.older_parents(commit) {
            walk.reach(parent, kept);
        }
    }
    assert_eq!(visited, 2);
}

/// Any list: parents, reverts and abbreviations at random, cycles and duplicates included.
fn lists() -> impl Strategy<Value = Vec<Commit>> {
    let subject = prop::sample::select(vec![
        "feat: x",
        "fix: x",
        "feat!: x",
        "docs: x",
        "wip",
        "revert: x",
        "Revert \"x\"",
        "Merge branch 'x'",
    ]);
    let one = (
        0..12u32,
        prop::collection::vec(0..12u32, 0..4),
        subject,
        prop::collection::vec((0..12u32, 7..41usize), 0..3),
    );
    prop::collection::vec(one, 0..12).prop_map(|commits| {
        let commits = commits.into_iter().map(|(id, parents, subject, reverts)| {
            let lines: String = reverts
                .iter()
                .map(|(id, len)| format!("\nThis reverts commit {}.", oid(*id).to_hex_with_len(*len)))
                .collect();
            commit(id, &parents, &format!("{subject}\n{lines}"))
        });
        commits.collect()
    })
}

/// What a merge brought in, by definition: reachable sets and their difference.
fn brought_in_by_definition(graph: &Graph<'_>, merge: usize) -> Vec<usize> {
    let reach = |from: Vec<usize>| {
        let (mut seen, mut open) = (std::collections::BTreeSet::new(), from);
        while let Some(commit) = open.pop() {
            if seen.insert(commit) {
                open.extend(graph.older_parents(commit).map(|(_, parent)| parent));
            }
        }
        seen
    };
    let (first, others): (Vec<_>, Vec<_>) = graph.older_parents(merge).partition(|(nth, _)| *nth == 0);
    let places = |parents: Vec<(usize, usize)>| parents.into_iter().map(|(_, parent)| parent).collect();
    reach(places(others))
        .difference(&reach(places(first)))
        .copied()
        .collect()
}

proptest! {
    #[test]
    fn any_list_is_judged(commits in lists()) {
        let count = commits.len();
        let history = judge(commits.clone(), &BumpTable::default());
        prop_assert_eq!(history.judged.len() + history.ignored, count);
        prop_assert_eq!(&history, &judge(commits, &BumpTable::default()));
        let most = history.judged.iter().filter(|judged| !judged.reverted).map(|judged| judged.bump).max();
        prop_assert_eq!(history.asked().0, most.unwrap_or_default());
    }

    #[test]
    fn the_walk_finds_what_the_definition_says(commits in lists()) {
        let graph = Graph::of(&commits);
        for merge in 0..commits.len() {
            prop_assert_eq!(graph.brought_in(merge), brought_in_by_definition(&graph, merge));
        }
    }

    #[test]
    fn without_reverts_nothing_is_cancelled(commits in lists()) {
        let plain = commits.into_iter().map(|mut commit| { commit.message.reverts.clear(); commit });
        prop_assert!(judge(plain.collect(), &BumpTable::default()).judged.iter().all(|judged| !judged.reverted));
    }
}
