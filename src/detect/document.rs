//! Generates `docs/DETECTORS.md` from the documentation of the detectors.

use std::fmt::Write;

use super::{ALL, About, ENTRY_DETECTORS, NAME_DETECTORS, RULES, Rule, SUPPORT_RULES, SignalCategory};

/// `docs/DETECTORS.md`: every detector with its documentation, and how signals combine.
pub fn document() -> String {
    let mut out = String::from(
        "# Detectors\n\nThis page is generated from the code; a test keeps both equal. [BASELINES.md](BASELINES.md) describes the \
         baseline that a release is compared with.\n\n",
    );
    index(&mut out);
    rules(&mut out);
    for detector in ALL {
        section(&mut out, detector.about());
    }
    out.push_str(
        "\n# Detectors over log entries\n\nEach of these signals is an alert of its own, of the kind `log`. It is not part of a \
         release's verdict.\n",
    );
    for detector in ENTRY_DETECTORS {
        section(&mut out, detector.about());
    }
    out.push_str(
        "\n# Detectors over names\n\nEach of these signals is an alert of its own, of the kind `release`, independent of any new release.\n",
    );
    for about in NAME_DETECTORS {
        section(&mut out, about);
    }
    out
}

fn section(out: &mut String, about: &About) {
    let _ = write!(
        out,
        "\n## {}\n\n{}. Category: {}. Severity: at most {}. Confidence: {}. Since {}.\n\n{}\n",
        about.id,
        about.title,
        about.category.as_str(),
        about.severity,
        about.confidence,
        about.since,
        about.docs.trim()
    );
}

fn index(out: &mut String) {
    out.push_str("| detector | title | category | at most |\n|---|---|---|---|\n");
    for about in super::abouts() {
        let (id, title, category) = (about.id, about.title, about.category.as_str());
        let _ = writeln!(out, "| [{id}](#{id}) | {title} | {category} | {} |", about.severity);
    }
}

/// The head of a table of rules.
const TABLE: &str = "| rule | when | severity |\n|---|---|---|\n";

fn table(out: &mut String, rules: &[Rule]) {
    for rule in rules {
        let _ = writeln!(out, "| {} | {} | {} |", rule.name, rule.when, rule.then);
    }
}

fn rules(out: &mut String) {
    let categories: Vec<_> = SignalCategory::ALL.into_iter().map(SignalCategory::as_str).collect();
    let _ = write!(
        out,
        "\n## How signals become one alert\n\nEvery signal belongs to a category: {}. Categories are independent of each \
         other. The worst signal leads. Signals of other categories corroborate it; several signals of one category count \
         once. Corroborating signals (install-script-added, lines-at-once, odd-hours, package-burst, revival, version-jump, \
         young-dependency, and others where their page says so) never lead. The first rule that applies decides.\n\n{TABLE}",
        categories.join(", ")
    );
    table(out, RULES);
    let _ = write!(
        out,
        "\nIf all signals of a release are corroborating or informational, these rules decide instead. If none applies, provwatch raises no alert.\n\n{TABLE}"
    );
    table(out, SUPPORT_RULES);
    out.push_str(
        "\nConfidence is high where more than one category has a signal at low or above, otherwise it is the leading \
         detector's. It is low where all signals are corroborating. A release with an alert of medium or worse stays out of \
         the baseline.\n",
    );
}
