//! Finds the code that a wheel installs where it runs by itself or is called: `.pth` files, start-up modules, programs
//! (<https://docs.python.org/3/library/site.html>).

use super::{Scripts, When};
use crate::inspect::archive::{Contents, Kept};

/// The modules that Python imports at each start if they exist.
const AT_START: [&str; 2] = ["sitecustomize.py", "usercustomize.py"];

/// The folders of a wheel's data that are unpacked among the modules.
const MODULES: [&str; 2] = ["purelib", "platlib"];

/// Where Python ends a line.
const LINE_ENDS: [char; 10] =
    ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

/// Most characters of a list of programs.
const MAX_LISTED: usize = 4000;

/// Where a file of a wheel goes.
enum Goes<'a> {
    /// Among the modules, at this path.
    Modules(&'a str),
    /// Among the programs, by this name.
    Programs(&'a str),
    /// Below the prefix of the installation, at this path.
    Prefix(&'a str),
    /// Elsewhere.
    Elsewhere,
}

fn goes(path: &str) -> Goes<'_> {
    let Some((_, rest)) = path.split_once('/').filter(|(folder, _)| folder.strip_suffix(".data").is_some()) else {
        return Goes::Modules(path);
    };
    match rest.split_once('/') {
        Some((kind, rest)) if MODULES.contains(&kind) => Goes::Modules(rest),
        Some(("scripts", name)) => Goes::Programs(name),
        Some(("data", rest)) => Goes::Prefix(rest),
        _ => Goes::Elsewhere,
    }
}

/// Whether Python reads a file at each start.
fn is_read_at_start(path: &str) -> bool {
    match goes(path) {
        Goes::Modules(path) => !path.contains('/') && (path.strip_suffix(".pth").is_some() || AT_START.contains(&path)),
        // Such a path leads among the modules.
        Goes::Prefix(path) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            path.contains("-packages/") && (name.strip_suffix(".pth").is_some() || AT_START.contains(&name))
        }
        Goes::Programs(_) | Goes::Elsewhere => false,
    }
}

fn is_list_of_programs(path: &str) -> bool {
    path.split_once('/').is_some_and(|(folder, rest)| folder.ends_with(".dist-info") && rest == "entry_points.txt")
}

/// Whether a file is installed where it runs or is called, or says what is.
pub(in crate::inspect) fn keeps(path: &str) -> bool {
    is_read_at_start(path) || is_list_of_programs(path) || matches!(goes(path), Goes::Programs(_))
}

/// The code that runs or is called.
pub(in crate::inspect) fn find(contents: &Contents) -> Scripts {
    let mut scripts = Scripts::default();
    for (path, kept) in &contents.texts {
        let name = path.rsplit('/').next().unwrap_or_default();
        if is_read_at_start(path) {
            scripts.add(name, When::Start, commands(name, kept), vec![path.clone()]);
        } else if is_list_of_programs(path) {
            let text = String::from_utf8_lossy(&kept.bytes);
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            let listed: String = lines.collect::<Vec<_>>().join("; ").chars().take(MAX_LISTED).collect();
            scripts.add("entry points", When::Call, Some(listed), vec![path.clone()]);
        } else if let Goes::Programs(name) = goes(path) {
            scripts.add(name, When::Call, None, vec![path.clone()]);
        }
    }
    scripts
}

/// The lines of a `.pth` file that Python runs; it adds the others to its path.
fn commands(name: &str, kept: &Kept) -> Option<String> {
    name.strip_suffix(".pth")?;
    let text = String::from_utf8_lossy(&kept.bytes);
    let lines = text.trim_start_matches('\u{feff}').split(LINE_ENDS);
    let runs: Vec<&str> = lines.filter(|line| line.starts_with("import ") || line.starts_with("import\t")).collect();
    (!runs.is_empty()).then(|| runs.join("; ").chars().take(MAX_LISTED).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_among_the_modules_is_read_at_each_start() {
        for (path, is_read) in [
            ("evil.pth", true),
            ("sitecustomize.py", true),
            ("a-1.0.data/purelib/evil.pth", true),
            ("a-1.0.data/platlib/usercustomize.py", true),
            ("a-1.0.data/data/lib/python3.12/site-packages/evil.pth", true),
            ("torch/model.pth", false),
            ("a/sitecustomize.py", false),
            ("a-1.0.data/data/share/a.pth", false),
            ("a-1.0.data/scripts/evil.pth", false),
            ("a-1.0.data/headers/evil.pth", false),
        ] {
            assert_eq!(is_read_at_start(path), is_read, "{path}");
        }
        assert!(keeps("a-1.0.data/scripts/run") && keeps("a-1.0.dist-info/entry_points.txt"));
        assert!(!keeps("a/entry_points.txt") && !keeps("a/b.py"));
    }
}
