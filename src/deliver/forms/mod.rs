//! The forms of a message for programs.

mod provwatch;

use bytes::Bytes;

pub(crate) use self::provwatch::webhook_schema;
use super::{Message, SinkError};

/// The form of a message for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// `schema/webhook.schema.json`.
    #[default]
    Provwatch,
}

impl Form {
    /// The message as one line of JSON, without a line end.
    ///
    /// # Errors
    /// The message cannot be written as JSON.
    pub(super) fn document(self, message: &Message) -> Result<Bytes, SinkError> {
        let document = match self {
            Self::Provwatch => provwatch::document(message),
        };
        document.map(Bytes::from).map_err(|source| SinkError::Permanent {
            what: "writing the alert as JSON".to_owned(),
            source: Some(Box::new(source)),
        })
    }

    /// The media type of such a document.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Provwatch => "application/json",
        }
    }
}
