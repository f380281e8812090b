//! Exchanges with a registry, and errors that name it.

use std::fmt;

use super::{RegistryError, document::reason};
use crate::{
    http::{Client, Fetched, HttpError, Request, Response, TransportError},
    model::Ecosystem,
};

/// Asks for what may not exist. `None`: not found.
pub(super) async fn found(
    ecosystem: Ecosystem,
    http: &Client,
    request: Request,
) -> Result<Option<Fetched>, RegistryError> {
    match http.fetch(request).await {
        Ok(fetched) => Ok(Some(fetched)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(exchange_error(ecosystem)(error)),
    }
}

/// The response to a request without validators: that nothing was modified is no answer to it.
pub(super) fn fresh(ecosystem: Ecosystem, what: &str, fetched: Fetched) -> Result<Response, RegistryError> {
    match fetched {
        Fetched::Fresh(response) => Ok(response),
        Fetched::NotModified => Err(document_error(ecosystem, what, "it answered 304 unasked")),
    }
}

/// Asks, without validators, for what must exist.
pub(super) async fn ask(
    ecosystem: Ecosystem,
    http: &Client,
    request: Request,
    what: &str,
) -> Result<Response, RegistryError> {
    fresh(ecosystem, what, http.fetch(request).await.map_err(exchange_error(ecosystem))?)
}

/// An exchange with the registry failed.
pub(super) fn exchange_error(ecosystem: Ecosystem) -> impl Fn(HttpError) -> RegistryError {
    move |source| RegistryError::Http { registry: ecosystem.title(), source: Box::new(source) }
}

/// A document was answered but is not what the registry documents. `what` is what it is, for people: "the package
/// document of axios".
pub(super) fn document_error(ecosystem: Ecosystem, what: &str, why: impl fmt::Display) -> RegistryError {
    RegistryError::Document { registry: ecosystem.title(), what: what.to_owned(), why: reason(why) }
}

/// Whether asking the same again would fail again: the server refuses the question, or its answer cannot be read. What may
/// pass, such as a limit, an outage or a lost connection, is not meant.
pub(super) fn is_lasting(error: &RegistryError) -> bool {
    match error {
        RegistryError::Document { .. } => true,
        RegistryError::Http { source, .. } => match source.as_ref() {
            HttpError::Status { status, .. } => {
                (400..500).contains(status) && ![401, 403, 407, 408, 425, 429].contains(status)
            }
            HttpError::Transport { source, .. } => matches!(source, TransportError::TooLarge { .. }),
            HttpError::Paused { .. } | HttpError::Refused { .. } => false,
        },
        RegistryError::Stale { .. } => false,
    }
}
