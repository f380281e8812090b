//! The labels of an alert at Alertmanager, which are its identity there.

use std::collections::BTreeMap;

use crate::{
    deliver::sinks::inert::inert,
    model::{Alert, AlertKind},
    text::plain,
};

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

/// Most characters of a value.
const MAX_VALUE: usize = 240;

/// The labels of an alert: those of the configuration, and its own.
///
/// They hold only what an alert keeps over its life, with three exceptions that routes need: `severity`, `tier` and
/// `team`. If one of these changes, Alertmanager sees another alert, and the sink ends the one with the old labels.
pub(super) fn labels(alert: &Alert, configured: &Labels) -> Labels {
    let package = alert.of_package();
    let log = alert.entries.as_ref().and_then(|entries| entries.samples.first()).map(|first| first.log.clone());
    let own = [
        ("alertname", Some(name(alert.kind).to_owned())),
        ("alert", Some(alert.id.to_string())),
        ("fingerprint", Some(alert.fingerprint.to_string())),
        ("kind", Some(alert.kind.as_str().to_owned())),
        ("severity", Some(alert.severity.as_str().to_owned())),
        ("ecosystem", package.map(|package| package.ecosystem().to_string())),
        ("package", package.map(|package| package.name().to_owned())),
        ("tier", alert.tier.map(|tier| tier.to_string())),
        ("team", alert.team.clone()),
        ("log", log),
        ("match", alert.matched.clone()),
    ];
    let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), inert(&plain(&value?, MAX_VALUE)))));
    // Alertmanager drops labels without a value, and so would take them for another alert's.
    configured.clone().into_iter().chain(own).filter(|(_, value)| !value.is_empty()).collect()
}

/// The name of an alert of this kind.
const fn name(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::Release => "ProvwatchRelease",
        AlertKind::Campaign => "ProvwatchCampaign",
        AlertKind::Log => "ProvwatchLog",
        AlertKind::Operation => "ProvwatchOperation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::{samples, short_form::Short},
        model::{Sighting, Sightings, Tier},
    };

    /// An alert with every label.
    fn full() -> Alert {
        let sighting = Sighting { log: "log.example".to_owned(), index: 7, who: "mallory".to_owned() };
        Alert {
            tier: Some(Tier::Critical),
            team: Some("payments".to_owned()),
            matched: Some("acme".to_owned()),
            entries: Some(Sightings::first(sighting, samples::takeover().raised_at)),
            ..samples::takeover()
        }
    }

    #[test]
    fn the_labels_of_a_takeover() {
        let configured = Labels::from([("site".to_owned(), "berlin".to_owned()), ("none".to_owned(), String::new())]);
        insta::assert_json_snapshot!(labels(&full(), &configured));
    }

    #[test]
    fn what_happens_to_an_alert_does_not_change_its_labels() {
        let labels = |alert: &Alert| labels(alert, &Labels::new());
        let before = labels(&samples::takeover());
        for alert in [samples::repeated(), samples::withdrawn()] {
            assert_eq!(labels(&alert), before);
        }
        let told_again = Alert {
            title: "another title".to_owned(),
            argument: "another reason".to_owned(),
            signals: Vec::new(),
            note: Some("repeated: it is still open".to_owned()),
            ..samples::takeover()
        };
        assert_eq!(labels(&told_again), before);
        assert_eq!(labels(&samples::campaign(60, 60)), labels(&samples::campaign(61, 1)), "it grew");
    }

    #[test]
    fn the_short_form_has_the_same_labels() {
        for alert in [full(), samples::takeover(), samples::campaign(3, 3), samples::hostile()] {
            let short = Short::of(&samples::message(alert.clone())).message.alert;
            assert_eq!(labels(&short, &Labels::new()), labels(&alert, &Labels::new()));
        }
    }

    #[test]
    fn hostile_values_are_one_short_line() {
        let alert = Alert { team: Some("<!channel>\r\n\u{202e}".repeat(200)), ..samples::hostile() };
        for (name, value) in labels(&alert, &Labels::new()) {
            assert!(value.chars().count() <= 2 * MAX_VALUE && !value.contains("<!"), "{name}: {value}");
            assert!(!value.chars().any(|c| c.is_control() || c == '\u{202e}'), "{name}: {value}");
        }
    }
}
