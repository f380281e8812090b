//! `type = "command"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::Section;
use crate::config::{Finding, Form, Period, finding::error};

/// The keys of `type = "command"`: a program of yours, which receives each message as JSON on standard input. The sandbox of
/// the service forbids programs: install the drop-in `systemd/provwatch-command.conf` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandSection {
    /// The program, with an absolute path, and its arguments. No shell reads them.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// How long the program may take, `1s` to `25s`. Then provwatch kills it, and tries again later.
    #[serde(default = "timeout")]
    pub timeout: Period,
    /// The form of the document on standard input.
    #[serde(default)]
    pub form: Form,
}

fn timeout() -> Period {
    Period::seconds(20)
}

/// The longest time; an attempt of any sink has 30 seconds.
const MOST: Period = Period::seconds(25);

impl Section for CommandSection {
    fn findings(&self, key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        let mut findings = Vec::new();
        let program = self.command.first().map(PathBuf::from);
        if program.is_none_or(|program| !program.is_absolute()) {
            findings.push(error(key("command"), "the program must have an absolute path: no shell looks for it"));
        }
        if self.command.iter().any(|word| word.contains('\0')) {
            findings.push(error(key("command"), "a word has a NUL character, which no program can receive"));
        }
        if self.timeout < Period::seconds(1) || self.timeout > MOST {
            findings.push(error(key("timeout"), format!("expected 1s to {MOST}, not {}", self.timeout)));
        }
        findings
    }
}
