//! Readers of archives in memory: tar in gzip, and zip. They keep what a member is, not its bytes, and note what an
//! honest tool does not write.
//!
//! The readers are provwatch's own, as they must say where other readers would differ: a library takes one reading, and
//! hides the other. Only the decompression of deflate is a library's. Nothing is written, and nothing is run.

mod bytes;
mod collector;
mod content;
mod contents;
mod folded;
mod gzip;
mod member;
mod name;
mod paths;
mod pax;
mod root;
mod tar;
mod tar_header;
mod zip;
mod zip_end;
mod zip_entry;
mod zip_places;

pub use content::Kept;
pub use contents::Contents;
pub use member::{Kind, Member};
pub use root::{Container, Root};

use self::collector::Collector;
use super::limits::Limits;

/// Reads an archive, and keeps the texts at the paths that `keep` wants.
pub fn read(bytes: &[u8], container: Container, root: Root, limits: &Limits, keep: &dyn Fn(&str) -> bool) -> Contents {
    let mut collector = Collector::new(limits, root, keep);
    let outcome = match container {
        Container::TarGz => tar::read(bytes, &mut collector),
        Container::Zip => zip::read(bytes, &mut collector),
    };
    let mut contents = collector.finish(outcome);
    paths::compare(&mut contents);
    contents
}
