//! Exchanges with a registry, with errors that name it.

use super::{RegistryError, document::document_error};
use crate::{
    http::{Client, Fetched, HttpError, Request, Response, TransportError},
    model::Ecosystem,
    text::quoted,
};

/// Requests a document that may not exist. `None`: not found.
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

/// The response to a request without validators: "not modified" is not an answer to it, and neither is a web page.
pub(super) fn fresh(ecosystem: Ecosystem, what: &str, fetched: Fetched) -> Result<Response, RegistryError> {
    match fetched {
        Fetched::Fresh(response) => {
            let next = "a page for people, a login or a proxy's notice; see what the URL in [registries] leads to";
            refuse_page(ecosystem, what, &response, next).map(|()| response)
        }
        Fetched::NotModified => Err(document_error(ecosystem, what, "unexpected 304")),
    }
}

/// Requests, without validators, a document that must exist.
pub(super) async fn ask(
    ecosystem: Ecosystem,
    http: &Client,
    request: Request,
    what: &str,
) -> Result<Response, RegistryError> {
    fresh(ecosystem, what, http.fetch(request).await.map_err(exchange_error(ecosystem))?)
}

/// Refuses a web page in the place of a package's document: a login, a proxy's notice, an index for people. `next`
/// names its likely nature, and the URL to configure.
pub(super) fn refuse_page(
    ecosystem: Ecosystem,
    what: &str,
    response: &Response,
    next: &str,
) -> Result<(), RegistryError> {
    match page_type(response) {
        Some(kind) => Err(document_error(ecosystem, what, format_args!("answered {kind}: {next}"))),
        None => Ok(()),
    }
}

/// The type of an answer that is a web page. Some servers give every file this type, so the content decides.
fn page_type(response: &Response) -> Option<String> {
    let head = response.body.trim_ascii_start();
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let named = response.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let named = named.to_ascii_lowercase();
    let begins = |mark: &str| head.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark.as_bytes()));
    let is_page = begins("<!doctype html") || begins("<html") || (head.starts_with(b"<") && named.contains("html"));
    is_page.then(|| if named.contains("html") { quoted(named, 60) } else { "text/html".to_owned() })
}

/// An exchange with the registry failed.
pub(super) fn exchange_error(ecosystem: Ecosystem) -> impl Fn(HttpError) -> RegistryError {
    move |source| RegistryError::Http { registry: ecosystem.title().into(), source: Box::new(source) }
}

/// Whether the same request would fail again: the server refuses it, or its answer cannot be read. Transient failures,
/// such as a limit, an outage or a lost connection, do not count.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(content_type: &str, body: &'static str) -> Option<String> {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        let response = Response { status: 200, headers, body: body.into() };
        let refused = refuse_page(Ecosystem::NPM, "the index", &response, "give another URL").err()?.to_string();
        assert!(refused.ends_with(": give another URL"), "it names the next step: {refused}");
        Some(refused)
    }

    #[test]
    fn a_page_is_told_by_its_content() {
        for (content_type, body, kind) in [
            ("text/html; charset=utf-8", "<!DOCTYPE html><title>Sign in</title>", Some("answered text/html: ")),
            ("application/json", "\u{feff}<HTML><body>", Some("answered text/html: ")),
            ("", " \n<!doctype html>", Some("answered text/html: ")),
            (
                "application/vnd.pypi.simple.v1+html",
                "<a href=\"x-1.0.tar.gz\">x</a>",
                Some("answered application/vnd.pypi.simple.v1+html: "),
            ),
            ("text/html", "{\"name\": \"x\"}", None),
            ("text/xml", "<?xml version='1.0'?><methodResponse/>", None),
            ("application/rss+xml", "<rss/>", None),
            ("text/html", "", None),
        ] {
            let said = said(content_type, body);
            assert_eq!(said.is_some(), kind.is_some(), "{content_type} {body}");
            assert!(said.unwrap_or_default().contains(kind.unwrap_or_default()), "{content_type} {body}");
        }
    }
}
