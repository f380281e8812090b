//! Fetches documents of a log, with errors that tell whose fault a failure is.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use url::Url;

use super::{checkpoint::CheckpointError, tile::TileError};
use crate::http::{Client, Fetched, HttpError, Request};

/// Attempts at a checkpoint: the next poll comes soon enough.
pub(super) const ATTEMPTS: u32 = 2;

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No answer, or none that is a success.
    #[error("reading {what}")]
    Http {
        /// What was asked for.
        what: String,
        /// Why not.
        #[source]
        source: Box<HttpError>,
    },
    /// The log says that there is no such thing, though it signed that there is.
    #[error("the log has no {what}, though it signed a tree of {size} entries")]
    Withheld {
        /// What was asked for.
        what: String,
        /// The size that it signed.
        size: u64,
    },
    /// An answer of another form.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// What was asked for.
        what: String,
        why: String,
    },
    /// An answer that leaves out some of what was asked for.
    #[error("the log left out entry {index}, though it signed a tree of {size} entries")]
    Omitted {
        /// The first that is missing, as the log counts.
        index: u64,
        /// The size that it signed.
        size: u64,
    },
    /// There is no such entry yet.
    #[error("entry {index} does not exist; the log has {size}")]
    Beyond {
        /// What was asked for.
        index: u64,
        /// How many entries there are.
        size: u64,
    },
    /// An answer that does not hash to what the log signed.
    #[error("{what} does not hash to the root that the log signed for {size} entries")]
    Unproven {
        /// What was served.
        what: String,
        /// The size that it signed.
        size: u64,
    },
    /// A checkpoint that is none.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Another log of the trust root answers where this one was read. It did nothing wrong.
    #[error("another log, {by}, answers at its URL; [logs] urls can say where it is read now")]
    Occupied {
        /// Which.
        by: String,
    },
    /// Something in a form that is not known here. The log did nothing wrong.
    #[error("{what} is not understood: {why}; a newer version of provwatch may")]
    NotUnderstood {
        /// What was asked for.
        what: String,
        /// What is not known.
        why: String,
    },
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Infrastructure, the configuration or this version: it says nothing of the log's honesty.
    Elsewhere,
    /// What the log served is not what it must serve.
    Log,
}

impl ReadError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Http { .. } | Self::Occupied { .. } | Self::NotUnderstood { .. } => Fault::Elsewhere,
            _ => Fault::Log,
        }
    }

    /// Whether the log does not have what was asked for.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Withheld { .. } | Self::Omitted { .. } | Self::Beyond { .. }) || self.is_not_found()
    }

    /// Whether the server said that there is no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Http { source, .. } if source.is_not_found())
    }

    /// What the log says does not exist, though the tree that it signed has it.
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

/// What is wrong with an answer.
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
