//! Zip files with reports, and hostile ones.

use std::{fs, path::PathBuf};

use super::{
    found, report, wanted,
    zips::{Entry, zip},
};
use crate::osv::{NotAReport, SourceError, Step, Walk, zip_state};

struct Zip {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn zip_file(bytes: &[u8]) -> Zip {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.zip");
    fs::write(&path, bytes).unwrap();
    Zip { _folder: folder, path }
}

impl Zip {
    fn walk(&self) -> Result<Walk, SourceError> {
        Walk::begin(&self.path, &wanted())
    }

    /// Why its only report is refused.
    fn refusal(&self) -> NotAReport {
        let mut walk = self.walk().unwrap();
        let reports = found(&mut walk);
        walk.read(&reports[0]).unwrap_err()
    }
}

fn entries() -> Vec<Entry> {
    vec![
        Entry::deflated("MAL-2026-1.json", report("MAL-2026-1", "a").as_bytes()),
        Entry::stored("osv/npm/MAL-2026-2.json", report("MAL-2026-2", "b").as_bytes()),
        Entry::stored("osv/npm/", b""),
        Entry::deflated("GHSA-aaaa-bbbb-cccc.json", b"{}"),
        Entry::stored("../../MAL-2026-3.json", b"{}"),
    ]
}

#[test]
fn stored_and_deflated_reports_are_read_with_any_kind_of_directory() {
    for (is_large, comment) in
        [(false, &b""[..]), (true, b""), (false, b"a comment with PK\x05\x06 in it, of more than 22 bytes")]
    {
        let zip = zip_file(&zip(&entries(), is_large, comment));
        let mut walk = zip.walk().unwrap();
        let reports = found(&mut walk);
        let ids: Vec<&str> = reports.iter().map(|found| found.id.as_str()).collect();
        // The name of a folder means nothing: nothing is written.
        assert_eq!(ids, ["MAL-2026-1", "MAL-2026-2", "MAL-2026-3"]);
        for (found, package) in reports.iter().zip(["a", "b"]) {
            assert_eq!(walk.read(found).unwrap(), report(&found.id, package).as_bytes());
        }
    }
}

#[test]
fn the_stamp_is_that_of_the_content() {
    let stamp = |content: &str, method: fn(&str, &[u8]) -> Entry| {
        let zip = zip_file(&zip(&[method("MAL-2026-1.json", content.as_bytes())], false, b""));
        found(&mut zip.walk().unwrap())[0].stamp
    };
    assert_eq!(stamp("{}", Entry::stored), stamp("{}", Entry::deflated));
    assert_ne!(stamp("{}", Entry::stored), stamp("[]", Entry::stored));
}

#[test]
fn an_unchanged_file_has_the_same_state_and_a_folder_has_none() {
    let zip = zip_file(&zip(&entries(), false, b""));
    assert_eq!(zip_state(&zip.path), zip_state(&zip.path));
    assert!(zip_state(&zip.path).is_some());
    assert_eq!(zip_state(zip.path.parent().unwrap()), None);
    assert_eq!(zip_state(&zip.path.join("missing")), None);
}

#[test]
fn entries_whose_numbers_lie_are_refused_alone() {
    let content = report("MAL-2026-1", "a");
    let sound = || Entry::deflated("MAL-2026-1.json", content.as_bytes());
    let large = |tag: u16, number: u64| [&tag.to_le_bytes()[..], &8_u16.to_le_bytes(), &number.to_le_bytes()].concat();
    let bomb = vec![b' '; 64 * 1024 * 1024];
    for (what, entry) in [
        ("checksum", Entry { crc: 7, ..sound() }),
        ("larger than its size", Entry { size: 10, ..sound() }),
        ("smaller than its size", Entry { size: 100_000, ..sound() }),
        ("cut off", Entry { packed_size: Some(10), ..sound() }),
        ("encrypted", Entry { flags: 1, ..sound() }),
        ("another method", Entry { method: 12, ..sound() }),
        ("stored, but deflated", Entry { method: 0, ..sound() }),
        ("offset within an entry", Entry { offset: Some(3), ..sound() }),
        ("offset behind the end", Entry { offset: Some(u32::MAX - 1), ..sound() }),
        ("a larger offset", Entry { offset: Some(u32::MAX), extra: large(1, u64::MAX), ..sound() }),
        ("no larger offset", Entry { offset: Some(u32::MAX), extra: large(2, 0), ..sound() }),
        ("a bomb", Entry::deflated("MAL-2026-1.json", &bomb)),
        ("a bomb that lies", Entry { size: 100, ..Entry::deflated("MAL-2026-1.json", &bomb) }),
        ("junk", Entry { packed: vec![0xff; 100], ..sound() }),
    ] {
        let refused = zip_file(&zip(&[entry], false, b"")).refusal();
        assert!(matches!(refused, NotAReport::Unreadable(_) | NotAReport::TooLarge(_)), "{what}: {refused:?}");
    }
}

#[test]
fn larger_numbers_of_an_entry_are_in_its_extra_field() {
    let content = report("MAL-2026-1", "a");
    let mut extra = [9_u16, 2].iter().flat_map(|part| part.to_le_bytes()).collect::<Vec<u8>>();
    extra.extend([0; 2]);
    extra.extend([1_u16, 8].iter().flat_map(|part| part.to_le_bytes()));
    extra.extend(0_u64.to_le_bytes());
    let entry = Entry { offset: Some(u32::MAX), extra, ..Entry::deflated("MAL-2026-1.json", content.as_bytes()) };
    let zip = zip_file(&zip(&[entry], true, b""));
    let mut walk = zip.walk().unwrap();
    let reports = found(&mut walk);
    assert_eq!(walk.read(&reports[0]).unwrap(), content.as_bytes());
}

#[test]
fn files_that_are_not_zip_files_or_were_cut_off_are_refused() {
    let sound = zip(&entries(), false, b"");
    for bytes in [&b""[..], b"PK", &vec![0; 100_000], &sound[..sound.len() - 1], &sound[..40]] {
        let error = zip_file(bytes).walk().unwrap_err();
        assert!(error.to_string().contains("it has no directory"), "{error}");
    }
    // The numbers of its end record: entries, size, start.
    let end = sound.len() - 22;
    let with = |at: usize, number: u32| {
        let mut bytes = sound.clone();
        bytes[end + at..end + at + 4].copy_from_slice(&number.to_le_bytes());
        zip_file(&bytes)
    };
    for (at, number) in [(12, 1_000_000), (16, 1_000_000), (12, u32::MAX), (16, u32::MAX)] {
        assert!(with(at, number).walk().is_err(), "{at} {number}");
    }
}

#[test]
fn a_directory_that_is_not_one_ends_the_walk_with_an_error() {
    let sound = zip(&entries(), false, b"");
    let start = sound.len() - 22 - zip_directory_bytes();
    for (at, byte) in [(start, 0), (start + 28, 0xff), (sound.len() - 22 + 10, 9)] {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        let zip = zip_file(&bytes);
        let mut walk = zip.walk().unwrap();
        let error = loop {
            match walk.step() {
                Ok(Step::End) => panic!("{at} {byte}"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(error, SourceError::Zip { .. }), "{error}");
    }
}

fn zip_directory_bytes() -> usize {
    entries().iter().map(|entry| 46 + entry.name.len()).sum()
}

#[test]
fn every_sound_file_with_one_changed_byte_is_read_or_refused_without_a_panic() {
    let sound = zip(&entries(), true, b"");
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0xff;
        let zip = zip_file(&bytes);
        let Ok(mut walk) = zip.walk() else { continue };
        for _ in 0..10 {
            match walk.step() {
                Ok(Step::Report(found)) => drop(walk.read(&found)),
                Ok(Step::Other) => {}
                Ok(Step::End) | Err(_) => break,
            }
        }
    }
}
