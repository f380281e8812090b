//! Detects a maintainer whose e-mail domain is free to register, or was registered anew.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, DomainFacts, Severity, Signal, traits::Emails},
    text::{day, listed},
};

/// An e-mail domain without an owner, or with another one.
pub struct MaintainerDomainLapsed;

static ABOUT: About = About {
    id: "maintainer-domain-lapsed",
    title: "The e-mail domain of a maintainer lapsed",
    harmless: Some("The e-mail domain of a maintainer is about to be deleted"),
    category: SignalCategory::Account,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A publisher or a maintainer whose e-mail address is at a domain that the registry of its top-level domain does not have: everyone can register it. The signal is also medium if the domain of a publisher's address was registered within 90 days before the release, and the baseline has the address from before that. It is informational if the domain was not renewed and waits for its deletion (*redemption period*, *pending delete*). provwatch asks by RDAP, if `[rdap] enabled = true`. Only npm shows addresses of accounts.

### Why it matters
An attacker who registers the domain receives its mail. They reset the password of the account, and publish as the maintainer.

### False positives
A maintainer who uses another address at the registry than the one that it shows, or an account with a second factor. A name that the registry of a top-level domain reserves is not registered either.

### What to do
Ask the maintainer to change the address of their account, or the other owners to remove it. Compare releases that came after the domain was registered anew. Until the address changes, each release is held, and one alert counts them.

### Example incident
ctx (PyPI, May 2022): the domain of the maintainer's address expired; an attacker registered it, reset the password and published a stealer. foreach (npm, May 2022): a researcher registered the expired domain of its maintainer.";

/// For so many days after a domain was registered anew, a release under its old address is suspicious.
const ANEW: TimeDelta = TimeDelta::days(90);
/// Most accounts that a sentence lists.
const LISTED: usize = 3;

impl Detector for MaintainerDomainLapsed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let domains = change.release.facts.email_domains.iter().flatten();
        domains.filter_map(|(domain, facts)| found(change, domain, facts)).collect()
    }
}

fn found(change: &Change<'_>, domain: &str, facts: &DomainFacts) -> Option<Signal> {
    let anew = registered_anew(change, domain, facts);
    let (severity, state) = match (facts.registered, anew, &facts.ending) {
        (Some(false), ..) => (Severity::Medium, "free to register".to_owned()),
        (_, Some((_, at)), _) => (Severity::Medium, format!("registered anew on {}", day(at))),
        (_, None, Some(ending)) => (Severity::Info, format!("not renewed ({})", quote(ending))),
        (_, None, None) => return None,
    };
    let accounts = facts.accounts.as_ref().map(|names| listed(names.iter().map(|name| quote(name)), LISTED));
    let evidence = Difference {
        expected: "a domain that its owner renews".to_owned(),
        seen: format!("{} of {}: {state}", quote(domain), accounts.unwrap_or_else(|| "an account".to_owned())),
        since: anew.map(|(since, _)| since),
        why: "An attacker who registers the domain receives the mail that resets the account's password.",
    };
    Some(signal(&ABOUT, severity, evidence))
}

/// Since when the baseline has an address at a domain, and when the domain was registered, if that is later and recent.
fn registered_anew(change: &Change<'_>, domain: &str, facts: &DomainFacts) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let at = facts.registered_at?;
    let addresses = change.package.lines.values().flat_map(|line| line.tally(Emails).iter());
    let since = addresses.filter(|(address, _)| is_below(change, address, domain)).map(|(_, seen)| seen.first).min()?;
    (since < at && change.release.published_at - at < ANEW).then_some((since, at))
}

fn is_below(change: &Change<'_>, address: &str, domain: &str) -> bool {
    change
        .host_of(address)
        .is_some_and(|host| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        baseline::learn,
        detect::{AssessmentInputs, ReleaseContext},
        model::{Baseline, Observation},
    };

    fn release(version: &str, day: u32, domains: &Value) -> Observation {
        serde_json::from_value(json!({"purl": format!("pkg:npm/a@{version}"),
            "published_at": format!("2026-03-{day:02}T12:00:00Z"), "auth": {"method": "token"},
            "publisher": {"name": "ann", "email": "ann@Mail.Lapsed.example"}, "attestation": {"status": "absent"},
            "facts": {"email_domains": domains}}))
        .unwrap()
    }

    fn said(domains: &Value) -> Vec<(Severity, String)> {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        learn(&mut baseline, &release("1.0.0", 1, &json!({})));
        let (release, context) = (release("1.0.1", 9, domains), ReleaseContext::default());
        let change = Change::between(&baseline, &release, &AssessmentInputs::usual(&context));
        let signals = MaintainerDomainLapsed.inspect(&change).into_iter();
        signals.map(|signal| (signal.severity, signal.seen)).collect()
    }

    #[test]
    fn each_state_of_a_domain_is_said() {
        let many = ["ann", "bob", "cyn", "dan"];
        for (facts, expected) in [
            (json!({"registered": false, "accounts": ["ann"]}), Some((Severity::Medium, "ann: free to register"))),
            (
                json!({"registered": false, "accounts": many}),
                Some((Severity::Medium, "ann, bob, cyn and 1 more: free to register")),
            ),
            (json!({"registered": false}), Some((Severity::Medium, "an account: free to register"))),
            (
                json!({"registered": true, "registered_at": "2026-03-05T00:00:00Z", "accounts": ["ann"]}),
                Some((Severity::Medium, "ann: registered anew on 2026-03-05")),
            ),
            (
                json!({"registered": true, "ending": "pending delete", "accounts": ["ann"]}),
                Some((Severity::Info, "ann: not renewed (pending delete)")),
            ),
            (json!({"registered": true, "registered_at": "2026-02-27T00:00:00Z", "accounts": ["ann"]}), None),
            (json!({"registered": true}), None),
            (json!({}), None),
        ] {
            let expected = expected.map(|(severity, seen)| (severity, format!("lapsed.example of {seen}")));
            assert_eq!(said(&json!({"lapsed.example": facts})), expected.into_iter().collect::<Vec<_>>(), "{facts}");
        }
    }

    #[test]
    fn only_addresses_at_the_domain_count_as_older_than_it() {
        for (domain, is_said) in
            [("lapsed.example", true), ("mail.lapsed.example", true), ("apsed.example", false), ("x.example", false)]
        {
            let facts = json!({domain: {"registered": true, "registered_at": "2026-03-05T00:00:00Z"}});
            assert_eq!(!said(&facts).is_empty(), is_said, "{domain}");
        }
    }
}
