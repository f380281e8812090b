//! The sink of a drill: it marks every message before the real sink sends it.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;

use super::{try_noting, try_receiver};
use crate::{
    deliver::{Message, Notes, Receipt, Sink, SinkError, Subscription, Timing, steps::DRILL},
    model::{Alert, AlertId, Fingerprint},
};

/// The word at the start of every title.
const MARK: &str = "DRILL: ";

/// Marks every message, then passes it on, and ends what the message began. A drill has no other way to a receiver, so
/// nothing unmarked can leave it.
#[derive(Debug)]
struct DrillSink(Arc<dyn Sink>);

impl Sink for DrillSink {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(async move { try_receiver(self.0.as_ref(), &marked(message)).await })
    }

    fn deliver_noting<'a>(
        &'a self,
        message: &'a Message,
        notes: &'a dyn Notes,
    ) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(async move { try_noting(self.0.as_ref(), &marked(message), notes).await })
    }

    fn patience(&self) -> Option<Duration> {
        self.0.patience()
    }
}

impl Subscription {
    /// The same subscription, whose messages are all marked as a drill and sent at once: a drill tries the receiver, and
    /// cannot wait for a digest or for the end of quiet hours.
    #[must_use]
    pub(crate) fn for_drill(self) -> Self {
        Self { sink: Arc::new(DrillSink(self.sink)), timing: Timing::default(), ..self }
    }
}

/// The message with title, id and argument of a drill. Its fingerprint and its key are new in every drill, so that no
/// receiver takes it for a repetition: the made-up release is always the same.
fn marked(message: &Message) -> Message {
    let alert = &message.alert;
    let subject = format!("drill {} {}", message.idempotency_key, message.created_at.timestamp_micros());
    let fingerprint = Fingerprint::of(alert.kind, &subject);
    let marked = Alert {
        id: AlertId::DRILL,
        fingerprint,
        title: format!("{MARK}{}", alert.title),
        argument: format!("{DRILL} {}", alert.argument),
        ..alert.clone()
    };
    Message { idempotency_key: format!("msg_drill_{fingerprint:.24}"), alert: marked, ..message.clone() }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        deliver::{
            samples,
            short_form::Short,
            view::{Template, View},
        },
        model::{AlertMatchers, DigestTimes, Weekday},
    };

    #[derive(Debug, Default)]
    struct Desk(Mutex<Vec<Message>>);

    /// A desk that keeps alerts open.
    #[derive(Debug, Default)]
    struct Pager(Desk);

    impl Sink for Pager {
        fn kind(&self) -> &'static str {
            "pager"
        }

        fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
            self.0.deliver(message)
        }

        fn keeps_open(&self) -> bool {
            true
        }

        fn refresh_every(&self) -> Option<std::time::Duration> {
            Some(std::time::Duration::from_mins(1))
        }
    }

    impl Sink for Desk {
        fn kind(&self) -> &'static str {
            "desk"
        }

        fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
            Box::pin(async move {
                self.0.lock().unwrap().push(message.clone());
                Ok(Receipt::default())
            })
        }
    }

    #[tokio::test]
    async fn whatever_leaves_a_drill_is_marked() {
        let desk = Arc::new(Desk::default());
        let sink = Arc::clone(&desk) as Arc<dyn Sink>;
        let (at, zone) = ("07:00".parse().unwrap(), "Europe/Berlin".parse().unwrap());
        let weekly = Timing { digest: Some(DigestTimes { day: Some(Weekday::Mon), at, zone }), ..Timing::default() };
        let subscription =
            Subscription { name: "desk".into(), matchers: AlertMatchers::default(), timing: weekly, sink };
        let drill = subscription.for_drill();
        assert!(drill.timing.digest.is_none(), "it is sent at once");
        let sink = drill.sink;
        assert_eq!(sink.kind(), "desk");
        let whole = samples::message(samples::takeover());
        for message in [Short::of(&whole).message, samples::message(samples::campaign(3, 3)), whole] {
            sink.deliver(&message).await.unwrap();
            let sent = desk.0.lock().unwrap().pop().unwrap();
            let json = serde_json::to_value(&sent.alert).unwrap();
            assert_eq!(json["id"], "drill");
            assert!(json["title"].as_str().unwrap().starts_with("DRILL: "), "{json}");
            assert!(json["argument"].as_str().unwrap().starts_with("This is a drill."), "{json}");
            assert_ne!(sent.alert.fingerprint, message.alert.fingerprint);
            sink.deliver(&message).await.unwrap();
            let again = desk.0.lock().unwrap().pop().unwrap();
            assert_eq!(again.idempotency_key, sent.idempotency_key, "another attempt");
            let later = Message { created_at: message.created_at + chrono::TimeDelta::hours(1), ..message.clone() };
            sink.deliver(&later).await.unwrap();
            let later = desk.0.lock().unwrap().pop().unwrap();
            assert_ne!(later.idempotency_key, sent.idempotency_key, "another drill");
            let view = View::of(&sent);
            assert!(view.subject().contains("DRILL"), "{}", view.subject());
            assert!(view.warning.is_some_and(|warning| warning.starts_with("This is a drill.")));
        }
    }

    #[tokio::test]
    async fn a_drill_ends_what_it_begins() {
        let pager = Arc::new(Pager::default());
        let sink = DrillSink(Arc::clone(&pager) as Arc<dyn Sink>);
        sink.deliver(&samples::message(samples::takeover())).await.unwrap();
        let taken = pager.0.0.lock().unwrap();
        let statuses: Vec<_> = taken.iter().map(|message| message.alert.status.as_str()).collect();
        assert_eq!(statuses, ["open", "resolved"]);
        assert_eq!(taken[0].alert.fingerprint, taken[1].alert.fingerprint);
        assert!(taken.iter().all(|message| message.alert.title.starts_with(MARK)));
        assert_eq!(sink.refresh_every(), None, "a drill is not sent again and again");
    }

    #[test]
    fn the_message_of_a_drill_as_text() {
        let message = marked(&samples::message(samples::takeover()));
        insta::assert_snapshot!(Template::EmailText.render(&View::of(&message), "security-team").unwrap());
    }
}
