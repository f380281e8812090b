//! A message without a word that a publisher wrote. Firewalls and receivers refuse texts that look like an attack, and whoever
//! publishes chooses the texts: nobody may silence an alert by the name of a release.

use super::Message;
use crate::model::{Alert, AlertKind, Signal};

/// So often the whole message is refused before it is sent without what a publisher wrote.
pub(super) const REFUSALS: u32 = 2;

/// What stands in the place of a text.
const LEFT_OUT: &str = "(left out)";

/// Said of a delivery that got through like this.
pub(super) const SAID: &str =
    "in short form, without anything that a publisher wrote, as the whole message was refused";

/// Whether it is the turn of the short form. Where that is refused too, it was not the text: both take turns.
pub(super) const fn is_due(message: &Message) -> bool {
    message.refusals >= REFUSALS && message.refusals.is_multiple_of(2)
}

/// The message in short form: whose alert it is, how bad, which detectors spoke, and the command that shows all of it.
pub(super) fn reduced(message: &Message) -> Message {
    let of = &message.alert;
    let argument = format!(
        "The receiver refused the whole message {REFUSALS} times. This one has nothing in it that a publisher wrote: no \
         version, no account, no evidence. `provwatch alerts show {}` shows all of it.",
        of.id
    );
    let alert = Alert {
        id: of.id.clone(),
        fingerprint: of.fingerprint.clone(),
        package: of.of_package().cloned(),
        published_at: of.published_at,
        argument,
        status: of.status,
        signals: of.signals.iter().map(without_texts).collect(),
        evidence: of.evidence.clone(),
        ..Alert::about(of.kind, "", of.severity, of.confidence, title(of), of.raised_at)
    };
    Message { alert, ..message.clone() }
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
        for alert in [samples::takeover(), samples::hostile(), samples::campaign(60, 60), samples::hostile_campaign()] {
            let message = samples::message(alert.clone());
            let short = reduced(&message);
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
    fn it_takes_turns_with_the_whole_one() {
        let due = |refusals| is_due(&Message { refusals, ..samples::message(samples::takeover()) });
        assert_eq!([0, 1, 2, 3, 4, 5].map(due), [false, false, true, false, true, false]);
    }
}
