//! The shape that every plan has, and what is refused for lacking it.

use super::*;

const OLD: Oid = Oid::null(gix::hash::Kind::Sha1);

fn about() -> About {
    About {
        tag: TagName::new("v0.2.0").unwrap(),
        command: Command::Cut,
        version: Version::new(0, 2, 0),
        started: 1,
        next: "next".to_owned(),
    }
}

fn move_to(new: Input) -> RefMove {
    RefMove {
        name: RefName::new("refs/heads/x").unwrap(),
        old: None,
        new: Some(new),
    }
}

fn objects(id: &str) -> Step {
    Step::invisible(id, "write", Effect::WriteObjects(Vec::new()))
}

fn push(new: Input) -> Step {
    Step::push("push", "origin", vec![move_to(new)], true)
}

fn commit(id: &str) -> Step {
    let commit = NewCommit {
        tree: OLD,
        parents: Vec::new(),
        author: String::new(),
        committer: String::new(),
        message: String::new(),
        signed: false,
    };
    Step::invisible(id, "commit", Effect::CreateCommit(commit))
}

fn inconsistent(plan: Result<Plan, PlanError>) -> String {
    match plan.unwrap_err() {
        PlanError::Inconsistent(why) => why,
        PlanError::Blocked(findings) => panic!("{findings:?}"),
    }
}

#[test]
fn a_release_has_one_shape() {
    let made = || Input::OutputOf(StepId::new("commit"));
    let refs = || Step::refs("refs", vec![move_to(made())]);
    let plan = Plan::new(about(), &[], vec![commit("commit")], push(made()), vec![refs()]).unwrap();
    assert_eq!(plan.commit_point(), 1);
    assert!(plan.is_pushed() && !plan.is_published());
    let local = Plan::new(about(), &[], vec![commit("commit")], refs(), Vec::new()).unwrap();
    assert!(!local.is_pushed());

    let seen_early = Plan::new(about(), &[], vec![commit("commit"), refs()], push(made()), Vec::new());
    assert!(inconsistent(seen_early).contains("can be seen"));
    let no_commit_point = Plan::new(about(), &[], Vec::new(), commit("commit"), Vec::new());
    assert!(inconsistent(no_commit_point).contains("cannot be the commit point"));
    let hidden_late = Plan::new(
        about(),
        &[],
        vec![commit("commit")],
        push(made()),
        vec![objects("objects")],
    );
    assert!(inconsistent(hidden_late).contains("belongs before"));
}

#[test]
fn a_step_needs_only_what_came_before_it() {
    let unmade = Plan::new(
        about(),
        &[],
        Vec::new(),
        push(Input::OutputOf(StepId::new("commit"))),
        Vec::new(),
    );
    assert!(inconsistent(unmade).contains("needs `commit`"));
    let twice = vec![objects("objects"), objects("objects")];
    let twice = Plan::new(about(), &[], twice, push(Input::Literal(OLD)), Vec::new());
    assert!(inconsistent(twice).contains("two steps are named `objects`"));
}

#[test]
fn whatever_does_not_pass_blocks() {
    for verdict in [Verdict::Unknown, Verdict::Fail, Verdict::Critical] {
        let finding = Finding {
            check: "tree",
            verdict,
            because: "so".to_owned(),
            remedy: None,
        };
        let plan = Plan::new(about(), &[finding], Vec::new(), push(Input::Literal(OLD)), Vec::new());
        assert!(matches!(plan, Err(PlanError::Blocked(_))), "{verdict:?}");
    }
}

#[test]
fn a_move_back_is_the_move_before_it() {
    let moved = move_to(Input::Literal(OLD));
    assert_eq!(moved.reversed().reversed(), moved);
    assert_eq!(moved.reversed().old, moved.new);
}
