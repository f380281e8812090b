//! The section `[own]`: one's own packages, whose releases a run of one's own release workflow must explain.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;

/// `[own]`: your own packages and signers, marked by `own = true` in the watchlist and in `[[logs.match]]`. A run of your
/// release workflow must explain each of their releases and signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnSection {
    /// For how long a run explains a release or signature before it has ended well, or while its result is not known.
    pub run_window: Period,
    /// A folder in which your CI leaves signed files about its runs: `NAME.json` with `run`, `at`, `digests` and `package`,
    /// and the signature in `NAME.json.sig`. docs/OPERATIONS.md, *Your own packages*, has an example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_folder: Option<PathBuf>,
    /// The public keys of these signatures, files with PEM: Ed25519, or ECDSA with P-256 and SHA-256.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_keys: Vec<PathBuf>,
}

impl Default for OwnSection {
    fn default() -> Self {
        Self { run_window: Period::hours(2), allow_folder: None, allow_keys: Vec::new() }
    }
}

impl OwnSection {
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.allow_folder.iter_mut().chain(&mut self.allow_keys)
    }
}
