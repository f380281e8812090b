//! Describes in words what becomes normal when a release is accepted.

use schemars::JsonSchema;
use serde::Serialize;

use super::profile::{or_none, rank};
use crate::{
    baseline::learn,
    cli::{fact_table, output, words},
    model::{Baseline, LineBaseline, Observation, ReleaseLine, Trait},
};

/// A value that the release's line has not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Joining {
    /// What it is a value of.
    #[serde(rename = "trait")]
    kind: &'static str,
    value: String,
}

/// The values that would become normal with the release. A release line without a baseline is compared with all others.
pub(super) fn joining(before: &Baseline, release: &Observation) -> Vec<Joining> {
    let line = release.line();
    let known: Vec<Joining> = match before.lines.get(&line) {
        Some(profile) => values(profile),
        None => before.lines.values().flat_map(values).collect(),
    };
    let mut alone = Baseline::empty(before.package.clone());
    learn(&mut alone, release);
    let all: Vec<Joining> = alone.lines.get(&line).map(values).unwrap_or_default();
    all.into_iter().filter(|one| !known.contains(one)).collect()
}

/// Prints them.
pub(super) fn print(line: &ReleaseLine, joining: &[Joining]) {
    let line = words::name(line);
    if joining.is_empty() {
        return output::line(format_args!("Accepting it adds nothing that line {line} has not seen."));
    }
    output::line(format_args!("With this acceptance the baseline of release line {line} includes:"));
    let mut sheet = fact_table::Sheet::new();
    for one in joining {
        sheet.row(one.kind, &one.value);
    }
    sheet.print();
}

fn values(profile: &LineBaseline) -> Vec<Joining> {
    let of_row = |(kind, of, say): &Row| -> Vec<Joining> {
        let words = profile.words(*of).into_iter();
        words.map(|(word, _)| Joining { kind, value: say(word) }).collect()
    };
    ROWS.iter().flat_map(of_row).collect()
}

/// A trait, its name, and the wording of its values.
type Row = (&'static str, Trait, fn(&str) -> String);

/// The traits by which releases are distinguished.
const ROWS: [Row; 21] = [
    ("evidence", Trait::EvidenceRanks, rank),
    ("account", Trait::Publishers, known),
    ("e-mail", Trait::Emails, known),
    ("registration", Trait::ConfigIds, known),
    ("registered repository", Trait::RegisteredRepositories, known),
    ("issuer", Trait::Issuers, known),
    ("repository", Trait::Repositories, known),
    ("owner", Trait::Owners, known),
    ("workflow", Trait::Workflows, known),
    ("built from", Trait::Refs, known),
    ("built by", Trait::Builders, |name| or_none(name, "the workflow itself")),
    ("trigger", Trait::Triggers, known),
    ("environment", Trait::Environments, |name| or_none(name, "no environment")),
    ("runner", Trait::Runners, known),
    ("commit", Trait::Commits, known),
    ("version's tag", Trait::Tags, known),
    ("forge release", Trait::ReleaseSeals, known),
    ("run started by", Trait::Actors, known),
    ("install scripts", Trait::InstallScripts, |name| or_none(name, "none")),
    ("dependency", Trait::Dependencies, |name| or_none(name, "none")),
    ("dependencies from", Trait::DependencySources, known),
];

/// Publishers chose the text, and may have chosen an empty one.
fn known(word: &str) -> String {
    or_none(word, "unknown")
}
