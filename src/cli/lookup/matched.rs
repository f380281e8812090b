//! What of a release a term matched.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::meaning::Meaning;
use crate::{
    model::Observation,
    store::{FoundRelease, OwnedTrace},
};

/// What of a release, or of a log entry, a term matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Matched {
    /// The term, as it was typed.
    pub term: String,
    /// What was compared: `digest`, `repository_id`, `publisher`.
    pub kind: String,
    /// The value, as it was compared.
    pub value: String,
    /// The file that has or had the digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Matched {
    /// What a search by these terms matched. A search has a clue for each term that has one.
    pub fn of(found: &FoundRelease, terms: &[Meaning]) -> Vec<Self> {
        let with_clue = terms.iter().filter(|term| !term.clue.is_empty());
        let observation = found.row.observation.as_ref();
        with_clue.zip(&found.by).map(|(term, trace)| Self::by(&term.term, trace, observation)).collect()
    }

    fn by(term: &str, trace: &OwnedTrace, observation: Option<&Observation>) -> Self {
        Self {
            term: term.to_owned(),
            kind: trace.kind().to_owned(),
            value: trace.value().to_owned(),
            file: observation.and_then(|observation| file(observation, trace.value())),
        }
    }
}

/// The file of a digest, the former ones too.
fn file(observation: &Observation, digest: &str) -> Option<String> {
    let now = observation.files.iter().map(|file| (&file.name, &file.digests));
    let facts = &observation.facts;
    let before = [&facts.replaced, &facts.former_digests].into_iter().flatten().flatten();
    let has = |one: &Option<String>| one.as_deref() == Some(digest);
    let mut all = now.chain(before);
    let found = all.find(|(_, digests)| [&digests.sha256, &digests.sha512, &digests.sha1].into_iter().any(has));
    found.map(|(name, _)| name.clone())
}

/// For people: what it is, and the value if the term may stand for several.
impl fmt::Display for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            return write!(f, "file {file}");
        }
        let id = self.value.rsplit_once('#').map(|(_, id)| id);
        match (self.kind.as_str(), id) {
            ("repository_id", Some(id)) => write!(f, "repository id {id}"),
            ("owner", Some(id)) => write!(f, "owner id {id}"),
            ("publisher" | "maintainer", _) => write!(f, "{} {}", self.kind, self.value),
            ("named_repository", _) => write!(f, "names {}", self.value),
            ("email", _) => f.write_str("address"),
            ("email_domain", _) => f.write_str("domain of an address"),
            ("signed", _) => f.write_str("signed data or key"),
            ("identity", _) => f.write_str("signer"),
            ("any_attempt", _) => f.write_str("run"),
            ("log_entry", _) => f.write_str("log entry"),
            (kind, _) => f.write_str(kind),
        }
    }
}
