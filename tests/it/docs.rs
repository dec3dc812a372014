//! What the documentation says to type, typed.

use crate::support::{Repo, check, has};

const VERIFICATION: &str = include_str!("../../docs/verification.md");
const SECRETS: &str = include_str!("../../docs/secrets.md");

/// The one block of shell in a page.
fn script(page: &str) -> &str {
    let (_, rest) = page.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn a_release_is_verified_without_this_program() {
    let repo = Repo::flow();
    if !["sed", "grep", "tar"].iter().all(|program| has(&repo, program)) {
        return;
    }
    check(&repo, "cut 0.2.0 --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    std::fs::write(repo.root().join("signers"), repo.signer_line()).unwrap();
    let run = || {
        let mut command = repo.command("sh");
        let artifacts = repo.dir().join("target/sentinel/v0.2.0");
        command.env("tag", "v0.2.0").env("signers", repo.root().join("signers"));
        command.env("artifacts", artifacts).args(["-ec", script(VERIFICATION)]);
        let out = command.output().unwrap();
        repo.git("clean -qfd");
        (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (good, said) = run();
    assert!(good, "{said}");
    // Each of the three parts can fail.
    let path = "target/sentinel/v0.2.0/demo-0.2.0.crate";
    let crate_file = std::fs::read(repo.dir().join(path)).unwrap();
    repo.write(path, b"other bytes");
    assert!(!run().0, "another artifact");
    repo.write(path, crate_file);
    std::fs::write(repo.root().join("signers"), "").unwrap();
    assert!(!run().0, "nobody may sign");
    std::fs::write(repo.root().join("signers"), repo.signer_line()).unwrap();
    assert!(run().0);
    // Release notes may read like a tag, and decide nothing.
    let text = repo.git("cat-file tag v0.2.0") + "\n";
    let unsigned = &text[..text.find("-----BEGIN").unwrap()];
    let zeros = "0".repeat(64);
    let notes = format!(
        "tag v0.2.0\nobject {zeros}\nSentinel-Schema: 1\nSentinel-Commit: {zeros}\nSentinel-Artifact: sha256:{zeros} evil\n\n"
    );
    let noted = unsigned.replace("Sentinel-Schema: 1", &format!("{notes}Sentinel-Schema: 1"));
    put_signed(&repo, &noted);
    let (good, said) = run();
    assert!(good, "{said}");
    put_signed(&repo, &noted.replacen("tag v0.2.0", "tag v0.1.9", 1));
    assert!(!run().0, "another name");
    repo.git("update-ref refs/tags/v0.2.0 v0.1.0");
    assert!(!run().0, "another tag");
}

/// Lets v0.2.0 be this object, signed by the key that may.
fn put_signed(repo: &Repo, unsigned: &str) {
    std::fs::write(repo.root().join("forged"), unsigned).unwrap();
    let script = "ssh-keygen -q -Y sign -n git -f ../key ../forged && cat ../forged ../forged.sig > ../made && \
                  mkdir -p .git/refs/tags && git hash-object -t tag -w --literally ../made > .git/refs/tags/v0.2.0; \
                  rm ../forged.sig";
    let out = repo.command("sh").args(["-ec", script]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn every_rule_for_secrets_stands_in_its_page() {
    let rows: Vec<String> = cargo_sentinel::core::hooks::secret::rules()
        .map(|rule| format!("| `{}` | {} | <{}> |", rule.id, rule.what, rule.source))
        .collect();
    let (_, table) = SECRETS.split_once("## The rules\n").unwrap();
    let written: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(written, rows, "cargo xtask survey secrets --rules");
}
