//! Stores the figures of projects and of the watchlist, which the daemon counts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use super::projects::ProjectRow;
use crate::{
    model::Figures,
    store::{
        Store, StoreError,
        columns::{Json, Micros},
        reading::known,
    },
};

/// The number that stands for the watchlist.
const WATCHLIST: i64 = 0;

/// Figures, and when they were counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FiguresRow {
    pub counted_at: DateTime<Utc>,
    pub figures: Figures,
}

/// The stored figures.
#[derive(Debug, Default)]
pub(crate) struct StoredFigures(HashMap<i64, FiguresRow>);

impl StoredFigures {
    /// Those of a project, or without one of the watchlist.
    pub fn of(&self, project: Option<&ProjectRow>) -> Option<&FiguresRow> {
        self.0.get(&subject(project))
    }
}

impl Store {
    /// All stored figures. Unreadable ones are left out, and counted again.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn stored_figures(&self) -> Result<StoredFigures, StoreError> {
        self.read("reading the figures of the inventory", |db| {
            let mut query = db.prepare_cached("SELECT subject, counted_at, figures FROM inventory_figures")?;
            let rows = query.query_map([], |row| {
                let (Micros(counted_at), Json(figures)) = (row.get("counted_at")?, row.get("figures")?);
                Ok((row.get("subject")?, FiguresRow { counted_at, figures }))
            })?;
            Ok(StoredFigures(rows.filter_map(known).collect::<Result<_, _>>()?))
        })
    }

    /// Stores the figures of a project, or without one of the watchlist.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn store_figures(
        &self,
        project: Option<&ProjectRow>,
        figures: &Figures,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write("storing figures of the inventory", |db| {
            db.prepare_cached(
                "INSERT INTO inventory_figures (subject, counted_at, figures) VALUES (:subject, :now, :figures)
                 ON CONFLICT (subject) DO UPDATE SET counted_at = excluded.counted_at, figures = excluded.figures",
            )?
            .execute(named_params! {
                ":subject": subject(project), ":now": Micros(now), ":figures": Json(figures),
            })?;
            Ok(())
        })
    }
}

fn subject(project: Option<&ProjectRow>) -> i64 {
    project.map_or(WATCHLIST, |project| project.id)
}
