//! Recognizes the files that belong to a store.

use std::{fs, path::Path};

use super::partial::{beside, folder};

/// The ends of the files that belong to a store.
const OWN: [&str; 7] = ["", "-wal", "-shm", "-journal", ".lock", ".restoring", ".restored"];

/// Whether a path, which need not exist, is that of a file of a store.
pub(super) fn belongs_to(store: &Path, path: &Path) -> bool {
    OWN.iter().any(|end| is_same(&beside(store, end), path))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| Some(fs::canonicalize(folder(path)).ok()?.join(path.file_name()?));
    one == other || whole(one).is_some_and(|whole_one| whole(other) == Some(whole_one))
}
