//! Imports the packages of CycloneDX and SPDX bills of materials.

use serde::Deserialize;

use super::{ImportError, Imported, source::Source};

/// CycloneDX: <https://cyclonedx.org/docs/1.6/json/>.
#[derive(Deserialize)]
struct CycloneDx {
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    name: String,
    purl: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
}

pub(super) fn cyclonedx(source: &Source<'_>) -> Result<Imported, ImportError> {
    let document: CycloneDx = source.json()?;
    let mut imported = Imported::default();
    components(source, &document.components, &mut imported);
    Ok(imported)
}

/// Depth is bounded by the JSON parser.
fn components(source: &Source<'_>, list: &[Component], imported: &mut Imported) {
    for component in list {
        match &component.purl {
            Some(purl) => imported.take_purl(source, purl),
            None => imported.skip(&component.name, "no purl"),
        }
        components(source, &component.components, imported);
    }
}

/// SPDX 2: <https://spdx.github.io/spdx-spec/v2.3/package-information/>.
#[derive(Deserialize)]
struct Spdx {
    #[serde(default)]
    packages: Vec<SpdxPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(default)]
    name: String,
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: String,
    reference_locator: String,
}

impl ExternalRef {
    /// Some tools write the type as its URI.
    fn is_purl(&self) -> bool {
        self.reference_type == "purl" || self.reference_type.ends_with("/references/purl")
    }
}

/// The answer of GitHub's dependency graph.
#[derive(Deserialize)]
struct Envelope {
    sbom: Spdx,
}

pub(super) fn of_github(source: &Source<'_>) -> Result<Imported, ImportError> {
    Ok(packages(source, &source.json::<Envelope>()?.sbom))
}

pub(super) fn spdx(source: &Source<'_>) -> Result<Imported, ImportError> {
    Ok(packages(source, &source.json()?))
}

fn packages(source: &Source<'_>, document: &Spdx) -> Imported {
    let mut imported = Imported::default();
    for package in &document.packages {
        let mut purls = package.external_refs.iter().filter(|reference| reference.is_purl()).peekable();
        if purls.peek().is_none() {
            imported.skip(&package.name, "no purl");
        }
        purls.for_each(|reference| imported.take_purl(source, &reference.reference_locator));
    }
    imported
}
