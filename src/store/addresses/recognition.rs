//! Recognizes an address behind its pseudonym: where a release shows the address, it takes the pseudonym's place.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    key::{AddressKey, host, is_pseudonym},
    state::{self, State},
};
use crate::{
    model::{Baseline, Observation, Package, Person, Text, traits::Emails},
    store::{Store, StoreError, error::QueryFailure, reading::Reading},
};

/// Recognizes addresses that the store has as pseudonyms. Without a retention there are none.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Option<AddressKey>);

impl Store {
    /// Recognizes addresses that this store has as pseudonyms.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn addresses(&self) -> Result<Addresses, StoreError> {
        self.read("reading the key of pseudonyms", Addresses::of)
    }

    /// Before which publish time addresses are pseudonyms, in all packages; `None`: no retention was ever set.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn addresses_kept_since(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read("reading how far addresses are replaced", |db| {
            Ok(state::read(db)?.and_then(|state| DateTime::from_timestamp_micros(state.until)))
        })
    }
}

impl Addresses {
    pub(in crate::store) fn of(db: &Reading<'_>) -> Result<Self, QueryFailure> {
        Ok(Self(state::read(db)?.map(|State { key, .. }| AddressKey::of(&key))))
    }

    /// Prepares what a registry states for the comparison with a baseline. An address that the baseline knows as a
    /// pseudonym takes its place there; an address in the form of a pseudonym is nobody's, and gets one.
    pub fn receive<'a>(&self, baseline: &mut Baseline, people: impl IntoIterator<Item = &'a mut Person>) {
        let Some(key) = &self.0 else { return };
        let mut shown = Vec::new();
        for email in people.into_iter().filter_map(|person| person.email.as_mut()) {
            if is_pseudonym(email) {
                *email = key.pseudonym(email);
            } else {
                shown.push(&**email);
            }
        }
        Known::of(key, baseline, shown).restore_in(baseline);
    }

    /// Prepares what the store has for a comparison: an address that one of them shows takes the place of its pseudonym in
    /// all of them.
    pub fn recognize<'a>(&self, baseline: &mut Baseline, stored: impl IntoIterator<Item = &'a mut Observation>) {
        let Some(key) = &self.0 else { return };
        let mut emails: Vec<&mut String> = stored.into_iter().flat_map(emails).collect();
        let shown = emails.iter().map(|email| &***email).filter(|email| !is_pseudonym(email));
        let known = Known::of(key, baseline, shown);
        known.restore_in(baseline);
        for email in emails.iter_mut().filter(|email| is_pseudonym(email)) {
            if let Some(address) = known.addresses.get(&**email) {
                address.clone_into(email);
            }
        }
    }

    /// The same for the stored releases of a package among each other.
    pub fn recognize_among<'a>(&self, package: &Package, stored: impl IntoIterator<Item = &'a mut Observation>) {
        self.recognize(&mut Baseline::empty(package.clone()), stored);
    }

    /// The pseudonym of an address in this spelling; `None`: without a retention there are none.
    pub fn pseudonym(&self, address: &str) -> Option<String> {
        self.0.as_ref().map(|key| key.pseudonym(address))
    }

    /// What the pseudonyms of addresses at a host have in common.
    pub fn of_host(&self, host: &str) -> Option<String> {
        self.0.as_ref().map(|key| key.of_host(&host.to_lowercase()))
    }

    /// Whether the store may have pseudonyms.
    pub const fn has_key(&self) -> bool {
        self.0.is_some()
    }

    /// The hosts of the addresses of which a baseline has only pseudonyms, by pseudonym, as far as a release names them.
    pub fn hosts(&self, baseline: &Baseline, release: &Observation) -> BTreeMap<String, String> {
        let Some(key) = &self.0 else { return BTreeMap::new() };
        let people = release.publisher.iter().chain(&release.auth.approved_by);
        let mut hosts: BTreeSet<String> = people.filter_map(|person| host(person.email.as_deref()?)).collect();
        hosts.extend(release.facts.email_domains.iter().flat_map(BTreeMap::keys).cloned());
        let host_of = |pseudonym: &str| hosts.iter().find(|host| key.is_at(pseudonym, host)).cloned();
        pseudonyms(baseline).filter_map(|pseudonym| Some((pseudonym.to_owned(), host_of(pseudonym)?))).collect()
    }
}

/// Whether a baseline has pseudonyms.
pub(in crate::store) fn has_pseudonyms(baseline: &Baseline) -> bool {
    pseudonyms(baseline).next().is_some()
}

fn pseudonyms(baseline: &Baseline) -> impl Iterator<Item = &str> {
    addresses(baseline).filter(|address| is_pseudonym(address))
}

fn addresses(baseline: &Baseline) -> impl Iterator<Item = &str> {
    baseline.lines.values().flat_map(|line| line.tally(Emails).values()).map(|address| &**address)
}

fn emails(release: &mut Observation) -> impl Iterator<Item = &mut String> {
    let people = release.publisher.iter_mut().chain(&mut release.auth.approved_by);
    people.filter_map(|person| person.email.as_mut())
}

/// The addresses that are known, by their pseudonyms.
struct Known<'a> {
    key: &'a AddressKey,
    addresses: BTreeMap<String, String>,
}

impl<'a> Known<'a> {
    /// Those that are shown, and those of a baseline.
    fn of<'b>(key: &'a AddressKey, baseline: &Baseline, shown: impl IntoIterator<Item = &'b str>) -> Self {
        let shown: BTreeSet<&str> = shown.into_iter().collect();
        let shown = shown.into_iter().map(str::to_owned);
        let own = addresses(baseline).filter(|address| !is_pseudonym(address)).map(str::to_owned);
        Self { key, addresses: shown.chain(own).map(|address| (key.pseudonym(&address), address)).collect() }
    }

    /// Puts the addresses in the place of their pseudonyms. A pseudonym of a key that was lost cannot be compared with
    /// anything, and would make every address look new.
    fn restore_in(&self, baseline: &mut Baseline) {
        for line in baseline.lines.values_mut() {
            line.replace(Emails, |known, _| match self.addresses.get(&**known) {
                Some(address) => Some(Text::from(&**address)),
                None => (!is_pseudonym(known) || self.key.made(known)).then(|| known.clone()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::baseline::learn;

    fn key(byte: u8) -> AddressKey {
        AddressKey::of(&[byte; 32])
    }

    fn addresses_of(byte: u8) -> Addresses {
        Addresses(Some(key(byte)))
    }

    fn release(version: &str, email: &str) -> Observation {
        serde_json::from_value(json!({"purl": format!("pkg:npm/a@{version}"), "published_at": "2026-03-01T12:00:00Z",
            "attestation": {"status": "absent"}, "publisher": {"name": "ann", "email": email},
            "auth": {"method": "token"}}))
        .unwrap()
    }

    fn baseline(emails: &[&str]) -> Baseline {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        for (number, email) in emails.iter().enumerate() {
            learn(&mut baseline, &release(&format!("1.0.{number}"), email));
        }
        baseline
    }

    fn known(baseline: &Baseline) -> Vec<String> {
        addresses(baseline).map(str::to_owned).collect()
    }

    #[test]
    fn an_address_that_comes_back_is_the_known_one_and_a_stranger_is_not() {
        let ann = key(1).pseudonym("ann@a.example");
        for (shown, expected) in
            [("ann@a.example", "ann@a.example"), ("eve@a.example", &*ann), ("Ann@a.example", &*ann), ("", &*ann)]
        {
            let (mut baseline, mut release) = (baseline(&[&ann]), release("1.1.0", shown));
            addresses_of(1).receive(&mut baseline, &mut release.publisher);
            assert_eq!(known(&baseline), [expected], "{shown}");
            assert_eq!(release.publisher.unwrap().email.unwrap(), shown, "what a registry states stays");
        }
    }

    /// An attacker may have seen the pseudonym in a message.
    #[test]
    fn an_address_in_the_form_of_a_pseudonym_is_nobodys() {
        let ann = key(1).pseudonym("ann@a.example");
        let (mut baseline, mut release) = (baseline(&[&ann]), release("1.1.0", &ann));
        addresses_of(1).receive(&mut baseline, &mut release.publisher);
        assert_eq!(known(&baseline), [&*ann]);
        assert_eq!(release.publisher.unwrap().email.unwrap(), key(1).pseudonym(&ann));
    }

    #[test]
    fn an_address_and_its_pseudonym_are_counted_together() {
        let ann = key(1).pseudonym("ann@a.example");
        let mut baseline = baseline(&["ann@a.example", &ann, &ann]);
        addresses_of(1).recognize(&mut baseline, []);
        let line = baseline.lines.values().next().unwrap();
        assert_eq!(
            line.tally(Emails).get("ann@a.example").map(|seen| (seen.count, line.tally(Emails).len())),
            Some((3, 1))
        );
    }

    #[test]
    fn stored_releases_and_the_baseline_agree_whichever_of_them_is_older() {
        let ann = key(1).pseudonym("ann@a.example");
        for (in_baseline, in_release, expected) in [
            ("ann@a.example", &*ann, "ann@a.example"),
            (&*ann, "ann@a.example", "ann@a.example"),
            (&*ann, &*ann, &*ann),
            ("ann@a.example", "ann@a.example", "ann@a.example"),
        ] {
            let (mut baseline, mut release) = (baseline(&[in_baseline]), release("1.1.0", in_release));
            addresses_of(1).recognize(&mut baseline, [&mut release]);
            assert_eq!(known(&baseline), [expected]);
            assert_eq!(release.publisher.unwrap().email.unwrap(), expected);
        }
        let mut two = [release("1.0.0", &ann), release("1.1.0", "ann@a.example")];
        addresses_of(1).recognize_among(&"pkg:npm/a".parse().unwrap(), &mut two);
        assert_eq!(two[0].publisher, two[1].publisher);
    }

    #[test]
    fn a_pseudonym_of_a_lost_key_says_nothing() {
        let lost = key(2).pseudonym("ann@a.example");
        let mut both = baseline(&[&lost, "bob@b.example"]);
        addresses_of(1).recognize(&mut both, []);
        assert_eq!(known(&both), ["bob@b.example"]);
        let mut one = baseline(&[&lost]);
        addresses_of(1).receive(&mut one, []);
        assert_eq!(known(&one), Vec::<String>::new(), "nothing to compare with");
    }

    #[test]
    fn without_a_key_nothing_changes() {
        let ann = key(1).pseudonym("ann@a.example");
        let (mut baseline, mut release) = (baseline(&[&ann]), release("1.1.0", &ann));
        let before = (baseline.clone(), release.clone());
        let none = Addresses::default();
        none.receive(&mut baseline, &mut release.publisher);
        none.recognize(&mut baseline, [&mut release]);
        assert_eq!((baseline.clone(), release.clone()), before);
        assert_eq!(none.hosts(&baseline, &release), BTreeMap::new());
    }

    #[test]
    fn the_host_of_a_pseudonym_is_known_where_the_release_names_it() {
        let (ann, old) = (key(1).pseudonym("ann@a.example"), key(1).pseudonym("old@lapsed.example"));
        let baseline = baseline(&[&ann, &old, "bob@b.example"]);
        let mut release = release("1.1.0", "eve@A.example");
        let hosts = |release: &Observation| addresses_of(1).hosts(&baseline, release);
        assert_eq!(hosts(&release), BTreeMap::from([(ann.clone(), "a.example".to_owned())]));
        release.facts = serde_json::from_value(json!({"email_domains": {"lapsed.example": {}}})).unwrap();
        assert_eq!(hosts(&release).get(&old).map(String::as_str), Some("lapsed.example"));
    }
}
