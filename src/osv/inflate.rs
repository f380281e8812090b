//! Inflates one entry of a zip file, up to the size that it has.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::error::NotAReport;

/// The inflated bytes. What would become larger than its size is refused there.
pub(super) fn inflated(packed: &[u8], size: u64) -> Result<Vec<u8>, NotAReport> {
    let mut bytes = Vec::new();
    let read = DeflateDecoder::new(packed).take(size.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| NotAReport::Unreadable(error.to_string()))?;
    if bytes.len() as u64 > size {
        return Err(NotAReport::Unreadable("it becomes larger than its size".to_owned()));
    }
    Ok(bytes)
}
