//! Decides whether a release repeats the deviation that an open alert of its package tells of.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::is_open_loss;
use crate::model::{Alert, AlertKind, AlertStatus, Observation, Severity, Signal};

/// After so many days without a repetition the same deviation is news again: an alert that nobody closed must not hide what
/// happens a year later.
const LASTS: TimeDelta = TimeDelta::days(90);

/// Detectors that report only when releases came, or at which attempt. Each release has other numbers.
const PASSING: [&str; 7] =
    ["beside-accused", "lines-at-once", "odd-hours", "package-burst", "quick-succession", "revival", "run-reattempted"];

/// Detectors whose `seen` tells the age of one thing in days: the thing is the same a day later.
const AGES: [&str; 3] = ["maintainer-new", "policy-violated", "repository-young"];

/// Stands for a release's own version. What a detector quotes has no control characters.
const VERSION: &str = "\0";

/// A release, with the alert that it raised.
#[derive(Clone, Copy, Debug)]
pub struct Alerted<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The release.
    pub release: &'a Observation,
}

/// Whether a release deviates as a known one does, to the same new values: in each of its signals, by the same account, and
/// without being worse. Then one open alert can tell of both.
pub fn repeats(known: Alerted<'_>, new: Alerted<'_>) -> bool {
    can_be_repeated(known.alert)
        && can_repeat(new.alert)
        && is_of_same_package(known.alert, new.alert)
        && known.release.line().is_prerelease() == new.release.line().is_prerelease()
        && is_as_open(known, new)
        && new.alert.severity <= known.alert.severity
        && new.alert.at() - known.alert.last_at() <= LASTS
        && is_published_alike(known.release, new.release)
        && telling(new.alert).all(|signal| is_told(signal, new.release, known))
}

/// A loss of evidence in the open, with tag and merge, does not announce one that lacks them.
fn is_as_open(known: Alerted<'_>, new: Alerted<'_>) -> bool {
    let is_open = |it: Alerted<'_>| is_open_loss(it.release, &it.alert.signals);
    !is_open(known) || is_open(new)
}

fn can_be_repeated(known: &Alert) -> bool {
    known.repeats.is_none() && matches!(known.status, AlertStatus::Open | AlertStatus::Acknowledged)
}

/// A critical alert is a takeover, and every version of it has to be announced. What happens to a release after its publication
/// happens each time anew. A signal that only corroborates others is not a deviation.
fn can_repeat(new: &Alert) -> bool {
    new.severity < Severity::Critical
        && telling(new).any(|signal| !signal.corroborating)
        && !new.signals.iter().any(Signal::is_incident)
}

fn is_of_same_package(known: &Alert, new: &Alert) -> bool {
    let are_releases = known.kind == AlertKind::Release && new.kind == AlertKind::Release;
    let (Some(one), Some(other)) = (&known.purl, &new.purl) else { return false };
    are_releases && one != other && one.package() == other.package()
}

/// The signals that say how a release deviates.
fn telling(alert: &Alert) -> impl Iterator<Item = &Signal> {
    let tells = |signal: &&Signal| signal.severity > Severity::Info && !PASSING.contains(&&*signal.detector);
    alert.signals.iter().filter(tells)
}

/// Whether the same account published both in the same way, and both run the same at installation. A detector may know an
/// account or a script already, or quote only its beginning.
fn is_published_alike(known: &Observation, new: &Observation) -> bool {
    known.auth.method == new.auth.method && account(known) == account(new) && scripts(known) == scripts(new)
}

fn account(release: &Observation) -> Option<&str> {
    release.publisher.as_ref().map(|publisher| publisher.name.as_str())
}

/// The names of the hooks, and what they run.
fn scripts(release: &Observation) -> (Option<&Vec<String>>, Option<&BTreeMap<String, String>>) {
    let manifest = release.manifest.as_ref();
    (
        manifest.and_then(|manifest| manifest.install_scripts.as_ref()),
        manifest.and_then(|manifest| manifest.install_commands.as_ref()),
    )
}

/// Whether the known alert has the same signal: by the same detector, with the same value.
fn is_told(signal: &Signal, of: &Observation, known: Alerted<'_>) -> bool {
    let seen = value(signal, of);
    let mut known_signals = known.alert.signals.iter().filter(|known| known.detector == signal.detector);
    known_signals.any(|told| value(told, known.release) == seen)
}

/// What a signal saw, without what differs from release to release although nothing changed.
fn value(signal: &Signal, of: &Observation) -> String {
    let seen = without_version(&signal.seen, of.purl.version());
    if AGES.contains(&&*signal.detector) { without_days(&seen) } else { seen }
}

/// Puts a placeholder where a release's own version stands by itself or behind a `v`. A version without a dot is left, because
/// it could as well be an id or a count.
fn without_version(seen: &str, version: &str) -> String {
    let mut text = String::with_capacity(seen.len());
    let mut taken = 0;
    for (at, _) in seen.match_indices(version).filter(|_| version.contains('.')) {
        let end = at + version.len();
        if begins_word(&seen[..at]) && ends_word(&seen[end..]) {
            text.push_str(&seen[taken..at]);
            text.push_str(VERSION);
            taken = end;
        }
    }
    text.push_str(&seen[taken..]);
    text
}

fn begins_word(before: &str) -> bool {
    let before = before.strip_suffix(['v', 'V']).unwrap_or(before);
    before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '.')
}

/// A version ends where neither a number nor a suffix follows; a full stop may.
fn ends_word(after: &str) -> bool {
    let mut rest = after.chars();
    match rest.next() {
        Some('.') => rest.next().is_none_or(|c| !c.is_alphanumeric()),
        next => next.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '-' | '+')),
    }
}

/// Leaves out numbers of days.
fn without_days(seen: &str) -> String {
    let words: Vec<&str> = seen.split(' ').collect();
    let is_days = |at: usize| {
        words[at].bytes().all(|byte| byte.is_ascii_digit())
            && words.get(at + 1).is_some_and(|next| matches!(next.trim_end_matches([',', ')']), "day" | "days"))
    };
    let kept =
        (0..words.len()).filter(|at| !is_days(*at)).map(|at| if words[at] == "day" { "days" } else { words[at] });
    kept.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        detect::about,
        model::{Confidence, Repeated},
    };

    /// What a release shows: its version, its account, its severity, and signals as `detector: seen`; a `?` before the
    /// detector makes it corroborate only, a `.` makes it info.
    type Shown<'a> = (&'a str, &'a str, Severity, &'a [&'a str]);

    fn release((version, account, ..): Shown<'_>) -> Observation {
        serde_json::from_value(json!({"purl": format!("pkg:npm/a@{version}"), "published_at": "2026-01-02T12:00:00Z",
            "publisher": {"name": account}, "auth": {"method": "token"}, "attestation": {"status": "absent"}}))
        .unwrap()
    }

    fn alert(shown: Shown<'_>) -> Alert {
        let (release, (.., severity, signals)) = (release(shown), shown);
        let (subject, at) = (release.purl.to_string(), release.published_at);
        let about = Alert::about(AlertKind::Release, &subject, severity, Confidence::High, String::new(), at);
        let signals = signals.iter().map(|text| signal(text)).collect();
        Alert { purl: Some(release.purl), published_at: Some(at), signals, ..about }
    }

    fn signal(text: &str) -> Signal {
        let (detector, seen) = text.split_once(": ").unwrap();
        Signal {
            detector: detector.trim_start_matches(['?', '.']).to_owned().into(),
            severity: if detector.starts_with('.') { Severity::Info } else { Severity::Medium },
            expected: String::new(),
            seen: seen.to_owned(),
            since: None,
            why: String::new(),
            corroborating: detector.starts_with('?'),
        }
    }

    fn is_repetition(known: Shown<'_>, new: Shown<'_>) -> bool {
        let (known_alert, new_alert) = (alert(known), alert(new));
        repeats(
            Alerted { alert: &known_alert, release: &release(known) },
            Alerted { alert: &new_alert, release: &release(new) },
        )
    }

    const LOSS: &str = "evidence-downgrade: no evidence (authentication: token)";

    #[test]
    fn the_same_deviation_to_the_same_values_is_a_repetition() {
        let high = Severity::High;
        for (known, new, why) in [
            (&[LOSS] as &[&str], &[LOSS] as &[&str], "the same"),
            (&[LOSS, "owner-changed: evil (id 7)"], &[LOSS], "one of two"),
            (&[LOSS], &[LOSS, ".publisher-changed: alice", "?quick-succession: 3 minutes"], "a burst, and information"),
            (&[LOSS], &[LOSS, "?beside-accused: 1.2.3, published 9 minutes earlier"], "beside the known one"),
            (&["tag-missing: no tag v1.2.3"], &["tag-missing: no tag v1.2.4"], "each has its own tag"),
            (
                &["tag-missing: no tag a@1.2.3, nor a release"],
                &["tag-missing: no tag a@1.2.4, nor a release"],
                "monorepo",
            ),
            (
                &["ref-changed: tag ü1.2.3/v1.2.3."],
                &["ref-changed: tag ü1.2.3/v1.2.4."],
                "a version after a letter stays",
            ),
            (
                &["maintainer-new: eve, a maintainer for 1 day"],
                &["maintainer-new: eve, a maintainer for 2 days"],
                "older",
            ),
            (&[LOSS, LOSS], &[LOSS], "said twice"),
        ] {
            assert!(is_repetition(("1.2.3", "alice", high, known), ("1.2.4", "alice", high, new)), "{why}");
            assert!(is_repetition(("1.2.3", "alice", high, known), ("1.2.4", "alice", Severity::Low, new)), "{why}");
        }
    }

    #[test]
    fn anything_else_is_news() {
        let high = Severity::High;
        for (known, new, why) in [
            (&[LOSS] as &[&str], &[LOSS, "tag-missing: no tag v1.2.4"] as &[&str], "now it lacks its tag too"),
            (&[LOSS], &[LOSS, "?maintainer-new: eve, a maintainer for 2 days"], "something corroborates it now"),
            (
                &[LOSS],
                &["evidence-downgrade: no evidence (authentication: token, by the unfamiliar account eve)"],
                "who",
            ),
            (&["publisher-changed: eve"], &["publisher-changed: mallory"], "another account"),
            (&["owner-changed: evil (id 7)"], &["owner-changed: evil (id 8)"], "another owner of the name"),
            (&["workflow-changed: a.yml"], &["workflow-changed: b.yml"], "another workflow"),
            (&["workflow-changed: a.yml"], &["ref-changed: a.yml"], "another detector"),
            (&["foreign-dependency: x from git"], &["foreign-dependency: y from git"], "another dependency"),
            (&["revival: released again after 3 days"], &["revival: released again after 400 days"], "a long pause"),
            (&[], &[], "nothing said"),
            (&[".evidence-downgrade: none"], &[".evidence-downgrade: none"], "information only"),
            (&["?tag-missing: no tag"], &["?tag-missing: no tag"], "nothing but corroboration"),
            (&[LOSS, "?odd-hours: 03:00"], &["?odd-hours: 03:00"], "nothing but a burst"),
            (&["file-late: a.whl"], &["file-late: a.whl"], "another incident"),
            (&["tag-missing: no tag v1.2.3"], &["tag-missing: no tag v1.2.3"], "its tag is that of the other version"),
            (&["ref-changed: 1.2.3"], &["ref-changed: 1.2.5"], "not its own version"),
            (&["ref-changed: v1.2.3-rc"], &["ref-changed: v1.2.4-rc"], "another version in which it stands"),
            (&["ref-changed: 11.2.3"], &["ref-changed: 11.2.4"], "the same"),
            (&["ref-changed: 1.2.3.1"], &["ref-changed: 1.2.4.1"], "the same"),
        ] {
            assert!(!is_repetition(("1.2.3", "alice", high, known), ("1.2.4", "alice", high, new)), "{why}");
        }
        let loss = |version, account, severity| (version, account, severity, &[LOSS] as &[&str]);
        let known = loss("1.2.3", "alice", high);
        assert!(!is_repetition(known, loss("1.2.4", "bob", high)), "by another account, which the package knows");
        assert!(!is_repetition(known, known), "the release itself");
        assert!(!is_repetition(loss("1.2.3", "alice", Severity::Medium), loss("1.2.4", "alice", high)), "worse");
        let critical = Severity::Critical;
        assert!(!is_repetition(loss("1.2.3", "alice", critical), loss("1.2.4", "alice", critical)), "a takeover");
    }

    #[test]
    fn a_version_that_could_be_a_number_is_none() {
        let id = |version, id| {
            (
                version,
                "alice",
                Severity::High,
                if id == 7 { &["owner-changed: evil (id 7)"] } else { &["owner-changed: evil (id 8)"] } as &[&str],
            )
        };
        assert!(!is_repetition(id("7", 7), id("8", 8)));
    }

    #[test]
    fn only_an_alert_that_is_open_and_fresh_is_repeated() {
        let shown = |version| (version, "alice", Severity::High, &[LOSS] as &[&str]);
        let (known, new) = (alert(shown("1.2.3")), alert(shown("1.2.4")));
        let days = |days| Some(known.at() + TimeDelta::days(days));
        let repeated =
            Repeated { count: 1, last_at: known.at() + TimeDelta::days(80), newest: new.purl.clone().unwrap() };
        for (known, published_at, expected) in [
            (known.clone(), days(0), true),
            (known.clone(), days(-3), true),
            (known.clone(), days(90), true),
            (known.clone(), days(91), false),
            (Alert { repeated: Some(repeated), ..known.clone() }, days(170), true),
            (Alert { status: AlertStatus::Acknowledged, ..known.clone() }, days(1), true),
            (Alert { status: AlertStatus::Resolved, ..known.clone() }, days(1), false),
            (Alert { repeats: Some(new.id), ..known.clone() }, days(1), false),
            (Alert { kind: AlertKind::Operation, ..known.clone() }, days(1), false),
            (Alert { purl: "pkg:npm/b@1.2.3".parse().ok(), ..known.clone() }, days(1), false),
            (Alert { purl: None, ..known.clone() }, days(1), false),
        ] {
            let (new, other) = (Alert { published_at, ..new.clone() }, release(shown("1.2.4")));
            let known = Alerted { alert: &known, release: &release(shown("1.2.3")) };
            assert_eq!(
                repeats(known, Alerted { alert: &new, release: &other }),
                expected,
                "{known:?} {published_at:?}"
            );
        }
    }

    #[test]
    fn another_script_or_way_of_publishing_is_news() {
        let shown = |version| (version, "alice", Severity::High, &["install-script-added: postinstall"] as &[&str]);
        let with = |version, change: fn(&mut serde_json::Value)| {
            let mut json = serde_json::to_value(release(shown(version))).unwrap();
            change(&mut json);
            serde_json::from_value::<Observation>(json).unwrap()
        };
        let known = with("1.2.3", |json| json["manifest"] = json!({"install_commands": {"postinstall": "node a.js"}}));
        for (change, expected) in [
            (
                (|json| json["manifest"] = json!({"install_commands": {"postinstall": "node a.js"}}))
                    as fn(&mut serde_json::Value),
                true,
            ),
            (|json| json["manifest"] = json!({"install_commands": {"postinstall": "node b.js"}}), false),
            (|_| {}, false),
            (
                |json| {
                    json["manifest"] = json!({"install_commands": {"postinstall": "node a.js"}});
                    json["auth"]["method"] = json!("trusted_publisher");
                },
                false,
            ),
        ] {
            let new = with("1.2.4", change);
            let (known_alert, new_alert) = (alert(shown("1.2.3")), alert(shown("1.2.4")));
            let known = Alerted { alert: &known_alert, release: &known };
            assert_eq!(repeats(known, Alerted { alert: &new_alert, release: &new }), expected, "{new:?}");
        }
    }

    #[test]
    fn every_detector_that_is_named_exists() {
        for id in PASSING.iter().chain(&AGES) {
            assert!(about(id).is_some(), "{id}");
        }
    }
}
