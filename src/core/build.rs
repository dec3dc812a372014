//! What is built for a release and how: recipes, and what came of them.
//!
//! Plain data. Knows neither how cargo is called nor how a tag or a provenance statement is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::binding::Artifact;
use super::plan::Input;

/// How an artifact is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// The `.crate` file of a package, as `cargo package` makes it.
    Crate {
        /// The package.
        package: String,
    },
    /// A binary, as `cargo build --release --locked` makes it with the package's default features.
    Binary {
        /// The package.
        package: String,
        /// The binary target.
        bin: String,
        /// The target triple; `None` stands for the host's.
        target: Option<String>,
    },
    /// A file that a command makes at the top of the pristine checkout.
    File {
        /// The program and its arguments; never empty.
        command: Vec<String>,
        /// Where the command leaves the file, below the checkout's top.
        path: String,
    },
}

/// An artifact to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewArtifact {
    /// The file name under which it is released.
    pub name: String,
    /// How it is made.
    pub recipe: Recipe,
}

/// How often a binary is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Once: nothing is known of whether others would get the same bytes.
    Once,
    /// Twice, in two directories; whether the bytes agree is recorded.
    Twice,
}

/// A build from a pristine checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The commit to build.
    pub commit: Input,
    /// What to build, in this order; not empty.
    pub artifacts: Vec<NewArtifact>,
    /// How often binaries are built.
    pub repeat: Repeat,
    /// The directory that receives the finished artifacts, all at once.
    pub destination: PathBuf,
}

/// The compiler of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// The line that `rustc --version` prints.
    pub rustc: String,
    /// The host's target triple.
    pub host: String,
    /// The flags that were added, with the machine's paths replaced by names such as `$CARGO_HOME`.
    pub rustflags: Vec<String>,
}

/// What built the artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// The line that `cargo --version` prints.
    pub cargo: String,
    /// The compiler; `None` where nothing was compiled.
    pub compiler: Option<Compiler>,
}

/// What came of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The artifacts, sorted by name.
    pub artifacts: Vec<Artifact>,
    /// What built them.
    pub toolchain: Toolchain,
    /// Of each artifact that was built twice, whether the bytes agreed.
    pub reproducible: BTreeMap<String, bool>,
    /// The artifacts that do not say which commit they are from: their digests alone bind them.
    pub silent: BTreeSet<String>,
}
