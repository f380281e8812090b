//! Unpacks gzip (RFC 1952) from memory piece by piece, and notes what readers understand differently: several streams,
//! other checksums, bytes behind the end.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::inspect::{anomaly::AnomalyKind, limits::Stopped};

/// The first bytes of a stream: the mark, and deflate, the only method.
const MARK: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Most streams of one file. Tools write one.
const MAX_STREAMS: u64 = 1000;

/// The length of the fixed part of a header, and of the trailer.
const HEADER: usize = 10;
const TRAILER: usize = 8;

const HAS_CHECKSUM: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;

/// Unpacks the streams of a gzip file one after the other.
pub(super) struct Gunzip<'a> {
    whole: usize,
    rest: &'a [u8],
    stream: Option<Stream>,
    streams: u64,
    /// What was odd, until the reader of the unpacked bytes takes it.
    noted: Vec<(AnomalyKind, String)>,
}

struct Stream {
    inflater: Decompress,
    crc: Crc,
}

impl<'a> Gunzip<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { whole: bytes.len(), rest: bytes, stream: None, streams: 0, noted: Vec::new() }
    }

    /// The bytes that were read so far.
    pub(super) fn packed(&self) -> u64 {
        (self.whole - self.rest.len()) as u64
    }

    /// What was odd since the last call.
    pub(super) fn take_notes(&mut self) -> Vec<(AnomalyKind, String)> {
        std::mem::take(&mut self.noted)
    }

    /// Fills the buffer as far as there is something; less only at the end.
    ///
    /// # Errors
    /// What follows cannot be unpacked.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Stopped> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.stream.is_none() && !self.next_stream()? {
                break;
            }
            filled += self.inflate(&mut buffer[filled..])?;
        }
        Ok(filled)
    }

    /// Begins the next stream. `false`: there are no more.
    fn next_stream(&mut self) -> Result<bool, Stopped> {
        if self.streams > 0 && !self.rest.starts_with(&MARK[..2]) {
            if self.rest.iter().any(|byte| *byte != 0) {
                let detail = format!("{} bytes follow the compressed data", self.rest.len());
                self.noted.push((AnomalyKind::StrayBytes, detail));
            }
            self.rest = &[];
            return Ok(false);
        }
        if self.streams == MAX_STREAMS {
            return Err(Stopped::damaged(format!("it has more than {MAX_STREAMS} compressed streams")));
        }
        self.rest = header(self.rest).map_err(Stopped::damaged)?;
        self.streams += 1;
        if self.streams == 2 {
            let detail = "it has more than one compressed stream: some readers see the first only";
            self.noted.push((AnomalyKind::Hidden, detail.to_owned()));
        }
        self.stream = Some(Stream { inflater: Decompress::new(false), crc: Crc::new() });
        Ok(true)
    }

    fn inflate(&mut self, buffer: &mut [u8]) -> Result<usize, Stopped> {
        let Some(stream) = &mut self.stream else { return Ok(0) };
        let (read, wrote) = (stream.inflater.total_in(), stream.inflater.total_out());
        let outcome = stream.inflater.decompress(self.rest, buffer, FlushDecompress::None);
        let status = outcome.map_err(|_| Stopped::damaged("the compressed data are malformed"))?;
        let (read, wrote) = (stream.inflater.total_in() - read, stream.inflater.total_out() - wrote);
        // Neither is more than what it was given.
        let (read, wrote) = (usize::try_from(read).unwrap_or_default(), usize::try_from(wrote).unwrap_or_default());
        self.rest = &self.rest[read..];
        stream.crc.update(&buffer[..wrote]);
        match status {
            Status::StreamEnd => self.end_stream()?,
            _ if read == 0 && wrote == 0 => return Err(Stopped::damaged("the compressed data are cut")),
            Status::Ok | Status::BufError => {}
        }
        Ok(wrote)
    }

    fn end_stream(&mut self) -> Result<(), Stopped> {
        let Some(stream) = self.stream.take() else { return Ok(()) };
        let Some((trailer, rest)) = self.rest.split_first_chunk::<TRAILER>() else {
            return Err(Stopped::damaged("the compressed data are cut before their checksum"));
        };
        let [a, b, c, d, size @ ..] = *trailer;
        self.rest = rest;
        if u32::from_le_bytes([a, b, c, d]) != stream.crc.sum() || u32::from_le_bytes(size) != stream.crc.amount() {
            self.noted.push((AnomalyKind::Damaged, "the checksum of the compressed data is another".to_owned()));
        }
        Ok(())
    }
}

/// The bytes behind the header of a stream.
fn header(bytes: &[u8]) -> Result<&[u8], &'static str> {
    const CUT: &str = "the header of the compressed data is cut";
    if bytes.len() >= MARK.len() && !bytes.starts_with(&MARK) {
        return Err("it is not a gzip file");
    }
    let flags = *bytes.get(3).ok_or(CUT)?;
    let mut rest = bytes.get(HEADER..).ok_or(CUT)?;
    if flags & 0b1110_0000 != 0 {
        return Err("the header of the compressed data has unknown flags");
    }
    if flags & HAS_EXTRA != 0 {
        let length = rest.first_chunk::<2>().ok_or(CUT)?;
        rest = rest.get(2 + usize::from(u16::from_le_bytes(*length))..).ok_or(CUT)?;
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0).ok_or(CUT)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        rest = rest.get(2..).ok_or(CUT)?;
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder, write::GzEncoder};

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    /// What is unpacked, or why nothing more is, and what was odd.
    fn unpacked(bytes: &[u8]) -> (Vec<u8>, Option<String>, Vec<AnomalyKind>) {
        let mut gunzip = Gunzip::new(bytes);
        let (mut all, mut notes) = (Vec::new(), Vec::new());
        let why = loop {
            let mut buffer = [0; 7];
            let filled = gunzip.fill(&mut buffer);
            notes.extend(gunzip.take_notes().into_iter().map(|(kind, _)| kind));
            match filled {
                Ok(0) => break None,
                Ok(filled) => all.extend_from_slice(&buffer[..filled]),
                Err(stopped) => break Some(stopped.why),
            }
        };
        assert!(gunzip.packed() <= bytes.len() as u64);
        (all, why, notes)
    }

    #[test]
    fn what_is_packed_is_unpacked_and_what_is_odd_is_noted() {
        let one = gzip(b"one and one");
        let mut other_sum = one.clone();
        let at = other_sum.len() - 8;
        other_sum[at] ^= 1;
        let named = GzBuilder::new().filename("a.tar").comment("c").extra(*b"extra");
        let mut named = named.write(Vec::new(), Compression::fast());
        named.write_all(b"one and one").unwrap();
        for (bytes, content, notes) in [
            (one.clone(), &b"one and one"[..], &[][..]),
            (named.finish().unwrap(), b"one and one", &[]),
            ([&one[..], &[0; 20]].concat(), b"one and one", &[]),
            ([&one[..], b"more"].concat(), b"one and one", &[AnomalyKind::StrayBytes]),
            ([&one[..], &one].concat(), b"one and oneone and one", &[AnomalyKind::Hidden]),
            ([&one[..], &one, &one].concat(), b"one and oneone and oneone and one", &[AnomalyKind::Hidden]),
            (other_sum, b"one and one", &[AnomalyKind::Damaged]),
            (gzip(b""), b"", &[]),
        ] {
            assert_eq!(unpacked(&bytes), (content.to_vec(), None, notes.to_vec()));
        }
    }

    #[test]
    fn what_is_cut_or_malformed_says_so() {
        let one = gzip(b"one and one and one");
        for end in 0..one.len() {
            let (content, why, _) = unpacked(&one[..end]);
            assert!(b"one and one and one".starts_with(&content), "{end}");
            assert!(why.unwrap().contains("cut"), "{end}");
        }
        for (bytes, said) in [
            (&b"PK\x03\x04"[..], "not a gzip file"),
            (b"\x1f\x8b\x09\0\0\0\0\0\0\0", "not a gzip file"),
            (b"\x1f\x8b\x08\x80\0\0\0\0\0\0", "unknown flags"),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff", "malformed"),
        ] {
            let (_, why, _) = unpacked(bytes);
            assert!(why.as_ref().is_some_and(|why| why.contains(said)), "{bytes:?}: {why:?}");
        }
    }
}
