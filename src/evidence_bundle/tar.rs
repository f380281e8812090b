//! Writes and reads the one form of tar that a bundle has: regular files with a `ustar` header (POSIX.1-1988).

use std::{collections::BTreeMap, io::Write};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::text::quoted;

const BLOCK: usize = 512;
/// The longest path: that of the header's field, without its prefix.
const LONGEST_PATH: usize = 100;
/// The largest bundle that is read, and the most files in it.
pub(crate) const LARGEST: u64 = 512 * 1024 * 1024;
const MOST_FILES: usize = 20_000;

/// The files of a bundle, by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// The reason why a file is not a bundle, or not one that can be believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// Its form is another one.
    #[error("not an evidence bundle: at byte {at}, {what}")]
    Form {
        /// Where.
        at: usize,
        /// What is there.
        what: String,
    },
    /// A member of it is not what the manifest says.
    #[error("the bundle was altered: {member}: {what}")]
    Altered {
        /// The member.
        member: String,
        /// What is wrong with it.
        what: String,
    },
    /// It cannot be written or read.
    #[error("{what}")]
    Io {
        /// The operation.
        what: &'static str,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl BundleError {
    pub(super) fn altered(member: &str, what: impl Into<String>) -> Self {
        Self::Altered { member: quoted(member, LONGEST_PATH), what: what.into() }
    }
}

/// Writes files, in the order of their paths, and the end of the archive.
///
/// # Errors
/// The output cannot be written.
pub(super) fn write(out: &mut impl Write, files: &Files, at: DateTime<Utc>) -> Result<(), BundleError> {
    let io = |source| BundleError::Io { what: "writing the bundle", source };
    for (path, content) in files {
        out.write_all(&header(path, content.len(), at)).map_err(io)?;
        out.write_all(content).map_err(io)?;
        out.write_all(&vec![0; content.len().next_multiple_of(BLOCK) - content.len()]).map_err(io)?;
    }
    out.write_all(&[0; 2 * BLOCK]).map_err(io)
}

fn header(path: &str, size: usize, at: DateTime<Utc>) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |from: usize, text: &str| header[from..from + text.len()].copy_from_slice(text.as_bytes());
    put(0, path);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, &format!("{:011o}\0", at.timestamp().max(0)));
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\u{0}00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// Reads the files of a bundle.
///
/// # Errors
/// It is not of the form that [`write()`] makes.
pub(super) fn read(bytes: &[u8]) -> Result<Files, BundleError> {
    let (mut files, mut at) = (Files::new(), 0);
    loop {
        let block = bytes.get(at..at + BLOCK).ok_or_else(|| form(at, "it ends in the middle of a file"))?;
        if block.iter().all(|byte| *byte == 0) {
            let rest = &bytes[at..];
            let is_end = rest.len() >= 2 * BLOCK && rest.iter().all(|byte| *byte == 0);
            return if is_end { Ok(files) } else { Err(form(at, "something follows the end of the archive")) };
        }
        let (path, size) = member(block, at)?;
        let from = at + BLOCK;
        let content =
            bytes.get(from..from.saturating_add(size)).ok_or_else(|| form(at, "a file is longer than the bundle"))?;
        if files.len() == MOST_FILES {
            return Err(form(at, format!("it has more than {MOST_FILES} files")));
        }
        if files.insert(path.clone(), content.to_vec()).is_some() {
            return Err(BundleError::altered(&path, "it is there twice"));
        }
        at = from + size.next_multiple_of(BLOCK);
    }
}

fn member(block: &[u8], at: usize) -> Result<(String, usize), BundleError> {
    if &block[257..265] != b"ustar\x0000" {
        return Err(form(at, "the header of a file is not one of a tar"));
    }
    let digits = |from: usize, length: usize| {
        let text = std::str::from_utf8(&block[from..from + length]).ok()?;
        usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
    };
    let sum: usize =
        block.iter().enumerate().map(|(n, byte)| usize::from(if (148..156).contains(&n) { b' ' } else { *byte })).sum();
    if digits(148, 8) != Some(sum) {
        return Err(form(at, "the checksum of a header is wrong"));
    }
    let name = block[..LONGEST_PATH].split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    if block[156] != b'0' || block[345..500].iter().any(|byte| *byte != 0) {
        return Err(BundleError::altered(&name, "only regular files belong into a bundle"));
    }
    if !is_plain(&name) {
        return Err(BundleError::altered(&name, "its path is not one of a bundle"));
    }
    let size = digits(124, 12).ok_or_else(|| form(at, "the size of a file cannot be read"))?;
    Ok((name, size))
}

/// Whether a path is relative, stays inside, and has no odd characters.
pub(super) fn is_plain(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte))
    };
    !path.is_empty() && path.len() < LONGEST_PATH && path.split('/').all(plain)
}

fn form(at: usize, what: impl Into<String>) -> BundleError {
    BundleError::Form { at, what: what.into() }
}

/// The value of a JSON file of a bundle.
pub(super) fn parsed<'a, T: Deserialize<'a>>(files: &'a Files, path: &str) -> Result<T, BundleError> {
    let content = files.get(path).ok_or_else(|| BundleError::altered(path, "it is missing"))?;
    serde_json::from_slice(content).map_err(|error| BundleError::altered(path, error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-04-01T12:00:00Z".parse().unwrap()
    }

    fn written(files: &Files) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, files, noon()).unwrap();
        out
    }

    fn two() -> Files {
        [("a.json".to_owned(), b"{}".to_vec()), ("b/c.txt".to_owned(), vec![b'x'; 1000])].into()
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&written(&two())).unwrap(), two());
        assert_eq!(read(&written(&Files::new())).unwrap(), Files::new());
    }

    /// Other programs read it too.
    #[test]
    fn tar_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.tar");
        std::fs::write(&path, written(&two())).unwrap();
        let listed = std::process::Command::new("tar").arg("-tvf").arg(&path).output().unwrap();
        assert!(listed.status.success());
        let text = String::from_utf8(listed.stdout).unwrap();
        assert!(text.contains("a.json") && text.contains("1000") && text.contains("b/c.txt"), "{text}");
    }

    #[test]
    fn paths_outside_links_and_doubles_are_refused_by_name() {
        for path in ["../a", "/a", "a/../b", "a//b", "", "a\u{1b}", "a b", "./a"] {
            let files = [(path.to_owned(), b"x".to_vec())].into();
            let error = read(&written(&files)).unwrap_err().to_string();
            assert!(error.contains("path"), "{path:?}: {error}");
        }
        let mut link = written(&two());
        link[156] = b'2';
        let sum: u32 = link[..BLOCK]
            .iter()
            .enumerate()
            .map(|(n, b)| u32::from(if (148..156).contains(&n) { b' ' } else { *b }))
            .sum();
        link[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(read(&link).unwrap_err().to_string().contains("a.json"));
        let one = written(&two());
        let twice = [&one[..2 * BLOCK], &one[..2 * BLOCK], &[0; 2 * BLOCK]].concat();
        assert!(read(&twice).unwrap_err().to_string().contains("there twice"));
        let followed = [one, vec![b'x'; BLOCK]].concat();
        assert!(read(&followed).unwrap_err().to_string().contains("follows the end"));
    }

    proptest! {
        #[test]
        fn damage_never_panics(at in 0..4096_usize, byte in any::<u8>(), cut in 0..4096_usize) {
            let mut bytes = written(&two());
            let length = bytes.len();
            bytes[at % length] = byte;
            drop(read(&bytes));
            drop(read(&bytes[..cut.min(length)]));
        }
    }
}
