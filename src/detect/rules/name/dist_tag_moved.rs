//! Detects a name for versions, such as npm's `latest`, that moved back without a release.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    detect::{About, SignalCategory, comparison::quote},
    model::{Confidence, Package, Severity, Signal},
};

/// The detector's id.
pub const DIST_TAG: &str = "dist-tag-moved";

/// The dist-tag that clients install by default.
const DEFAULT: &str = "latest";

/// So many moves to newer versions, and no other since, make a habit of another dist-tag.
const HABIT: u32 = 3;

/// For how long a return to the version before is the ordinary answer to a broken release.
const ROLLBACK: TimeDelta = TimeDelta::days(3);

pub(super) static ABOUT: About = About {
    id: DIST_TAG,
    title: "A dist-tag moved to an older version without a release",
    harmless: None,
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A dist-tag of an npm package that moved to an older version, which provwatch already knew, while the version that it left is still published. This concerns `latest`, and every other dist-tag that provwatch saw move to a newer version at least three times since it last moved back. The signal is medium. It is low if the dist-tag returns within three days to the version that it named just before. provwatch compares the dist-tags at each read of the package's document; the first read only learns them. A move to a newer version raises no signal: provwatch judged that release when it was published. The registry moves dist-tags itself when their version is unpublished, which raises no signal either. The alert is about the package, comes once for each move, and does not change the baseline.

### Why it matters
`npm install` without a version installs `latest`. An attacker with a token for the package can send all new installations to an old version with a known vulnerability, without publishing anything that a monitor of releases sees.

### False positives
A maintainer who takes back a broken release after more than three days, and a project that moves `latest` back to its long-term support line.

### What to do
Ask the maintainers whether they moved it. Compare the older version with the advisories about the package. A lock file protects existing installations.

### Example incident
No public incident with this signal alone. The command (`npm dist-tag add`) needs the same token as a publication, and no release shows it.";

/// A dist-tag that names another version than at the last read.
#[derive(Clone, Copy, Debug)]
pub struct MovedTag<'a> {
    /// The package.
    pub package: &'a Package,
    /// The dist-tag.
    pub tag: &'a str,
    /// The version that it left.
    pub from: &'a str,
    /// Since when it was seen there.
    pub since: DateTime<Utc>,
    /// The version that it named before that, if that was seen.
    pub before: Option<&'a str>,
    /// How often it was seen to move to a newer version since it last moved back.
    pub moves: u32,
    /// The version that it names now.
    pub to: &'a str,
    /// When that was seen.
    pub at: DateTime<Utc>,
}

impl MovedTag<'_> {
    /// Whether the version that it names now is newer, by the rules of the registry.
    pub fn is_forward(&self) -> bool {
        let version = |text| self.package.ecosystem().version(text);
        version(self.to).zip(version(self.from)).is_some_and(|(to, from)| to > from)
    }
}

/// The signal about a dist-tag that moved, if the move is unusual.
pub fn moved_tag(moved: &MovedTag<'_>) -> Option<Signal> {
    let is_of_interest = moved.tag == DEFAULT || moved.moves >= HABIT;
    if moved.to == moved.from || moved.is_forward() || !is_of_interest {
        return None;
    }
    let is_rollback = moved.before == Some(moved.to) && moved.at - moved.since <= ROLLBACK;
    let names = |version: &str| format!("{} = {}", quote(moved.tag), quote(version));
    Some(Signal {
        detector: Cow::Borrowed(ABOUT.id),
        severity: if is_rollback { Severity::Low } else { Severity::Medium },
        expected: names(moved.from),
        seen: names(moved.to),
        since: Some(moved.since),
        why: "Clients that ask for this dist-tag install the older version, with its known vulnerabilities.".to_owned(),
        corroborating: false,
    })
}
