//! Binaries and files of a release: stamped, reproducible, with nothing of the user's in them.

use std::path::PathBuf;

use cargo_sentinel::core::provenance::{FILE, Statement};

use crate::support::{Repo, check, check_with, killed_while_pushing, refuses, script};

const BINARY: &str = "[[artifact]]\nkind = \"binary\"\npackage = \"demo\"\nbin = \"demo\"\n";

/// A release branch of 0.2.0 with a binary that says where it was compiled, and this configuration.
fn cut_with(main: &str, configuration: &str) -> Repo {
    cut_from(Repo::flow(), main, configuration)
}

fn cut_from(repo: Repo, main: &str, configuration: &str) -> Repo {
    repo.write("src/main.rs", main);
    repo.write("sentinel.toml", format!("schema = 1\n\n{configuration}"));
    repo.commit("feat: a binary");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    repo
}

/// The same, with a profile that throws away whatever it can.
fn cut_and_stripped(main: &str, configuration: &str) -> Repo {
    let repo = Repo::flow();
    let manifest = repo.show("HEAD:Cargo.toml");
    let profile = "\n\n[profile.release]\nstrip = true\nlto = \"fat\"\ndebug = true\n";
    repo.write("Cargo.toml", manifest + profile);
    repo.commit("build: strip");
    cut_from(repo, main, configuration)
}

fn beside(repo: &Repo, name: &str) -> PathBuf {
    repo.dir().join("target/sentinel/v0.2.0").join(name)
}

fn statement(repo: &Repo) -> Statement {
    Statement::parse(&std::fs::read(beside(repo, FILE)).unwrap()).unwrap()
}

fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

const SAYS_WHERE: &str = "fn main() {\n    println!(\"{}\", file!());\n    panic!(\"here\");\n}\n";

#[test]
fn a_binary_is_stamped_and_reproducible() {
    let repo = cut_and_stripped(SAYS_WHERE, BINARY);
    check(&repo, "finish --yes").succeeds();
    let bytes = std::fs::read(beside(&repo, "demo")).unwrap();
    let commit = repo.git("rev-parse v0.2.0^{commit}");
    if cfg!(target_os = "linux") {
        let stamp = format!("{{\"schema\":1,\"commit\":\"{commit}\",\"version\":\"0.2.0\",\"package\":\"demo\"}}");
        assert!(
            contains(&bytes, &stamp),
            "the stamp did not survive strip, lto and gc-sections"
        );
    }
    if cfg!(target_os = "linux") {
        let inspected = check(&repo, "artifact inspect target/sentinel/v0.2.0/demo --json").exits(0);
        assert_eq!(inspected.json()["identity"]["commit"], commit.as_str(), "{inspected:?}");
    }
    for place in [repo.root().to_str().unwrap(), "cargo-sentinel-", "sentinel-target"] {
        assert!(!contains(&bytes, place), "the binary names `{place}`");
    }
    let statement = statement(&repo);
    assert_eq!(statement.reproducible.get("demo"), Some(&true));
    let compiler = statement.toolchain.compiler.unwrap();
    assert!(compiler.rustc.starts_with("rustc 1.") && compiler.host.contains('-'));
    let tag = repo.git("cat-file tag v0.2.0");
    assert!(tag.contains(" demo\n") && !tag.contains(".crate"), "{tag}");
    let out = repo.command(beside(&repo, "demo")).output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).contains("src/main.rs"), "it runs");
}

#[test]
fn what_is_not_reproducible_is_named() {
    let main = "fn main() {\n    println!(\"{}\", env!(\"CARGO_MANIFEST_DIR\"));\n}\n";
    let repo = cut_with(main, BINARY);
    check(&repo, "finish --yes")
        .succeeds()
        .says(&["demo is not reproducible: built twice, its bytes differ"]);
    assert_eq!(statement(&repo).reproducible.get("demo"), Some(&false));
}

#[test]
fn a_binary_can_be_built_once() {
    let repo = cut_with(SAYS_WHERE, BINARY);
    check(&repo, "finish --yes --build-once").succeeds();
    assert!(statement(&repo).reproducible.is_empty());
}

/// Whatever would add `--cfg evil` does not reach the compiler.
#[test]
fn nothing_of_the_users_takes_part() {
    let main = "#[cfg(evil)]\ncompile_error!(\"the user's flags took part\");\nfn main() {}\n";
    let repo = cut_with(main, BINARY);
    let cargo_home = repo.root().join("cargo-home");
    std::fs::create_dir(&cargo_home).unwrap();
    let configuration =
        "[build]\nrustflags = [\"--cfg\", \"evil\"]\n\n[target.'cfg(all())']\nrustflags = [\"--cfg\", \"evil\"]\n";
    std::fs::write(cargo_home.join("config.toml"), configuration).unwrap();
    let wrapper = repo.root().join("wrapper");
    script(&wrapper, "#!/bin/sh\nexec \"$@\" --cfg evil\n");
    let outcome = check_with(&repo, "finish --yes", |command| {
        command
            .env("CARGO_HOME", &cargo_home)
            .env("RUSTFLAGS", "--cfg evil")
            .env("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fevil")
            .env("CARGO_BUILD_RUSTFLAGS", "--cfg evil")
            .env("RUSTC_WRAPPER", &wrapper)
            .env("CARGO_BUILD_RUSTC_WRAPPER", &wrapper)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "evil")
            .env("CC", "false");
    });
    outcome.succeeds();
}

/// What the commit itself says of how it is built counts, beside the flags that are added.
#[test]
fn the_commits_own_configuration_counts() {
    let main = "#[cfg(not(good))]\ncompile_error!(\"the commit's flags took no part\");\nfn main() {\n    panic!(\"here\");\n}\n";
    let repo = Repo::flow();
    repo.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"good\"]\n");
    repo.write("src/main.rs", main);
    repo.write("sentinel.toml", format!("schema = 1\n\n{BINARY}"));
    repo.commit("feat: a binary");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    assert_eq!(statement(&repo).reproducible.get("demo"), Some(&true));
}

fn file(build: &str, path: &str) -> String {
    format!("[[artifact]]\nkind = \"file\"\nname = \"demo-{{version}}.txt\"\nbuild = {build}\npath = \"{path}\"\n")
}

#[test]
fn a_command_makes_a_file_with_nothing_of_the_users_around_it() {
    let repo = cut_with(
        SAYS_WHERE,
        &file(
            r#"["sh", "-c", "mkdir dist && env > dist/{out} && pwd >> dist/{out}"]"#,
            "dist/out-{version}",
        )
        .replace("{out}", "out-0.2.0"),
    );
    let outcome = check_with(&repo, "finish --yes", |command| {
        command.env("SECRET_TOKEN", "hunter2");
    });
    outcome
        .succeeds()
        .says(&["demo-0.2.0.txt does not say which commit it is from; its digest binds it"]);
    let text = std::fs::read_to_string(beside(&repo, "demo-0.2.0.txt")).unwrap();
    let epoch = repo.git("log -1 --format=%ct v0.2.0");
    assert!(text.contains(&format!("SOURCE_DATE_EPOCH={epoch}\n")), "{text}");
    for hidden in [
        "hunter2",
        "GIT_AUTHOR",
        "SSH_AUTH_SOCK",
        repo.root().join("home").to_str().unwrap(),
    ] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn a_file_lies_where_it_was_promised() {
    let cases = [
        (r#"["true"]"#, "dist/out", "left `dist/out` out"),
        (
            r#"["sh", "-c", "ln -s /etc/passwd out"]"#,
            "out",
            "leads out of the checkout",
        ),
        (
            r#"["sh", "-c", "ln -s .git/HEAD out"]"#,
            "out",
            "leads out of the checkout",
        ),
        (r#"["mkdir", "out"]"#, "out", "no file"),
        (r#"["sh", "-c", "echo broken >&2; exit 3"]"#, "out", "broken"),
    ];
    for (build, path, words) in cases {
        let repo = cut_with(SAYS_WHERE, &file(build, path));
        refuses(&repo, "finish --yes", 1, &[words]);
        assert!(!repo.dir().join("target/sentinel/v0.2.0").exists());
        assert_eq!(repo.litter(), [""; 0].map(PathBuf::from));
    }
}

/// Every reason at once, before anything is built.
#[test]
fn what_cannot_be_built_is_refused_first() {
    let repo = Repo::flow();
    repo.write("src/main.rs", SAYS_WHERE);
    let artifacts = [
        "kind = \"crate\"\npackage = \"nobody\"\n",
        "kind = \"binary\"\npackage = \"demo\"\nbin = \"other\"\n",
        "kind = \"file\"\nname = \"one.txt\"\nbuild = [\"true\"]\npath = \"x\"\n",
        "kind = \"file\"\nname = \"One.txt\"\nbuild = [\"true\"]\npath = \"y\"\n",
        "kind = \"file\"\nname = \"provenance.json\"\nbuild = [\"true\"]\npath = \"y\"\n",
    ];
    let configuration: Vec<String> = artifacts.iter().map(|text| format!("[[artifact]]\n{text}\n")).collect();
    repo.write("sentinel.toml", format!("schema = 1\n\n{}", configuration.concat()));
    repo.commit("feat: a binary");
    repo.push();
    refuses(
        &repo,
        "cut auto --yes",
        1,
        &[
            "`nobody`, which the workspace does not have",
            "has no binary `other`; it has demo",
            "would be named `One.txt`",
            "would be named `provenance.json`",
        ],
    );
}

/// A file that names a commit must name this one: an archive of the release before does not.
#[test]
fn a_file_that_names_another_commit_is_refused() {
    let archive = r#"["git", "archive", "--format=tar", "--output=out.tar", "COMMIT"]"#;
    for (commit, code) in [("HEAD", 0), ("v0.1.0", 2)] {
        let repo = Repo::flow();
        let commit = if code == 0 {
            commit.to_owned()
        } else {
            repo.git(&format!("rev-parse {commit}^{{commit}}"))
        };
        let build = archive.replace("COMMIT", &commit);
        let repo = cut_from(repo, SAYS_WHERE, &file(&build, "out.tar").replace(".txt", ".tar"));
        let outcome = check(&repo, "finish --yes").exits(code);
        if code != 0 {
            outcome.says(&["demo-0.2.0.tar", "names the commit"]);
            assert!(!repo.git("tag").contains("v0.2.0"));
        }
    }
}

/// Built again after the first files were deleted, the file has other bytes: the tag names those that lie there.
#[test]
fn a_resumed_release_names_what_it_built_last() {
    let build = r#"["sh", "-c", "head -c 16 /dev/urandom > out"]"#;
    let repo = cut_with(SAYS_WHERE, &file(build, "out"));
    killed_while_pushing(&repo, "finish --yes");
    std::fs::remove_file(beside(&repo, "demo-0.2.0.txt")).unwrap();
    check(&repo, "resume").succeeds();
    std::fs::write(repo.root().join("signers"), repo.signer_line()).unwrap();
    check(
        &repo,
        "verify v0.2.0 --signers ../signers --artifact target/sentinel/v0.2.0/demo-0.2.0.txt",
    )
    .succeeds();
    assert!(repo.origin_refs().contains("refs/tags/v0.2.0"));
}

/// The same repository twice: a submodule, and one of its own.
fn with_submodules(repo: &Repo) {
    let identity = "-c user.name=Alice -c user.email=a@example.org";
    for (name, text) in [("inner", "int inner;\n"), ("outer", "int outer;\n")] {
        let dir = repo.root().join(name);
        repo.git_in(repo.root(), &format!("init -q --template= -b main {name}"));
        std::fs::write(dir.join("a.c"), text).unwrap();
        repo.git_in(&dir, "add a.c");
        repo.git_in(&dir, &format!("{identity} commit -q -m one"));
    }
    let outer = repo.root().join("outer");
    let allowed = "-c protocol.file.allow=always";
    repo.git_in(&outer, &format!("{allowed} submodule --quiet add ../inner deep/inner"));
    repo.git_in(&outer, &format!("{identity} commit -q -m two"));
    repo.git(&format!("{allowed} submodule --quiet add ../outer vendor/lib"));
    repo.git(&format!("{allowed} submodule --quiet update --init --recursive"));
    repo.commit("feat: a library of another repository");
    repo.push();
}

/// A package that packs files of submodules packs them in the release too, at the commits that the commit names.
#[test]
fn submodules_are_checked_out() {
    let repo = Repo::flow();
    with_submodules(&repo);
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    let packed = std::fs::read(beside(&repo, "demo-0.2.0.crate")).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let paths: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    for path in ["vendor/lib/a.c", "vendor/lib/deep/inner/a.c"] {
        assert!(paths.contains(&format!("demo-0.2.0/{path}")), "{path} in {paths:?}");
    }
    check(
        &repo,
        "verify v0.2.0 --signers .sentinel/allowed_signers --artifact target/sentinel/v0.2.0/demo-0.2.0.crate",
    )
    .succeeds();
}

/// A clone that lacks a submodule's commit cannot make the package: it says so, and which command mends it.
#[test]
fn a_submodule_that_is_not_at_hand_is_refused() {
    let repo = Repo::flow();
    with_submodules(&repo);
    check(&repo, "cut auto --yes").succeeds();
    repo.git("submodule --quiet deinit --all --force");
    std::fs::remove_dir_all(repo.dir().join(".git/modules")).unwrap();
    let missing = [
        "does not have the submodule `vendor/lib` at its commit",
        "git submodule update --init --recursive",
    ];
    let outcome = check(&repo, "finish --yes");
    assert_ne!(outcome.code, 0);
    outcome.says(&missing);
}
