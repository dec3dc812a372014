//! `changelog --all` against git-cliff.

use anyhow::Result;

use super::contest::{self, Contender, Rounds};
use super::history::{self, Shape};
use super::{Bench, peers};
use crate::tool::Sandbox;

const SHAPE: Shape = Shape {
    commits: 7_000,
    releases: 265,
    since: 60,
    edits: true,
    files: 400,
    prereleases: 0,
};
/// How many times faster than git-cliff it has to be.
const GOAL: f64 = 20.0;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let sandbox = history::make(&bench.scratch, "changelog", SHAPE)?;
    history::pack(&sandbox)?;
    compare(
        bench,
        "changelog --all · 7,000 commits, 265 releases (generated)",
        &sandbox,
    )
}

/// Compares on any repository.
pub(super) fn compare(bench: &mut Bench, title: &str, sandbox: &Sandbox) -> Result<()> {
    bench.page.heading(title);
    let mut contenders = vec![Contender::new(
        "cargo sentinel changelog --all",
        sandbox,
        bench.ours("changelog --all"),
    )];
    contenders.extend(peers::changelog(bench, sandbox));
    contest::run(&mut contenders, Rounds::MANY)?;
    contest::print(bench.page, &contenders);
    let ours = contenders.first().map_or(f64::NAN, Contender::median_ms);
    match contenders
        .iter()
        .find(|contender| contender.name.starts_with("git-cliff"))
    {
        Some(cliff) => bench.at_least("20 times faster than git-cliff", cliff.median_ms() / ours, GOAL),
        None => bench
            .page
            .say("  goal: 20 times faster than git-cliff: not judged without it"),
    }
    Ok(())
}
