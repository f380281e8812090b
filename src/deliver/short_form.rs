//! The short form of a message, without any text of a publisher. Firewalls and receivers refuse texts that look like an
//! attack; a publisher chooses the texts, but must not silence an alert by the name of a release.

use super::{Message, SinkError};
use crate::model::{
    Alert, AlertKind, Development, MAY_REPEAT, Occasion, Package, ReleaseId, Sighting, Sightings, Signal, UsedBy,
};

/// After so many refusals the short form is tried after the whole message.
pub(super) const REFUSALS: u32 = 2;

/// Also after so many failures of any kind: some firewalls drop the connection, and some receivers fail.
const FAILURES: u32 = 4;

/// The placeholder for a text.
const LEFT_OUT: &str = "(left out)";

/// The note on a delivery in short form.
pub(super) const SAID: &str =
    "in short form, without anything that a publisher wrote, as the whole message did not get through";

/// Most bytes of the packages of a campaign: an alert's argument is shown up to a thousand.
const ROOM: usize = 640;

/// A message in short form.
pub(crate) struct Short {
    /// The message: the package, the severity, the detectors, and the command that shows the whole alert.
    pub message: Message,
    /// The members of a campaign whose packages it names.
    pub named: Vec<ReleaseId>,
    /// Members that it does not name for lack of room.
    pub left: Vec<ReleaseId>,
}

/// Whether a message with this failure is to be tried in short form. A receiver that put it off for some recipients took
/// the text.
pub(super) const fn is_due(message: &Message, error: &SinkError) -> bool {
    let refusals = message.refusals.saturating_add(if error.is_refusal() { 1 } else { 0 });
    !matches!(error, SinkError::Gone { .. } | SinkError::PutOff { .. })
        && (refusals >= REFUSALS || message.attempt >= FAILURES)
}

impl Short {
    /// The short form of a message.
    pub fn of(whole: &Message) -> Self {
        let of = &whole.alert;
        let (packages, named, left) = packages(of);
        let argument = format!(
            "The receiver did not take the whole message. This one has nothing in it that a publisher wrote: no version, no \
             account, no evidence. `provwatch alerts show {}` shows all of it.{packages}",
            of.id
        );
        let alert = Alert {
            id: of.id,
            fingerprint: of.fingerprint,
            package: of.of_package().cloned(),
            published_at: of.published_at,
            argument,
            status: of.status,
            signals: of.signals.iter().map(without_texts).collect(),
            evidence: of.evidence.clone(),
            developments: of.developments.iter().map(without_names).collect(),
            // The operator's own words, by which receivers sort alerts.
            tier: of.tier,
            team: of.team.clone(),
            used_by: of.used_by.as_ref().map(UsedBy::without_uses),
            matched: of.matched.clone(),
            entries: of.entries.as_ref().map(without_signers),
            note: of.note.as_deref().and_then(own_words),
            ..Alert::about(of.kind, "", of.severity, of.confidence, title(of), of.raised_at)
        };
        Self { message: Message { alert, is_short: true, ..whole.clone() }, named, left }
    }
}

/// The words of a note that are provwatch's own.
fn own_words(note: &str) -> Option<String> {
    match (Occasion::of(note), note.contains(MAY_REPEAT)) {
        (Some(occasion), true) => Some(format!("{} ({MAY_REPEAT})", occasion.as_str())),
        (Some(occasion), false) => Some(occasion.as_str().to_owned()),
        (None, true) => Some(MAY_REPEAT.to_owned()),
        (None, false) => None,
    }
}

/// The packages of a campaign, those that no message named before first, as far as there is room: a sentence, the
/// releases that it names, and those that are left. Ambiguous names are in none of them.
fn packages(campaign: &Alert) -> (String, Vec<ReleaseId>, Vec<ReleaseId>) {
    let in_order: Vec<(&ReleaseId, bool)> = match campaign.member_details.as_slice() {
        [] => campaign.members.iter().map(|release| (release, true)).collect(),
        details => details.iter().map(|member| (&member.purl, member.new)).collect(),
    };
    let mut texts: Vec<String> = Vec::new();
    let (mut named, mut left, mut length) = (Vec::new(), Vec::new(), 0);
    for (release, is_new) in in_order.into_iter().filter(|(release, _)| is_harmless(release.package())) {
        let text = release.package().to_string();
        if texts.contains(&text) {
            named.push(release.clone());
        } else if length + text.len() <= ROOM {
            length += text.len() + 2;
            named.push(release.clone());
            texts.push(text);
        } else if is_new {
            left.push(release.clone());
        }
    }
    let sentence = if texts.is_empty() { String::new() } else { format!(" Packages: {}.", texts.join(", ")) };
    (sentence, named, left)
}

/// Whether a package's name has only the characters of ordinary names.
fn is_harmless(package: &Package) -> bool {
    let text = package.to_string();
    text.len() <= ROOM && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":@/._-".contains(&byte))
}

fn title(alert: &Alert) -> String {
    match (alert.kind, alert.of_package()) {
        (AlertKind::Campaign, _) => format!("{} releases raised alerts together", alert.members.len()),
        (AlertKind::Release, Some(package)) => format!("a release of {package} raised an alert"),
        (AlertKind::Release, None) => "a release raised an alert".to_owned(),
        (AlertKind::Log, _) => "an alert about a transparency log".to_owned(),
        (AlertKind::Operation, Some(package)) => format!("an alert about watching {package}"),
        (AlertKind::Operation, None) => "an alert about provwatch itself".to_owned(),
    }
}

/// The kind of a development is provwatch's own word.
fn without_names(development: &Development) -> Development {
    Development { text: LEFT_OUT.to_owned(), purl: None, ..development.clone() }
}

/// The log of the first entry: its name is the operator's or the trust root's. An author of an entry chooses the signer.
fn without_signers(entries: &Sightings) -> Sightings {
    let first = entries.samples.first().map(|first| Sighting { who: LEFT_OUT.to_owned(), ..first.clone() });
    Sightings { samples: first.into_iter().collect(), ..entries.clone() }
}

fn without_texts(signal: &Signal) -> Signal {
    let is_own = signal.detector.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let detector = if is_own { signal.detector.clone() } else { LEFT_OUT.into() };
    Signal {
        detector,
        expected: LEFT_OUT.to_owned(),
        seen: LEFT_OUT.to_owned(),
        why: "The command below explains the detector.".to_owned(),
        ..signal.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    #[test]
    fn a_short_form_has_no_word_of_a_publisher() {
        for alert in [
            samples::takeover(),
            samples::used(),
            samples::hostile(),
            samples::campaign(60, 60),
            samples::hostile_campaign(),
        ] {
            let message = samples::message(alert.clone());
            let short = Short::of(&message).message;
            assert_eq!((&short.alert.id, short.alert.severity), (&alert.id, alert.severity));
            assert_eq!(short.idempotency_key, message.idempotency_key);
            let text = serde_json::to_string(&short.alert).unwrap();
            let texts = alert.signals.iter().flat_map(|signal| [&signal.expected, &signal.seen]);
            let members = alert.members.iter().map(ToString::to_string);
            let versions = alert.purl.iter().map(|purl| purl.version().to_owned());
            for theirs in texts.cloned().chain(members).chain(versions).chain([alert.title.clone()]) {
                let shown = serde_json::to_string(&theirs).unwrap();
                let shown = shown.trim_matches('"');
                assert!(shown.len() < 4 || !text.contains(shown), "{shown} in {text}");
            }
        }
    }

    #[test]
    fn a_short_form_says_why_it_is_sent_and_that_it_may_be_a_repetition() {
        for (note, short) in [
            (None, None),
            (Some("acknowledged by eve: <script>".to_owned()), Some("acknowledged")),
            (Some(format!("{MAY_REPEAT}: the store was restored")), Some("possibly a repetition")),
            (Some(format!("repeated: still open ({MAY_REPEAT}: x)")), Some("repeated (possibly a repetition)")),
            (Some("eve's own words".to_owned()), None),
        ] {
            let message = samples::message(Alert { note, ..samples::takeover() });
            assert_eq!(Short::of(&message).message.alert.note.as_deref(), short);
        }
    }

    #[test]
    fn it_is_due_after_two_refusals_or_four_failures() {
        let due = |refusals, attempt, error: &SinkError| {
            is_due(&Message { attempt, refusals, ..samples::message(samples::takeover()) }, error)
        };
        let (failed, refused) = (SinkError::temporary("500"), SinkError::Refused { what: "403".to_owned() });
        assert_eq!([0, 1, 2].map(|refusals| due(refusals, 3, &refused)), [false, true, true]);
        assert_eq!([1, 3, 4, 5].map(|attempt| due(0, attempt, &failed)), [false, false, true, true]);
        assert!(!due(5, 9, &SinkError::Gone { what: "410".to_owned() }));
        assert!(!due(5, 9, &SinkError::PutOff { what: "450".to_owned() }));
    }

    #[test]
    fn a_campaign_names_its_packages_as_far_as_there_is_room() {
        let campaign = samples::campaign(200, 200);
        let short = Short::of(&samples::message(campaign.clone()));
        let argument = &short.message.alert.argument;
        assert!(short.named.len() >= 10 && argument.len() <= crate::deliver::shown::SENTENCE, "{argument}");
        assert_eq!(short.named.len() + short.left.len(), 200);
        let is_named = |release: &ReleaseId| {
            argument.contains(&format!("{},", release.package()))
                || argument.contains(&format!("{}.", release.package()))
        };
        assert!(short.named.iter().all(is_named), "{argument}");
        assert!(!short.left.iter().any(is_named), "{argument}");
        let odd: ReleaseId = "pkg:npm/it's@1.0.0".parse().unwrap();
        let short = Short::of(&samples::message(Alert { members: vec![odd], member_details: Vec::new(), ..campaign }));
        assert!(short.named.is_empty() && short.left.is_empty() && !short.message.alert.argument.contains("it's"));
    }
}
