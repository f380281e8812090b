//! Finds the code that an installation from Python sources runs: `setup.py`, and the build back-end (PEP 517 and 518).

use toml::{Table, Value};

use super::{Scripts, When};
use crate::{
    inspect::archive::{Contents, Kept},
    text::quoted,
};

const SETUP: &str = "setup.py";
const PROJECT: &str = "pyproject.toml";

/// Most characters of a value that is quoted.
const MAX_VALUE: usize = 2000;

/// Whether a file decides what an installation runs.
pub(in crate::inspect) fn keeps(path: &str) -> bool {
    [SETUP, PROJECT].contains(&path)
}

/// The code that an installation runs.
pub(in crate::inspect) fn find(contents: &Contents) -> Scripts {
    let mut scripts = Scripts::default();
    if contents.member(SETUP).is_some() {
        scripts.add_build(SETUP, When::Install, None, vec![SETUP.to_owned()]);
    }
    for kept in contents.texts_at(PROJECT) {
        match read(kept) {
            Ok(table) => build_system(&table, contents, &mut scripts),
            Err(why) => scripts.unread.push(format!("{PROJECT}: {why}")),
        }
    }
    scripts
}

/// A file of settings.
///
/// # Errors
/// It is too long, or malformed.
pub(super) fn read(kept: &Kept) -> Result<Table, String> {
    if !kept.is_whole {
        return Err("it is too long to be read".to_owned());
    }
    let text = std::str::from_utf8(&kept.bytes).map_err(|error| error.to_string())?;
    text.parse().map_err(|error: toml::de::Error| quoted(error.message(), 200))
}

/// What runs besides: the back-end, and the packages that are installed for it.
fn build_system(table: &Table, contents: &Contents, scripts: &mut Scripts) {
    let Some(Value::Table(build)) = table.get("build-system") else { return };
    let shown = |key: &str| build.get(key).map(|value| format!("{key} = {}", quoted(value, MAX_VALUE)));
    let said: Vec<String> = ["build-backend", "backend-path", "requires"].into_iter().filter_map(shown).collect();
    let files = back_end(build, contents);
    scripts.add_build("build-system", When::Install, Some(said.join(", ")), files);
}

/// The file of a back-end that is in the archive itself.
fn back_end(build: &Table, contents: &Contents) -> Vec<String> {
    let (Some(Value::String(name)), Some(Value::Array(folders))) =
        (build.get("build-backend"), build.get("backend-path"))
    else {
        return Vec::new();
    };
    let module = name.split(':').next().unwrap_or_default().replace('.', "/");
    let folders = folders.iter().filter_map(Value::as_str).take(10);
    let candidates = folders.flat_map(|folder| {
        let folder = folder.trim_start_matches("./").trim_matches('/');
        let before = if folder.is_empty() || folder == "." { String::new() } else { format!("{folder}/") };
        [".py", "/__init__.py"].map(|end| format!("{before}{module}{end}"))
    });
    candidates.filter(|path| contents.member(path).is_some()).collect()
}
