//! The merge back into integration: versions, lock files, packages that arrive meanwhile, files that went away.

use crate::support::{Repo, check, refuses};

/// A workspace of private packages `a` and `b`, and packages outside of it that they may come to depend on.
fn workspace() -> Repo {
    let repo = Repo::flow();
    repo.git("switch -q main");
    repo.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"vendor\"]\nresolver = \"2\"\n\n[workspace.package]\nversion = \"0.1.0\"\n",
    );
    for name in ["a", "b"] {
        package(&repo, &format!("crates/{name}"), name, "");
    }
    for name in ["p", "q", "r", "s"] {
        let next = if name == "p" { "s = { path = \"../s\" }\n" } else { "" };
        repo.write(
            &format!("vendor/{name}/Cargo.toml"),
            format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\n{next}"),
        );
        repo.write(&format!("vendor/{name}/src/lib.rs"), "//! X.\n");
    }
    repo.git("rm -q -r src");
    cargo(&repo, "generate-lockfile --offline");
    repo.commit("chore: a workspace");
    repo.git("tag -f -a -m one v0.1.0");
    repo.git("switch -q develop");
    repo.git("reset -q --hard main");
    repo.change("two", "feat!: two");
    repo.git("push -q --force --all origin");
    repo.git("push -q --force --tags origin");
    repo
}

fn package(repo: &Repo, dir: &str, name: &str, dependencies: &str) {
    repo.write(
        &format!("{dir}/Cargo.toml"),
        format!(
            "[package]\nname = \"{name}\"\nversion.workspace = true\nedition = \"2021\"\npublish = false\n
[dependencies]\n{dependencies}"
        ),
    );
    repo.write(&format!("{dir}/src/lib.rs"), "//! X.\n");
}

fn cargo_status(repo: &Repo, words: &str) -> Result<(), String> {
    let mut command = repo.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let out = command.args(words.split_whitespace()).output().unwrap();
    if out.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&out.stderr).into_owned())
}

fn cargo(repo: &Repo, words: &str) {
    assert_eq!(cargo_status(repo, words), Ok(()), "cargo {words}");
}

/// What cargo says of the packages that are checked out, with the lock file as it is.
fn resolves(repo: &Repo) -> Result<(), String> {
    cargo_status(repo, "metadata --locked --offline --format-version 1")
}

fn depends(repo: &Repo, name: &str, on: &[&str]) {
    let lines: String = on
        .iter()
        .map(|on| format!("{on} = {{ path = \"../../vendor/{on}\" }}\n"))
        .collect();
    package(repo, &format!("crates/{name}"), name, &lines);
    cargo(repo, "metadata --offline --format-version 1");
}

/// What develop and the release do to `a` and `b` while the release is open: every pair of these merges, and cargo takes the
/// lock file as it is.
#[test]
fn lock_files_merge_by_meaning() {
    let sets: [&[&str]; 4] = [&[], &["p"], &["q", "s"], &["p", "r"]];
    for (at, develop) in sets.iter().enumerate() {
        let repo = workspace();
        depends(&repo, "a", &["p"]);
        depends(&repo, "b", &["q"]);
        repo.commit("feat: dependencies");
        repo.push();
        check(&repo, "cut auto --yes").succeeds();
        depends(&repo, "a", develop);
        if at % 2 == 0 {
            repo.write(
                "vendor/s/Cargo.toml",
                repo.read("vendor/s/Cargo.toml").replace("1.0.0", "1.1.0"),
            );
            cargo(&repo, "metadata --offline --format-version 1");
        }
        repo.commit("feat: others");
        repo.git("switch -q release/v0.2.0");
        depends(&repo, "b", sets[3 - at]);
        repo.commit("fix: others");
        check(&repo, "changelog 0.2.0 --write").succeeds();
        repo.commit("docs: changelog");
        repo.git("switch -q develop");
        repo.push();
        check(&repo, "finish --yes").succeeds();
        assert_eq!(resolves(&repo), Ok(()), "{develop:?}");
        let mut lock = repo.read("Cargo.lock");
        cargo(&repo, "generate-lockfile --offline");
        assert_eq!(lock, repo.read("Cargo.lock"), "as cargo writes it");
        lock.retain(|c| c != '\n');
        assert!(lock.contains("name = \"a\"version = \"0.2.0\""), "{lock}");
    }
}

#[test]
fn a_package_that_both_sides_moved_is_refused() {
    let repo = workspace();
    let moved = |version: &str| {
        let lock = repo.read("Cargo.lock");
        let own = lock.split("[[package]]\nname = \"x\"").next().unwrap().trim_end();
        let source = "registry+https://github.com/rust-lang/crates.io-index";
        let x = format!(
            "[[package]]\nname = \"x\"\nversion = \"{version}\"\nsource = \"{source}\"\nchecksum = \"{version}\"\n"
        );
        let own = if own.contains(" \"x\",") {
            own.to_owned()
        } else {
            format!("{own}\ndependencies = [\n \"x\",\n]")
        };
        repo.write("Cargo.lock", format!("{own}\n\n{x}"));
        repo.commit("chore: move x");
    };
    moved("1.0.0");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    moved("1.1.0");
    repo.git("switch -q release/v0.2.0");
    moved("1.2.0");
    repo.git("switch -q develop");
    repo.push();
    let said = "`develop` conflicts with the release in Cargo.lock: `x` is 1.1.0 on one side and 1.2.0 on the other";
    refuses(&repo, "finish --yes", 1, &[said, "--no-merge-back"]);
}

/// Lines beside the version, which cut moved, are develop's to edit meanwhile.
#[test]
fn manifests_merge_around_what_cut_moved() {
    let repo = workspace();
    let required = "[workspace.dependencies]\na = { path = \"crates/a\", version = \"0.1.0\" }\n";
    repo.write("Cargo.toml", format!("{}\n{required}", repo.read("Cargo.toml")));
    repo.commit("build: share a");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    let edited = repo
        .read("Cargo.toml")
        .replace("version = \"0.1.0\"\n\n", "version = \"0.1.0\"\nedition = \"2021\"\n\n")
        .replace(
            "version = \"0.1.0\" }\n",
            "version = \"0.1.0\", default-features = false }\nb = { path = \"crates/b\", version = \"0.1\" }\n",
        );
    repo.write("Cargo.toml", edited);
    repo.commit("build: edit the manifest");
    repo.push();
    check(&repo, "finish --yes").succeeds();
    let merged = repo.read("Cargo.toml");
    for line in [
        "version = \"0.2.0\"\nedition = \"2021\"\n",
        "a = { path = \"crates/a\", version = \"0.2.0\", default-features = false }\n",
        "b = { path = \"crates/b\", version = \"0.2\" }\n",
    ] {
        assert!(merged.contains(line), "{merged}");
    }
    assert_eq!(resolves(&repo), Ok(()));
}

#[test]
fn a_package_that_arrives_meanwhile_moves_with_the_others() {
    let repo = workspace();
    check(&repo, "cut auto --yes").succeeds();
    package(&repo, "crates/z", "z", "a = { path = \"../a\", version = \"0.1.0\" }\n");
    package(
        &repo,
        "crates/own",
        "own",
        "z = { path = \"../z\", version = \"=0.1.0\" }\n",
    );
    repo.write(
        "crates/own/Cargo.toml",
        repo.read("crates/own/Cargo.toml")
            .replace("version.workspace = true", "version = \"0.1.0\""),
    );
    repo.write(
        "fuzz/Cargo.toml",
        "[package]\nname = \"fuzz\"\nversion = \"0.0.0\"\n[workspace]\n[dependencies]\na = { path = \"../crates/a\", version = \"0.1\" }\n",
    );
    cargo(&repo, "metadata --offline --format-version 1");
    repo.commit("feat: more packages");
    repo.push();
    check(&repo, "finish --yes").succeeds();
    assert_eq!(resolves(&repo), Ok(()));
    assert!(repo.read("crates/own/Cargo.toml").contains("version = \"=0.2.0\""));
    assert!(repo.read("fuzz/Cargo.toml").contains("version = \"0.2\""));
    assert!(!repo.show("main:Cargo.lock").contains("\"z\""));
}

#[test]
fn what_would_not_resolve_is_refused() {
    let repo = workspace();
    check(&repo, "cut auto --yes").succeeds();
    package(&repo, "crates/z", "z", "a = { path = \"../a\", version = \"<0.2\" }\n");
    cargo(&repo, "metadata --offline --format-version 1");
    repo.commit("feat: hold on to the old one");
    repo.push();
    let said = "crates/z/Cargo.toml:8:32: `a` is required as `<0.2`, which does not admit 0.2.0";
    refuses(
        &repo,
        "finish --yes",
        1,
        &["`develop` conflicts with the release in", said],
    );
    // git merges this without a conflict: the release begins to need what develop took away.
    repo.git("reset -q --hard HEAD~1");
    repo.git("mv crates/b crates/moved");
    cargo(&repo, "metadata --offline --format-version 1");
    repo.commit("refactor: move b");
    repo.git("switch -q release/v0.2.0");
    package(&repo, "crates/a", "a", "b = { path = \"../b\" }\n");
    cargo(&repo, "metadata --offline --format-version 1");
    repo.commit("build: use b");
    repo.git("switch -q develop");
    repo.git("push -q --force origin develop release/v0.2.0");
    let said = "crates/a/Cargo.toml: there is no package `b` at `crates/b/Cargo.toml`";
    refuses(&repo, "finish --yes", 1, &[said]);
}

/// What one side took away and the other one changed is for people to decide.
#[test]
fn a_file_that_went_away_does_not_come_back() {
    for path in ["CHANGELOG.md", "two"] {
        let repo = Repo::flow();
        check(&repo, "cut auto --yes").succeeds();
        repo.git("switch -q release/v0.2.0");
        if path == "two" {
            repo.write("two", "changed on the release\n");
            repo.commit("docs: change two");
        }
        repo.git("switch -q develop");
        repo.git(&format!("rm -q {path}"));
        repo.commit("docs: take it away");
        repo.push();
        let said = format!("`develop` conflicts with the release in {path} (modify/delete)");
        refuses(&repo, "finish --yes", 1, &[&said, "--no-merge-back"]);
    }
    // In the lock file the release changed nothing but the version, which develop needs no more.
    let repo = workspace();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("rm -q Cargo.lock");
    repo.commit("chore: keep no lock file");
    repo.push();
    check(&repo, "finish --yes").succeeds();
    assert!(!repo.git("ls-files").contains("Cargo.lock"));
    // The other way round: the release took it away, and develop writes on.
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("switch -q release/v0.2.0");
    repo.git("rm -q two");
    repo.commit("docs: take two away");
    repo.git("switch -q develop");
    repo.write("two", "changed on develop\n");
    repo.commit("docs: change two");
    repo.push();
    refuses(
        &repo,
        "finish --yes",
        1,
        &["`develop` conflicts with the release in two (modify/delete)"],
    );
}

/// A version that develop gave itself meanwhile is not the release's to change.
#[test]
fn a_version_of_develops_own_is_a_conflict() {
    let repo = workspace();
    check(&repo, "cut auto --yes").succeeds();
    repo.write("Cargo.toml", repo.read("Cargo.toml").replace("0.1.0", "0.3.0-dev"));
    cargo(&repo, "metadata --offline --format-version 1");
    repo.commit("chore: go on");
    repo.push();
    refuses(
        &repo,
        "finish --yes",
        1,
        &["`develop` conflicts with the release in Cargo.lock, Cargo.toml"],
    );
}

/// A hotfix while a release is open: two common ancestors, each with a version of its own.
#[test]
fn a_release_and_a_hotfix_both_come_back() {
    let repo = workspace();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("switch -q main");
    repo.change("patch", "fix: a patch");
    repo.push();
    repo.git("switch -q develop");
    check(&repo, "cut auto --from main --yes").succeeds();
    check(&repo, "finish 0.1.1 --yes").succeeds();
    assert!(repo.read("Cargo.lock").contains("version = \"0.1.1\""));
    assert_eq!(resolves(&repo), Ok(()));
    repo.git("switch -q release/v0.2.0");
    assert!(!repo.git_succeeds("merge -q main"));
    repo.git("checkout -q --ours .");
    for path in ["Cargo.toml", "Cargo.lock"] {
        assert!(repo.read(path).contains("0.2.0"), "{path}");
    }
    let changelog = repo.show("main:CHANGELOG.md");
    let (_, hotfix) = changelog.split_once("## [0.1.1]").unwrap();
    let ours = repo.show("release/v0.2.0:CHANGELOG.md");
    let (ours, _) = ours.split_once("## [0.1.0]").unwrap_or((&ours, ""));
    repo.write("CHANGELOG.md", format!("{ours}## [0.1.1]{hotfix}\n"));
    repo.git("add -A");
    repo.git("commit -q --no-edit");
    check(&repo, "changelog 0.2.0 --write").succeeds();
    repo.commit("docs: complete the changelog");
    repo.git("switch -q develop");
    depends(&repo, "b", &["q"]);
    repo.commit("feat: use q");
    repo.push();
    check(&repo, "finish 0.2.0 --yes --dry-run").succeeds();
    check(&repo, "finish 0.2.0 --yes").succeeds();
    assert!(repo.read("Cargo.toml").contains("version = \"0.2.0\""));
    assert_eq!(resolves(&repo), Ok(()));
}

/// The command that a partial clone is told is one that helps.
#[test]
fn a_partial_clone_is_told_what_to_fetch() {
    for filter in ["tree:0", "blob:none"] {
        let repo = Repo::flow();
        repo.git_in(&repo.origin(), "config uploadpack.allowFilter true");
        repo.git_in(&repo.origin(), "config uploadpack.allowAnySHA1InWant true");
        check(&repo, "cut auto --yes").succeeds();
        let settings = std::fs::read_to_string(repo.dir().join(".git/config")).unwrap();
        std::fs::remove_dir_all(repo.dir()).unwrap();
        let origin = format!("file://{}", repo.origin().display());
        repo.git_in(
            repo.root(),
            &format!("clone -q --filter={filter} -b main {origin} demo"),
        );
        let own = std::fs::read_to_string(repo.dir().join(".git/config")).unwrap();
        let user = settings
            .split("[remote")
            .next()
            .unwrap()
            .split("[user]")
            .nth(1)
            .unwrap();
        std::fs::write(repo.dir().join(".git/config"), format!("{own}[user]{user}")).unwrap();
        let refused = check(&repo, "finish 0.2.0 --yes");
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(
            refused.stderr.contains("this partial clone lacks"),
            "{}",
            refused.stderr
        );
        let hint = refused
            .stderr
            .lines()
            .find_map(|line| line.trim().strip_prefix("hint: "))
            .unwrap();
        assert_eq!(hint, "git fetch --refetch --no-filter origin");
        repo.git(hint.strip_prefix("git ").unwrap());
        check(&repo, "finish 0.2.0 --yes").succeeds();
    }
}
