//! `cargo xtask release` in a throwaway repository: the plan changes nothing, the release ends tagged, verified and pushed,
//! and a refusal is the library's exit code.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests are part of the world, and fail by panicking"
)]

#[path = "../../tests/it/support"]
mod support {
    #![allow(dead_code, reason = "the integration tests use more of it")]
    pub(crate) mod repo;
    pub(crate) mod snapshot;
}

use cargo_sentinel::app::{self, Context, CutOptions, Error, Event, Front};
use cargo_sentinel::core::facts::VersionAsk;
use cargo_sentinel::core::plan::Plan;

use support::repo::Repo;

/// Runs the task; gives exit code and output.
fn release(repo: &Repo, words: &str) -> (i32, String) {
    let mut command = repo.command(env!("CARGO_BIN_EXE_xtask"));
    let out = command.arg("release").args(words.split_whitespace()).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out.status.code().unwrap(), text)
}

struct Silent;

impl Front for Silent {
    fn confirm(&mut self, _: &Plan) -> Result<bool, Error> {
        Ok(true)
    }

    fn event(&mut self, _: Event) {}
}

/// A repository whose `main` carries the release 0.2.0, merged and pushed, and not tagged.
fn merged() -> Repo {
    let repo = Repo::flow();
    repo.git("config commit.gpgSign false");
    let context = Context {
        dir: repo.dir(),
        ..Context::default()
    };
    let options = CutOptions {
        version: VersionAsk::Typed("0.2.0".to_owned()),
        ..CutOptions::default()
    };
    app::cut(&context, &options, &mut Silent).unwrap();
    repo.git("switch -q main");
    repo.git("merge -q --no-ff release/v0.2.0");
    repo.push();
    repo
}

#[test]
fn without_yes_it_prints_the_plan() {
    let repo = merged();
    let before = repo.state();
    let (code, text) = release(&repo, "0.2.0");
    assert_eq!(code, 0, "{text}");
    let position = |word: &str| text.find(word).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    let order = [
        "gate:",
        "build demo-0.2.0.crate",
        "sign v0.2.0",
        "verify the tag",
        "push v0.2.0",
    ]
    .map(position);
    assert!(order.is_sorted(), "{text}");
    assert_eq!(repo.state(), before);
}

#[test]
fn it_tags_verifies_and_pushes() {
    let repo = merged();
    let (code, text) = release(&repo, "0.2.0 --yes");
    assert_eq!(code, 0, "{text}");
    assert!(repo.origin_refs().contains("refs/tags/v0.2.0"), "{text}");
    let position = |word: &str| text.find(word).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    assert!(
        ["gate:", "build and tag", "SAFE\npush"].map(position).is_sorted(),
        "{text}"
    );
}

#[test]
fn a_refusal_is_the_librarys() {
    let repo = merged();
    let before = repo.state();
    let (code, text) = release(&repo, "0.1.0 --yes");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("not above 0.1.0"), "{text}");
    assert_eq!(repo.state(), before);
}
