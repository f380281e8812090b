//! Reads files up to a size limit. Imports nothing.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The bytes of a file, or `None` if it has more than `limit`; no more than those are ever read.
///
/// # Errors
/// The file cannot be opened or read.
pub fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let length = File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((length as u64 <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap().as_deref(), Some(&b"1234"[..]));
        assert_eq!(read(&path, 3).unwrap(), None);
        assert_eq!(read(&path, u64::MAX).unwrap().map(|bytes| bytes.len()), Some(4));
        assert!(read(&folder.path().join("none"), 4).is_err());
    }

    #[test]
    fn a_file_without_end_is_not_read_to_the_end() {
        assert_eq!(read(Path::new("/dev/zero"), 1_000).unwrap(), None);
    }
}
