//! Front ends. The only rooms that print.

pub mod cli;
