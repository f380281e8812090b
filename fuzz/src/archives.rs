//! Fuzz target for the files of releases: archives of every format.

use provwatch::{
    inspect::{ContentsReport, Format, Limits, Look},
    model::ArchiveFormat,
};

const FORMATS: [(ArchiveFormat, &str); 5] = [
    (ArchiveFormat::NpmTarball, "a.tgz"),
    (ArchiveFormat::Wheel, "a.whl"),
    (ArchiveFormat::Sdist, "a.tar.gz"),
    (ArchiveFormat::ZippedSdist, "a.zip"),
    (ArchiveFormat::Crate, "a.crate"),
];

/// Whatever is read is within the limits, and an archive beside itself has changed nothing.
pub fn archive(bytes: &[u8]) {
    let limits = Limits { unpacked: 1 << 20, members: 1000, free: 64 << 10, ..Limits::default() };
    let shown = ["package.json".to_owned()];
    for (id, name) in FORMATS {
        let format = Format::of(&[id], name).expect("every format has a row");
        let look = Look::into(bytes, format, &limits, &shown);
        let contents = &look.contents;
        assert!(contents.members.len() <= limits.members, "more members than the limit");
        assert!(contents.unpacked <= limits.unpacked + (128 << 10), "more bytes than the limit");
        assert!(contents.members.is_sorted_by(|one, other| one.path <= other.path), "members out of order");
        let report = ContentsReport::of(&look, Some(&look), format, &shown);
        let changes = report.changes.expect("it was compared");
        assert_eq!(
            (changes.added.count, changes.removed.count, changes.changed.count),
            (0, 0, 0),
            "a change of nothing"
        );
        serde_json::to_string(&report.scripts).expect("a report can be written");
    }
}
