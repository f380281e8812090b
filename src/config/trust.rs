//! The section `[trust]`: the trust material that signatures are verified against.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, WebUrl};

/// `[trust]`: the keys and certificates that provwatch verifies signatures with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustSection {
    /// The source of the trust root.
    pub source: TrustSource,
    /// A file in the form of Sigstore's `trusted_root.json`. Required with `source = "file"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_root: Option<PathBuf>,
    /// A file with npm's signing keys (`keys.json`). Default: the keys of this version, or those from the TUF
    /// repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npm_keys: Option<PathBuf>,
    /// The URL of the TUF repository. Default: Sigstore's public one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuf_url: Option<WebUrl>,
    /// A file with the first trusted root metadata (`root.json`, any version) of a private TUF repository, whose URL is
    /// `tuf_url`. Default: the built-in root metadata of Sigstore's public repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuf_root: Option<PathBuf>,
    /// The folder for TUF metadata. Each private repository gets a folder of its own below it. Default: `tuf`, in the
    /// folder of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<PathBuf>,
    /// How often provwatch asks the TUF repository, or reads the files `trusted_root` and `npm_keys` again.
    pub refresh_interval: Period,
}

impl Default for TrustSection {
    fn default() -> Self {
        Self {
            source: TrustSource::Tuf,
            trusted_root: None,
            npm_keys: None,
            tuf_url: None,
            tuf_root: None,
            cache: None,
            refresh_interval: Period::hours(24),
        }
    }
}

impl TrustSection {
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [self.trusted_root.as_mut(), self.npm_keys.as_mut(), self.tuf_root.as_mut(), self.cache.as_mut()]
            .into_iter()
            .flatten()
    }
}

/// The source of the trust root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrustSource {
    /// The trust root that this version of provwatch was built with. It never changes.
    Embedded,
    /// A TUF repository, Sigstore's public one or a private one. Until it answers, provwatch uses the trust root that
    /// was last in use.
    Tuf,
    /// The file that `trusted_root` names.
    File,
}
