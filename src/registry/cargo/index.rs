//! Reads the sparse index: one file per crate, one JSON line per version
//! (<https://doc.rust-lang.org/cargo/reference/registry-index.html>).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    model::{Digests, File, Manifest, Package, Unread},
    registry::{
        document::{MAX_PART, MAX_TEXT},
        field::{add_range, digest, sha256, shown, time},
    },
    strict_json::Fields,
};

/// The path of a crate's file below the index.
pub(super) fn path(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let directories = match name.len() {
        0..=2 => vec![name.len().to_string()],
        3 => vec!["3".to_owned(), name[..1].to_owned()],
        _ => vec![name[..2].to_owned(), name[2..4].to_owned()],
    };
    directories.into_iter().chain([name]).collect()
}

/// A crate's file. Every line is in `versions` or in `unreadable`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Index {
    /// Each version once, in the order of the file, which is that of publishing.
    pub(super) versions: Vec<Indexed>,
    /// Lines whose version is not readable, under a substitute name, and why.
    pub(super) unreadable: Vec<(String, String)>,
}

/// One version. Each field of its line is read on its own.
#[derive(Debug, PartialEq)]
pub(super) struct Indexed {
    /// The version.
    pub(super) version: String,
    /// The name in its line, if that is not the crate's.
    pub(super) other_name: Option<String>,
    /// The SHA-256 of the crate file.
    pub(super) sha256: Option<String>,
    /// Whether it is yanked.
    pub(super) yanked: bool,
    /// Its dependencies.
    pub(super) manifest: Manifest,
    /// Its publish time, if the index has it.
    pub(super) published_at: Option<DateTime<Utc>>,
    /// The unreadable parts of its line.
    pub(super) unread: Unread,
}

impl Index {
    /// Reads the file of `package`, line by line.
    pub(super) fn read(body: &[u8], package: &Package) -> Self {
        let mut index = Self::default();
        let lines = body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
        let mut by_version = BTreeMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            match Indexed::read(line, package) {
                Ok(indexed) => index.add(indexed, &mut by_version),
                // A line number would change whenever a line is removed.
                Err(why) => index.unreadable.push((format!("index line {}", &digest(line)[..12]), why)),
            }
        }
        index
    }

    /// The name of the crate whose file this is, if every line has another name. Files are named in lower case, so that
    /// the file of `Inflector` is found by any spelling.
    pub(super) fn of_another_crate(&self) -> Option<&str> {
        let mut names = self.versions.iter().map(|indexed| indexed.other_name.as_deref());
        let first = names.next()??;
        names.all(|name| name.is_some()).then_some(first)
    }

    /// A version that occurs twice must have equal lines.
    fn add(&mut self, indexed: Indexed, by_version: &mut BTreeMap<String, usize>) {
        match by_version.get(&indexed.version) {
            None => {
                by_version.insert(indexed.version.clone(), self.versions.len());
                self.versions.push(indexed);
            }
            Some(place) if self.versions[*place] == indexed => {}
            Some(place) => {
                self.versions[*place].unread.because(Unread::RELEASE, "the index lists it twice, differently");
            }
        }
    }
}

impl Indexed {
    /// Its crate file.
    pub(super) fn file(&self, package: &Package) -> File {
        File {
            name: format!("{}-{}.crate", package.name(), self.version),
            digests: Digests { sha256: self.sha256.clone(), ..Digests::default() },
            uploaded_at: None,
            yanked: self.yanked,
            attestation: None,
        }
    }

    fn read(line: &[u8], package: &Package) -> Result<Self, String> {
        let line: Fields<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let version: String = line.get("vers", MAX_TEXT)?.ok_or("the version is missing")?;
        if !is_version(&version) {
            return Err(format!("{:?} is listed as a version and is not a semantic version", shown(&version)));
        }
        let mut unread = Unread::default();
        let other_name = unread.noted(Unread::RELEASE, other_name(&line, package)).flatten();
        if let Some(other) = &other_name {
            unread.because(Unread::RELEASE, format!("its line is of the crate {other:?}"));
        }
        let dependencies = unread.noted(Unread::DEPENDENCIES, dependencies(&line));
        let (dependencies, optional_dependencies) = dependencies.unzip();
        Ok(Self {
            version,
            other_name,
            sha256: unread.noted(Unread::FILES, checksum(&line)),
            yanked: unread.noted(Unread::YANKED, line.get("yanked", MAX_TEXT)).flatten().unwrap_or(false),
            manifest: Manifest { dependencies, optional_dependencies, ..Manifest::default() },
            published_at: line.get::<String>("pubtime", MAX_TEXT).ok().flatten().and_then(|text| time(&text)),
            unread,
        })
    }
}

fn other_name(line: &Fields<'_>, package: &Package) -> Result<Option<String>, String> {
    let name: String = line.get("name", MAX_TEXT)?.ok_or("the name is missing from its line")?;
    Ok((name != package.name()).then(|| shown(&name)))
}

fn checksum(line: &Fields<'_>) -> Result<String, String> {
    let text: String = line.get("cksum", MAX_TEXT)?.ok_or("cksum is missing from its line")?;
    sha256(&text).ok_or_else(|| format!("its cksum: {:?} is not a SHA-256", shown(&text)))
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    #[serde(default)]
    optional: bool,
    /// `normal`, `dev` or `build`; old lines have none.
    #[serde(default)]
    kind: Option<String>,
    /// The crate's own name if the dependency is renamed.
    #[serde(default)]
    package: Option<String>,
}

/// Whether a text is a semantic version that a purl can carry.
pub(super) fn is_version(text: &str) -> bool {
    text.len() <= 300 && semver::Version::parse(text).is_ok()
}

type Ranges = BTreeMap<String, String>;

/// The dependencies that a build of the crate needs, and those behind features. Build dependencies run code on the
/// user's machine; they count like ordinary ones. Development dependencies do not. Half a list would make the rest look
/// new or gone.
fn dependencies(line: &Fields<'_>) -> Result<(Ranges, Ranges), String> {
    let list: Vec<Dependency> = line.get("deps", MAX_PART)?.ok_or("deps is missing from its line")?;
    let (mut always, mut optional) = (Ranges::new(), Ranges::new());
    for dependency in list.into_iter().filter(|dependency| dependency.kind.as_deref() != Some("dev")) {
        let ranges = if dependency.optional { &mut optional } else { &mut always };
        add_range(ranges, dependency.package.unwrap_or(dependency.name), &dependency.req);
    }
    Ok((always, optional))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Ecosystem;

    fn read(body: &[u8]) -> Index {
        Index::read(body, &Package::new(Ecosystem::CARGO, "foo").unwrap())
    }

    fn line(version: &str) -> String {
        let sha = "ab".repeat(32);
        format!(
            r#"{{"name":"foo","vers":"{version}","deps":[],"cksum":"{sha}","features":{{}},"yanked":null,"pubtime":"2025-11-18T08:58:23Z"}}"#
        )
    }

    #[test]
    fn crates_lie_where_cargo_looks_for_them() {
        for (name, expected) in [
            ("a", "1/a"),
            ("ab", "2/ab"),
            ("abc", "3/a/abc"),
            ("base64", "ba/se/base64"),
            ("Serde_JSON", "se/rd/serde_json"),
        ] {
            assert_eq!(path(name).join("/"), expected);
        }
    }

    #[test]
    fn dependencies_are_sorted_by_what_they_do() {
        let mut json: serde_json::Value = serde_json::from_str(&line("1.0.0")).unwrap();
        json["deps"] = serde_json::json!([
            {"name": "serde", "req": "^1", "features": [], "optional": false, "default_features": true, "target": null, "kind": "normal"},
            {"name": "old", "req": "~0.1", "features": [], "optional": false, "default_features": true, "target": null},
            {"name": "renamed", "req": "^2", "optional": true, "kind": "normal", "package": "real-name", "target": "cfg(unix)"},
            {"name": "cc", "req": "^1", "optional": false, "kind": "build"},
            {"name": "proptest", "req": "^1", "optional": false, "kind": "dev"},
        ]);
        let index = read(json.to_string().as_bytes());
        let manifest = &index.versions[0].manifest;
        insta::assert_compact_debug_snapshot!(
            (&manifest.dependencies, &manifest.optional_dependencies),
            @r#"(Some({"cc": "^1", "old": "~0.1", "serde": "^1"}), Some({"real-name": "^2"}))"#
        );
    }

    #[test]
    fn a_bad_field_spoils_no_other() {
        let cases = [
            (line("2.0.0").replace("\"foo\"", "\"bar\""), Unread::RELEASE, "of the crate \"bar\""),
            (line("2.0.0").replace("abab", "xyzw"), Unread::FILES, "is not a SHA-256"),
            (line("2.0.0").replace("\"yanked\":null", "\"yanked\":\"no\""), Unread::YANKED, "expected a boolean"),
            (line("2.0.0").replace("\"deps\":[]", "\"deps\":[1]"), Unread::DEPENDENCIES, "Dependency"),
            (line("2.0.0").replace("\"deps\":[]", "\"deps\":[],\"deps\":[]"), Unread::DEPENDENCIES, "duplicate deps"),
        ];
        for (bad, place, why) in cases {
            let index = read(&[line("1.0.0"), bad, line("3.0.0")].join("\n").into_bytes());
            let versions: Vec<_> = index.versions.iter().map(|indexed| indexed.version.as_str()).collect();
            assert_eq!((versions, index.unreadable.len()), (vec!["1.0.0", "2.0.0", "3.0.0"], 0));
            let reason = index.versions[1].unread.of(place).unwrap_or_default();
            assert!(reason.contains(why), "{place}: {reason}");
            assert_eq!(index.versions[1].unread.0.len(), 1, "{place}");
            assert!(index.versions[0].unread.is_empty() && index.versions[2].unread.is_empty());
        }
    }

    #[test]
    fn a_line_without_a_version_spoils_no_other() {
        let cases: [(Vec<u8>, &str); 5] = [
            (b"{".to_vec(), "EOF"),
            (b"null".to_vec(), "invalid type"),
            (b"{}".to_vec(), "the version is missing"),
            (line("two").into_bytes(), "is not a semantic version"),
            ([line("2.0.0").as_bytes(), b"\xff"].concat(), ""),
        ];
        for (bad, why) in cases {
            let body = [line("1.0.0").as_bytes(), b"\n", &bad, b"\r\n\n", line("3.0.0").as_bytes(), b"\n"].concat();
            let index = read(&body);
            let versions: Vec<_> = index.versions.iter().map(|indexed| indexed.version.as_str()).collect();
            assert_eq!(versions, ["1.0.0", "3.0.0"]);
            let [(seen, reason)] = index.unreadable.try_into().unwrap();
            assert!(seen.starts_with("index line ") && reason.contains(why), "{seen}: {reason}");
        }
    }

    #[test]
    fn a_version_that_comes_twice_must_say_the_same_twice() {
        let twice = format!("{}\n{}", line("1.0.0"), line("1.0.0"));
        let index = read(twice.as_bytes());
        assert_eq!((index.versions.len(), index.unreadable.len()), (1, 0));
        assert!(index.versions[0].unread.is_empty());
        let index = read(twice.replacen("abab", "cdcd", 1).as_bytes());
        assert!(index.versions[0].unread.of(Unread::RELEASE).unwrap().contains("twice"), "{index:?}");
    }

    proptest! {
        #[test]
        fn every_line_is_accounted_for(edits in prop::collection::vec((any::<prop::sample::Index>(), 32_u8..), 0..4)) {
            let mut body = ["1.0.0", "1.1.0", "2.0.0"].map(line).join("\n").into_bytes();
            for (place, byte) in edits {
                let place = place.index(body.len());
                if body[place] != b'\n' {
                    body[place] = byte;
                }
            }
            let index = read(&body);
            prop_assert!(index.versions.len() + index.unreadable.len() >= 2, "two versions can become one");
        }
    }
}
