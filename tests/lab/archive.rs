//! Makes archives as package tools do, and as they never do: every field of every header can be another.

use std::io::Write;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use flate2::{Compression, Crc, write::DeflateEncoder, write::GzEncoder};

use super::keys::sha256;

/// gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header of a tar archive.
#[derive(Clone, Debug)]
pub struct TarHeader {
    pub name: Vec<u8>,
    pub kind: u8,
    pub link: Vec<u8>,
    pub mode: u32,
    pub size: u64,
}

impl TarHeader {
    /// Of a file.
    pub fn file(name: impl AsRef<[u8]>, size: usize) -> Self {
        Self { name: name.as_ref().to_vec(), kind: b'0', link: Vec::new(), mode: 0o644, size: size as u64 }
    }

    pub fn kind(self, kind: u8) -> Self {
        Self { kind, ..self }
    }

    pub fn link(self, link: impl AsRef<[u8]>) -> Self {
        Self { link: link.as_ref().to_vec(), ..self }
    }

    /// The block, with its checksum.
    pub fn block(&self) -> [u8; 512] {
        let mut block = [0; 512];
        block[..self.name.len()].copy_from_slice(&self.name);
        block[100..108].copy_from_slice(format!("{:07o}\0", self.mode).as_bytes());
        block[108..116].copy_from_slice(b"0000000\0");
        block[116..124].copy_from_slice(b"0000000\0");
        block[124..136].copy_from_slice(format!("{:011o}\0", self.size).as_bytes());
        block[136..148].copy_from_slice(b"00000000000\0");
        block[156] = self.kind;
        block[157..157 + self.link.len()].copy_from_slice(&self.link);
        block[257..265].copy_from_slice(b"ustar\x0000");
        sum(block)
    }
}

/// The block with the checksum that it should have.
pub fn sum(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A tar archive.
#[derive(Clone, Debug, Default)]
pub struct Tar(pub Vec<u8>);

impl Tar {
    pub fn new() -> Self {
        Self::default()
    }

    /// The archive with a file.
    pub fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        self.member(&TarHeader::file(name, content.len()), content)
    }

    pub fn folder(self, name: &str) -> Self {
        self.member(&TarHeader::file(name, 0).kind(b'5'), b"")
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.member(&TarHeader::file(name, 0).kind(b'2').link(target), b"")
    }

    /// A header, and the content whatever the header says of it.
    pub fn member(mut self, header: &TarHeader, content: &[u8]) -> Self {
        self.0.extend_from_slice(&header.block());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// pax records about the next member.
    pub fn pax(self, records: &[(&str, &str)]) -> Self {
        let records: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value).into_bytes()).collect();
        self.member(&TarHeader::file("PaxHeader", records.len()).kind(b'x'), &records)
    }

    /// Any bytes.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The mark of the end.
    pub fn end(self) -> Self {
        self.raw(&[0; 1024])
    }

    /// The archive with its end, in gzip.
    pub fn gz(self) -> Vec<u8> {
        gzip(&self.end().0)
    }
}

/// `LENGTH KEY=VALUE`, where the length counts itself.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = (rest..rest + 9).find(|length| length.to_string().len() + rest == *length).unwrap();
    format!("{length} {key}={value}\n")
}

/// An npm tarball of these files.
pub fn npm_tarball(files: &[(&str, &str)]) -> Vec<u8> {
    files.iter().fold(Tar::new(), |tar, (name, content)| tar.file(format!("package/{name}"), content)).gz()
}

/// A gzipped tar of these files below one folder: a crate, or Python sources.
pub fn below(root: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let tar = files.iter().fold(Tar::new().folder(&format!("{root}/")), |tar, (name, content)| {
        tar.file(format!("{root}/{name}"), content)
    });
    tar.gz()
}

/// A wheel of these files, with its metadata and its list of them.
pub fn wheel(name: &str, version: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let mut all: Vec<(String, String)> =
        files.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect();
    all.push((format!("{info}/METADATA"), metadata));
    let line = |(path, content): &(String, String)| {
        let digest = BASE64_URL_SAFE_NO_PAD.encode(sha256(content.as_bytes()));
        format!("{path},sha256={digest},{}\n", content.len())
    };
    let list: String = all.iter().map(line).collect();
    all.push((format!("{info}/RECORD"), format!("{list}{info}/RECORD,,\n")));
    all.iter().fold(Zip::new(), |zip, (path, content)| zip.file(path, content)).bytes()
}

/// What a zip archive says of a member, in the directory or before the content.
#[derive(Clone, Debug)]
pub struct Said {
    pub name: Vec<u8>,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u32,
    pub size: u32,
    pub extra: Vec<u8>,
}

/// A member of a zip archive.
#[derive(Clone, Debug)]
pub struct ZipMember {
    pub header: Said,
    pub entry: Said,
    /// The bytes behind the header.
    pub content: Vec<u8>,
    /// The permissions of the entry, shifted as in the directory.
    pub attributes: u32,
    /// Whether the directory has it.
    pub is_listed: bool,
    /// Where the directory says that it is, if not where it is.
    pub offset: Option<u32>,
    /// Bytes behind the content.
    pub behind: Vec<u8>,
}

impl ZipMember {
    /// A file, compressed.
    pub fn deflated(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let packed = deflate(content.as_ref());
        Self::of(name.as_ref(), 8, content.as_ref(), packed)
    }

    /// A file, stored as it is.
    pub fn stored(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self::of(name.as_ref(), 0, content.as_ref(), content.as_ref().to_vec())
    }

    fn of(name: &[u8], method: u16, content: &[u8], packed: Vec<u8>) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let said = Said {
            name: name.to_vec(),
            flags: 0,
            method,
            crc: crc.sum(),
            packed: u32::try_from(packed.len()).unwrap(),
            size: u32::try_from(content.len()).unwrap(),
            extra: Vec::new(),
        };
        Self {
            header: said.clone(),
            entry: said,
            content: packed,
            attributes: 0o100_644 << 16,
            is_listed: true,
            offset: None,
            behind: Vec::new(),
        }
    }

    /// The member with both statements changed.
    pub fn both(mut self, change: impl Fn(&mut Said)) -> Self {
        change(&mut self.header);
        change(&mut self.entry);
        self
    }

    /// The member with its header changed, and not its entry.
    pub fn header(mut self, change: impl Fn(&mut Said)) -> Self {
        change(&mut self.header);
        self
    }
}

/// A zip archive.
#[derive(Clone, Debug, Default)]
pub struct Zip {
    pub before: Vec<u8>,
    pub members: Vec<ZipMember>,
    pub comment: Vec<u8>,
    pub behind: Vec<u8>,
    /// The number of members in the end record, if not the true one.
    pub count: Option<u16>,
}

impl Zip {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.with(ZipMember::deflated(name, content))
    }

    pub fn with(mut self, member: ZipMember) -> Self {
        self.members.push(member);
        self
    }

    /// The archive.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.before.clone();
        let mut offsets = Vec::new();
        for member in &self.members {
            offsets.push(u32::try_from(out.len() - self.before.len()).unwrap());
            out.extend_from_slice(b"PK\x03\x04\x14\0");
            put(&mut out, &member.header);
            out.extend_from_slice(&member.header.name);
            out.extend_from_slice(&member.header.extra);
            out.extend_from_slice(&member.content);
            out.extend_from_slice(&member.behind);
        }
        let start = out.len();
        let listed: Vec<_> = self.members.iter().zip(offsets).filter(|(member, _)| member.is_listed).collect();
        for (member, offset) in &listed {
            // Made on Unix.
            out.extend_from_slice(b"PK\x01\x02\x14\x03\x14\0");
            put(&mut out, &member.entry);
            // No comment, the first disk, no internal attributes.
            out.extend_from_slice(&[0; 6]);
            out.extend_from_slice(&member.attributes.to_le_bytes());
            out.extend_from_slice(&member.offset.unwrap_or(*offset).to_le_bytes());
            out.extend_from_slice(&member.entry.name);
            out.extend_from_slice(&member.entry.extra);
        }
        let (size, offset) = (out.len() - start, start - self.before.len());
        let count = self.count.unwrap_or_else(|| u16::try_from(listed.len()).unwrap());
        out.extend_from_slice(&end_record(count, size, offset, &self.comment));
        out.extend_from_slice(&self.behind);
        out
    }
}

/// The fields that header and entry share, from the flags to the length of the extra fields.
fn put(out: &mut Vec<u8>, said: &Said) {
    out.extend_from_slice(&said.flags.to_le_bytes());
    out.extend_from_slice(&said.method.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    for number in [said.crc, said.packed, said.size] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for length in [said.name.len(), said.extra.len()] {
        out.extend_from_slice(&u16::try_from(length).unwrap().to_le_bytes());
    }
}

/// The record at the end.
pub fn end_record(count: u16, size: usize, offset: usize, comment: &[u8]) -> Vec<u8> {
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
    out.extend_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
    out.extend_from_slice(&u16::try_from(comment.len()).unwrap().to_le_bytes());
    out.extend_from_slice(comment);
    out
}
