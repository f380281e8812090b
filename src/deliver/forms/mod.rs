//! The forms of a message for programs.

mod cloud_events;
mod ocsf;
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
    /// Detection Finding (class 2004) of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// `CloudEvents` 1.0 in structured mode.
    CloudEvents,
}

impl Form {
    /// The message as one line of JSON, without a line end.
    ///
    /// # Errors
    /// The message cannot be written as JSON.
    pub(super) fn document(self, message: &Message) -> Result<Bytes, SinkError> {
        let document = match self {
            Self::Provwatch => provwatch::document(message),
            Self::Ocsf => ocsf::document(message),
            Self::CloudEvents => cloud_events::document(message),
        };
        document.map(Bytes::from).map_err(|error| SinkError::permanent("writing the alert as JSON").because(error))
    }

    /// The media type of such a document.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Provwatch | Self::Ocsf => "application/json",
            Self::CloudEvents => cloud_events::MEDIA_TYPE,
        }
    }
}
