//! Checks what the keys of subscriptions mean together: conditions, quiet hours, and escalations.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, de::IgnoredAny};
use serde_spanned::Spanned;

use super::Subscription;
use crate::strict_toml::{Location, Problem, Problems, did_you_mean};

/// Where each key of each `[[subscriptions]]` table is.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    subscriptions: Vec<BTreeMap<String, Spanned<IgnoredAny>>>,
}

/// Checks what the keys of subscriptions mean together; `matches` are the names of the `[[logs.match]]` tables.
///
/// # Errors
/// Conditions that never match, quiet hours that cannot be meant, escalations to unknown names, to digests or in a circle.
pub(super) fn check(all: &[Subscription], matches: &[&str], text: &str, origin: &Path) -> Result<(), Problems> {
    let places: Places = toml::from_str(text).unwrap_or_default();
    let problem = |number: usize, key: &str, below: &str, what: String| {
        let place = places.subscriptions.get(number).and_then(|table| table.get(key));
        let at = Location::of(text, place.map_or(0, |place| place.span().start));
        Problem::new(at, format!("subscriptions[{number}].{key}{below}"), what)
    };
    let mut problems = Vec::new();
    for (number, one) in all.iter().enumerate() {
        // Unknown detectors are found later: their ids are not known here.
        let ids: Vec<&str> = one.matchers.detectors.iter().map(String::as_str).collect();
        let contradictions = one.conditions().contradictions(&ids).into_iter().map(|found| (found.key, found.what));
        let unknown = unknown_match(matches, one).map(|what| ("log_matches", what));
        problems.extend(
            contradictions.chain(unknown).map(|(key, what)| problem(number, "match", &format!(".{key}"), what)),
        );
        let refused = one.quiet_hours.as_ref().and_then(|quiet| quiet.hours().refuse());
        problems.extend(refused.map(|what| problem(number, "quiet_hours", "", what.replace("hours.", ""))));
        problems.extend(digest(one).map(|what| problem(number, "digest", "", what)));
        problems.extend(escalation(all, one).map(|what| problem(number, "escalate", ".to", what)));
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems::new(origin, problems)) }
}

/// A `[[logs.match]]` that does not exist.
fn unknown_match(matches: &[&str], one: &Subscription) -> Option<String> {
    let unknown = one.matchers.log_matches.iter().find(|name| !matches.contains(&name.as_str()))?;
    Some(format!("unknown [[logs.match]] {unknown:?}{}", did_you_mean(unknown, matches.iter().copied())))
}

/// What is wrong with a digest.
fn digest(one: &Subscription) -> Option<String> {
    let digest = one.digest.as_ref()?;
    let others = [("repeat", one.repeat.is_some()), ("quiet_hours", one.quiet_hours.is_some())];
    let other = others.into_iter().find_map(|(key, is_set)| is_set.then_some(key));
    let both = other.map(|key| format!("replaces single messages, for which {key} is; keep one of the two"));
    digest.refuse().or(both)
}

/// What is wrong with an escalation.
fn escalation(all: &[Subscription], one: &Subscription) -> Option<String> {
    let to = &one.escalate.as_ref()?.to;
    let of = |name: &str| all.iter().find(|other| other.name == name);
    let names = || all.iter().map(|other| other.name.as_str());
    if of(to).is_none() {
        return Some(format!("unknown subscription {to:?}{}", did_you_mean(to, names())));
    }
    if of(to).is_some_and(|other| other.digest.is_some()) {
        return Some(format!(
            "{to:?} receives digests, in which a critical alert would wait; name one without `digest`"
        ));
    }
    let mut path = vec![one.name.as_str()];
    let mut next = Some(to.as_str());
    while let Some(name) = next {
        path.push(name);
        if name == one.name {
            return Some(format!("escalates in a circle: {}", path.join(" → ")));
        }
        // A circle among others is reported where it begins.
        let others = path.len() <= all.len();
        next = of(name).filter(|_| others).and_then(|other| other.escalate.as_ref()).map(|other| other.to.as_str());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn refused(text: &str) -> String {
        match Config::parse(text, Path::new("provwatch.toml")) {
            Ok(_) => String::new(),
            Err(problems) => problems.to_string(),
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line_and_key() {
        insta::assert_snapshot!(refused(
            r#"
[[subscriptions]]
name = "never"
type = "stdout"
match = { kinds = ["log"], packages = ["pkg:npm/a"] }

[[subscriptions]]
name = "night"
type = "stdout"
quiet_hours = { from = "22:00", to = "22:00", zone = "Europe/Berlin" }

[[subscriptions]]
name = "first"
type = "stdout"
escalate = { after = "30m", to = "second" }

[[subscriptions]]
name = "second"
type = "stdout"
match = { log_matches = ["acme"], ecosystems = ["npm"] }
escalate = { after = "30m", to = "first" }

[[subscriptions]]
name = "third"
type = "stdout"
escalate = { after = "30m", to = "thrid" }

[[subscriptions]]
name = "daily"
type = "stdout"
digest = { every = "day", at = "08:00", zone = "UTC" }
repeat = "24h"

[[subscriptions]]
name = "weekly"
type = "stdout"
digest = { every = "week", at = "24:00", zone = "UTC" }

[[subscriptions]]
name = "fourth"
type = "stdout"
escalate = { after = "30m", to = "fourth" }

[[subscriptions]]
name = "fifth"
type = "stdout"
escalate = { after = "30m", to = "weekly" }
"#
        ));
    }

    #[test]
    fn what_is_malformed_is_refused_with_its_line_and_key() {
        insta::assert_snapshot!(refused(
            r#"
[[subscriptions]]
name = "desk"
type = "stdout"
kinds = []
match = { package = ["pkg:npm/a"], packages = ["a"], ecosystems = ["gem"], tiers = ["Critical"] }
repeat = "1 day"
quiet_hours = { from = "25:00", to = "7:00", zone = "Europe/Berln", days = [] }
escalate = { after = "0s" }
"#
        ));
    }

    #[test]
    fn a_whole_subscription_is_accepted() {
        let text = r#"
[[subscriptions]]
name = "desk"
type = "stdout"
match = { min_severity = "low", kinds = ["release", "campaign"], packages = ["pkg:npm/@acme/*"], teams = ["web"] }
repeat = "24h"
quiet_hours = { from = "22:00", to = "07:00", zone = "Europe/Berlin", days = ["sat", "sun"] }
escalate = { after = "30m", to = "boss" }
notify_resolution = true

[[subscriptions]]
name = "boss"
type = "stdout"
"#;
        assert_eq!(refused(text), "");
    }
}
