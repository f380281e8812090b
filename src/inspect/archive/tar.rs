//! Reads a tar archive in gzip, member by member, and notes where readers would differ.

use super::{
    collector::{Collector, Described, Open},
    gzip::Gunzip,
    member::Kind,
    pax::{Records, Replaced},
    tar_header::{BLOCK, Header, What},
};
use crate::inspect::{anomaly::AnomalyKind, limits::Stopped};

/// The unpacked bytes that are held at once.
const PIECE: usize = 64 << 10;

/// Most headers about one member.
const MAX_HEADERS: u32 = 16;

/// The size from which on the field of a header has no room.
const LARGEST: u64 = 1 << 33;

const SPARSE: &str = "it is a sparse file, whose form only some readers know";

/// Reads the archive.
///
/// # Errors
/// It is not read to its end.
pub(super) fn read(bytes: &[u8], into: &mut Collector<'_>) -> Result<(), Stopped> {
    let mut reader = Reader { source: Gunzip::new(bytes), into, piece: vec![0; PIECE], about_next: About::default() };
    let outcome = reader.members();
    reader.pass_notes();
    outcome
}

struct Reader<'a, 'b, 'c> {
    source: Gunzip<'a>,
    into: &'b mut Collector<'c>,
    piece: Vec<u8>,
    about_next: About,
}

/// What earlier headers say of the next member.
#[derive(Default)]
struct About {
    by_records: Option<Replaced>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    headers: u32,
}

impl Reader<'_, '_, '_> {
    fn members(&mut self) -> Result<(), Stopped> {
        let mut empty_blocks = 0;
        loop {
            let mut block = [0; BLOCK];
            match self.fill(&mut block)? {
                BLOCK => {}
                0 => {
                    self.into.note(AnomalyKind::Damaged, None, "it ends without the mark of its end");
                    return Ok(());
                }
                _ => return Err(Stopped::damaged("it is cut within a header")),
            }
            self.into.count(BLOCK, self.source.packed())?;
            if block == [0; BLOCK] {
                empty_blocks += 1;
                if empty_blocks == 2 {
                    return self.behind_the_end();
                }
                continue;
            }
            if empty_blocks == 1 {
                self.into.note(AnomalyKind::Hidden, None, "members follow an empty block, at which some readers stop");
                empty_blocks = 0;
            }
            let header = Header::read(&block).map_err(Stopped::damaged)?;
            self.take(header)?;
        }
    }

    /// Fills the buffer, less only at the end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Stopped> {
        let filled = self.source.fill(buffer);
        self.pass_notes();
        filled
    }

    fn pass_notes(&mut self) {
        for (kind, detail) in self.source.take_notes() {
            self.into.note(kind, None, detail);
        }
    }

    fn take(&mut self, header: Header) -> Result<(), Stopped> {
        self.about_next.headers += 1;
        if self.about_next.headers > MAX_HEADERS {
            return Err(Stopped::damaged(format!("a member has more than {MAX_HEADERS} headers")));
        }
        match header.what {
            What::Filled(kind) => self.filled(header, kind),
            What::Bare(kind) => self.bare(header, kind),
            What::Sparse => {
                self.disagree(&header.name, format_args!("{SPARSE}"));
                Err(Stopped::damaged("it has a sparse file of GNU's old form, behind which nothing is read"))
            }
            What::LongName | What::LongLink => self.long(&header),
            What::Records => {
                let records = self.records(header.size)?;
                let former = self.about_next.by_records.replace(records);
                self.once(former.is_none());
                Ok(())
            }
            What::GlobalRecords => {
                let Replaced { name, link, size, .. } = self.records(header.size)?;
                if name.is_some() || link.is_some() || size.is_some() {
                    let detail = "a header names one path, target or size for all members: readers differ on it";
                    self.into.note(AnomalyKind::Disagreement, None, detail);
                }
                Ok(())
            }
        }
    }

    /// A name or target of GNU's. Its own size is another if records stand before it.
    fn long(&mut self, header: &Header) -> Result<(), Stopped> {
        let text = without_end(self.header_content(header.size)?);
        let about = &mut self.about_next;
        let field = if header.what == What::LongName { &mut about.long_name } else { &mut about.long_link };
        let is_first = field.replace(text).is_none() && about.by_records.is_none();
        self.once(is_first);
        Ok(())
    }

    fn records(&mut self, size: u64) -> Result<Replaced, Stopped> {
        let content = self.header_content(size)?;
        let Records { replaced, ambiguous } = Records::read(&content).map_err(Stopped::damaged)?;
        for key in ambiguous {
            let name = replaced.name.as_deref().map(String::from_utf8_lossy);
            let detail = format!("the records about a member have two values of {key}");
            self.into.note(AnomalyKind::Disagreement, name.as_deref(), detail);
        }
        Ok(replaced)
    }

    /// The content of a header about another member.
    fn header_content(&mut self, size: u64) -> Result<Vec<u8>, Stopped> {
        let limit = self.into.limits().header;
        let length = usize::try_from(size).ok().filter(|_| size <= limit);
        let Some(length) = length else {
            return Err(Stopped::damaged(format!("a header about a member has {size} bytes, more than {limit}")));
        };
        let mut content = vec![0; length.next_multiple_of(BLOCK)];
        let filled = self.fill(&mut content)?;
        self.into.count(filled, self.source.packed())?;
        if filled < content.len() {
            return Err(Stopped::damaged("it is cut within a header"));
        }
        content.truncate(length);
        Ok(content)
    }

    /// A member with content.
    fn filled(&mut self, header: Header, kind: Kind) -> Result<(), Stopped> {
        let (named, size) = self.named(header);
        let is_folder = named.name.ends_with(b"/");
        if is_folder && size > 0 {
            self.disagree(&named.name, format_args!("it is a folder by its name, and has {size} bytes of content"));
        }
        let described = Described { name: &named.name, kind, mode: Some(named.mode), target: None };
        match self.into.open(&described)? {
            Some(open) if named.is_sparse => {
                self.disagree(&named.name, format_args!("{SPARSE}"));
                self.into.give_up(open, "it is a sparse file, which is not read");
                self.pass_over(size)
            }
            Some(open) if !is_folder => self.content(open, size),
            Some(open) => {
                self.into.close(open);
                self.pass_over(size)
            }
            None => self.pass_over(size),
        }
    }

    /// A member without content.
    fn bare(&mut self, header: Header, kind: Kind) -> Result<(), Stopped> {
        let (named, size) = self.named(header);
        // Some readers skip so many bytes, and others read members from them.
        if size > 0 {
            self.disagree(&named.name, format_args!("it is not a file, and its header names {size} bytes of content"));
        }
        let target = matches!(kind, Kind::Symlink | Kind::HardLink).then_some(&*named.link);
        let described = Described { name: &named.name, kind, mode: Some(named.mode), target };
        if let Some(open) = self.into.open(&described)? {
            self.into.close(open);
        }
        Ok(())
    }

    /// The next member by all of its headers, and its size.
    fn named(&mut self, header: Header) -> (Named, u64) {
        let About { by_records, long_name, long_link, .. } = std::mem::take(&mut self.about_next);
        let Replaced { name, link, size, is_sparse } = by_records.unwrap_or_default();
        let name = self.one_of(name, long_name).unwrap_or(header.name);
        let link = self.one_of(link, long_link).unwrap_or(header.link);
        // A header has no room for the size of very large files.
        if let Some(size) = size.filter(|size| *size != header.size && (header.size > 0 || *size < LARGEST)) {
            self.disagree(&name, format_args!("its headers name {} and {size} bytes of content", header.size));
        }
        (Named { name, link, mode: header.mode, is_sparse }, size.unwrap_or(header.size))
    }

    fn one_of(&mut self, by_records: Option<Vec<u8>>, long: Option<Vec<u8>>) -> Option<Vec<u8>> {
        if let (Some(one), Some(other)) = (&by_records, &long)
            && one != other
        {
            self.disagree(one, format_args!("another header names {:?}", String::from_utf8_lossy(other)));
        }
        by_records.or(long)
    }

    /// Of two such headers about one member, readers take the first, the last, or parts of both.
    fn once(&mut self, is_first: bool) {
        if !is_first {
            let detail = "a member has two headers before it that replace each other: readers differ on it";
            self.into.note(AnomalyKind::Disagreement, None, detail);
        }
    }

    fn disagree(&mut self, name: &[u8], why: std::fmt::Arguments<'_>) {
        let name = String::from_utf8_lossy(name);
        self.into.note(AnomalyKind::Disagreement, Some(&name), format_args!("{why}: readers differ on it"));
    }

    fn content(&mut self, mut open: Open, size: u64) -> Result<(), Stopped> {
        let outcome = self.pieces(size, |into, piece, packed| into.feed(&mut open, piece, packed));
        match outcome {
            Ok(()) => self.into.close(open),
            Err(stopped) => {
                self.into.give_up(open, &stopped.why);
                return Err(stopped);
            }
        }
        self.pass(padding(size))
    }

    /// Passes over content, with what fills its last block.
    fn pass_over(&mut self, size: u64) -> Result<(), Stopped> {
        self.pass(size + padding(size))
    }

    fn pass(&mut self, bytes: u64) -> Result<(), Stopped> {
        self.pieces(bytes, |into, piece, packed| into.count(piece.len(), packed))
    }

    /// Reads so many bytes piece by piece.
    fn pieces(
        &mut self,
        mut size: u64,
        mut take: impl FnMut(&mut Collector<'_>, &[u8], u64) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        while size > 0 {
            let length = usize::try_from(size).unwrap_or(PIECE).min(PIECE);
            let filled = self.source.fill(&mut self.piece[..length])?;
            take(self.into, &self.piece[..filled], self.source.packed())?;
            if filled < length {
                return Err(Stopped::damaged("it is cut within a member"));
            }
            size -= length as u64;
        }
        Ok(())
    }

    /// Looks at what follows the mark of the end: blocks of zeros.
    fn behind_the_end(&mut self) -> Result<(), Stopped> {
        let mut is_odd = false;
        loop {
            let filled = self.source.fill(&mut self.piece)?;
            if filled == 0 {
                break;
            }
            self.into.count(filled, self.source.packed())?;
            is_odd |= self.piece[..filled].iter().any(|byte| *byte != 0);
        }
        if is_odd {
            let detail = "data follow the mark of its end: readers that go on find more";
            self.into.note(AnomalyKind::Hidden, None, detail);
        }
        Ok(())
    }
}

/// What all headers of a member say of it together.
struct Named {
    name: Vec<u8>,
    link: Vec<u8>,
    mode: u16,
    is_sparse: bool,
}

/// The bytes that fill the last block of a content.
fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64) - size
}

/// A name of GNU's, which ends with a NUL.
fn without_end(mut name: Vec<u8>) -> Vec<u8> {
    if let Some(end) = name.iter().position(|byte| *byte == 0) {
        name.truncate(end);
    }
    name
}
