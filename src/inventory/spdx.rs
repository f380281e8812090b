//! Reads SPDX 2 bills of materials, also in the envelope of GitHub's dependency graph.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::{ImportError, draft::Draft, listed::Listed, purls, source::Source};
use crate::model::DependencyScope;

/// SPDX 2: <https://spdx.github.io/spdx-spec/v2.3/package-information/>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "SPDX's names")]
struct Document {
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    #[serde(default)]
    document_describes: Vec<String>,
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
    #[serde(default)]
    checksums: Vec<Checksum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

/// <https://spdx.github.io/spdx-spec/v2.3/relationships-between-SPDX-elements/>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "SPDX's names")]
struct Relationship {
    #[serde(default)]
    spdx_element_id: String,
    #[serde(default)]
    related_spdx_element: String,
    #[serde(default)]
    relationship_type: String,
}

/// The answer of GitHub's dependency graph.
#[derive(Deserialize)]
struct Envelope {
    sbom: Document,
}

pub(super) fn of_github(source: &Source<'_>) -> Result<Listed, ImportError> {
    read(source, &source.json::<Envelope>()?.sbom)
}

pub(super) fn parse(source: &Source<'_>) -> Result<Listed, ImportError> {
    read(source, &source.json()?)
}

fn read(source: &Source<'_>, document: &Document) -> Result<Listed, ImportError> {
    let mut draft = Draft::of(source);
    let mut places = HashMap::<&str, Vec<usize>>::new();
    for package in &document.packages {
        let numbers = places.entry(package.id.as_deref().unwrap_or_default()).or_default();
        add(source, package, &mut draft, numbers)?;
    }
    let subjects = document.subjects();
    for relationship in &document.relationships {
        let Some((from, to, scope)) = relationship.dependency() else { continue };
        for to in places.get(to).into_iter().flatten().copied() {
            if subjects.contains(from) {
                draft.root(to, scope)?;
            } else {
                for from in places.get(from).into_iter().flatten().copied() {
                    draft.edge(from, to, scope)?;
                }
            }
        }
    }
    // Some tools list everything as the subject's own dependency: such a list has no depth.
    Ok(if draft.has_levels() { draft.finish() } else { draft.flat() })
}

/// Adds the releases of a package; one has several purls where several files are one package.
fn add(
    source: &Source<'_>,
    package: &Package,
    draft: &mut Draft<'_>,
    numbers: &mut Vec<usize>,
) -> Result<(), ImportError> {
    let digests: Vec<String> = package.checksums.iter().map(Checksum::text).collect();
    let purls = package.external_refs.iter().filter(|reference| reference.is_purl());
    let mut found = false;
    for reference in purls {
        let entry = purls::entry(source, &reference.reference_locator);
        let entry = entry.map(|entry| entry.with_digests(digests.iter().map(String::as_str)));
        numbers.push(draft.add(entry)?);
        found = true;
    }
    if !found {
        numbers.push(draft.add(Err((&package.name, "no purl".to_owned())))?);
    }
    Ok(())
}

impl Document {
    /// What the document is about.
    fn subjects(&self) -> HashSet<&str> {
        let id = self.id.as_deref().unwrap_or("SPDXRef-DOCUMENT");
        let described = self.relationships.iter().filter_map(|one| match one.relationship_type.as_str() {
            "DESCRIBES" if one.spdx_element_id == id => Some(one.related_spdx_element.as_str()),
            "DESCRIBED_BY" if one.related_spdx_element == id => Some(one.spdx_element_id.as_str()),
            _ => None,
        });
        self.document_describes.iter().map(String::as_str).chain(described).collect()
    }
}

impl ExternalRef {
    /// Some tools write the type as its URI.
    fn is_purl(&self) -> bool {
        self.reference_type == "purl" || self.reference_type.ends_with("/references/purl")
    }
}

impl Checksum {
    fn text(&self) -> String {
        format!("{}:{}", self.algorithm.to_lowercase(), self.checksum_value)
    }
}

impl Relationship {
    /// Which element depends on which, and what it needs it for. `None`: it is another relationship.
    fn dependency(&self) -> Option<(&str, &str, DependencyScope)> {
        let (one, other) = (self.spdx_element_id.as_str(), self.related_spdx_element.as_str());
        Some(match self.relationship_type.as_str() {
            "DEPENDS_ON" => (one, other, DependencyScope::Unknown),
            "DEPENDENCY_OF" => (other, one, DependencyScope::Unknown),
            "RUNTIME_DEPENDENCY_OF" | "PROVIDED_DEPENDENCY_OF" => (other, one, DependencyScope::Required),
            "OPTIONAL_DEPENDENCY_OF" => (other, one, DependencyScope::Optional),
            "DEV_DEPENDENCY_OF" | "TEST_DEPENDENCY_OF" | "BUILD_DEPENDENCY_OF" => (other, one, DependencyScope::Dev),
            _ => return None,
        })
    }
}
