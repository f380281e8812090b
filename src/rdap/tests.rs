//! Tests of the questions to RDAP servers: a scripted network with a bootstrap file, servers and their faults.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Answer, Answers, Rdap};
use crate::{
    clock::ManualClock,
    http::{Client, ScriptedTransport},
};

const SOURCE: &str = "https://iana.example/rdap/dns.json";
const DAY: Duration = Duration::from_hours(24);
const HELP: &str = r#"{"rdapConformance": ["rdap_level_0"]}"#;

/// Answers in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<HashMap<String, String>>);

impl Answers for Memory {
    fn kept(&self, url: &str) -> Option<String> {
        self.0.lock().unwrap().get(url).cloned()
    }

    fn keep(&self, url: &str, answer: &str, _: DateTime<Utc>) {
        self.0.lock().unwrap().insert(url.to_owned(), answer.to_owned());
    }
}

struct Lab {
    clock: Arc<ManualClock>,
    net: Arc<ScriptedTransport>,
    answers: Arc<Memory>,
    rdap: Rdap,
}

impl Lab {
    /// Without a bootstrap file.
    fn bare() -> Self {
        let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
        let (net, answers) = (Arc::new(ScriptedTransport::new()), Arc::new(Memory::default()));
        let rdap = rdap(&net, &clock, &answers);
        Self { clock, net, answers, rdap }
    }

    /// `.test` has a server.
    fn new() -> Self {
        let lab = Self::bare();
        lab.bootstrap();
        lab
    }

    fn bootstrap(&self) {
        let file = json!({"services": [[["test"], ["https://rdap.example/"]]]});
        self.net.answer("dns.json", 200, &[], file.to_string());
    }

    /// The program is started again.
    fn restart(&mut self) {
        self.rdap = rdap(&self.net, &self.clock, &self.answers);
    }

    fn registered(&self, domain: &str) {
        let body = json!({"objectClassName": "domain", "ldhName": domain});
        self.net.answer(&format!("/domain/{domain}"), 200, &[], body.to_string());
    }

    async fn unknown(&self, domain: &str) -> String {
        match self.rdap.ask(domain).await {
            Answer::Unknown(why) => why,
            other => panic!("{domain}: {other:?}"),
        }
    }

    fn requests(&self) -> usize {
        self.net.requests().len()
    }
}

fn rdap(net: &Arc<ScriptedTransport>, clock: &Arc<ManualClock>, answers: &Arc<Memory>) -> Rdap {
    let http = Client::new(Arc::clone(net) as _, Arc::clone(clock) as _);
    Rdap::new(&http, Arc::clone(clock) as _, Arc::clone(answers) as _, SOURCE.parse().unwrap())
}

#[tokio::test]
async fn a_domain_is_registered_for_a_week_and_free_for_an_hour() {
    let mut lab = Lab::new();
    lab.registered("taken.test");
    lab.net.answer("/domain/free.test", 404, &[], "");
    lab.net.answer("/help", 200, &[], HELP);
    for _ in 0..2 {
        assert!(matches!(lab.rdap.ask("taken.test").await, Answer::Registered(_)));
        assert_eq!(lab.rdap.ask("free.test").await, Answer::Free);
        lab.restart();
    }
    assert_eq!(lab.requests(), 4, "the second answers, and the file, are kept");
    lab.clock.advance(Duration::from_hours(2));
    lab.registered("free.test");
    assert!(matches!(lab.rdap.ask("free.test").await, Answer::Registered(_)));
    assert!(matches!(lab.rdap.ask("taken.test").await, Answer::Registered(_)));
    lab.clock.advance(7 * DAY);
    lab.bootstrap();
    lab.net.answer("/domain/taken.test", 404, &[], "");
    lab.net.answer("/help", 200, &[], HELP);
    assert_eq!(lab.rdap.ask("taken.test").await, Answer::Free);
    let asked = lab.net.requests();
    assert!(asked.iter().all(|request| request.header_value("authorization").is_none()));
    assert_eq!(asked[1].url.as_str(), "https://rdap.example/domain/taken.test");
}

#[tokio::test]
async fn not_found_counts_only_from_an_rdap_server() {
    for (status, body) in [(404, ""), (200, "<html>Welcome</html>"), (200, "{}"), (503, "")] {
        let lab = Lab::new();
        lab.net.answer("/domain/free.test", 404, &[], "<html>404</html>");
        lab.net.answer("/help", status, &[], body);
        let why = lab.unknown("free.test").await;
        assert!(why.starts_with("rdap.example: it answers \"not found\""), "{why}");
    }
}

/// A status, headers, a body, and what the reason has to say.
type Reply<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, &'a str);

#[tokio::test]
async fn obnoxious_answers_are_unknown_and_kept_for_an_hour() {
    let elsewhere = &[("location", "https://other.example/domain/a.test")][..];
    let large = format!("{{\"objectClassName\": \"domain\", \"x\": \"{}\"}}", "a".repeat(65 * 1024));
    let table: [Reply<'_>; 13] = [
        (200, &[], "<html>Sign in</html>", "another form"),
        (200, &[], "", "another form"),
        (200, &[], r#"{"objectClassName": "entity"}"#, "not about a domain"),
        (200, &[], r#"{"objectClassName": "domain", "ldhName": "b.test"}"#, "another domain"),
        (200, &[], &large, "larger than 65536 bytes"),
        (301, elsewhere, "", "another host, other.example"),
        (302, &[("location", "http://rdap.example/domain/a.test")], "", "another host, rdap.example"),
        (307, &[], "", "nowhere"),
        (400, &[], "", "400"),
        (403, &[], "", "403"),
        (410, &[], "", "410"),
        (429, &[("retry-after", "3600")], "", "429"),
        (500, &[], "", "500"),
    ];
    for (status, headers, body, expected) in table {
        let lab = Lab::new();
        lab.net.answer("/domain/a.test", status, headers, body.to_owned());
        let why = lab.unknown("a.test").await;
        assert!(why.contains(expected), "{status}: {why}");
        let requests = lab.requests();
        assert_eq!(lab.unknown("a.test").await, why);
        assert_eq!(lab.requests(), requests, "it is not asked again: {why}");
        lab.clock.advance(Duration::from_hours(1));
        lab.registered("a.test");
        assert!(matches!(lab.rdap.ask("a.test").await, Answer::Registered(_)), "{why}");
    }
}

#[tokio::test]
async fn a_redirect_within_the_server_is_followed() {
    let lab = Lab::new();
    lab.net.answer("/domain/a.test", 301, &[("location", "/v1/domains/a.test")], "");
    lab.net.answer("/v1/domains/a.test", 200, &[], r#"{"objectClassName": "domain"}"#);
    assert!(matches!(lab.rdap.ask("a.test").await, Answer::Registered(_)));
    for number in 0..4 {
        lab.net.answer("/domain/b.test", 301, &[("location", "/domain/b.test")], format!("{number}"));
    }
    assert!(lab.unknown("b.test").await.contains("more than 2 redirects"));
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let lab = Lab::new();
    lab.net.answer("/domain/a.test", 429, &[("retry-after", "1800")], "");
    lab.unknown("a.test").await;
    let requests = lab.requests();
    for number in 0..50 {
        let why = lab.unknown(&format!("b{number}.test")).await;
        assert!(why.contains("pause"), "{why}");
    }
    assert_eq!(lab.requests(), requests, "nothing was sent");
}

#[tokio::test]
async fn a_top_level_domain_without_a_server_is_unknown() {
    let lab = Lab::new();
    assert_eq!(lab.unknown("a.other").await, "no RDAP server of .other is known");
    assert_eq!(lab.rdap.top_level_domains().await, Ok(1));
    assert_eq!(lab.requests(), 1);
}

#[tokio::test]
async fn an_old_bootstrap_file_is_used_until_there_is_a_newer_one() {
    let mut lab = Lab::new();
    assert_eq!(lab.rdap.top_level_domains().await, Ok(1));
    lab.clock.advance(4 * DAY);
    lab.restart();
    lab.net.answer("dns.json", 200, &[], "<html>");
    assert_eq!(lab.rdap.top_level_domains().await, Ok(1));
    assert_eq!(lab.rdap.top_level_domains().await, Ok(1));
    assert_eq!(lab.requests(), 2, "a failure is not repeated at once");
    lab.clock.advance(30 * DAY);
    lab.net.answer("dns.json", 500, &[], "");
    assert!(lab.unknown("a.test").await.starts_with("the list of RDAP servers is not known: "));
    lab.clock.advance(DAY);
    lab.bootstrap();
    assert_eq!(lab.rdap.top_level_domains().await, Ok(1));
}

#[tokio::test]
async fn without_a_bootstrap_file_nothing_is_known_and_nothing_asked() {
    for (status, body) in [(404, ""), (200, "[]"), (503, "")] {
        let lab = Lab::bare();
        lab.net.answer("dns.json", status, &[], body);
        let why = lab.unknown("a.test").await;
        assert!(why.starts_with("the list of RDAP servers is not known: "), "{why}");
        lab.unknown("b.test").await;
        assert_eq!(lab.requests(), 1);
    }
}
