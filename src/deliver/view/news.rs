//! What a later message says that earlier ones about its alert did not.

use super::{DevelopmentView, View};
use crate::deliver::event::Event;

/// The sentences of a later message for a receiver that keeps the earlier ones beside it: an issue, a thread. The first says
/// what happened; each is plain, and not empty.
pub(in crate::deliver) fn news(view: &View, event: Event) -> Vec<String> {
    let happened = match (&view.note, event) {
        (Some(note), _) => note.clone(),
        (None, Event::On(occasion)) => occasion.as_str().to_owned(),
        (None, _) => "More is known of this alert.".to_owned(),
    };
    let standing = view.standing.as_ref().map(|standing| format!("Status: {standing}"));
    let latest = view.developments.first().map(DevelopmentView::line);
    let repeated = view.repeated.as_ref().map(|repeated| format!("Repeated {repeated}."));
    let facts = format!("Severity {}, confidence {}.", view.severity, view.confidence);
    let more = view.news.clone().into_iter().chain(standing).chain(latest).chain(repeated).chain([facts]);
    std::iter::once(happened).chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::{Message, samples},
        model::{Alert, AlertStatus},
    };

    #[test]
    fn the_first_sentence_says_what_happened() {
        let note = Some("acknowledged by ada: asked the maintainers".to_owned());
        let resolved = Alert { status: AlertStatus::Resolved, ..samples::takeover() };
        for (alert, first) in [
            (Alert { note, ..samples::withdrawn() }, "acknowledged by ada: asked the maintainers"),
            (samples::withdrawn(), "More is known of this alert."),
            (resolved, "resolved"),
        ] {
            let message = Message { sequence: 1, ..samples::message(alert) };
            let said = news(&View::of(&message), Event::of(&message));
            assert_eq!(said[0], first);
            assert_eq!(said.last().unwrap(), "Severity high, confidence high.");
        }
        let message = Message { sequence: 1, ..samples::message(samples::withdrawn()) };
        let said = news(&View::of(&message), Event::of(&message)).join("\n");
        assert!(
            said.contains("Status: acknowledged by ada at") && said.contains("withdrawn. It was removed"),
            "{said}"
        );
    }
}
