//! Transparency logs: what they sign, whether it holds, and what is in them.
//!
//! A log promises to be one growing list that everybody sees alike. Nothing here takes its word: a *checkpoint* counts when
//! the log's key signed it, a *tree* when it is a continuation of every tree before, an *entry* when it hashes, in its
//! place, to a root that was signed. The parts that decide are pure; [`Log`] asks the servers.
//!
//! ```text
//! note ─► checkpoint ─┐                       merkle ◄─ range, proof, tile
//!                     ├─► log (Rekor v1, Rekor v2, CT) ─► page ─► sift ─► candidates
//! key ────────────────┘        └─► evidence
//! ```

pub mod checkpoint;
pub mod ct;
pub mod ct_leaf;
pub mod data_tile;
pub mod entry;
pub mod evidence;
pub mod filter;
pub mod key;
pub mod log;
pub mod merkle;
mod misdeed;
pub mod note;
pub mod proof;
pub mod range;
pub mod read;
pub mod rekor_v1;
pub mod rekor_v2;
pub mod sift;
pub mod tile;
pub mod tree_head;
pub mod watch;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, Signer};
pub use evidence::{Evidence, EvidenceError, Judgement};
pub use key::{CosignerKey, LogKey, key_id};
pub use log::{Consistency, Head, Log, Prefix, Protocol, Tree};
pub use misdeed::Misdeed;
pub use range::CompactRange;
pub use read::{Fault, ReadError};
pub use watch::{Pattern, Watch, Watched};
