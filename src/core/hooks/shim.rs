//! The shims that stand in a hooks directory: rendered from `hooks/`, and recognised again.
//!
//! A shim is a few lines of POSIX sh that become the program. Its second line says who manages it, under which protocol,
//! and what the lines below it must be. Knows nothing of files.

use gix::bstr::ByteSlice as _;

use super::HookName;
use crate::core::ids::Digest;

/// How shims and the program talk: `hook run --shim <shim> <name> <argument>…`.
pub const PROTOCOL: &str = "1";
/// How the second line begins.
const MARK: &str = "# cargo-sentinel hook ";
/// Where the program's path goes, in single quotes.
const BINARY: &str = "@BINARY@";

fn template(hook: HookName) -> &'static str {
    match hook {
        HookName::PreCommit => include_str!("../../../hooks/pre-commit"),
        HookName::PreMergeCommit => include_str!("../../../hooks/pre-merge-commit"),
        HookName::CommitMsg => include_str!("../../../hooks/commit-msg"),
        HookName::PrePush => include_str!("../../../hooks/pre-push"),
        HookName::PreReceive => include_str!("../../../hooks/pre-receive"),
    }
}

/// A hook's shim. `binary` is the program's absolute path; without one the shim looks in the usual places alone, and means
/// the same on every machine.
pub fn render(hook: HookName, binary: Option<&str>) -> String {
    let path = binary.unwrap_or_default().replace('\'', r"'\''");
    let text = template(hook).replace(BINARY, &path);
    let (head, body) = parted(&text).unwrap_or((&text, ""));
    let (first, _) = head.split_once('\n').unwrap_or((head, ""));
    let digest = Digest::of(body.as_bytes());
    format!("{first}\n{MARK}{PROTOCOL} sha256:{digest}: managed by `cargo sentinel hooks`\n{body}")
}

/// What a file in a hooks directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// A shim as it was written, by this program or by another version of it.
    Intact,
    /// A shim that somebody edited.
    Edited,
    /// Somebody else's.
    Foreign,
}

/// Recognises a file.
pub fn recognise(text: &[u8]) -> Recognised {
    let Some((head, body)) = std::str::from_utf8(text).ok().and_then(parted) else {
        return Recognised::Foreign;
    };
    let second = head.lines().nth(1).unwrap_or_default();
    let Some(claim) = second.strip_prefix(MARK) else {
        return Recognised::Foreign;
    };
    let claimed = claim
        .split_once(" sha256:")
        .and_then(|(_, rest)| Digest::from_hex(rest.get(..64)?));
    let plain = head == format!("#!/bin/sh\n{second}\n");
    if plain && claimed == Some(Digest::of(body.as_bytes())) {
        Recognised::Intact
    } else {
        Recognised::Edited
    }
}

/// Whose hook a file is, for messages, where it says so.
pub fn manager(text: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 6] = [
        ("lefthook", "lefthook"),
        ("husky", "husky"),
        ("prek", "prek"),
        ("pre-commit.com", "pre-commit"),
        ("git lfs", "git-lfs"),
        ("git-lfs", "git-lfs"),
    ];
    let holds = |word: &str| text.contains_str(word);
    KNOWN.iter().find(|(word, _)| holds(word)).map(|(_, name)| *name)
}

/// The first two lines, and the rest.
fn parted(text: &str) -> Option<(&str, &str)> {
    let mut ends = text.match_indices('\n').map(|(at, _)| at + 1);
    text.split_at_checked(ends.nth(1)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shim_is_short_plain_and_the_same_for_every_hook() {
        for hook in HookName::ALL {
            let text = render(hook, Some("/opt/bin/cargo-sentinel"));
            let ways = if HookName::SERVER.contains(&hook) { 1 } else { 2 };
            assert!(
                text.lines().count() <= 10 && text.ends_with('\n') && !text.contains('\r'),
                "{text}"
            );
            assert_eq!(text.matches("exec ").count(), ways);
            assert_eq!(text.matches(&format!(" {hook} \"$@\"")).count(), ways);
            assert!(
                !text.contains('`') || text.matches('`').count() == 2,
                "no command is substituted: {text}"
            );
            assert!(!text.contains("$(") && !text.contains('|'), "no child process: {text}");
            if HookName::CLIENT.contains(&hook) {
                assert_eq!(
                    template(hook).replace(hook.as_str(), "x"),
                    template(HookName::PrePush).replace("pre-push", "x")
                );
            }
        }
    }

    #[test]
    fn on_a_server_no_variable_says_which_program_runs() {
        for hook in HookName::SERVER {
            let text = render(hook, Some("/opt/bin/cargo-sentinel"));
            // The shim's own name and arguments, which git gives.
            let rest = text.replace("\"$0\"", "").replace("\"$@\"", "");
            assert!(!rest.contains('$'), "{text}");
            let words = text.lines().filter(|line| !line.starts_with(['#', 'e']));
            let named = words
                .flat_map(|line| line.split(" && "))
                .filter(|word| !word.contains("'/opt/bin/"));
            assert_eq!(named.collect::<Vec<_>>(), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn what_was_written_is_recognised_and_an_edit_is_seen() {
        let text = render(HookName::PrePush, Some("/opt/bin/cargo-sentinel"));
        assert_eq!(recognise(text.as_bytes()), Recognised::Intact);
        assert_eq!(
            recognise(render(HookName::PrePush, None).as_bytes()),
            Recognised::Intact
        );
        assert_eq!(recognise(format!("{text}\necho mine\n").as_bytes()), Recognised::Edited);
        assert_eq!(
            recognise(text.replacen("/bin/sh", "/bin/bash", 1).as_bytes()),
            Recognised::Edited
        );
        assert_eq!(
            recognise(text.replacen("sha256:", "sha256:0", 1).as_bytes()),
            Recognised::Edited
        );
        for foreign in ["", "#!/bin/sh\n", "#!/bin/sh\n# mine\nexit 0\n", "\u{0}ELF"] {
            assert_eq!(recognise(foreign.as_bytes()), Recognised::Foreign, "{foreign}");
        }
        assert_eq!(manager(b"exec prek hook-impl"), Some("prek"));
        assert_eq!(manager(b"exit 0"), None);
    }

    proptest! {
        #[test]
        fn any_path_is_quoted_and_any_bytes_are_recognised(path in "(/[ -~é]{1,8}){1,3}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = render(HookName::PreCommit, Some(&path));
            prop_assert_eq!(recognise(text.as_bytes()), Recognised::Intact);
            let quoted = format!("'{}'", path.replace('\'', r"'\''"));
            prop_assert!(text.contains(&quoted));
            prop_assert_eq!(recognise(&bytes), Recognised::Foreign);
        }
    }
}
