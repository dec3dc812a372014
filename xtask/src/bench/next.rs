//! `next` against `git describe`, which looks for the last tag and derives nothing.

use anyhow::Result;

use super::contest::{self, Contender, Rounds};
use super::history::{self, Shape};
use super::{Bench, peers};
use crate::tool::Sandbox;

const SHAPE: Shape = Shape {
    commits: 16_000,
    releases: 3_400,
    since: 60,
    edits: true,
    files: 400,
    prereleases: 0,
};
pub(super) const DESCRIBE: &str = "git describe --tags --abbrev=0";
/// How many times as long as `git describe` it may take.
const GOAL: f64 = 1.5;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let sandbox = history::make(&bench.scratch, "next", SHAPE)?;
    history::pack(&sandbox)?;
    compare(
        bench,
        "next · 16,000 commits, 3,400 tags, 60 commits since the last (generated)",
        &sandbox,
    )
}

/// Compares on any repository.
pub(super) fn compare(bench: &mut Bench, title: &str, sandbox: &Sandbox) -> Result<()> {
    bench.page.heading(title);
    let mut contenders = vec![
        Contender::typed(DESCRIBE, sandbox),
        Contender::new("cargo sentinel next", sandbox, bench.ours("next")),
    ];
    contenders.extend(peers::next(bench, sandbox));
    contest::run(&mut contenders, Rounds::MANY)?;
    contest::print(bench.page, &contenders);
    if let [describe, ours, ..] = contenders.as_slice() {
        let ratio = ours.median_ms() / describe.median_ms();
        bench.at_most("at most 1.5 times `git describe`", ratio, GOAL);
    }
    Ok(())
}
