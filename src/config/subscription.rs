//! The section `[[subscriptions]]`: receivers of alerts, and which alerts each wants.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digest, Escalate, Period, QuietHours, Sink};
use crate::model::{AlertKind, AlertMatchers, Severity};

/// `[[subscriptions]]`: one receiver, and the alerts that it receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subscription {
    /// The subscription's name in messages, and the key of its deliveries. No two subscriptions may have the same name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The lowest severity of the alerts that provwatch sends to this receiver.
    #[serde(default = "medium")]
    pub min_severity: Severity,
    /// The kinds of alerts that provwatch sends to this receiver. Default: all.
    #[serde(default = "all_kinds")]
    #[schemars(length(min = 1))]
    pub kinds: Vec<AlertKind>,
    /// Further conditions on the alerts that provwatch sends to this receiver. All must hold; of a list, one value is
    /// enough. `min_severity` and `kinds` in it replace those above.
    #[serde(rename = "match", default, skip_serializing_if = "AlertMatchers::is_empty")]
    pub matchers: AlertMatchers,
    /// How often provwatch sends an alert again that is still open, that is, neither acknowledged nor resolved; at least
    /// `5m`. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Period>,
    /// Hours in which provwatch sends critical alerts only; it sends the others once when they are over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// One message about each day or week in place of single ones, also when nothing happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Another subscription that receives a critical alert that was not acknowledged in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalate>,
    /// Whether provwatch tells this receiver that an alert of an earlier message was acknowledged, snoozed, resolved or
    /// reopened. Default: true; with `digest`, false. A receiver that keeps alerts open is told of the end in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_resolution: Option<bool>,
    /// The way to the receiver.
    #[serde(flatten)]
    pub sink: Sink,
}

const fn medium() -> Severity {
    Severity::Medium
}

fn all_kinds() -> Vec<AlertKind> {
    vec![AlertKind::Release, AlertKind::Campaign, AlertKind::Log, AlertKind::Operation]
}

impl Subscription {
    /// All conditions on the alerts that it receives.
    pub fn conditions(&self) -> AlertMatchers {
        let own = self.matchers.clone();
        let kinds = if own.kinds.is_empty() { self.kinds.clone() } else { own.kinds };
        AlertMatchers { min_severity: Some(own.min_severity.unwrap_or(self.min_severity)), kinds, ..own }
    }

    /// The sink's word in the configuration.
    pub fn sink_type(&self) -> &'static str {
        self.sink.word()
    }

    /// Whether provwatch tells the receiver of acknowledgements and resolutions; a digest has a section of them.
    pub fn notifies(&self) -> bool {
        self.notify_resolution.unwrap_or(self.digest.is_none())
    }
}
