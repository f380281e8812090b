//! Transparency logs: clients, checkpoints, proofs and entries.
//!
//! A log promises to be one growing list that all observers see alike. Nothing here trusts it: a *checkpoint* counts
//! when the log's key signed it, a *tree* when it is a continuation of every tree before, an *entry* when it hashes, in
//! its place, to a signed root. The parts that decide are pure; [`Log`] sends the requests.
//!
//! ```text
//! note ─► checkpoint ─┐                       merkle ◄─ range, proof, tile
//!                     ├─► log (Rekor v1, Rekor v2, CT) ─► page ─► prefilter ─► candidates
//! key ────────────────┘        └─► evidence
//! ```

pub(crate) mod checkpoint;
pub(crate) mod ct;
pub mod ct_leaf;
pub(crate) mod data_tile;
mod derived;
pub mod entry;
pub(crate) mod evidence;
pub(crate) mod key;
pub(crate) mod log;
pub mod merkle;
pub mod note;
pub mod page;
pub(crate) mod prefilter;
pub(crate) mod proof;
pub(crate) mod range;
pub(crate) mod read;
pub mod rekor_v1;
pub mod rekor_v2;
pub mod tile;
pub(crate) mod tree_head;
mod violation;
pub mod watch;

pub use checkpoint::Signer;
pub(crate) use checkpoint::{CheckpointError, SignedCheckpoint};
pub(crate) use derived::derived;
pub use evidence::{Judgement, LogEvidence};
pub use key::LogKey;
pub(crate) use key::{CosignerKey, key_id};
pub use log::{Consistency, Log, Protocol};
pub(crate) use log::{Head, Tree};
pub use range::CompactRange;
pub(crate) use read::{Fault, ReadError};
pub use violation::LogViolation;
pub(crate) use watch::Watched;
pub use watch::{Pattern, Watch};
