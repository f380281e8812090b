//! Reads CycloneDX bills of materials, with the reachability and VEX that other tools wrote into them.

use std::collections::HashMap;

use serde::Deserialize;

use super::{
    ImportError,
    draft::Draft,
    listed::{Entry, Listed},
    purls,
    source::Source,
};
use crate::model::{DependencyScope, Reachability, Vex};

/// CycloneDX: <https://cyclonedx.org/docs/1.6/json/>.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    dependencies: Vec<Dependencies>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    /// What the document is about.
    component: Option<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    #[serde(default)]
    name: String,
    purl: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    properties: Vec<Property>,
    evidence: Option<Evidence>,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Property {
    #[serde(default)]
    name: String,
    value: Option<String>,
}

/// Where another tool found the component in the project.
#[derive(Deserialize)]
struct Evidence {
    #[serde(default)]
    occurrences: Vec<serde::de::IgnoredAny>,
    callstack: Option<Callstack>,
}

#[derive(Deserialize)]
struct Callstack {
    #[serde(default)]
    frames: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependencies {
    r#ref: String,
    #[serde(default)]
    depends_on: Vec<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    analysis: Option<Analysis>,
    #[serde(default)]
    affects: Vec<Affected>,
}

#[derive(Deserialize)]
struct Analysis {
    state: Option<String>,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(default)]
    r#ref: String,
}

pub(super) fn parse(source: &Source<'_>) -> Result<Listed, ImportError> {
    let document: Document = source.json()?;
    let mut draft = Draft::of(source);
    let mut places = HashMap::new();
    components(source, &document.components, &mut draft, &mut places)?;
    let subject = document.metadata.component.as_ref().and_then(|subject| subject.reference.as_deref());
    for Dependencies { r#ref, depends_on } in &document.dependencies {
        for to in depends_on.iter().filter_map(|to| places.get(to.as_str()).copied()) {
            match places.get(r#ref.as_str()) {
                _ if Some(r#ref.as_str()) == subject => draft.root(to, DependencyScope::Unknown)?,
                Some(from) => draft.edge(*from, to, DependencyScope::Unknown)?,
                None => {}
            }
        }
    }
    for vulnerability in &document.vulnerabilities {
        judged(vulnerability, &places, &mut draft);
    }
    Ok(draft.finish())
}

/// Depth is bounded by the JSON parser.
fn components<'a>(
    source: &Source<'_>,
    list: &'a [Component],
    draft: &mut Draft<'_>,
    places: &mut HashMap<&'a str, usize>,
) -> Result<(), ImportError> {
    for component in list {
        let at = draft.add(component.entry(source))?;
        if let Some(reference) = &component.reference {
            places.insert(reference, at);
        }
        components(source, &component.components, draft, places)?;
    }
    Ok(())
}

/// Notes what a statement says of the components that it names. Of several the worst counts.
fn judged(vulnerability: &Vulnerability, places: &HashMap<&str, usize>, draft: &mut Draft<'_>) {
    let state = vulnerability.analysis.as_ref().and_then(|analysis| vex(analysis.state.as_deref()?));
    let Some(state) = state else { return };
    for affected in &vulnerability.affects {
        // A component of this document, or of a document by its URN: `urn:cdx:…/1#reference`.
        let name = &affected.r#ref;
        let local =
            name.strip_prefix("urn:cdx:").and_then(|urn| urn.split_once('#')).map_or(name.as_str(), |(_, name)| name);
        let entry = places.get(local).and_then(|at| draft.entry(*at));
        if let Some(entry) = entry {
            entry.vex = Some(entry.vex.map_or(state, |known| known.min(state)));
        }
    }
}

fn vex(state: &str) -> Option<Vex> {
    Some(match state {
        "exploitable" => Vex::Exploitable,
        "in_triage" => Vex::InTriage,
        "resolved" | "resolved_with_pedigree" => Vex::Resolved,
        "false_positive" => Vex::FalsePositive,
        "not_affected" => Vex::NotAffected,
        _ => return None,
    })
}

impl Component {
    fn entry(&self, source: &Source<'_>) -> Result<Entry, (&str, String)> {
        let purl = self.purl.as_deref().ok_or_else(|| (self.name.as_str(), "no purl".to_owned()))?;
        let mut entry = purls::entry(source, purl)?;
        entry.place.scope = self.scope();
        entry.reachability = self.evidence.as_ref().and_then(Evidence::reachability);
        let digests: Vec<String> = self.hashes.iter().map(Hash::text).collect();
        Ok(entry.with_digests(digests.iter().map(String::as_str)))
    }

    /// `excluded` means tests and the like. The tool for npm marks what only developers need by a property.
    fn scope(&self) -> DependencyScope {
        let is_dev = |one: &Property| one.name == "cdx:npm:package:development" && one.value.as_deref() == Some("true");
        match self.scope.as_deref() {
            _ if self.properties.iter().any(is_dev) => DependencyScope::Dev,
            Some("required") => DependencyScope::Required,
            Some("optional") => DependencyScope::Optional,
            Some("excluded") => DependencyScope::Dev,
            _ => DependencyScope::Unknown,
        }
    }
}

impl Hash {
    /// `SHA-256` as `sha256:…`.
    fn text(&self) -> String {
        format!("{}:{}", self.alg.replace('-', "").to_lowercase(), self.content)
    }
}

impl Evidence {
    fn reachability(&self) -> Option<Reachability> {
        let is_called = self.callstack.as_ref().is_some_and(|stack| !stack.frames.is_empty());
        let found = (!self.occurrences.is_empty()).then_some(Reachability::Found);
        if is_called { Some(Reachability::Called) } else { found }
    }
}
