//! The sink that sends alerts as e-mails over SMTP.

mod compose;
mod conversation;
mod failure;
mod line;
mod recipients;
mod server;
mod settings;
mod starttls;

use std::time::Duration;

use futures::future::BoxFuture;
use lettre::transport::smtp::authentication::Credentials;

pub use self::settings::{EmailError, EmailSettings, SmtpLimits, SmtpSecurity};
use self::{
    compose::Envelope,
    conversation::Conversation,
    failure::{Answer, Failure},
    recipients::{Recipients, Standing},
    server::{Protection, Server},
    settings::mailbox,
};
use crate::{
    deliver::{Message, Notes, Receipt, Sink, SinkError, Unnoted, remote::Hidden, shown},
    text::{plain, with_causes},
    tls::{Trust, next_step},
};

/// What an attempt may take beside the server's time limits.
const MARGIN: Duration = Duration::from_mins(1);

/// Sends alerts as e-mails over SMTP, as text and as HTML.
///
/// The `Message-ID` follows from the alert's fingerprint, so a message that is delivered twice is recognised as one,
/// and all messages of the same alert are shown in one thread. The server answers about each recipient: those who have
/// the message are noted before anything else is sent, and are left out of later attempts.
#[derive(Debug)]
pub struct EmailSink {
    server: Server,
    envelope: Envelope,
    /// What no answer of the server may show.
    hidden: Hidden,
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
        let subscription = plain(&settings.subscription, shown::NAME);
        let password = settings.credentials.as_ref().map(|(_, password)| password.expose());
        let hidden = password.map_or_else(Hidden::default, |password| Hidden::default().and(password));
        Ok(Self { server: server(settings)?, envelope: Envelope { from, to, subscription }, hidden })
    }

    async fn send(&self, message: &Message, notes: &dyn Notes) -> Result<Receipt, SinkError> {
        let email = self.envelope.compose(message)?.formatted();
        let mut recipients = Recipients::of(&self.envelope.to, message);
        let handed_in = self.hand_in(&mut recipients, &email, notes).await;
        let operation = format!("handing the e-mail in at {}", self.server);
        if let Err(failure) = handed_in {
            let so_far = recipients.summary();
            let so_far = if so_far.is_empty() { so_far } else { format!(" ({so_far})") };
            // Only a part of the sentence: as a source it would show what the server quoted.
            let why = self.hidden.hide(&with_causes(&failure));
            let next = next_step(&failure).map(|next| format!("; {next}")).unwrap_or_default();
            let what = format!("{operation}{so_far}: {why}{next}");
            let condemns = failure.condemns_the_message();
            return Err(if condemns { SinkError::permanent(what) } else { SinkError::temporary(what) });
        }
        let receipt = recipients.result(&operation)?;
        if recipients.some_refused() {
            let server = self.server.to_string();
            tracing::warn!(server, "some recipients were refused: {}", plain(&recipients.summary(), shown::SENTENCE));
        }
        Ok(receipt)
    }

    /// Hands the e-mail in for those who do not have it yet. An earlier attempt may have ended before its record.
    async fn hand_in(&self, recipients: &mut Recipients<'_>, email: &[u8], notes: &dyn Notes) -> Result<(), Failure> {
        let left = recipients.left();
        if left.is_empty() {
            return Ok(());
        }
        let mut conversation = self.server.connect().await?;
        let unsent = self.transact(&mut conversation, recipients, &left, email).await;
        notes.note(recipients.noted_now());
        // The content may be refused because of one of them.
        let unsent = unsent?;
        if unsent.len() > 1 {
            for place in unsent {
                let sent = self.transact(&mut conversation, recipients, &[place], email).await;
                notes.note(recipients.noted_now());
                sent?;
            }
        }
        conversation.end().await;
        Ok(())
    }

    /// One mail transaction for some recipients. Returns those for whom the server took mail, but not the content.
    async fn transact(
        &self,
        conversation: &mut Conversation,
        recipients: &mut Recipients<'_>,
        places: &[usize],
        email: &[u8],
    ) -> Result<Vec<usize>, Failure> {
        let addresses: Vec<_> = places.iter().map(|place| recipients.address(*place)).collect();
        let answers = conversation.begin(&self.envelope.from.email, &addresses, email).await?;
        let mut taken = Vec::new();
        for (place, answer) in places.iter().zip(answers) {
            match answer {
                Ok(()) => taken.push(*place),
                Err(answer) => recipients.set(*place, Standing::before_content(&answer.hiding(&self.hidden))),
            }
        }
        if taken.is_empty() {
            conversation.reset().await?;
            return Ok(taken);
        }
        let hide = |answer: Answer| answer.hiding(&self.hidden);
        let answer = conversation.send(email).await?.map(hide).map_err(hide);
        for place in &taken {
            recipients.set(*place, Standing::after_content(&answer));
        }
        Ok(if answer.is_ok() { Vec::new() } else { taken })
    }
}

impl Sink for EmailSink {
    fn kind(&self) -> &'static str {
        "email"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.send(message, &Unnoted))
    }

    fn deliver_noting<'a>(
        &'a self,
        message: &'a Message,
        notes: &'a dyn Notes,
    ) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.send(message, notes))
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.server.limits.beginning + self.server.limits.content + MARGIN)
    }
}

fn server(settings: EmailSettings) -> Result<Server, EmailError> {
    let EmailSettings { server: host, security, credentials, .. } = settings;
    let greeter = || {
        let trust = Trust::new(settings.ca_pem.as_deref());
        let trust = trust.map_err(|source| EmailError::Tls { server: host.clone(), source })?;
        Ok::<_, EmailError>(trust.to(&host)?)
    };
    let protection = match security {
        SmtpSecurity::Tls => Protection::Tls(greeter()?),
        SmtpSecurity::StartTls => Protection::StartTls(greeter()?),
        SmtpSecurity::Insecure if credentials.is_some() => return Err(EmailError::PasswordInTheClear),
        SmtpSecurity::Insecure => Protection::None,
    };
    let login = credentials.map(|(user, password)| Credentials::new(user, password.expose().to_owned()));
    Ok(Server { port: settings.port, protection, login, limits: settings.limits, host })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Secret, tls::TrustError};

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
            limits: SmtpLimits::default(),
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
            let EmailError::Tls { source, .. } = error(settings) else { panic!("{pem}") };
            assert_eq!(matches!(source, TrustError::NoCertificate), empty, "{pem}");
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

    /// The daemon takes a loop for stalled that has not moved for 15 minutes.
    #[test]
    fn a_slow_server_has_the_time_of_the_standard_and_stalls_no_loop() {
        let limits = SmtpLimits::default();
        assert_eq!(limits.content, Duration::from_mins(10), "RFC 5321, 4.5.3.2.6");
        assert!(EmailSink::new(settings()).unwrap().patience().unwrap() < Duration::from_mins(15));
    }
}
