//! The form of a message for programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The form of a message for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// `schema/webhook.schema.json`: the event, the alert, and what to do.
    #[default]
    Provwatch,
    /// Detection Finding (class 2004) of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// `CloudEvents` 1.0 in structured mode, with the alert as data.
    CloudEvents,
}
