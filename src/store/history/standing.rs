//! Compares where alerts stand with their last actions, which the history covers. Alerts themselves change, so that it
//! cannot cover them.

use rusqlite::Connection;

use super::fault::{Fault, Faults};
use crate::{model::Fingerprint, store::error::QueryFailure};

/// The alerts that stand elsewhere than their last actions say. An alert without actions is open, and a digest, of which
/// nobody says where it stands, is resolved.
const ELSEWHERE: &str = "SELECT alerts.fingerprint FROM alerts
     LEFT JOIN alert_actions AS last ON last.id = (
         SELECT max(id) FROM alert_actions WHERE alert_actions.alert = alerts.fingerprint
     )
     WHERE CASE WHEN alerts.is_digest IS NULL
         THEN alerts.status <> coalesce(last.status, 'open') OR alerts.until_at IS DISTINCT FROM last.until_at
             OR alerts.category IS DISTINCT FROM last.category
         ELSE alerts.kind <> 'operation' OR alerts.status <> 'resolved' OR last.id IS NOT NULL
     END
     ORDER BY alerts.raised_at DESC, alerts.fingerprint";

/// Notes the alerts that stand elsewhere than their last actions say.
pub(super) fn compare(db: &Connection, faults: &mut Faults) -> Result<(), QueryFailure> {
    let mut query = db.prepare(ELSEWHERE)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        // The name of a damaged row may be unreadable; the row is noticed when it is read.
        if let Ok(alert) = row.get::<_, Fingerprint>(0) {
            faults.add(Fault::StandsElsewhere { alert: alert.id().to_string() });
        }
    }
    Ok(())
}
