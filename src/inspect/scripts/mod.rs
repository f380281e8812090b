//! The code of a package that runs by itself: when it is installed, built, or whenever the interpreter starts.

pub(super) mod crates;
pub(super) mod npm;
pub(super) mod sdist;
pub(super) mod wheel;

use schemars::JsonSchema;
use serde::Serialize;

/// When a piece of code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// When the package is installed.
    Install,
    /// Whenever the interpreter starts.
    Start,
    /// When a program that uses the package is built.
    Build,
    /// When the package is installed from its repository, not from the registry.
    Repository,
    /// When a person calls it: it is put among the programs.
    Call,
}

impl When {
    /// In words: `runs …`.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Install => "at installation",
            Self::Start => "at each start of the interpreter",
            Self::Build => "at each build",
            Self::Repository => "at installation from the repository only",
            Self::Call => "when it is called",
        }
    }

    /// Whether it runs without a person who calls it.
    pub const fn is_automatic(self) -> bool {
        matches!(self, Self::Install | Self::Start | Self::Build)
    }
}

/// A piece of code that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its name: `postinstall`, `setup.py`.
    pub name: String,
    /// When it runs.
    pub when: When,
    /// Its command, if it is one.
    pub command: Option<String>,
    /// The files of the archive that it is, or names.
    pub files: Vec<String>,
    /// Whether it changes with many honest versions, as build files do.
    pub varies: bool,
}

/// The scripts of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scripts {
    /// Those that were found.
    pub found: Vec<Script>,
    /// What could not be read, so that there may be more; sentences.
    pub unread: Vec<String>,
    is_cut: bool,
}

/// Most scripts of one archive.
const MAX_SCRIPTS: usize = 1000;

impl Scripts {
    fn add(&mut self, name: impl Into<String>, when: When, command: Option<String>, files: Vec<String>) {
        self.push(Script { name: name.into(), when, command, files, varies: false });
    }

    fn push(&mut self, script: Script) {
        if self.found.len() < MAX_SCRIPTS {
            self.found.push(script);
        } else if !self.is_cut {
            self.is_cut = true;
            self.unread.push(format!("what runs besides: there are more than {MAX_SCRIPTS} scripts"));
        }
    }

    /// Adds a file of a build.
    fn add_build(&mut self, name: &str, when: When, command: Option<String>, files: Vec<String>) {
        self.push(Script { name: name.to_owned(), when, command, files, varies: true });
    }
}
