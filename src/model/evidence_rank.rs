//! Evidence ranks: the strength of the evidence that a release came from its repository.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How strong the evidence is that a release came from its repository, weakest first. The order is that of npm's
/// trust-policy proposal and of pnpm's `no-downgrade`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceRank {
    /// A token, without an attestation.
    None,
    /// Verified provenance, published with a token or by an unknown method.
    Provenance,
    /// Published by a trusted publisher.
    TrustedPublisher,
    /// Staged, and approved by a person with a second factor.
    Approved,
}
