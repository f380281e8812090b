//! Migrations of the database schema.

use std::num::NonZeroUsize;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations, SchemaVersion};

use super::{dependents, logs, traces};

/// Every migration, in order; one that was released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../../schema/0001_initial.sql"),
    include_str!("../../schema/0002_logs.sql"),
    include_str!("../../schema/0003_expected.sql"),
    include_str!("../../schema/0004_unlearned.sql"),
    include_str!("../../schema/0005_campaigns.sql"),
    include_str!("../../schema/0006_lanes.sql"),
    include_str!("../../schema/0007_damage.sql"),
    include_str!("../../schema/0008_time_and_acceptance.sql"),
    include_str!("../../schema/0009_runner.sql"),
    include_str!("../../schema/0010_log_violations.sql"),
    include_str!("../../schema/0011_static_ct.sql"),
    include_str!("../../schema/0012_log_progress.sql"),
    include_str!("../../schema/0013_log_matches.sql"),
    include_str!("../../schema/0014_log_mirrors.sql"),
    include_str!("../../schema/0015_listed.sql"),
    include_str!("../../schema/0016_mirror_histories.sql"),
    include_str!("../../schema/0017_namesakes.sql"),
    include_str!("../../schema/0018_refusals.sql"),
    include_str!("../../schema/0019_repetitions.sql"),
    include_str!("../../schema/0020_dist_tags.sql"),
    include_str!("../../schema/0021_withdrawals.sql"),
    include_str!("../../schema/0022_life_cycle.sql"),
    include_str!("../../schema/0023_silences.sql"),
    include_str!("../../schema/0024_routing.sql"),
    include_str!("../../schema/0025_history_chain.sql"),
    include_str!("../../schema/0026_allowed_runs.sql"),
    include_str!("../../schema/0027_follow_ups.sql"),
    include_str!("../../schema/0028_expected_removal.sql"),
    include_str!("../../schema/0029_threads.sql"),
    include_str!("../../schema/0030_deliveries.sql"),
    include_str!("../../schema/0031_address_retention.sql"),
    include_str!("../../schema/0032_compact.sql"),
    include_str!("../../schema/0033_documents.sql"),
    include_str!("../../schema/0034_incidents.sql"),
    include_str!("../../schema/0035_log_entry_traces.sql"),
    include_str!("../../schema/0036_recipients.sql"),
    include_str!("../../schema/0037_resolved.sql"),
    include_str!("../../schema/0038_restores.sql"),
    include_str!("../../schema/0039_reports.sql"),
    include_str!("../../schema/0040_checkpoint_proofs.sql"),
    include_str!("../../schema/0041_inventory.sql"),
];

/// The migration that also stores the traces of all releases anew.
const COMPACT: usize = 31;

/// The migration that also stores what the newest releases depend on.
const INCIDENTS: usize = 33;

/// The migration that also stores the keys of all log entries.
const LOG_ENTRY_TRACES: usize = 34;

/// The schema version that this binary writes: the number of migrations.
#[expect(clippy::cast_possible_wrap, reason = "there are far fewer migrations, and constants have no try_from")]
pub(super) const LATEST: i64 = MIGRATIONS.len() as i64;

/// The migrations. Foreign keys are checked after each, but for those that make as many rows as there are traces.
fn migrations() -> Migrations<'static> {
    let migration = |(number, sql): (usize, &&'static str)| match number {
        COMPACT => M::up_with_hook(sql, |db| Ok(traces::fill(db)?)),
        INCIDENTS => M::up_with_hook(sql, |db| Ok(dependents::fill(db)?)).foreign_key_check(),
        LOG_ENTRY_TRACES => M::up_with_hook(sql, |db| Ok(logs::fill_traces(db)?)),
        _ => M::up(sql).foreign_key_check(),
    };
    Migrations::new(MIGRATIONS.iter().enumerate().map(migration).collect())
}

/// Migrates the schema to the latest version, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    let migrations = migrations();
    let outcome = migrations.to_latest(connection);
    // If two processes migrate at the same time, the slower one finds the work done.
    let latest = NonZeroUsize::new(MIGRATIONS.len()).map(SchemaVersion::Inside);
    if outcome.is_err() && migrations.current_version(connection).ok() == latest {
        return Ok(());
    }
    outcome
}

/// Migrates the schema to one version, for tests of the migrations after it.
#[cfg(test)]
pub(super) fn migrate_to(connection: &mut Connection, version: usize) {
    super::history::know_hashes(connection).unwrap();
    super::packed::know_packing(connection).unwrap();
    migrations().to_version(connection, version).unwrap();
}
