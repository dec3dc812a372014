//! What a task prints: headings that are bold on a terminal, and commands as one would type them.

use std::io::IsTerminal as _;

/// Standard output, as it is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    styled: bool,
}

impl Page {
    /// Styled where a terminal looks on and does not ask for plain text (https://no-color.org).
    pub(crate) fn new() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            styled: !plain && std::io::stdout().is_terminal(),
        }
    }

    /// A heading, below a blank line.
    pub(crate) fn heading(self, text: &str) {
        println!("\n{}", self.sgr("1", text));
    }

    /// A sentence between commands.
    pub(crate) fn say(self, text: &str) {
        println!("{text}");
    }

    /// A command, as one would type it.
    pub(crate) fn command(self, line: &str) {
        println!("\n{} {}", self.sgr("32", "$"), self.sgr("36", line));
    }

    /// A verdict: green where it is good, else red.
    pub(crate) fn verdict(self, good: bool, text: &str) -> String {
        self.sgr(if good { "32" } else { "1;31" }, text)
    }

    /// Select Graphic Rendition (ECMA-48).
    fn sgr(self, code: &str, text: &str) -> String {
        if self.styled {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
