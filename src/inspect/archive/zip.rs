//! Reads a zip archive from memory (APPNOTE 6.3.10), and notes where readers would differ.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{
    collector::{Collector, Described, Open},
    member::Kind,
    zip_end,
    zip_entry::{Entry, STORED, Stated},
    zip_places::{Placed, places},
};
use crate::inspect::{anomaly::AnomalyKind, limits::Stopped};

/// The unpacked bytes that are held at once.
const PIECE: usize = 64 << 10;

/// The longest target of a link.
const MAX_TARGET: usize = 4096;

/// Reads the archive.
///
/// # Errors
/// It is not read to its end.
pub(super) fn read(bytes: &[u8], into: &mut Collector<'_>) -> Result<(), Stopped> {
    let directory = zip_end::find(bytes, into)?;
    let (placed, outcome) = places(bytes, &directory, into);
    let mut reader = Reader { into, piece: vec![0; PIECE], packed: 0 };
    for one in &placed {
        reader.member(one)?;
    }
    outcome
}

struct Reader<'b, 'c> {
    into: &'b mut Collector<'c>,
    piece: Vec<u8>,
    /// The packed bytes of the members before.
    packed: u64,
}

/// What unpacking a content came to.
struct Unpacked {
    size: u64,
    crc: u32,
    /// The packed bytes behind the end of the compressed data.
    left: usize,
}

impl Reader<'_, '_> {
    fn member(&mut self, placed: &Placed<'_>) -> Result<(), Stopped> {
        let entry = &placed.entry;
        let target = match &placed.content {
            Ok(content) if entry.kind == Kind::Symlink => Some(target(&entry.stated, content)),
            _ => None,
        };
        let kind = self.kind(entry);
        let described = Described { name: entry.stated.name, kind, mode: entry.mode, target: target.as_deref() };
        let Some(open) = self.into.open(&described)? else { return Ok(()) };
        match &placed.content {
            Ok(content) => self.content(open, &entry.stated, content)?,
            Err(why) => self.into.give_up(open, why),
        }
        self.packed += placed.content.as_ref().map_or(0, |content| content.len() as u64);
        Ok(())
    }

    /// The kind of a member. Its permissions and its name may differ on it, and some readers look at the name only.
    fn kind(&mut self, entry: &Entry<'_>) -> Kind {
        let is_folder = entry.stated.name.ends_with(b"/");
        let (kind, said) = match entry.kind {
            Kind::Folder if !is_folder => (Kind::File, "a folder by its permissions, and a file by its name"),
            Kind::File | Kind::Folder if is_folder && entry.stated.size > 0 => {
                (Kind::Folder, "a folder by its name, and has content")
            }
            Kind::Symlink => (Kind::Symlink, "a link for some readers, and a file for others"),
            kind => return kind,
        };
        let name = String::from_utf8_lossy(entry.stated.name);
        self.into.note(AnomalyKind::Disagreement, Some(&name), format!("it is {said}"));
        kind
    }

    fn content(&mut self, mut open: Open, stated: &Stated<'_>, content: &[u8]) -> Result<(), Stopped> {
        let unpacked = match self.unpack(&mut open, stated, content) {
            Ok(Ok(unpacked)) => unpacked,
            Ok(Err(why)) => {
                self.into.note(AnomalyKind::Damaged, Some(open.path()), why);
                self.into.give_up(open, why);
                return Ok(());
            }
            Err(stopped) => {
                self.into.give_up(open, &stopped.why);
                return Err(stopped);
            }
        };
        let path = open.path().to_owned();
        if unpacked.size != stated.size {
            let detail = format!("it has {} bytes and names {}: readers differ on it", unpacked.size, stated.size);
            self.into.note(AnomalyKind::Disagreement, Some(&path), detail);
        } else if unpacked.crc != stated.crc {
            self.into.note(AnomalyKind::Damaged, Some(&path), "its checksum is another");
        }
        if unpacked.left > 0 {
            let detail = format!("{} bytes follow its compressed data", unpacked.left);
            self.into.note(AnomalyKind::StrayBytes, Some(&path), detail);
        }
        self.into.close(open);
        Ok(())
    }

    /// Unpacks a content; or says why it cannot be unpacked.
    fn unpack(
        &mut self,
        open: &mut Open,
        stated: &Stated<'_>,
        content: &[u8],
    ) -> Result<Result<Unpacked, &'static str>, Stopped> {
        let mut crc = Crc::new();
        if stated.method == STORED {
            for piece in content.chunks(PIECE) {
                crc.update(piece);
                self.into.feed(open, piece, self.packed + content.len() as u64)?;
            }
            return Ok(Ok(Unpacked { size: open.size(), crc: crc.sum(), left: 0 }));
        }
        let mut inflater = Inflater::of(content);
        loop {
            let wrote = match inflater.fill(&mut self.piece) {
                Ok(Some(wrote)) => wrote,
                Ok(None) => break,
                Err(why) => return Ok(Err(why)),
            };
            crc.update(&self.piece[..wrote]);
            self.into.feed(open, &self.piece[..wrote], self.packed + inflater.read() as u64)?;
        }
        Ok(Ok(Unpacked { size: open.size(), crc: crc.sum(), left: content.len() - inflater.read() }))
    }
}

/// The target of a link, which is its content.
fn target(stated: &Stated<'_>, content: &[u8]) -> Vec<u8> {
    if stated.method == STORED {
        return content[..content.len().min(MAX_TARGET)].to_vec();
    }
    let mut target = vec![0; MAX_TARGET];
    let wrote = Inflater::of(content).fill(&mut target).ok().flatten().unwrap_or_default();
    target.truncate(wrote);
    target
}

/// Inflates from memory.
struct Inflater<'a> {
    content: &'a [u8],
    state: Decompress,
    is_ended: bool,
}

impl<'a> Inflater<'a> {
    fn of(content: &'a [u8]) -> Self {
        Self { content, state: Decompress::new(false), is_ended: false }
    }

    /// The bytes that were read.
    fn read(&self) -> usize {
        usize::try_from(self.state.total_in()).unwrap_or(usize::MAX).min(self.content.len())
    }

    /// Unpacks into the buffer, and returns how much. `None`: the data are at their end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, &'static str> {
        if self.is_ended {
            return Ok(None);
        }
        let (read, wrote) = (self.read(), self.state.total_out());
        let outcome = self.state.decompress(&self.content[read..], buffer, FlushDecompress::None);
        let status = outcome.map_err(|_| "its compressed data are malformed")?;
        self.is_ended = status == Status::StreamEnd;
        let wrote = usize::try_from(self.state.total_out() - wrote).unwrap_or_default();
        if wrote == 0 && self.read() == read && !self.is_ended {
            return Err("its compressed data are cut");
        }
        Ok(Some(wrote))
    }
}
