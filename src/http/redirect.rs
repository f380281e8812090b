//! Rules for redirects, and the request that follows one.

use url::Url;

use super::{
    host::HostRules,
    message::{Method, Request, Response},
};

/// Redirects that one attempt follows.
pub(super) const MAX_REDIRECTS: usize = 5;

/// Headers that do not identify the client; only these are sent to another origin.
const HARMLESS: [&str; 6] =
    ["accept", "cache-control", "content-type", "if-modified-since", "if-none-match", "user-agent"];

/// The request that an answer redirects to; nothing if it does not redirect.
///
/// 301 and 302 turn a POST into a GET by custom, 303 by rule: the body would be lost in silence, so they are refused.
pub(super) fn next_hop(request: &Request, response: &Response, rules: &HostRules) -> Result<Option<Request>, String> {
    let keeps_body = matches!(response.status, 307 | 308);
    if !keeps_body && !matches!(response.status, 301..=303) {
        return Ok(None);
    }
    let Some(target) = response.header("location").and_then(|location| request.url.join(location).ok()) else {
        return Ok(None);
    };
    rules.check_redirect(&request.url, &target)?;
    if request.method != Method::Get && !keeps_body {
        let (method, status) = (request.method, response.status);
        return Err(format!("the server redirects a {method} with status {status}, which loses its body"));
    }
    Ok(Some(readdressed(request, target)))
}

/// The same request for another URL. Credentials of the location are dropped, and the request's own stay with their
/// origin.
fn readdressed(request: &Request, mut target: Url) -> Request {
    let same_origin = target.origin() == request.url.origin();
    let (username, password) = if same_origin { (request.url.username(), request.url.password()) } else { ("", None) };
    // These fail only for URLs that cannot carry credentials.
    let _ = target.set_username(username);
    let _ = target.set_password(password);
    let mut hop = Request { url: target, ..request.clone() };
    if !same_origin {
        hop.headers.retain(|(name, _)| HARMLESS.contains(&name.as_str()));
    }
    hop
}
