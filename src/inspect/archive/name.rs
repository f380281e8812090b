//! Reads the name of a member: its path in a common form, and what is odd about it.

use crate::{
    inspect::{
        anomaly::{Anomalies, AnomalyKind},
        limits::Limits,
    },
    text::misleads,
};

/// The name of a member, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The path without empty parts and `.`; with `..` where the name has it.
    pub(super) path: String,
    /// Whether it ends with a slash, as those of folders do.
    pub(super) is_folder: bool,
}

/// Reads a name. Whatever is odd about it is noted.
pub(super) fn read(raw: &[u8], limits: &Limits, noted: &mut Anomalies) -> Name {
    let text = String::from_utf8_lossy(raw);
    let parts = text.split('/').filter(|part| !matches!(*part, "" | "."));
    let whole: Vec<&str> = parts.collect();
    let mut path = whole.join("/");
    let is_long = path.len() > limits.path;
    if is_long {
        let end = path.floor_char_boundary(limits.path);
        path.truncate(end);
    }
    let mut note = |kind, detail: &str| noted.add(kind, Some(&path), detail);
    if text.contains(char::REPLACEMENT_CHARACTER) && std::str::from_utf8(raw).is_err() {
        note(AnomalyKind::NotUtf8, "its name is not UTF-8");
    }
    if is_long {
        note(AnomalyKind::LongPath, &format!("its path has {} bytes", text.len()));
    } else if whole.len() > limits.depth {
        note(AnomalyKind::LongPath, &format!("it lies {} folders deep", whole.len()));
    }
    if let Some(why) = leads_outside(&text) {
        note(AnomalyKind::OutsidePath, why);
    }
    if text.chars().any(misleads) {
        note(AnomalyKind::MisleadingName, "its name has characters that show as something else, or not at all");
    }
    if text.contains('\\') {
        note(AnomalyKind::MisleadingName, "its name has a backslash, which means a folder on Windows");
    }
    if whole.is_empty() && !text.ends_with('/') && text != "." {
        note(AnomalyKind::MisleadingName, "its name is empty");
    }
    Name { path, is_folder: text.ends_with('/') }
}

/// Why a name leads out of the folder into which its archive is unpacked.
pub(super) fn leads_outside(text: &str) -> Option<&'static str> {
    let mut characters = text.chars();
    let drive = (characters.next(), characters.next());
    if text.starts_with(['/', '\\']) {
        return Some("its name begins at the root of the file system");
    }
    if matches!(drive, (Some(letter), Some(':')) if letter.is_ascii_alphabetic()) {
        return Some("its name begins with a drive of Windows");
    }
    text.split(['/', '\\']).any(|part| part == "..").then_some("its name has the part `..`")
}

/// Why a link at `path` leads out of the root folder.
pub(super) fn link_leads_outside(path: &str, target: &str) -> Option<&'static str> {
    if target.starts_with(['/', '\\']) || leads_outside(target).is_some_and(|why| why.contains("drive")) {
        return Some("it leads to an absolute place");
    }
    let (mut depth, mut is_inner) = (path.split('/').count().saturating_sub(1), false);
    for part in target.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return Some("it leads out of the archive's folder"),
            // The parent of a folder that is a link is elsewhere.
            ".." if is_inner => return Some("it leads back from a folder, which may be a link"),
            ".." => depth -= 1,
            _ => (depth, is_inner) = (depth + 1, true),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(raw: &[u8]) -> (String, Vec<AnomalyKind>) {
        let mut noted = Anomalies::default();
        let name = read(raw, &Limits { path: 40, depth: 5, ..Limits::default() }, &mut noted);
        (name.path, noted.kept().iter().map(|anomaly| anomaly.kind).collect())
    }

    #[test]
    fn names_are_read_and_what_is_odd_is_noted() {
        use AnomalyKind::{LongPath, MisleadingName, NotUtf8, OutsidePath};
        for (raw, path, expected) in [
            (&b"package/index.js"[..], "package/index.js", &[][..]),
            (b"./package//a/./b/", "package/a/b", &[]),
            (b"./", "", &[]),
            (b"", "", &[MisleadingName]),
            (b"../evil", "../evil", &[OutsidePath]),
            (b"a/../../evil", "a/../../evil", &[OutsidePath]),
            (b"a/..b/c..", "a/..b/c..", &[]),
            (b"/etc/passwd", "etc/passwd", &[OutsidePath]),
            (b"C:/x", "C:/x", &[OutsidePath]),
            (b"a\\..\\..\\x", "a\\..\\..\\x", &[OutsidePath, MisleadingName]),
            (b"a\\b", "a\\b", &[MisleadingName]),
            (b"a\0.js", "a\0.js", &[MisleadingName]),
            (b"a\x1b[2J", "a\u{1b}[2J", &[MisleadingName]),
            ("a\u{202e}sj.b".as_bytes(), "a\u{202e}sj.b", &[MisleadingName]),
            ("größe/世界.js".as_bytes(), "größe/世界.js", &[]),
            (b"a\xff.js", "a\u{fffd}.js", &[NotUtf8]),
            ("a\u{fffd}".as_bytes(), "a\u{fffd}", &[]),
            (b"1/2/3/4/5/6", "1/2/3/4/5/6", &[LongPath]),
            (&[b'x'; 60], &"x".repeat(40), &[LongPath]),
        ] {
            assert_eq!(kinds(raw), (path.to_owned(), expected.to_vec()), "{}", String::from_utf8_lossy(raw));
        }
        let wide = "ä".repeat(30);
        assert_eq!(kinds(wide.as_bytes()).0, "ä".repeat(20), "a letter is not cut in two");
    }

    #[test]
    fn links_are_followed_within_the_archive() {
        for (path, target, is_outside) in [
            ("a", "b", false),
            ("a/b/c", "../../d", false),
            ("a/b/c", "../../../d", true),
            ("a", "..", true),
            ("a/b", "x/../../../y", true),
            ("a", "b/../../y", true),
            ("a/b/c", "../d/../e", true),
            ("a/b", "./../y", false),
            ("a", "/etc/passwd", true),
            ("a", "C:\\x", true),
            ("a", "\\\\host\\share", true),
            ("a/b", "..\\..\\x", true),
        ] {
            assert_eq!(link_leads_outside(path, target).is_some(), is_outside, "{path} → {target}");
        }
    }
}
