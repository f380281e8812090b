//! Detects a release by a recently added maintainer or a recently created account.

use chrono::{DateTime, Utc};

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{AuthMethod, Confidence, Severity, Signal},
    text::counted,
};

/// A maintainer who was added days ago.
pub struct MaintainerNew;

static ABOUT: About = About {
    id: "maintainer-new",
    title: "Published by a recently added maintainer",
    harmless: None,
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A publisher who has been a maintainer of the package for less than fourteen days, or whose registry account is less than thirty days old. The signal is one level lower if the version has its tag and forge release.

### Why it matters
An attacker who becomes a maintainer publishes soon afterwards. An account that they create for the attack has no history.

### False positives
A project that adds a maintainer so that they can make the next release.

### What to do
Check which maintainer added the account, and whether the account works on the repository under the same name.

### Example incident
event-stream (2018): a stranger offered help, became a maintainer, and published the payload weeks later.";

/// For so many days after being added a maintainer is new.
const MAINTAINER_DAYS: i64 = 14;

/// For so many days after its creation an account is young.
const ACCOUNT_DAYS: i64 = 30;

impl Detector for MaintainerNew {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let account = change.release.facts.publisher_account.as_ref()?;
    if change.view.is_none() || change.release.auth.method == AuthMethod::TrustedPublisher {
        return None;
    }
    let age = |since: DateTime<Utc>| (change.release.published_at - since).num_days();
    let young = |age: Option<i64>, limit: i64| age.filter(|age| (0..limit).contains(age));
    let (what, age) = young(account.maintainer_since.map(age), MAINTAINER_DAYS)
        .map(|age| ("a maintainer", age))
        .or_else(|| young(account.created_at.map(age), ACCOUNT_DAYS).map(|age| ("an account", age)))?;
    let name = change.release.publisher.as_ref().map_or("the publisher", |publisher| publisher.name.as_str());
    let evidence = Difference {
        expected: "a long-standing maintainer".to_owned(),
        seen: format!("{}, {what} for {}", quote(name), counted(age, "day")),
        since: None,
        why: "A newly added attacker publishes soon after.",
    };
    let severity = if change.is_in_the_open() { Severity::Low } else { Severity::Medium };
    Some(signal(&ABOUT, severity, evidence))
}
