//! The sink that sends alerts as e-mails over SMTP.

use std::time::{Duration, SystemTime};

use chrono::DateTime;
use futures::future::BoxFuture;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Email, Tokio1Executor,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error as SmtpError,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use sha2::{Digest, Sha256};

use crate::{
    deliver::{
        Message, Receipt, Sink, SinkError, shown,
        view::{Template, View},
    },
    model::{Alert, Secret},
    text::plain,
};

/// The protection of the connection to the SMTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte (RFC 8314), port 465 as a rule.
    Tls,
    /// `STARTTLS`, required: to a server that does not offer it, nothing is sent. Port 587 as a rule.
    StartTls,
    /// No protection at all; the configuration calls it `insecure`.
    Insecure,
}

/// The SMTP server, the sender and the recipients.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// The SMTP server's host name, which its certificate must name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// The protection of the connection.
    pub security: SmtpSecurity,
    /// PEM certificates that are trusted besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// User name and password.
    pub credentials: Option<(String, Secret)>,
    /// The sender: `provwatch <alerts@example.org>`.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// The name of the subscription, which the mail tells its readers.
    pub subscription: String,
    /// Longest wait for the connection and for each answer.
    pub timeout: Duration,
}

/// Unusable settings.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// Not an address.
    #[error("{text:?} is not an e-mail address; expected for example `provwatch <alerts@example.org>`")]
    Address {
        text: String,
        /// The error in it.
        #[source]
        source: lettre::address::AddressError,
    },
    /// No recipient.
    #[error("no recipients; name at least one in `to`")]
    NoRecipients,
    /// A password that would travel in the clear.
    #[error("a password is configured for a connection without TLS; use TLS or STARTTLS, or leave the password out")]
    PasswordInTheClear,
    /// An error of the CA file, or of TLS itself.
    #[error("preparing TLS for the SMTP server {server:?}")]
    Tls {
        server: String,
        #[source]
        source: SmtpError,
    },
    /// A CA file without a certificate.
    #[error("the CA file for the SMTP server {server:?} holds no certificate; expected PEM")]
    NoCertificate { server: String },
}

/// Sends alerts as e-mails over SMTP, as text and as HTML.
///
/// The `Message-ID` follows from the alert's fingerprint, so a message that is delivered twice is recognised as one,
/// and all messages of the same alert are shown in one thread.
#[derive(Debug)]
pub struct EmailSink {
    server: String,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    subscription: String,
}

impl EmailSink {
    /// A sink with these settings. It does not connect yet.
    ///
    /// # Errors
    /// See [`EmailError`].
    pub fn new(settings: EmailSettings) -> Result<Self, EmailError> {
        let from = mailbox(&settings.from)?;
        let to = settings.to.iter().map(|text| mailbox(text)).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err(EmailError::NoRecipients);
        }
        Ok(Self {
            transport: transport(&settings)?,
            server: settings.server,
            from,
            to,
            subscription: plain(&settings.subscription, shown::NAME),
        })
    }

    async fn send(&self, message: &Message) -> Result<Receipt, SinkError> {
        let email = self.compose(message)?.formatted();
        let everybody: Vec<_> = self.to.iter().collect();
        match self.hand_in(&everybody, &email).await {
            Err(error) if condemns_the_message(&error) && everybody.len() > 1 => {
                self.send_one_by_one(&email, error).await
            }
            outcome => outcome.map_err(|error| self.judge(error)),
        }
    }

    /// For a server that refuses the whole message: one recipient who has left must not keep the alert from the others.
    /// If one of them is only deferred, all receive it again later, under the same `Message-ID`.
    async fn send_one_by_one(&self, email: &[u8], first: SmtpError) -> Result<Receipt, SinkError> {
        let mut refused = Vec::new();
        for recipient in &self.to {
            match self.hand_in(&[recipient], email).await {
                Ok(_) => {}
                Err(error) if condemns_the_message(&error) => refused.push(format!("{}: {error}", recipient.email)),
                Err(error) => return Err(self.judge(error)),
            }
        }
        if refused.len() == self.to.len() {
            return Err(self.judge(first));
        }
        let detail =
            plain(&format!("accepted for some recipients only; refused: {}", refused.join(", ")), shown::SENTENCE);
        tracing::warn!(server = self.server, detail, "some recipients were refused");
        Ok(Receipt::of(detail))
    }

    /// One SMTP transaction.
    async fn hand_in(&self, to: &[&Mailbox], email: &[u8]) -> Result<Receipt, SmtpError> {
        let to = to.iter().map(|mailbox| mailbox.email.clone()).collect();
        let envelope = Envelope::new(Some(self.from.email.clone()), to).expect("there is a recipient");
        let response = self.transport.send_raw(&envelope, email).await?;
        let said: Vec<_> = response.message().collect();
        Ok(Receipt::of(plain(&format!("{} {}", response.code(), said.join(" ")), shown::LINE)))
    }

    fn judge(&self, error: SmtpError) -> SinkError {
        let what = format!("handing the e-mail in at {}", self.server);
        if condemns_the_message(&error) {
            SinkError::Permanent { what, source: Some(Box::new(error)) }
        } else {
            SinkError::Temporary { what, retry_after: None, source: Some(Box::new(error)) }
        }
    }

    fn compose(&self, message: &Message) -> Result<Email, SinkError> {
        let view = View::of(message);
        let unwritable = |error: minijinja::Error| SinkError::permanent("putting the alert into words").because(error);
        let text = Template::EmailText.render(&view, &self.subscription).map_err(unwritable)?;
        let html = Template::EmailHtml.render(&view, &self.subscription).map_err(unwritable)?;
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
        email
            .multipart(alternatives(&thread, text, html))
            .map_err(|error| SinkError::permanent("composing the e-mail").because(error))
    }
}

impl Sink for EmailSink {
    fn kind(&self) -> &'static str {
        "email"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.send(message))
    }
}

/// The two parts. The boundary follows from the alert, so that composing is repeatable; it cannot occur in an encoded
/// part, whose lines never start with `--=_`.
fn alternatives(thread: &Thread<'_>, text: String, html: String) -> MultiPart {
    let part = |content_type, body: String| SinglePart::builder().header(content_type).body(body);
    MultiPart::alternative()
        .boundary(format!("=_{}", token(&thread.alert.fingerprint.to_string())))
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html))
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

/// Whether an answer means that this message will never be accepted: the permanent refusals (5xx), except for those
/// that an operator can fix while the message waits, such as a wrong or expired password (530, 534, 535, 538; RFC 4954)
/// and a full mailbox (552).
fn condemns_the_message(error: &SmtpError) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && !matches!(code, Some(530 | 534 | 535 | 538 | 552))
}

fn mailbox(text: &str) -> Result<Mailbox, EmailError> {
    let shown = || plain(text, shown::NAME);
    if text.chars().any(char::is_control) {
        let source = lettre::address::AddressError::InvalidInput;
        return Err(EmailError::Address { text: shown(), source });
    }
    text.parse().map_err(|source| EmailError::Address { text: shown(), source })
}

fn transport(settings: &EmailSettings) -> Result<AsyncSmtpTransport<Tokio1Executor>, EmailError> {
    let tls = match settings.security {
        SmtpSecurity::Tls => Tls::Wrapper(tls_parameters(settings)?),
        SmtpSecurity::StartTls => Tls::Required(tls_parameters(settings)?),
        SmtpSecurity::Insecure if settings.credentials.is_some() => return Err(EmailError::PasswordInTheClear),
        SmtpSecurity::Insecure => Tls::None,
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
        .port(settings.port)
        .timeout(Some(settings.timeout))
        .tls(tls);
    let credentials = settings.credentials.as_ref();
    let credentials = credentials.map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned()));
    Ok(credentials.into_iter().fold(builder, lettre::transport::smtp::AsyncSmtpTransportBuilder::credentials).build())
}

fn tls_parameters(settings: &EmailSettings) -> Result<TlsParameters, EmailError> {
    let server = settings.server.clone();
    let failed = |source| EmailError::Tls { server: server.clone(), source };
    let mut builder = TlsParameters::builder(server.clone());
    if let Some(pem) = &settings.ca_pem {
        if !pem.windows(BEGIN_CERTIFICATE.len()).any(|window| window == BEGIN_CERTIFICATE) {
            return Err(EmailError::NoCertificate { server });
        }
        let authority = Certificate::from_pem(pem).map_err(failed)?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build().map_err(failed)
}

const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    fn settings() -> EmailSettings {
        EmailSettings {
            server: "127.0.0.1".to_owned(),
            port: 25,
            security: SmtpSecurity::Insecure,
            ca_pem: None,
            credentials: None,
            from: "provwatch <alerts@example.org>".to_owned(),
            to: vec!["Ops <ops@example.org>".to_owned(), "security@example.com".to_owned()],
            subscription: "security-team".to_owned(),
            timeout: Duration::from_secs(5),
        }
    }

    fn compose(message: &Message) -> Email {
        EmailSink::new(settings()).unwrap().compose(message).unwrap()
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

    #[test]
    fn settings_are_checked() {
        let error = |settings: EmailSettings| EmailSink::new(settings).unwrap_err();
        assert!(matches!(error(EmailSettings { to: Vec::new(), ..settings() }), EmailError::NoRecipients));
        for from in ["", "nobody", "a@b\r\nBcc: c@d", "x <a@b>\nSubject: y"] {
            let settings = EmailSettings { from: from.to_owned(), ..settings() };
            assert!(matches!(error(settings), EmailError::Address { .. }), "{from:?}");
        }
        let credentials = Some(("me".to_owned(), Secret::new("hunter2")));
        let open = EmailSettings { credentials: credentials.clone(), ..settings() };
        assert!(matches!(error(open), EmailError::PasswordInTheClear));
        for (pem, empty) in [("not pem", true), ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", false)]
        {
            let settings =
                EmailSettings { security: SmtpSecurity::Tls, ca_pem: Some(pem.as_bytes().to_vec()), ..settings() };
            assert_eq!(matches!(error(settings), EmailError::NoCertificate { .. }), empty, "{pem}");
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        let settings = EmailSettings {
            security: SmtpSecurity::StartTls,
            credentials: Some(("me".to_owned(), Secret::new("hunter2"))),
            ..settings()
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
        let sink = EmailSink::new(settings).unwrap();
        assert!(!format!("{sink:?}").contains("hunter2"), "{sink:?}");
    }
}
