//! Tests of looking up the e-mail domains of a release's accounts.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::lab::{Lab, observation, package};
use crate::{
    clock::Clock,
    http::{Client, ScriptedTransport},
    model::{Fact, Observation, Person},
    packages::verify::email_domains::EmailDomains,
    rdap::{Answers, Rdap},
};

/// Keeps nothing.
#[derive(Debug)]
struct Forgetful;

impl Answers for Forgetful {
    fn kept(&self, _: &str) -> Option<String> {
        None
    }

    fn keep(&self, _: &str, _: &str, _: DateTime<Utc>) {}
}

/// A network whose `.test` has an RDAP server.
fn network() -> Arc<ScriptedTransport> {
    let network = Arc::new(ScriptedTransport::new());
    let file = json!({"services": [[["test"], ["https://rdap.example/"]]]});
    network.answer("dns.json", 200, &[], file.to_string());
    network
}

fn person(name: &str, email: &str) -> Person {
    Person { name: name.to_owned(), email: Some(email.to_owned()) }
}

/// The release with the facts about its accounts.
async fn found(network: &Arc<ScriptedTransport>, maintainers: &[Person]) -> Observation {
    let (lab, package) = (Lab::new(), package("widget"));
    let clock: Arc<dyn Clock> = Arc::clone(&lab.clock) as _;
    let http = Client::new(Arc::clone(network) as _, Arc::clone(&clock));
    let source = "https://iana.example/dns.json".parse().unwrap();
    let rdap = Rdap::new(&http, clock, Arc::new(Forgetful), source);
    let mut release = observation(&package.at("1.0.0"), lab.now(), "ann");
    release.publisher = Some(person("ann", "ann@mail.taken.test"));
    let turn = lab.turn(&package);
    let domains = EmailDomains { rdap: Some(Arc::new(rdap)) };
    domains.find(&lab.subject(&package, &turn), &mut release, maintainers).await;
    release
}

#[tokio::test]
async fn each_domain_is_asked_about_once_and_what_is_not_known_is_said() {
    let network = network();
    let taken = json!({"objectClassName": "domain", "status": ["pending delete"]});
    network.answer("/domain/taken.test", 200, &[], taken.to_string());
    network.answer("/domain/free.test", 404, &[], "");
    network.answer("/help", 200, &[], r#"{"rdapConformance": ["rdap_level_0"]}"#);
    network.answer("/domain/xn--bcher-kva.test", 500, &[], "");
    let maintainers = [
        person("bob", "bob@taken.test."),
        person("cyn", "Cyn@Free.TEST"),
        person("dan", "dan@bücher.test"),
        person("eve", "eve@other.nosuchsuffix"),
        person("fay", "user@localhost"),
        person("gus", "not an address"),
    ];
    let facts = found(&network, &maintainers).await.facts;
    let expected = json!({
        "taken.test": {"registered": true, "ending": "pending delete", "accounts": ["ann", "bob"]},
        "free.test": {"registered": false, "accounts": ["cyn"]},
    });
    assert_eq!(serde_json::to_value(facts.email_domains).unwrap(), expected);
    let unknown: Vec<_> = facts.unknown.unwrap().into_keys().collect();
    let domain = |name: &str| Fact::EmailDomain(name.to_owned());
    assert_eq!(unknown, [domain("other.nosuchsuffix"), domain("xn--bcher-kva.test")]);
    assert_eq!(network.requests().len(), 5);
}

#[tokio::test]
async fn a_hundred_maintainers_cause_twenty_questions() {
    let network = network();
    let taken = json!({"objectClassName": "domain"}).to_string();
    network.answer("/domain/taken.test", 200, &[], taken.clone());
    let domain = |number: usize| format!("d{number:03}.test");
    let maintainers: Vec<_> = (0..100).map(|n| person("bob", &format!("bob@{}", domain(n)))).collect();
    for number in 0..100 {
        network.answer(&format!("/domain/{}", domain(number)), 200, &[], taken.clone());
    }
    let facts = found(&network, &maintainers).await.facts;
    let known = facts.email_domains.unwrap();
    assert_eq!((known.len(), known.contains_key("taken.test")), (20, true), "that of the publisher is among them");
    assert_eq!(network.requests().len(), 21);
    assert_eq!(facts.unknown.unwrap()[&Fact::EmailDomains], "101 domains; 20 are asked about");
}

#[tokio::test]
async fn without_rdap_nothing_is_asked() {
    let (lab, package) = (Lab::new(), package("widget"));
    let mut release = observation(&package.at("1.0.0"), lab.now(), "ann");
    let (before, turn) = (release.clone(), lab.turn(&package));
    let off = EmailDomains { rdap: None };
    off.find(&lab.subject(&package, &turn), &mut release, &[person("bob", "bob@free.test")]).await;
    assert_eq!(release, before);
}
