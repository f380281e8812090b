//! Creates a new private folder for the demo or a drill below the system's temporary folder.

use std::{
    fs::DirBuilder,
    io::{Error, ErrorKind},
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
};

const ATTEMPTS: u32 = 100;

/// A new folder below the system's temporary one, which only the user may enter. No existing folder is reused, so an
/// attacker cannot have prepared it.
pub(super) fn fresh_folder(purpose: &str) -> Result<PathBuf, Error> {
    let parent = std::env::temp_dir();
    for _ in 0..ATTEMPTS {
        let name: String = std::iter::repeat_with(fastrand::alphanumeric).take(6).collect();
        let folder = parent.join(format!("provwatch-{purpose}-{name}"));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder).map_err(|error| explained(&parent, &error)),
        }
    }
    Err(explained(&parent, &ErrorKind::AlreadyExists.into()))
}

fn explained(parent: &std::path::Path, error: &Error) -> Error {
    let text = format!("making a folder in {}: {error}; TMPDIR names another place", parent.display());
    Error::new(error.kind(), text)
}
