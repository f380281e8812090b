//! Generates `docs/DETECTORS.md` from the documentation of the detectors.

use std::fmt::Write;

use super::{ALL, About, ENTRY_DETECTORS, NAME_DETECTORS, RULES, Rule, SUPPORT_RULES, SignalCategory};

/// `docs/DETECTORS.md`: every detector with its documentation, and how signals combine.
pub fn document() -> String {
    let mut out = String::from(
        "# Detectors\n\nA test generates this page from the code. A detector is a rule: it compares one property of a \
         release with the [baseline](BASELINES.md) of the package.\n\n",
    );
    index(&mut out);
    out.push_str(READING);
    rules(&mut out);
    for detector in ALL {
        section(&mut out, detector.about());
    }
    out.push_str(
        "\n# Detectors over log entries\n\nEach of these signals raises an alert of its own, of the kind `log`. It does not \
         change the alert about a release.\n",
    );
    for detector in ENTRY_DETECTORS {
        section(&mut out, detector.about());
    }
    out.push_str(
        "\n# Detectors over names\n\nEach of these signals raises an alert of its own, of the kind `release`, \
         without a new release.\n",
    );
    for about in NAME_DETECTORS {
        section(&mut out, about);
    }
    out
}

/// Explains the words that the texts of the detectors share.
const READING: &str = "
## How to read this page

* *The line* is the [release line](GLOSSARY.md#release-line) of the release. A new line starts with the baseline of another line.
* *The forge* is GitHub or GitLab, where the project has its repository. *With tag and forge release*: the forge has a tag and a release for the version.
* *Known to have no tag*: provwatch asked the forge, and it has none. A fact that provwatch does not know raises no signal.
* *One level lower* than high is medium, then low. *Informational* is severity info: recorded, without a need to act.
";

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
         other. The worst signal leads and gives the alert its title. Signals of other categories corroborate it; several \
         signals of one category count once. Some signals only corroborate and never lead: those of install-script-added, \
         lines-at-once, odd-hours, package-burst, revival, version-jump and young-dependency, and others where their \
         section says so. The first rule that applies decides the severity of the alert.\n\n{TABLE}",
        categories.join(", ")
    );
    table(out, RULES);
    let _ = write!(
        out,
        "\nIf all signals of a release only corroborate or are informational, these rules decide instead. If none \
         applies, an informational signal raises an alert of severity info, and corroborating signals raise none.\n\n{TABLE}"
    );
    table(out, SUPPORT_RULES);
    out.push_str(
        "\nThe confidence of an alert is high if more than one category has a signal at low or above. Otherwise it is \
         the confidence of the leading detector. It is low if all signals only corroborate. A release with an alert of \
         medium or worse does not join the baseline.\n",
    );
}
