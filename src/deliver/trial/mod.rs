//! Tries a receiver: sends a message, and ends there what the message began.

mod drill;

use std::time::Duration;

use super::{Message, Notes, Receipt, Sink, SinkError, Unnoted};
use crate::model::{Alert, AlertStatus};

/// Longest time of a trial: one attempt for the message, and one for its end.
pub(crate) const LONGEST_TRIAL: Duration = Duration::from_mins(1);

/// Sends the message of a test or of a drill. A receiver that keeps alerts open gets its end directly after it, so that
/// the trial leaves no open incident.
///
/// # Errors
/// As [`Sink::deliver`]; also if the receiver took the message, but not its end.
pub async fn try_receiver(sink: &dyn Sink, message: &Message) -> Result<Receipt, SinkError> {
    try_noting(sink, message, &Unnoted).await
}

/// As [`try_receiver`], where another attempt may follow.
async fn try_noting(sink: &dyn Sink, message: &Message, notes: &dyn Notes) -> Result<Receipt, SinkError> {
    let begun = sink.deliver_noting(message, notes).await?;
    if !sink.keeps_open() {
        return Ok(begun);
    }
    match sink.deliver(&ending(message, begun.thread.clone())).await {
        Ok(ended) => Ok(Receipt {
            detail: format!("{}; then the end of it: {}", begun.detail, ended.detail),
            thread: ended.thread.or(begun.thread),
        }),
        Err(error) => {
            let why = error.report();
            Err(SinkError::temporary(format!("it accepted the alert, but not its end; resolve it there: {why}")))
        }
    }
}

/// The message that ends the alert of this one, of which the receipt had this thread.
fn ending(message: &Message, thread: Option<String>) -> Message {
    let note = Some("resolved: the trial is over".to_owned());
    let alert = Alert { status: AlertStatus::Resolved, note, ..message.alert.clone() };
    let end = Message::first(format!("{}_end", message.idempotency_key), alert, message.created_at);
    Message { sequence: message.sequence.saturating_add(1), thread, ..end }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::future::BoxFuture;

    use super::*;
    use crate::deliver::{event::Event, samples};

    /// Keeps alerts open, or not; takes so many messages.
    #[derive(Debug)]
    struct Desk {
        keeps_open: bool,
        takes: usize,
        taken: Mutex<Vec<Message>>,
    }

    impl Desk {
        fn new(keeps_open: bool, takes: usize) -> Self {
            Self { keeps_open, takes, taken: Mutex::default() }
        }
    }

    impl Sink for Desk {
        fn kind(&self) -> &'static str {
            "desk"
        }

        fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
            Box::pin(async move {
                let mut taken = self.taken.lock().unwrap();
                if taken.len() == self.takes {
                    return Err(SinkError::temporary("the desk is full"));
                }
                taken.push(message.clone());
                Ok(Receipt {
                    detail: format!("number {}", taken.len()),
                    thread: Some(format!("place {}", taken.len())),
                })
            })
        }

        fn keeps_open(&self) -> bool {
            self.keeps_open
        }
    }

    #[tokio::test]
    async fn what_a_trial_begins_it_ends_where_the_receiver_keeps_it() {
        let (desk, message) = (Desk::new(true, 2), samples::message(samples::takeover()));
        let receipt = try_receiver(&desk, &message).await.unwrap();
        assert_eq!(receipt.detail, "number 1; then the end of it: number 2");
        let taken = desk.taken.lock().unwrap();
        assert_eq!(taken[0], message);
        assert_eq!(taken[1].thread.as_deref(), Some("place 1"));
        assert_eq!((taken[1].alert.status, Event::of(&taken[1]).as_str()), (AlertStatus::Resolved, "resolved"));
        assert_eq!(taken[1].alert.fingerprint, message.alert.fingerprint);
        assert_ne!(taken[1].idempotency_key, message.idempotency_key);
    }

    #[tokio::test]
    async fn a_receiver_that_keeps_nothing_gets_one_message() {
        let desk = Desk::new(false, 2);
        assert_eq!(try_receiver(&desk, &samples::message(samples::takeover())).await.unwrap().detail, "number 1");
        assert_eq!(desk.taken.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn an_end_that_is_not_taken_is_told() {
        for (takes, said) in [(0, "the desk is full"), (1, "it accepted the alert, but not its end")] {
            let error =
                try_receiver(&Desk::new(true, takes), &samples::message(samples::takeover())).await.unwrap_err();
            assert!(error.report().starts_with(said), "{}", error.report());
        }
    }
}
