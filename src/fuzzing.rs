//! The door through which the fuzzer reaches what is no part of the public library. Never compiled into a release.

/// Reads a journal's bytes; what can be read must read the same once it was written again.
///
/// # Panics
/// Where it does not.
#[expect(clippy::panic, reason = "a broken law is what the fuzzer looks for")]
pub fn journal(bytes: &[u8]) {
    if let Err(broken) = crate::engine::journal::reread(bytes) {
        panic!("{broken}");
    }
}
