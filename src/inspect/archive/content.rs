//! What is kept of the content of one member while it streams by: digest, first bytes, longest line, its text if wanted.

use std::io::BufRead;

use aws_lc_rs::digest::{Context, SHA256};

use crate::inspect::nature::{HEAD, Nature};

/// The part of a file that decides whether it is text, and whose lines are measured.
const MEASURED: u64 = 4 << 20;

/// A text that was kept, perhaps its beginning only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// The content of a member so far.
pub(super) struct Content {
    sha256: Context,
    size: u64,
    head: Vec<u8>,
    is_text: bool,
    line: u64,
    longest_line: u64,
    kept: Option<Kept>,
    room: usize,
}

/// What a content came to.
pub(super) struct Measured {
    pub(super) sha256: [u8; 32],
    pub(super) size: u64,
    pub(super) nature: Nature,
    pub(super) longest_line: u64,
    pub(super) kept: Option<Kept>,
}

impl Content {
    /// Nothing so far; if it is to be kept, at most `room` bytes of it are.
    pub(super) fn new(room: Option<usize>) -> Self {
        Self {
            sha256: Context::new(&SHA256),
            size: 0,
            head: Vec::new(),
            is_text: true,
            line: 0,
            longest_line: 0,
            kept: room.map(|_| Kept { bytes: Vec::new(), is_whole: true }),
            room: room.unwrap_or_default(),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn add(&mut self, chunk: &[u8]) {
        self.sha256.update(chunk);
        let missing = HEAD.saturating_sub(self.head.len()).min(chunk.len());
        self.head.extend_from_slice(&chunk[..missing]);
        if let Some(kept) = &mut self.kept {
            let fits = self.room.saturating_sub(kept.bytes.len()).min(chunk.len());
            kept.bytes.extend_from_slice(&chunk[..fits]);
            kept.is_whole &= fits == chunk.len();
        }
        if self.is_text && self.size < MEASURED {
            self.measure(chunk);
        }
        self.size += chunk.len() as u64;
    }

    /// A file with a NUL is not text.
    fn measure(&mut self, mut rest: &[u8]) {
        self.is_text = !rest.contains(&0);
        while self.is_text && !rest.is_empty() {
            let is_ended = rest.contains(&b'\n');
            // A slice never fails to be read.
            let length = rest.skip_until(b'\n').unwrap_or_default() as u64;
            self.line += length - u64::from(is_ended);
            self.longest_line = self.longest_line.max(self.line);
            if is_ended {
                self.line = 0;
            }
        }
    }

    pub(super) fn measured(self, path: &str) -> Measured {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.sha256.finish().as_ref());
        Measured {
            sha256,
            size: self.size,
            nature: Nature::of(path, &self.head, self.is_text),
            longest_line: if self.is_text { self.longest_line } else { 0 },
            kept: self.kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn measured(chunks: &[&[u8]], room: Option<usize>) -> Measured {
        let mut content = Content::new(room);
        for chunk in chunks {
            content.add(chunk);
        }
        content.measured("a.js")
    }

    #[test]
    fn chunks_are_one_content() {
        let whole = b"one\ntwo two\n\nthree";
        for at in 0..whole.len() {
            let found = measured(&[&whole[..at], &whole[at..]], Some(100));
            assert_eq!(found.sha256[..], Sha256::digest(whole)[..]);
            assert_eq!((found.size, found.nature, found.longest_line), (18, Nature::Text, 7), "{at}");
            assert_eq!(found.kept, Some(Kept { bytes: whole.to_vec(), is_whole: true }));
        }
    }

    #[test]
    fn no_more_of_a_text_is_kept_than_there_is_room_for() {
        let kept = |chunks: &[&[u8]]| measured(chunks, Some(5)).kept.unwrap();
        assert_eq!(kept(&[b"123", b"45"]), Kept { bytes: b"12345".to_vec(), is_whole: true });
        assert_eq!(kept(&[b"123", b"456", b"7"]), Kept { bytes: b"12345".to_vec(), is_whole: false });
        assert_eq!(measured(&[b"1"], None).kept, None);
    }

    #[test]
    fn data_has_no_lines() {
        let found = measured(&[b"a long line", b"\0and more"], None);
        assert_eq!((found.nature, found.longest_line), (Nature::Data, 0));
    }
}
