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

/// A member whose description follows its content, as it is or changed.
fn described_behind(change: impl FnOnce(&mut Vec<u8>)) -> ZipMember {
    let member = other().both(|said| said.flags |= 8);
    let told = [member.entry.crc, member.entry.packed, member.entry.size].map(u32::to_le_bytes);
    let mut behind = [&b"PK\x07\x08"[..], &told.concat()].concat();
    change(&mut behind);
    ZipMember { behind, ..member.header(|said| (said.crc, said.packed, said.size) = (0, 0, 0)) }
}

/// The archive with a large end record, which may lie, and what stands before its locator.
fn large_end(change: impl FnOnce(&mut [u64; 3]), before_locator: &[u8]) -> Vec<u8> {
    let mut bytes = sources().bytes();
    let end = bytes.split_off(bytes.len() - 22);
    let place = bytes.len() as u64;
    let number = |at: usize| u64::from(u32::from_le_bytes(end[at..at + 4].try_into().unwrap()));
    let mut told = [1, number(12), number(16)];
    change(&mut told);
    let record = |told: [u64; 3]| {
        let told = [1, told[0], told[1], told[2]].map(u64::to_le_bytes).concat();
        [&b"PK\x06\x06"[..], &44_u64.to_le_bytes(), &[0; 12], &told].concat()
    };
    bytes.extend(record(told));
    bytes.extend_from_slice(before_locator);
    bytes.extend([&b"PK\x06\x07\0\0\0\0"[..], &place.to_le_bytes(), &[1, 0, 0, 0]].concat());
    bytes.extend([&b"PK\x05\x06\0\0\0\0"[..], &[0xff; 12], &[0, 0]].concat());
    bytes
}

#[test]
fn large_end_records_that_lie_are_said() {
    use AnomalyKind::{Disagreement, Hidden, StrayBytes};
    let plain = large_end(|_| {}, b"");
    let second = &plain[plain.len() - 98..plain.len() - 42];
    let mut other = second.to_vec();
    other[32] = 9;
    for (what, bytes, expected) in [
        ("an honest one", plain.clone(), &[][..]),
        ("another number of members", large_end(|told| told[0] = 7, b""), &[Disagreement]),
        ("another one beside its locator", large_end(|_| {}, &other), &[Disagreement]),
        ("bytes before its directory", large_end(|told| told[2] -= 1, b""), &[StrayBytes]),
        ("two directories", large_end(|told| told[2] = 0, b""), &[StrayBytes]),
    ] {
        let found = look(ZIP, &bytes);
        let odd = kinds(&found);
        assert!(expected.iter().all(|kind| odd.contains(kind)), "{what}: {:?}", found.contents.anomalies.kept());
        assert!(!odd.contains(&Hidden) && odd.is_empty() == expected.is_empty(), "{what}: {odd:?}");
    }
    for lie in [u64::MAX, 1 << 62, 1 << 32] {
        for field in 1..3 {
            let found = look(ZIP, &large_end(|told| told[field] = lie, b""));
            assert_eq!(found.contents.stopped.map(|stopped| stopped.kind), Some(Stop::Damaged), "{field}: {lie}");
        }
    }
}

#[test]
fn honest_variants_are_not_odd() {
    let folder = ZipMember { attributes: 0o040_755 << 16, ..ZipMember::stored("a-1.0/lib/", "") };
    let inner = wheel("b", "1.0", &[("b.py", "")]);
    for (what, zip) in [
        ("stored", sources().with(ZipMember::stored("a-1.0/c", "x"))),
        ("a description behind the content", sources().with(described_behind(|_| {})).file("a-1.0/c.py", "")),
        ("a description behind the last content", sources().with(described_behind(|_| {}))),
        (
            "a description without its mark",
            sources().with(described_behind(|behind| _ = behind.drain(..4))).file("a-1.0/c.py", ""),
        ),
        ("a folder", sources().with(folder)),
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
    use AnomalyKind::{Damaged, Disagreement, DuplicatePath, Encrypted, Hidden, NotUtf8};
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
        ("a folder that is a file", with(ZipMember { attributes: 0o040_755 << 16, ..other() }), &[Disagreement]),
        ("a folder with content", with(ZipMember::deflated("a-1.0/lib/", "x")), &[Disagreement]),
        (
            "a link that is a file",
            with(ZipMember { attributes: 0o120_777 << 16, ..ZipMember::stored("a-1.0/l", "setup.py") }),
            &[Disagreement],
        ),
        ("a description that lies", with(described_behind(|behind| behind[4] ^= 1)), &[Disagreement]),
        ("a description that is missing", with(described_behind(Vec::clear)), &[Disagreement]),
        (
            "a header before a description that lies",
            with(described_behind(|_| {}).header(|said| said.size = 7)),
            &[Disagreement],
        ),
        ("an extra field twice", both(|said| said.extra = [1, 0, 0, 0].repeat(2)), &[Disagreement]),
        ("a name in two alphabets", with(ZipMember::deflated("a-1.0/ä.py", "x")), &[NotUtf8]),
        ("a hidden directory", with(ZipMember { behind: b"PK\x01\x02".to_vec(), ..other() }), &[Hidden]),
        ("a member that is not listed", with(ZipMember { is_listed: false, ..other() }), &[Hidden]),
        ("an entry without a header", with(ZipMember { offset: Some(5), ..other() }), &[Disagreement, Hidden]),
        ("two entries of one content", with(other()).with(shared), &[DuplicatePath, Disagreement, Hidden]),
        ("another number of members", Zip { count: Some(7), ..sources() }, &[Disagreement]),
    ]);
}

#[test]
fn what_belongs_to_no_member_or_leads_outside_is_said() {
    use AnomalyKind::{Damaged, Disagreement, Hidden, OutsideLink, OutsidePath, SpecialFile, StrayBytes};
    let evil = || b"evil".to_vec();
    let link = ZipMember { attributes: 0o120_777 << 16, ..ZipMember::stored("a-1.0/l", "../../x") };
    let device = ZipMember { attributes: 0o020_666 << 16, ..other() };
    let malformed = ZipMember { content: vec![0xff; 40], ..other() };
    expect(vec![
        ("bytes before", Zip { before: b"#!/bin/sh\n".to_vec(), ..sources() }, &[StrayBytes][..]),
        ("bytes behind", Zip { behind: evil(), ..sources() }, &[StrayBytes]),
        ("bytes between", sources().with(ZipMember { behind: evil(), ..other() }), &[StrayBytes]),
        ("one behind too much else", Zip { before: vec![b'x'; 70_000], ..sources() }, &[StrayBytes]),
        ("two archives", Zip { before: sources().bytes(), ..sources().with(other()) }, &[Hidden, StrayBytes]),
        ("malformed data", sources().with(malformed), &[StrayBytes, Damaged]),
        ("a parent folder", sources().file("../evil.py", ""), &[OutsidePath]),
        ("a link outside", sources().with(link), &[OutsideLink, Disagreement]),
        ("a device", sources().with(device), &[SpecialFile]),
    ]);
    let cut = Zip { behind: [&sources().bytes()[..], b"x"].concat(), ..sources() };
    let mut cut = cut.bytes();
    let at = cut.len() - 3;
    cut[at] = 0xff;
    assert!(kinds(&look(ZIP, &cut)).contains(&Hidden), "a second end whose comment is cut");
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
    let of = |lines: &str| Zip::new().with(file("a.py", "x")).with(record(lines));
    let good = "a.py,sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\n";
    for (what, zip, expected) in [
        ("it agrees", Zip::new().with(file("a.py", "x")).with(record(good)), &[][..]),
        ("another digest", Zip::new().with(file("a.py", "y")).with(record(good)), &["RECORD) has another digest"]),
        ("another size", of(&good.replace(",1\n", ",2\n")), &["RECORD) has another size"]),
        ("no digest", of("a.py,,1\n"), &["RECORD) has no digest"]),
        ("a weak digest", of("a.py,md5=9dd4e461268c8034f5c8564e155c67a6,1\n"), &["RECORD) has no digest"]),
        ("a digest that is not compared", of("a.py,sha512=x,1\n"), &[]),
        ("a file that is not there", of(&format!("{good}../../evil,sha256=x,1\n")), &["the wheel does not"]),
        ("two lines", of(&format!("a.py,sha256=x,1\n{good}")), &["RECORD) has two lines"]),
        ("a file twice", Zip::new().with(file("a.py", "x")).with(file("a.py", "x")).with(record(good)), &["twice"]),
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
