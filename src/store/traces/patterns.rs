//! The values of traces that a pattern can be compared with.

use crate::store::{Store, StoreError};

impl Store {
    /// The workflow files that built stored releases, URLs without the ref, that begin with `prefix`; lower-case, by name.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn workflows(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.read("listing workflow files", |db| {
            let mut query = db.prepare_cached(
                "SELECT value FROM trace_values WHERE kind = 'workflow' AND value >= ?1 ORDER BY value",
            )?;
            let prefix = prefix.to_lowercase();
            let values = query.query_map([&prefix], |row| row.get::<_, String>(0))?;
            let known = values.take_while(|value| value.as_ref().is_ok_and(|value| value.starts_with(&prefix)));
            Ok(known.collect::<Result<_, _>>()?)
        })
    }
}
