//! Detects a build by another reusable workflow.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, OrNone, Severity, Signal, traits::Builders},
};

/// Another reusable workflow did the building.
pub struct BuilderChanged;

static ABOUT: About = About {
    id: "builder-changed",
    title: "Built by another reusable workflow",
    harmless: None,
    category: SignalCategory::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A build by a reusable workflow (the certificate's Build Signer URI) that the line has never used, or by any reusable workflow on a line that never used one. The signal is medium if the reusable workflow belongs to another repository, and low if it belongs to the project. It is one level lower if the default branch has the commit. A reusable workflow of another owner that is taken from a branch is always medium.

### Why it matters
The reusable workflow runs with the release's identity. Anyone who can change the called workflow can change the release, and the name of the calling workflow stays the same.

### False positives
Organizations move their builds into shared workflows. They announce the move, and all their packages follow.

### What to do
Open both workflows. Check the owner of the called workflow, and whether it is pinned to a commit or to a branch that can move.

### Example incident
No public incident with this signal alone. Registries have confused the calling with the called workflow by accident, which changed the builder of many packages at once.";

impl Detector for BuilderChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let changed = change.traits.iter().filter_map(|traits| found(change, traits));
        changed.collect()
    }
}

/// Whether a reusable workflow belongs to another owner and is taken from a branch: a merge of the caller says nothing
/// about what the branch will contain.
fn is_strangers_branch(traits: &Traits<'_>, builder: &str) -> bool {
    let own = traits.owner.as_deref().is_some_and(|owner| builder.to_lowercase().starts_with(&format!("{owner}/")));
    builder.contains("://") && builder.contains(" at branch ") && !own
}

fn found(change: &Change<'_>, traits: &Traits<'_>) -> Option<Signal> {
    let builder = traits.builder.as_ref()?.asked();
    let new = change.novelty_of_certificate(Builders, builder)?;
    let by_itself = if builder.as_str().contains("://") { Severity::Medium } else { Severity::Low };
    let severity = match is_strangers_branch(traits, builder.as_str()) {
        true => by_itself,
        false if change.on_default_branch() == Some(true) => new.weigh(by_itself).lowered(),
        false => new.weigh(by_itself),
    };
    let evidence = Difference {
        expected: new.usual,
        seen: match builder {
            OrNone::Nothing => "the workflow itself".to_owned(),
            OrNone::Name(builder) => quote(builder),
        },
        since: new.since,
        why: "A reusable workflow runs with the release's identity. Anyone who can change the workflow can change the release.",
    };
    Some(signal(&ABOUT, severity, evidence))
}
