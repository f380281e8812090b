//! A message as one line, for logs.

use super::{MemberView, View};
use crate::{
    deliver::{Message, event::Event},
    model::{AlertStatus, Occasion, Severity},
};

/// What happened and the command that shows all of it, on one line: `HIGH axios 1.14.1: …; provwatch alerts show 6adc1e73047a`.
pub(in crate::deliver) fn line(message: &Message, view: &View) -> String {
    let note = view.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    let is_stored = !message.alert.is_test() && message.alert.digest.is_none();
    let show = if is_stored { format!("; {}", view.show) } else { String::new() };
    format!("{}{note}{show}", view.subject())
}

/// The evidence behind it on one line; empty if there is none.
pub(in crate::deliver) fn evidence(view: &View) -> String {
    let signals = view
        .signals
        .iter()
        .map(|signal| format!("{}: expected {}, seen {}", signal.detector, signal.expected, signal.seen));
    let members = view.members.iter().map(MemberView::line);
    let digest = view.digest.iter().map(|section| format!("{} ({})", section.title, section.lines.join("; ")));
    let argument = Some(view.argument.clone()).filter(|argument| !argument.is_empty());
    argument.into_iter().chain(digest).chain(signals).chain(members).collect::<Vec<_>>().join(" | ")
}

/// The severity of a message in syslog and the journal (RFC 5424, 6.2.1): 2 critical, 3 error, 4 warning, 5 notice,
/// 6 information. The end of an alert is at most a notice, so that a rule for errors does not fire again.
pub(in crate::deliver) fn priority(message: &Message) -> u8 {
    let own = match message.alert.severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    };
    let is_over = message.alert.status == AlertStatus::Resolved || Event::of(message) == Event::On(Occasion::Resolved);
    if is_over { own.max(5) } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::{lives, samples},
        model::Alert,
        text::misleads,
    };

    #[test]
    fn every_message_is_one_bounded_line() {
        for message in lives::all() {
            let view = View::of(&message);
            let (line, evidence) = (line(&message, &view), evidence(&view));
            assert!(line.len() < 5_000 && !line.chars().any(misleads) && !evidence.chars().any(misleads), "{line}");
        }
        let message = samples::message(samples::takeover());
        let (view, of_takeover) = (View::of(&message), "published with a token after 14 months of trusted publishing");
        let expected = format!("HIGH axios 1.14.1: {of_takeover}; provwatch alerts show 6adc1e73047a");
        assert_eq!(line(&message, &view), expected);
        assert!(
            evidence(&view).contains("evidence-downgrade: expected verified provenance and trusted publishing, seen")
        );
    }

    #[test]
    fn a_priority_follows_from_the_severity_and_ends_with_the_alert() {
        let of = |severity, status| priority(&samples::message(Alert { severity, status, ..samples::takeover() }));
        let open = Severity::ALL.map(|severity| of(severity, AlertStatus::Open));
        assert_eq!(open, [6, 5, 4, 3, 2]);
        let resolved = Severity::ALL.map(|severity| of(severity, AlertStatus::Resolved));
        assert_eq!(resolved, [6, 5, 5, 5, 5]);
    }
}
