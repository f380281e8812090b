//! Detectors over the entries of transparency logs.
//!
//! They are as pure as the others. Their signals are not part of a release's verdict; each is an alert of its own.

mod forged_certificate;
mod missing_log_entry;
mod new_workflow_in_log;
mod own_signature_unexplained;
mod unexplained_entry;

pub use own_signature_unexplained::own_explanation;

use crate::detect::EntryDetector;

/// Every detector over entries, by id.
pub const ENTRY_DETECTORS: &[&dyn EntryDetector] = &[
    &forged_certificate::ForgedCertificate,
    &missing_log_entry::MissingLogEntry,
    &new_workflow_in_log::NewWorkflowInLog,
    &own_signature_unexplained::OwnSignatureUnexplained,
    &unexplained_entry::UnexplainedEntry,
];
