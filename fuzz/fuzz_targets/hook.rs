//! See `hook` in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cargo_sentinel_fuzz::hook(bytes));
