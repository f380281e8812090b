//! All deliveries that are due; the sinks take theirs one by one.

use chrono::{DateTime, Utc};

use crate::store::{Delivery, Store, StoreError, columns::Micros, deliveries::undelivered, sealed::DELIVERIES};

impl Store {
    pub(crate) fn outbox(&self, now: DateTime<Utc>) -> Result<Vec<Delivery>, StoreError> {
        self.read("reading the outbox", |db| {
            let sql = "SELECT due.*, {row AS due}, (
                     SELECT count(*) FROM deliveries AS earlier WHERE earlier.alert = due.alert
                         AND earlier.subscription = due.subscription AND earlier.id < due.id
                 ) AS sequence
                 FROM deliveries AS due WHERE due.state = 'pending' AND due.next_at <= ?1 ORDER BY due.next_at, due.id";
            let rows = db.rows(&DELIVERIES, sql, [Micros(now)], undelivered)?;
            rows.into_iter().filter_map(|row| row.with_alert(db).transpose()).collect()
        })
    }
}
