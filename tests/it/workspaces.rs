//! Unified workspaces: one version for all members, in manifests, requirements and lock files, as cargo itself reads them.

use crate::support::{Repo, check, refuses};

const ROOT: &str = r#"[workspace]
members = ["core", "cli", "xtask"]
resolver = "2"

[workspace.package]
version = "0.1.0"
edition = "2021"

[workspace.dependencies]
core = { path = "core", version = "=0.1.0" } # exact
"#;
const CORE: &str = "[package]\nname = \"core\"\nversion.workspace = true\nedition.workspace = true\ndescription = \"x\"\nlicense = \"MIT\"\n";
const CLI: &str =
    "[package]\nname = \"cli\"\nversion = '0.1.0'\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n
[dependencies]\ncore.workspace = true\n\n[dev-dependencies]\ncore = { path = \"../core\", version = \"0.1\" }\n";
const XTASK: &str = "[package]\nname = \"xtask\"\nversion = \"7.0.0\"\nedition = \"2021\"\npublish = false\n
[dependencies]\ncli = { path = \"../cli\" }\n";

/// A project of its own inside the repository, which depends on a member.
const NESTED: &str =
    "[package]\nname = \"nested\"\nversion = \"0.0.1\"\nedition = \"2021\"\npublish = false\n\n[workspace]\n
[dependencies]\ncore = { path = \"../core\", version = \"0.1\" }\n";

fn cargo(repo: &Repo, dir: &str, words: &str) -> String {
    let mut command = repo.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(repo.root().join(dir))
        .args(words.split_whitespace());
    let out = command.output().unwrap();
    assert!(
        out.status.success(),
        "cargo {words}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn workspace() -> Repo {
    let repo = Repo::flow();
    repo.git("switch -q main");
    repo.git("reset -q --hard v0.1.0");
    repo.git("tag -d v0.1.0");
    repo.write("Cargo.toml", ROOT);
    for (name, manifest) in [("core", CORE), ("cli", CLI), ("xtask", XTASK), ("nested", NESTED)] {
        repo.write(&format!("{name}/Cargo.toml"), manifest);
        repo.write(&format!("{name}/src/lib.rs"), "//! X.\n");
    }
    std::fs::remove_file(repo.dir().join("Cargo.lock")).unwrap();
    repo.write(
        "Cargo.toml",
        ROOT.replace(
            "\n\n[workspace.package]",
            "\nexclude = [\"nested\"]\n\n[workspace.package]",
        ),
    );
    cargo(&repo, "demo", "generate-lockfile --offline");
    cargo(&repo, "demo/nested", "generate-lockfile --offline");
    repo.commit("chore: a workspace");
    repo.git("tag -f -a -m one v0.1.0");
    repo.git("switch -q develop");
    repo.git("reset -q --hard main");
    repo.change("core/src/two.rs", "feat!: two");
    repo.git("push -q --force --all origin");
    repo.git("push -q --force --tags origin");
    repo
}

#[test]
fn everything_moves_together_and_cargo_agrees() {
    let repo = workspace();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("worktree add -q --detach ../checkout release/v0.2.0");
    for dir in ["checkout", "checkout/nested"] {
        cargo(&repo, dir, "metadata --locked --offline --format-version 1");
    }
    let at = |path: &str| repo.show(&format!("release/v0.2.0:{path}"));
    assert!(at("Cargo.toml").contains("version = \"0.2.0\"\n"));
    assert!(at("Cargo.toml").contains("version = \"=0.2.0\" } # exact"));
    assert!(at("core/Cargo.toml").contains("version.workspace = true"));
    assert!(at("cli/Cargo.toml").contains("version = '0.2.0'"));
    assert!(at("cli/Cargo.toml").contains("version = \"0.2\""));
    assert!(at("xtask/Cargo.toml").contains("version = \"7.0.0\""));
    assert!(at("nested/Cargo.toml").contains("version = \"0.0.1\""));
    assert!(at("nested/Cargo.toml").contains("core = { path = \"../core\", version = \"0.2\" }"));
    let changed = repo.git("diff --name-only develop release/v0.2.0");
    let expected = "CHANGELOG.md\nCargo.lock\nCargo.toml\ncli/Cargo.toml\nnested/Cargo.lock\nnested/Cargo.toml";
    assert_eq!(changed, expected);
}

#[test]
fn every_publishable_member_is_bound_to_the_tag() {
    let repo = workspace();
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    let tag = repo.git("cat-file tag v0.2.0");
    let artifacts: Vec<&str> = tag
        .lines()
        .filter_map(|line| line.strip_prefix("Sentinel-Artifact: sha256:"))
        .map(|line| line.split_once(' ').unwrap().1)
        .collect();
    assert_eq!(artifacts, ["cli-0.2.0.crate", "core-0.2.0.crate"]);
    repo.git("worktree add -q --detach ../checkout develop");
    cargo(&repo, "checkout", "metadata --locked --offline --format-version 1");
}

#[test]
fn a_publishable_member_of_another_version() {
    let repo = workspace();
    repo.write("cli/Cargo.toml", CLI.replace("0.1.0", "0.3.0"));
    repo.commit("feat: go one's own way");
    repo.push();
    refuses(&repo, "cut auto --yes", 1, &["cli", "0.3.0", "publish = false"]);
}

#[test]
fn a_lock_file_that_is_ignored_is_left_alone() {
    let repo = workspace();
    repo.git("rm -q --cached Cargo.lock nested/Cargo.lock");
    repo.write(".gitignore", "/target\nCargo.lock\n");
    repo.commit("chore: track no lock file");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    assert!(!repo.git("ls-tree -r --name-only release/v0.2.0").contains("Cargo.lock"));
}

/// Line endings, a byte order mark, comments and odd spacing stay, whatever else moves.
#[test]
fn every_other_byte_stays() {
    let repo = Repo::flow();
    let odd = repo.read("Cargo.toml").replace('\n', "\r\n");
    repo.write("Cargo.toml", format!("\u{feff}{odd}\r\n[features]\r\nx=[]# end"));
    repo.commit("chore: odd bytes");
    repo.push();
    let before = repo.git("cat-file blob develop:Cargo.toml");
    check(&repo, "cut auto --yes").succeeds();
    let after = repo.git("cat-file blob release/v0.2.0:Cargo.toml");
    assert_eq!(after, before.replace("version = \"0.1.0\"", "version = \"0.2.0\""));
}

/// A package outside of the workspace that requires `core` by path, with a workspace of its own.
fn outsider(dependency: &str) -> String {
    format!(
        "[package]\nname = \"outsider\"\nversion = \"0.0.0\"\nedition = \"2021\"\npublish = false\n\n[workspace]\n
[dependencies]\n{dependency}\n"
    )
}

/// The repository with one more package that stands outside of the workspace, and the release cut.
fn cut_with(path: &str, manifest: &str, also: impl Fn(&Repo)) -> Repo {
    let repo = workspace();
    repo.write(&format!("{path}/Cargo.toml"), manifest);
    repo.write(&format!("{path}/src/lib.rs"), "//! X.\n");
    also(&repo);
    repo.commit("test: something outside of the workspace");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("worktree add -q --detach ../checkout release/v0.2.0");
    repo
}

#[test]
fn dependents_outside_of_the_workspace_move() {
    let by_path = outsider("core = { path = \"../../core\", version = \"0.1.0\" }");
    let repo = cut_with("core/fuzz", &by_path, |repo| {
        repo.write("core/fuzz/.gitignore", "Cargo.lock\n");
    });
    cargo(&repo, "checkout/core/fuzz", "metadata --offline --format-version 1");

    let patched = outsider("core = \"0.1.0\"");
    let repo = cut_with("tools/x", &patched, |repo| {
        repo.write(
            "tools/.cargo/config.toml",
            "[patch.crates-io]\ncore = { path = \"../core\" }\n",
        );
        cargo(repo, "demo/tools/x", "generate-lockfile --offline");
    });
    cargo(
        &repo,
        "checkout/tools/x",
        "metadata --locked --offline --format-version 1",
    );
}

#[test]
fn what_cannot_move_outside_of_the_workspace_is_named() {
    let bound = outsider("core = { path = \"../core\", version = \"<0.2\" }");
    let repo = workspace();
    repo.write("old/Cargo.toml", &bound);
    repo.write("old/src/lib.rs", "//! X.\n");
    repo.commit("test: hold on to the old version");
    repo.push();
    let said = "old/Cargo.toml:10:38: `core` is required as `<0.2`, which does not admit 0.2.0";
    let plan = check(&repo, "cut auto --dry-run").succeeds();
    assert!(
        plan.stderr.contains(said) || plan.stdout.contains(said),
        "{}{}",
        plan.stdout,
        plan.stderr
    );
    let plan = check(&repo, "cut auto --dry-run --json").succeeds();
    assert!(plan.stdout.contains(said), "{}", plan.stdout);
}

/// Test data is not a dependent for its name alone.
#[test]
fn test_data_is_left_alone() {
    let repo = cut_with("tests/data/core", CORE, |repo| {
        repo.write("tests/data/Cargo.toml", ROOT);
        repo.write("tests/data/Cargo.lock", repo.read("Cargo.lock"));
        repo.write("tests/data/broken/Cargo.lock", "<<<<<<< ours\n");
        repo.write("tests/data/broken/Cargo.toml", "{{ template }}\n");
        repo.write("tests/data/bytes/Cargo.lock", [0xff, 0xfe]);
    });
    assert_eq!(repo.git("diff --name-only develop release/v0.2.0 -- tests"), "");
}

#[cfg(unix)]
#[test]
fn members_behind_symbolic_links_move() {
    let link = |repo: &Repo, target: &str, at: &str| {
        let at = repo.dir().join(at);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, at).unwrap();
    };
    // A directory, a manifest, and a directory below a link that a glob names.
    for (member, links) in [
        ("linked", vec![("real/p", "linked")]),
        (
            "linked",
            vec![
                ("../real/p/Cargo.toml", "linked/Cargo.toml"),
                ("../real/p/src", "linked/src"),
            ],
        ),
        ("pkgs/*", vec![("../real/p", "crates/p"), ("crates", "pkgs")]),
    ] {
        let repo = workspace();
        let root = repo
            .read("Cargo.toml")
            .replace("\"xtask\"]", &format!("\"xtask\", \"{member}\"]"));
        repo.write("Cargo.toml", root);
        repo.write("real/p/Cargo.toml", CORE.replace("\"core\"", "\"p\""));
        repo.write("real/p/src/lib.rs", "//! X.\n");
        for (target, at) in links {
            link(&repo, target, at);
        }
        cargo(&repo, "demo", "generate-lockfile --offline");
        cargo(&repo, "demo", "metadata --locked --offline --format-version 1");
        repo.write(
            "real/p/Cargo.toml",
            CORE.replace("\"core\"", "\"p\"")
                .replace("version.workspace = true", "version = \"0.1.0\""),
        );
        repo.commit("feat: a member behind a link");
        repo.push();
        check(&repo, "cut auto --yes").succeeds();
        assert!(
            repo.show("release/v0.2.0:real/p/Cargo.toml")
                .contains("version = \"0.2.0\""),
            "{member}"
        );
        repo.git("worktree add -q --detach ../checkout release/v0.2.0");
        cargo(&repo, "checkout", "metadata --locked --offline --format-version 1");
    }
    let repo = workspace();
    link(&repo, "/nowhere/p", "linked");
    let root = repo.read("Cargo.toml").replace("\"xtask\"]", "\"xtask\", \"linked\"]");
    repo.write("Cargo.toml", root);
    repo.commit("feat: a member elsewhere");
    repo.push();
    refuses(
        &repo,
        "cut auto --yes",
        1,
        &["`linked` is a symbolic link to `/nowhere/p`, outside of the repository"],
    );
}
