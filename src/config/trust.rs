//! The section `[trust]`: the trust material that signatures are verified against.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, WebUrl};

/// `[trust]`: what signatures are verified against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustSection {
    /// Where the trust root comes from.
    pub source: TrustSource,
    /// Sigstore's `trusted_root.json`; needed with `source = "file"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_root: Option<PathBuf>,
    /// npm's signing keys (`keys.json`). Default: embedded, or through TUF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npm_keys: Option<PathBuf>,
    /// The TUF repository. Default: Sigstore's public one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuf_url: Option<WebUrl>,
    /// The root metadata (`root.json`, any version) that a private TUF repository begins with; `tuf_url` says where it is.
    /// Default: that of Sigstore's public one, which is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuf_root: Option<PathBuf>,
    /// The folder where TUF metadata is kept, that of each private repository below it on its own. Default: `tuf` beside the
    /// database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<PathBuf>,
    /// How often TUF is asked, or the files `trusted_root` and `npm_keys` are read again.
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

/// Where the trust root comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrustSource {
    /// The one that this version of provwatch was built with; never refreshed.
    Embedded,
    /// A TUF repository, Sigstore's public one or a private one; until it has answered, what was last in use.
    Tuf,
    /// The file `trusted_root`.
    File,
}
