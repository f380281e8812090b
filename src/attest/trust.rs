//! The trust material that signatures are verified against: Sigstore's trust root and npm's signing keys.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use sigstore_trust_root::{
    SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_PRODUCTION_TRUSTED_ROOT, SIGSTORE_STAGING_TRUSTED_ROOT, TrustedRoot,
};
use sigstore_types::Bundle;

use super::{
    instance::{Instance, Unusable},
    registry_key::RegistryKeys,
};
use crate::{bounded, model::RootStanding};

/// npm's keys as of January 2025, a copy of the target `keys.json` of Sigstore's TUF repository
/// (<https://github.com/sigstore/root-signing>, Apache-2.0).
const NPM_KEYS: &[u8] = include_bytes!("npm-keys.json");

/// Most bytes of a trust root or key list.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A trust root without authorities.
const NOBODY: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;

/// Sigstore's trust root and npm's signing keys, parsed once; clones share them.
#[derive(Clone)]
pub struct TrustMaterial {
    /// The trusted instances, at least one; the first is the default.
    pub(super) instances: Vec<Arc<Instance>>,
    pub(super) npm_keys: Arc<RegistryKeys>,
    /// The origin of the trust root.
    standing: RootStanding,
}

impl fmt::Debug for TrustMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logs = self.instances.iter().flat_map(|instance| &instance.listed.tlogs);
        f.debug_struct("TrustMaterial")
            .field("tlogs", &logs.map(|log| &log.base_url).collect::<Vec<_>>())
            .field("npm_keys", &self.npm_keys)
            .finish_non_exhaustive()
    }
}

/// The reason why there is no trust material, or none newer than the current one. It proves nothing about a release: it
/// is an infrastructure failure.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read.
    #[error("reading {}; check [trust] in the configuration", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The trust root, or a key or certificate in it, is malformed.
    #[error("{origin} cannot be used as a Sigstore trust root")]
    Root {
        /// Its origin.
        origin: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key list, or a key in it, is malformed.
    #[error("{origin} cannot be used as the list of npm's keys: {why}")]
    Keys {
        /// Its origin.
        origin: String,
        why: String,
    },
    /// The root metadata with which a TUF repository begins cannot be used.
    #[error(
        "{origin} cannot be used as root metadata of a TUF repository; check [trust] tuf_root in the configuration"
    )]
    Metadata {
        /// Its origin.
        origin: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The TUF repository could not be reached, or does not match its metadata.
    #[error(
        "refreshing the trust material from {url} failed, which says nothing about any release; the earlier \
         material stays in use"
    )]
    Refresh {
        /// The repository.
        url: url::Url,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TrustMaterial {
    /// The built-in trust material: Sigstore's public-good trust root and npm's keys.
    ///
    /// # Panics
    /// Never: a test reads the same constants.
    pub fn embedded() -> Self {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT, NPM_KEYS)
            .expect("the embedded trust material is checked by a test")
    }

    /// Sigstore's staging instance, with npm's keys.
    ///
    /// # Panics
    /// Never: a test reads the same constants.
    pub fn staging() -> Self {
        Self::parse(SIGSTORE_STAGING_TRUSTED_ROOT, NPM_KEYS).expect("the embedded trust material is checked by a test")
    }

    /// The state before the operator's own trust root is read, with npm's keys. No other root replaces it.
    ///
    /// # Panics
    /// Never: a test reads the same constant.
    pub fn unread() -> Self {
        let root = TrustedRoot::from_json(NOBODY).expect("the empty trust root is checked by a test");
        let nobody = Instance::of(root).expect("the empty trust root is checked by a test");
        Self { instances: vec![Arc::new(nobody)], standing: RootStanding::Unread, ..Self::embedded() }
    }

    /// Adds GitHub's own instance, as this version knows it: it signs for private repositories and releases, has
    /// timestamps, and no log.
    ///
    /// # Panics
    /// Never: a test reads the same constant.
    #[must_use]
    pub fn with_github(self) -> Self {
        let github = Instance::read_all(SIGSTORE_GITHUB_TRUSTED_ROOT.as_bytes());
        let github = github.expect("the embedded trust material is checked by a test").into_iter().map(Arc::new);
        Self { instances: self.instances.into_iter().chain(github).collect(), ..self }
    }

    /// The instance of a bundle: the one that issued its certificate, else the first.
    pub(super) fn instance_of(&self, bundle: &Bundle) -> &Instance {
        let only = self.instances.len() == 1;
        let its_own = self.instances.iter().find(|instance| only || instance.issued(bundle));
        its_own.unwrap_or(&self.instances[0])
    }

    /// The origin of the trust root.
    pub const fn standing(&self) -> RootStanding {
        self.standing
    }

    /// A `trusted_root.json`, and npm's keys: the TUF target's form or the registry's own, or the embedded ones.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn from_files(trusted_root: &Path, npm_keys: Option<&Path>) -> Result<Self, TrustError> {
        let material = Self::embedded().with_root(trusted_root)?;
        match npm_keys {
            Some(keys) => material.with_npm_keys(keys),
            None => Ok(material),
        }
    }

    /// The same keys of npm with the trust root of a file.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub(crate) fn with_root(self, path: &Path) -> Result<Self, TrustError> {
        self.with_root_of(&path.display().to_string(), &read(path)?)
    }

    /// The same trust root with npm's keys from a file, in the TUF target's form or the registry's own.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub(crate) fn with_npm_keys(self, path: &Path) -> Result<Self, TrustError> {
        self.with_npm_keys_of(&path.display().to_string(), &read(path)?)
    }

    /// From the document itself; the origin is for errors.
    pub(super) fn with_root_of(self, origin: &str, document: &[u8]) -> Result<Self, TrustError> {
        let instances =
            Instance::read_all(document).map_err(|source| TrustError::Root { origin: origin.to_owned(), source })?;
        Ok(Self { instances: instances.into_iter().map(Arc::new).collect(), standing: RootStanding::Read, ..self })
    }

    /// From the document itself; the origin is for errors.
    pub(super) fn with_npm_keys_of(self, origin: &str, document: &[u8]) -> Result<Self, TrustError> {
        let npm_keys = RegistryKeys::parse(document)
            .map_err(|error| TrustError::Keys { origin: origin.to_owned(), why: error.to_string() })?;
        for why in npm_keys.spoiled() {
            tracing::warn!("a key of {origin} cannot be used, the others can: {why}");
        }
        Ok(Self { npm_keys: Arc::new(npm_keys), ..self })
    }

    fn parse(root: &str, keys: &[u8]) -> Result<Self, Unusable> {
        let instances = Instance::read_all(root.as_bytes())?;
        let npm_keys = RegistryKeys::parse(keys).map_err(|error| error.to_string())?;
        let instances = instances.into_iter().map(Arc::new).collect();
        Ok(Self { instances, npm_keys: Arc::new(npm_keys), standing: RootStanding::BuiltIn })
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    let failed = |source| TrustError::Read { path: path.to_owned(), source };
    let bytes = bounded::read(path, MAX_FILE).map_err(failed)?;
    bytes.ok_or_else(|| failed(std::io::Error::other(format!("it is larger than {MAX_FILE} bytes"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_material_is_usable() {
        assert!(format!("{:?}", TrustMaterial::embedded().npm_keys).contains("SHA256:"));
        let root = |material: &TrustMaterial| format!("{:?}", material.instances[0].listed);
        assert_ne!(root(&TrustMaterial::embedded()), root(&TrustMaterial::staging()));
        let with_github = TrustMaterial::embedded().with_github();
        assert_eq!(with_github.instances.len(), 2);
        assert!(!with_github.instances[1].has_log());
    }

    #[test]
    fn a_trust_root_that_trusts_nobody_is_refused() {
        let with = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut root: serde_json::Value = serde_json::from_str(SIGSTORE_PRODUCTION_TRUSTED_ROOT).unwrap();
            change(&mut root);
            TrustMaterial::embedded()
                .with_root_of("root.json", root.to_string().as_bytes())
                .map_err(|error| std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default())
        };
        for (change, why) in [
            (&(|root: &mut serde_json::Value| root["mediaType"] = "nonsense".into()) as &dyn Fn(&mut _), "media type"),
            (&|root: &mut serde_json::Value| root["certificateAuthorities"] = serde_json::json!([]), "authority"),
            (
                &|root: &mut serde_json::Value| {
                    root["tlogs"] = serde_json::json!([]);
                    root["ctlogs"] = serde_json::json!([]);
                    root["timestampAuthorities"] = serde_json::json!([]);
                },
                "neither a log",
            ),
        ] {
            let error = with(change).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
        assert!(TrustMaterial::embedded().with_root_of("", br#"{"mediaType":"nonsense"}"#).is_err());
        for media_type in super::super::instance::MEDIA_TYPES {
            let material = with(&|root| root["mediaType"] = media_type.into()).expect(media_type);
            assert_eq!(material.standing(), RootStanding::Read);
        }
        with(&|root| root["tlogs"] = serde_json::json!([])).expect("certificates are logged");
        assert_eq!(TrustMaterial::unread().standing(), RootStanding::Unread);
    }

    #[test]
    fn unusable_files_are_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("good.json"), SIGSTORE_PRODUCTION_TRUSTED_ROOT).expect("written");
        std::fs::write(path("bad.json"), "{\"mediaType\": 1}").expect("written");
        std::fs::write(path("binary.json"), [0xff; 8]).expect("written");
        std::fs::write(path("huge.json"), vec![b' '; 5 << 20]).expect("written");
        for name in ["missing.json", "bad.json", "binary.json", "huge.json"] {
            let error = TrustMaterial::from_files(&path(name), None).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
            let error = TrustMaterial::from_files(&path("good.json"), Some(&path(name))).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(TrustMaterial::from_files(&path("good.json"), None).is_ok());
        assert!(TrustMaterial::embedded().with_npm_keys(&path("bad.json")).is_err());
    }
}
