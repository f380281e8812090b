//! Replaces the e-mail addresses of one observation, or of one baseline, by pseudonyms.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{
    key::{AddressKey, is_pseudonym},
    text::replaced,
};
use crate::model::{Baseline, Fact, Facts, Observation, Text, traits::Emails};

/// Replaces the addresses of a release. What RDAP answered about their domains goes, because it names them.
pub(super) fn age_release(release: &mut Observation, key: &AddressKey) {
    for person in release.publisher.iter_mut().chain(&mut release.auth.approved_by) {
        if let Some(email) = person.email.as_mut().filter(|email| !is_pseudonym(email)) {
            *email = key.pseudonym(email);
        }
    }
    forget_domains(&mut release.facts);
    for why in release.unread.0.values_mut().chain(&mut release.unchecked) {
        if let Cow::Owned(aged) = age_text(why, key) {
            *why = aged;
        }
    }
}

fn forget_domains(facts: &mut Facts) {
    facts.email_domains = None;
    if let Some(unknown) = &mut facts.unknown {
        unknown.retain(|fact, _| !matches!(fact, Fact::EmailDomains | Fact::EmailDomain(_)));
    }
    facts.unknown.take_if(|unknown| unknown.is_empty());
}

/// A sentence without addresses.
pub(super) fn age_text<'a>(text: &'a str, key: &AddressKey) -> Cow<'a, str> {
    replaced(text, |address| key.pseudonym(address))
}

/// Whether a baseline has addresses that no release used since a time.
pub(super) fn has_old(baseline: &Baseline, before: DateTime<Utc>) -> bool {
    let mut seen = baseline.lines.values().flat_map(|line| line.tally(Emails).iter());
    seen.any(|(address, seen)| seen.last < before && !is_pseudonym(address))
}

/// Replaces the addresses of a baseline that no release used since a time.
pub(super) fn age_baseline(baseline: &mut Baseline, before: DateTime<Utc>, key: &AddressKey) {
    for line in baseline.lines.values_mut() {
        line.replace(Emails, |address, seen| {
            let is_old = seen.last < before && !is_pseudonym(address);
            Some(if is_old { Text::from(key.pseudonym(address)) } else { address.clone() })
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::baseline::learn;

    fn key() -> AddressKey {
        AddressKey::of(&[7; 32])
    }

    fn release(version: &str, email: &str, day: u32) -> Observation {
        serde_json::from_value(json!({"purl": format!("pkg:npm/a@{version}"),
            "published_at": format!("2026-03-{day:02}T12:00:00Z"), "attestation": {"status": "absent"},
            "publisher": {"name": "ann", "email": email},
            "auth": {"method": "token", "approved_by": {"name": "bob", "email": "bob@b.example"}},
            "maintainers": ["ann", "bob"], "unchecked": ["the address ann@a.example is odd"],
            "unread": {"publisher": "its _npmUser: invalid type: string \"ann@a.example\""},
            "facts": {"email_domains": {"a.example": {"registered": false, "accounts": ["ann"]}},
                "unknown": {"email_domains": "too late", "email_domains.b.example": "no server"}}}))
        .unwrap()
    }

    #[test]
    fn nothing_of_an_address_is_left_in_a_release() {
        let mut aged = release("1.0.0", "ann@a.example", 1);
        age_release(&mut aged, &key());
        let text = serde_json::to_string(&aged).unwrap();
        assert!(!text.contains("a.example") && !text.contains("b.example"), "{text}");
        assert_eq!(text.matches(&key().pseudonym("ann@a.example")).count(), 3, "{text}");
        assert_eq!(aged.publisher.as_ref().unwrap().name, "ann");
        assert_eq!((aged.facts.unknown.clone(), aged.maintainers.clone().unwrap().len()), (None, 2));
        let once = aged.clone();
        age_release(&mut aged, &key());
        assert_eq!(aged, once, "a second time changes nothing");
    }

    #[test]
    fn other_facts_and_their_doubts_stay() {
        let mut aged = release("1.0.0", "ann@a.example", 1);
        aged.facts.unknown_because(Fact::Owner, "the forge did not answer");
        age_release(&mut aged, &key());
        assert_eq!(aged.facts.unknown.unwrap().into_keys().collect::<Vec<_>>(), [Fact::Owner]);
    }

    #[test]
    fn an_address_that_is_in_use_stays_in_a_baseline() {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        for (version, email, day) in
            [("1.0.0", "old@a.example", 1), ("1.0.1", "used@a.example", 2), ("1.0.2", "used@a.example", 20)]
        {
            learn(&mut baseline, &release(version, email, day));
        }
        let before = "2026-03-10T00:00:00Z".parse().unwrap();
        assert!(has_old(&baseline, before));
        let counts = |baseline: &Baseline| -> Vec<(String, u32)> {
            let line = baseline.lines.values().next().unwrap();
            line.tally(Emails).iter().map(|(email, seen)| (email.to_string(), seen.count)).collect()
        };
        age_baseline(&mut baseline, before, &key());
        let mut expected = vec![(key().pseudonym("old@a.example"), 1), ("used@a.example".to_owned(), 2)];
        expected.sort();
        assert_eq!(counts(&baseline), expected);
        assert!(!has_old(&baseline, before));
    }
}
