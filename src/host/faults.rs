//! What unit tests do to their own process: kill it where a journal is written, and stop its clock. Exists in tests alone.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

static BOUNDARY: AtomicU64 = AtomicU64::new(0);
static DEADLY: AtomicU64 = AtomicU64::new(0);
static CLOCK: AtomicI64 = AtomicI64::new(i64::MIN);

/// Kills the process at the n-th boundary from here, counted from 1.
pub(crate) fn die_at(boundary: u64) {
    DEADLY.store(boundary, Ordering::SeqCst);
}

/// Stops the clock, in seconds since the Unix epoch.
pub(crate) fn stop_clock(at: i64) {
    CLOCK.store(at, Ordering::SeqCst);
}

/// The stopped clock's time.
pub(super) fn stopped_clock() -> Option<i64> {
    Some(CLOCK.load(Ordering::SeqCst)).filter(|at| *at != i64::MIN)
}

/// A moment just before or just after a record reaches the disk. No destructor runs at the deadly one, as none would if
/// the power failed.
pub(super) fn boundary() {
    let passed = BOUNDARY.fetch_add(1, Ordering::SeqCst) + 1;
    if passed == DEADLY.load(Ordering::SeqCst) {
        let itself = rustix::process::getpid();
        if rustix::process::kill_process(itself, rustix::process::Signal::KILL).is_err() {
            std::process::abort();
        }
    }
}
