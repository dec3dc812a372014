//! The clock: the one place that reads the time of day.

/// Waits. Only for what another machine or process does and does not announce.
pub(crate) fn pause(duration: std::time::Duration) {
    std::thread::sleep(duration);
}

/// Seconds since the Unix epoch. `SOURCE_DATE_EPOCH` is not consulted: a release's date is the day it was made.
#[expect(clippy::disallowed_methods, reason = "this is the room of the clock")]
pub(crate) fn now() -> i64 {
    #[cfg(test)]
    if let Some(at) = super::faults::stopped_clock() {
        return at;
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
}
