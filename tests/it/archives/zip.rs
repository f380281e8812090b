//! Tests of zip archives: wheels as tools write them, and those whose two descriptions of a member differ.

use provwatch::{
    inspect::{AnomalyKind, Kind, Stop},
    model::ArchiveFormat,
};

use super::{kinds, look, paths};
use crate::lab::archive::{Said, Zip, ZipMember, end_record, wheel};

/// Zipped sources have no list of their files, which would be odd in itself.
const ZIP: ArchiveFormat = ArchiveFormat::ZippedSdist;

fn sources() -> Zip {
    Zip::new().file("a-1.0/setup.py", "setup()\n")
}

fn other() -> ZipMember {
    ZipMember::deflated("a-1.0/b.py", "print(1)\n".repeat(20))
}

#[test]
fn an_honest_wheel_is_read_whole() {
    let found = look(ArchiveFormat::Wheel, &wheel("a", "1.0", &[("a/__init__.py", "x = 1\n"), ("a/b.py", "")]));
    assert_eq!((kinds(&found), &found.contents.stopped), (vec![], &None));
    let expected = ["a-1.0.dist-info/METADATA", "a-1.0.dist-info/RECORD", "a/__init__.py", "a/b.py"];
    assert_eq!(paths(&found), expected);
    assert_eq!(found.contents.member("a/__init__.py").unwrap().size, 6);
}

#[test]
fn honest_variants_are_not_odd() {
    let described_behind = || {
        let mut behind = b"PK\x07\x08".to_vec();
        behind.extend_from_slice(&[0; 12]);
        let member = other().both(|said| said.flags |= 8).header(|said| (said.crc, said.packed, said.size) = (0, 0, 0));
        ZipMember { behind, ..member }
    };
    let folder = ZipMember { attributes: 0o040_755 << 16, ..ZipMember::stored("a-1.0/lib/", "") };
    let link = ZipMember { attributes: 0o120_777 << 16, ..ZipMember::stored("a-1.0/link", "setup.py") };
    let inner = wheel("b", "1.0", &[("b.py", "")]);
    for (what, zip) in [
        ("stored", sources().with(ZipMember::stored("a-1.0/c", "x"))),
        ("a description behind the content", sources().with(described_behind()).file("a-1.0/c.py", "")),
        ("a description behind the last content", sources().with(described_behind())),
        ("a folder", sources().with(folder)),
        ("a link", sources().with(link)),
        ("a comment", Zip { comment: b"a comment".to_vec(), ..sources() }),
        ("a zip within", sources().with(ZipMember::stored("a-1.0/b.whl", inner))),
        (
            "a name in UTF-8",
            sources().with(ZipMember::deflated("a-1.0/größe.py", "x").both(|said| said.flags |= 1 << 11)),
        ),
    ] {
        let found = look(ZIP, &zip.bytes());
        assert_eq!(kinds(&found), [], "{what}: {:?}", found.contents.anomalies.kept());
        assert!(found.contents.members.iter().all(|one| one.kind != Kind::File || one.sha256.is_some()), "{what}");
    }
    let target = look(
        ZIP,
        &sources()
            .with(ZipMember { attributes: 0o120_777 << 16, ..ZipMember::deflated("a-1.0/l", "setup.py") })
            .bytes(),
    );
    assert_eq!(target.contents.member("l").unwrap().target.as_deref(), Some("setup.py"));
}

/// Of each archive, what is odd is said, and the rest is read.
fn expect(cases: Vec<(&str, Zip, &[AnomalyKind])>) {
    for (what, zip, expected) in cases {
        let found = look(ZIP, &zip.bytes());
        assert_eq!(kinds(&found), expected, "{what}: {:?}", found.contents.anomalies.kept());
        assert!(found.contents.member("setup.py").unwrap().sha256.is_some(), "{what}: the rest is read");
    }
}

#[test]
fn two_descriptions_that_differ_are_said() {
    use AnomalyKind::{Damaged, Disagreement, DuplicatePath, Encrypted, Hidden};
    let with = |member: ZipMember| sources().with(member);
    let header = |change: fn(&mut Said)| with(other().header(change));
    let both = |change: fn(&mut Said)| with(other().both(change));
    let unicode_path = |said: &mut Said| {
        said.extra = [&0x7075_u16.to_le_bytes()[..], &14_u16.to_le_bytes(), b"\x01\0\0\0\0", b"a-1.0/c.p"].concat();
    };
    let shared = ZipMember { offset: Some(0), ..other() };
    expect(vec![
        ("another name", header(|said| said.name = b"a-1.0/c.py".to_vec()), &[Disagreement][..]),
        ("another size", header(|said| said.size += 1), &[Disagreement]),
        ("another checksum", header(|said| said.crc ^= 1), &[Disagreement]),
        ("a wrong checksum in both", both(|said| said.crc ^= 1), &[Damaged]),
        ("a wrong size in both", both(|said| said.size -= 1), &[Disagreement]),
        ("another method", header(|said| said.method = 0), &[Disagreement]),
        ("a third name", both(unicode_path), &[Disagreement]),
        ("encryption", both(|said| said.flags |= 1), &[Encrypted]),
        ("encryption in one", header(|said| said.flags |= 1), &[Disagreement]),
        ("a member that is not listed", with(ZipMember { is_listed: false, ..other() }), &[Hidden]),
        ("an entry without a header", with(ZipMember { offset: Some(5), ..other() }), &[Disagreement, Hidden]),
        ("two entries of one content", with(other()).with(shared), &[DuplicatePath, Disagreement, Hidden]),
        ("another number of members", Zip { count: Some(7), ..sources() }, &[Disagreement]),
    ]);
}

#[test]
fn what_belongs_to_no_member_or_leads_outside_is_said() {
    use AnomalyKind::{Damaged, Hidden, OutsideLink, OutsidePath, SpecialFile, StrayBytes};
    let evil = || b"evil".to_vec();
    let link = ZipMember { attributes: 0o120_777 << 16, ..ZipMember::stored("a-1.0/l", "../../x") };
    let device = ZipMember { attributes: 0o020_666 << 16, ..other() };
    let malformed = ZipMember { content: vec![0xff; 40], ..other() };
    expect(vec![
        ("bytes before", Zip { before: b"#!/bin/sh\n".to_vec(), ..sources() }, &[StrayBytes][..]),
        ("bytes behind", Zip { behind: evil(), ..sources() }, &[StrayBytes]),
        ("bytes between", sources().with(ZipMember { behind: evil(), ..other() }), &[StrayBytes]),
        ("two archives", Zip { before: sources().bytes(), ..sources().with(other()) }, &[Hidden, StrayBytes]),
        ("malformed data", sources().with(malformed), &[StrayBytes, Damaged]),
        ("a parent folder", sources().file("../evil.py", ""), &[OutsidePath]),
        ("a link outside", sources().with(link), &[OutsideLink]),
        ("a device", sources().with(device), &[SpecialFile]),
    ]);
    let empty = Zip { comment: end_record(0, 0, 0, b""), ..sources() };
    let found = look(ZIP, &empty.bytes());
    assert_eq!((kinds(&found), paths(&found)), (vec![Hidden, StrayBytes], vec![]), "an end record in the comment");
}

#[test]
fn a_method_that_is_not_read_is_said() {
    let zip = sources().with(other().both(|said| said.method = 93));
    let found = look(ZIP, &zip.bytes());
    assert_eq!(kinds(&found), []);
    let (path, why) = &found.contents.unread[0];
    assert!(path == "b.py" && why.contains("method 93"), "{path}: {why}");
}

#[test]
fn what_is_not_a_zip_says_so() {
    let whole = sources().with(other()).bytes();
    let mut directory_far = whole.clone();
    let at = directory_far.len() - 10;
    directory_far[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut offset_far = whole.clone();
    let at = offset_far.len() - 6;
    offset_far[at..at + 4].copy_from_slice(&(1_u32 << 30).to_le_bytes());
    for (what, bytes) in [
        ("nothing", &b""[..]),
        ("text", b"this is not a zip, but it is long enough"),
        ("a size beyond all", &directory_far),
        ("an offset beyond all", &offset_far),
    ] {
        let found = look(ZIP, bytes);
        assert_eq!(found.contents.stopped.map(|stopped| stopped.kind), Some(Stop::Damaged), "{what}");
    }
    for end in 0..whole.len() {
        assert!(look(ZIP, &whole[..end]).contents.stopped.is_some(), "{end}");
    }
}

#[test]
fn a_wheels_own_list_is_compared() {
    let file = |name: &str, content: &str| ZipMember::deflated(name, content);
    let record = |lines: &str| file("a-1.0.dist-info/RECORD", lines);
    let good = "a.py,sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\n";
    for (what, zip, expected) in [
        ("it agrees", Zip::new().with(file("a.py", "x")).with(record(good)), &[][..]),
        ("another digest", Zip::new().with(file("a.py", "y")).with(record(good)), &["RECORD) has another digest"]),
        (
            "a file that it lacks",
            Zip::new().with(file("a.py", "x")).with(file("evil.pth", "x")).with(record(good)),
            &["RECORD) does not have it"],
        ),
        ("there is none", Zip::new().with(file("a.py", "x")), &["0 lists of its files"]),
        (
            "there are two",
            Zip::new().with(file("a.py", "x")).with(record(good)).with(file("b-1.0.dist-info/RECORD", "")),
            &["2 lists of its files"],
        ),
    ] {
        let found = look(ArchiveFormat::Wheel, &zip.bytes());
        let details: Vec<_> = found.contents.anomalies.kept().iter().map(|one| one.detail.clone()).collect();
        assert_eq!(details.len(), expected.len(), "{what}: {details:?}");
        assert!(details.iter().zip(expected).all(|(detail, part)| detail.contains(part)), "{what}: {details:?}");
    }
}
