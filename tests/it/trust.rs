//! Who may sign: the release before decides, back to an introduction, and nobody else.

use crate::support::{Repo, check};

/// Another key, and the line that would allow it.
fn key(repo: &Repo, who: &str) -> String {
    let path = format!("../{who}");
    let words = ["-q", "-t", "ed25519", "-N", "", "-C", who, "-f", &path];
    assert!(repo.command("ssh-keygen").args(words).status().unwrap().success());
    let public = std::fs::read_to_string(repo.root().join(format!("{who}.pub"))).unwrap();
    let key: Vec<&str> = public.split(' ').take(2).collect();
    format!("{who}@example.org {}\n", key.join(" "))
}

/// The fingerprint of the key that signs by default.
fn fingerprint(repo: &Repo) -> String {
    let out = repo
        .command("ssh-keygen")
        .args(["-l", "-f", "../key.pub"])
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    text.split(' ').nth(1).unwrap().to_owned()
}

fn release(repo: &Repo, version: &str) {
    check(repo, &format!("cut {version} --yes")).succeeds();
    check(repo, &format!("finish {version} --yes")).succeeds();
}

/// A clone that never released anything: nobody was introduced to it.
fn strangers_clone(repo: &Repo) -> String {
    let clone = format!("../stranger-{}", repo.git("rev-list --all --count"));
    repo.git(&format!("clone -q ../origin.git {clone}"));
    clone
}

fn codes(repo: &Repo, words: &str) -> Vec<String> {
    let document = check(repo, words).json();
    let checks = document["checks"].as_array().unwrap_or_else(|| panic!("{document}"));
    let failed = checks.iter().filter(|check| check["verdict"] != "PASS");
    failed.map(|check| check["code"].as_str().unwrap().to_owned()).collect()
}

const NOBODY: [&str; 0] = [];

#[test]
fn the_release_before_decides_who_signs_the_next() {
    let repo = Repo::flow();
    release(&repo, "0.2.0");
    // Bob is let in by 0.3.0, which Alice signs, and signs 0.4.0.
    let bob = key(&repo, "bob");
    repo.git("switch -q develop");
    repo.write(".sentinel/allowed_signers", repo.signer_line() + &bob);
    repo.commit("feat!: let bob release");
    repo.push();
    release(&repo, "0.3.0");
    repo.git("config user.signingKey ../bob");
    repo.change("four", "feat!: four");
    repo.push();
    release(&repo, "0.4.0");

    assert_eq!(codes(&repo, "verify v0.4.0 --json"), NOBODY, "made here");
    let clone = strangers_clone(&repo);
    assert_eq!(
        codes(&repo, &format!("-C {clone} verify v0.4.0 --json")),
        ["SIGNER_NOT_ALLOWED"]
    );
    let introduced = format!("--introduction v0.2.0={}", fingerprint(&repo));
    assert_eq!(
        codes(&repo, &format!("-C {clone} verify v0.4.0 --json {introduced}")),
        NOBODY
    );
    // A tag that is introduced by another key than the one that signed it introduces nobody.
    let wrong = introduced
        .replace("SHA256:", "SHA256:A")
        .chars()
        .take(introduced.len())
        .collect::<String>();
    assert_eq!(
        codes(&repo, &format!("-C {clone} verify v0.4.0 --json {wrong}")),
        ["SIGNER_NOT_ALLOWED"]
    );
    // Neither does a release in the middle vouch for what came before it.
    let later = format!("--introduction v0.3.0={}", fingerprint(&repo));
    assert_eq!(
        codes(&repo, &format!("-C {clone} verify v0.2.0 --json {later}")),
        ["SIGNER_NOT_ALLOWED"]
    );
    assert_eq!(
        codes(&repo, &format!("-C {clone} verify v0.4.0 --json {later}")),
        NOBODY
    );
    // A broken link breaks what hangs on it: 0.3.0 is gone, and 0.2.0 does not know Bob.
    repo.git(&format!("-C {clone} tag -d v0.3.0"));
    assert_eq!(
        codes(&repo, &format!("-C {clone} verify v0.4.0 --json {introduced}")),
        ["SIGNER_NOT_ALLOWED"]
    );
}

#[test]
fn who_lets_himself_in_is_refused_before_anything_is_built() {
    let repo = Repo::flow();
    release(&repo, "0.2.0");
    let mallory = key(&repo, "mallory");
    repo.git("switch -q develop");
    repo.write(".sentinel/allowed_signers", repo.signer_line() + &mallory);
    repo.commit("feat!: me too");
    repo.push();
    repo.git("config user.signingKey ../mallory");
    check(&repo, "cut auto --yes").succeeds();
    let before = repo.state();
    let words = [
        "the key may not sign releases here",
        ".sentinel/allowed_signers of v0.2.0",
    ];
    check(&repo, "finish --yes").exits(1).says(&words);
    assert_eq!(repo.state(), before);
    // In a clone that released nothing, the lowest release is taken for what it says it is: Mallory is no wiser there.
    let clone = strangers_clone(&repo);
    for (name, value) in [
        ("gpg.format", "ssh"),
        ("user.signingKey", "../mallory"),
        ("user.name", "M"),
        ("user.email", "m@x"),
    ] {
        repo.git(&format!("-C {clone} config {name} {value}"));
    }
    repo.git(&format!("-C {clone} switch -q develop"));
    check(&repo, &format!("-C {clone} finish --yes")).exits(1).says(&words);
}

/// Runs the command that a refusal names.
fn mend(repo: &Repo, refused: &str) {
    let fix = refused.split_once(" hint: ").unwrap().1.trim();
    assert!(
        repo.command("sh").args(["-c", fix]).status().unwrap().success(),
        "{fix}"
    );
}

/// Told before anything is cut, and what is told to do mends it.
#[test]
fn the_first_release_needs_a_file_that_names_its_signer() {
    let repo = Repo::flow();
    repo.git("rm -q .sentinel/allowed_signers");
    repo.commit("chore: nobody signs");
    repo.push();
    let missing = "there is no .sentinel/allowed_signers of the release itself";
    for words in [
        "check --env prod --version 0.2.0",
        "cut auto --dry-run",
        "cut auto --yes",
    ] {
        check(&repo, words).exits(1).says(&[missing, "mkdir -p .sentinel"]);
    }
    mend(&repo, &check(&repo, "cut auto --yes").stderr);
    release(&repo, "0.2.0");
    // A release that was cut elsewhere is mended where it stands.
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("switch -q release/v0.2.0");
    repo.git("rm -q .sentinel/allowed_signers");
    repo.commit("chore: nobody signs");
    repo.git("push -q origin release/v0.2.0");
    repo.git("switch -q develop");
    let refused = check(&repo, "finish --yes").exits(1).says(&[missing]);
    mend(&repo, &refused.stderr);
    check(&repo, "finish --yes").succeeds();
}

#[test]
fn a_ref_decides_as_it_was_before_the_release() {
    let repo = Repo::flow();
    let bob = key(&repo, "bob");
    repo.write(
        "sentinel.toml",
        "schema = 1\n\n[trust]\nsigners_from = \"refs/remotes/origin/main\"\n",
    );
    repo.commit("feat!: main says who signs");
    repo.push();
    // The setting is not of record yet: the release that brings it is judged without it.
    release(&repo, "0.2.0");
    repo.git("switch -q develop");
    repo.write(".sentinel/allowed_signers", &bob);
    repo.commit("feat!: bob signs from now on");
    repo.push();
    // main still holds the file that names Alice alone.
    repo.git("config user.signingKey ../bob");
    check(&repo, "cut 0.3.0 --yes").succeeds();
    check(&repo, "finish --yes")
        .exits(1)
        .says(&["refs/remotes/origin/main at"]);
    repo.git("config user.signingKey ../key");
    check(&repo, "finish --yes").succeeds();
    // The release brought Bob's file to main; it does not decide about the release itself.
    assert!(repo.show("origin/main:.sentinel/allowed_signers").starts_with("bob@"));
    let clone = strangers_clone(&repo);
    assert_eq!(codes(&repo, &format!("-C {clone} verify v0.3.0 --json")), NOBODY);
    // The next one is Bob's.
    repo.git("config user.signingKey ../bob");
    repo.git("switch -q develop");
    repo.change("four", "feat!: four");
    repo.push();
    release(&repo, "0.4.0");
    assert_eq!(codes(&repo, "verify v0.4.0 --json"), NOBODY);
    // However far the ref went on, about the older release it decides as it was before that one.
    repo.git("switch -q main");
    for number in 0..9 {
        repo.change("after", &format!("chore: after {number}"));
    }
    repo.push();
    for tag in ["v0.3.0", "v0.4.0"] {
        assert_eq!(codes(&repo, &format!("verify {tag} --json")), NOBODY, "{tag}");
    }
}

/// What is checked out may name any ref: it decides nothing.
#[test]
fn a_setting_that_is_only_checked_out_names_nobody() {
    let repo = Repo::flow();
    release(&repo, "0.2.0");
    let mallory = key(&repo, "mallory");
    repo.git("switch -q -c evil v0.1.0");
    repo.write(
        "sentinel.toml",
        "schema = 1\n\n[trust]\nsigners_from = \"refs/remotes/origin/evil\"\n",
    );
    repo.write(".sentinel/allowed_signers", &mallory);
    repo.commit("chore: trust me");
    repo.git("push -q origin evil");
    // A tag that holds in everything but its signer: the good one, signed anew by Mallory.
    let object = repo
        .command("git")
        .args(["cat-file", "tag", "v0.2.0"])
        .output()
        .unwrap()
        .stdout;
    let text = String::from_utf8(object).unwrap();
    let payload = &text[..text.find("-----BEGIN").unwrap()];
    repo.write("payload", payload);
    let words = ["-q", "-Y", "sign", "-n", "git", "-f", "../mallory", "payload"];
    assert!(repo.command("ssh-keygen").args(words).status().unwrap().success());
    repo.write("tag", payload.to_owned() + &repo.read("payload.sig"));
    let id = repo.git("hash-object -t tag -w tag");
    repo.git(&format!("update-ref refs/tags/v0.2.0 {id}"));
    assert_eq!(codes(&repo, "verify v0.2.0 --json"), ["SIGNER_NOT_ALLOWED"]);
    // Who names the configuration, means it.
    assert_eq!(codes(&repo, "verify v0.2.0 --json --config sentinel.toml"), NOBODY);
}

/// What a shallow clone hides is not seen, and what is not seen is not shown.
#[test]
fn a_shallow_clone_shows_no_signer() {
    let repo = Repo::flow();
    repo.write(
        "sentinel.toml",
        "schema = 1\n\n[trust]\nsigners_from = \"refs/remotes/origin/main\"\n",
    );
    repo.commit("chore: say who is asked");
    // Of record: on main, before the release.
    repo.git("branch -q -f main develop");
    repo.change("three", "feat!: three");
    repo.push();
    release(&repo, "0.2.0");
    repo.git("switch -q main");
    repo.change("after", "chore: after it");
    repo.push();
    let introduced = format!("--introduction v0.1.0={}", fingerprint(&repo));
    // At depth 1 the clone does not tell that main, whose file names the signer, came after the release.
    for depth in ["1", "2"] {
        let clone = format!("../shallow-{depth}");
        let origin = format!("file://{}", repo.origin().display());
        repo.git(&format!("clone -q --branch v0.2.0 --depth {depth} {origin} {clone}"));
        let refspec = "+main:refs/remotes/origin/main";
        repo.git(&format!("-C {clone} fetch -q --depth {depth} origin {refspec}"));
        for words in ["", &introduced] {
            let found = codes(&repo, &format!("-C {clone} verify v0.2.0 --json {words}"));
            assert_eq!(found, ["SIGNER_NOT_ALLOWED"], "{depth} {words}");
        }
        repo.git(&format!("-C {clone} fetch -q --unshallow origin {refspec}"));
        assert_eq!(codes(&repo, &format!("-C {clone} verify v0.2.0 --json")), NOBODY);
    }
}

/// A tree that a partial clone left out cannot be hashed.
#[test]
fn a_partial_clone_shows_no_tree() {
    let repo = Repo::flow();
    release(&repo, "0.2.0");
    let origin = repo.origin();
    repo.git_in(&origin, "config uploadpack.allowFilter true");
    repo.git(&format!(
        "clone -q --filter=blob:none --no-checkout file://{} ../partial",
        origin.display()
    ));
    std::fs::write(repo.root().join("signers"), repo.signer_line()).unwrap();
    let found = codes(&repo, "-C ../partial verify v0.2.0 --json --signers ../signers");
    assert!(found.contains(&"TREE_DIGEST_MISMATCH".to_owned()), "{found:?}");
}
