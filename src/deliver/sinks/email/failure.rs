//! The server's answers, and the reasons why a conversation with it fails.

use std::{error::Error, fmt, io, time::Duration};

use lettre::transport::smtp::{Error as SmtpError, response::Response};

use crate::{
    deliver::{remote::Hidden, shown},
    text::plain,
};

/// The step in which the server learns who sends.
pub(super) const MAIL: &str = "naming the sender";

/// An answer of the server: its code, and its text in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub code: u16,
    pub text: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

impl Answer {
    pub fn new(code: u16, text: &str) -> Self {
        Self { code, text: plain(text.trim_end(), shown::LINE) }
    }

    /// A positive answer.
    pub fn of(response: &Response) -> Self {
        let said: Vec<&str> = response.message().collect();
        Self::new(response.code().into(), &said.join(" "))
    }

    /// The answer without the secrets that the server may have quoted.
    pub fn hiding(&self, hidden: &Hidden) -> Self {
        Self { code: self.code, text: hidden.hide(&self.text) }
    }

    /// Whether the server will never accept this: the permanent refusals (5xx), except for those that an operator can put
    /// right while the message waits, such as a wrong or expired password (530, 534, 535, 538; RFC 4954) and a full mailbox
    /// (552).
    pub const fn is_final(&self) -> bool {
        self.code >= 500 && !matches!(self.code, 530 | 534 | 535 | 538 | 552)
    }
}

/// The reason why a conversation with the server ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The connection, or what came over it.
    #[error("{step}")]
    Broken {
        /// The step of the conversation.
        step: &'static str,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("{step}: no answer within {} s{}", limit.as_secs(), hint(*next))]
    Late {
        step: &'static str,
        limit: Duration,
        /// The operator's next step, if the wait has a usual cause.
        next: Option<&'static str>,
    },
    /// An answer that ends the conversation.
    #[error("{step}: {answer}{}", hint(*next))]
    Answer { step: &'static str, answer: Answer, next: Option<&'static str> },
    /// The server cannot do what is needed.
    #[error("{0}")]
    Lacks(&'static str),
}

fn hint(next: Option<&'static str>) -> String {
    next.map(|next| format!("; {next}")).unwrap_or_default()
}

impl Failure {
    pub fn broken(step: &'static str, source: io::Error) -> Self {
        Self::Broken { step, source: Box::new(source) }
    }

    /// The library's error.
    pub fn of(step: &'static str, error: SmtpError) -> Self {
        match negative(&error) {
            Some(answer) => Self::refused(step, answer),
            None => Self::Broken { step, source: Box::new(error) },
        }
    }

    /// A negative answer.
    pub fn refused(step: &'static str, answer: Answer) -> Self {
        Self::Answer { step, next: next_step(&answer), answer }
    }

    /// Whether the server refuses the message for good, whoever receives it.
    pub fn condemns_the_message(&self) -> bool {
        matches!(self, Self::Answer { step, answer, .. } if *step == MAIL && answer.is_final())
    }
}

/// The server's negative answer, if it is the cause.
pub(super) fn negative(error: &SmtpError) -> Option<Answer> {
    let code = error.status()?;
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    Some(Answer::new(code.into(), &text))
}

fn next_step(answer: &Answer) -> Option<&'static str> {
    match answer.code {
        530 => Some("set `username` and a password"),
        534 | 538 => Some("the server does not allow this login; see its documentation"),
        535 => Some("correct `username` and the password"),
        _ => None,
    }
}
