//! Tests of source files as such: none is long, and every file in a folder of tests is a module that runs.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// So much is read at one sitting.
const MOST_LINES: usize = 450;

/// Every source file below a folder of the project.
fn below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_file_has_more_than_450_lines() {
    let mut long = Vec::new();
    for path in ["src", "tests", "benches", "fuzz/src"].iter().flat_map(|folder| below(&root().join(folder))) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines > MOST_LINES {
            long.push(format!("{}: {lines}", path.strip_prefix(root()).unwrap().display()));
        }
    }
    assert!(long.is_empty(), "split these by subject: {long:#?}");
}

/// A file that neither the file beside its folder nor a neighbour names would never run.
#[test]
fn every_file_in_a_folder_of_tests_is_a_module() {
    let it = root().join("tests/it");
    for path in below(&it).iter().filter(|path| path.parent() != Some(it.as_path())) {
        let folder = path.parent().unwrap();
        let declared = format!("mod {};", path.file_stem().unwrap().display());
        let mut neighbours = below(folder).into_iter().chain([folder.with_extension("rs")]);
        let is_named = neighbours.any(|file| fs::read_to_string(file).unwrap().lines().any(|line| line == declared));
        assert!(is_named, "no file has `{declared}` for {}", path.display());
    }
}
