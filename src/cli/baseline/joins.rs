//! What becomes normal when a release is accepted, in words.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    baseline::learn,
    cli::{output, sheet, words},
    model::{Baseline, LineBaseline, Observation, ReleaseLine, Tally},
};

/// A value that the release's line has not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Joining {
    /// What it is a value of.
    #[serde(rename = "trait")]
    kind: &'static str,
    value: String,
}

/// What accepting the release would make normal. A line that knows nothing yet is compared with all others.
pub(super) fn joining(before: &Baseline, release: &Observation) -> Vec<Joining> {
    let line = release.line();
    let known: Vec<Joining> = match before.lines.get(&line) {
        Some(portrait) => values(portrait),
        None => before.lines.values().flat_map(values).collect(),
    };
    let mut alone = Baseline::empty(before.package.clone());
    learn(&mut alone, release);
    let all: Vec<Joining> = alone.lines.get(&line).map(values).unwrap_or_default();
    all.into_iter().filter(|one| !known.contains(one)).collect()
}

/// Says it.
pub(super) fn print(line: &ReleaseLine, joining: &[Joining]) {
    let line = words::name(line);
    if joining.is_empty() {
        return output::line(format_args!("Accepting it adds nothing that line {line} has not seen."));
    }
    output::line(format_args!("Accepting it makes this normal for line {line}:"));
    let mut sheet = sheet::Sheet::new();
    for one in joining {
        sheet.row(one.kind, &one.value);
    }
    sheet.print();
}

fn values(portrait: &LineBaseline) -> Vec<Joining> {
    let evidence = portrait
        .evidence
        .keys()
        .map(|rank| Joining { kind: "proof", value: super::portrait::evidence(*rank).to_owned() });
    let named = tallies(portrait).into_iter().flat_map(|(kind, none, tally)| {
        tally.keys().map(move |value| {
            let value = if value.is_empty() { none.to_owned() } else { words::name(value) };
            Joining { kind, value }
        })
    });
    evidence.chain(named).collect()
}

/// The traits by which releases are told apart, with what the empty text stands for.
fn tallies(portrait: &LineBaseline) -> [(&'static str, &'static str, &Tally<String>); 18] {
    [
        ("account", "unknown", &portrait.publishers),
        ("its e-mail", "unknown", &portrait.emails),
        ("registration", "unknown", &portrait.config_ids),
        ("registered repository", "unknown", &portrait.registered_repositories),
        ("issuer", "unknown", &portrait.issuers),
        ("repository", "unknown", &portrait.repositories),
        ("owner", "unknown", &portrait.owners),
        ("workflow", "unknown", &portrait.workflows),
        ("built from", "unknown", &portrait.refs),
        ("built by", "the workflow itself", &portrait.builders),
        ("trigger", "unknown", &portrait.triggers),
        ("environment", "no environment", &portrait.environments),
        ("runner", "unknown", &portrait.runners),
        ("commit", "unknown", &portrait.commits),
        ("version's tag", "unknown", &portrait.tags),
        ("install scripts", "none", &portrait.install_scripts),
        ("dependency", "none", &portrait.dependencies),
        ("dependencies from", "unknown", &portrait.dependency_sources),
    ]
}
