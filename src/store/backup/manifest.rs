//! Describes a backup in a line, so that it can be recognized: its schema, its history, its size and its digest.

use std::{fs::File, io::Read, path::Path};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::BackupError;
use crate::store::{
    checking::CheckedStore,
    stage::{Part, Stage, Watcher},
};

/// Bytes that are hashed at once.
const CHUNK: usize = 1 << 20;

/// What describes a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Manifest {
    /// The version of the schema.
    pub schema_version: i64,
    /// The end of the history, as `store check --head` takes it; missing: it is empty, or was not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The rows of all tables; missing: they were not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// When a process last worked on the store; missing: never, or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// The size of the file.
    pub bytes: u64,
    /// The SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of a checked file.
    pub(super) fn of(
        file: &Path,
        checked: &CheckedStore,
        as_of: Option<DateTime<Utc>>,
        watch: Watcher<'_>,
    ) -> Result<Self, BackupError> {
        let (bytes, sha256) = digest(file, watch)?;
        let head = checked.history.as_ref().and_then(|history| history.head).map(|head| head.to_string());
        let rows = checked.rows.as_ref().map(|rows| rows.rows);
        Ok(Self { schema_version: checked.schema_version, head, rows, as_of, bytes, sha256 })
    }
}

fn digest(path: &Path, watch: Watcher<'_>) -> Result<(u64, String), BackupError> {
    let failed = || BackupError::failed("reading", path);
    let mut file = File::open(path).map_err(failed())?;
    let of = file.metadata().map_err(failed())?.len();
    let (mut hash, mut chunk, mut done) = (Sha256::new(), vec![0; CHUNK], 0);
    loop {
        watch(Stage { part: Part::Digest, done, of });
        let read = file.read(&mut chunk).map_err(failed())?;
        if read == 0 {
            return Ok((done, hex::encode(hash.finalize())));
        }
        hash.update(&chunk[..read]);
        done += read as u64;
    }
}
