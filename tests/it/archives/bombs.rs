//! Tests of archives that are made to fill memory, disk or time: the look ends at a limit, with the reason.

use flate2::{Compress, Compression, FlushCompress};
use provwatch::{
    inspect::{AnomalyKind, Limits, Stop},
    model::ArchiveFormat,
};

use super::{kinds, look, look_within};
use crate::lab::archive::{Tar, TarHeader, Zip, ZipMember, gzip};

const NPM: ArchiveFormat = ArchiveFormat::NpmTarball;
const MIB: usize = 1 << 20;

/// Deflated data that unpack to the beginning, and then to so many MiB of zeros: one compressed MiB stands there again
/// and again.
fn zeros(beginning: &[u8], mib: usize) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut packed = |bytes: &[u8]| {
        let mut out = Vec::with_capacity(MIB);
        compress.compress_vec(bytes, &mut out, FlushCompress::Full).unwrap();
        out
    };
    let mut all = packed(beginning);
    let one = packed(&vec![0; MIB]);
    // After a full flush nothing refers to what stands before.
    all.extend(one.iter().cycle().take(one.len() * mib));
    // An empty last block.
    all.extend_from_slice(b"\x03\0");
    all
}

/// A tarball of some MiB with a file of 10 GiB of zeros.
fn tar_bomb() -> Vec<u8> {
    let mut header = TarHeader::file("package/zeros", 0);
    header.size = (8 << 30) - 1;
    let tar = Tar::new().file("package/package.json", "{}").raw(&header.block());
    [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &zeros(&tar.0, 10 * 1024), &[0; 8]].concat()
}

#[test]
fn ten_gib_of_zeros_are_not_unpacked() {
    let bomb = tar_bomb();
    assert!(bomb.len() > 8 * MIB, "{} bytes are the whole bomb", bomb.len());
    let found = look(NPM, &bomb);
    assert_eq!(found.contents.stopped.as_ref().map(|stopped| stopped.kind), Some(Stop::Bomb));
    assert_eq!(kinds(&found), [AnomalyKind::Bomb]);
    assert!(found.contents.unpacked < 16 * MIB as u64, "{}", found.contents.unpacked);
    assert!(found.contents.member("package.json").is_some_and(|member| member.sha256.is_some()), "what came before");
    assert_eq!(found.contents.member("zeros").unwrap().sha256, None);
}

#[test]
fn a_bomb_in_a_zip_is_not_unpacked() {
    let content = zeros(b"", 10 * 1024);
    let packed = u32::try_from(content.len()).unwrap();
    let bomb = ZipMember { content, ..ZipMember::deflated("a-1.0/zeros", "") };
    let bomb = bomb.both(|said| (said.packed, said.size) = (packed, u32::MAX - 1));
    let zip = Zip::new().file("a-1.0/setup.py", "x").with(bomb);
    let found = look(ArchiveFormat::ZippedSdist, &zip.bytes());
    assert_eq!(found.contents.stopped.as_ref().map(|stopped| stopped.kind), Some(Stop::Bomb));
    assert!(found.contents.unpacked < 16 * MIB as u64, "{}", found.contents.unpacked);
}

/// Many entries of the directory that share one content unpack to very much without a large ratio each.
#[test]
fn members_that_share_their_content_are_not_unpacked() {
    let content: Vec<u8> =
        (0..20_000_u32).flat_map(|number| (number.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    let mut zip = Zip::new().with(ZipMember::deflated("a-1.0/0", &content));
    for number in 1..500 {
        let name = format!("a-1.0/{number}");
        let shared = ZipMember { content: Vec::new(), offset: Some(0), ..ZipMember::deflated(&name, &content) };
        zip = zip.with(shared);
    }
    let found = look(ArchiveFormat::ZippedSdist, &zip.bytes());
    assert!(found.contents.unpacked < 2 * content.len() as u64, "{}", found.contents.unpacked);
    assert_eq!(found.contents.unread_count, 499);
    assert_eq!(found.contents.unread.len(), 20, "some are named");
}

#[test]
fn members_paths_and_headers_without_end_are_not_read_to_the_end() {
    let limits = Limits { members: 50, paths: 2_000, ..Limits::default() };
    let many = |name: &dyn Fn(u32) -> String| (0..200).fold(Tar::new(), |tar, number| tar.file(name(number), ""));
    let long = "x".repeat(80);
    let headers = (0..200).fold(Tar::new(), |tar, _| tar.pax(&[("mtime", "1")])).file("package/a", "");
    for (what, tar, stop) in [
        ("members", many(&|number| format!("package/{number}")), Stop::Members),
        ("paths", many(&|number| format!("package/{long}{number}")), Stop::Paths),
        ("headers", headers, Stop::Damaged),
    ] {
        let found = look_within(NPM, &tar.gz(), &limits);
        assert_eq!(found.contents.stopped.as_ref().map(|stopped| stopped.kind), Some(stop), "{what}");
        assert!(found.contents.members.len() <= 50, "{what}");
    }
    let zip = (0..200).fold(Zip::new(), |zip, number| zip.file(format!("a-1.0/{number}"), ""));
    let found = look_within(ArchiveFormat::ZippedSdist, &zip.bytes(), &limits);
    assert_eq!(found.contents.stopped.as_ref().map(|stopped| stopped.kind), Some(Stop::Members));
    assert_eq!((found.contents.members.len(), kinds(&found)), (50, vec![]), "the rest of it is not called hidden");
}

#[test]
fn streams_without_end_are_not_read_to_the_end() {
    let empty = gzip(b"");
    let bytes: Vec<u8> = empty.iter().cycle().take(empty.len() * 5_000).copied().collect();
    let found = look(NPM, &bytes);
    assert!(found.contents.stopped.unwrap().why.contains("more than 1000 compressed streams"));
}

#[test]
fn zeros_behind_the_end_are_counted() {
    let tar = Tar::new().file("package/a", "x").end();
    let bytes = [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &zeros(&tar.0, 1024), &[0; 8]].concat();
    assert_eq!(look(NPM, &bytes).contents.stopped.map(|stopped| stopped.kind), Some(Stop::Bomb));
}

#[test]
fn texts_are_kept_up_to_a_limit() {
    let bundled = |number: u32| format!("package/node_modules/p{number}/package.json");
    let content = format!("{{\"description\": \"{}\"}}", "x".repeat(1000));
    let tar = (0..100).fold(Tar::new(), |tar, number| tar.file(bundled(number), &content));
    let limits = Limits { text: 2000, texts: 10_000, ..Limits::default() };
    let found = look_within(NPM, &tar.gz(), &limits);
    let kept: usize = found.contents.texts.iter().map(|(_, text)| text.bytes.len()).sum();
    assert!(kept <= 10_000, "{kept}");
    assert!(found.contents.unread_count >= 90, "{}", found.contents.unread_count);
}
