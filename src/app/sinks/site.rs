//! What sinks are built from: the configuration, the way to the web, the clock, and secrets.

use std::sync::Arc;

use url::Url;

use crate::{
    app::error::Anything,
    clock::Clock,
    config::{Config, SecretSource},
    deliver::Sink,
    http::Client,
    model::Secret,
};

/// What a sink is built from.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub config: &'a Config,
    pub http: &'a Client,
    pub clock: &'a Arc<dyn Clock>,
    /// The name of the subscription.
    pub subscription: &'a str,
}

/// A sink, or the reason why it cannot be built.
pub(super) type Built = Result<Arc<dyn Sink>, Anything>;

/// Reads a secret that the configuration must name.
pub(super) fn required(source: Option<SecretSource>, stem: &str) -> Result<Secret, Anything> {
    Ok(source.ok_or_else(|| format!("it needs {stem}_file or {stem}_credential"))?.read()?)
}

/// Reads a secret that the configuration may name.
pub(super) fn optional(source: Option<SecretSource>) -> Result<Option<Secret>, Anything> {
    Ok(source.map(|source| source.read()).transpose()?)
}

/// A URL that is a secret.
pub(super) fn secret_url(source: Option<SecretSource>) -> Result<Url, Anything> {
    Ok(required(source, "url")?.expose().parse().map_err(|_| "the secret is not a URL")?)
}
