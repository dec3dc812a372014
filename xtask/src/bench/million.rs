//! `next` on a million commits against ten thousand: with a commit-graph, neither time nor memory may follow.

use anyhow::Result;

use super::Bench;
use super::contest::{self, Contender, Rounds};
use super::history::{self, Shape};
use crate::tool::Sandbox;

const SHAPE: Shape = Shape {
    commits: 10_000,
    releases: 1_000,
    since: 60,
    edits: false,
    files: 10,
    prereleases: 0,
};
/// How many times as much a hundred times the commits may cost: each look-up touches a few more pages of larger files.
const GOAL: f64 = 2.0;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let few = with_graph(bench, "ten-thousand", SHAPE)?;
    let many = Shape {
        commits: 1_000_000,
        ..SHAPE
    };
    let many = with_graph(bench, "million", many)?;
    compare(bench, "the last tag close by", &few, &many)?;
    // A higher release that HEAD does not descend from has to be ruled out first.
    for sandbox in [&few, &many] {
        sandbox.cmd("git tag v99.0.0 aside").run()?;
        sandbox.cmd("git pack-refs --all").run()?;
    }
    compare(bench, "a higher tag on a branch beside", &few, &many)
}

fn with_graph(bench: &Bench, name: &str, shape: Shape) -> Result<Sandbox> {
    let sandbox = history::make(&bench.scratch, name, shape)?;
    sandbox.cmd("git commit-graph write --reachable --no-progress").run()?;
    Ok(sandbox)
}

fn compare(bench: &mut Bench, title: &str, few: &Sandbox, many: &Sandbox) -> Result<()> {
    bench.page.heading(&format!(
        "next · a million commits, 1,000 tags, commit-graph: {title} (generated)"
    ));
    let contender = |name, sandbox| Contender::new(name, sandbox, bench.ours("next"));
    let mut contenders = [
        contender("cargo sentinel next, 10,000 commits", few),
        contender("cargo sentinel next, 1,000,000 commits", many),
    ];
    contest::run(&mut contenders, Rounds::MANY)?;
    contest::print(bench.page, &contenders);
    let [few, many] = &contenders;
    bench.at_most(
        "time does not follow the million, ratio",
        many.median_ms() / few.median_ms(),
        GOAL,
    );
    let (few, many) = (few.least_memory_mib()?, many.least_memory_mib()?);
    bench
        .page
        .say(&format!("  private memory: {few:.1} MiB, {many:.1} MiB"));
    bench.at_most("memory does not follow the million, ratio", many / few, GOAL);
    Ok(())
}
