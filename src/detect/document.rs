//! Generates `docs/DETECTORS.md` from the documentation of the detectors.

use std::fmt::Write;

use super::{ALL, About, ENTRY_DETECTORS, NAME_DETECTORS, RULES, Rule, SUPPORT_RULES, SignalCategory};

/// `docs/DETECTORS.md`: every detector with its documentation, and how signals combine.
pub fn document() -> String {
    let mut out = String::from(
        "# Detectors\n\nThis page is rendered from the code; a test keeps them equal. What a release is compared with is \
         told in [BASELINES.md](BASELINES.md).\n\n",
    );
    index(&mut out);
    rules(&mut out);
    for detector in ALL {
        section(&mut out, detector.about());
    }
    out.push_str(
        "\n# Detectors over log entries\n\nWhat they say is an alert of the kind `log` by itself, not part of a release's \
         verdict.\n",
    );
    for detector in ENTRY_DETECTORS {
        section(&mut out, detector.about());
    }
    out.push_str(
        "\n# Detectors over names\n\nWhat they say is an alert of the kind `release` by itself, whatever is released.\n",
    );
    for about in NAME_DETECTORS {
        section(&mut out, about);
    }
    out
}

fn section(out: &mut String, about: &About) {
    let _ = write!(
        out,
        "\n## {}\n\n{}. Ground: {}. Severity: at most {}. Confidence: {}. Since {}.\n\n{}\n",
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
    out.push_str("| detector | says | ground | at most |\n|---|---|---|---|\n");
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
        "\n## How signals become one alert\n\nEvery signal rests on a ground: {}. Grounds are independent of each other. \
         The worst signal leads; signals of other grounds corroborate it; several signals of one ground count once. \
         Supporting signals (install-script-added, lines-at-once, odd-hours, package-burst, revival, version-jump, \
         young-dependency, and others where their page says so) corroborate and never lead. The first rule that applies decides.\n\n{TABLE}",
        categories.join(", ")
    );
    table(out, RULES);
    let _ = write!(
        out,
        "\nWhere nothing but supporting signals speak, these rules decide instead; where none applies, there is no alert.\n\n{TABLE}"
    );
    table(out, SUPPORT_RULES);
    out.push_str(
        "\nConfidence is high where more than one ground speaks, else the leading detector's. An alert of medium or worse \
         keeps its release from teaching the baseline.\n",
    );
}
