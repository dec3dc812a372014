//! Other tools for the same job, where they are installed.

use super::Bench;
use super::contest::Contender;
use crate::tool::Sandbox;

/// A peer, and how it answers what `next` and `changelog --all` answer.
struct Peer {
    program: &'static str,
    next: &'static str,
    changelog: Option<&'static str>,
}

const PEERS: [Peer; 3] = [
    Peer {
        program: "git-cliff",
        next: "git-cliff --offline --bumped-version",
        changelog: Some("git-cliff --offline"),
    },
    Peer {
        program: "cog",
        next: "cog bump --auto --dry-run",
        changelog: None,
    },
    Peer {
        program: "convco",
        next: "convco version --bump",
        changelog: Some("convco changelog"),
    },
];

/// Whether a program is on `PATH`.
pub(super) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Those that tell the next version.
pub(super) fn next(bench: &Bench, sandbox: &Sandbox) -> Vec<Contender> {
    installed(bench, sandbox, |peer| Some(peer.next))
}

/// Those that write the whole changelog.
pub(super) fn changelog(bench: &Bench, sandbox: &Sandbox) -> Vec<Contender> {
    installed(bench, sandbox, |peer| peer.changelog)
}

fn installed(bench: &Bench, sandbox: &Sandbox, line: impl Fn(&Peer) -> Option<&'static str>) -> Vec<Contender> {
    let mut found = Vec::new();
    for peer in PEERS.iter().filter(|_| bench.peers) {
        let Some(line) = line(peer) else { continue };
        if is_installed(peer.program) {
            found.push(Contender::typed(line, sandbox).peer());
        } else {
            bench.page.say(&format!("  {line:<44} not installed"));
        }
    }
    found
}

/// The versions of what is measured.
pub(super) fn print_versions(bench: &Bench) {
    let peers = PEERS
        .iter()
        .map(|peer| peer.program)
        .filter(|program| bench.peers && is_installed(program));
    for program in ["git"].into_iter().chain(peers) {
        if let Ok(version) = bench.scratch.program(program).arg("--version").ignore_stderr().read() {
            bench
                .page
                .say(&format!("  {}", version.lines().next().unwrap_or_default()));
        }
    }
}
