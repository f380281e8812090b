//! Builds the forge clients and their answer cache from `[forges]`.

use std::sync::Arc;

use url::Url;

use super::{AssemblyError, Parts};
use crate::{
    config::{Config, ForgeKindName},
    enrich::{Cache, Forge, ForgeKind, Forges, Remembered},
    store::Store,
};

/// The configured forges, and the cache of their answers; `None`: disabled.
///
/// # Errors
/// A token that cannot be read.
pub(crate) fn forges(config: &Config, parts: &Parts) -> Result<Option<Forges>, AssemblyError> {
    if !config.forges.enabled {
        return Ok(None);
    }
    let answers = Arc::new(StoredAnswers(Arc::clone(&parts.store)));
    Ok(Some(Forges::new(forge_list(config)?, parts.http.clone(), Arc::clone(&parts.clock), answers)))
}

/// The forges; those of the configuration come before the public ones.
///
/// # Errors
/// As [`forges`].
pub(crate) fn forge_list(config: &Config) -> Result<Vec<Forge>, AssemblyError> {
    let section = &config.forges;
    if !section.enabled {
        return Ok(Vec::new());
    }
    let mut forges = Vec::new();
    for instance in &section.instances {
        let kind = match instance.kind {
            ForgeKindName::Github => ForgeKind::Github,
            ForgeKindName::Gitlab => ForgeKind::Gitlab,
        };
        let what = format!("the forge {:?} ([[forges.instance]])", instance.host);
        let token = instance.token().map(|token| token.read()).transpose().map_err(AssemblyError::of(what))?;
        forges.push(Forge::new(kind, &instance.host, with_slash(instance.api.as_url()), token));
    }
    for (kind, host, api, token) in [
        (ForgeKind::Github, "github.com", "https://api.github.com/", section.github_token()),
        (ForgeKind::Gitlab, "gitlab.com", "https://gitlab.com/api/v4/", section.gitlab_token()),
    ] {
        let what = format!("the token for {host} ([forges])");
        let token = token.map(|token| token.read()).transpose().map_err(AssemblyError::of(what.clone()))?;
        let api = api.parse().map_err(AssemblyError::of(what))?;
        forges.push(Forge::new(kind, host, api, token));
    }
    Ok(forges)
}

/// Request paths are below it, not beside it.
fn with_slash(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

/// Answers of forges, kept in the store.
#[derive(Debug)]
struct StoredAnswers(Arc<Store>);

impl Cache for StoredAnswers {
    fn remembered(&self, key: &str) -> Option<Remembered> {
        let found = self.0.forge_answer(key);
        let text = found.inspect_err(|error| tracing::warn!("an answer of a forge cannot be read: {error}")).ok()??;
        serde_json::from_str(&text).ok()
    }

    fn remember(&self, key: &str, answer: &Remembered) {
        let Ok(text) = serde_json::to_string(answer) else { return };
        if let Err(error) = self.0.keep_forge_answer(key, &text, answer.at) {
            tracing::warn!("an answer of a forge is not kept: {error}");
        }
    }
}
