//! A person at a terminal, or none: shows plans, asks, tells what happens.

use std::io::{BufRead as _, IsTerminal as _};

use super::output::{Output, Paint};
use crate::app::{Error, Event, Front, Kind};
use crate::core::plan::Plan;

/// The terminal.
#[derive(Debug)]
pub(super) struct Terminal<'a> {
    pub(super) output: &'a Output,
    /// Whether to go ahead without asking.
    pub(super) yes: bool,
}

impl Front for Terminal<'_> {
    fn confirm(&mut self, plan: &Plan) -> Result<bool, Error> {
        if self.yes {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            return if plan.is_published() {
                Err(Error::new(
                    Kind::Usage,
                    "this cannot be taken back, and there is no terminal to ask at",
                )
                .hint("add --yes, or look first with --dry-run"))
            } else {
                Ok(true)
            };
        }
        self.output.say(&plan_text(plan, self.output));
        self.output.say("Go on? [y/N] ");
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.map_err(|error| Error::new(Kind::Internal, format!("the answer cannot be read: {error}")))?;
        Ok(matches!(line.trim(), "y" | "Y" | "yes"))
    }

    fn event(&mut self, event: Event) {
        if self.output.json {
            return;
        }
        match event {
            Event::Begun { title, .. } => self
                .output
                .say(&format!("  {} {title}\n", self.output.paint(Paint::Dim, "·"))),
            Event::Done { step } if self.output.verbose => self
                .output
                .say(&format!("  {} {step}\n", self.output.paint(Paint::Good, "done"))),
            Event::Done { .. } => {}
            Event::FoundDone { step } => self.output.say(&format!(
                "  {} {step} was done already\n",
                self.output.paint(Paint::Dim, "·")
            )),
            Event::TakenBack { step } => self
                .output
                .say(&format!("  {} {step} taken back\n", self.output.paint(Paint::Dim, "·"))),
        }
    }
}

/// The plan, a line a step; the point of no return is marked.
pub(super) fn plan_text(plan: &Plan, output: &Output) -> String {
    let mut text = format!(
        "{} {}:\n",
        plan.command().as_str(),
        output.paint(Paint::Strong, &plan.version().to_string())
    );
    for (index, step) in plan.steps().iter().enumerate() {
        let mark = if index == plan.commit_point() {
            output.paint(Paint::Strong, "*")
        } else {
            " ".to_owned()
        };
        text.push_str(&format!(" {mark} {}\n", step.title));
    }
    text.push_str(&format!(
        "   {}\n",
        output.paint(Paint::Dim, "* from here on the release exists")
    ));
    text
}
