//! `CloudEvents` 1.0 in structured mode: an envelope whose data is the document in provwatch's own form.

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::value::RawValue;

use super::provwatch;
use crate::{
    deliver::{
        Message,
        event::Event,
        shown::{LINE, json},
    },
    text::plain,
};

/// The media type of structured mode ([JSON event format](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md)).
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json";

/// What precedes the event's word in `type`: `dev.provwatch.alert.raised`.
const TYPE: &str = "dev.provwatch.alert";

/// The context in which events happen: a relative URI reference, as the specification allows.
const SOURCE: &str = "/provwatch/alerts";

/// The [attributes](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes).
#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    /// With `source`, the same in every attempt at this message, and in no other message.
    id: &'a str,
    source: &'static str,
    r#type: String,
    /// The release or package, or else the kind of the alert.
    subject: String,
    time: String,
    datacontenttype: &'static str,
    data: &'a RawValue,
}

/// The message in this form.
pub(super) fn document(message: &Message) -> Result<String, serde_json::Error> {
    let alert = &message.alert;
    let data = RawValue::from_string(provwatch::document(message)?)?;
    let about = alert.purl.as_ref().map(ToString::to_string);
    let subject = about.or_else(|| alert.package.as_ref().map(ToString::to_string));
    json(&Envelope {
        specversion: "1.0",
        id: &message.idempotency_key,
        source: SOURCE,
        r#type: format!("{TYPE}.{}", Event::of(message).as_str()),
        subject: plain(&subject.unwrap_or_else(|| alert.kind.as_str().to_owned()), LINE),
        time: message.created_at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        datacontenttype: "application/json",
        data: &data,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::deliver::{lives, samples};

    fn event(message: &Message) -> Value {
        serde_json::from_str(&document(message).unwrap()).unwrap()
    }

    #[test]
    fn the_envelope_of_a_takeover() {
        let event = event(&samples::message(samples::takeover()));
        for (attribute, value) in [
            ("specversion", "1.0"),
            ("id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("source", "/provwatch/alerts"),
            ("type", "dev.provwatch.alert.raised"),
            ("subject", "pkg:npm/axios@1.14.1"),
            ("time", "2026-03-31T00:24:11Z"),
            ("datacontenttype", "application/json"),
        ] {
            assert_eq!(event[attribute], value, "{attribute}");
        }
        assert_eq!(event["data"]["form"], "webhook/1");
        assert_eq!(event["data"]["data"]["id"], samples::takeover().id.to_string());
    }

    /// The rules of the specification: names of attributes are lower-case letters and digits, values are not empty, `time`
    /// is RFC 3339, and `source` is a URI reference.
    #[test]
    fn every_message_is_an_event_by_the_rules_of_the_specification() {
        let messages = lives::all();
        let mut ids = BTreeSet::new();
        for message in &messages {
            let line = document(message).unwrap();
            assert!(!line.contains(['\n', '\u{1b}', '\u{202e}']), "{line:.200}");
            let event: Value = serde_json::from_str(&line).unwrap();
            for (name, value) in event.as_object().unwrap() {
                assert!(
                    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) && name.len() <= 20,
                    "{name}"
                );
                assert!(name == "data" || value.as_str().is_some_and(|text| !text.is_empty()), "{name}");
            }
            assert!(chrono::DateTime::parse_from_rfc3339(event["time"].as_str().unwrap()).is_ok());
            let of_data = event["data"]["type"].as_str().unwrap();
            assert_eq!(event["type"], format!("dev.provwatch.{of_data}"));
            assert_eq!(event["id"], event["data"]["id"]);
            ids.insert(event["id"].to_string());
        }
        assert_eq!(ids.len(), messages.len());
    }
}
