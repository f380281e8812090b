//! Lists other releases of the accounts and workflows behind a release, the latest first.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{
        fact_table, output,
        words::{self, NOTHING},
    },
    model::ReleaseId,
    store::{Outcome, ReleaseRow, Store, StoreError},
};

/// Other releases by the same publisher, repository or run, the latest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Others {
    #[serde(rename = "by_publisher")]
    publisher: Vec<Other>,
    #[serde(rename = "by_repository")]
    repository: Vec<Other>,
    #[serde(rename = "by_run")]
    run: Vec<Other>,
}

/// Another release.
#[derive(Debug, Serialize, JsonSchema)]
struct Other {
    purl: ReleaseId,
    published_at: Option<DateTime<Utc>>,
    outcome: Outcome,
}

impl Others {
    /// At most so many of each kind.
    pub(super) fn of(store: &Store, release: &ReleaseId, at_most: usize) -> Result<Self, StoreError> {
        let related = store.related(release, at_most)?;
        let others = |rows: Vec<ReleaseRow>| rows.into_iter().map(Other::from).collect();
        Ok(Self {
            publisher: others(related.by_publisher),
            repository: others(related.by_repository),
            run: others(related.by_run),
        })
    }

    pub(super) fn print(&self) {
        print("from the same run", &self.run);
        print("by the same account", &self.publisher);
        print("from the same repository", &self.repository);
    }
}

impl From<ReleaseRow> for Other {
    fn from(row: ReleaseRow) -> Self {
        Self { purl: row.purl, published_at: row.published_at, outcome: row.outcome }
    }
}

fn print(how: &str, others: &[Other]) {
    if others.is_empty() {
        return;
    }
    fact_table::heading(how);
    let mut table = output::bare_table();
    for other in others {
        let published = other.published_at.map_or(NOTHING.to_owned(), words::minute);
        table.add_row([format!("  {}", other.purl), published, other.outcome.as_str().to_owned()]);
    }
    output::print(&table);
}
