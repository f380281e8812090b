//! A conversation with the mail server: mail transactions, in which it answers for each recipient (RFC 5321, 3.3).

use std::time::Duration;

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt, Rset},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::time::Instant;

use super::{
    failure::{Answer, Failure, MAIL, negative},
    settings::SmtpLimits,
};

const RECIPIENT: &str = "naming a recipient";
const CONTENT: &str = "sending the content";
const ANSWER: &str = "sending the content, which the server may accept all the same";

/// How long the server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// An open connection on which provwatch is logged in.
pub(super) struct Conversation {
    connection: AsyncSmtpConnection,
    began: Instant,
    limits: SmtpLimits,
}

impl Conversation {
    pub fn new(connection: AsyncSmtpConnection, began: Instant, limits: SmtpLimits) -> Self {
        Self { connection, began, limits }
    }

    /// Begins a transaction. Returns the server's answer about each recipient; `Ok`: the server takes mail for it.
    pub async fn begin(
        &mut self,
        from: &Address,
        to: &[&Address],
        email: &[u8],
    ) -> Result<Vec<Result<(), Answer>>, Failure> {
        let parameters = self.parameters(from, to, email)?;
        let limit = self.rest()?;
        let mail = self.connection.command(Mail::new(Some(from.clone()), parameters));
        if let Err(answer) = within(limit, MAIL, mail).await? {
            return Err(Failure::refused(MAIL, answer));
        }
        let mut answers = Vec::new();
        for recipient in to {
            let limit = self.rest()?;
            let named = self.connection.command(Rcpt::new((*recipient).clone(), Vec::new()));
            answers.push(within(limit, RECIPIENT, named).await?.map(drop));
        }
        Ok(answers)
    }

    /// Sends the content of a transaction that has recipients. Returns the server's answer about it.
    pub async fn send(&mut self, email: &[u8]) -> Result<Result<Answer, Answer>, Failure> {
        let limit = self.rest()?;
        if let Err(answer) = within(limit, CONTENT, self.connection.command(Data)).await? {
            return Ok(Err(answer));
        }
        let sent = within(self.limits.content, ANSWER, self.connection.message(email)).await?;
        Ok(sent.map(|response| Answer::of(&response)))
    }

    /// Ends a transaction without recipients.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        let limit = self.rest()?;
        within(limit, CONTENT, self.connection.command(Rset)).await.map(drop)
    }

    /// Says goodbye, whatever the server answers.
    pub async fn end(mut self) {
        let _ = tokio::time::timeout(GOODBYE, self.connection.quit()).await;
    }

    /// The time that is left before the content of a transaction must begin.
    fn rest(&self) -> Result<Duration, Failure> {
        let rest = self.limits.beginning.saturating_sub(self.began.elapsed());
        if rest.is_zero() {
            return Err(Failure::Late { step: "talking to the server", limit: self.limits.beginning, next: None });
        }
        Ok(rest)
    }

    fn parameters(&self, from: &Address, to: &[&Address], email: &[u8]) -> Result<Vec<MailParameter>, Failure> {
        let mut parameters = Vec::new();
        let is_ascii = |address: &Address| address.to_string().is_ascii();
        if !is_ascii(from) || !to.iter().all(|address| is_ascii(address)) {
            if !self.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Failure::Lacks(
                    "the server takes no addresses with other letters than those of ASCII (SMTPUTF8)",
                ));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !email.is_ascii() {
            if !self.connection.server_info().supports_feature(Extension::EightBitMime) {
                return Err(Failure::Lacks(
                    "the server takes no messages with other letters than those of ASCII (8BITMIME)",
                ));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }
}

/// The outcome of a step: the server's answer, which may be negative, or the end of the conversation.
async fn within<T>(
    limit: Duration,
    step: &'static str,
    work: impl Future<Output = Result<T, SmtpError>>,
) -> Result<Result<T, Answer>, Failure> {
    let Ok(outcome) = tokio::time::timeout(limit, work).await else {
        return Err(Failure::Late { step, limit, next: None });
    };
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(error) => match negative(&error) {
            // With 421 the server closes the connection (RFC 5321, 3.8).
            Some(answer) if answer.code != 421 => Ok(Err(answer)),
            _ => Err(Failure::of(step, error)),
        },
    }
}
