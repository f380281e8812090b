//! Migrations of the database schema.

use std::num::NonZeroUsize;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations, SchemaVersion};

/// Every migration, in order; one that was released is never edited.
const MIGRATIONS: &[M<'_>] = &[
    M::up(include_str!("../../schema/0001_initial.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0002_logs.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0003_expected.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0004_unlearned.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0005_campaigns.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0006_lanes.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0007_damage.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0008_time_and_acceptance.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0009_runner.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0010_log_violations.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0011_static_ct.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0012_log_progress.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0013_log_matches.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0014_log_mirrors.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0015_listed.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0016_mirror_histories.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0017_namesakes.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0018_refusals.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0019_repetitions.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0020_dist_tags.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0021_withdrawals.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0022_life_cycle.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0023_silences.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0024_routing.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0025_history_chain.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0026_allowed_runs.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0027_follow_ups.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0028_expected_removal.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0029_threads.sql")),
    M::up(include_str!("../../schema/0030_deliveries.sql")).foreign_key_check(),
    M::up(include_str!("../../schema/0031_address_retention.sql")),
    M::up(include_str!("../../schema/0032_inventory.sql")),
];

/// The schema version that this binary writes: the number of migrations.
#[expect(clippy::cast_possible_wrap, reason = "there are far fewer migrations, and constants have no try_from")]
pub(super) const LATEST: i64 = MIGRATIONS.len() as i64;

/// Migrates the schema to the latest version, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    let migrations = Migrations::from_slice(MIGRATIONS);
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
    Migrations::from_slice(MIGRATIONS).to_version(connection, version).unwrap();
}
