//! Updates the stored row of a package, with the validators that make the next request conditional.

use std::collections::BTreeSet;

use crate::{http::Validators, packages::examination::Examination, registry::PackageDocument, store::PackageRow};

/// The validators for the next conditional request; `None` where they are unreliable.
pub fn validators(row: &PackageRow) -> Option<Validators> {
    let validators = stored_validators(row);
    (validators != Validators::default() && validators != doubtful()).then_some(validators)
}

/// The validators of the last answer.
pub fn stored_validators(row: &PackageRow) -> Validators {
    Validators { etag: row.etag.clone(), last_modified: row.last_modified.clone() }
}

/// Stored instead of validators that stayed the same while the document changed: from then on requests are
/// unconditional.
pub fn doubtful() -> Validators {
    Validators { etag: Some(String::new()), last_modified: None }
}

/// The row after a check of a document. Until all of it is stored, the document is requested unconditionally.
pub fn package_row(
    subject: &Examination<'_>,
    document: PackageDocument,
    listed: BTreeSet<String>,
    is_read: bool,
) -> PackageRow {
    let row = subject.row.clone().unwrap_or_else(|| PackageRow::new(subject.package.clone(), subject.now));
    let validators = document.validators.filter(|_| is_read).unwrap_or_default();
    let backfilled_at = row.backfilled_at.or(is_read.then_some(subject.now));
    let withdrawn = document.withdrawn.into_iter().map(|(version, _)| version);
    PackageRow {
        backfilled_at,
        checked_at: Some(subject.now),
        etag: validators.etag,
        last_modified: validators.last_modified,
        revision: document.revision,
        maintainers: document.maintainers.or(row.maintainers),
        status: document.status,
        // The first list counts, even if the registry did not have the package before.
        history: Some(row.history.unwrap_or(listed)).filter(|_| backfilled_at.is_none()),
        withdrawn: Some(row.withdrawn.into_iter().flatten().chain(withdrawn).collect()),
        ..row
    }
}
