//! Wording of the conditions of subscriptions and silences.

use std::fmt::Display;

use super::words;
use crate::model::{Alert, AlertKind, AlertMatchers, ReleaseId};

/// The conditions in words: `kind log; match acme or widget; severity up to high`.
pub fn words(matchers: &AlertMatchers) -> String {
    let kinds: Vec<&str> = matchers.kinds.iter().copied().map(AlertKind::as_str).collect();
    let all = [
        either("kind", &kinds),
        either("ecosystem", &matchers.ecosystems),
        either("package", &matchers.packages),
        either("tier", &matchers.tiers),
        either("team", &matchers.teams),
        either("used by", &matchers.used_by),
        either("used by projects of", &matchers.used_by_owners),
        either("detector", &matchers.detectors),
        either("match", &matchers.log_matches),
        either("log", &matchers.logs),
        matchers.min_severity.map(|least| format!("severity from {least}")),
        matchers.max_severity.map(|most| format!("severity up to {most}")),
    ];
    let said: Vec<String> = all.into_iter().flatten().collect();
    if said.is_empty() { "every alert".to_owned() } else { said.join("; ") }
}

/// The condition that refuses an alert, by its key, in words: `not for this package`.
pub fn refusal(key: &str) -> &'static str {
    match key {
        "min_severity" | "max_severity" => "not for this severity",
        "kinds" => "not for this kind of alert",
        "ecosystems" => "not for this ecosystem",
        "packages" => "not for this package",
        "tiers" => "not for this tier",
        "teams" => "not for this team",
        "used_by" => "not for packages that only other projects use, or none",
        "used_by_owners" => "not for packages that only projects of others use, or none",
        "detectors" => "not for these detectors",
        "log_matches" => "not for this [[logs.match]]",
        "logs" => "not for this log",
        _ => "not for this alert",
    }
}

/// The condition that keeps an alert from being covered, by its key, in words: it names what the silence leaves out.
pub fn uncovered(key: &str, matchers: &AlertMatchers, alert: &Alert) -> String {
    let others = match key {
        "detectors" => {
            let leading = alert.signals.iter().filter(|signal| !signal.corroborating);
            let ids = leading.map(|signal| words::name(&signal.detector));
            listed(ids.filter(|id| !matchers.detectors.contains(id)), "is a reason of the alert, too")
        }
        "packages" => {
            let packages = alert.of_package().into_iter().chain(alert.members.iter().map(ReleaseId::package));
            let other = packages.filter(|package| !matchers.packages.iter().any(|pattern| pattern.fits(package)));
            listed(other.map(words::name), "is not one of its packages")
        }
        _ => None,
    };
    others.unwrap_or_else(|| refusal(key).to_owned())
}

/// The first of several, with what is said of it.
fn listed(mut others: impl Iterator<Item = String>, what: &str) -> Option<String> {
    others.next().map(|first| format!("{first} {what}"))
}

fn either(what: &str, values: &[impl Display]) -> Option<String> {
    let values: Vec<String> = values.iter().map(words::name).collect();
    (!values.is_empty()).then(|| format!("{what} {}", values.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_has_its_refusal() {
        let all = serde_json::to_value(schemars::schema_for!(AlertMatchers)).unwrap();
        for key in all["properties"].as_object().unwrap().keys() {
            assert_ne!(refusal(key), refusal(""), "{key}");
        }
    }

    #[test]
    fn conditions_are_told_in_words() {
        for (toml, expected) in [
            ("", "every alert"),
            ("kinds = ['log', 'operation']\nmax_severity = 'high'", "kind log or operation; severity up to high"),
            ("packages = ['pkg:npm/a*']\nteams = ['web', 'pay']", "package pkg:npm/a*; team web or pay"),
            ("used_by = ['shop', 'pay-*']\nused_by_owners = ['web']", "used by shop or pay-*; used by projects of web"),
        ] {
            assert_eq!(words(&toml::from_str(toml).unwrap()), expected, "{toml}");
        }
    }
}
