//! The section `[detectors.<id>]`: settings of one detector.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Severity;

/// `[detectors.<id>]`: settings of one detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DetectorSection {
    /// Whether the detector raises signals.
    pub enabled: bool,
    /// The severity of the detector's signals, in place of its own. Informational signals stay informational.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The limit of a detector that counts days, in place of its own. Only `repository-young` has one, of 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

impl Default for DetectorSection {
    fn default() -> Self {
        Self { enabled: true, severity: None, days: None }
    }
}
