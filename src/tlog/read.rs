//! Fetches documents of a log, with errors that assign the fault.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use url::Url;

use super::{checkpoint::CheckpointError, tile::TileError};
use crate::http::{Client, Fetched, HttpError, Request};

/// Attempts at a checkpoint: the next poll comes soon enough.
pub(super) const ATTEMPTS: u32 = 2;

/// The reason why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No answer, or an unsuccessful one.
    #[error("reading {what}")]
    Http {
        /// The requested document.
        what: String,
        /// The cause.
        #[source]
        source: Box<HttpError>,
    },
    /// The log denies that a document exists, although it signed that it does.
    #[error("the log has no {what}, though it signed a tree of {size} entries")]
    Withheld {
        /// The requested document.
        what: String,
        /// The size that it signed.
        size: u64,
    },
    /// An answer of another form.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// The requested document.
        what: String,
        why: String,
    },
    /// An answer that leaves out some of the requested entries.
    #[error("the log left out entry {index}, though it signed a tree of {size} entries")]
    Omitted {
        /// The first that is missing, as the log counts.
        index: u64,
        /// The size that it signed.
        size: u64,
    },
    /// The entry does not exist yet.
    #[error("entry {index} does not exist; the log has {size}")]
    Beyond {
        /// The requested index.
        index: u64,
        /// The number of entries.
        size: u64,
    },
    /// An answer that does not hash to the signed root.
    #[error("{what} does not hash to the root that the log signed for {size} entries")]
    Unproven {
        /// The served content.
        what: String,
        /// The size that it signed.
        size: u64,
    },
    /// An invalid checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Another log of the trust root answers at this URL. This is not a violation.
    #[error("another log, {by}, answers at its URL; [logs] urls can say where it is read now")]
    Occupied {
        /// The other log.
        by: String,
    },
    /// An answer of an unknown form. This is not a violation.
    #[error("{what} is not understood: {why}; a newer version of provwatch may")]
    NotUnderstood {
        /// The requested document.
        what: String,
        /// The unknown part.
        why: String,
    },
}

/// The party at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Infrastructure, the configuration or this version: it proves nothing about the log's honesty.
    Elsewhere,
    /// The served content violates the log's promise.
    Log,
}

impl ReadError {
    /// The party at fault.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Http { .. } | Self::Occupied { .. } | Self::NotUnderstood { .. } => Fault::Elsewhere,
            _ => Fault::Log,
        }
    }

    /// Whether the log lacks the requested entry.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Withheld { .. } | Self::Omitted { .. } | Self::Beyond { .. }) || self.is_not_found()
    }

    /// Whether the server answered "not found".
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Http { source, .. } if source.is_not_found())
    }

    /// Turns "not found" into [`ReadError::Withheld`], since the signed tree has the document.
    pub(super) fn or_withheld(self, what: impl Into<String>, size: u64) -> Self {
        if self.is_not_found() { Self::Withheld { what: what.into(), size } } else { self }
    }

    pub(super) fn malformed(what: impl Into<String>, why: impl Into<Why>) -> Self {
        Self::Malformed { what: what.into(), why: why.into().0 }
    }

    pub(super) fn unproven(what: impl Into<String>, size: u64) -> Self {
        Self::Unproven { what: what.into(), size }
    }
}

/// The error in an answer.
pub(super) struct Why(String);

impl From<&str> for Why {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<String> for Why {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<serde_json::Error> for Why {
    fn from(why: serde_json::Error) -> Self {
        Self(why.to_string())
    }
}

impl From<TileError> for Why {
    fn from(why: TileError) -> Self {
        Self(why.to_string())
    }
}

/// Fetches a document.
pub(super) async fn fetch(http: &Client, request: Request, what: &str) -> Result<Bytes, ReadError> {
    match http.fetch(request).await {
        Ok(Fetched::Fresh(response)) => Ok(response.body),
        Ok(Fetched::NotModified) => Err(ReadError::malformed(what, "an answer without content")),
        Err(source) => Err(ReadError::Http { what: what.to_owned(), source: source.into() }),
    }
}

/// Fetches a document and reads it as JSON.
pub(super) async fn fetch_json<T: DeserializeOwned>(
    http: &Client,
    request: Request,
    what: &str,
) -> Result<T, ReadError> {
    let body = fetch(http, request, what).await?;
    serde_json::from_slice(&body).map_err(|error| ReadError::malformed(what, error))
}

/// A URL below a base, whether or not that ends with a slash.
pub fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_below_the_base() {
        for (base, url) in [
            ("https://log.example", "https://log.example/tile/0/x001/234.p/5"),
            ("https://log.example/api/v2", "https://log.example/api/v2/tile/0/x001/234.p/5"),
            ("https://log.example/api/v2/", "https://log.example/api/v2/tile/0/x001/234.p/5"),
        ] {
            let base = base.parse().expect("a URL");
            assert_eq!(below(&base, "tile/0/x001/234.p/5").as_str(), url);
        }
    }
}
