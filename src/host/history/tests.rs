//! Walks over random histories, held against the true set of ancestors and against git's own answers: with and without a
//! commit-graph, with clocks that are right, equal, or wrong.

use std::collections::BTreeSet;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::support::repo::Repo as Fixture;

/// A history: for each commit its parents, by number, all lower; and its time.
#[derive(Debug, Clone)]
struct Dag(Vec<(BTreeSet<usize>, i64)>);

fn dags() -> impl Strategy<Value = Dag> {
    let commit = |number: usize| {
        let parents = match number {
            0 => Just(BTreeSet::new()).boxed(),
            // Mostly near ones, so that histories grow long as well as wide; now and then a second root.
            _ => proptest::collection::btree_set(number.saturating_sub(4)..number, 0..=3).boxed(),
        };
        // Right, equal, skewed, and wrong clocks: by up to two years.
        let minutes = prop_oneof![
            3 => Just(number as i64),
            1 => Just(0),
            2 => -50..50_i64,
            2 => -1_000_000..1_000_000_i64,
        ];
        (parents, minutes)
    };
    (2..24_usize)
        .prop_flat_map(move |count| (0..count).map(commit).collect::<Vec<_>>())
        .prop_map(Dag)
}

impl Dag {
    /// Everything that `tip` descends from, itself among it: the definition.
    fn ancestors(&self, tip: usize) -> BTreeSet<usize> {
        let (mut found, mut pending) = (BTreeSet::new(), vec![tip]);
        while let Some(at) = pending.pop() {
            if found.insert(at) {
                pending.extend(&self.0[at].0);
            }
        }
        found
    }

    /// Makes the commits in a repository and gives their ids (git-fast-import(1)).
    fn build(&self, fixture: &Fixture) -> Vec<Oid> {
        let mut script = String::new();
        for (number, (parents, minutes)) in self.0.iter().enumerate() {
            let time = 1_700_000_000 + minutes * 60;
            let text = format!("feat: {number}");
            script.push_str(&format!(
                "commit refs/heads/c{number}\nmark :{}\ncommitter A <a@example.org> {time} +0000\ndata {}\n{text}\n",
                number + 1,
                text.len()
            ));
            for (place, parent) in parents.iter().enumerate() {
                let verb = if place == 0 { "from" } else { "merge" };
                script.push_str(&format!("{verb} :{}\n", parent + 1));
            }
            script.push('\n');
        }
        let mut command = fixture.command("git");
        command
            .args(["fast-import", "--quiet"])
            .stdin(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        let id = |number: usize| fixture.git(&format!("rev-parse refs/heads/c{number}"));
        (0..self.0.len())
            .map(|number| Oid::from_hex(id(number).as_bytes()).unwrap())
            .collect()
    }
}

fn ids(of: &BTreeSet<usize>, ids: &[Oid]) -> BTreeSet<Oid> {
    of.iter().map(|number| ids[*number]).collect()
}

/// Every walk of this file, from the last commit of a history.
fn walks_are_exact(dag: &Dag, fixture: &Fixture, made: &[Oid]) {
    let repo = Repo::discover(&fixture.dir()).unwrap();
    let tip = dag.0.len() - 1;
    let reachable = dag.ancestors(tip);
    // One walk answers many questions, in any order, and each question alone is answered the same.
    let mut shared = Ancestors::of(&repo, made[tip]).unwrap();
    let mut told = Ancestors::of(&repo, made[tip]).unwrap();
    told.expect(made).unwrap();
    for (number, id) in made.iter().enumerate().rev() {
        let expected = reachable.contains(&number);
        assert_eq!(shared.contains(*id).unwrap(), expected, "{number} below {tip}");
        assert_eq!(
            told.contains(*id).unwrap(),
            expected,
            "{number} below {tip}, as expected"
        );
        let mut fresh = Ancestors::of(&repo, made[tip]).unwrap();
        assert_eq!(
            fresh.contains(*id).unwrap(),
            expected,
            "{number} below {tip}, asked alone"
        );
        let is_ancestor = format!("merge-base --is-ancestor {id} {}", made[tip]);
        assert_eq!(
            fixture.git_succeeds(&is_ancestor),
            expected,
            "git: {number} below {tip}"
        );
    }
    for hidden in [vec![], vec![tip / 2], vec![tip / 3, tip / 2 + 1], vec![tip]] {
        let mut expected = reachable.clone();
        hidden
            .iter()
            .for_each(|at| expected = &expected - &dag.ancestors((*at).min(tip)));
        let hidden: Vec<Oid> = hidden.iter().map(|at| made[(*at).min(tip)]).collect();
        let listed = between(&repo, made[tip], &hidden).unwrap();
        let found: BTreeSet<Oid> = listed.iter().map(|commit| commit.id).collect();
        assert_eq!(found, ids(&expected, made), "between {tip} and {hidden:?}");
        assert_eq!(found.len(), listed.len(), "a commit is listed twice");
        assert_eq!(shared.count_since(&hidden).unwrap(), listed.len() as u64);
        children_come_first(&listed);
    }
}

fn children_come_first(listed: &[Commit]) {
    for (place, commit) in listed.iter().enumerate() {
        for parent in &commit.parents {
            let above = listed.iter().position(|other| other.id == *parent);
            assert!(
                above.is_none_or(|above| above > place),
                "a parent is listed before its child"
            );
        }
    }
}

/// The second commit's clock is wrong; a walk that goes by the clock alone comes to the first before it knows better.
#[test]
fn a_commit_that_is_older_than_its_parent() {
    let parents = |numbers: &[usize]| numbers.iter().copied().collect();
    let dag = Dag(vec![
        (parents(&[]), 0),
        (parents(&[0]), -14),
        (parents(&[1]), 2),
        (parents(&[0, 2]), 3),
    ]);
    let fixture = Fixture::empty();
    let made = dag.build(&fixture);
    walks_are_exact(&dag, &fixture, &made);
}

/// A tag may name a file, or a commit that a partial clone lacks: neither is anybody's ancestor, and both may be asked for.
#[test]
fn what_is_no_commit_is_no_ancestor() {
    let fixture = Fixture::empty();
    let made = Dag(vec![(BTreeSet::new(), 0), (BTreeSet::from([0]), 1)]).build(&fixture);
    let repo = Repo::discover(&fixture.dir()).unwrap();
    let tree = fixture.git("rev-parse refs/heads/c1^{tree}");
    let others = [tree, "1".repeat(40)].map(|id| Oid::from_hex(id.as_bytes()).unwrap());
    let mut ancestors = Ancestors::of(&repo, made[1]).unwrap();
    ancestors.expect(&others).unwrap();
    for other in others {
        assert!(!ancestors.contains(other).unwrap(), "{other}");
    }
    assert!(ancestors.contains(made[0]).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn walks_find_the_true_set(dag in dags(), graphed in 0.0..1.0_f64) {
        let fixture = Fixture::empty();
        let made = dag.build(&fixture);
        walks_are_exact(&dag, &fixture, &made);
        // A commit-graph of some of the commits, then of all.
        let some = (made.len() as f64 * graphed) as usize;
        let known = made[some.min(made.len() - 1)];
        fixture.git(&format!("update-ref refs/heads/known {known}"));
        let write = "commit-graph write --no-progress --stdin-commits";
        let mut command = fixture.command("git");
        command.args(write.split(' ')).stdin(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{known}").unwrap();
        prop_assert!(child.wait().unwrap().success());
        walks_are_exact(&dag, &fixture, &made);
        fixture.git("commit-graph write --no-progress --reachable");
        walks_are_exact(&dag, &fixture, &made);
    }

    /// Each commit belongs to the first of the tips that it is below.
    #[test]
    fn partition_gives_each_commit_to_the_first_tip(dag in dags()) {
        let fixture = Fixture::empty();
        let made = dag.build(&fixture);
        let repo = Repo::discover(&fixture.dir()).unwrap();
        let last = dag.0.len() - 1;
        let tips = [last / 3, last / 2, last];
        let parts = partition(&repo, &tips.map(|tip| made[tip])).unwrap();
        let mut earlier = BTreeSet::new();
        for (tip, part) in tips.into_iter().zip(parts) {
            let own = &dag.ancestors(tip) - &earlier;
            let found: BTreeSet<Oid> = part.iter().map(|commit| commit.id).collect();
            prop_assert_eq!(found, ids(&own, &made));
            children_come_first(&part);
            earlier.extend(own);
        }
    }

    /// The order depends on the commits, not on the order in which they were found.
    #[test]
    fn topological_order_is_one(dag in dags(), seed in any::<u64>()) {
        let id = |number: usize| Oid::from_hex(format!("{:040x}", number + 1).as_bytes()).unwrap();
        let commits: Vec<Commit> = dag.0.iter().enumerate().map(|(number, (parents, time))| Commit {
            id: id(number),
            parents: parents.iter().map(|parent| id(*parent)).collect(),
            time: *time,
            message: commit::read(b"feat: x"),
        }).collect();
        let mut shuffled = commits.clone();
        shuffled.sort_by_key(|commit| (seed ^ commit.time.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let ordered = topological(commits);
        prop_assert_eq!(ordered.len(), dag.0.len());
        children_come_first(&ordered);
        prop_assert_eq!(topological(shuffled), ordered);
    }
}
