//! Printing: answers on standard output, messages on standard error, colour where it is wanted.

use std::io::{IsTerminal as _, Write as _};

use super::args::{Color, Global};
use crate::app::Error;
use crate::core::hooks::message::is_obeyed;
use crate::wire::{self, Document};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) json: bool,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
    color: bool,
}

/// A style for a word on a terminal (ECMA-48, SGR).
#[derive(Debug, Clone, Copy)]
pub(super) enum Paint {
    Good,
    Bad,
    Dim,
    Strong,
}

/// What begins each style, and what ends them all.
const STYLES: [&str; 5] = ["\u{1b}[32m", "\u{1b}[1;31m", "\u{1b}[2m", "\u{1b}[1m", "\u{1b}[0m"];

impl Output {
    pub(super) fn new(global: &Global) -> Self {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !crate::app::no_color() && std::io::stderr().is_terminal(),
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            color,
        }
    }

    /// The answer.
    pub(super) fn answer(&self, text: &str) {
        to_stdout(text);
    }

    /// The answer as JSON.
    pub(super) fn document(&self, value: &Document) {
        document(value);
    }

    /// A message.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            to_stderr(text);
        }
    }

    /// Prints an error and gives its exit code.
    pub(super) fn error(&self, error: &Error) -> u8 {
        if self.json {
            document(&wire::error(error));
        } else {
            to_stderr(&self.error_text(error));
        }
        error.kind.exit_code()
    }

    fn error_text(&self, error: &Error) -> String {
        let label = self.paint(Paint::Bad, "error");
        let hint = self.paint(Paint::Strong, " hint");
        if error.findings.len() > 1 {
            let mut text = format!("{label}: {} checks refuse; nothing was changed\n", error.findings.len());
            for (at, finding) in error.findings.iter().enumerate() {
                text.push_str(&format!(
                    "  {}: {}\n",
                    self.paint(Paint::Strong, finding.check),
                    indented(&finding.because)
                ));
                // What one remedy mends is listed together, the remedy once below.
                let next = error.findings.get(at + 1);
                let again = next.is_some_and(|next| next.check == finding.check && next.remedy == finding.remedy);
                if let (Some(remedy), false) = (&finding.remedy, again) {
                    text.push_str(&format!("    {}: {remedy}\n", self.paint(Paint::Dim, "fix")));
                }
            }
            return text;
        }
        let mut text = format!("{label}: {}\n", error.message);
        for line in &error.hints {
            text.push_str(&format!("{hint}: {line}\n"));
        }
        text
    }

    /// A painted word in a column: padded by what is seen, since what paints takes no room.
    pub(super) fn column(&self, paint: Paint, text: &str, width: usize) -> String {
        let padding = width.saturating_sub(text.chars().count());
        format!("{}{:padding$}", self.paint(paint, text), "")
    }

    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let [good, bad, dim, strong, end] = STYLES;
        let begin = match paint {
            Paint::Good => good,
            Paint::Bad => bad,
            Paint::Dim => dim,
            Paint::Strong => strong,
        };
        format!("{begin}{text}{end}")
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

/// Prints a document. Keys keep the order of their contract's alphabet, so that equal answers are equal bytes.
pub(super) fn document(value: &Document) {
    to_stdout(&format!("{value:#}\n"));
}

/// Whoever reads us may stop reading (`| head`); that is no error of ours.
fn to_stdout(text: &str) {
    let mut stdout = std::io::stdout().lock();
    drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

/// Whoever committed or pushed may have stopped listening; that is no error of ours.
pub(super) fn to_stderr(text: &str) {
    drop(std::io::stderr().lock().write_all(visible(text).as_bytes()));
}

/// A message, with whatever a terminal would obey made visible, but for our styles: who wrote what it quotes has no say there.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let style = STYLES.iter().find(|style| rest.starts_with(**style));
        let (head, tail) = rest.split_at(style.map_or(c.len_utf8(), |style| style.len()));
        if style.is_none() && is_obeyed(c) && !matches!(c, '\n' | '\t') {
            shown.extend(c.escape_default());
        } else {
            shown.push_str(head);
        }
        rest = tail;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nobody_but_us() {
        let painted = format!("{}red{}: a\tb\n", STYLES[1], STYLES[4]);
        assert_eq!(visible(&painted), painted);
        assert_eq!(
            visible("\u{1b}[8mhidden\r\u{202e}x\u{9b}2J"),
            r"\u{1b}[8mhidden\r\u{202e}x\u{9b}2J"
        );
    }
    use crate::app::Kind;
    use crate::core::check::{Finding, Verdict};

    #[test]
    fn a_remedy_stands_once_below_all_that_it_mends() {
        let finding = |check, because: &str, remedy: &str| Finding {
            check,
            verdict: Verdict::Fail,
            because: because.to_owned(),
            remedy: Some(remedy.to_owned()),
        };
        let mut error = Error::new(Kind::Blocked, "refused");
        error.findings = vec![
            finding("tree", "it is not clean", "git status"),
            finding("packages", "a has 0.1.0", "give them one version"),
            finding("packages", "b has 0.2.0", "give them one version"),
            finding("packages", "c cannot be read", "cargo metadata"),
        ];
        let output = Output {
            json: false,
            quiet: false,
            verbose: false,
            color: false,
        };
        insta::assert_snapshot!(output.error_text(&error), @r"
        error: 4 checks refuse; nothing was changed
          tree: it is not clean
            fix: git status
          packages: a has 0.1.0
          packages: b has 0.2.0
            fix: give them one version
          packages: c cannot be read
            fix: cargo metadata
        ");
    }
}
