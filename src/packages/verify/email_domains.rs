//! Asks RDAP whether the e-mail domains of a release's accounts are registered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::{StreamExt, future::ready, stream};

use super::dependencies::TOO_LATE;
use crate::{
    model::{DomainFacts, Fact, Facts, Observation, Person},
    packages::examination::Examination,
    rdap::{Answer, Rdap, Registration, registrable},
    store::is_pseudonym,
};

/// Most domains of a release that are asked about.
const MAX_DOMAINS: usize = 20;
/// How many of them at once.
const AT_ONCE: usize = 4;

/// A domain with the accounts that have an address there.
type Domain = (String, BTreeSet<String>);

/// Looks up e-mail domains.
#[derive(Clone, Debug)]
pub struct EmailDomains {
    /// Asks about domains, if that is switched on.
    pub rdap: Option<Arc<Rdap>>,
}

impl EmailDomains {
    /// Looks up the domains of the publisher's and the maintainers' addresses. A domain that could not be looked up is
    /// unknown, with the reason. It alone causes no further check, as most such answers stay the same.
    pub async fn find(&self, subject: &Examination<'_>, release: &mut Observation, maintainers: &[Person]) {
        let Some(rdap) = &self.rdap else { return };
        let mut domains = domains(release, maintainers);
        if domains.len() > MAX_DOMAINS {
            let why = format!("{} domains; {MAX_DOMAINS} are asked about", domains.len());
            release.facts.unknown_because(Fact::EmailDomains, why);
            domains.truncate(MAX_DOMAINS);
        }
        let asked = stream::iter(domains).map(|domain| async move {
            let answer = rdap.ask(&domain.0).await;
            (domain, answer)
        });
        let mut found = Vec::new();
        let asking = asked.buffered(AT_ONCE).for_each(|answered| {
            found.push(answered);
            ready(())
        });
        // The answers until then count.
        if subject.turn.facts(asking).await.is_none() {
            release.facts.unknown_because(Fact::EmailDomains, TOO_LATE);
        }
        for (domain, answer) in found {
            take(&mut release.facts, domain, answer);
        }
    }
}

/// The domains, that of the publisher first. Addresses without a domain that a registrar sells have none.
fn domains(release: &Observation, maintainers: &[Person]) -> Vec<Domain> {
    let people = release.publisher.iter().chain(&release.auth.approved_by).chain(maintainers);
    let mut places = BTreeMap::new();
    let mut domains: Vec<Domain> = Vec::new();
    for person in people {
        let address = person.email.as_deref().filter(|address| !is_pseudonym(address));
        let Some(Ok(domain)) = address.map(registrable) else { continue };
        let place = *places.entry(domain.clone()).or_insert(domains.len());
        if place == domains.len() {
            domains.push((domain, BTreeSet::new()));
        }
        domains[place].1.insert(person.name.clone());
    }
    domains
}

/// Adds an answer to the facts.
fn take(facts: &mut Facts, (domain, accounts): Domain, answer: Answer) {
    let (registered, registration) = match answer {
        Answer::Registered(registration) => (true, registration),
        Answer::Free => (false, Registration::default()),
        Answer::Unknown(why) => return facts.unknown_because(Fact::EmailDomain(domain), why),
    };
    let known = DomainFacts {
        accounts: Some(accounts),
        registered: Some(registered),
        registered_at: registration.registered_at,
        expires_at: registration.expires_at,
        ending: registration.ending,
    };
    facts.email_domains.get_or_insert_default().insert(domain, known);
}
