//! Decisions. Pure: no I/O, no clock, no environment, no process.

pub mod ids;
