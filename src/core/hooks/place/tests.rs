//! Where hooks may go, and what changes: every combination of what may stand there.

use super::*;

const HOOK: HookName = HookName::PrePush;

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn entry(text: &str, recognised: Recognised) -> Entry {
    Entry::Hook(Original {
        digest: digest(text),
        mode: 0o755,
        target: None,
        recognised,
        manager: None,
    })
}

fn standing(at: Entry, displaced: Entry) -> Standing {
    let recorded = match &displaced {
        Entry::Hook(original) => Some(original.clone()),
        Entry::Nothing | Entry::Other => None,
    };
    Standing {
        at,
        displaced,
        recorded,
    }
}

fn looked(dir: &str, configured: Option<(Scope, &str)>, in_tree: bool) -> Looked {
    Looked {
        dir: dir.into(),
        configured: configured.map(|(scope, value)| (scope, value.to_owned())),
        in_tree,
        own: dir.contains("/.git/"),
    }
}

#[test]
fn places() {
    let repository = |value| Some((Scope::Repository, value));
    let ask = |looked: &Looked, into: Option<&str>| {
        let refusal = admit(looked, into.map(Path::new), &HookName::CLIENT).err();
        refusal.map(|refusal| format!("{}: {}", refusal.because, refusal.remedies.join("; ")))
    };
    assert_eq!(ask(&looked("/r/.git/hooks", None, false), None), None);
    assert_eq!(ask(&looked("/elsewhere", repository("/elsewhere"), false), None), None);
    assert_eq!(
        ask(&looked("/r/.hooks", repository(".hooks"), true), Some("/r/.hooks")),
        None
    );
    let refused = [
        ask(&looked("/shared", Some((Scope::Shared, "/shared")), false), None),
        ask(&looked("/", repository(""), false), None),
        ask(&looked("/dev/null", repository("/dev/null"), false), None),
        ask(&looked("/r/.hooks", repository(".hooks"), true), None),
        ask(&looked("/r/.git/hooks", None, false), Some("/r/my hooks")),
        ask(&looked("/r/linked to", None, true), None),
    ];
    insta::assert_snapshot!(refused.map(Option::unwrap).join("\n"), @r#"
    core.hooksPath is `/shared` for more than this repository; it is left alone: git config --local core.hooksPath "$(git rev-parse --path-format=absolute --git-common-dir)/hooks"
    core.hooksPath is ``: no hook runs here: git config --unset-all core.hooksPath
    core.hooksPath is `/dev/null`: no hook runs here: git config --unset-all core.hooksPath
    core.hooksPath is `.hooks`, in the working tree: what is written there is everybody's: cargo sentinel hooks install --into /r/.hooks
    git looks for hooks in `/r/.git/hooks`, not in `/r/my hooks`: git config core.hooksPath '/r/my hooks'
    the repository's hooks directory is a link to `/r/linked to`, which others may share: cargo sentinel hooks install --into '/r/linked to'
    "#);
    let husky = admit(
        &looked("/r/.husky/_", repository(".husky/_"), false),
        None,
        &HookName::CLIENT,
    )
    .unwrap_err();
    assert_eq!(husky.remedies.len(), HookName::CLIENT.len());
}

#[test]
fn installing() {
    let wanted = digest("shim");
    let ours = entry("shim", Recognised::Intact);
    let foreign = entry("foreign", Recognised::Foreign);
    let change = |at: &Entry, aside: &Entry| install(HOOK, &standing(at.clone(), aside.clone()), wanted);
    assert_eq!(change(&Entry::Nothing, &Entry::Nothing), Ok(Change::Write));
    assert_eq!(change(&ours, &Entry::Nothing), Ok(Change::Keep));
    assert_eq!(change(&ours, &foreign), Ok(Change::Keep));
    assert_eq!(
        change(&entry("old shim", Recognised::Intact), &foreign),
        Ok(Change::Write)
    );
    assert!(matches!(change(&foreign, &Entry::Nothing), Ok(Change::Displace(_))));
    // A manager's newer hook takes the place of its older one.
    let managed = |text: &str, manager| match entry(text, Recognised::Foreign) {
        Entry::Hook(original) => Entry::Hook(Original { manager, ..original }),
        other @ (Entry::Nothing | Entry::Other) => other,
    };
    let (old, new) = (managed("old", Some("prek")), managed("new", Some("prek")));
    assert!(matches!(change(&new, &old), Ok(Change::Displace(_))));
    assert!(change(&managed("new", Some("lefthook")), &old).is_err());
    assert!(change(&managed("new", None), &managed("old", None)).is_err());
    assert_eq!(change(&foreign, &foreign), Ok(Change::Overwrite));
    assert_eq!(
        change(&Entry::Nothing, &foreign),
        Ok(Change::Write),
        "an interrupted installation goes on"
    );
    for (at, aside) in [
        (&entry("edited", Recognised::Edited), &Entry::Nothing),
        (&Entry::Other, &Entry::Nothing),
        (&foreign, &entry("another", Recognised::Foreign)),
        (&Entry::Nothing, &Entry::Other),
    ] {
        assert!(change(at, aside).is_err(), "{at:?} {aside:?}");
    }
    // A shim proves what stands beside it; a hook that only has the name does not.
    let unknown = |at: Entry| Standing {
        recorded: None,
        ..standing(at, foreign.clone())
    };
    assert!(install(HOOK, &unknown(Entry::Nothing), wanted).is_err());
    assert!(install(HOOK, &unknown(foreign.clone()), wanted).is_err());
    assert_eq!(install(HOOK, &unknown(ours.clone()), wanted), Ok(Change::Keep));
    assert_eq!(uninstall(HOOK, &unknown(ours)), Ok(Change::Restore));
}

#[test]
fn uninstalling() {
    let foreign = entry("foreign", Recognised::Foreign);
    let change = |at: &Entry, aside: &Entry| uninstall(HOOK, &standing(at.clone(), aside.clone()));
    let old = entry("old shim", Recognised::Intact);
    assert_eq!(change(&old, &Entry::Nothing), Ok(Change::Remove));
    assert_eq!(change(&old, &foreign), Ok(Change::Restore));
    assert_eq!(change(&Entry::Nothing, &foreign), Ok(Change::Restore));
    assert_eq!(change(&Entry::Nothing, &Entry::Nothing), Ok(Change::Keep));
    assert_eq!(change(&foreign, &Entry::Nothing), Ok(Change::Keep));
    assert_eq!(change(&Entry::Other, &Entry::Nothing), Ok(Change::Keep));
    for (at, aside) in [
        (&entry("edited", Recognised::Edited), &foreign),
        (&foreign, &foreign),
        (&Entry::Other, &foreign),
    ] {
        assert!(change(at, aside).is_err(), "{at:?}");
    }
}

#[test]
fn states() {
    let around = Surroundings {
        wanted: digest("shim"),
        looked_at: true,
        runnable: true,
    };
    let of = |at: Entry, around: Surroundings| state(&standing(at, Entry::Nothing), around);
    let ours = || entry("shim", Recognised::Intact);
    assert_eq!(of(ours(), around), State::Installed);
    assert_eq!(of(Entry::Nothing, around), State::Missing);
    assert_eq!(of(Entry::Other, around), State::Displaced);
    assert_eq!(of(entry("x", Recognised::Foreign), around), State::Displaced);
    assert_eq!(of(entry("x", Recognised::Edited), around), State::Edited);
    assert_eq!(of(entry("x", Recognised::Intact), around), State::Stale);
    assert_eq!(
        of(
            ours(),
            Surroundings {
                looked_at: false,
                ..around
            }
        ),
        State::Shadowed
    );
    assert_eq!(
        of(
            ours(),
            Surroundings {
                runnable: false,
                ..around
            }
        ),
        State::BinaryGone
    );
    let Entry::Hook(mut original) = ours() else { panic!() };
    original.mode = 0o644;
    assert_eq!(of(Entry::Hook(original), around), State::NotExecutable);
}
