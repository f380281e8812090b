//! Folders with reports.

use std::{fs, path::Path, time::Duration};

use super::{found, report, wanted};
use crate::osv::{NotAReport, SourceError, Walk};

fn write(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn ids(folder: &Path) -> Vec<String> {
    found(&mut Walk::begin(folder, &wanted()).unwrap()).into_iter().map(|found| found.id).collect()
}

#[test]
fn the_reports_are_found_in_any_folder_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "MAL-2026-1.json",
        "osv/malicious/npm/@scope/name/MAL-2026-2.json",
        "npm/MAL-2026-3.json",
        // Something else.
        "README.md",
        "MAL-2026-4.json.part",
        ".MAL-2026-5.json",
        "GHSA-aaaa-bbbb-cccc.json",
        "MAL-2026 6.json",
        ".git/objects/MAL-2026-7.json",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n/MAL-2026-8.json",
    ] {
        write(folder.path(), name, &report("MAL-2026-1", "a"));
    }
    std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("MAL-2026-9.json")).unwrap();
    assert_eq!(ids(folder.path()), ["MAL-2026-1", "MAL-2026-2", "MAL-2026-3"]);
}

#[test]
fn a_changed_file_has_another_stamp() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "MAL-2026-1.json", "{}");
    let stamp = || found(&mut Walk::begin(folder.path(), &wanted()).unwrap())[0].stamp;
    let before = stamp();
    assert_eq!(stamp(), before);
    let file = fs::File::options().write(true).open(folder.path().join("MAL-2026-1.json")).unwrap();
    let changed = file.metadata().unwrap().modified().unwrap() + Duration::from_micros(1);
    file.set_modified(changed).unwrap();
    assert_ne!(stamp(), before);
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Walk::begin(&folder.path().join("missing"), &wanted()).unwrap_err();
    assert!(matches!(missing, SourceError::Read { .. }), "{missing}");
    let other = Walk::begin(Path::new("/dev/null"), &wanted()).unwrap_err();
    assert_eq!(other.to_string(), "/dev/null is neither a folder nor a zip file with reports of OSV");

    write(folder.path(), "MAL-2026-1.json", &" ".repeat(5 * 1024 * 1024));
    write(folder.path(), "MAL-2026-2.json", "{}");
    let mut walk = Walk::begin(folder.path(), &wanted()).unwrap();
    let reports = found(&mut walk);
    fs::remove_file(folder.path().join("MAL-2026-2.json")).unwrap();
    assert!(matches!(walk.read(&reports[0]), Err(NotAReport::TooLarge(_))));
    assert!(matches!(walk.read(&reports[1]), Err(NotAReport::Unreadable(_))));
}
