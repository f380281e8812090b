//! Detects new code that runs at installation.

use crate::{
    detect::{
        About, Change, Detector, Difference, SignalCategory,
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
An install script that the line never had. The signal is medium if earlier releases are known to have had none, and low if provwatch does not know the scripts of any earlier release. The alert quotes the beginning of the script. The signal only corroborates others.

### Why it matters
The script runs on every machine that installs the release, before any code imports the package. Most npm malware starts there.

### False positives
Native modules need an install script. An alert about this signal alone is therefore low at most.

### What to do
Read the script before installing. Until then, install with scripts disabled.

### Example incident
eslint-config-prettier 10.1.6 (July 2025) had an install script that loaded a malicious library.";

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

/// The hook and its command, if that is known.
fn with_command(manifest: &Manifest, hook: &str) -> String {
    let command = manifest.install_commands.as_ref().and_then(|commands| commands.get(hook));
    command.map_or_else(|| quote(hook), |command| format!("{}: {}", quote(hook), quoted(command, SHOWN)))
}

fn added(change: &Change<'_>) -> Option<Signal> {
    let profile = change.profile()?;
    let known = profile.tally(InstallScripts);
    let manifest = change.release.manifest.as_ref()?;
    let scripts = manifest.install_scripts.as_ref()?;
    let new = scripts.iter().filter(|hook| !change.knows(profile, InstallScripts, OrNone::Name(hook)));
    let new: Vec<_> = new.map(|hook| with_command(manifest, hook)).collect();
    if new.is_empty() {
        return None;
    }
    let severity = if known.is_empty() { Severity::Low } else { Severity::Medium };
    let evidence = Difference {
        expected: if known.is_empty() {
            "install scripts of earlier releases are not known".to_owned()
        } else {
            usual(known.iter())
        },
        seen: new.join(", "),
        since: known.since(),
        why: "The script runs on every machine that installs the release.",
    };
    Some(support(&ABOUT, severity, evidence))
}
