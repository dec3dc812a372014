//! What unit tests do to their own process: kill it where a journal is written, stop its clock, have it wait less long for
//! other machines. Exists in tests alone.

use std::time::Duration;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

static BOUNDARY: AtomicU64 = AtomicU64::new(0);
static DEADLY: AtomicU64 = AtomicU64::new(0);
static CLOCK: AtomicI64 = AtomicI64::new(i64::MIN);
static PATIENCE_SECS: AtomicU64 = AtomicU64::new(0);

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

/// Bounds how long another machine is waited for, in seconds; 0 leaves that alone.
pub(crate) fn wait_at_most(patience_secs: u64) {
    PATIENCE_SECS.store(patience_secs, Ordering::SeqCst);
}

/// How long another machine is waited for.
pub(super) fn patience() -> Option<Duration> {
    let secs = Some(PATIENCE_SECS.load(Ordering::SeqCst)).filter(|secs| *secs != 0);
    secs.map(Duration::from_secs)
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
