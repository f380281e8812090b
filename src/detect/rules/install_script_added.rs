//! Detects new code that runs at installation.

use crate::{
    detect::{
        About, Change, Detector, Evidence, SignalCategory,
        comparison::{quote, usual},
        support,
    },
    model::{Confidence, Manifest, OrNone, Severity, Signal, traits::InstallScripts},
    text::quoted,
};

/// Code that runs at installation, where there was none.
pub struct InstallScriptAdded;

static ABOUT: About = About {
    id: "install-script-added",
    title: "Runs new code at installation",
    harmless: None,
    category: SignalCategory::Content,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
An install-time script hook that the line never had: medium where earlier releases are known to have had none like it, low where nothing is known of them. The beginning of what it runs stands in the alert. It only supports other signals.

### Why it matters
It runs on every machine that installs the release, before anybody imports it; most npm malware starts there.

### False positives
Native modules need one. That is why it is low by itself.

### What to do
Read the script before installing; install with scripts disabled until then.

### Example incident
eslint-config-prettier 10.1.6 (July 2025) came with an install script that loaded a library.";

impl Detector for InstallScriptAdded {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        added(change).into_iter().collect()
    }
}

/// Most characters of a script that an alert shows.
const SHOWN: usize = 300;

/// The hook and what it runs, if that is known.
fn with_command(manifest: &Manifest, hook: &str) -> String {
    let command = manifest.install_commands.as_ref().and_then(|commands| commands.get(hook));
    command.map_or_else(|| quote(hook), |command| format!("{}: {}", quote(hook), quoted(command, SHOWN)))
}

fn added(change: &Change<'_>) -> Option<Signal> {
    let known = change.profile()?.tally(InstallScripts);
    let manifest = change.release.manifest.as_ref()?;
    let scripts = manifest.install_scripts.as_ref()?;
    let new = scripts.iter().filter(|hook| !known.contains(OrNone::Name(hook)));
    let new: Vec<_> = new.map(|hook| with_command(manifest, hook)).collect();
    if new.is_empty() {
        return None;
    }
    let severity = if known.is_empty() { Severity::Low } else { Severity::Medium };
    let evidence = Evidence {
        expected: if known.is_empty() { "not known of earlier releases".to_owned() } else { usual(known.iter()) },
        seen: new.join(", "),
        since: known.since(),
        why: "It runs on every machine that installs the release.",
    };
    Some(support(&ABOUT, severity, evidence))
}
