//! Stores with each consistent checkpoint the proof that it continues the one before it. The proofs are a chain from the
//! first to the latest, also where a checkpoint is put in between or is thinned out.

use rusqlite::{Connection, Row, params};

use super::checkpoints::{self, CheckpointRow};
use crate::{
    model::ConsistencyProof,
    store::{
        Store, StoreError,
        columns::{Hash, Hashes, Position, limit},
        error::QueryFailure,
        reading::{one, several},
        sealed::LOG_CHECKPOINTS,
    },
};

/// How the proof between two trees, each with its size and root, follows from other proofs: the store knows nothing of
/// hashes.
pub type Derive = fn(&[ConsistencyProof], (u64, &[u8; 32]), (u64, &[u8; 32])) -> Option<ConsistencyProof>;

/// A consistent checkpoint in the chain.
struct Link {
    size: u64,
    root: [u8; 32],
    proof: Option<ConsistencyProof>,
}

impl Store {
    /// Stores a checkpoint that was proven to be of one history with another one, with the proof.
    ///
    /// # Errors
    /// As every write.
    pub(crate) fn keep_proven_checkpoint(
        &self,
        log: &str,
        checkpoint: &CheckpointRow,
        proof: Option<ConsistencyProof>,
        derive: Derive,
    ) -> Result<(), StoreError> {
        self.write("keeping a proven checkpoint", |db| {
            let is_new = !checkpoints::is_consistent(db, log, checkpoint.size, checkpoint.root)?;
            checkpoints::keep(db, log, checkpoint)?;
            if is_new && let Some(proof) = proof {
                put_in(db, log, (checkpoint.size, checkpoint.root), proof, derive)?;
            }
            thin_out(db, log, checkpoint.size, derive)
        })
    }

    /// Stores a checkpoint that a kept attestation names, to be compared with the others. It is not thinned out.
    pub(crate) fn keep_named_checkpoint(&self, log: &str, checkpoint: &CheckpointRow) -> Result<(), StoreError> {
        self.write("keeping the checkpoint of an attestation", |db| {
            checkpoints::keep(db, log, checkpoint)?;
            db.prepare_cached("UPDATE log_checkpoints SET named = 1 WHERE log = ?1 AND size = ?2 AND root = ?3")?
                .execute((log, Position(checkpoint.size), Hash(checkpoint.root)))?;
            Ok(())
        })
    }

    /// The proofs of a log's consistent checkpoints that are larger than a size, the smallest first.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn checkpoint_proofs(
        &self,
        log: &str,
        above: u64,
        at_most: usize,
    ) -> Result<Vec<ConsistencyProof>, StoreError> {
        self.read("reading the proofs of checkpoints", |db| {
            let sql = "SELECT size, root, proven_from, proof, {row} FROM log_checkpoints
                 WHERE log = ?1 AND size > ?2 AND consistent = 1 AND proof IS NOT NULL ORDER BY size LIMIT ?3";
            let links = db.rows(&LOG_CHECKPOINTS, sql, (log, Position(above), limit(at_most)), link)?;
            Ok(links.into_iter().filter_map(|link| link.proof).collect())
        })
    }
}

/// Puts a checkpoint into the chain. Where its proof is with a checkpoint further away, those with its neighbours are
/// derived.
fn put_in(
    db: &Connection,
    log: &str,
    (size, root): (u64, [u8; 32]),
    proof: ConsistencyProof,
    derive: Derive,
) -> Result<(), QueryFailure> {
    let (before, after) = (before(db, log, size)?, after(db, log, size)?);
    let known: Vec<_> = after.iter().filter_map(|link| link.proof.clone()).chain([proof]).collect();
    if let Some(before) = before {
        connect(db, log, derive(&known, (before.size, &before.root), (size, &root)).as_ref())?;
    }
    match after.first() {
        Some(next) => connect(db, log, derive(&known, (size, &root), (next.size, &next.root)).as_ref()),
        None => Ok(()),
    }
}

/// Of the consistent ones the first of each hour is enough, and the latest: each was compared with the one before it. Those
/// that an attestation names stay.
fn thin_out(db: &Connection, log: &str, below: u64, derive: Derive) -> Result<(), QueryFailure> {
    const HOUR: i64 = 60 * 60 * 1_000_000;
    let mut query = db.prepare_cached(
        "SELECT size, seen_at / ?3 FROM log_checkpoints
         WHERE log = ?1 AND size < ?2 AND consistent = 1 AND named IS NULL ORDER BY size DESC LIMIT 2",
    )?;
    let rows = query.query_map((log, Position(below), HOUR), |row| Ok((row.get::<_, Position>(0)?.0, row.get(1)?)))?;
    let rows: Vec<(u64, i64)> = rows.collect::<Result<_, _>>()?;
    if let [(size, hour), (_, hour_before)] = rows.as_slice()
        && hour == hour_before
    {
        take_out(db, log, *size, derive)?;
    }
    Ok(())
}

/// Deletes a checkpoint, and proves the next one from the one before it.
fn take_out(db: &Connection, log: &str, size: u64, derive: Derive) -> Result<(), QueryFailure> {
    let (before, rest) = (before(db, log, size)?, after(db, log, size - 1)?);
    if let (Some(before), [gone, next]) = (before, rest.as_slice()) {
        let known: Vec<_> = rest.iter().filter_map(|link| link.proof.clone()).collect();
        debug_assert_eq!(gone.size, size, "the first after a size is the next");
        connect(db, log, derive(&known, (before.size, &before.root), (next.size, &next.root)).as_ref())?;
    }
    db.prepare_cached("DELETE FROM log_checkpoints WHERE log = ?1 AND size = ?2 AND consistent = 1")?
        .execute((log, Position(size)))?;
    Ok(())
}

/// Stores a proof with the larger of its trees.
fn connect(db: &Connection, log: &str, proof: Option<&ConsistencyProof>) -> Result<(), QueryFailure> {
    if let Some(ConsistencyProof { first, second, hashes }) = proof {
        let mut update = db.prepare_cached(
            "UPDATE log_checkpoints SET proven_from = ?1, proof = ?2 WHERE log = ?3 AND size = ?4 AND consistent = 1",
        )?;
        update.execute(params![Position(*first), Hashes(hashes.clone()), log, Position(*second)])?;
    }
    Ok(())
}

/// The largest consistent checkpoint that is smaller.
fn before(db: &Connection, log: &str, size: u64) -> Result<Option<Link>, QueryFailure> {
    let sql = "SELECT size, root, proven_from, proof, {row} FROM log_checkpoints
         WHERE log = ?1 AND size < ?2 AND consistent = 1 ORDER BY size DESC LIMIT 1";
    one(db, &LOG_CHECKPOINTS, sql, (log, Position(size)), link)
}

/// The two smallest consistent checkpoints that are larger.
fn after(db: &Connection, log: &str, size: u64) -> Result<Vec<Link>, QueryFailure> {
    let sql = "SELECT size, root, proven_from, proof, {row} FROM log_checkpoints
         WHERE log = ?1 AND size > ?2 AND consistent = 1 ORDER BY size LIMIT 2";
    several(db, &LOG_CHECKPOINTS, sql, (log, Position(size)), link)
}

fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    let (Position(second), Hash(root)) = (row.get("size")?, row.get("root")?);
    let from: (Option<Position>, Option<Hashes>) = (row.get("proven_from")?, row.get("proof")?);
    let proof = from.0.zip(from.1).map(|(Position(first), Hashes(hashes))| ConsistencyProof { first, second, hashes });
    Ok(Link { size: second, root, proof })
}
