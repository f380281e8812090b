//! Refreshing the trust material through Sigstore's TUF repository (<https://theupdateframework.io/>), over our own HTTP
//! client. All verification is `sigstore-tuf`'s; this is the road to it.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use sigstore_tuf::{Error, FileStore, Repository, Updater, transport::FetchFuture};
use url::Url;

use super::{
    encoding::timestamp,
    trust::{TrustError, TrustMaterial},
};
use crate::{
    http::{Client, Fetched, Request},
    model::RegistryId,
};

/// Sigstore's public repository.
const PUBLIC: &str = "https://tuf-repo-cdn.sigstore.dev/";

/// Root metadata of that repository, version 16, a copy of sigstore-trust-root's
/// (<https://github.com/sigstore/root-signing>, Apache-2.0). Later versions are reached from it, one signing the next.
const PUBLIC_ROOT: &[u8] = include_bytes!("tuf-root.json");

/// The target with Sigstore's trust root.
const TRUSTED_ROOT: &str = "trusted_root.json";

/// Fetches trust material that is newer than the embedded one. Keeps verified metadata in a folder, so that a repository
/// can never take it back to an older state.
#[derive(Clone, Debug)]
pub struct TrustUpdater {
    base: Url,
    root: Vec<u8>,
    cache: PathBuf,
}

impl TrustUpdater {
    /// From Sigstore's public repository, or a mirror of it, with the folder for its metadata.
    ///
    /// # Panics
    /// Never: the public URL is a constant.
    pub fn new(mirror: Option<Url>, cache: PathBuf) -> Self {
        let base = mirror.unwrap_or_else(|| PUBLIC.parse().expect("a constant URL"));
        Self { base: folder(base), root: PUBLIC_ROOT.to_vec(), cache }
    }

    /// From a private repository, which has root metadata of its own (`root.json`).
    #[must_use]
    pub fn with_root(self, root: Vec<u8>) -> Self {
        Self { root, ..self }
    }

    /// Refreshes. On any failure the caller goes on with what it has: a repository that cannot be reached says nothing
    /// of any release.
    ///
    /// # Errors
    /// [`TrustError::Refresh`] if the repository does not answer or its metadata does not verify at `now`;
    /// [`TrustError::Root`] or [`TrustError::Keys`] if what it distributes cannot be used.
    pub async fn refresh(&self, client: &Client, now: DateTime<Utc>) -> Result<TrustMaterial, TrustError> {
        let (root, keys) = self
            .targets(client, now)
            .await
            .map_err(|source| TrustError::Refresh { url: self.base.clone(), source: Box::new(source) })?;
        let origin = |target: &str| format!("{target} of {}", self.base);
        let root_origin = origin(TRUSTED_ROOT);
        let root = std::str::from_utf8(&root)
            .map_err(|error| TrustError::Root { origin: root_origin.clone(), source: error.into() })?;
        TrustMaterial::parse(&root_origin, root, &origin(&npm_keys()), &keys)
    }

    async fn targets(&self, client: &Client, now: DateTime<Utc>) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let now = timestamp(now).ok_or_else(|| Error::Malformed("the time is out of range".to_owned()))?;
        let repository = HttpRepository { client: client.clone(), base: self.base.clone() };
        let mut updater = Updater::new(repository, &self.root)?.with_store(FileStore::new(&self.cache));
        updater.refresh(now).await?;
        Ok((updater.get_target(TRUSTED_ROOT, now).await?, updater.get_target(&npm_keys(), now).await?))
    }
}

/// The target with npm's keys.
fn npm_keys() -> String {
    format!("{}/keys.json", RegistryId::NPM.host())
}

/// The URL with a final slash, so that names can be put after it.
fn folder(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

/// A TUF repository behind our client, with its limits, retries and host rules.
struct HttpRepository {
    client: Client,
    base: Url,
}

impl HttpRepository {
    async fn fetch(&self, name: &str, max_length: u64) -> Result<Option<Vec<u8>>, Error> {
        let url = format!("{}{name}", self.base);
        let url: Url = url.parse().map_err(|error| Error::transport_with_source(url, error))?;
        match self.client.fetch(Request::get(url.clone()).max_body(max_length)).await {
            Ok(Fetched::Fresh(response)) => Ok(Some(response.body.to_vec())),
            Ok(Fetched::NotModified) => Err(Error::transport(format!("fetching {url}: nothing fresh"))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(Error::transport_with_source(name, error)),
        }
    }
}

impl Repository for HttpRepository {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(self.fetch(name, max_length))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(async move { self.fetch(&format!("targets/{path}"), max_length).await })
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, sync::Arc};

    use super::*;
    use crate::{
        clock::{Clock, ManualClock},
        http::ScriptedTransport,
    };

    /// What a refresh ends in when the repository answers like this, with its causes.
    async fn refresh(script: impl FnOnce(&ScriptedTransport)) -> String {
        let transport = Arc::new(ScriptedTransport::new());
        script(&transport);
        let clock = Arc::new(ManualClock::at_text("2026-11-01T00:00:00Z"));
        let client = Client::new(transport, clock.clone());
        let cache = tempfile::tempdir().expect("a folder");
        let updater = TrustUpdater::new(None, cache.path().join("tuf"));
        let error = updater.refresh(&client, clock.now()).await.expect_err("nothing to refresh from");
        assert!(error.to_string().contains("infrastructure"), "{error}");
        assert!(matches!(error, TrustError::Refresh { .. }));
        let causes = std::iter::successors(error.source(), |error| (*error).source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    #[tokio::test]
    async fn whatever_ails_the_repository_is_infrastructure_trouble() {
        let forbidden = refresh(|script| script.answer("17.root.json", 403, &[], "no")).await;
        assert!(forbidden.contains("403"), "{forbidden}");
        let silent = refresh(|script| (0..20).for_each(|_| script.fail("17.root.json", "timed out"))).await;
        assert!(silent.contains("timed out"), "{silent}");
        let garbage = refresh(|script| script.answer("17.root.json", 200, &[], "<html>")).await;
        assert!(!garbage.is_empty());
        let endless = refresh(|script| script.answer("17.root.json", 200, &[], vec![b' '; 600_000])).await;
        assert!(endless.contains("larger"), "{endless}");
        let empty = refresh(|script| {
            script.answer("17.root.json", 404, &[], "");
            script.answer("timestamp.json", 404, &[], "");
        })
        .await;
        assert!(empty.contains("timestamp.json"), "{empty}");
    }

    #[tokio::test]
    async fn an_expired_root_is_not_trusted() {
        let transport = Arc::new(ScriptedTransport::new());
        transport.answer("17.root.json", 404, &[], "");
        let clock = Arc::new(ManualClock::at_text("2030-01-01T00:00:00Z"));
        let client = Client::new(transport, clock.clone());
        let cache = tempfile::tempdir().expect("a folder");
        let updater =
            TrustUpdater::new(Some("https://mirror.example/tuf".parse().expect("a URL")), cache.path().into());
        let error = updater.refresh(&client, clock.now()).await.expect_err("expired");
        assert!(error.to_string().contains("https://mirror.example/tuf/"), "{error}");
    }
}
