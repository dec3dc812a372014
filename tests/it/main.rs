//! The integration tests: one binary, real git repositories.
