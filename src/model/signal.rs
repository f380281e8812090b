use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;

/// What one detector has to say of one release, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// The detector's id, kebab-case.
    pub detector: Cow<'static, str>,
    /// How bad this is by itself.
    pub severity: Severity,
    /// What the baseline led one to expect, in words a person reads.
    pub expected: String,
    /// What the release shows instead.
    pub seen: String,
    /// Since when the expected held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<DateTime<Utc>>,
    /// Why the difference matters, in one or two sentences.
    pub why: String,
    /// True where the signal may only raise or support others and never alerts alone (odd hours).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub supporting: bool,
}
