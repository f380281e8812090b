//! Checks what the keys of subscriptions mean together: conditions, quiet hours, and escalations.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, de::IgnoredAny};
use serde_spanned::Spanned;

use super::{Period, Subscription};
use crate::{
    model::{Severity, Weekday},
    strict_toml::{Location, Problem, Problems, did_you_mean},
};

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
        problems.extend(endless(one).map(|what| problem(number, "quiet_hours", "", what)));
        problems.extend(twin(&all[..number], one).map(|what| problem(number, "name", "", what)));
        problems.extend(repetition(one).map(|what| problem(number, "repeat", "", what)));
        problems.extend(digest(one).map(|what| problem(number, "digest", "", what)));
        problems.extend(escalation(all, one).map(|what| problem(number, "escalate", ".to", what)));
        problems.extend(never_escalates(one).map(|what| problem(number, "escalate", "", what)));
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems::new(origin, problems)) }
}

/// A `[[logs.match]]` that does not exist.
fn unknown_match(matches: &[&str], one: &Subscription) -> Option<String> {
    let unknown = one.matchers.log_matches.iter().find(|name| !matches.contains(&name.as_str()))?;
    Some(format!("unknown [[logs.match]] {unknown:?}{}", did_you_mean(unknown, matches.iter().copied())))
}

/// Deliveries are known by the name of their subscription.
fn twin(before: &[Subscription], one: &Subscription) -> Option<String> {
    let is_taken = before.iter().any(|other| other.name == one.name);
    is_taken.then(|| format!("{:?} is the name of another subscription too; give one of them another name", one.name))
}

/// The shortest time between two messages about an alert that stays open.
const LEAST_REPEAT: Period = Period::minutes(5);

fn repetition(one: &Subscription) -> Option<String> {
    let too_often = one.repeat.filter(|every| *every < LEAST_REPEAT)?;
    Some(format!("{too_often} is too often: every open alert is a message each time; expected at least {LEAST_REPEAT}"))
}

/// Quiet hours that never end: the subscription would receive critical alerts only.
fn endless(one: &Subscription) -> Option<String> {
    let quiet = one.quiet_hours.as_ref()?;
    let is_whole_day = quiet.from.to_string() == "00:00" && quiet.to.to_string() == "24:00";
    let is_whole_week = WEEK.iter().all(|day| quiet.days.contains(day));
    let what = "they never end; use min_severity = \"critical\" if only critical alerts are wanted";
    (is_whole_day && is_whole_week).then(|| what.to_owned())
}

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn never_escalates(one: &Subscription) -> Option<String> {
    one.escalate.as_ref()?;
    let most = one.conditions().max_severity.filter(|most| *most < Severity::Critical)?;
    Some(format!("never happens: only critical alerts are escalated, and match.max_severity is {:?}", most.as_str()))
}

/// What is wrong with a digest.
fn digest(one: &Subscription) -> Option<String> {
    let digest = one.digest.as_ref()?;
    let others = [("repeat", one.repeat.is_some()), ("quiet_hours", one.quiet_hours.is_some())];
    let other = others.into_iter().find_map(|(key, is_set)| is_set.then_some(key));
    let both = other.map(|key| format!("cannot be combined with {key}; keep one of the two"));
    let word = one.sink.word();
    let kept = (!one.sink.takes_digests()).then(|| format!("{word} takes single alerts only; remove the key"));
    digest.refuse().or(kept).or(both)
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
name = "first"
type = "stdout"
repeat = "1s"
match = { max_severity = "high" }
escalate = { after = "30m", to = "daily" }

[[subscriptions]]
name = "always"
type = "stdout"
quiet_hours = { from = "00:00", to = "24:00", zone = "UTC" }

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
    fn what_keeps_alerts_open_gets_them_singly_and_to_their_end() {
        let pager = |more: &str| {
            format!("[[subscriptions]]\nname = \"a\"\ntype = \"pagerduty\"\nrouting_key_file = \"key\"\n{more}\n")
        };
        let digest = refused(&pager("digest = { every = \"day\", at = \"08:00\", zone = \"UTC\" }"));
        assert!(digest.contains("pagerduty takes single alerts only"), "{digest}");
        for (more, warned) in [("", false), ("notify_resolution = true", false), ("notify_resolution = false", true)] {
            let config =
                Config::parse(&pager(more), Path::new("t.toml")).unwrap_or_else(|problems| panic!("{problems}"));
            let findings = config.check_below(&[], None);
            let found = findings.iter().any(|one| one.key == "subscriptions[0].notify_resolution");
            assert_eq!(found, warned, "{more}: {findings:?}");
        }
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
