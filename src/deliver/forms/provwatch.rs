//! The form of provwatch's own: the event, the alert, and what to do (`schema/webhook.schema.json`).

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;

use crate::{
    deliver::{
        Message,
        event::Event,
        shown::json,
        steps::{Advice, NextStep, advice, steps, warning},
    },
    model::Alert,
};

/// The body; `type` names the event, and says what `data` is.
#[derive(Serialize, JsonSchema)]
struct Body<'a> {
    /// `alert.raised`, `alert.changed`, `alert.repeated`, `alert.escalated`, `alert.acknowledged`, `alert.snoozed`,
    /// `alert.resolved`, `alert.reopened` or `alert.digest`.
    r#type: String,
    /// When the event was recorded.
    timestamp: String,
    /// The same in every attempt at this message, and in no other message.
    id: &'a str,
    /// The alert as it is now.
    data: &'a Alert,
    next: Next,
    /// The name and number of the form.
    #[schemars(extend("const" = FORM))]
    form: &'static str,
}

/// The form of the body.
const FORM: &str = "webhook/1";

/// What to do, as every other sink says it.
#[derive(Serialize, JsonSchema)]
struct Next {
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    commands: Vec<NextStep>,
    /// What no command does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advice: Vec<Advice>,
}

/// The JSON schema of the body: `schema/webhook.schema.json`.
pub fn webhook_schema() -> serde_json::Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Body<'_>>().into()
}

/// The message in this form.
pub(super) fn document(message: &Message) -> Result<String, serde_json::Error> {
    let alert = &message.alert;
    let next = Next { warning: warning(alert), commands: steps(alert, false), advice: advice(alert, false) };
    json(&Body {
        r#type: format!("alert.{}", Event::of(message).as_str()),
        timestamp: rfc3339(message.created_at),
        id: &message.idempotency_key,
        data: alert,
        next,
        form: FORM,
    })
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    fn event(message: &Message) -> serde_json::Value {
        serde_json::from_str(&document(message).unwrap()).unwrap()
    }

    #[test]
    fn a_takeover_as_a_document() {
        let event = event(&samples::message(samples::takeover()));
        assert_eq!(serde_json::from_value::<Alert>(event["data"].clone()).unwrap(), samples::takeover());
        insta::assert_json_snapshot!(event);
    }

    #[test]
    fn a_campaign_has_all_its_members_in_detail() {
        for (members, new) in [(3, 1), (60, 60), (1_500, 1_500)] {
            let event = event(&samples::message(samples::campaign(members, new)));
            if members == 3 {
                insta::assert_json_snapshot!(event);
            }
            assert_eq!(event["data"]["members"].as_array().unwrap().len(), members);
            assert_eq!(event["data"]["member_details"].as_array().unwrap().len(), members);
        }
        let body = document(&samples::message(samples::hostile_campaign())).unwrap();
        assert!(!body.contains('\u{202e}'));
    }
}
