//! An alert as one of several that a typed id may mean.

use std::fmt;

use crate::model::{Alert, AlertId, Fingerprint, Package, ReleaseId, Severity};

/// Most characters of a title that is shown in place of a subject.
const TITLE: usize = 80;

/// One of several alerts that a typed id may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The first digits of its fingerprint, enough to differ from the others.
    pub digits: String,
    pub severity: Severity,
    /// The release or the package that it is about, or else its title.
    pub about: String,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n  {}  {:8}  {}", self.digits, self.severity.as_str(), self.about)
    }
}

/// The first of several alerts, which are sorted by fingerprint.
pub(super) fn candidates(found: &[Alert], at_most: usize) -> Vec<Candidate> {
    let fingerprints: Vec<Fingerprint> = found.iter().map(|alert| alert.fingerprint).collect();
    let digits = telling(&fingerprints);
    found.iter().take(at_most).map(|alert| candidate(alert, digits)).collect()
}

fn candidate(alert: &Alert, digits: usize) -> Candidate {
    let title = || plain(&alert.title);
    let package = || alert.package.as_ref().map(Package::to_string);
    let about = alert.purl.as_ref().map(ReleaseId::to_string).or_else(package).unwrap_or_else(title);
    Candidate { digits: format!("{:.digits$}", alert.fingerprint), severity: alert.severity, about }
}

/// The start of a title, which may contain text that a publisher chose.
fn plain(title: &str) -> String {
    let shown = |c: char| if "'\"\\".contains(c) { c.to_string() } else { c.escape_debug().to_string() };
    title.chars().take(TITLE).map(shown).collect()
}

/// How many digits distinguish sorted fingerprints, at least those of an id: an attacker who searches for such names
/// finds two with one id.
fn telling(sorted: &[Fingerprint]) -> usize {
    let texts: Vec<String> = sorted.iter().map(Fingerprint::to_string).collect();
    let shared = |pair: &[String]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(one, other)| one == other).count();
    texts.windows(2).map(|pair| shared(pair) + 1).max().unwrap_or(0).max(AlertId::DIGITS)
}
