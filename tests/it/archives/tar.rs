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
    let long = format!("package/{}index.js", "folder/".repeat(20));
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

/// Of each archive, what is odd is said, and the rest is read.
fn expect(cases: Vec<(&str, Tar, &[AnomalyKind])>) {
    for (what, tar, expected) in cases {
        let found = look(NPM, &tar.gz());
        assert_eq!(kinds(&found), expected, "{what}: {:?}", found.contents.anomalies.kept());
        assert!(found.contents.member("package.json").is_some(), "{what}: the rest is read");
        assert!(found.contents.anomalies.kept().iter().all(|one| !one.detail.contains('\u{1b}')), "{what}");
    }
}

#[test]
fn paths_that_no_package_needs_are_said() {
    use AnomalyKind::{DuplicatePath, LongPath, MisleadingName, NotUtf8, OutsidePath, OutsideRoot, PathCollision};
    let file = |name: &str| package().file(name, "x");
    expect(vec![
        ("a parent folder", file("package/../../evil"), &[OutsidePath][..]),
        ("the root of the system", file("/package/evil"), &[OutsidePath]),
        ("a drive below the first folder", file("package/C:/evil"), &[OutsidePath]),
        ("a drive first", Tar::new().file("C:/package.json", "{}"), &[OutsidePath]),
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
        ("composed letters", file("package/größe").file("package/gro\u{308}ße", "y"), &[PathCollision]),
        ("capitals", file("package/readme").file("package/README", "y"), &[PathCollision]),
    ]);
}

#[test]
fn kinds_that_no_package_needs_and_headers_that_differ_are_said() {
    use AnomalyKind::{Disagreement, HardLink, OutsideLink, SpecialFile, ThroughLink};
    let special = |kind| package().member(&TarHeader::file("package/x", 0).kind(kind), b"");
    let hard = |target: &str| package().member(&TarHeader::file("package/x", 0).kind(b'1').link(target), b"");
    let gnu_name = TarHeader::file("L", 10).kind(b'L');
    let hidden = Tar::new().file("package/hidden.js", "x");
    let filled_folder = TarHeader::file("package/lib/", hidden.0.len()).kind(b'5');
    let filled_link = TarHeader::file("package/x", 5).kind(b'2').link("y");
    let for_all = TarHeader::file("g", 18).kind(b'g');
    expect(vec![
        ("a device", special(b'3'), &[SpecialFile][..]),
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
            package().member(&gnu_name, b"package/a\0").pax(&[("path", "package/b")]).file("package/x", ""),
            &[Disagreement],
        ),
        ("a folder with content", package().member(&filled_folder, &hidden.0), &[Disagreement]),
        (
            "one long name twice",
            package().member(&gnu_name, b"package/a\0").member(&gnu_name, b"package/a\0").file("x", ""),
            &[Disagreement],
        ),
        (
            "records twice",
            package().pax(&[("mtime", "1")]).pax(&[("mtime", "1")]).file("package/x", ""),
            &[Disagreement],
        ),
        (
            "records about a long name",
            package().pax(&[("mtime", "1")]).member(&gnu_name, b"package/a\0").file("x", ""),
            &[Disagreement],
        ),
        (
            "a folder beside it that is a link",
            package().symlink("package/lib", ".").file("package/LIB/x", ""),
            &[ThroughLink],
        ),
        ("a way out through a link", package().symlink("package/l", ".").symlink("package/x", "l/.."), &[OutsideLink]),
        ("a link with content", package().member(&filled_link, b""), &[Disagreement]),
        ("a name for all", package().member(&for_all, b"18 path=package/x\n").file("package/y", ""), &[Disagreement]),
    ]);
}

#[test]
fn what_readers_see_differently_is_said() {
    use AnomalyKind::{Damaged, Hidden, StrayBytes};
    let hidden = Tar::new().file("package/hidden.js", "x");
    let two_streams = [gzip(&package().0), gzip(&hidden.clone().end().0)].concat();
    for (what, bytes, expected) in [
        ("a member behind one empty block", package().raw(&[0; 512]).raw(&hidden.0).gz(), &[Hidden][..]),
        ("a member behind the end", gzip(&package().end().raw(&hidden.0).0), &[Hidden]),
        ("zeros behind the end", gzip(&package().end().raw(&[0; 10_240]).0), &[]),
        ("no mark of the end", gzip(&package().0), &[Damaged]),
        ("two streams", two_streams.clone(), &[Hidden]),
        ("bytes behind the stream", [package().gz(), b"evil".to_vec()].concat(), &[StrayBytes]),
    ] {
        let found = look(NPM, &bytes);
        assert_eq!(kinds(&found), expected, "{what}: {:?}", found.contents.anomalies.kept());
        assert_eq!(found.contents.stopped, None, "{what}");
    }
    assert_eq!(paths(&look(NPM, &two_streams)), ["hidden.js", "package.json"], "what some readers see is read");
}

#[test]
fn a_look_ends_at_a_header_that_cannot_be_read() {
    let size = |field: &[u8; 12]| {
        let mut block = TarHeader::file("package/x", 0).block();
        block[124..136].copy_from_slice(field);
        package().raw(&sum(block)).gz()
    };
    let header = |kind, size: u64, content: &[u8]| {
        package().member(&TarHeader { size, ..TarHeader::file("package/x", 0).kind(kind) }, content).gz()
    };
    for (what, bytes) in [
        ("another checksum of a header", package().raw(&[b'x'; 512]).gz()),
        ("a size that is not one", size(b"99999999999\0")),
        ("a size beyond all", size(&[0xff; 12])),
        ("a size beyond the archive", header(b'0', 1 << 32, b"xyz")),
        ("records beyond all", header(b'x', 1 << 30, b"")),
        ("records that are none", header(b'x', 5, b"99 a=")),
        ("something else", b"PK\x03\x04 this is a zip".to_vec()),
        ("nothing", Vec::new()),
    ] {
        let found = look(NPM, &bytes);
        assert_eq!(kinds(&found), [AnomalyKind::Damaged], "{what}: {:?}", found.contents.anomalies.kept());
        assert_eq!(found.contents.stopped.map(|stopped| stopped.kind), Some(Stop::Damaged), "{what}");
    }
}

#[test]
fn a_sparse_file_is_passed_over() {
    let tar = package().pax(&[("GNU.sparse.major", "1")]).file("package/x", "map and data").file("package/y", "y");
    let found = look(NPM, &tar.gz());
    assert_eq!((paths(&found), kinds(&found)), (vec!["package.json", "x", "y"], vec![AnomalyKind::Disagreement]));
    let old = package().member(&TarHeader::file("package/x", 0).kind(b'S'), b"").gz();
    assert_eq!(kinds(&look(NPM, &old)), [AnomalyKind::Disagreement, AnomalyKind::Damaged]);
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
fn a_crate_that_leads_out_is_said() {
    let tar =
        Tar::new().file("a-1.0.0/Cargo.toml", "").symlink("a-1.0.0/src", "/root/.cargo").file("a-1.0.0/src/x", "");
    let found = look(ArchiveFormat::Crate, &tar.gz());
    assert_eq!(kinds(&found), [AnomalyKind::OutsideLink, AnomalyKind::ThroughLink]);
    assert_eq!(found.contents.member("src").unwrap().target.as_deref(), Some("/root/.cargo"));
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
