//! Reads text files up to a size limit, in UTF-8 or UTF-16.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::bounded;

/// Why a text file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file does not exist, or may not be read.
    #[error("reading {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A folder, a socket, a device: reading it might never end.
    #[error("reading {}: not a regular file", path.display())]
    NotAFile { path: PathBuf },
    /// More than the limit.
    #[error("reading {}: larger than {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    /// Bytes that are not UTF-8.
    #[error("{}:{line}: not UTF-8; save the file with that encoding", path.display())]
    NotUtf8 {
        path: PathBuf,
        /// The line of the first bad byte, from 1.
        line: usize,
    },
}

impl ReadError {
    /// Whether there is no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a regular file (symbolic links are followed) of at most `limit` bytes as UTF-8, or as the UTF-16 that its byte order
/// mark tells of (`pip freeze > requirements.txt` in PowerShell). The text has no byte order mark.
///
/// # Errors
/// No such file, no regular file, too large, not a text.
pub fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    let failed = |source| ReadError::Io { path: path.to_owned(), source };
    // Looked at before opening: opening a FIFO waits for a writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(ReadError::NotAFile { path: path.to_owned() });
    }
    let bytes = bounded::read(path, limit).map_err(failed)?;
    text_of(bytes.ok_or_else(|| ReadError::TooLarge { path: path.to_owned(), limit })?, path)
}

/// The text of the bytes of a file, as [`read_text`] reads it.
///
/// # Errors
/// It is not a text.
pub fn text_of(bytes: Vec<u8>, path: &Path) -> Result<String, ReadError> {
    let mut text = decoded(bytes).map_err(|line| ReadError::NotUtf8 { path: path.to_owned(), line })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// The text, or the line from 1 in which it ends to be one.
fn decoded(bytes: Vec<u8>) -> Result<String, usize> {
    let units: Option<fn([u8; 2]) -> u16> = match bytes.get(..2) {
        Some([0xff, 0xfe]) => Some(u16::from_le_bytes),
        Some([0xfe, 0xff]) => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(unit) = units.filter(|_| bytes.len().is_multiple_of(2)) {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        return char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| 1);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        valid.split(|&byte| byte == b'\n').count()
    })
}
