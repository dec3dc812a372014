//! The journal's laws: what is written reads back equal, any bytes are read or refused, and a torn line is no record.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use semver::Version;

use super::*;
use crate::core::binding::Artifact;
use crate::core::build::{Build, Compiler, NewArtifact, Recipe, Repeat, Toolchain};
use crate::core::ids::{Digest, RefName, TagName};
use crate::core::plan::{
    About, Command, Effect, HeadAt, Input, NewCommit, NewStatement, NewTag, RefMove, Step, WorktreeMove,
};
use crate::core::tree::NewObject;

const MARK: &str = "0123456789abcdef";

fn places() -> Places {
    Places::below(Path::new("/repository/.git"))
}

fn oids() -> impl Strategy<Value = Oid> {
    "[0-9a-f]{40}|[0-9a-f]{64}".prop_map(|text| Oid::from_hex(text.as_bytes()).unwrap())
}

fn versions() -> impl Strategy<Value = Version> {
    (any::<[u64; 3]>(), "|-rc\\.[1-9]|\\+a|-0\\+b")
        .prop_map(|([major, minor, patch], rest)| Version::parse(&format!("{major}.{minor}.{patch}{rest}")).unwrap())
}

/// An id that is known, or the output of one of the first `steps` steps.
fn inputs(steps: usize) -> BoxedStrategy<Input> {
    let known = oids().prop_map(Input::Literal);
    if steps == 0 {
        return known.boxed();
    }
    let made = (0..steps).prop_map(|number| Input::OutputOf(StepId::new(format!("step-{number}"))));
    prop_oneof![known, made].boxed()
}

fn refs() -> impl Strategy<Value = RefName> {
    "refs/(heads|tags|remotes/origin)/[a-zäß]{1,6}(/v[0-9])?".prop_map(|name| RefName::new(name).unwrap())
}

fn moves(steps: usize) -> impl Strategy<Value = Vec<RefMove>> {
    let side = || proptest::option::of(inputs(steps));
    let moved = (refs(), side(), side()).prop_map(|(name, old, new)| RefMove { name, old, new });
    proptest::collection::vec(moved, 0..4)
}

fn objects() -> impl Strategy<Value = Vec<NewObject>> {
    use gix::objs::Kind;
    let kind = prop_oneof![Just(Kind::Blob), Just(Kind::Tree), Just(Kind::Commit), Just(Kind::Tag)];
    let data = proptest::collection::vec(any::<u8>(), 0..40);
    let object = (kind, data, oids()).prop_map(|(kind, data, id)| NewObject { kind, data, id });
    proptest::collection::vec(object, 0..3)
}

fn commits(steps: usize) -> impl Strategy<Value = NewCommit> {
    let parents = proptest::collection::vec(inputs(steps), 0..3);
    let words = (any::<String>(), any::<String>(), any::<String>());
    (oids(), parents, words, any::<bool>()).prop_map(|(tree, parents, (author, committer, message), signed)| {
        NewCommit {
            tree,
            parents,
            author,
            committer,
            message,
            signed,
        }
    })
}

fn tags(steps: usize) -> impl Strategy<Value = NewTag> {
    let step = || {
        inputs(steps).prop_map(|input| match input {
            Input::OutputOf(step) => Some(step),
            Input::Literal(_) => None,
        })
    };
    let words = (any::<String>(), any::<String>(), any::<String>());
    let name = "[vä][0-9]{1,4}".prop_map(|name| TagName::new(name).unwrap());
    let made = (step(), step());
    (name, inputs(steps), made, versions(), words, any::<bool>()).prop_map(
        |(name, commit, (artifacts, provenance), version, (title, notes, tagger), signed)| NewTag {
            signers_from: signed.then(|| name.full()),
            name,
            commit,
            artifacts,
            provenance,
            version,
            title,
            notes,
            tagger,
            signed,
        },
    )
}

fn recipes() -> impl Strategy<Value = Recipe> {
    prop_oneof![
        any::<String>().prop_map(|package| Recipe::Crate { package }),
        any::<(String, String, Option<String>)>().prop_map(|(package, bin, target)| Recipe::Binary {
            package,
            bin,
            target
        }),
        any::<(Vec<String>, String)>().prop_map(|(command, path)| Recipe::File { command, path }),
    ]
}

fn builds(steps: usize) -> impl Strategy<Value = Build> {
    let artifact = (any::<String>(), recipes()).prop_map(|(name, recipe)| NewArtifact { name, recipe });
    let artifacts = proptest::collection::vec(artifact, 1..3);
    let repeat = prop_oneof![Just(Repeat::Once), Just(Repeat::Twice)];
    (inputs(steps), artifacts, repeat, "v[0-9]{1,3}(/a)?").prop_map(|(commit, artifacts, repeat, tag)| Build {
        commit,
        artifacts,
        repeat,
        destination: places().build(None, &TagName::new(tag).unwrap()).unwrap(),
    })
}

fn statements(steps: usize) -> BoxedStrategy<NewStatement> {
    let words = any::<(Option<String>, bool)>();
    ("v[0-9]{1,4}", inputs(steps), 0..steps, words)
        .prop_map(|(tag, commit, step, (repository, signed))| NewStatement {
            tag: TagName::new(tag).unwrap(),
            commit,
            artifacts: StepId::new(format!("step-{step}")),
            repository,
            signed,
        })
        .boxed()
}

/// A step that nobody sees, behind `number` others.
fn invisible(number: usize) -> impl Strategy<Value = Step> {
    let mut effects = vec![
        objects().prop_map(Effect::WriteObjects).boxed(),
        commits(number).prop_map(Effect::CreateCommit).boxed(),
        builds(number).prop_map(Effect::Build).boxed(),
        tags(number).prop_map(Effect::CreateTag).boxed(),
    ];
    if number > 0 {
        effects.push(statements(number).prop_map(Effect::Attest).boxed());
    }
    let effect = proptest::strategy::Union::new(effects);
    (any::<String>(), effect).prop_map(move |(title, effect)| Step::invisible(&format!("step-{number}"), title, effect))
}

fn worktrees(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    let head = || {
        prop_oneof![
            refs().prop_map(HeadAt::Branch),
            inputs(steps).prop_map(HeadAt::Detached)
        ]
    };
    let commit = (inputs(steps), inputs(steps));
    let moved = ("\\.|worktrees/[a-z]{1,3}", head(), head(), commit).prop_map(|(name, from, to, commit)| {
        let (path, git_dir) = places().tree(&name).unwrap();
        WorktreeMove {
            path,
            git_dir,
            head: (from, to),
            commit,
        }
    });
    proptest::collection::vec((any::<String>(), moved), 0..3).prop_map(|moves| {
        let steps = moves.into_iter().enumerate();
        steps
            .map(|(number, (title, moved))| Step::worktree(number + 1, title, moved))
            .collect()
    })
}

fn plans() -> impl Strategy<Value = Plan> {
    let command = prop_oneof![Just(Command::Cut), Just(Command::Finish), Just(Command::Tag)];
    let about =
        (command, versions(), any::<i64>(), any::<String>()).prop_map(|(command, version, started, next)| About {
            command,
            tag: TagName::new(format!("v{version}")).unwrap(),
            version,
            started,
            next,
        });
    let steps = (0..4_usize).prop_flat_map(|count| {
        let before: Vec<_> = (0..count).map(invisible).collect();
        let pushed = proptest::option::of((any::<String>(), "[a-z]{1,8}", moves(count), any::<bool>()));
        (before, pushed, (any::<String>(), moves(count)), worktrees(count))
    });
    (about, steps).prop_map(|(about, (before, pushed, (title, local), worktrees))| {
        let refs = Step::refs(title, local);
        let (point, first) = match pushed {
            Some((title, remote, moves, reversible)) => (Step::push(title, &remote, moves, reversible), Some(refs)),
            None => (refs, None),
        };
        Plan::new(about, &[], before, point, first.into_iter().chain(worktrees).collect()).unwrap()
    })
}

fn records() -> impl Strategy<Value = Record> {
    let step = || any::<String>().prop_map(StepId::new);
    let artifact = (any::<String>(), any::<Vec<u8>>()).prop_map(|(name, bytes)| Artifact {
        name,
        digest: Digest::of(&bytes),
    });
    let compiler =
        any::<(String, String, Vec<String>)>().prop_map(|(rustc, host, rustflags)| Compiler { rustc, host, rustflags });
    let compiler = proptest::option::of(compiler);
    let agreed = any::<std::collections::BTreeMap<String, bool>>();
    let silent = any::<std::collections::BTreeSet<String>>();
    let envelope = prop_oneof![
        any::<String>().prop_map(Sealed::By),
        any::<String>().prop_map(Sealed::Not)
    ];
    let made = prop_oneof![
        Just(Made::Nothing),
        oids().prop_map(Made::Object),
        (
            proptest::collection::vec(artifact, 0..3),
            any::<String>(),
            compiler,
            agreed,
            silent
        )
            .prop_map(|(artifacts, cargo, compiler, reproducible, silent)| {
                Made::Built(Built {
                    artifacts,
                    toolchain: Toolchain { cargo, compiler },
                    reproducible,
                    silent,
                })
            }),
        (any::<[u8; 32]>(), envelope).prop_map(|(digest, envelope)| Made::Attested(Attested {
            digest: Digest::from_bytes(digest),
            envelope,
        })),
    ];
    let end = prop_oneof![
        Just(End::Done),
        Just(End::Undone),
        Just(End::Withdrawn),
        Just(End::Forgotten)
    ];
    prop_oneof![
        (step(), any::<i64>()).prop_map(|(step, at)| Record::Intent { step, at }),
        any::<(u32, u64)>().prop_map(|(pid, started)| Record::Child(ChildId { pid, started })),
        any::<String>().prop_map(Record::Scratch),
        (step(), made).prop_map(|(step, made)| Record::Outcome { step, made }),
        any::<i64>().prop_map(|at| Record::UndoBegun { at }),
        end.prop_map(Record::End),
    ]
}

fn run() -> RunId {
    RunId::new("20260102T030405Z-cut-0.2.0").unwrap()
}

/// A whole journal: each step begun and done, in order.
fn text_of(plan: &Plan) -> String {
    let mut text = format::first_line(&run(), plan, &places(), MARK).unwrap();
    for step in plan.steps() {
        let (step, at) = (step.id.clone(), plan.started());
        text += &format::line(&Record::Intent { step: step.clone(), at }).unwrap();
        text += &format::line(&Record::Outcome {
            step,
            made: Made::Nothing,
        })
        .unwrap();
    }
    text + &format::line(&Record::End(End::Done)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_reads_as_it_was_written(plan in plans()) {
        let line = format::first_line(&run(), &plan, &places(), MARK).unwrap();
        prop_assert_eq!(line.matches('\n').count(), 1);
        let first = First { run: run().to_string(), repository: MARK.to_owned(), plan };
        prop_assert_eq!(format::parse_first(line.trim_end(), &places()), Ok(first));
    }

    #[test]
    fn a_record_reads_as_it_was_written(record in records()) {
        let line = format::line(&record).unwrap();
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(format::parse_line(line.trim_end()), Ok(record));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), plan in plans(), at in any::<prop::sample::Index>()) {
        drop(replay(Path::new("x"), &bytes, &places()));
        let mut damaged = text_of(&plan).into_bytes();
        let at = at.index(damaged.len());
        damaged.splice(at..at + 1, bytes);
        drop(replay(Path::new("x"), &damaged, &places()));
        std::hint::black_box(end_of(&damaged));
    }

    /// A kill leaves any prefix of a journal; what counts are its whole lines, and without the first there was no run.
    #[test]
    fn a_torn_line_is_no_record(plan in plans(), at in any::<prop::sample::Index>()) {
        let text = text_of(&plan);
        let kept = at.index(text.len() + 1);
        let dir = tempfile::tempdir().unwrap();
        let here = Places::below(dir.path());
        prepare(dir.path()).unwrap();
        fs::write_atomic(&dir.path().join("sentinel/repository"), MARK.as_bytes()).unwrap();
        let path = path_of(&directory(dir.path()), &run());
        fs::write_scratch(&path, &text.as_bytes()[..kept]).unwrap();
        let whole = text.as_bytes()[..kept].iter().filter(|byte| **byte == b'\n').count();
        let opened = Journal::open(&here, &run()).unwrap();
        prop_assert_eq!(opened.is_some(), whole > 0);
        prop_assert_eq!(runs(dir.path()).unwrap().len(), usize::from(whole > 0));
        if let Some(journal) = opened {
            let mut journal = journal.admit();
            prop_assert_eq!(journal.progress().outcomes.len(), (whole - 1).min(2 * plan.steps().len()) / 2);
            prop_assert_eq!(journal.plan().steps().len(), plan.steps().len());
            // What is appended then stands on a line of its own.
            journal.record(Record::UndoBegun { at: 1 }).unwrap();
            let reopened = Journal::open(&here, &run()).unwrap().unwrap();
            prop_assert!(reopened.progress().undoing);
        }
    }
}

#[test]
fn what_no_journal_holds_is_refused_by_line() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let plan = plans().new_tree(&mut runner).unwrap().current();
    let first = format::first_line(&run(), &plan, &places(), MARK).unwrap();
    for (line, why) in [
        ("{\"intent\":{\"step\":\"nowhere\",\"at\":0}}", "no step `nowhere`"),
        ("{\"intent\":{\"step\":\"refs\"}}", "at"),
        ("{\"intend\":{}}", "intend"),
        ("[]", "line 2"),
        ("", "line 2"),
    ] {
        let damaged = format!("{first}{line}\n");
        let error = replay(Path::new("runs/x.jsonl"), damaged.as_bytes(), &places())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`runs/x.jsonl` is refused: it is damaged at line 2") && error.contains(why),
            "{error}"
        );
    }
    let newer = first.replace("sentinel.journal/3", "sentinel.journal/4");
    let error = replay(Path::new("x"), newer.as_bytes(), &places())
        .unwrap_err()
        .to_string();
    assert!(error.contains("sentinel.journal/4"), "{error}");
    let reversed = first.replace("\"commit_point\":", "\"commit_point\":9");
    assert!(replay(Path::new("x"), reversed.as_bytes(), &places()).is_err());
}
