//! The body of an event for `PagerDuty`, within the limits of the Events API.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::incident::{Action, Step};
use crate::{
    deliver::view::{
        LinkView, View,
        lines::{all_evidence, developments, members, what_to_do},
    },
    model::{Alert, Severity},
    text::plain,
};

/// Most characters of the summary (PD-CEF: 1,024).
const MAX_SUMMARY: usize = 1_024;

/// Most bytes of the members of a campaign. An event may have 512 KB; escapes can double a text, and the rest of an event
/// needs less than 200 KB.
const MAX_MEMBERS: usize = 120_000;

/// The event of one step, without the routing key.
pub(super) fn event(step: Step, alert: &Alert, view: &View) -> Value {
    let key = step.dedup_key(&alert.fingerprint);
    let mut event = json!({ "event_action": step.action.as_str(), "dedup_key": key });
    if step.action == Action::Trigger {
        event["client"] = "provwatch".into();
        event["payload"] = payload(alert, view);
        event["links"] = links(&view.links);
    }
    event
}

fn payload(alert: &Alert, view: &View) -> Value {
    let package = alert.of_package().map(|package| plain(&package.to_string(), MAX_SUMMARY));
    let source = view.release.as_ref().map(|release| release.purl.clone()).or_else(|| package.clone());
    let group = alert.of_package().map(|package| plain(&package.registry().title(), MAX_SUMMARY));
    let mut payload = json!({
        "summary": plain(&view.subject(), MAX_SUMMARY),
        "source": source.unwrap_or_else(|| "provwatch".to_owned()),
        "severity": severity(alert.severity),
        "timestamp": alert.raised_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "class": view.kind,
        "custom_details": details(alert, view),
    });
    for (name, value) in [("component", package), ("group", group)] {
        if let Some(value) = value {
            payload[name] = value.into();
        }
    }
    payload
}

/// The four severities of `PagerDuty`.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}

/// Everything else, by names that a person reads; what is empty is left out.
fn details(alert: &Alert, view: &View) -> Value {
    let release = view.release.as_ref();
    let one = |text: Option<&String>| text.map(|text| json!(text));
    let many = |lines: Vec<String>| (!lines.is_empty()).then(|| json!(lines));
    let (id, reason) = (view.id.to_string(), &view.argument);
    let details = [
        ("alert", one(Some(&id))),
        ("warning", one(view.warning.as_ref())),
        ("reason", one((!reason.is_empty()).then_some(reason))),
        ("note", one(view.note.as_ref())),
        ("status", one(view.standing.as_ref())),
        ("owner", one(view.owner.as_ref())),
        ("used_by", one(view.used_by.as_ref())),
        ("confidence", Some(json!(view.confidence))),
        ("published", one(release.and_then(|release| release.published.as_ref()))),
        ("last good version", one(release.and_then(|release| release.last_good.as_ref()))),
        ("repeated", one(view.repeated.as_ref())),
        ("evidence", many(all_evidence(view))),
        ("what became of it", many(developments(view))),
        ("releases", many(members(view, MAX_MEMBERS))),
        ("what to do", many(what_to_do(view))),
        // Of a test, there is nothing more.
        ("all of it", one((!alert.is_test()).then_some(&view.show))),
    ];
    Value::Object(
        details.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>(),
    )
}

/// The links that `PagerDuty` takes: https only.
fn links(links: &[LinkView]) -> Value {
    let safe = links.iter().filter(|link| link.url.starts_with("https://"));
    safe.map(|link| json!({ "href": link.url, "text": link.label })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    /// Most bytes of an event (Events API v2: 512 KB).
    const MAX_EVENT: usize = 512_000;

    fn trigger(alert: &Alert) -> Value {
        let view = View::of(&samples::message(alert.clone()));
        event(Step { action: Action::Trigger, opening: 1 }, alert, &view)
    }

    #[test]
    fn a_takeover_as_an_event() {
        insta::assert_json_snapshot!(trigger(&samples::takeover()));
    }

    #[test]
    fn only_an_event_that_opens_has_a_payload() {
        let alert = samples::takeover();
        let view = View::of(&samples::message(alert.clone()));
        for action in [Action::Acknowledge, Action::Resolve] {
            let key = format!("provwatch:{}", alert.fingerprint);
            let event = event(Step { action, opening: 1 }, &alert, &view);
            assert_eq!(event, json!({ "event_action": action.as_str(), "dedup_key": key }));
        }
    }

    #[test]
    fn every_event_keeps_the_limits() {
        for alert in [
            samples::takeover(),
            samples::repeated(),
            samples::withdrawn(),
            samples::hostile(),
            samples::campaign(60, 60),
            samples::campaign(1_000, 3),
            samples::hostile_campaign(),
        ] {
            let event = trigger(&alert);
            let (payload, text) = (&event["payload"], event.to_string());
            assert!(text.len() <= MAX_EVENT - 1_000, "{}", text.len());
            let summary = payload["summary"].as_str().unwrap();
            assert!(!summary.is_empty() && summary.chars().count() <= MAX_SUMMARY);
            assert!(!payload["source"].as_str().unwrap().is_empty());
            let hrefs = event["links"].as_array().unwrap().iter().map(|link| link["href"].as_str().unwrap());
            assert!(hrefs.into_iter().all(|href| href.starts_with("https://") && !href.contains(['<', '"', ' '])));
            assert!(!text.contains("\\u001b") && !text.contains('\u{202e}') && !text.contains("javascript:"));
        }
    }

    #[test]
    fn a_campaign_names_its_members() {
        for (members, least) in [(60, 60), (1_000, 800)] {
            let event = trigger(&samples::campaign(members, members));
            let shown = event["payload"]["custom_details"]["releases"].as_array().unwrap().len();
            assert!(shown >= least, "{shown} of {members}");
        }
    }

    #[test]
    fn the_severities_are_those_of_the_service() {
        let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info].map(severity);
        assert_eq!(all, ["critical", "error", "warning", "info", "info"]);
    }
}
