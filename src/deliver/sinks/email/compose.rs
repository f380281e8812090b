//! Composes the e-mail of a message: its headers, its text, and the same as HTML.

use std::time::SystemTime;

use chrono::DateTime;
use lettre::{
    Message as Email,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use sha2::{Digest, Sha256};

use crate::{
    deliver::{
        Message, SinkError,
        view::{Template, View},
    },
    model::Alert,
};

/// Who sends, who receives, and for which subscription.
#[derive(Debug)]
pub(super) struct Envelope {
    pub from: Mailbox,
    pub to: Vec<Mailbox>,
    pub subscription: String,
}

impl Envelope {
    /// The e-mail of a message. Composing is repeatable: a retry is the same e-mail. The short form has no HTML.
    pub fn compose(&self, message: &Message) -> Result<Email, SinkError> {
        let view = View::of(message);
        let unwritable = |error: minijinja::Error| SinkError::permanent("putting the alert into words").because(error);
        let text = Template::EmailText.render(&view, &self.subscription).map_err(unwritable)?;
        let thread = Thread { alert: &message.alert, domain: self.from.email.domain() };
        let mut email = Email::builder()
            .from(self.from.clone())
            .subject(format!("[provwatch] {}", view.subject()))
            .date(date(message))
            .message_id(Some(thread.message(message.sequence)))
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .raw_header(header("List-Id", format!("provwatch alerts <provwatch.{}>", self.from.email.domain())));
        for recipient in &self.to {
            email = email.to(recipient.clone());
        }
        if let Some(first) = thread.first(message.sequence) {
            email = email.in_reply_to(first.clone()).references(first);
        }
        let composed = if message.is_short {
            email.singlepart(part(ContentType::TEXT_PLAIN, text))
        } else {
            let html = Template::EmailHtml.render(&view, &self.subscription).map_err(unwritable)?;
            email.multipart(alternatives(&thread, text, html))
        };
        composed.map_err(|error| SinkError::permanent("composing the e-mail").because(error))
    }
}

/// The two parts. The boundary follows from the alert, so that composing is repeatable; it cannot occur in an encoded
/// part, whose lines never start with `--=_`.
fn alternatives(thread: &Thread<'_>, text: String, html: String) -> MultiPart {
    MultiPart::alternative()
        .boundary(format!("=_{}", token(&thread.alert.fingerprint.to_string())))
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html))
}

fn part(content_type: ContentType, body: String) -> SinglePart {
    SinglePart::builder().header(content_type).body(body)
}

/// The ids by which mail programs put messages into threads (RFC 5322, 3.6.4). All parts of an id are hashes, so no
/// text of an alert gets into a header here.
struct Thread<'a> {
    alert: &'a Alert,
    domain: &'a str,
}

impl Thread<'_> {
    /// The id of a message of this alert.
    fn message(&self, sequence: u32) -> String {
        format!("<alert.{}.{sequence}@{}>", token(&self.alert.fingerprint.to_string()), self.domain)
    }

    /// The first message of the thread, if this is a later one.
    fn first(&self, sequence: u32) -> Option<String> {
        (sequence > 0).then(|| self.message(0))
    }
}

fn token(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..12])
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// The time when the message was recorded, the same over all attempts. RFC 5322 has no years before 1900, and lettre
/// none before 1970 or after 9999.
fn date(message: &Message) -> SystemTime {
    const LAST: i64 = 253_402_300_799;
    let seconds = message.created_at.timestamp().clamp(0, LAST);
    DateTime::from_timestamp(seconds, 0).map_or(SystemTime::UNIX_EPOCH, SystemTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::{samples, short_form::Short};

    fn compose(message: &Message) -> Email {
        let mailbox = |text: &str| text.parse().unwrap();
        let envelope = Envelope {
            from: mailbox("provwatch <alerts@example.org>"),
            to: vec![mailbox("Ops <ops@example.org>"), mailbox("security@example.com")],
            subscription: "security-team".to_owned(),
        };
        envelope.compose(message).unwrap()
    }

    /// The header fields as they are sent, folded lines joined.
    fn headers(email: &Email) -> String {
        let text = String::from_utf8(email.formatted()).unwrap();
        text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n", "\n")
    }

    #[test]
    fn the_headers_of_a_takeover() {
        insta::assert_snapshot!(headers(&compose(&samples::message(samples::takeover()))));
    }

    #[test]
    fn later_messages_are_in_the_thread_of_the_first() {
        let first = samples::message(samples::takeover());
        let again = Message { attempt: 7, ..first.clone() };
        assert_eq!(compose(&first).formatted(), compose(&again).formatted(), "a retry is the same e-mail");

        let later = headers(&compose(&Message { sequence: 2, ..first.clone() }));
        let (first, field) = (headers(&compose(&first)), |headers: &str, name: &str| {
            let prefix = format!("{name}: ");
            headers.lines().find_map(|line| line.strip_prefix(prefix.as_str())).unwrap().to_owned()
        });
        assert_ne!(field(&later, "Message-ID"), field(&first, "Message-ID"));
        assert_eq!(field(&later, "In-Reply-To"), field(&first, "Message-ID"));
        assert_eq!(field(&later, "References"), field(&first, "Message-ID"), "one thread per alert");
        assert!(!first.contains("References:"), "{first}");
    }

    #[test]
    fn the_short_form_is_short() {
        for alert in [samples::takeover(), samples::campaign(60, 60)] {
            let whole = samples::message(alert);
            let short = compose(&Short::of(&whole).message);
            let (text, whole) = (String::from_utf8(short.formatted()).unwrap(), compose(&whole).formatted().len());
            assert!(text.contains("Content-Type: text/plain") && !text.contains("text/html"), "{text}");
            assert!(text.len() < 6_000 && 2 * text.len() < whole, "{} of {whole}", text.len());
        }
    }

    #[test]
    fn hostile_text_adds_no_header() {
        let names = |headers: &str| -> Vec<String> {
            headers.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
        };
        let usual = names(&headers(&compose(&samples::message(samples::takeover()))));
        let email = compose(&samples::message(samples::hostile()));
        assert_eq!(names(&headers(&email)), usual);
        assert!(email.formatted().is_ascii());
        assert!(email.formatted().split(|b| *b == b'\n').all(|line| line.len() <= 998), "RFC 5322, 2.1.1");
    }

    #[test]
    fn times_out_of_range_do_no_harm() {
        for time in [DateTime::<chrono::Utc>::MIN_UTC, DateTime::<chrono::Utc>::MAX_UTC] {
            let message = Message { created_at: time, ..samples::message(samples::takeover()) };
            assert!(headers(&compose(&message)).contains("Date: "));
        }
    }
}
