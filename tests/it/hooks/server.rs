//! `pre-receive`: the policy of record, on a bare repository.

use super::{configured, git, git_with};
use crate::support::{Outcome, Repo, check};

/// The server has the hook, `main` a configuration, and the client none of ours.
fn served() -> Repo {
    let repo = configured();
    repo.git("push -q --no-verify origin develop:main");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    repo.git("fetch -q origin");
    repo.git("switch -q -c feature/x");
    repo
}

fn push(repo: &Repo, words: &[&str]) -> Outcome {
    git(repo, &[&["push", "--no-verify", "origin"], words].concat())
}

#[track_caller]
fn blocked(repo: &Repo, words: &[&str], check: &str) -> Outcome {
    let before = repo.origin_refs();
    let outcome = push(repo, words).refused(check);
    assert_eq!(repo.origin_refs(), before);
    outcome
}

#[test]
fn what_is_in_quarantine_is_judged() {
    let repo = served();
    repo.change("a", "feat: good");
    push(&repo, &["feature/x"]).succeeds();
    repo.change("a", "bad one");
    blocked(&repo, &["feature/x"], "message").says(&["bad one"]);
    repo.git("reset -q --hard HEAD~1");
    // So many objects come as a pack.
    for number in 0..40 {
        repo.change(&format!("many/{number}"), "feat: one of many");
    }
    repo.git("config receive.unpackLimit 1");
    repo.git_in(&repo.origin(), "config receive.unpackLimit 1");
    push(&repo, &["feature/x"]).succeeds();
    repo.change("a", "bad one");
    blocked(&repo, &["feature/x"], "message");
    let left = std::fs::read_dir(repo.root().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "the hook leaves nothing behind");
}

#[test]
fn no_push_weakens_the_policy_that_judges_it() {
    let repo = served();
    repo.write("sentinel.toml", "schema = 1\n[hooks]\nprotect = []\n");
    repo.commit("chore: no protection");
    blocked(&repo, &["-f", "HEAD:main"], "branch").says(&["`main` is protected"]);
    blocked(&repo, &[":main"], "branch");
    repo.git("rm -q sentinel.toml");
    repo.commit("nothing is configured here");
    blocked(&repo, &["HEAD:main"], "branch");
    // An invalid configuration on its way is no concern of the one of record.
    repo.write("sentinel.toml", "schema = \n");
    repo.commit("chore: break it");
    blocked(&repo, &["HEAD:develop"], "message").says(&["nothing is configured here"]);
}

#[test]
fn release_tags_and_the_clients_wishes() {
    let repo = served();
    repo.git("tag v0.2.0");
    blocked(&repo, &["v0.2.0"], "tag");
    repo.git("tag nightly");
    push(&repo, &["nightly"]).succeeds();
    repo.change("a", "bad one");
    git_with(&repo, &["push", "--no-verify", "origin", "feature/x"], |command| {
        command.envs([
            ("CARGO_SENTINEL_SKIP", "message"),
            ("CARGO_SENTINEL_REASON", "let me in"),
        ]);
    })
    .refused("message");
}

#[test]
fn a_release_arrives() {
    let repo = configured();
    repo.git("push -q --no-verify origin develop:main");
    repo.git("fetch -q origin main:main");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    check(&repo, "cut 0.2.0 --yes").succeeds();
    check(&repo, "finish 0.2.0 --yes").succeeds();
    assert!(repo.origin_refs().contains("refs/tags/v0.2.0"));
}

#[test]
fn a_new_server_takes_a_first_push() {
    let repo = configured();
    repo.git_in(repo.root(), "init -q --bare -b main new.git");
    check(&repo, "-C ../new.git hooks install --server").succeeds();
    repo.git("remote add new ../new.git");
    git(&repo, &["push", "-q", "new", "main", "develop"]).succeeds();
    check(&repo, "-C ../new.git hooks status --exit-code").succeeds();
    // In any order: whatever comes first, and then the branch of record.
    repo.git_in(repo.root(), "init -q --bare -b main slow.git");
    check(&repo, "-C ../slow.git hooks install --server").succeeds();
    git(&repo, &["push", "-q", "../slow.git", "develop"]).succeeds();
    git(&repo, &["push", "-q", "../slow.git", "develop:refs/heads/feature/x"])
        .refused("repository")
        .says(&["there is no `main`", "git config sentinel.production"]);
    git(&repo, &["push", "-q", "../slow.git", "main"]).succeeds();
    git(&repo, &["push", "-q", "../slow.git", "develop:refs/heads/feature/x"]).succeeds();
    // A configuration that came in damaged blocks everything until it is mended on the server.
    check(&repo, "-C ../new.git hooks uninstall").succeeds();
    repo.git("switch -q main");
    repo.write("sentinel.toml", "schema = 1\nx = 1\n");
    repo.commit("chore: break it");
    git(&repo, &["push", "-q", "new", "main"]).succeeds();
    check(&repo, "-C ../new.git hooks install --server").succeeds();
    repo.commit("feat: more");
    git(&repo, &["push", "-q", "new", "HEAD:refs/heads/feature/x"])
        .refused("config")
        .says(&["sentinel.toml:2:1"]);
}

/// Anybody may make a branch, and write there what he likes.
#[test]
fn a_branch_that_anybody_made_is_not_of_record() {
    let repo = served();
    let origin = repo.origin();
    repo.git("push -q --no-verify origin main:stable");
    repo.git_in(&origin, "symbolic-ref HEAD refs/heads/stable");
    repo.git_in(&origin, "update-ref -d refs/heads/main");
    repo.change("a", "feat: not released");
    blocked(&repo, &["-f", "HEAD:stable"], "branch").says(&["`stable` is protected"]);
    repo.write(
        "sentinel.toml",
        "schema = 1\n[release]\nproduction = \"main\"\n[hooks]\nprotect = []\n",
    );
    repo.commit("chore: my own rules");
    push(&repo, &["HEAD:refs/heads/main"]).succeeds();
    blocked(&repo, &["-f", "HEAD:stable"], "branch").says(&["`stable` is protected"]);
    repo.write("sentinel.toml", "schema =\n");
    repo.commit("chore: no rules");
    push(&repo, &["HEAD:refs/heads/main"]).succeeds();
    push(&repo, &["HEAD:refs/heads/feature/x"]).succeeds();
}

/// Where it is not clear which branch is of record, nothing passes before somebody says so on the server.
#[test]
fn the_server_says_which_branch_is_of_record() {
    let repo = served();
    let origin = repo.origin();
    repo.change("a", "feat: x");
    let cases = [
        ("develop", "git config sentinel.production main"),
        ("gone", "git config sentinel.production "),
    ];
    for (head, remedy) in cases {
        repo.git_in(&origin, &format!("symbolic-ref HEAD refs/heads/{head}"));
        blocked(&repo, &["feature/x"], "repository").says(&[remedy]);
        check(&repo, "-C ../origin.git hooks status").says(&[remedy]);
        check(&repo, "-C ../origin.git hooks install --server").says(&[remedy]);
        // A client's configuration is none of the server's.
        git_with(&repo, &["push", "--no-verify", "origin", "feature/x"], |command| {
            command.envs([
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", "sentinel.production"),
                ("GIT_CONFIG_VALUE_0", "main"),
            ]);
        })
        .refused("repository");
    }
    repo.git_in(&origin, "config sentinel.production main");
    push(&repo, &["feature/x"]).succeeds();
    blocked(&repo, &["-f", "feature/x:main"], "branch").says(&["`main` is protected"]);
    // The branch of record is where releases are, or says nothing.
    repo.git_in(&origin, "config sentinel.production develop");
    repo.write("sentinel.toml", "schema = 1\n[release]\nproduction = \"main\"\n");
    repo.commit("chore: say where");
    git(&repo, &["push", "--no-verify", "origin", "HEAD:develop"]).succeeds();
    blocked(&repo, &["feature/x"], "repository").says(&["git config sentinel.production main"]);
}

/// Where nothing is written, the branch for integration decides by being there whether production is protected.
#[test]
fn what_is_protected_does_not_hang_on_a_branch_that_anybody_deletes() {
    let repo = served();
    let origin = repo.origin();
    blocked(&repo, &[":develop"], "branch").says(&["`main` would no longer be protected", "`integration`"]);
    repo.git_in(&origin, "update-ref -d refs/heads/develop");
    blocked(&repo, &["HEAD:refs/heads/develop"], "branch").says(&["`main` would become protected"]);
    // On trunk, production takes any commit; it may say which flow it is.
    repo.write("sentinel.toml", "schema = 1\n[release]\nintegration = \"develop\"\n");
    repo.commit("chore: two branches");
    push(&repo, &["HEAD:main"]).succeeds();
    push(&repo, &["HEAD:refs/heads/develop"]).succeeds();
    push(&repo, &[":develop"]).succeeds();
    repo.change("a", "feat: x");
    blocked(&repo, &["HEAD:main"], "branch").says(&["`main` is protected"]);
}

#[test]
fn another_name_of_a_branch_is_that_branch() {
    let repo = served();
    repo.git_in(&repo.origin(), "symbolic-ref refs/heads/master refs/heads/main");
    repo.git_in(&repo.origin(), "symbolic-ref refs/heads/old refs/heads/master");
    repo.change("a", "feat: x");
    for name in ["master", "old"] {
        blocked(&repo, &["-f", &format!("HEAD:{name}")], "branch").says(&["`main` is protected"]);
        blocked(&repo, &[&format!(":{name}")], "branch");
    }
}

#[test]
fn the_message_is_judged_wherever_the_commit_was_before() {
    let repo = served();
    repo.change("a", "bad one");
    // Without a configuration of its own, or behind a ref that nobody judges.
    repo.git("rm -q sentinel.toml");
    repo.commit("nothing is configured here");
    blocked(&repo, &["feature/x"], "message").says(&["bad one", "nothing is configured here"]);
    push(&repo, &["HEAD:refs/notes/x", "HEAD:refs/tags/x"]).succeeds();
    blocked(&repo, &["feature/x"], "message").says(&["bad one"]);
    // What a client claims to stand there proves nothing.
    let tip = repo.git("rev-parse HEAD");
    let none = "0".repeat(40);
    let lines = format!("{tip} {tip} refs/heads/decoy\n{none} {tip} refs/heads/feature/x\n");
    let input = repo.root().join("input");
    std::fs::write(&input, lines).unwrap();
    let mut command = repo.command(env!("CARGO_BIN_EXE_cargo-sentinel"));
    command.current_dir(repo.origin()).args(["hook", "run", "pre-receive"]);
    command.stdin(std::fs::File::open(input).unwrap());
    super::outcome(&mut command).refused("message").says(&["bad one"]);
}

/// Who may sign is what the releases before say, and on trunk anybody writes the file that the next one reads.
#[test]
fn who_may_sign_is_not_what_was_pushed_last() {
    let repo = Repo::trunk();
    repo.write("sentinel.toml", "schema = 1\n");
    repo.write(".sentinel/allowed_signers", repo.signer_line());
    repo.commit("feat: configure");
    repo.git("push -q origin main");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    let first = repo.origin_refs();
    // Another's key takes the place of the first, where nothing is known of the releases before.
    let key = repo.root().join("mallory.key");
    let path = key.to_str().unwrap();
    let words = ["-q", "-t", "ed25519", "-N", "", "-f", path];
    assert!(repo.command("ssh-keygen").args(words).status().unwrap().success());
    let public = std::fs::read_to_string(repo.root().join("mallory.key.pub")).unwrap();
    repo.git_in(repo.root(), "clone -q --no-tags origin.git mallory");
    let there = repo.root().join("mallory");
    for (name, value) in [
        ("user.name", "mallory"),
        ("user.email", "alice@example.org"),
        ("gpg.format", "ssh"),
        ("user.signingKey", path),
    ] {
        repo.git_in(&there, &format!("config {name} {value}"));
    }
    repo.git_in(&there, "remote remove origin");
    let signers = format!("alice@example.org namespaces=\"git\" {public}");
    std::fs::write(there.join(".sentinel/allowed_signers"), signers).unwrap();
    let commit = repo
        .command("git")
        .current_dir(&there)
        .args(["commit", "-qam", "fix: my own key"])
        .status();
    assert!(commit.unwrap().success());
    repo.git_in(&there, "push -q ../origin.git main");
    check(&repo, "-C ../mallory cut 0.3.0 --yes").succeeds();
    check(&repo, "-C ../mallory finish --yes").succeeds();
    let release = git_with(&repo, &["push", "../origin.git", "main", "v0.3.0"], |command| {
        command.current_dir(&there);
    });
    release.refused("tag").says(&["SIGNER_NOT_ALLOWED"]);
    // Nor where history begins anew.
    repo.git_in(&there, "tag -d v0.3.0");
    repo.git_in(&there, "checkout -q --orphan anew");
    repo.git_in(&there, "commit -q -m chore:anew --no-verify");
    repo.git_in(&there, "branch -M anew main");
    repo.git_in(&repo.origin(), "config core.hooksPath /dev/null");
    repo.git_in(&there, "push -q -f ../origin.git main");
    repo.git_in(&repo.origin(), "config --unset core.hooksPath");
    check(&repo, "-C ../mallory cut 0.4.0 --yes --allow-empty").succeeds();
    check(&repo, "-C ../mallory finish --yes").succeeds();
    let release = git_with(&repo, &["push", "../origin.git", "main", "v0.4.0"], |command| {
        command.current_dir(&there);
    });
    release.refused("tag").says(&["SIGNER_NOT_ALLOWED"]);
    let tags = |refs: &str| refs.lines().filter(|line| line.contains("refs/tags/")).count();
    assert_eq!(tags(&repo.origin_refs()), tags(&first));
}

#[test]
fn no_push_moves_the_ref_that_says_who_may_sign() {
    let repo = configured();
    repo.git("switch -q main");
    for (named, full) in [
        ("refs/sentinel/signers", "refs/sentinel/signers"),
        ("refs/remotes/origin/trust", "refs/heads/trust"),
    ] {
        repo.write(
            "sentinel.toml",
            format!("schema = 1\n[trust]\nsigners_from = \"{named}\"\n"),
        );
        repo.commit("chore: a ref of signers");
        check(&repo, "-C ../origin.git hooks uninstall").succeeds();
        repo.git("push -q --no-verify origin main");
        repo.git(&format!("push -q --no-verify origin main~1:{full}"));
        check(&repo, "-C ../origin.git hooks install --server").succeeds();
        for refspec in [format!("+HEAD:{full}"), format!(":{full}")] {
            blocked(&repo, &[&refspec], "branch").says(&[full, "who may sign releases", "git fetch"]);
        }
    }
}

/// A release that is the first of all introduces itself (binding.md): nobody says yet who may sign.
#[test]
fn the_first_release_on_a_server_introduces_itself() {
    let repo = Repo::flow();
    repo.git_in(&repo.origin(), "update-ref -d refs/tags/v0.1.0");
    repo.git("tag -d v0.1.0");
    repo.git("switch -q main");
    repo.write("sentinel.toml", "schema = 1\n");
    repo.git("rm -q .sentinel/allowed_signers");
    repo.commit("chore: configure");
    repo.git("switch -q develop");
    repo.git("merge -q --no-edit main");
    repo.write(".sentinel/allowed_signers", repo.signer_line());
    repo.commit("feat: say who may sign");
    repo.git("push -q --no-verify origin main develop");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    check(&repo, "cut 0.1.0 --yes").succeeds();
    check(&repo, "finish 0.1.0 --yes").succeeds();
    assert!(repo.origin_refs().contains("refs/tags/v0.1.0"));
}

#[test]
fn a_candidate_for_a_release_arrives_and_moves_no_protected_branch() {
    let repo = configured();
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    check(&repo, "hooks install").succeeds();
    check(&repo, "cut 0.2.0-rc.1 --yes").succeeds();
    check(&repo, "finish 0.2.0-rc.1 --yes").succeeds();
    assert!(repo.origin_refs().contains("refs/tags/v0.2.0-rc.1"));
    blocked(&repo, &["v0.2.0-rc.1^{}:main"], "branch").says(&["no release tag names"]);
}

/// A clock that is wrong by decades does not hide what is there already, with a graph of the history or without.
#[test]
fn what_the_server_has_is_not_judged_again_whatever_its_clock() {
    let repo = served();
    let origin = repo.origin();
    repo.change("a", "bad one");
    let wrong = [
        ("GIT_COMMITTER_DATE", "@86400 +0000"),
        ("GIT_AUTHOR_DATE", "@86400 +0000"),
    ];
    let commit = git_with(
        &repo,
        &["commit", "-q", "--allow-empty", "-m", "chore: old clock"],
        |command| {
            command.envs(wrong);
        },
    );
    commit.succeeds();
    repo.git_in(&origin, "config core.hooksPath /dev/null");
    repo.git("push -q origin HEAD:refs/heads/legacy");
    repo.git_in(&origin, "config --unset core.hooksPath");
    repo.git("reset -q --hard HEAD~1");
    repo.change("b", "feat: on top of it");
    push(&repo, &["feature/x"]).succeeds();
    repo.git_in(&origin, "commit-graph write --reachable");
    repo.change("b", "feat: more");
    push(&repo, &["feature/x"]).succeeds();
    repo.change("b", "bad two");
    blocked(&repo, &["feature/x"], "message").says(&["bad two"]);
}

/// A server that borrows objects, by a path from its own (gitrepository-layout(5), objects/info/alternates).
#[test]
fn borrowed_objects_are_found_from_quarantine() {
    let repo = served();
    repo.git_in(repo.root(), "clone -q --bare --shared origin.git deep/er/fork.git");
    let alternates = repo.root().join("deep/er/fork.git/objects/info/alternates");
    for path in [
        std::fs::read_to_string(&alternates).unwrap(),
        "../../../../origin.git/objects\n".to_owned(),
    ] {
        std::fs::write(&alternates, path).unwrap();
        check(&repo, "-C ../deep/er/fork.git hooks install --server").succeeds();
        repo.change("a", "feat: good");
        git(
            &repo,
            &["push", "-q", "../deep/er/fork.git", "HEAD:refs/heads/feature/x"],
        )
        .succeeds();
        repo.change("a", "bad one");
        git(
            &repo,
            &["push", "-q", "../deep/er/fork.git", "HEAD:refs/heads/feature/x"],
        )
        .refused("message");
        repo.git("reset -q --hard HEAD~1");
    }
}

/// What a client claims to stand there proves nothing: what is deleted is what the server has.
#[test]
fn an_old_value_is_the_servers_own() {
    let repo = configured();
    repo.git("push -q --no-verify origin develop:main");
    repo.git("fetch -q origin main:main");
    check(&repo, "cut 0.2.0 --yes").succeeds();
    check(&repo, "finish --yes --keep-branch").succeeds();
    repo.git("switch -q release/v0.2.0");
    repo.change("a", "fix: work that no tag has");
    repo.git("push -q --no-verify origin release/v0.2.0");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    let (none, gone) = ("0".repeat(40), "d".repeat(40));
    let tagged = repo.git("rev-parse v0.2.0^{commit}");
    for claimed in [&none, &gone, &tagged] {
        let line = format!("{claimed} {none} refs/heads/release/v0.2.0\n");
        asked(&repo, &line)
            .refused("branch")
            .says(&["not tagged yet with all that it holds"]);
    }
    // Nor is a branch new because a client says so.
    let tip = repo.git("rev-parse HEAD");
    asked(&repo, &format!("{none} {tip} refs/heads/main\n"))
        .refused("branch")
        .says(&["`main` is protected"]);
}

/// Asks the server's hook alone, as a client of its own making may have git ask it.
fn asked(repo: &Repo, line: &str) -> Outcome {
    let input = repo.root().join("input");
    std::fs::write(&input, line).unwrap();
    let mut command = repo.command(env!("CARGO_BIN_EXE_cargo-sentinel"));
    command.current_dir(repo.origin()).args(["hook", "run", "pre-receive"]);
    super::outcome(command.stdin(std::fs::File::open(input).unwrap()))
}

/// A push by a local path brings its environment along, and a server may be told to take some from afar: none of it says which
/// program judges, or by which policy.
#[test]
fn the_pushers_environment_decides_nothing() {
    let repo = served();
    repo.change("a", "bad one");
    let bin = repo.root().join("bin");
    let yes = "#!/bin/sh\nexit 0\n";
    for path in ["cargo-sentinel", "bin/cargo-sentinel", ".cargo/bin/cargo-sentinel"] {
        super::executable(&bin.join(path), yes);
    }
    let config = repo.root().join("pushers");
    std::fs::write(&config, "[sentinel]\n\tproduction = feature/y\n").unwrap();
    let named = bin.join("cargo-sentinel");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for (name, value) in [
        ("CARGO_SENTINEL_BIN", named.to_str().unwrap()),
        ("CARGO_HOME", bin.to_str().unwrap()),
        ("HOME", bin.to_str().unwrap()),
        ("PATH", &path),
        ("GIT_CONFIG_GLOBAL", config.to_str().unwrap()),
        ("CARGO_SENTINEL_SKIP", "message"),
    ] {
        git_with(&repo, &["push", "--no-verify", "origin", "feature/x"], |command| {
            command.env("CARGO_SENTINEL_REASON", "let me in").env(name, value);
        })
        .refused("message");
    }
    // Where the server's own program is gone, no other takes its place.
    let shim = repo.origin().join("hooks/pre-receive");
    let program = env!("CARGO_BIN_EXE_cargo-sentinel");
    let text = std::fs::read_to_string(&shim)
        .unwrap()
        .replace(program, "/nowhere/cargo-sentinel");
    std::fs::write(&shim, text).unwrap();
    git_with(&repo, &["push", "--no-verify", "origin", "feature/x"], |command| {
        command.env("PATH", &path).env("CARGO_SENTINEL_BIN", program);
    })
    .refused("binary");
}
