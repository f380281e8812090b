//! Updates the stored row of a package, with the validators that make the next request conditional.

use std::collections::BTreeSet;

use crate::{http::Validators, packages::examination::Examination, registry::PackageDocument, store::PackageRow};

/// By what the next request is made conditional; nothing where that is in doubt.
pub fn validators(row: &PackageRow) -> Option<Validators> {
    let validators = stored_validators(row);
    (validators != Validators::default() && validators != doubtful()).then_some(validators)
}

/// Those of the last answer.
pub fn stored_validators(row: &PackageRow) -> Validators {
    Validators { etag: row.etag.clone(), last_modified: row.last_modified.clone() }
}

/// Stored in the place of validators that stayed while the document changed: it is asked for whole from then on.
pub fn doubtful() -> Validators {
    Validators { etag: Some(String::new()), last_modified: None }
}

/// The row after a look at a document. Until all of it is stored, the document is asked for whole again.
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
        // The first list counts, however often the registry did not know the package before.
        history: Some(row.history.unwrap_or(listed)).filter(|_| backfilled_at.is_none()),
        withdrawn: Some(row.withdrawn.into_iter().flatten().chain(withdrawn).collect()),
        ..row
    }
}
