//! Tests that no bytes make a reader of archives panic, or read beyond its limits.

use proptest::prelude::*;
use provwatch::{
    inspect::{Limits, Look},
    model::ArchiveFormat,
};

use super::{format, look_within};
use crate::lab::archive::{Tar, TarHeader, Zip, ZipMember, gzip, wheel};

const ALL: [ArchiveFormat; 5] = [
    ArchiveFormat::NpmTarball,
    ArchiveFormat::Wheel,
    ArchiveFormat::Sdist,
    ArchiveFormat::ZippedSdist,
    ArchiveFormat::Crate,
];

fn limits() -> Limits {
    Limits { unpacked: 1 << 20, members: 100, paths: 10_000, free: 64 << 10, ..Limits::default() }
}

#[test]
fn very_short_files_are_not_archives() {
    for id in ALL {
        for bytes in [&b""[..], b"\0", b"P", b"\x1f", b"PK", b"\x1f\x8b", b"PK\x05\x06"] {
            let found = look_within(id, bytes, &limits());
            assert!(found.contents.stopped.is_some() && found.contents.members.is_empty(), "{id:?} {bytes:?}");
        }
    }
}

/// What holds of every look.
fn hold(look: &Look) {
    let contents = &look.contents;
    assert!(contents.members.len() <= 100 && contents.unread.len() <= 21);
    assert!(contents.members.iter().all(|member| member.path.len() <= 1024 + 10), "a path is cut");
    assert!(contents.anomalies.kept().iter().all(|anomaly| anomaly.detail.chars().count() <= 301));
    assert!(contents.unpacked <= (1 << 20) + (128 << 10));
}

fn tar() -> Vec<u8> {
    let script = r#"{"name":"a","scripts":{"postinstall":"node setup.js","install":"./run"},"gypfile":false}"#;
    Tar::new()
        .folder("package/")
        .file("package/package.json", script)
        .pax(&[("path", "package/setup.js"), ("size", "6")])
        .file("package/x", "a = 1;")
        .member(&TarHeader::file("L", 12).kind(b'L'), b"package/run\0")
        .file("package/y", "#!/bin/sh")
        .symlink("package/link", "run")
        .member(&TarHeader::file("package/hard", 0).kind(b'1').link("package/run"), b"")
        .end()
        .0
}

fn zip() -> Vec<u8> {
    let mut zip = Zip::new();
    zip.comment = b"comment".to_vec();
    let member = ZipMember::deflated("a.pth", "import os").both(|said| said.flags |= 8);
    zip.with(member)
        .with(ZipMember::stored("a-1.0.data/scripts/run", "x"))
        .file("a-1.0.dist-info/RECORD", "a,b,c")
        .bytes()
}

/// Puts bytes in the place of others.
fn edited(mut bytes: Vec<u8>, edits: &[(prop::sample::Index, Vec<u8>)]) -> Vec<u8> {
    for (place, new) in edits {
        let at = place.index(bytes.len());
        let end = (at + new.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&new[..end - at]);
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, Vec<u8>)>> {
    let new = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..5),
        Just(vec![0xff; 4]),
        Just(vec![0; 12]),
        Just(b"PK\x05\x06".to_vec()),
        Just(b"99999999999\0".to_vec()),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), new), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_within_limits(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for id in ALL {
            hold(&look_within(id, &bytes, &limits()));
            hold(&look_within(id, &gzip(&bytes), &limits()));
        }
    }

    #[test]
    fn a_changed_tar_is_read_within_limits(edits in edits(), id in prop::sample::select(&ALL[..])) {
        hold(&look_within(id, &gzip(&edited(tar(), &edits)), &limits()));
        hold(&look_within(id, &edited(gzip(&tar()), &edits), &limits()));
    }

    #[test]
    fn a_changed_zip_is_read_within_limits(edits in edits()) {
        for bytes in [zip(), wheel("a", "1.0", &[("a.py", "x = 1\n")])] {
            hold(&look_within(ArchiveFormat::Wheel, &edited(bytes, &edits), &limits()));
        }
    }

    /// A tar whose headers are whole, so that more of them are read.
    #[test]
    fn any_headers_are_read_within_limits(
        headers in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..99), any::<u8>(), 0_u64..2000), 0..8),
        content in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let tar = headers.iter().fold(Tar::new(), |tar, (name, kind, size)| {
            tar.member(&TarHeader { size: *size, ..TarHeader::file(name, 0).kind(*kind) }, &content)
        });
        let look = Look::into(&tar.gz(), format(ArchiveFormat::NpmTarball), &limits(), &[String::from("a")]);
        hold(&look);
    }
}
