//! The section `[detectors.<id>]`: settings of one detector.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Severity;

/// `[detectors.<id>]`: settings of one detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DetectorSection {
    /// Whether it speaks at all.
    pub enabled: bool,
    /// The severity of its signals in place of the detector's own; informational ones keep theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// For detectors that draw a line in days (`repository-young`): where, in place of the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

impl Default for DetectorSection {
    fn default() -> Self {
        Self { enabled: true, severity: None, days: None }
    }
}
