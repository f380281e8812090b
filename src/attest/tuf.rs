//! Refreshes the trust material through Sigstore's TUF repository (<https://theupdateframework.io/>), over provwatch's
//! own HTTP client. `sigstore-tuf` does all verification; this is the transport.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sigstore_tuf::{Error, FileStore, MetadataStore, Repository, TrustedMetadataSet, Updater, transport::FetchFuture};
use url::Url;

use super::{
    encoding::timestamp,
    trust::{TrustError, TrustMaterial, read},
};
use crate::{
    http::{Client, Fetched, HttpError, Request},
    model::RegistryId,
    text::with_causes,
};

/// Sigstore's public repository.
const PUBLIC: &str = "https://tuf-repo-cdn.sigstore.dev/";

/// Root metadata of that repository, version 16, a copy of sigstore-trust-root's
/// (<https://github.com/sigstore/root-signing>, Apache-2.0). It leads to later versions, since each signs the next.
const PUBLIC_ROOT: &[u8] = include_bytes!("tuf-root.json");

/// The target with Sigstore's trust root.
const TRUSTED_ROOT: &str = "trusted_root.json";

/// The files beside the metadata with the trust material last used.
const KEPT: [&str; 2] = ["trusted_root.kept", "npm_keys.kept"];

/// Fetches trust material that is newer than the current one. Keeps verified metadata in a folder, so that a repository
/// can never return it to an older state.
#[derive(Clone, Debug)]
pub struct TrustUpdater {
    base: Url,
    root: Vec<u8>,
    cache: PathBuf,
    /// Whether it is Sigstore's public repository, or a mirror of it.
    is_public: bool,
}

/// The result of a refresh.
#[derive(Debug)]
pub struct Refreshed {
    /// The trust material from now on.
    pub material: TrustMaterial,
    /// Whether npm's keys are new too, or why they are the earlier ones: another party signs them than the trust root,
    /// which does not wait for them. `None`: they were not requested.
    pub npm_keys: Option<Result<(), TrustError>>,
}

impl Refreshed {
    /// Without npm's keys.
    pub fn of(material: TrustMaterial) -> Self {
        Self { material, npm_keys: None }
    }

    /// With other keys of npm, if they are available.
    #[must_use]
    pub fn with_keys(self, read: impl FnOnce(TrustMaterial) -> Result<TrustMaterial, TrustError>) -> Self {
        match read(self.material.clone()) {
            Ok(material) => Self { material, npm_keys: Some(Ok(())) },
            Err(error) => Self { npm_keys: Some(Err(error)), ..self },
        }
    }
}

impl TrustUpdater {
    /// From Sigstore's public repository, or a mirror of it, with the folder for its metadata.
    ///
    /// # Panics
    /// Never: the public URL is a constant.
    pub fn new(mirror: Option<Url>, cache: PathBuf) -> Self {
        let base = mirror.unwrap_or_else(|| PUBLIC.parse().expect("a constant URL"));
        Self { base: folder(base), root: PUBLIC_ROOT.to_vec(), cache, is_public: true }
    }

    /// From a private repository, which begins with root metadata of its own. Its metadata are kept apart from those of
    /// other repositories, below the same folder.
    ///
    /// # Errors
    /// [`TrustError::Read`] or [`TrustError::Metadata`] if the file is not signed root metadata.
    pub fn private(base: Url, root: &Path, cache: &Path) -> Result<Self, TrustError> {
        let (base, bytes) = (folder(base), read(root)?);
        TrustedMetadataSet::from_root(&bytes)
            .map_err(|source| TrustError::Metadata { origin: root.display().to_string(), source: Box::new(source) })?;
        let id = hex::encode(&Sha256::digest(base.as_str())[..8]);
        Ok(Self { base, root: bytes, cache: cache.join(format!("repository-{id}")), is_public: false })
    }

    /// Refreshes. On any failure the caller continues with the current material: an unreachable repository proves
    /// nothing about a release.
    ///
    /// # Errors
    /// [`TrustError::Refresh`] if the repository does not answer or its metadata does not verify at `now`;
    /// [`TrustError::Root`] if the trust root that it distributes cannot be used.
    pub async fn refresh(
        &self,
        client: &Client,
        now: DateTime<Utc>,
        in_use: &TrustMaterial,
    ) -> Result<Refreshed, TrustError> {
        let failed = |source| self.failed(source);
        let at = timestamp(now).ok_or_else(|| failed(Error::Malformed("the time is out of range".to_owned())))?;
        let repository = HttpRepository { client: client.clone(), base: self.base.clone() };
        let updater = Updater::new(repository, &self.root).map_err(failed)?;
        let mut updater = updater.with_store(FileStore::new(&self.cache));
        updater.refresh(at).await.map_err(failed)?;
        let root = updater.get_target(TRUSTED_ROOT, at).await.map_err(failed)?;
        let material = in_use.clone().with_root_of(&self.origin(TRUSTED_ROOT), &root)?;
        self.keep(KEPT[0], &root);
        Ok(match updater.get_target(&npm_keys(), at).await {
            Ok(keys) => {
                let refreshed =
                    Refreshed::of(material).with_keys(|it| it.with_npm_keys_of(&self.origin(&npm_keys()), &keys));
                if matches!(refreshed.npm_keys, Some(Ok(()))) {
                    self.keep(KEPT[1], &keys);
                }
                refreshed
            }
            Err(Error::TargetNotFound(_)) if !self.is_public => Refreshed::of(material),
            Err(error) => Refreshed { material, npm_keys: Some(Err(failed(error))) },
        })
    }

    /// The material with which a process begins: the last one used, also by the process before, so that a restart does
    /// not undo a revocation. If there is none, the public repository has the built-in one; a private one has none, and
    /// Sigstore's does not replace it.
    pub fn first(&self) -> TrustMaterial {
        let begin = if self.is_public { TrustMaterial::embedded() } else { TrustMaterial::unread() };
        let with_root = |root: Vec<u8>| begin.clone().with_root_of(KEPT[0], &root).ok();
        let Some(material) = self.kept(KEPT[0]).and_then(with_root) else { return begin };
        let with_keys = |keys: Vec<u8>| material.clone().with_npm_keys_of(KEPT[1], &keys).ok();
        self.kept(KEPT[1]).and_then(with_keys).unwrap_or(material)
    }

    /// Keeps a document for the next process, behind its seal. If that fails, the next process begins like the first
    /// one.
    fn keep(&self, name: &str, document: &[u8]) {
        let sealed = [self.seal(document).as_bytes(), b"\n", document].concat();
        if let Err(error) = FileStore::new(&self.cache).store(name, &sealed) {
            tracing::warn!("the trust material in use is not kept for the next start: {}", with_causes(&error));
        }
    }

    /// A kept document, if it is complete and of this repository.
    fn kept(&self, name: &str) -> Option<Vec<u8>> {
        let sealed = read(&self.cache.join(name)).ok()?;
        let end = sealed.iter().position(|byte| *byte == b'\n')?;
        let (seal, document) = (&sealed[..end], &sealed[end + 1..]);
        (seal == self.seal(document).as_bytes()).then(|| document.to_vec())
    }

    /// The digest of a document and of the root metadata with which a private repository begins: other root metadata
    /// mean another repository, whatever its URL.
    fn seal(&self, document: &[u8]) -> String {
        let beginning: &[u8] = if self.is_public { b"" } else { &self.root };
        hex::encode(Sha256::new().chain_update(Sha256::digest(beginning)).chain_update(document).finalize())
    }

    fn origin(&self, target: &str) -> String {
        format!("{target} of {}", self.base)
    }

    fn failed(&self, source: Error) -> TrustError {
        TrustError::Refresh { url: self.base.clone(), source: Box::new(source) }
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

/// A TUF repository behind provwatch's client, with its limits, retries and host rules.
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
            Err(error) if is_missing(name, &error) => Ok(None),
            Err(error) => Err(Error::transport_with_source(name, error)),
        }
    }
}

/// Whether the repository has no such file. A store that does not allow listing answers 403 for a missing file, and the
/// chain of roots is read until one is missing. An attacker who forges that answer gains as much as with a 404: until
/// the metadata expires.
fn is_missing(name: &str, error: &HttpError) -> bool {
    let is_root =
        name.strip_suffix(".root.json").is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit()));
    if is_root { matches!(error, HttpError::Status { status: 403 | 404, .. }) } else { error.is_not_found() }
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

    /// The error of a refresh with this answer of the repository, with its causes.
    async fn refresh(script: impl FnOnce(&ScriptedTransport)) -> String {
        let transport = Arc::new(ScriptedTransport::new());
        script(&transport);
        let clock = Arc::new(ManualClock::at_text("2026-11-01T00:00:00Z"));
        let client = Client::new(transport, clock.clone());
        let cache = tempfile::tempdir().expect("a folder");
        let updater = TrustUpdater::new(None, cache.path().join("tuf"));
        let error = updater
            .refresh(&client, clock.now(), &TrustMaterial::embedded())
            .await
            .expect_err("nothing to refresh from");
        assert!(error.to_string().contains("says nothing about any release"), "{error}");
        assert!(matches!(error, TrustError::Refresh { .. }));
        let causes = std::iter::successors(error.source(), |error| (*error).source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    #[tokio::test]
    async fn whatever_ails_the_repository_is_infrastructure_trouble() {
        let forbidden = refresh(|script| script.answer("17.root.json", 451, &[], "no")).await;
        assert!(forbidden.contains("451"), "{forbidden}");
        let silent = refresh(|script| (0..20).for_each(|_| script.fail("17.root.json", "timed out"))).await;
        assert!(silent.contains("timed out"), "{silent}");
        let garbage = refresh(|script| script.answer("17.root.json", 200, &[], "<html>")).await;
        assert!(!garbage.is_empty());
        let endless = refresh(|script| script.answer("17.root.json", 200, &[], vec![b' '; 600_000])).await;
        assert!(endless.contains("larger"), "{endless}");
        for no_next_root in [403, 404] {
            let empty = refresh(|script| {
                script.answer("17.root.json", no_next_root, &[], "");
                script.answer("timestamp.json", 404, &[], "");
            })
            .await;
            assert!(empty.contains("timestamp.json"), "{empty}");
        }
        let closed = refresh(|script| {
            script.answer("17.root.json", 403, &[], "");
            script.answer("timestamp.json", 403, &[], "");
        })
        .await;
        assert!(closed.contains("403"), "only the chain of roots ends so: {closed}");
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
        let error = updater.refresh(&client, clock.now(), &TrustMaterial::embedded()).await.expect_err("expired");
        assert!(error.to_string().contains("https://mirror.example/tuf/"), "{error}");
    }
}
