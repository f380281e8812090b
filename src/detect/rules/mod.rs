//! The detectors over releases, one file each; those over log entries ([`entry`]) and over names ([`name`]) have
//! folders of their own. Each signal of the latter two is an alert of its own.

mod attestation_invalid;
mod attestation_reused;
mod beside_accused;
mod builder_changed;
mod commit_unmerged;
mod commit_unsigned;
mod entry;
mod environment_dropped;
mod evidence_downgrade;
mod file_late;
mod file_replaced;
mod foreign_dependency;
mod incident_joined;
mod install_script_added;
mod issuer_changed;
mod lines_at_once;
mod maintainer_domain_lapsed;
mod maintainer_new;
mod name;
mod odd_hours;
mod own_release_unexplained;
mod owner_changed;
mod package_burst;
mod policy_violated;
mod publisher_changed;
mod quick_succession;
mod ref_changed;
mod release_mutable;
mod repository_changed;
mod repository_forked;
mod repository_mismatched;
mod repository_recreated;
mod repository_young;
mod revival;
mod run_actor_new;
mod run_failed;
mod run_reattempted;
mod run_reused;
mod runner_changed;
mod signing_gap;
mod tag_mismatched;
mod tag_missing;
mod tokens_allowed;
mod trigger_changed;
mod trusted_publisher_changed;
mod trusted_repository_changed;
mod unreadable_manifest;
mod unreadable_release;
mod version_jump;
mod versions_yanked;
mod visibility_changed;
mod workflow_changed;
mod young_dependency;

pub use entry::{ENTRY_DETECTORS, own_explanation};
pub use evidence_downgrade::is_open_loss;
pub use name::{DIST_TAG, MovedTag, NAME_DETECTORS, NAMESAKE, Namesake, moved_tag, namesake};
pub use own_release_unexplained::{awaits_run, is_explained_by_run, release_workflows};
pub(super) use policy_violated::demand;
pub use policy_violated::never_met;
pub use unreadable_release::unreadable;

use super::Detector;

/// Every detector over releases, by id.
pub const ALL: &[&dyn Detector] = &[
    &attestation_invalid::AttestationInvalid,
    &attestation_reused::AttestationReused,
    &beside_accused::BesideAccused,
    &builder_changed::BuilderChanged,
    &commit_unmerged::CommitUnmerged,
    &commit_unsigned::CommitUnsigned,
    &environment_dropped::EnvironmentDropped,
    &evidence_downgrade::EvidenceDowngrade,
    &file_late::FileLate,
    &file_replaced::FileReplaced,
    &foreign_dependency::ForeignDependency,
    &incident_joined::IncidentJoined,
    &install_script_added::InstallScriptAdded,
    &issuer_changed::IssuerChanged,
    &lines_at_once::LinesAtOnce,
    &maintainer_domain_lapsed::MaintainerDomainLapsed,
    &maintainer_new::MaintainerNew,
    &odd_hours::OddHours,
    &own_release_unexplained::OwnReleaseUnexplained,
    &owner_changed::OwnerChanged,
    &package_burst::PackageBurst,
    &policy_violated::PolicyViolated,
    &publisher_changed::PublisherChanged,
    &quick_succession::QuickSuccession,
    &ref_changed::RefChanged,
    &release_mutable::ReleaseMutable,
    &repository_changed::RepositoryChanged,
    &repository_forked::RepositoryForked,
    &repository_mismatched::RepositoryMismatched,
    &repository_recreated::RepositoryRecreated,
    &repository_young::RepositoryYoung,
    &revival::Revival,
    &run_actor_new::RunActorNew,
    &run_failed::RunFailed,
    &run_reattempted::RunReattempted,
    &run_reused::RunReused,
    &runner_changed::RunnerChanged,
    &signing_gap::SigningGap,
    &tag_mismatched::TagMismatched,
    &tag_missing::TagMissing,
    &tokens_allowed::TokensAllowed,
    &trigger_changed::TriggerChanged,
    &trusted_publisher_changed::TrustedPublisherChanged,
    &trusted_repository_changed::TrustedRepositoryChanged,
    &unreadable_manifest::UnreadableManifest,
    &unreadable_release::UnreadableRelease,
    &version_jump::VersionJump,
    &versions_yanked::VersionsYanked,
    &visibility_changed::VisibilityChanged,
    &workflow_changed::WorkflowChanged,
    &young_dependency::YoungDependency,
];
