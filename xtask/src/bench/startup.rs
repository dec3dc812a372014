//! What a start costs: `--version` against a program that does nothing.

use std::time::Duration;

use anyhow::Result;

use super::contest::{self, Contender, Rounds};
use super::{Bench, peers};

/// How many milliseconds longer than `/bin/true` it may take.
const GOAL_MS: f64 = 3.0;
const ROUNDS: Rounds = Rounds {
    most: 301,
    budget: Duration::from_secs(10),
};

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    bench.page.heading("Versions");
    peers::print_versions(bench);
    bench.page.heading("start-up");
    let mut contenders = [
        Contender::typed("/bin/true", &bench.scratch),
        Contender::new("cargo sentinel --version", &bench.scratch, bench.ours("--version")),
    ];
    contest::run(&mut contenders, ROUNDS)?;
    contest::print(bench.page, &contenders);
    let [nothing, ours] = &contenders;
    let difference = ours.median_ms() - nothing.median_ms();
    bench.at_most("within 3 ms of /bin/true, in ms", difference, GOAL_MS);
    Ok(())
}
