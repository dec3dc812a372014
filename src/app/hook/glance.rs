//! What a hook sees at a glance: that there is nothing to say. Nearly every commit and push is of that kind, and waits for it.
//!
//! Whatever is not plainly good, or cannot be told from so little, is looked at in full: no refusal comes from here, and an
//! error is none yet.

use std::path::Path;

use super::{Error, HookCall, protected};
use crate::core::check;
use crate::core::hooks::push::{Format, Line, PushFacts, parse};
use crate::core::hooks::{CommitFacts, HookName, Observed, staged};
use crate::core::ids::BranchName;
use crate::core::policy::Policy;
use crate::engine::probe::{self, brought, push};
use crate::host::stored::Glance;

/// Whether the checks of this call would say nothing.
pub(super) fn is_plainly_good(dir: &Path, call: &HookCall, stdin: Option<&[u8]>) -> bool {
    let seen = match call.name {
        HookName::CommitMsg => {
            let message = call.args.first();
            return message.is_some_and(|path| brought::is_plainly_good_message(dir, &dir.join(path)));
        }
        HookName::PreCommit | HookName::PreMergeCommit => commit(dir).map(|facts| facts.map(Observed::Commit)),
        HookName::PrePush => pushed(dir, call, stdin.unwrap_or_default()).map(|facts| facts.map(Observed::Push)),
        // The policy of record takes more.
        HookName::PreReceive => return false,
    };
    let seen = seen.ok().flatten();
    seen.is_some_and(|observed| check::run_hooks(&observed).is_empty())
}

fn commit(dir: &Path) -> Result<Option<CommitFacts>, Error> {
    let (Some(policy), Some(glance)) = (probe::written_in(dir)?, Glance::at(dir, staged::LARGEST)?) else {
        return Ok(None);
    };
    let branches: Vec<BranchName> = match &policy.hooks.protect {
        Some(branches) => branches.clone(),
        None => match SetApart::seen(&glance, &policy)? {
            Some(set_apart) => set_apart.protected,
            None => return Ok(None),
        },
    };
    Ok(brought::commit_at_a_glance(&glance, dir, branches)?)
}

/// A push that moves branches alone, and none that has a rule of its own.
fn pushed(dir: &Path, call: &HookCall, stdin: &[u8]) -> Result<Option<PushFacts>, Error> {
    let remote = call.args.first().and_then(|name| name.to_str());
    let (Some(remote), Ok(lines)) = (remote, parse(stdin, Format::PrePush)) else {
        return Ok(None);
    };
    let (Some(policy), Some(glance)) = (probe::written_in(dir)?, Glance::at(dir, staged::LARGEST)?) else {
        return Ok(None);
    };
    let Some(set_apart) = SetApart::seen(&glance, &policy)? else {
        return Ok(None);
    };
    let is_ordinary = |line: &Line| {
        let short = line.name.strip_prefix("refs/heads/");
        let is_free = |short| !set_apart.has(short) && policy.release.branch.parse(short).is_none();
        line.new.is_some() && short.is_some_and(is_free)
    };
    match lines.iter().all(is_ordinary) {
        true => Ok(push::ordinary_at_a_glance(&glance, remote, &lines)?),
        false => Ok(None),
    }
}

/// The branches that have rules of their own.
#[derive(Default)]
struct SetApart {
    /// Releases alone move them.
    protected: Vec<BranchName>,
    /// A release moves from one to the other.
    ends: Vec<BranchName>,
}

impl SetApart {
    /// By this repository alone, and by each remote that may count: which one does is in the configuration, so what any of them
    /// would protect is taken as protected. `None` where that takes long to say.
    fn seen(glance: &Glance, policy: &Policy) -> Result<Option<Self>, Error> {
        let Some(remotes) = glance.remotes_with(&probe::DECIDING)? else {
            return Ok(None);
        };
        let mut found = Self::default();
        for remote in [None].into_iter().chain(remotes.iter().map(|name| Some(name.as_str()))) {
            let (flow, protected) = protected(glance, policy, remote)?;
            found.protected.extend(protected);
            found
                .ends
                .extend(flow.into_iter().flat_map(|flow| [flow.integration, flow.production]));
        }
        Ok(Some(found))
    }

    fn has(&self, short: &str) -> bool {
        self.protected
            .iter()
            .chain(&self.ends)
            .any(|name| name.as_str() == short)
    }
}

#[cfg(test)]
mod tests {
    use super::super::in_full;
    use super::*;
    use crate::support::repo::Repo as World;

    /// What is to be seen of a commit or a push.
    #[derive(Debug, PartialEq, Eq)]
    enum Seen {
        /// That it is good, at a glance.
        AtAGlance,
        /// That it is good, but not at a glance.
        InFull,
        /// That it is not, by this check first.
        Refused(&'static str),
        /// That there is something to say of it.
        Noted,
    }

    fn seen(dir: &Path) -> Seen {
        seen_by(dir, HookName::PreCommit, &[], "")
    }

    fn seen_by(dir: &Path, name: HookName, args: &[&str], stdin: &str) -> Seen {
        let call = HookCall {
            name,
            args: args.iter().map(Into::into).collect(),
            shim: None,
        };
        let stdin = Some(stdin.as_bytes());
        let told = match in_full(dir, &call, stdin) {
            Ok(outcome) => match outcome.refused.first() {
                Some(finding) => Some(Seen::Refused(finding.check)),
                None if !outcome.notes.is_empty() => Some(Seen::Noted),
                None => None,
            },
            Err(_) => Some(Seen::Refused("repository")),
        };
        match (is_plainly_good(dir, &call, stdin), told) {
            (true, None) => Seen::AtAGlance,
            (false, None) => Seen::InFull,
            (false, Some(told)) => told,
            (true, Some(told)) => panic!("called good at a glance: {told:?}"),
        }
    }

    fn staged(world: World, branch: &str) -> World {
        world.write("sentinel.toml", "schema = 1\n");
        world.git(&format!("switch -q {branch}"));
        world.write("src/new.rs", "// new\n");
        world.git("add src sentinel.toml");
        world
    }

    #[test]
    fn the_branch_decides() {
        use Seen::{AtAGlance, InFull, Refused};
        let on = |world: World, branch: &str| seen(&staged(world, branch).dir());
        assert_eq!(on(World::flow(), "develop"), AtAGlance);
        assert_eq!(on(World::flow(), "-c feature/x"), AtAGlance);
        assert_eq!(on(World::flow(), "main"), Refused("branch"));
        assert_eq!(on(World::trunk(), "main"), AtAGlance);
        let protecting = |branch: &str| {
            let world = staged(World::flow(), branch);
            world.write("sentinel.toml", "schema = 1\n[hooks]\nprotect = [\"develop\"]\n");
            world
        };
        assert_eq!(seen(&protecting("main").dir()), AtAGlance);
        let world = protecting("develop");
        assert_eq!(seen(&world.dir()), Refused("branch"));
        // No branch at all.
        world.git("switch -q --detach");
        assert_eq!(seen(&world.dir()), InFull);
        let unborn = World::empty();
        unborn.write("sentinel.toml", "schema = 1\n");
        unborn.git("add sentinel.toml");
        assert_eq!(seen(&unborn.dir()), AtAGlance);
    }

    #[test]
    fn a_remote_that_may_count_counts() {
        let world = staged(World::trunk(), "main");
        let tip = world.git("rev-parse HEAD");
        // Only the remote has a branch that makes this one production.
        world.git(&format!("update-ref refs/remotes/origin/develop {tip}"));
        assert_eq!(seen(&world.dir()), Seen::Refused("branch"));
        world.git("pack-refs --all");
        assert_eq!(seen(&world.dir()), Seen::Refused("branch"));
        // Another remote's does not, which takes the configuration to tell.
        world.git("update-ref -d refs/remotes/origin/develop");
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        world.git(&format!("update-ref refs/remotes/team/fork/develop {tip}"));
        assert_eq!(seen(&world.dir()), Seen::InFull);
        world.git("remote add team/fork /nowhere");
        world.git("remote remove origin");
        assert_eq!(seen(&world.dir()), Seen::Refused("branch"));
        // Many remotes are not looked at one by one.
        world.git("update-ref -d refs/remotes/team/fork/develop");
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        for number in 0..5 {
            world.git(&format!("update-ref refs/remotes/r{number}/main {tip}"));
        }
        assert_eq!(seen(&world.dir()), Seen::InFull);
    }

    #[test]
    fn a_remote_behind_a_link_counts() {
        let world = staged(World::trunk(), "main");
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        let tip = world.git("rev-parse HEAD");
        let git_dir = world.dir().join(".git");
        let remotes = git_dir.join("refs/remotes");
        crate::host::fs::create_dir(&git_dir.join("elsewhere")).unwrap();
        crate::host::fs::create_dir(&remotes).unwrap();
        crate::host::fs::write_scratch(&git_dir.join("elsewhere/develop"), tip.as_bytes()).unwrap();
        // A file, and a directory.
        crate::host::fs::create_dir(&remotes.join("origin")).unwrap();
        crate::host::fs::link("../../../elsewhere/develop".as_ref(), &remotes.join("origin/develop")).unwrap();
        assert_eq!(seen(&world.dir()), Seen::Refused("branch"));
        crate::host::fs::remove_dir(&remotes.join("origin")).unwrap();
        crate::host::fs::link("../../elsewhere".as_ref(), &remotes.join("origin")).unwrap();
        assert_eq!(seen(&world.dir()), Seen::Refused("branch"));
    }

    #[test]
    fn refs_that_lie_elsewhere_take_more_than_a_glance() {
        let world = staged(World::trunk(), "main");
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        let common = world.dir().join(".git/commondir");
        crate::host::fs::write_scratch(&common, b".").unwrap();
        assert_eq!(seen(&world.dir()), Seen::InFull);
        // There, another branch makes this one production.
        world.git("clone -q . ../elsewhere");
        let elsewhere = world.root().join("elsewhere");
        world.git_in(&elsewhere, "branch develop");
        let there = elsewhere.join(".git");
        crate::host::fs::write_scratch(&common, there.as_os_str().as_encoded_bytes()).unwrap();
        assert_eq!(seen(&world.dir()), Seen::Refused("branch"));
    }

    #[test]
    fn branches_with_slashes_are_no_remotes() {
        let world = staged(World::flow(), "develop");
        let tip = world.git("rev-parse HEAD");
        for topic in ["feature", "release", "hotfix", "bugfix", "support", "user"] {
            world.git(&format!("update-ref refs/remotes/origin/{topic}/x {tip}"));
        }
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        world.git("pack-refs --all");
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        // Too many to be looked at one by one.
        for number in 0..300 {
            world.git(&format!("update-ref refs/remotes/origin/feature/{number} {tip}"));
        }
        assert_eq!(seen(&world.dir()), Seen::InFull);
        world.git("pack-refs --all");
        assert_eq!(seen(&world.dir()), Seen::InFull);
    }

    #[test]
    fn what_is_large_is_told_in_full() {
        let world = staged(World::flow(), "develop");
        // The index has room for 32 bits of a size, and notes that of the file, not of what a filter makes of it.
        world.write(".git/info/attributes", "large filter=grow");
        let config = world.read(".git/config");
        let grow = "[filter \"grow\"]\n\tclean = \"head -c 16777217 /dev/zero\"\n";
        world.write(".git/config", format!("{config}{grow}"));
        world.write("large", "x");
        world.git("add large");
        assert_eq!(seen(&world.dir()), Seen::Noted);
    }

    #[test]
    fn what_is_staged_decides() {
        let world = staged(World::flow(), "develop");
        // Put together here, so that no scanner takes it for one.
        world.write("src/new.rs", format!("{}{}\n", "ghp_", "aB3".repeat(12)));
        assert_eq!(seen(&world.dir()), Seen::AtAGlance, "not staged");
        world.git("add src");
        assert_eq!(seen(&world.dir()), Seen::Refused("secret"));
        world.write("src/new.rs", "<<<<<<< ours\n=======\n>>>>>>> theirs\n");
        world.git("add src");
        assert_eq!(seen(&world.dir()), Seen::Refused("conflict"));
        // Packages are compared with their lock file, which takes more than a glance.
        world.git("rm -q --cached -f src/new.rs");
        let manifest = world.read("Cargo.toml");
        world.write("Cargo.toml", format!("{manifest}\n# changed\n"));
        world.git("add Cargo.toml");
        assert_eq!(seen(&world.dir()), Seen::InFull);
        // A blob that is gone.
        world.git("reset -q Cargo.toml");
        world.write("src/new.rs", "// gone\n");
        world.git("add src");
        let id = world.git("rev-parse :src/new.rs");
        let blob = world.dir().join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
        crate::host::fs::remove_file(&blob).unwrap();
        assert_eq!(seen(&world.dir()), Seen::Refused("conflict"));
    }

    #[test]
    fn an_unusual_repository_takes_more_than_a_glance() {
        let world = staged(World::flow(), "develop");
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        world.git("worktree add -q ../linked -b feature/y");
        let linked = world.root().join("linked");
        world.git_in(&linked, "switch -q feature/y");
        crate::host::fs::write_scratch(&linked.join("sentinel.toml"), b"schema = 1\n").unwrap();
        assert_eq!(seen(&linked), Seen::InFull);
        assert_eq!(seen(&world.dir().join("src")), Seen::InFull, "not the top");
        world.git("config core.worktree ../");
        assert_eq!(seen(&world.dir()), Seen::InFull);
        world.git("config --unset core.worktree");
        // Configured in the manifest, or not at all.
        world.git("rm -q --cached sentinel.toml");
        crate::host::fs::remove_file(&world.dir().join("sentinel.toml")).unwrap();
        assert_eq!(seen(&world.dir()), Seen::InFull);
        let sha256 = World::empty_of("sha256");
        sha256.write("sentinel.toml", "schema = 1\n");
        sha256.git("add sentinel.toml");
        assert_eq!(seen(&sha256.dir()), Seen::InFull);
        // Packed, with the objects of another repository, it is as usual.
        let world = staged(World::flow(), "develop");
        world.git("repack -adq");
        world.git("pack-refs --all");
        world.git("clone -q --shared . ../shared");
        let shared = world.root().join("shared");
        crate::host::fs::write_scratch(&shared.join("sentinel.toml"), b"schema = 1\n").unwrap();
        world.git_in(&shared, "add sentinel.toml");
        assert_eq!(seen(&world.dir()), Seen::AtAGlance);
        assert_eq!(seen(&shared), Seen::AtAGlance);
    }

    /// What is seen of pushing `rev` to branches of a remote.
    fn pushing(world: &World, remote: &str, rev: &str, refs: &[&str]) -> Seen {
        let (new, none) = (world.git(&format!("rev-parse {rev}")), "0".repeat(40));
        let lines: String = refs.iter().map(|name| format!("{rev} {new} {name} {none}\n")).collect();
        seen_by(&world.dir(), HookName::PrePush, &[remote, "ignored"], &lines)
    }

    /// A remote that has two branches, and a good commit above them on a third.
    fn ahead() -> World {
        let world = World::flow();
        world.write("sentinel.toml", "schema = 1\n");
        for branch in ["main", "develop"] {
            world.git(&format!("update-ref refs/remotes/origin/{branch} refs/heads/{branch}"));
        }
        world.git("config remote.origin.url /nowhere");
        world.git_words(&["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
        world.git("switch -q -c topic");
        world.git("add sentinel.toml");
        world.git_words(&["commit", "-q", "-m", "feat: something"]);
        world
    }

    #[test]
    fn where_a_push_goes_decides() {
        use Seen::{AtAGlance, InFull, Refused};
        let world = ahead();
        let to = |refs: &[&str]| pushing(&world, "origin", "topic", refs);
        assert_eq!(to(&["refs/heads/topic"]), AtAGlance);
        assert_eq!(to(&["refs/heads/topic", "refs/heads/other"]), AtAGlance);
        assert_eq!(to(&[]), AtAGlance);
        assert_eq!(to(&["refs/heads/develop"]), InFull);
        assert_eq!(to(&["refs/notes/any"]), InFull);
        assert_eq!(to(&["refs/tags/any"]), InFull);
        for refused in ["main", "release/v0.2.0"] {
            let refused = format!("refs/heads/{refused}");
            assert_eq!(to(&["refs/heads/topic", &refused]), Refused("branch"), "{refused}");
        }
        assert_eq!(to(&["refs/heads/topic", "refs/stash"]), Refused("branch"));
        assert_eq!(to(&["refs/heads/topic", "refs/tags/v0.2.0"]), Refused("tag"));
        world.write("sentinel.toml", "schema = 1\n[hooks]\nprotect = [\"topic\"]\n");
        assert_eq!(to(&["refs/heads/topic"]), Refused("branch"));
        // What goes is looked at in full.
        let gone = format!(
            "(delete) {} refs/heads/old {}\n",
            "0".repeat(40),
            world.git("rev-parse main")
        );
        assert_eq!(seen_by(&world.dir(), HookName::PrePush, &["origin"], &gone), InFull);
    }

    #[test]
    fn each_new_message_of_a_push_is_read() {
        use Seen::{AtAGlance, InFull, Refused};
        let world = ahead();
        let seen = || pushing(&world, "origin", "topic", &["refs/heads/topic"]);
        world.git_words(&["commit", "-q", "--allow-empty", "--no-verify", "-m", "whatever"]);
        assert_eq!(seen(), Refused("message"));
        world.git_words(&["commit", "-q", "--allow-empty", "-m", "fix: another"]);
        assert_eq!(seen(), Refused("message"));
        // By a merge too.
        world.git("switch -q -c merged HEAD~2");
        world.git_words(&["merge", "-q", "--no-ff", "-m", "Merge branch 'topic'", "topic"]);
        assert_eq!(
            pushing(&world, "origin", "merged", &["refs/heads/x"]),
            Refused("message")
        );
        // Once the other side has it, it is nobody's business any more, packed or not.
        world.git("update-ref refs/remotes/origin/topic topic~1");
        assert_eq!(seen(), AtAGlance);
        world.git("pack-refs --all");
        assert_eq!(seen(), AtAGlance);
        // It has a commit without its being the tip of a branch.
        world.git("update-ref refs/remotes/origin/topic topic");
        assert_eq!(pushing(&world, "origin", "topic~1", &["refs/heads/x"]), InFull);
        world.git("update-ref -d refs/remotes/origin/topic");
        assert_eq!(seen(), Refused("message"));
    }

    #[test]
    fn a_remote_that_is_fetched_otherwise_takes_more_than_a_glance() {
        use Seen::{AtAGlance, InFull};
        let seen = |remote: &str, settings: &[[&str; 2]]| {
            let world = ahead();
            for [key, value] in settings {
                world.git_words(&["config", "--add", key, value]);
            }
            pushing(&world, remote, "topic", &["refs/heads/topic"])
        };
        assert_eq!(seen("origin", &[]), AtAGlance);
        assert_eq!(seen("/nowhere", &[]), InFull);
        assert_eq!(seen("Origin", &[]), InFull);
        let fetch = "remote.origin.fetch";
        assert_eq!(seen("origin", &[[fetch, "^refs/heads/main"]]), InFull);
        assert_eq!(seen("origin", &[[fetch, "+refs/notes/*:refs/notes/*"]]), InFull);
        assert_eq!(seen("origin", &[["include.path", "elsewhere"]]), InFull);
        assert_eq!(seen("origin", &[["includeIf.onbranch:main.path", "elsewhere"]]), InFull);
    }

    #[test]
    fn a_push_of_many_commits_takes_more_than_a_glance() {
        let world = ahead();
        for _ in 0..63 {
            world.git_words(&["commit", "-q", "--allow-empty", "-m", "fix: more"]);
        }
        let seen = || pushing(&world, "origin", "topic", &["refs/heads/topic"]);
        assert_eq!(seen(), Seen::AtAGlance);
        world.git_words(&["commit", "-q", "--allow-empty", "-m", "fix: more"]);
        assert_eq!(seen(), Seen::InFull);
    }
}
