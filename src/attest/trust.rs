//! What signatures are verified against: Sigstore's trust root and npm's signing keys.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use sigstore_trust_root::{
    SIGSTORE_PRODUCTION_TRUSTED_ROOT, SIGSTORE_STAGING_TRUSTED_ROOT, TimeRange, TrustedRoot, trusted_root::PublicKey,
};

use super::registry_key::RegistryKeys;
use crate::{bounded, model::RootStanding, text::quoted};

/// npm's keys as of January 2025, a copy of the target `keys.json` of Sigstore's TUF repository
/// (<https://github.com/sigstore/root-signing>, Apache-2.0).
const NPM_KEYS: &[u8] = include_bytes!("npm-keys.json");

/// Most bytes of a trust root or key list.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The forms of a trust root that are known; the later spelling is the one that bundles have taken on already.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// A trust root that trusts nobody.
const NOBODY: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;

/// Sigstore's trust root and npm's signing keys, parsed once; clones share them.
#[derive(Clone)]
pub struct TrustMaterial {
    pub(super) trusted_root: Arc<TrustedRoot>,
    pub(super) verifier: Arc<sigstore_verify::Verifier>,
    pub(super) npm_keys: Arc<RegistryKeys>,
    /// Where the trust root comes from.
    standing: RootStanding,
}

impl fmt::Debug for TrustMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustMaterial")
            .field("tlogs", &self.trusted_root.tlogs.iter().map(|log| &log.base_url).collect::<Vec<_>>())
            .field("npm_keys", &self.npm_keys)
            .finish_non_exhaustive()
    }
}

/// Why there is no trust material, or none newer than what is in use. Says nothing of any release: it is trouble with the
/// infrastructure.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read.
    #[error("reading {}; check [trust] in the configuration", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The trust root is malformed, or a key or certificate in it is.
    #[error("{origin} is no usable Sigstore trust root")]
    Root {
        /// Where it comes from.
        origin: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key list is malformed, or a key in it is.
    #[error("{origin} cannot be used as the list of npm's keys: {why}")]
    Keys {
        /// Where it comes from.
        origin: String,
        /// Why.
        why: String,
    },
    /// The root metadata that a TUF repository begins with cannot be used.
    #[error(
        "{origin} cannot be used as root metadata of a TUF repository; check [trust] tuf_root in the configuration"
    )]
    Metadata {
        /// Where it comes from.
        origin: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The TUF repository could not be reached, or does not hold what it promises.
    #[error(
        "refreshing the trust material from {url} failed, which says nothing of any release; what was in use stays in use"
    )]
    Refresh {
        /// The repository.
        url: url::Url,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TrustMaterial {
    /// What this version of provwatch was built with: Sigstore's public-good trust root and npm's keys.
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

    /// Of the operator's own trust root that was not read yet, with npm's keys. No other root stands in for it.
    ///
    /// # Panics
    /// Never: a test reads the same constant.
    pub fn unread() -> Self {
        let root = TrustedRoot::from_json(NOBODY).expect("the empty trust root is checked by a test");
        let verifier = sigstore_verify::Verifier::new(&root).expect("the empty trust root is checked by a test");
        Self {
            trusted_root: Arc::new(root),
            verifier: Arc::new(verifier),
            standing: RootStanding::Unread,
            ..Self::embedded()
        }
    }

    /// Where the trust root comes from.
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
    pub fn with_root(self, path: &Path) -> Result<Self, TrustError> {
        self.with_root_of(&path.display().to_string(), &read(path)?)
    }

    /// The same trust root with npm's keys from a file, in the TUF target's form or the registry's own.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn with_npm_keys(self, path: &Path) -> Result<Self, TrustError> {
        self.with_npm_keys_of(&path.display().to_string(), &read(path)?)
    }

    /// From the document itself; the origin is for errors.
    pub(super) fn with_root_of(self, origin: &str, document: &[u8]) -> Result<Self, TrustError> {
        let (trusted_root, verifier) =
            usable(document).map_err(|source| TrustError::Root { origin: origin.to_owned(), source })?;
        Ok(Self {
            trusted_root: Arc::new(trusted_root),
            verifier: Arc::new(verifier),
            standing: RootStanding::Read,
            ..self
        })
    }

    /// From the document itself; the origin is for errors.
    pub(super) fn with_npm_keys_of(self, origin: &str, document: &[u8]) -> Result<Self, TrustError> {
        let npm_keys = RegistryKeys::parse(document)
            .map_err(|error| TrustError::Keys { origin: origin.to_owned(), why: error.to_string() })?;
        Ok(Self { npm_keys: Arc::new(npm_keys), ..self })
    }

    fn parse(root: &str, keys: &[u8]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (trusted_root, verifier) = usable(root.as_bytes())?;
        let npm_keys = RegistryKeys::parse(keys).map_err(|error| error.to_string())?;
        Ok(Self {
            trusted_root: Arc::new(trusted_root),
            verifier: Arc::new(verifier),
            npm_keys: Arc::new(npm_keys),
            standing: RootStanding::BuiltIn,
        })
    }
}

/// A trust root that can be used, with what verifies against it.
fn usable(
    document: &[u8],
) -> Result<(TrustedRoot, sigstore_verify::Verifier), Box<dyn std::error::Error + Send + Sync>> {
    let mut trusted_root = TrustedRoot::from_json(std::str::from_utf8(document)?)?;
    trusts_somebody(&trusted_root)?;
    trusted_root.tlogs = each_once(trusted_root.tlogs, |log| &mut log.public_key);
    trusted_root.ctlogs = each_once(trusted_root.ctlogs, |log| &mut log.public_key);
    let verifier = sigstore_verify::Verifier::new(&trusted_root)?;
    Ok((trusted_root, verifier))
}

/// A document of another kind, or one that was emptied, reads like a trust root that trusts nobody: with it, whatever is
/// signed would be called forged.
fn trusts_somebody(root: &TrustedRoot) -> Result<(), String> {
    if !MEDIA_TYPES.contains(&root.media_type.as_str()) {
        return Err(format!("its media type, {}, is not known here", quoted(&root.media_type, 100)));
    }
    if root.certificate_authorities.iter().all(|authority| authority.cert_chain.certificates.is_empty()) {
        return Err("it names no certificate authority".to_owned());
    }
    if root.tlogs.is_empty() && root.ctlogs.is_empty() {
        return Err("it names no log".to_owned());
    }
    Ok(())
}

/// A trust root may name a log twice, as when it was reached under two addresses; the verifier takes each key once. The key
/// is valid whenever one of them is.
fn each_once<T>(logs: Vec<T>, key: impl Fn(&mut T) -> &mut PublicKey) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for mut log in logs {
        let this = key(&mut log).clone();
        match once.iter_mut().map(&key).find(|known| known.raw_bytes.as_bytes() == this.raw_bytes.as_bytes()) {
            None => once.push(log),
            Some(known) => known.valid_for = both(known.valid_for, this.valid_for),
        }
    }
    once
}

/// From the earlier start to the later end.
fn both(one: Option<TimeRange>, other: Option<TimeRange>) -> Option<TimeRange> {
    let (one, other) = (one?, other?);
    let end = one.end.zip(other.end).map(|(one, other)| one.max(other));
    Some(TimeRange { start: one.start.min(other.start), end })
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
        assert!(!TrustMaterial::embedded().npm_keys.is_empty());
        assert_ne!(
            format!("{:?}", TrustMaterial::embedded().trusted_root),
            format!("{:?}", TrustMaterial::staging().trusted_root)
        );
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
                },
                "no log",
            ),
        ] {
            let error = with(change).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
        assert!(TrustMaterial::embedded().with_root_of("", br#"{"mediaType":"nonsense"}"#).is_err());
        for media_type in MEDIA_TYPES {
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
