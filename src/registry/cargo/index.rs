//! The sparse index: one file per crate, one JSON line per version
//! (<https://doc.rust-lang.org/cargo/reference/registry-index.html>).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    model::{Manifest, Package},
    registry::field::{add_range, sha256, shown},
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
    /// Lines that are not readable, by version if that is, and why.
    pub(super) unreadable: Vec<(String, String)>,
}

/// One version.
#[derive(Debug, PartialEq)]
pub(super) struct Indexed {
    /// The version.
    pub(super) version: String,
    /// The SHA-256 of the crate file.
    pub(super) sha256: String,
    /// Whether it is yanked.
    pub(super) yanked: bool,
    /// Its dependencies.
    pub(super) manifest: Manifest,
}

impl Index {
    /// Reads the file of `package`, line by line.
    pub(super) fn read(body: &[u8], package: &Package) -> Self {
        let mut index = Self::default();
        let lines = body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).enumerate();
        let mut by_version = BTreeMap::new();
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            match Indexed::read(line, package) {
                Ok(indexed) => index.add(indexed, &mut by_version),
                Err(why) => index.unreadable.push((version_or_number(line, number + 1), why)),
            }
        }
        index.withdraw_contradicted();
        index
    }

    /// A version that stands twice must say the same twice.
    fn add(&mut self, indexed: Indexed, by_version: &mut BTreeMap<String, usize>) {
        match by_version.get(&indexed.version) {
            None => {
                by_version.insert(indexed.version.clone(), self.versions.len());
                self.versions.push(indexed);
            }
            Some(place) if self.versions[*place] == indexed => {}
            Some(_) => self.unreadable.push((indexed.version, "the index lists it twice, differently".to_owned())),
        }
    }

    /// What is unreadable in one line is not trusted in another.
    fn withdraw_contradicted(&mut self) {
        let bad: std::collections::BTreeSet<_> = self.unreadable.iter().map(|(version, _)| version).collect();
        self.versions.retain(|indexed| !bad.contains(&indexed.version));
        self.unreadable.sort();
        self.unreadable.dedup_by(|later, earlier| later.0 == earlier.0);
    }
}

impl Indexed {
    fn read(line: &[u8], package: &Package) -> Result<Self, String> {
        let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if !line.name.eq_ignore_ascii_case(package.name()) {
            return Err(format!("the line is of the crate {:?}", shown(&line.name)));
        }
        if !is_version(&line.vers) {
            return Err("it is listed as a version and is no semantic version".to_owned());
        }
        let sha256 = sha256(&line.cksum).ok_or_else(|| format!("{:?} is no SHA-256", shown(&line.cksum)))?;
        let (dependencies, optional_dependencies) = dependencies(line.deps);
        let manifest = Manifest {
            dependencies: Some(dependencies),
            optional_dependencies: Some(optional_dependencies),
            ..Manifest::default()
        };
        Ok(Self { version: line.vers, sha256, yanked: line.yanked.unwrap_or(false), manifest })
    }
}

#[derive(Deserialize)]
struct Line {
    name: String,
    vers: String,
    deps: Vec<Dependency>,
    cksum: String,
    #[serde(default)]
    yanked: Option<bool>,
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

#[derive(Deserialize)]
struct Named {
    vers: String,
}

/// What to call an unreadable line.
fn version_or_number(line: &[u8], number: usize) -> String {
    match serde_json::from_slice::<Named>(line) {
        Ok(Named { vers }) if is_version(&vers) => vers,
        _ => format!("line {number}"),
    }
}

/// Whether a text is a semantic version that a purl can carry.
pub(super) fn is_version(text: &str) -> bool {
    text.len() <= 300 && semver::Version::parse(text).is_ok()
}

type Ranges = BTreeMap<String, String>;

/// Those that a build of the crate needs, and those behind features. Build dependencies run code at the user's; they
/// count like ordinary ones. Development dependencies do not.
fn dependencies(list: Vec<Dependency>) -> (Ranges, Ranges) {
    let (mut always, mut optional) = (Ranges::new(), Ranges::new());
    for dependency in list.into_iter().filter(|dependency| dependency.kind.as_deref() != Some("dev")) {
        let ranges = if dependency.optional { &mut optional } else { &mut always };
        add_range(ranges, dependency.package.unwrap_or(dependency.name), &dependency.req);
    }
    (always, optional)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Ecosystem;

    fn read(body: &[u8]) -> Index {
        Index::read(body, &Package::new(Ecosystem::Cargo, "foo").unwrap())
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
    fn a_bad_line_spoils_only_its_version() {
        let cases: [(Vec<u8>, &str, &str); 9] = [
            (b"{".to_vec(), "line 2", "EOF"),
            (b"null".to_vec(), "line 2", "invalid type"),
            (line("two").into_bytes(), "line 2", "no semantic version"),
            (line("2.0.0").replace("\"foo\"", "\"bar\"").into_bytes(), "2.0.0", "of the crate \"bar\""),
            (line("2.0.0").replace("abab", "xyzw").into_bytes(), "2.0.0", "is no SHA-256"),
            (line("2.0.0").replace("\"yanked\":null", "\"yanked\":\"no\"").into_bytes(), "2.0.0", "expected a boolean"),
            (line("2.0.0").replace("\"deps\":[]", "\"deps\":[1]").into_bytes(), "2.0.0", "Dependency"),
            (line("2.0.0").replace("\"deps\":[]", "\"deps\":[],\"deps\":[]").into_bytes(), "2.0.0", "duplicate field"),
            ([line("2.0.0").as_bytes(), b"\xff"].concat(), "line 2", ""),
        ];
        for (bad, name, why) in cases {
            let body = [line("1.0.0").as_bytes(), b"\n", &bad, b"\r\n\n", line("3.0.0").as_bytes(), b"\n"].concat();
            let index = read(&body);
            let versions: Vec<_> = index.versions.iter().map(|indexed| indexed.version.as_str()).collect();
            assert_eq!(versions, ["1.0.0", "3.0.0"]);
            let [(seen, reason)] = index.unreadable.try_into().unwrap();
            assert!(seen == name && reason.contains(why), "{seen}: {reason}");
        }
    }

    #[test]
    fn a_version_that_stands_twice_is_trusted_only_if_it_says_the_same() {
        let twice = format!("{}\n{}", line("1.0.0"), line("1.0.0"));
        assert_eq!((read(twice.as_bytes()).versions.len(), read(twice.as_bytes()).unreadable.len()), (1, 0));
        let index = read(twice.replacen("abab", "cdcd", 1).as_bytes());
        assert_eq!((index.versions.len(), index.unreadable[0].0.as_str()), (0, "1.0.0"));
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
