//! Values without I/O: the vocabulary that every other room shares.
//!
//! Nothing here reads a clock, a file, a socket or a database; everything is `Send`, comparable and serialises to
//! the forms of `schema/*.schema.json`.

mod alert;
mod baseline;
mod bond;
mod digests;
mod ecosystem;
mod expected;
mod facts;
mod fingerprint;
mod glob;
mod identity;
mod invalid_purl;
mod line;
mod log_match;
mod name;
mod observation;
mod package;
mod policy;
mod provenance;
mod purl;
mod registry_id;
mod registry_key;
mod secret;
mod severity;
mod sightings;
mod signal;
mod tag;
mod unread;
mod version;
mod whole;

pub use alert::{Alert, AlertKind, AlertStatus, Links, Member};
pub use baseline::{Baseline, BaselineReason, EvidenceRank, LineBaseline, Seen, Tally};
pub use bond::Bond;
pub use digests::{Digests, lock_form};
pub use ecosystem::{Ecosystem, UnknownEcosystem};
pub use expected::{Change, ExpectedChange};
pub use facts::{
    AccountFacts, CommitFacts, Facts, OwnerFacts, PublishingFacts, ReleaseFacts, RepositoryFacts, RunFacts, TagFacts,
};
pub use fingerprint::{files_fingerprint, former_digests, replaced_files};
pub use glob::fits;
pub use identity::{Claim, Claims, WorkflowIdentity, run_and_attempt};
pub use invalid_purl::InvalidPurl;
pub use line::ReleaseLine;
pub use log_match::{MatchedEntry, Report};
pub use observation::{Auth, AuthMethod, File, Manifest, Observation, Person, ReleaseStatus};
pub use package::{Package, ReleaseId};
pub use policy::{Demand, Policy, Quiet};
pub use provenance::{Check, LogEntry, Provenance, RootStanding, VerifiedProvenance};
pub use registry_id::{InvalidRegistryId, RegistryId};
pub use registry_key::{RegistryKey, RepositoryUrl};
pub use secret::Secret;
pub use severity::{Confidence, Severity};
pub use sightings::{Sighting, Sightings};
pub use signal::{Signal, leading};
pub use tag::names_version;
pub use unread::{Aspect, Unread};
pub use version::{Numbers, Version};
pub use whole::whole;
