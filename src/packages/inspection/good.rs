//! Chooses the release that an accused one is compared with: the last good one.

use chrono::{DateTime, Utc};

use super::report::Against;
use crate::{
    model::{ReleaseId, ReleaseLine},
    store::{Store, StoreError},
};

/// The newest release before the accused one that the baseline includes, of its own line if that has one.
///
/// # Errors
/// The store failed.
pub(super) fn last_good(
    store: &Store,
    accused: &ReleaseId,
    until: DateTime<Utc>,
) -> Result<Option<Against>, StoreError> {
    let line = ReleaseLine::of(accused);
    if let Some(purl) = store.normal_of_line_before(accused, &line, until)? {
        let why = format!("the newest release of line {line} before it that the baseline includes");
        return Ok(Some(Against { purl, why }));
    }
    let other = store.normal_before(accused, until)?.map(|row| row.purl).filter(|purl| purl != accused);
    Ok(other.map(|purl| {
        let why = format!("the newest release before it that the baseline includes; of line {line} it includes none");
        Against { purl, why }
    }))
}
