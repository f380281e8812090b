//! The alerts of timelines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Alert;

/// An alert of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseAlert {
    /// The timeline's name.
    pub case: String,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}
