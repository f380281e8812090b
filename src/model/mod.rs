//! Values without I/O, the vocabulary of every other part.
//!
//! Nothing here reads a clock, a file, a socket or a database; everything is `Send`, comparable and serialises to
//! the forms of `schema/*.schema.json`.

mod alert;
mod alert_action;
mod alert_fingerprint;
mod alert_id;
mod alert_kind;
mod alert_matchers;
mod alert_prefix;
mod alert_standing;
mod alert_status;
mod allowance;
mod any_tally;
mod baseline;
mod baseline_form;
mod correlation_key;
mod counted_repetitions;
mod demand;
mod development;
mod digest;
mod digest_times;
mod digests;
mod ecosystem;
mod effective_policy;
mod evidence_document;
mod evidence_rank;
mod expected;
mod fact;
mod facts;
mod file_digest;
mod fingerprint;
mod glob;
mod identity;
mod incident;
mod invalid_purl;
mod line;
mod log_match;
mod malware_report;
mod name;
mod named_repository;
mod observation;
mod occasion;
mod package;
mod pattern;
mod policy;
mod provenance;
mod publish_hours;
mod purl;
mod registry_id;
mod registry_key;
mod repeated;
mod secret;
mod severity;
mod sightings;
mod signal;
mod silence;
mod subject;
mod tag;
mod tally;
mod tier;
pub mod traits;
mod unread;
mod version;
mod whole;
pub mod words;

pub use alert::{Alert, Links, Member};
pub use alert_action::{AlertAction, InvalidAction, Resolution, UnknownResolution};
pub use alert_fingerprint::{Fingerprint, InvalidFingerprint};
pub use alert_id::{AlertId, InvalidAlertId};
pub use alert_kind::AlertKind;
pub use alert_matchers::{AlertMatchers, Contradiction};
pub use alert_prefix::{AlertPrefix, InvalidAlertPrefix};
pub use alert_standing::Staleness;
pub use alert_status::AlertStatus;
pub use allowance::{Allowance, InvalidRunUrl, names_run, run_url};
pub use baseline::{Baseline, BaselineReason, LineBaseline, Resumed};
pub use baseline_form::StoredForm;
pub use correlation_key::CorrelationKey;
pub use demand::Demand;
pub use development::{Development, DevelopmentKind};
pub use digest::{Digest, DigestItem, DigestSection};
pub use digest_times::DigestTimes;
pub use digests::{Digests, lock_form};
#[cfg(test)]
pub(crate) use ecosystem::tests as ecosystem_tests;
pub use ecosystem::{
    ArchiveFormat, Blocklist, Commands, Ecosystem, EvidenceRules, Host, LockFile, Rate, Row, Token, UnknownEcosystem,
    UrlKey, known,
};
pub use effective_policy::EffectivePolicy;
pub use evidence_document::{EvidenceDocument, EvidenceKind};
pub use evidence_rank::EvidenceRank;
pub use expected::{ChangeKind, ExpectedChange, Removal};
pub use fact::Fact;
pub use facts::{
    AccountFacts, CommitFacts, DomainFacts, Facts, OwnerFacts, PublishingFacts, ReleaseFacts, RepositoryFacts,
    RunFacts, TagFacts,
};
pub use file_digest::{FileDigest, InvalidFileDigest};
pub use fingerprint::{files_fingerprint, former_digests, replaced_files};
pub use glob::{fits, fits_across};
pub use identity::{Claim, Claims, WorkflowIdentity, run_and_attempt};
pub use incident::{Incident, IncidentEvent, IncidentEventKind, IncidentMember, Joined, Tie};
pub use invalid_purl::InvalidPurl;
pub use line::ReleaseLine;
pub use log_match::{MatchedEntry, Report};
pub use malware_report::{AffectedVersions, MalwareReport, VersionRange};
use name::{as_written, is_plain_name};
pub use named_repository::{named_repository, repository_name};
pub use observation::{Auth, AuthMethod, File, Manifest, Observation, Person, ReleaseStatus};
pub(crate) use occasion::MAY_REPEAT;
pub use occasion::Occasion;
pub use package::{Package, ReleaseId};
pub use pattern::{Glob, Pattern};
pub use policy::{Missing, Policy, Quiet, TierPolicy};
pub use provenance::{Check, LogEntry, Provenance, RootStanding, VerifiedProvenance};
pub use publish_hours::{PublishHours, TimeOfDay, Weekday, Zone};
pub use registry_id::{InvalidRegistryId, RegistryId};
pub use registry_key::{RegistryKey, RepositoryUrl};
pub use repeated::Repeated;
pub use secret::Secret;
pub use severity::{Confidence, Severity};
pub use sightings::{Sighting, Sightings};
pub use signal::{Signal, leading};
pub use silence::{Held, Silence, SilenceEnd};
pub use subject::SubjectNames;
pub use tag::names_version;
pub use tally::{Seen, Tally, Value};
pub use tier::Tier;
pub use traits::Trait;
pub use unread::{Aspect, Unread};
pub use version::{Numbers, Version};
pub use whole::whole;
pub use words::{OrNone, Text};
