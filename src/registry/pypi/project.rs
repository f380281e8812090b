//! Reads PyPI's JSON document of a project: its owners, and the metadata of its latest version.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::{
    model::{Ecosystem, Manifest, Package, Unread},
    registry::{
        document::{MAX_PART, MAX_TEXT, read_part},
        field::{add_range, shown},
    },
    strict_json::Fields,
};

/// Labels of project URLs that name the source, the best first (they are free text; these are the well-known ones of
/// PyPI's own page).
const SOURCE_LABELS: [&str; 8] =
    ["source", "source code", "sourcecode", "repository", "code", "github", "gitlab", "homepage"];

/// Hosts whose URLs name a repository.
const FORGES: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// The facts of the document that the simple index lacks. Each field is read on its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// The owners and maintainers, sorted; `None` if the document has no such field.
    pub(super) people: Option<Vec<String>>,
    /// The version whose manifest it has.
    pub(super) version: Option<String>,
    /// That version's manifest.
    pub(super) manifest: Manifest,
    /// Its unreadable parts.
    pub(super) unread: Unread,
}

impl Details {
    /// Reads the document of `package`.
    ///
    /// # Errors
    /// The reason why it is not such a document.
    pub(super) fn read(body: &[u8], package: &Package) -> Result<Self, String> {
        let document: Fields<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let info = document.object("info")?.ok_or("info is missing")?;
        let name: Option<String> = info.get("name", MAX_TEXT)?;
        let named = name.and_then(|name| Package::new(Ecosystem::PYPI, &name).ok());
        if named.is_none_or(|named| named.name() != package.name()) {
            return Err("the document of another project".to_owned());
        }
        let mut unread = Unread::default();
        let people = unread.noted(Unread::MAINTAINERS, people(&document)).flatten();
        let version = unread.noted(Unread::MANIFEST, info.get("version", MAX_TEXT)).flatten();
        let requirements =
            unread.noted(Unread::DEPENDENCIES, info.get::<Vec<String>>("requires_dist", MAX_PART)).flatten();
        let (dependencies, optional_dependencies) = match requirements.as_deref().map(dependencies) {
            Some(Ok((always, for_extras))) => (Some(always), Some(for_extras)),
            Some(Err(why)) => {
                unread.because(Unread::DEPENDENCIES, why);
                (None, None)
            }
            None => (None, None),
        };
        let repository = unread.noted(Unread::REPOSITORY, repository(&info)).flatten();
        let manifest = Manifest { repository, dependencies, optional_dependencies, ..Manifest::default() };
        Ok(Self { people, version, manifest, unread })
    }
}

/// The account names of the roles. An unreadable role makes the list unknown: half of it would make the rest look gone.
fn people(document: &Fields<'_>) -> Result<Option<Vec<String>>, String> {
    let Some(ownership) = document.object("ownership")? else { return Ok(None) };
    let Some(roles) = ownership.get::<Vec<&RawValue>>("roles", MAX_PART)? else { return Ok(None) };
    let user = |role| Fields::read(role)?.get("user", MAX_TEXT)?.ok_or_else(|| "a role names no user".to_owned());
    let users: Result<BTreeSet<String>, String> = roles.into_iter().map(user).collect();
    users.map(|users| Some(users.into_iter().collect())).map_err(|why| format!("its ownership: {why}"))
}

/// The URL at a forge with the best label. An unreadable address does not count.
fn repository(info: &Fields<'_>) -> Result<Option<String>, String> {
    let urls = info.object("project_urls")?.unwrap_or_default();
    let home = info.get::<String>("home_page", MAX_TEXT)?;
    let labelled = urls.iter().filter_map(|(label, url)| {
        let label = label.trim().to_ascii_lowercase();
        let rank = SOURCE_LABELS.iter().position(|known| *known == label)?;
        Some((rank, read_part::<String>(url, MAX_TEXT).ok()?))
    });
    let home = home.map(|url| (SOURCE_LABELS.len(), url));
    Ok(labelled.chain(home).filter(|(_, url)| is_at_forge(url)).min().map(|(_, url)| url.trim().to_owned()))
}

fn is_at_forge(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url.trim()) else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_forge = FORGES.contains(&host) || host.split('.').any(|label| label == "gitlab");
    is_forge && url.path_segments().is_some_and(|path| path.filter(|part| !part.is_empty()).count() >= 2)
}

type Ranges = BTreeMap<String, String>;

/// Ordinary dependencies and those of extras.
///
/// # Errors
/// One of them is not readable: half a list would make the rest look new or gone.
fn dependencies(requirements: &[String]) -> Result<(Ranges, Ranges), String> {
    let (mut always, mut for_extras) = (Ranges::new(), Ranges::new());
    for requirement in requirements {
        let (what, marker) = requirement.split_once(';').unwrap_or((requirement, ""));
        let (name, range) = requirement_parts(what)
            .ok_or_else(|| format!("its requires_dist: {:?} is not a requirement", shown(requirement)))?;
        let ranges = if marker.contains("extra") { &mut for_extras } else { &mut always };
        add_range(ranges, name, range);
    }
    Ok((always, for_extras))
}

/// The normalised name and the range of a PEP 508 requirement without its marker: `requests[socks] (>=2.0)`. Any
/// version is `*`.
fn requirement_parts(requirement: &str) -> Option<(String, &str)> {
    let requirement = requirement.trim();
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let (name, rest) = requirement.split_at(end.unwrap_or(requirement.len()));
    let name = Package::new(Ecosystem::PYPI, name).ok()?.name().to_owned();
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
        Details::read(body.to_string().as_bytes(), &Package::new(Ecosystem::PYPI, "sampleproject").unwrap())
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
        insta::assert_compact_debug_snapshot!(details, @r#"Details { people: Some(["dstufft", "theacodes"]), version: Some("4.0.0"), manifest: Manifest { repository: Some("https://github.com/pypa/sampleproject/"), git_head: None, install_scripts: None, install_commands: None, dependencies: Some({"peppercorn": "*", "requests": ">=2.0 || >=2.1", "tool": "@ https://files.example/tool.whl"}), optional_dependencies: Some({"check-manifest": "*"}) }, unread: Unread({}) }"#);
    }

    #[test]
    fn what_the_document_does_not_say_is_not_known() {
        let details = read(&serde_json::json!({"info": {"name": "sampleproject", "requires_dist": null}})).unwrap();
        assert_eq!(details, Details::default());
    }

    #[test]
    fn a_field_spoils_no_other() {
        let whole = serde_json::json!({
            "info": {"name": "sampleproject", "version": "4.0.0", "requires_dist": ["peppercorn"],
                     "home_page": null, "project_urls": {"Source": "https://github.com/pypa/sampleproject"}},
            "ownership": {"roles": [{"user": "theacodes"}]},
        });
        for (pointer, place) in [
            ("/info/version", Unread::MANIFEST),
            ("/info/requires_dist", Unread::DEPENDENCIES),
            ("/info/home_page", Unread::REPOSITORY),
            ("/info/project_urls", Unread::REPOSITORY),
            ("/ownership", Unread::MAINTAINERS),
            ("/ownership/roles", Unread::MAINTAINERS),
            ("/ownership/roles/0", Unread::MAINTAINERS),
            ("/ownership/roles/0/user", Unread::MAINTAINERS),
        ] {
            let mut body = whole.clone();
            *body.pointer_mut(pointer).unwrap() = serde_json::json!(7);
            let details = read(&body).unwrap();
            assert_eq!(details.unread.0.keys().map(String::as_str).collect::<Vec<_>>(), [place], "{pointer}");
            assert!(details.people.is_some() || place == Unread::MAINTAINERS, "{pointer}");
            assert!(details.manifest.dependencies.is_some() || place == Unread::DEPENDENCIES, "{pointer}");
        }
    }

    #[test]
    fn one_unreadable_dependency_makes_the_list_unknown() {
        for requirement in ["", "; extra == 'x'", "[x]", "a[x", "(>=1)"] {
            let why = dependencies(&["peppercorn".to_owned(), requirement.to_owned()]).unwrap_err();
            assert!(why.contains("is not a requirement"), "{why}");
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
            r#"{"info": 7}"#,
        ] {
            assert!(
                Details::read(body.as_bytes(), &Package::new(Ecosystem::PYPI, "sampleproject").unwrap()).is_err(),
                "{body}"
            );
        }
    }
}
