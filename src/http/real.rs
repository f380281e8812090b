//! The transport that reaches the network.

use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use reqwest::{
    ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
};
use url::Url;

use super::{
    Method, Policy, Request, Response, Transport, TransportError,
    address::special_use,
    host::{HostRules, NEXT_STEP, host_of},
    room::Pace,
};
use crate::{
    bounded,
    text::with_causes,
    tls::{MAX_CERTIFICATES, Trust, next_step},
};

/// The transport that reaches the network.
///
/// A resolver gives out public addresses only, so that no answer of a name server, however timed, leads into the
/// operator's network; URLs with literal addresses are checked before they are sent. Through a proxy from the
/// environment the proxy resolves the names: then only literal addresses and local names are refused.
#[derive(Debug)]
pub struct RealTransport {
    client: reqwest::Client,
    rules: HostRules,
    proxies: Vec<String>,
}

/// The reason why the transport cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of certificates cannot be read.
    #[error("reading the certificates in {}", path.display())]
    ReadCaFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The file holds no certificates, or broken ones.
    #[error("{}: {why}", path.display())]
    BadCaFile {
        path: PathBuf,
        /// The error in it.
        why: String,
    },
    /// TLS has no trusted certificates, or the system does not allow a client.
    #[error(
        "setting up TLS: {0}; install the system's certificates (`ca-certificates`) or name a CA file ([http] ca_file)"
    )]
    Tls(String),
}

/// The versions of HTTP that the client offers a server with TLS.
const VERSIONS: [&str; 2] = ["h2", "http/1.1"];
/// How often to check whether a body is still fast enough.
const LOOK: Duration = Duration::from_secs(1);
/// Most headers of an answer.
const MAX_HEADERS: usize = 128;

impl RealTransport {
    /// Sets up TLS, proxies and time-outs.
    ///
    /// # Errors
    /// The CA file is unreadable or holds no certificates, or there are no trusted certificates.
    pub fn new(policy: &Policy) -> Result<Self, SetupError> {
        let rules = policy.host_rules();
        let proxies = if policy.proxy_from_environment { proxy_hosts(|name| std::env::var(name).ok()) } else { vec![] };
        let resolver = PublicResolver { rules: rules.clone(), proxies: proxies.clone() };
        let builder = base_builder(policy).dns_resolver(Arc::new(resolver));
        let builder = match &policy.ca_file {
            Some(path) => builder.tls_backend_preconfigured(read_trust(path)?.for_http(&VERSIONS)),
            None => builder,
        };
        let client = builder.build().map_err(|error| SetupError::Tls(with_causes(&error)))?;
        Ok(Self { client, rules, proxies })
    }

    async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        self.check(&request.url)?;
        let sent = prepared(&self.client, request)?;
        let response = self.client.execute(sent).await.map_err(explain)?;
        let status = response.status().as_u16();
        let headers = readable_headers(response.headers());
        let body = match request.discards_body {
            true if response.status().is_success() => Bytes::new(),
            true => beginning(response).await,
            false => read_body(response, request).await?,
        };
        Ok(Response { status, headers, body })
    }

    /// Whether the URL may be requested. The resolver knows the proxies' names, which must not circumvent it.
    fn check(&self, url: &Url) -> Result<(), TransportError> {
        self.rules.check(url).map_err(TransportError::Forbidden)?;
        let host = host_of(url);
        if self.proxies.contains(&host) && !self.rules.allows_name(&host) {
            return Err(TransportError::Forbidden(format!("{host} is the proxy; {NEXT_STEP}")));
        }
        Ok(())
    }
}

impl Transport for RealTransport {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(self.send(request))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that builds HTTP clients")]
fn base_builder(policy: &Policy) -> ClientBuilder {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_max_headers(MAX_HEADERS)
        .connect_timeout(policy.connect_timeout)
        .read_timeout(policy.read_timeout)
        .timeout(policy.total_timeout);
    if policy.proxy_from_environment { builder } else { builder.no_proxy() }
}

fn read_trust(path: &Path) -> Result<Trust, SetupError> {
    let bad = |why: String| SetupError::BadCaFile { path: path.to_owned(), why };
    let pem = bounded::read(path, MAX_CERTIFICATES)
        .map_err(|source| SetupError::ReadCaFile { path: path.to_owned(), source })?
        .ok_or_else(|| bad(format!("it is larger than {MAX_CERTIFICATES} bytes")))?;
    Trust::new(Some(&pem)).map_err(|error| bad(with_causes(&error)))
}

fn prepared(client: &reqwest::Client, request: &Request) -> Result<reqwest::Request, TransportError> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
    };
    let mut builder = client.request(method, request.url.clone());
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(body) = &request.body {
        builder = builder.body(body.clone());
    }
    builder.build().map_err(|error| TransportError::Unsendable(with_causes(&error.without_url())))
}

/// The headers, with a replacement character for every byte that is not UTF-8.
fn readable_headers(headers: &reqwest::header::HeaderMap) -> Vec<(String, String)> {
    let readable = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), readable(value))).collect()
}

/// The longest wait for the beginning of a refusal.
const REFUSAL: Duration = Duration::from_secs(2);

/// The beginning of a body, if it comes soon.
async fn beginning(mut response: reqwest::Response) -> Bytes {
    let chunk = tokio::time::timeout(REFUSAL, response.chunk()).await;
    chunk.ok().and_then(Result::ok).flatten().unwrap_or_default()
}

/// Reads the body while decompressing it, so that a small answer that expands into a large one is stopped on the way.
async fn read_body(mut response: reqwest::Response, request: &Request) -> Result<Bytes, TransportError> {
    let announced = response.content_length();
    let check = |bytes: u64| match bytes {
        _ if bytes > request.max_body => Err(TransportError::TooLarge { limit: request.max_body }),
        _ if bytes > request.allowance.bytes => Err(TransportError::Large { announced }),
        _ => Ok(()),
    };
    check(announced.unwrap_or_default())?;
    let pace = Pace::of(&request.allowance);
    // The announced size was found to be allowed. A body that grows is copied, and its former memory is not freed at
    // once.
    let mut body = BytesMut::with_capacity(usize::try_from(announced.unwrap_or_default()).unwrap_or_default());
    while let Some(chunk) = next_chunk(&mut response, &pace, body.len()).await? {
        check((body.len() + chunk.len()) as u64)?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The next part of a body with so many bytes so far; an error if it is too slow while others wait.
async fn next_chunk(
    response: &mut reqwest::Response,
    pace: &Pace,
    bytes: usize,
) -> Result<Option<Bytes>, TransportError> {
    loop {
        if let Some(why) = pace.too_slow(bytes) {
            return Err(TransportError::Failed(why));
        }
        if let Ok(chunk) = tokio::time::timeout(LOOK, response.chunk()).await {
            return chunk.map_err(explain);
        }
    }
}

/// Resolves names to public addresses, and to any address if the operator allows the name or it is a proxy.
#[derive(Debug)]
struct PublicResolver {
    rules: HostRules,
    proxies: Vec<String>,
}

/// A name with forbidden addresses only.
#[derive(Debug, thiserror::Error)]
#[error("{name} is at {purpose}; {NEXT_STEP}")]
struct NotPublic {
    name: String,
    purpose: &'static str,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let is_proxy = self.proxies.iter().any(|proxy| proxy == name.trim_end_matches('.'));
        let any_address = is_proxy || self.rules.allows_name(&name);
        Box::pin(async move {
            // The connector puts the URL's port in place of 0.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let usable = if any_address { found } else { public_only(name, found)? };
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

fn public_only(name: String, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    let special = found.iter().find_map(|address| special_use(address.ip()));
    let public: Vec<_> = found.into_iter().filter(|address| special_use(address.ip()).is_none()).collect();
    match special {
        Some(purpose) if public.is_empty() => Err(NotPublic { name, purpose }),
        _ => Ok(public),
    }
}

/// The hosts of the proxies that the environment names.
fn proxy_hosts(environment: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let parse = |text: String| {
        Url::parse(&text).ok().filter(Url::has_host).or_else(|| Url::parse(&format!("http://{text}")).ok())
    };
    names.iter().filter_map(|name| environment(name)).filter_map(parse).map(|url| host_of(&url)).collect()
}

/// The meaning of the library's error. The URL is left out: the reporter of the error knows it, and which parts to
/// hide.
fn explain(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(not_public) = inner.downcast_ref::<NotPublic>() {
            return TransportError::Forbidden(not_public.to_string());
        }
        cause = inner.source();
    }
    let next = next_step(&error).map(|next| format!("; {next}")).unwrap_or_default();
    TransportError::Failed(format!("{}{next}", with_causes(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 0)
    }

    #[test]
    fn private_addresses_are_left_out_of_a_names_addresses() {
        let mixed = vec![address("10.0.0.1"), address("1.1.1.1"), address("::1")];
        assert_eq!(public_only("npm.example".to_owned(), mixed).unwrap(), [address("1.1.1.1")]);
        let rebound = public_only("npm.example".to_owned(), vec![address("169.254.169.254")]).unwrap_err();
        assert!(rebound.to_string().starts_with("npm.example is at a link-local address;"), "{rebound}");
    }

    #[tokio::test]
    async fn a_name_with_a_private_address_is_forbidden_at_connect_time() {
        let policy = Policy { proxy_from_environment: false, ..Policy::default() };
        let transport = RealTransport::new(&policy).unwrap();
        // This bypasses the check of the URL, like a name that becomes private after it.
        let request = Request::get("https://localhost:9/".parse().unwrap());
        let sent = prepared(&transport.client, &request).unwrap();
        let refused = explain(transport.client.execute(sent).await.unwrap_err());
        assert!(matches!(&refused, TransportError::Forbidden(why) if why.contains("loopback")), "{refused:?}");
    }

    #[test]
    fn proxies_are_read_from_every_spelling_of_the_environment() {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://user:pass@Proxy.Corp.example:3128".to_owned()),
            "http_proxy" => Some("10.0.0.9:8080".to_owned()),
            "ALL_PROXY" => Some("proxy.internal:1080".to_owned()),
            "all_proxy" => Some("::::".to_owned()),
            _ => None,
        };
        assert_eq!(proxy_hosts(environment), ["proxy.corp.example", "10.0.0.9", "proxy.internal"]);
    }

    #[test]
    fn the_proxy_itself_is_no_way_around_the_resolver() {
        let policy = Policy { proxy_from_environment: false, ..Policy::default() };
        let transport =
            RealTransport { proxies: vec!["proxy.example".to_owned()], ..RealTransport::new(&policy).unwrap() };
        assert!(transport.check(&"https://proxy.example/".parse().unwrap()).is_err());
        assert!(transport.check(&"https://npm.example/".parse().unwrap()).is_ok());
    }

    #[test]
    fn headers_that_cannot_be_sent_are_no_reason_to_try_again() {
        let policy = Policy { proxy_from_environment: false, ..Policy::default() };
        let transport = RealTransport::new(&policy).unwrap();
        let request = Request::get("https://npm.example/".parse().unwrap()).header("x-note", "a\r\nb: c");
        assert!(!prepared(&transport.client, &request).unwrap_err().is_transient());
    }
}
