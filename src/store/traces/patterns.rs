//! The values of traces that a pattern can be compared with.

use rusqlite::named_params;

use super::Trace;
use crate::store::{Store, StoreError};

/// Values that a pattern fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fitting {
    /// The values, by name.
    pub values: Vec<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// A kind of trace whose values are stored, so that they can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Workflow files: URLs without the ref, lower-case.
    Workflows,
    /// The origins of logs that attestations name.
    LogOrigins,
}

impl Listed {
    /// The kind of its values in the table.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Workflows => Trace::Workflow("").kind(),
            Self::LogOrigins => "log_origin",
        }
    }
}

impl Store {
    /// The values that begin with `prefix` and that fit, at most so many.
    ///
    /// # Errors
    /// As every read.
    pub fn fitting(
        &self,
        listed: Listed,
        prefix: &str,
        at_most: usize,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Fitting, StoreError> {
        self.read("comparing values with a pattern", |db| {
            let mut query = db.prepare_cached(
                "SELECT value FROM trace_values WHERE kind = :kind AND value >= :prefix ORDER BY value",
            )?;
            let mut rows = query.query(named_params! { ":kind": listed.kind(), ":prefix": prefix })?;
            let mut found = Fitting::default();
            while let Some(row) = rows.next()? {
                let value: String = row.get(0)?;
                if !value.starts_with(prefix) {
                    break;
                }
                if fits(&value) {
                    if found.values.len() == at_most {
                        found.has_more = true;
                        break;
                    }
                    found.values.push(value);
                }
            }
            Ok(found)
        })
    }
}
