//! Finds the code of a crate that runs when a program is built with it: build scripts and procedural macros
//! (<https://doc.rust-lang.org/cargo/reference/build-scripts.html>).

use toml::{Table, Value};

use super::{Scripts, When, sdist::read};
use crate::inspect::archive::Contents;

const MANIFEST: &str = "Cargo.toml";
const BUILD: &str = "build.rs";

/// Whether a file decides what a build runs.
pub(in crate::inspect) fn keeps(path: &str) -> bool {
    [MANIFEST, BUILD].contains(&path)
}

/// The code that a build runs.
pub(in crate::inspect) fn find(contents: &Contents) -> Scripts {
    let mut scripts = Scripts::default();
    for kept in contents.texts_at(MANIFEST) {
        match read(kept) {
            Ok(table) => of_manifest(&table, contents, &mut scripts),
            Err(why) => scripts.unread.push(format!("{MANIFEST}: {why}")),
        }
    }
    scripts
}

fn of_manifest(table: &Table, contents: &Contents, scripts: &mut Scripts) {
    let package = table.get("package").or_else(|| table.get("project")).and_then(Value::as_table);
    let usual = || contents.member(BUILD).map(|_| BUILD.to_owned());
    let named = |path: &str| path.trim_start_matches("./").to_owned();
    let build = match package.and_then(|package| package.get("build")) {
        Some(Value::Boolean(false)) => vec![],
        Some(Value::String(path)) => vec![named(path)],
        Some(Value::Array(paths)) => paths.iter().filter_map(Value::as_str).map(named).collect(),
        _ => usual().into_iter().collect(),
    };
    if !build.is_empty() {
        scripts.add_build("build script", When::Build, None, build);
    }
    let library = table.get("lib").and_then(Value::as_table);
    let is = |key: &str| library.and_then(|library| library.get(key)).and_then(Value::as_bool).unwrap_or(false);
    if is("proc-macro") || is("proc_macro") {
        let about = "the library runs within the compiler".to_owned();
        scripts.add_build("procedural macro", When::Build, Some(about), Vec::new());
    }
}
