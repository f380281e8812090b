//! Detection Finding (class 2004) of the Open Cybersecurity Schema Framework, version 1.5.0.
//!
//! The [class](https://schema.ocsf.io/1.5.0/classes/detection_finding) has a life: Create, Update, Close, with the same
//! `finding_info.uid`. Its `anomaly_analyses` compare a baseline with deviations from it, as signals do. provwatch's
//! own facts without a counterpart stand in `unmapped`.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    deliver::{
        Message,
        event::Event,
        shown::{self, LINE, NAME},
        view::{MemberView, View},
    },
    model::{Alert, AlertKind, AlertStatus, Confidence, Severity},
    text::plain,
};

/// The version of the schema: the first that has `anomaly_analyses`.
const VERSION: &str = "1.5.0";

/// The number of the class; its types are this number, two zeros, and the activity.
const CLASS: u32 = 2004;

/// The message in this form.
pub(super) fn document(message: &Message) -> Result<String, serde_json::Error> {
    let view = View::of(message);
    let mut document = json!({
        "metadata": metadata(message),
        "finding_info": finding(message, &view),
        "anomaly_analyses": anomalies(&message.alert, &view),
        "evidences": evidences(&message.alert, &view),
        "resources": resources(&message.alert, &view),
        "remediation": { "desc": remediation(&view) },
        "unmapped": { "provwatch": own(message, &view) },
    });
    for part in [classification(message), standing(message, &view)] {
        if let (Value::Object(whole), Value::Object(part)) = (&mut document, part) {
            whole.extend(part);
        }
    }
    prune(&mut document);
    shown::json(&document)
}

/// What the message is by the numbers of the schema.
fn classification(message: &Message) -> Value {
    let alert = &message.alert;
    let (activity, activity_name) = activity(message);
    let (severity, severity_name) = severity(alert.severity);
    let (confidence, confidence_name) = confidence(alert.confidence);
    json!({
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "severity_id": severity,
        "severity": severity_name,
        "confidence_id": confidence,
        "confidence": confidence_name,
        "is_alert": activity != CLOSE && alert.digest.is_none() && !alert.is_test(),
    })
}

/// Where the finding stands, and when.
fn standing(message: &Message, view: &View) -> Value {
    let alert = &message.alert;
    let (status, status_name) = status(alert.status);
    json!({
        "time": millis(alert.raised_at),
        "start_time": millis(alert.at()),
        "end_time": millis(alert.last_at()),
        "status_id": status,
        "status": status_name,
        "status_detail": view.standing.as_ref().or(view.note.as_ref()),
        "message": view.subject(),
    })
}

/// The last activity of a finding.
const CLOSE: u32 = 3;

/// The first message to a receiver creates the finding there, and the end of the alert closes it.
fn activity(message: &Message) -> (u32, &'static str) {
    if message.alert.status == AlertStatus::Resolved {
        (CLOSE, "Close")
    } else if message.sequence == 0 {
        (1, "Create")
    } else {
        (2, "Update")
    }
}

const fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

const fn confidence(confidence: Confidence) -> (u32, &'static str) {
    match confidence {
        Confidence::Low => (1, "Low"),
        Confidence::Medium => (2, "Medium"),
        Confidence::High => (3, "High"),
    }
}

/// A snoozed alert is hidden until a time, which comes closest to Suppressed; `status_detail` names the time.
const fn status(status: AlertStatus) -> (u32, &'static str) {
    match status {
        AlertStatus::Open => (1, "New"),
        AlertStatus::Acknowledged => (2, "In Progress"),
        AlertStatus::Snoozed => (3, "Suppressed"),
        AlertStatus::Resolved => (4, "Resolved"),
    }
}

fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

fn metadata(message: &Message) -> Value {
    json!({
        "version": VERSION,
        "product": { "name": "provwatch", "vendor_name": "provwatch", "version": env!("CARGO_PKG_VERSION") },
        "uid": message.idempotency_key,
        "event_code": format!("alert.{}", Event::of(message).as_str()),
        "sequence": message.sequence,
        "logged_time": millis(message.created_at),
        "correlation_uid": message.alert.fingerprint,
    })
}

fn finding(message: &Message, view: &View) -> Value {
    let alert = &message.alert;
    let mut analytics = view.signals.iter().map(|signal| analytic(&signal.detector));
    json!({
        "uid": alert.fingerprint,
        "title": view.headline,
        "desc": view.argument,
        "types": types(alert),
        "created_time": millis(alert.raised_at),
        "modified_time": millis(message.created_at),
        "first_seen_time": millis(alert.at()),
        "last_seen_time": millis(alert.last_at()),
        "analytic": analytics.next(),
        "related_analytics": analytics.collect::<Vec<_>>(),
        "attacks": attacks(alert),
    })
}

fn types(alert: &Alert) -> Vec<&'static str> {
    let kind = match alert.kind {
        AlertKind::Release => "Suspicious package release",
        AlertKind::Campaign => "Campaign of suspicious package releases",
        AlertKind::Log => "Transparency log",
        AlertKind::Operation => "Operation of provwatch",
    };
    let digest = alert.digest.as_ref().map(|_| "Digest");
    let test = alert.is_test().then_some("Test");
    test.or(digest).into_iter().chain([kind]).collect()
}

/// Detectors compare a release with the habits of its package: `Behavioral`.
fn analytic(detector: &str) -> Value {
    json!({ "uid": detector, "name": detector, "type_id": 2, "type": "Behavioral" })
}

/// What a release or campaign would be if the suspicion is right. The other kinds tell of no technique.
fn attacks(alert: &Alert) -> Option<Value> {
    let is_suspicion =
        matches!(alert.kind, AlertKind::Release | AlertKind::Campaign) && alert.severity >= Severity::Medium;
    is_suspicion.then(|| {
        json!([{
            "tactic": { "uid": "TA0001", "name": "Initial Access" },
            "technique": { "uid": "T1195", "name": "Supply Chain Compromise" },
            "sub_technique": { "uid": "T1195.002", "name": "Compromise Software Supply Chain" },
        }])
    })
}

/// The baseline and the deviation of each signal; of a campaign those of its first releases.
fn anomalies(alert: &Alert, view: &View) -> Vec<Value> {
    let pairs = |place: fn(&(&str, &str, &str)) -> String, all: &[(&str, &str, &str)]| -> Vec<Value> {
        all.iter().map(|one| deviation(one.0, &place(one))).collect()
    };
    let analysis = |name: String, all: &[(&str, &str, &str)]| {
        json!({
            "analysis_target": { "name": name, "type": "Package" },
            "baselines": pairs(|one| one.1.to_owned(), all),
            "anomalies": pairs(|one| one.2.to_owned(), all),
        })
    };
    let signals: Vec<_> = view.signals.iter().map(|one| (&*one.detector, &*one.expected, &*one.seen)).collect();
    let own = (!signals.is_empty()).then(|| analysis(target(alert), &signals));
    let members = view.members.iter().filter(|member| member.in_full && !member.seen.is_empty()).take(MOST_ANALYSES);
    let of_members = members.map(|one| analysis(one.purl.clone(), &[("release", &*one.expected, &*one.seen)]));
    own.into_iter().chain(of_members).collect()
}

/// Most releases of a campaign with an analysis.
const MOST_ANALYSES: usize = 100;

fn deviation(attribute: &str, value: &str) -> Value {
    json!({
        "observed_attribute": attribute,
        "observation_type": "Deviation Analysis",
        "observations": [{ "value": value }],
    })
}

fn target(alert: &Alert) -> String {
    let package = alert.of_package().map(|package| plain(&package.to_string(), LINE));
    package.unwrap_or_else(|| alert.kind.as_str().to_owned())
}

/// The reasons of the signals, the links, and what is kept of logs.
fn evidences(alert: &Alert, view: &View) -> Vec<Value> {
    let signals = view.signals.iter().map(|one| {
        let data = json!({
            "severity": one.severity,
            "expected": one.expected,
            "seen": one.seen,
            "since": one.since,
            "why": one.why,
            "corroborating": one.corroborating,
        });
        json!({ "name": one.detector, "data": data })
    });
    let links = view.links.iter().map(|link| json!({ "name": link.label, "url": { "url_string": link.url } }));
    let kept = alert.evidence.as_ref().map(|id| json!({ "name": "Log evidence", "data": { "id": plain(id, NAME) } }));
    signals.chain(links).chain(kept).collect()
}

fn resources(alert: &Alert, view: &View) -> Vec<Value> {
    let group = alert.team.as_ref().map(|team| json!({ "name": plain(team, NAME) }));
    let tier = alert.tier.map(|tier| tier.to_string());
    let whole = |mut resource: Value| {
        resource["type"] = json!("Package");
        resource["group"] = json!(group);
        resource["criticality"] = json!(tier);
        resource
    };
    let release = view
        .release
        .as_ref()
        .map(|release| whole(json!({ "uid": release.purl, "name": release.package, "version": release.version })));
    let package =
        alert.package.as_ref().filter(|_| release.is_none()).map(|package| {
            whole(json!({ "uid": plain(&package.to_string(), LINE), "name": plain(package.name(), NAME) }))
        });
    release.into_iter().chain(package).chain(view.members.iter().map(member)).collect()
}

fn member(member: &MemberView) -> Value {
    let data = member.alert.map(|alert| {
        json!({ "alert": alert, "severity": member.severity, "reason": member.reason, "account": member.account })
    });
    json!({ "uid": member.purl, "type": "Package", "data": data })
}

/// The warning, then each stage with its sentences and commands.
fn remediation(view: &View) -> String {
    let stages = view.stages.iter().map(|stage| {
        let commands = stage.commands.iter().map(|command| format!("{}: `{}`", command.purpose, command.line));
        let parts: Vec<_> = stage.advice.iter().cloned().chain(commands).collect();
        format!("{}: {}", stage.title, parts.join("; "))
    });
    view.warning.iter().cloned().chain(stages).collect::<Vec<_>>().join("\n")
}

/// What the schema has no place for, in provwatch's words.
fn own(message: &Message, view: &View) -> Value {
    let alert = &message.alert;
    let category = alert.handling.as_ref().and_then(|handling| handling.category);
    json!({
        "alert": alert.id,
        "event": Event::of(message).as_str(),
        "kind": view.kind,
        "status": alert.status,
        "note": view.note,
        "resolution": category,
        "repeated": view.repeated,
        "developments": view.developments,
        "digest": view.digest,
        "news": view.news,
        "last_good": view.release.as_ref().and_then(|release| release.last_good.as_ref()),
        "members": (!alert.members.is_empty()).then_some(alert.members.len()),
        "more_signals": (view.more_signals > 0).then_some(view.more_signals),
        "more_members": (view.more_members > 0).then_some(view.more_members),
        "show": view.show,
    })
}

/// Removes keys without a value: the schema knows no null.
fn prune(value: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Object(keys) => {
            keys.values_mut().for_each(prune);
            keys.retain(|_, value| !is_empty(value));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use jsonschema::Validator;

    use super::*;
    use crate::deliver::{lives, samples};

    fn event(message: &Message) -> Value {
        serde_json::from_str(&document(message).unwrap()).unwrap()
    }

    /// The part of the schema that provwatch uses.
    fn schema() -> Validator {
        let text = include_str!("../../../tests/data/ocsf/detection_finding.schema.json");
        jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn a_takeover_as_a_detection_finding() {
        let mut event = event(&samples::message(samples::takeover()));
        event["metadata"]["product"]["version"] = json!("(this version)");
        insta::assert_json_snapshot!(event);
    }

    #[test]
    fn every_message_is_valid() {
        let schema = schema();
        for message in lives::all() {
            let line = document(&message).unwrap();
            assert!(!line.contains(['\n', '\u{1b}', '\u{202e}']) && line.len() < 2 << 20, "{}", line.len());
            let event = event(&message);
            let errors: Vec<_> =
                schema.iter_errors(&event).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
    }

    #[test]
    fn the_schema_refuses_what_is_not_a_finding() {
        let (schema, event) = (schema(), event(&samples::message(samples::takeover())));
        assert!(schema.is_valid(&event));
        for (pointer, value) in [
            ("/class_uid", json!(2002)),
            ("/type_uid", json!(200_402)),
            ("/activity_id", json!(7)),
            ("/severity", json!("HIGH")),
            ("/time", json!("2026-03-31T00:24:10Z")),
            ("/finding_info/uid", json!(null)),
            ("/metadata/product", json!({})),
            ("/anomaly_analyses/0/anomalies", json!([])),
            ("/evidences/0/data", json!(null)),
            ("/resources/0", json!({ "type": "Package" })),
        ] {
            let mut wrong = event.clone();
            *wrong.pointer_mut(pointer).unwrap() = value;
            assert!(!schema.is_valid(&wrong), "{pointer}");
        }
        let mut wrong = event;
        wrong["unknown"] = json!(1);
        assert!(!schema.is_valid(&wrong));
    }

    #[test]
    fn the_life_of_an_alert_is_the_life_of_one_finding() {
        let events: Vec<Value> = lives::of_takeover().iter().map(event).collect();
        let told: Vec<_> =
            events.iter().map(|event| (&event["activity_name"], &event["status"], &event["is_alert"])).collect();
        let expected = [
            ("Create", "New", true),
            ("Update", "New", true),
            ("Update", "New", true),
            ("Update", "New", true),
            ("Update", "In Progress", true),
            ("Update", "Suppressed", true),
            ("Close", "Resolved", false),
            ("Update", "New", true),
            ("Close", "Resolved", false),
        ];
        assert_eq!(told.len(), expected.len());
        for (told, expected) in told.into_iter().zip(expected) {
            assert_eq!(
                (told.0.as_str(), told.1.as_str(), told.2.as_bool()),
                (Some(expected.0), Some(expected.1), Some(expected.2))
            );
        }
        assert!(events.iter().all(|event| event["finding_info"]["uid"] == events[0]["finding_info"]["uid"]));
        assert!(events[5]["status_detail"].as_str().unwrap().contains("snoozed by ada"));
        assert_eq!(events[6]["unmapped"]["provwatch"]["resolution"], "expected");
    }

    #[test]
    fn a_campaign_names_its_releases_as_resources() {
        let event = event(&samples::message(samples::campaign(1_000, 1_000)));
        assert_eq!(event["resources"].as_array().unwrap().len(), 1_000);
        assert_eq!(event["anomaly_analyses"].as_array().unwrap().len(), MOST_ANALYSES);
        let first = &event["anomaly_analyses"][0];
        assert_eq!(first["analysis_target"]["name"], "pkg:npm/package-0@1.1.0");
        assert_eq!(first["baselines"][0]["observations"][0]["value"], "verified provenance by GitHub Actions");
    }
}
