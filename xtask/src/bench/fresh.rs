//! `next` in a fresh clone against `git describe`: without a commit-graph there are no generation numbers, and a higher tag
//! that HEAD does not descend from has to be ruled out by a walk.

use anyhow::Result;

use super::Bench;
use super::contest::{self, Contender, Rounds};
use super::history::{self, Shape};
use super::next::DESCRIBE;
use crate::tool::Sandbox;

/// Pre-releases stand on another branch.
const PRERELEASES: Shape = Shape {
    commits: 7_157,
    releases: 240,
    since: 20,
    edits: true,
    files: 400,
    prereleases: 29,
};
const MILLION: Shape = Shape {
    commits: 1_000_000,
    releases: 1_000,
    since: 60,
    edits: false,
    files: 10,
    prereleases: 0,
};
/// How many times as long as `git describe` it may take: after pre-releases beside, and on the million.
const GOALS: (f64, f64) = (2.0, 3.0);

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let clone = history::make(&bench.scratch, "fresh", PRERELEASES)?;
    history::pack(&clone)?;
    let title = "next · fresh clone of 7,157 commits, 29 pre-releases on another branch (generated)";
    compare(bench, title, &clone, ("at most twice `git describe`", GOALS.0))?;
    let clone = history::make(&bench.scratch, "fresh-million", MILLION)?;
    let title = "next · fresh clone of a million commits: the last tag close by (generated)";
    compare(bench, title, &clone, ("at most 3 times `git describe`", GOALS.1))?;
    clone.cmd("git tag v99.0.0 aside").run()?;
    clone.cmd("git pack-refs --all").run()?;
    let title = "next · fresh clone of a million commits: a higher tag on a branch beside (generated)";
    compare(
        bench,
        title,
        &clone,
        ("at most 3 times `git describe`, a higher tag beside", GOALS.1),
    )
}

fn compare(bench: &mut Bench, title: &str, clone: &Sandbox, (goal, limit): (&str, f64)) -> Result<()> {
    bench.page.heading(title);
    let mut contenders = [
        Contender::typed(DESCRIBE, clone),
        Contender::new("cargo sentinel next", clone, bench.ours("next")),
    ];
    contest::run(&mut contenders, Rounds::MANY)?;
    contest::print(bench.page, &contenders);
    let [describe, ours] = &contenders;
    bench.at_most(goal, ours.median_ms() / describe.median_ms(), limit);
    Ok(())
}
