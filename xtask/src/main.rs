//! `cargo xtask`: the repository's own tasks, a client of the library like any user's.

fn main() -> anyhow::Result<()> {
    anyhow::bail!("no task named")
}
