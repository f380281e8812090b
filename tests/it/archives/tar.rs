//! Tests of tar archives in gzip: honest ones, and those whose headers lie.

use provwatch::{
    inspect::{AnomalyKind, Kind, Nature, Stop},
    model::ArchiveFormat,
};

use super::{kinds, look, paths};
use crate::lab::{
    archive::{Tar, TarHeader, below, gzip, npm_tarball, sum},
    keys::sha256,
};

const NPM: ArchiveFormat = ArchiveFormat::NpmTarball;

fn package() -> Tar {
    Tar::new().file("package/package.json", "{}")
}

#[test]
fn an_honest_tarball_is_read_whole() {
    let long = format!("package/{}/index.js", "folder/".repeat(20));
    let tar = package()
        .folder("package/lib/")
        .file("package/lib/a.js", "one\ntwo\n")
        .file("package/lib/empty", "")
        .pax(&[("path", &long), ("mtime", "1.5")])
        .file("package/short", "long")
        .member(&TarHeader::file("././@LongLink", long.len() + 1).kind(b'L'), format!("{long}2\0").as_bytes())
        .file("package/cut", "gnu")
        .symlink("package/link.js", "lib/a.js")
        .member(&TarHeader { mode: 0o755, ..TarHeader::file("package/run", 4) }, b"\x7fELF");
    let found = look(NPM, &tar.gz());
    assert_eq!(kinds(&found), []);
    assert_eq!(found.contents.stopped, None);
    let long = long.strip_prefix("package/").unwrap();
    let mut expected = vec!["lib", "lib/a.js", "lib/empty", "link.js", "package.json", "run"];
    let long_too = format!("{long}2");
    expected.extend([long, &long_too]);
    expected.sort_unstable();
    assert_eq!(paths(&found), expected);
    let at = |path: &str| found.contents.member(path).unwrap();
    assert_eq!((at("lib").kind, at("lib/a.js").size, at("lib/a.js").longest_line), (Kind::Folder, 8, 3));
    assert_eq!(at("lib/a.js").sha256.unwrap()[..], sha256(b"one\ntwo\n")[..]);
    assert_eq!(at("link.js").target.as_deref(), Some("lib/a.js"));
    assert_eq!((at("run").nature, at("run").is_executable()), (Nature::Elf, true));
    assert_eq!((at("lib/empty").nature, at("package.json").is_executable()), (Nature::Empty, false));
}

#[test]
fn paths_and_kinds_that_no_package_needs_are_said() {
    use AnomalyKind::{
        CaseCollision, Disagreement, DuplicatePath, HardLink, LongPath, MisleadingName, NotUtf8, OutsideLink,
        OutsidePath, OutsideRoot, SpecialFile, ThroughLink,
    };
    let file = |name: &str| package().file(name, "x");
    let special = |kind| package().member(&TarHeader::file("package/x", 0).kind(kind), b"");
    let hard = |target: &str| package().member(&TarHeader::file("package/x", 0).kind(b'1').link(target), b"");
    for (what, tar, expected) in [
        ("a parent folder", file("package/../../evil"), &[OutsidePath][..]),
        ("the root of the system", file("/package/evil"), &[OutsidePath]),
        ("a drive below the first folder", file("package/C:/evil"), &[OutsidePath]),
        ("a drive first", Tar::new().file("C:/evil", "x"), &[OutsidePath]),
        ("a backslash", file("package/..\\evil"), &[OutsidePath, MisleadingName]),
        ("an escape", file("package/\u{1b}[2Ja.js"), &[MisleadingName]),
        ("a mark of direction", file("package/gnp.\u{202e}sj"), &[MisleadingName]),
        ("a NUL", package().pax(&[("path", "package/a.js\0.png")]).file("package/b", "x"), &[MisleadingName]),
        ("bytes", package().member(&TarHeader::file(b"package/\xff\xfe", 1), b"x"), &[NotUtf8]),
        ("very deep", package().pax(&[("path", &"a/".repeat(300))]).file("package/b", ""), &[LongPath, OutsideRoot]),
        ("very long", package().pax(&[("path", &"a".repeat(5000))]).file("package/b", ""), &[LongPath, OutsideRoot]),
        ("a file beside", file("evil.js"), &[OutsideRoot]),
        ("a folder beside", file("other/evil.js"), &[OutsideRoot]),
        ("one path twice", file("package/a").file("package/a", "y"), &[DuplicatePath]),
        ("one path in two roots", file("package/a").file("other/a", "x"), &[DuplicatePath, OutsideRoot]),
        ("capitals", file("package/readme").file("package/README", "y"), &[CaseCollision]),
        ("a device", special(b'3'), &[SpecialFile]),
        ("a pipe", special(b'6'), &[SpecialFile]),
        ("an unknown kind", special(b'Z'), &[SpecialFile]),
        ("a link to a system file", package().symlink("package/x", "/etc/passwd"), &[OutsideLink]),
        ("a link to a parent", package().symlink("package/x", "../../y"), &[OutsideLink]),
        ("through a link", package().symlink("package/x", "lib").file("package/x/y", "z"), &[ThroughLink]),
        ("a hard link", hard("package/package.json"), &[HardLink]),
        ("a hard link outside", hard("/etc/passwd"), &[OutsideLink, HardLink]),
        (
            "two sizes",
            package().pax(&[("size", "3")]).member(&TarHeader::file("package/x", 1), b"xyz"),
            &[Disagreement],
        ),
        ("two values", package().pax(&[("path", "package/a"), ("path", "package/b")]).file("x", ""), &[Disagreement]),
        (
            "two long names",
            package()
                .member(&TarHeader::file("L", 10).kind(b'L'), b"package/a\0")
                .pax(&[("path", "package/b")])
                .file("package/x", ""),
            &[Disagreement],
        ),
        (
            "a link with content",
            package().member(&TarHeader::file("package/x", 5).kind(b'2').link("y"), b""),
            &[Disagreement],
        ),
        (
            "a name for all",
            package().member(&TarHeader::file("g", 18).kind(b'g'), b"18 path=package/x\n").file("package/y", ""),
            &[Disagreement],
        ),
    ] {
        let found = look(NPM, &tar.gz());
        assert_eq!(kinds(&found), expected, "{what}: {:?}", found.contents.anomalies.kept());
        assert!(found.contents.member("package.json").is_some(), "{what}: the rest is read");
        assert!(found.contents.anomalies.kept().iter().all(|one| !one.detail.contains('\u{1b}')), "{what}");
    }
}

#[test]
fn what_readers_see_differently_is_said() {
    let hidden = Tar::new().file("package/hidden.js", "x");
    let with_sum = |change: fn(&mut [u8; 512])| {
        let mut block = TarHeader::file("package/x", 0).block();
        change(&mut block);
        package().raw(&block)
    };
    let stopped = Some(Stop::Damaged);
    for (what, bytes, expected, stop) in [
        (
            "a member behind one empty block",
            package().raw(&[0; 512]).raw(&hidden.0).gz(),
            &[AnomalyKind::Hidden][..],
            None,
        ),
        ("a member behind the end", gzip(&package().end().raw(&hidden.0).0), &[AnomalyKind::Hidden], None),
        ("zeros behind the end", gzip(&package().end().raw(&[0; 10_240]).0), &[], None),
        ("no mark of the end", gzip(&package().0), &[AnomalyKind::Damaged], None),
        ("two streams", [gzip(&package().0), gzip(&hidden.clone().end().0)].concat(), &[AnomalyKind::Hidden], None),
        ("bytes behind the stream", [package().gz(), b"evil".to_vec()].concat(), &[AnomalyKind::StrayBytes], None),
        ("another checksum of a header", package().raw(&[b'x'; 512]).gz(), &[AnomalyKind::Damaged], stopped),
        (
            "a size that is not one",
            with_sum(|block| {
                block[124..136].copy_from_slice(b"99999999999\0");
                *block = sum(*block);
            })
            .gz(),
            &[AnomalyKind::Damaged],
            stopped,
        ),
        (
            "a size beyond all",
            with_sum(|block| {
                block[124..136].copy_from_slice(&[0xff; 12]);
                *block = sum(*block);
            })
            .gz(),
            &[AnomalyKind::Damaged],
            stopped,
        ),
        (
            "a size beyond the archive",
            package().member(&TarHeader { size: 1 << 32, ..TarHeader::file("package/x", 0) }, b"xyz").gz(),
            &[AnomalyKind::Damaged],
            stopped,
        ),
        (
            "records beyond all",
            package().member(&TarHeader { size: 1 << 30, ..TarHeader::file("x", 0).kind(b'x') }, b"").gz(),
            &[AnomalyKind::Damaged],
            stopped,
        ),
        (
            "records that are none",
            package().member(&TarHeader::file("x", 5).kind(b'x'), b"99 a=").gz(),
            &[AnomalyKind::Damaged],
            stopped,
        ),
        (
            "an old sparse file",
            package().member(&TarHeader::file("x", 0).kind(b'S'), b"").gz(),
            &[AnomalyKind::Damaged],
            stopped,
        ),
        ("something else", b"PK\x03\x04 this is a zip".to_vec(), &[AnomalyKind::Damaged], stopped),
        ("nothing", Vec::new(), &[AnomalyKind::Damaged], stopped),
    ] {
        let found = look(NPM, &bytes);
        assert_eq!(kinds(&found), expected, "{what}: {:?}", found.contents.anomalies.kept());
        assert_eq!(found.contents.stopped.map(|stopped| stopped.kind), stop, "{what}");
    }
    let two = look(NPM, &[gzip(&package().0), gzip(&hidden.end().0)].concat());
    assert_eq!(paths(&two), ["hidden.js", "package.json"], "what some readers see is read");
}

#[test]
fn a_sparse_file_is_passed_over() {
    let tar = package().pax(&[("GNU.sparse.major", "1")]).file("package/x", "map and data").file("package/y", "y");
    let found = look(NPM, &tar.gz());
    assert_eq!(paths(&found), ["package.json", "x", "y"]);
    assert_eq!((found.contents.member("x").unwrap().sha256, found.contents.unread_count), (None, 1));
}

#[test]
fn sources_and_crates_have_one_folder() {
    for (id, root, files) in [
        (ArchiveFormat::Sdist, "a-1.0", &[("setup.py", "x"), ("a/b.py", "")][..]),
        (ArchiveFormat::Crate, "a-1.0.0", &[("Cargo.toml", ""), ("src/lib.rs", "x")]),
    ] {
        let found = look(id, &below(root, files));
        assert_eq!(kinds(&found), [], "{id:?}");
        let mut expected: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        expected.sort_unstable();
        assert_eq!(paths(&found), expected, "{id:?}");
        let beside = Tar::new().file(format!("{root}/a"), "").file("b", "").file("other/c", "");
        let found = look(id, &beside.gz());
        assert_eq!(kinds(&found), [AnomalyKind::OutsideRoot]);
        assert_eq!(paths(&found), ["../b", "../other/c", "a"], "none of them passes for one within");
    }
}

#[test]
fn an_archive_that_is_cut_anywhere_is_read_up_to_there() {
    let whole = npm_tarball(&[("package.json", "{\"name\":\"a\"}"), ("index.js", "module.exports = 1;\n")]);
    for end in 0..whole.len() {
        let found = look(NPM, &whole[..end]);
        assert!(found.contents.anomalies.has(AnomalyKind::Damaged), "{end}");
        assert!(found.contents.stopped.is_some() || end > whole.len() - 9, "{end}");
    }
    assert_eq!(kinds(&look(NPM, &whole)), []);
}
