//! A finding about a configuration, with its severity.

use std::fmt;

use serde::Serialize;

/// Something about the configuration that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether provwatch can work with it.
    pub level: FindingLevel,
    /// The key: `subscriptions[0].password_file`.
    pub key: String,
    /// The error, and the remedy.
    pub what: String,
}

/// The level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingLevel {
    /// It works, and is probably unintended.
    Warning,
    /// It cannot work.
    Error,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

pub(super) fn error(key: impl Into<String>, what: impl Into<String>) -> Finding {
    Finding { level: FindingLevel::Error, key: key.into(), what: what.into() }
}

pub(super) fn warning(key: impl Into<String>, what: impl Into<String>) -> Finding {
    Finding { level: FindingLevel::Warning, key: key.into(), what: what.into() }
}
