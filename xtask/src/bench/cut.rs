//! `cut --no-push` against `git status`, in a tree of many files.

use anyhow::Result;

use super::Bench;
use super::contest::{self, Contender, Rounds};
use super::history::{self, Shape};

const SHAPE: Shape = Shape {
    commits: 200,
    releases: 10,
    since: 60,
    edits: true,
    files: 50_000,
    prereleases: 0,
};
/// How many times as long as `git status` it may take.
const GOAL: f64 = 3.0;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    bench.page.heading("cut --no-push · 50,000 files (generated)");
    let sandbox = history::make(&bench.scratch, "cut", SHAPE)?;
    history::pack(&sandbox)?;
    let cut = Contender::new(
        "cargo sentinel cut auto --no-push --yes",
        &sandbox,
        bench.ours("cut auto --no-push --yes"),
    );
    let mut contenders = [
        Contender::typed("git status", &sandbox),
        cut.reset_by(bench.ours("undo --yes")),
    ];
    contest::run(&mut contenders, Rounds::MANY)?;
    contest::print(bench.page, &contenders);
    let [status, ours] = &contenders;
    bench.at_most(
        "at most 3 times `git status`",
        ours.median_ms() / status.median_ms(),
        GOAL,
    );
    Ok(())
}
