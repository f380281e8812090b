//! How each recipient of a message stands, over all attempts at it.

use lettre::{Address, message::Mailbox};

use super::failure::Answer;
use crate::{
    deliver::{Message, Receipt, SinkError, shown},
    store::{Reception, Recipient},
    text::plain,
};

/// How a recipient stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The server was not asked yet.
    Open,
    /// It has the message.
    Accepted(String),
    /// The server takes no mail for it.
    Refused(String),
    /// The server takes the message later.
    PutOff(String),
    /// The server takes mail for it, but not with this content.
    Unwanted(String),
}

impl Standing {
    /// What a negative answer means that the server gave before it knew the content.
    pub fn before_content(answer: &Answer) -> Self {
        if answer.is_final() { Self::Refused(answer.to_string()) } else { Self::PutOff(answer.to_string()) }
    }

    /// What an answer to the content means.
    pub fn after_content(answer: &Result<Answer, Answer>) -> Self {
        match answer {
            Ok(answer) => Self::Accepted(answer.to_string()),
            Err(answer) if answer.is_final() => Self::Unwanted(answer.to_string()),
            Err(answer) => Self::PutOff(answer.to_string()),
        }
    }

    const fn is_over(&self) -> bool {
        matches!(self, Self::Accepted(_) | Self::Refused(_))
    }
}

/// A recipient, and how it stands.
#[derive(Debug)]
struct One<'a> {
    address: &'a Address,
    standing: Standing,
    /// Whether that is noted.
    is_noted: bool,
}

/// The recipients of one message, each address once.
#[derive(Debug)]
pub(super) struct Recipients<'a>(Vec<One<'a>>);

impl<'a> Recipients<'a> {
    /// The recipients as earlier attempts left them.
    pub fn of(to: &'a [Mailbox], message: &Message) -> Self {
        let mut all: Vec<One<'a>> = Vec::new();
        for address in to.iter().map(|mailbox| &mailbox.email) {
            let text = address.to_string();
            if all.iter().any(|one| one.address == address) {
                continue;
            }
            let earlier = message.recipients.iter().find(|earlier| earlier.address == text);
            let standing = match earlier.map(|earlier| (earlier.reception, earlier.answer.clone())) {
                None => Standing::Open,
                Some((Reception::Accepted, answer)) => Standing::Accepted(answer),
                Some((Reception::Refused, answer)) => Standing::Refused(answer),
            };
            all.push(One { address, standing, is_noted: earlier.is_some() });
        }
        Self(all)
    }

    /// Those that are not done, by their places.
    pub fn left(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|place| !self.0[*place].standing.is_over()).collect()
    }

    pub fn address(&self, place: usize) -> &'a Address {
        self.0[place].address
    }

    pub fn set(&mut self, place: usize, standing: Standing) {
        self.0[place].standing = standing;
    }

    /// What is to be noted now: who has the message, and who never gets it. Nothing, if the delivery ends with this attempt
    /// and its own record says the same of all; and if nobody has it or may have it yet, because then all are tried again.
    pub fn noted_now(&mut self) -> Vec<Recipient> {
        let all = |is: fn(&Standing) -> bool| self.0.iter().all(|one| is(&one.standing));
        let is_one_record = self.0.iter().all(|one| !one.is_noted) && all(|one| matches!(one, Standing::Accepted(_)));
        if is_one_record || all(|one| matches!(one, Standing::Refused(_))) {
            return Vec::new();
        }
        let mut noted = Vec::new();
        for one in self.0.iter_mut().filter(|one| !one.is_noted) {
            let (reception, answer) = match &one.standing {
                Standing::Accepted(answer) => (Reception::Accepted, answer.clone()),
                Standing::Refused(answer) => (Reception::Refused, answer.clone()),
                Standing::Open | Standing::PutOff(_) | Standing::Unwanted(_) => continue,
            };
            one.is_noted = true;
            noted.push(Recipient { address: one.address.to_string(), reception, answer });
        }
        noted
    }

    fn count(&self, is: fn(&Standing) -> bool) -> usize {
        self.0.iter().filter(|one| is(&one.standing)).count()
    }

    fn accepted(&self) -> usize {
        self.count(|one| matches!(one, Standing::Accepted(_)))
    }

    /// The result of an attempt in which the server answered about every recipient.
    pub fn result(&self, operation: &str) -> Result<Receipt, SinkError> {
        let put_off = self.count(|one| matches!(one, Standing::PutOff(_) | Standing::Open));
        let unwanted = self.count(|one| matches!(one, Standing::Unwanted(_)));
        if put_off + unwanted == 0 && self.accepted() > 0 {
            return Ok(Receipt::of(self.receipt()));
        }
        let what = format!("{operation}: {}", self.summary());
        Err(match (put_off, unwanted) {
            (0, _) => SinkError::permanent(what),
            (_, 0) if self.accepted() > 0 => SinkError::PutOff { what },
            (_, 0) => SinkError::temporary(what),
            _ => SinkError::Refused { what },
        })
    }

    /// The server's answer if there is only one, else all of them.
    fn receipt(&self) -> String {
        let answers = self.0.iter().map(|one| match &one.standing {
            Standing::Accepted(answer) => Some(answer),
            _ => None,
        });
        let mut answers: Vec<Option<&String>> = answers.collect();
        answers.dedup();
        match answers.as_slice() {
            [Some(answer)] => (*answer).clone(),
            _ => plain(&self.summary(), shown::SENTENCE),
        }
    }

    /// How all stand; `accepted for 2 of 3 recipients; refused: gone@example.org: 550 no such user`.
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.accepted() > 0 {
            parts.push(format!("accepted for {} of {} recipients", self.accepted(), self.0.len()));
        }
        let mut list = |title: &str, answer: fn(&Standing) -> Option<&String>| {
            let of = |one: &One<'_>| Some(format!("{}: {}", one.address, answer(&one.standing)?));
            let all: Vec<String> = self.0.iter().filter_map(of).collect();
            if !all.is_empty() {
                parts.push(format!("{title}: {}", all.join(", ")));
            }
        };
        list("refused", |one| if let Standing::Refused(answer) = one { Some(answer) } else { None });
        list("refused with this content", |one| if let Standing::Unwanted(answer) = one { Some(answer) } else { None });
        list("put off", |one| if let Standing::PutOff(answer) = one { Some(answer) } else { None });
        parts.join("; ")
    }

    /// Whether a recipient is refused that others are not.
    pub fn some_refused(&self) -> bool {
        self.accepted() > 0 && self.count(|one| matches!(one, Standing::Refused(_))) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    fn answer(code: u16) -> Answer {
        Answer::new(code, "because")
    }

    fn mailboxes(names: &[&str]) -> Vec<Mailbox> {
        names.iter().map(|name| format!("{name}@example.org").parse().unwrap()).collect()
    }

    #[test]
    fn what_the_answers_of_a_server_mean_for_the_delivery() {
        let accepted = || Standing::after_content(&Ok(answer(250)));
        let before = |code| Standing::before_content(&answer(code));
        let after = |code| Standing::after_content(&Err(answer(code)));
        let kind = |result: Result<Receipt, SinkError>| match result {
            Ok(_) => "delivered",
            Err(SinkError::PutOff { .. }) => "put off",
            Err(SinkError::Temporary { .. }) => "temporary",
            Err(SinkError::Refused { .. }) => "refused",
            Err(SinkError::Permanent { .. }) => "permanent",
            Err(SinkError::Gone { .. }) => "gone",
        };
        for (standings, expected, noted) in [
            ([accepted(), accepted(), accepted()], "delivered", 0),
            ([accepted(), before(550), accepted()], "delivered", 3),
            ([accepted(), before(450), accepted()], "put off", 2),
            ([accepted(), before(450), before(550)], "put off", 2),
            ([before(552), before(450), before(550)], "temporary", 1),
            ([before(550), before(550), before(554)], "permanent", 0),
            ([accepted(), after(554), before(550)], "permanent", 2),
            ([accepted(), after(554), after(451)], "refused", 1),
        ] {
            let (to, message) = (mailboxes(&["a", "b", "c"]), samples::message(samples::takeover()));
            let mut recipients = Recipients::of(&to, &message);
            for (place, standing) in standings.iter().enumerate() {
                recipients.set(place, standing.clone());
            }
            let notes = recipients.noted_now();
            assert_eq!((kind(recipients.result("handing in")), notes.len()), (expected, noted), "{standings:?}");
            assert!(recipients.noted_now().is_empty(), "once");
            // The next attempt goes on from there.
            let later = Message { recipients: notes, ..message };
            let left = Recipients::of(&to, &later).left().len();
            assert_eq!(left, if noted == 0 { 3 } else { 3 - noted }, "{standings:?}");
        }
    }

    #[test]
    fn an_address_that_is_named_twice_is_one_recipient() {
        let (to, message) = (mailboxes(&["a", "b", "a"]), samples::message(samples::takeover()));
        assert_eq!(Recipients::of(&to, &message).left(), [0, 1]);
    }

    #[test]
    fn a_summary_names_everyone_who_has_it_not() {
        let (to, message) = (mailboxes(&["a", "b", "c"]), samples::message(samples::takeover()));
        let mut recipients = Recipients::of(&to, &message);
        recipients.set(0, Standing::after_content(&Ok(answer(250))));
        recipients.set(1, Standing::before_content(&answer(550)));
        recipients.set(2, Standing::before_content(&answer(450)));
        let said =
            "accepted for 1 of 3 recipients; refused: b@example.org: 550 because; put off: c@example.org: 450 because";
        assert_eq!(recipients.summary(), said);
        assert!(recipients.some_refused());
    }
}
