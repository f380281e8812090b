//! Detects a release by an unfamiliar account, or by a familiar one with another e-mail address.

use crate::{
    detect::{About, Change, Detector, Difference, Novelty, SignalCategory, comparison::quote, signal},
    model::{
        AuthMethod, Confidence, LineBaseline, Person, Severity, Signal,
        traits::{Emails, Publishers},
    },
};

/// Another account, or a known account with another address.
pub struct PublisherChanged;

static ABOUT: About = About {
    id: "publisher-changed",
    title: "Published by an unfamiliar account",
    harmless: Some("Published by an account that is new to the release line"),
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
An account that never published on this line, or a known account with a new e-mail address. On a line with trusted publishing, the accounts of all lines count. The signal is medium. It is one level lower if the account published on other lines, or if three or more accounts publish the line. It is lower, too, if the new address has a known domain, the baseline is a single release, or the version has its tag and forge release. The signal is informational if the account has been a maintainer for two weeks. Trusted publishers are not accounts: this detector neither compares them nor counts them in the baseline. If a person takes the place of a trusted publisher, `evidence-downgrade` raises the signal.

### Why it matters
Without provenance, the account is the only identity that a registry states. A phished account publishes packages that its owner never published before. An attacker who takes over an account changes its e-mail address first.

### False positives
New maintainers. Their versions have a tag and a forge release like all others.

### What to do
Ask the project whether the account belongs to a maintainer. If it does: `provwatch baseline accept`.

### Example incident
chalk and debug (September 2025): an account that had never published four of the packages. axios (March 2026): the maintainer's account with another address.";

/// With so many accounts, another one is not surprising.
const SEVERAL: usize = 3;

impl Detector for PublisherChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let (Some(profile), Some(publisher)) = (change.profile(), &change.release.publisher) else {
            return Vec::new();
        };
        if change.release.auth.method == AuthMethod::TrustedPublisher {
            return Vec::new();
        }
        let moved = address(change, profile, publisher);
        let found = match change.unfamiliar_account(&publisher.name) {
            // Who comes back after long with another address may be somebody else.
            Some(_) if change.knows(profile, Publishers, &publisher.name) && moved.is_some() => moved,
            Some(new) => unfamiliar(change, publisher, new),
            None => moved,
        };
        found.into_iter().collect()
    }
}

fn unfamiliar(change: &Change<'_>, publisher: &Person, new: Novelty) -> Option<Signal> {
    let in_the_open = change.is_in_the_open();
    let elsewhere = change.package.lines.values().any(|line| change.knows(line, Publishers, &publisher.name));
    if elsewhere && in_the_open {
        return None;
    }
    let several = change.profile().is_some_and(|line| line.tally(Publishers).len() >= SEVERAL);
    let is_maintainer = change.is_known_maintainer(&publisher.name);
    // An already lowered severity is not lowered again, however little this line shows.
    let severity = match (is_maintainer, elsewhere || several) {
        (true, _) => Severity::Info,
        (false, true) => Severity::Low,
        (false, false) => new.weigh(Severity::Medium),
    };
    let evidence = Difference {
        expected: new.usual,
        seen: quote(&publisher.name),
        since: new.since,
        why: "Phished accounts publish packages that their owners never published before.",
    };
    Some(signal(&ABOUT, if in_the_open { severity.lowered() } else { severity }, evidence))
}

fn address(change: &Change<'_>, profile: &LineBaseline, publisher: &Person) -> Option<Signal> {
    let email = publisher.email.as_deref()?;
    // A line that only machines release has no address; another line may have the account's.
    let profile = if profile.tally(Emails).is_empty() { change.line_of(&publisher.name)? } else { profile };
    let new = change.novelty_on(profile, Emails, email)?;
    let known_domain = profile.tally(Emails).values().any(|known| change.host_of(known) == change.host_of(email));
    let severity = new.weigh(if known_domain { Severity::Low } else { Severity::Medium });
    let evidence = Difference {
        expected: format!("{} with {}", quote(&publisher.name), new.usual),
        seen: format!("{} with {}", quote(&publisher.name), quote(email)),
        since: new.since,
        why: "An attacker who takes over an account changes its e-mail address first.",
    };
    Some(signal(&ABOUT, if change.is_in_the_open() { severity.lowered() } else { severity }, evidence))
}
