//! Changes that the operator announced before they happen.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Package;

/// A change that the operator announced before it happens: what fits it within its time is no alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedChange {
    /// Its number.
    pub id: i64,
    /// The package.
    pub package: Package,
    /// What changes.
    pub change: ChangeKind,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// Who announced it to provwatch.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was announced.
    pub created_at: DateTime<Utc>,
    /// When an operator removed it: it applies to no release since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removal>,
}

/// The removal of an announced change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removal {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; earlier versions did not record that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "what", content = "value")]
pub enum ChangeKind {
    /// It is built from this repository, `github.com/acme/widget`.
    Repository(String),
    /// It is built by this workflow file, relative to its repository.
    Workflow(String),
    /// This account publishes.
    Publisher(String),
    /// It is published by hand, with a token, by this account.
    Manual(String),
}

impl ExpectedChange {
    /// Whether it applies to a package's release at that time.
    pub fn covers(&self, package: &Package, at: DateTime<Utc>) -> bool {
        self.removed.is_none() && self.package == *package && self.from <= at && at <= self.until
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(name) => write!(f, "a move to the repository {name}"),
            Self::Workflow(path) => write!(f, "a move to the workflow {path}"),
            Self::Publisher(name) => write!(f, "publishing by {name}"),
            Self::Manual(name) => write!(f, "publishing by hand by {name}"),
        }
    }
}
