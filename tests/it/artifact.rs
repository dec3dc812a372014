//! `artifact inspect`: what git and cargo make is recognised, and no file keeps the program waiting.

use crate::support::{Repo, check, refuses};

#[test]
fn what_git_and_cargo_make_names_its_commit() {
    let repo = Repo::flow();
    let head = repo.git("rev-parse HEAD");
    repo.git("archive --format=tar.gz -o ../made.tar.gz HEAD");
    repo.git("archive --format=zip -o ../made.zip HEAD");
    let packed = repo
        .command(env!("CARGO"))
        .args([
            "package",
            "--quiet",
            "--no-verify",
            "--locked",
            "--target-dir",
            "../target",
        ])
        .status();
    assert!(packed.unwrap().success());
    let package = "../target/package/demo-0.1.0.crate";
    for (file, kind) in [("../made.tar.gz", "tar"), ("../made.zip", "zip"), (package, "crate")] {
        let answer = check(&repo, &format!("artifact inspect --json {file}"))
            .succeeds()
            .json();
        assert_eq!(
            (&answer["kind"], &answer["identity"]["commit"]),
            (&kind.into(), &head.as_str().into())
        );
    }
    let answer = check(&repo, &format!("artifact inspect {package}")).succeeds().stdout;
    assert!(answer.contains(&head), "{answer}");
}

#[test]
fn the_exit_code_says_what_was_found() {
    let repo = Repo::flow();
    check(&repo, "artifact inspect Cargo.toml").exits(1);
    repo.write("../damaged.crate", b"\x1f\x8b\x08");
    check(&repo, "artifact inspect ../damaged.crate")
        .exits(2)
        .says(&["`../damaged.crate` is damaged", "hint"]);
    let answer = check(&repo, "artifact inspect ../damaged.crate --json").exits(2).json();
    assert_eq!(answer["identity"], serde_json::Value::Null);
    assert!(answer["damage"].is_string());
}

#[test]
fn what_is_no_file_is_refused() {
    let repo = Repo::flow();
    let made = repo.command("mkfifo").arg("../pipe").status();
    assert!(made.unwrap().success());
    refuses(&repo, "artifact inspect ../pipe", 1, &["not a regular file"]);
    refuses(&repo, "artifact inspect src", 1, &["not a regular file"]);
    refuses(
        &repo,
        "artifact inspect ../absent",
        1,
        &["there is no file `../absent`"],
    );
    // No repository is needed.
    std::fs::write(repo.root().join("home/plain"), "text").unwrap();
    check(&repo, "-C ../home artifact inspect plain").exits(1);
}
