//! One alert as Alertmanager's API v2 takes it.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use super::labels::Labels;
use crate::{
    deliver::{
        Message,
        sinks::inert::inert,
        view::{
            View,
            lines::{all_evidence, cut, developments, members, what_to_do},
        },
    },
    model::{Alert, AlertStatus},
};

/// Most bytes of an annotation; many receivers cut longer ones.
const MAX_ANNOTATION: usize = 6_000;

/// Most bytes of the members of a campaign in the description.
const MAX_MEMBERS: usize = 3_000;

/// An end lies at least so far in the past, unless the alert began later. Alertmanager ignores an end that its own clock
/// has not reached, and the two clocks may differ a little. If they differ by more, the end holds as soon as it is posted
/// again, which is done for some minutes.
const SETTLED: TimeDelta = TimeDelta::seconds(30);

/// The end under labels that an alert does not have any more is posted once, and lies so far in the past: `doctor` warns
/// of clocks that differ by more. Its beginning is of no use to people, and may be earlier than it was.
const REPLACED: TimeDelta = TimeDelta::minutes(5);

/// One element of the array that `POST /api/v2/alerts` takes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostableAlert {
    labels: Labels,
    annotations: BTreeMap<&'static str, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

/// When an alert is sent, and how long it holds without another message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub now: DateTime<Utc>,
    pub holds: TimeDelta,
}

impl PostableAlert {
    /// The alert as it stands.
    pub fn of(message: &Message, labels: Labels, at: Moment) -> Self {
        let view = View::of(message);
        let end = end(&message.alert, at);
        Self {
            labels,
            annotations: annotations(&view, &message.alert),
            starts_at: rfc3339(message.alert.raised_at),
            ends_at: rfc3339(end),
            generator_url: view.links.first().map(|link| link.url.clone()),
        }
    }

    /// The end of the alert under labels that it does not have any more.
    pub fn ended(alert: &Alert, labels: Labels, at: Moment) -> Self {
        let end = at.now - REPLACED;
        Self {
            labels,
            annotations: BTreeMap::from([("summary", "This alert goes on with other labels".to_owned())]),
            starts_at: rfc3339(alert.raised_at.min(end)),
            ends_at: rfc3339(end),
            generator_url: None,
        }
    }
}

/// The end of an alert: when it was resolved, or how long it holds. It is never before the beginning, which Alertmanager
/// refuses.
fn end(alert: &Alert, Moment { now, holds }: Moment) -> DateTime<Utc> {
    if alert.status != AlertStatus::Resolved {
        return (now + holds).max(alert.raised_at);
    }
    let resolved = alert.handling.as_ref().filter(|handling| handling.status == AlertStatus::Resolved);
    resolved.map_or(now, |handling| handling.at).min(now - SETTLED).max(alert.raised_at)
}

fn annotations(view: &View, alert: &Alert) -> BTreeMap<&'static str, String> {
    let status = view.standing.clone().unwrap_or_else(|| alert.status.as_str().to_owned());
    let release = view.release.as_ref();
    let all = [
        ("summary", Some(view.subject())),
        ("description", Some(description(view))),
        ("status", Some(status)),
        ("release", release.map(|release| release.purl.clone())),
        ("published", release.and_then(|release| release.published.clone())),
        ("warning", view.warning.clone()),
        ("what_to_do", Some(what_to_do(view).join("\n"))),
        ("show", (!alert.is_test()).then(|| view.show.clone())),
    ];
    let shown = |text: String| cut(&inert(&text), MAX_ANNOTATION);
    let all = all.into_iter().filter_map(|(name, text)| Some((name, shown(text?))));
    all.filter(|(_, text)| !text.is_empty()).collect()
}

/// The reason, the evidence, what became of the release, and the releases of a campaign.
fn description(view: &View) -> String {
    let used_by = view.used_by.as_ref().map(|used| format!("used by {used}"));
    let said = view.note.iter().chain(&view.owner).chain(&used_by).chain(&view.repeated);
    let mut lines: Vec<String> = said.cloned().collect();
    lines.extend((!view.argument.is_empty()).then(|| view.argument.clone()));
    lines.extend(members(view, MAX_MEMBERS));
    lines.extend(developments(view));
    lines.extend(all_evidence(view));
    lines.join("\n")
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        deliver::{samples, sinks::alertmanager::labels::labels},
        model::AlertAction,
    };

    fn at(text: &str) -> Moment {
        Moment { now: text.parse().unwrap(), holds: TimeDelta::hours(1) }
    }

    fn posted(alert: &Alert, moment: Moment) -> Value {
        let message = samples::message(alert.clone());
        serde_json::to_value(PostableAlert::of(&message, labels(alert, &Labels::new()), moment)).unwrap()
    }

    #[test]
    fn a_takeover_as_it_is_posted() {
        insta::assert_json_snapshot!(posted(&samples::takeover(), at("2026-03-31T00:25:00Z")));
    }

    #[test]
    fn the_end_follows_from_the_status() {
        let resolved = |at: &str| {
            let action = AlertAction::new(AlertStatus::Resolved, "ada", "known", at.parse().unwrap());
            Alert { status: AlertStatus::Resolved, handling: Some(action), ..samples::takeover() }
        };
        let without = Alert { handling: None, ..resolved("2026-03-31T09:00:00Z") };
        for (alert, now, starts, ends) in [
            (samples::takeover(), "2026-03-31T00:25:00Z", "00:24:10", "01:25:00"),
            (samples::withdrawn(), "2026-03-31T08:00:00Z", "00:24:10", "09:00:00"),
            (resolved("2026-03-31T07:00:00Z"), "2026-03-31T08:00:00Z", "00:24:10", "07:00:00"),
            (resolved("2026-03-31T08:00:00Z"), "2026-03-31T08:00:00Z", "00:24:10", "07:59:30"),
            (resolved("2026-03-31T09:00:00Z"), "2026-03-31T08:00:00Z", "00:24:10", "07:59:30"),
            (without, "2026-03-31T08:00:00Z", "00:24:10", "07:59:30"),
            (resolved("2026-03-31T00:24:20Z"), "2026-03-31T00:24:20Z", "00:24:10", "00:24:10"),
            (resolved("2026-03-31T00:24:20Z"), "2026-03-31T00:25:20Z", "00:24:10", "00:24:20"),
        ] {
            let posted = posted(&alert, at(now));
            let time = |name: &str| posted[name].as_str().unwrap()[11..19].to_owned();
            assert_eq!((time("startsAt").as_str(), time("endsAt").as_str()), (starts, ends), "{now}");
        }
    }

    #[test]
    fn texts_are_bounded_and_inert() {
        for alert in [
            samples::hostile(),
            samples::hostile_campaign(),
            samples::campaign(60, 60),
            samples::campaign(1_000, 1_000),
            samples::withdrawn(),
        ] {
            let posted = posted(&alert, at("2026-03-31T00:25:00Z"));
            let text = posted.to_string();
            assert!(text.len() < 40_000, "{}", text.len());
            for markup in ["<!channel>", "<script>", "</td>", "\\u001b", "\u{202e}", "javascript:"] {
                assert!(!text.contains(markup), "{markup} in {text}");
            }
            assert!(posted["labels"].as_object().unwrap().values().all(|value| !value.as_str().unwrap().is_empty()));
        }
    }
}
