//! PyPI's JSON document of a project: who owns it, and what its latest version says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    model::{Ecosystem, Manifest, Package},
    registry::field::add_range,
};

/// Labels of project URLs that name the source, the best first (they are free text; these are the well-known ones of
/// PyPI's own page).
const SOURCE_LABELS: [&str; 8] =
    ["source", "source code", "sourcecode", "repository", "code", "github", "gitlab", "homepage"];

/// Hosts whose URLs name a repository.
const FORGES: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// What the document says that the simple index does not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// The owners and maintainers, sorted; `None` if the document does not say.
    pub(super) people: Option<Vec<String>>,
    /// The version whose manifest it has.
    pub(super) version: Option<String>,
    /// That version's manifest.
    pub(super) manifest: Manifest,
}

impl Details {
    /// Reads the document of `package`.
    ///
    /// # Errors
    /// Why it is not one.
    pub(super) fn read(body: &[u8], package: &Package) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if Package::new(Ecosystem::Pypi, &wire.info.name).as_ref() != Ok(package) {
            return Err("it is of another project".to_owned());
        }
        let (dependencies, optional_dependencies) = wire.info.requires_dist.as_deref().and_then(dependencies).unzip();
        Ok(Self {
            people: wire.ownership.and_then(|ownership| ownership.roles).map(people),
            manifest: Manifest {
                repository: repository(&wire.info),
                git_head: None,
                install_scripts: None,
                dependencies,
                optional_dependencies,
            },
            version: wire.info.version,
        })
    }
}

#[derive(Deserialize)]
struct Wire {
    info: Info,
    #[serde(default)]
    ownership: Option<Ownership>,
}

#[derive(Deserialize)]
struct Info {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    project_urls: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    home_page: Option<String>,
    #[serde(default)]
    requires_dist: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Ownership {
    #[serde(default)]
    roles: Option<Vec<Role>>,
}

#[derive(Deserialize)]
struct Role {
    user: String,
}

fn people(roles: Vec<Role>) -> Vec<String> {
    roles.into_iter().map(|role| role.user).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The URL at a forge with the best label.
fn repository(info: &Info) -> Option<String> {
    let labelled = info.project_urls.iter().flatten().filter_map(|(label, url)| {
        let label = label.trim().to_ascii_lowercase();
        let rank = SOURCE_LABELS.iter().position(|known| *known == label)?;
        Some((rank, url.as_deref()?))
    });
    let home = info.home_page.as_deref().map(|url| (SOURCE_LABELS.len(), url));
    labelled.chain(home).filter(|(_, url)| is_at_forge(url)).min().map(|(_, url)| url.trim().to_owned())
}

fn is_at_forge(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url.trim()) else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_forge = FORGES.contains(&host) || host.split('.').any(|label| label == "gitlab");
    is_forge && url.path_segments().is_some_and(|path| path.filter(|part| !part.is_empty()).count() >= 2)
}

type Ranges = BTreeMap<String, String>;

/// Ordinary dependencies and those of extras. `None` if one of them is not readable: half a list would make the rest
/// look new or gone.
fn dependencies(requirements: &[String]) -> Option<(Ranges, Ranges)> {
    let (mut always, mut for_extras) = (Ranges::new(), Ranges::new());
    for requirement in requirements {
        let (what, marker) = requirement.split_once(';').unwrap_or((requirement, ""));
        let (name, range) = requirement_parts(what)?;
        let ranges = if marker.contains("extra") { &mut for_extras } else { &mut always };
        add_range(ranges, name, range);
    }
    Some((always, for_extras))
}

/// The normalised name and the range of a PEP 508 requirement without its marker: `requests[socks] (>=2.0)`. Any version
/// is `*`.
fn requirement_parts(requirement: &str) -> Option<(String, &str)> {
    let requirement = requirement.trim();
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let (name, rest) = requirement.split_at(end.unwrap_or(requirement.len()));
    let name = Package::new(Ecosystem::Pypi, name).ok()?.name().to_owned();
    let rest = rest.trim_start();
    let range = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let range = range.trim();
    let range = range.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(range).trim();
    Some((name, if range.is_empty() { "*" } else { range }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &serde_json::Value) -> Result<Details, String> {
        Details::read(body.to_string().as_bytes(), &Package::new(Ecosystem::Pypi, "sampleproject").unwrap())
    }

    #[test]
    fn owners_repository_and_dependencies_are_read() {
        let details = read(&serde_json::json!({
            "info": {
                "name": "SampleProject", "version": "4.0.0", "home_page": "https://github.com/other/home",
                "project_urls": {"Funding": "https://github.com/sponsors/x", "Source": "https://github.com/pypa/sampleproject/"},
                "requires_dist": ["peppercorn", "Requests[socks] (>=2.0) ; python_version < '3.9'", "requests>=2.1",
                                  "check-manifest; extra == 'dev'", "tool @ https://files.example/tool.whl"],
            },
            "last_serial": 25_977_000, "urls": [],
            "ownership": {"roles": [{"role": "Owner", "user": "theacodes"}, {"role": "Maintainer", "user": "dstufft"},
                                    {"role": "Maintainer", "user": "theacodes"}], "organization": "pypa"},
        }))
        .unwrap();
        insta::assert_compact_debug_snapshot!(details, @r#"Details { people: Some(["dstufft", "theacodes"]), version: Some("4.0.0"), manifest: Manifest { repository: Some("https://github.com/pypa/sampleproject/"), git_head: None, install_scripts: None, dependencies: Some({"peppercorn": "*", "requests": ">=2.0 || >=2.1", "tool": "@ https://files.example/tool.whl"}), optional_dependencies: Some({"check-manifest": "*"}) } }"#);
    }

    #[test]
    fn what_the_document_does_not_say_is_not_known() {
        let details = read(&serde_json::json!({"info": {"name": "sampleproject", "requires_dist": null}})).unwrap();
        assert_eq!(details, Details::default());
    }

    #[test]
    fn one_unreadable_dependency_makes_the_list_unknown() {
        for requirement in ["", "; extra == 'x'", "[x]", "a[x", "(>=1)"] {
            assert_eq!(dependencies(&["peppercorn".to_owned(), requirement.to_owned()]), None, "{requirement}");
        }
    }

    #[test]
    fn only_urls_of_repositories_count() {
        let cases = [
            ("https://github.com/o/r", true),
            ("https://gitlab.gnome.org/g/s/r", true),
            ("https://github.com/o", false),
            ("https://example.org/github.com/o/r", false),
            ("https://github.com.evil.example/o/r", false),
            ("UNKNOWN", false),
            ("", false),
        ];
        for (url, expected) in cases {
            assert_eq!(is_at_forge(url), expected, "{url}");
        }
    }

    #[test]
    fn documents_that_are_not_the_projects_are_refused() {
        for body in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"info": {"name": "other"}}"#,
            r#"{"info": {"name": "sampleproject", "name": "a"}}"#,
        ] {
            assert!(
                Details::read(body.as_bytes(), &Package::new(Ecosystem::Pypi, "sampleproject").unwrap()).is_err(),
                "{body}"
            );
        }
    }
}
