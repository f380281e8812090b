//! Builds the client of RDAP, with a cache of answers in the store, from `[rdap]`.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{AssemblyError, Parts};
use crate::{
    config::Config,
    rdap::{Answers, PUBLIC_BOOTSTRAP, Rdap},
    store::Store,
};

/// The client of RDAP; `None`: disabled.
///
/// # Errors
/// The list of servers has no usable URL.
pub(crate) fn rdap(config: &Config, parts: &Parts) -> Result<Option<Rdap>, AssemblyError> {
    let section = &config.rdap;
    if !section.enabled {
        return Ok(None);
    }
    let source = match &section.bootstrap {
        Some(url) => url.as_url().clone(),
        None => PUBLIC_BOOTSTRAP.parse().map_err(AssemblyError::of("the list of RDAP servers ([rdap])"))?,
    };
    let answers = Arc::new(StoredAnswers(Arc::clone(&parts.store)));
    Ok(Some(Rdap::new(&parts.http, Arc::clone(&parts.clock), answers, source)))
}

/// Answers of RDAP servers, kept in the store beside those of forges.
#[derive(Debug)]
struct StoredAnswers(Arc<Store>);

impl Answers for StoredAnswers {
    fn kept(&self, url: &str) -> Option<String> {
        let found = self.0.forge_answer(url);
        found.inspect_err(|error| tracing::warn!("an answer of an RDAP server cannot be read: {error}")).ok()?
    }

    fn keep(&self, url: &str, answer: &str, at: DateTime<Utc>) {
        if let Err(error) = self.0.keep_forge_answer(url, answer, at) {
            tracing::warn!("an answer of an RDAP server is not kept: {error}");
        }
    }
}
