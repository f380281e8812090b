//! Detects a release that others report as malicious.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, signal},
    model::{Confidence, MalwareReport, Severity, Signal},
    text::listed,
};

/// Most reports that a signal names.
const NAMED: usize = 3;

/// A release that others report as malicious.
pub struct ReportedMalicious;

static ABOUT: About = About {
    id: "reported-malicious",
    title: "Others report it as malicious",
    harmless: None,
    category: SignalCategory::Report,
    severity: Severity::Critical,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release that a report of the source in `[osv]` is about, and that report was not withdrawn. The report lists the version, has a range with it, or is about the whole package. provwatch checks new releases when it judges them, and stored ones when a report comes or changes. A report that is withdrawn is a development of the alert. Without `[osv] source` the detector never fires.

### Why it matters
The reports come from people and companies who looked at the content of packages, which provwatch does not do. The time of the first report tells how long the release has been known as malicious.

### False positives
A wrong report: some are withdrawn after days. A report about a whole package covers versions from before it was taken over, and from after it was given back.

### What to do
Treat the release as malicious until you know better: remove it, and look for machines that installed it. Read the report under its id on the page of OSV. If it is wrong, tell its authors, and resolve the alert: `provwatch alerts resolve ID --as false-positive`.

### Example incident
chalk and debug (September 2025): OSV has a report of each malicious release. MAL-2025-41440 was withdrawn: its package had done nothing.";

impl Detector for ReportedMalicious {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        reported(change.release.facts.reports.as_deref().unwrap_or_default()).into_iter().collect()
    }
}

/// The signal about reports; `None` without one that its authors still stand by.
pub fn reported(reports: &[MalwareReport]) -> Option<Signal> {
    let mut reports: Vec<&MalwareReport> = reports.iter().filter(|report| report.is_active()).collect();
    reports.sort_by_key(|report| (report.published_at, &report.id));
    let reports = without_aliases(reports);
    let day = reports.first()?.published_at.format("%Y-%m-%d");
    let ids = listed(reports.iter().map(|report| report.id.clone()), NAMED);
    let evidence = Difference {
        expected: "no report about it".to_owned(),
        seen: format!("reported by others since {day}: {ids}"),
        since: None,
        why: "Others looked at the package and report it as malicious. Machines that installed it need to be examined.",
    };
    Some(signal(&ABOUT, Severity::Critical, evidence))
}

/// Each report once, under its earliest id.
fn without_aliases(reports: Vec<&MalwareReport>) -> Vec<&MalwareReport> {
    let mut each: Vec<&MalwareReport> = Vec::new();
    for report in reports {
        if !each.iter().any(|known| known.is_same(report)) {
            each.push(report);
        }
    }
    each
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_report_says_since_when_and_few_are_named() {
        let report = |number: u32, withdrawn: bool| MalwareReport {
            id: format!("MAL-2026-{number}"),
            published_at: format!("2026-03-{number:02}T12:00:00Z").parse().unwrap(),
            aliases: Vec::new(),
            withdrawn_at: withdrawn.then(|| "2026-04-01T12:00:00Z".parse().unwrap()),
        };
        let seen = |reports: &[MalwareReport]| reported(reports).map(|signal| signal.seen);
        assert_eq!(seen(&[]), None);
        assert_eq!(seen(&[report(1, true)]), None);
        let some = [report(9, false), report(2, false), report(1, true)];
        assert_eq!(seen(&some).unwrap(), "reported by others since 2026-03-02: MAL-2026-2, MAL-2026-9");
        let alias = MalwareReport { aliases: vec!["MAL-2026-2".to_owned()], ..report(9, false) };
        assert_eq!(seen(&[alias, report(2, false)]).unwrap(), "reported by others since 2026-03-02: MAL-2026-2");
        let many: Vec<_> = (1..=7).map(|number| report(number, false)).collect();
        let named = "reported by others since 2026-03-01: MAL-2026-1, MAL-2026-2, MAL-2026-3 and 4 more";
        assert_eq!(seen(&many).unwrap(), named);
    }
}
