//! No secret of a receiver shows: neither in a message, nor in what an answer that quotes it becomes.

use std::{cell::RefCell, path::Path, rc::Rc, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    alerts::{harmless, messages},
    logged::logged,
    receive::{Caught, each},
    rows::{Place, Receiver, Row, rows},
    smtp::{Protection, Script, Server},
};
use crate::{
    app::sinks::subscription,
    clock::{Clock, ManualClock},
    config::Config,
    deliver::{
        Message, Receipt, Sink, SinkError,
        lab_tls::authority,
        stand_in::{Asked, Said, Service, against},
    },
    http::{Client, ScriptedTransport},
};

/// Where the protocol of a receiver puts a secret.
enum Puts {
    /// The path of the request.
    Path,
    Header(&'static str),
    /// A key of the body.
    Body(&'static str),
    Nowhere,
}

fn puts(row: &Row, stem: &str) -> Puts {
    match (row.kind, stem) {
        ("slack" | "teams", "url") => Puts::Path,
        ("webhook", "secret") => Puts::Nowhere,
        ("gitlab", "token") => Puts::Header("private-token"),
        ("pagerduty", "routing_key") => Puts::Body("routing_key"),
        ("ntfy", "topic") => Puts::Body("topic"),
        (_, "token" | "password" | "authorization") => Puts::Header("authorization"),
        other => panic!("{other:?}: where does its protocol put it?"),
    }
}

/// What is secret of a value: of a URL its last part.
fn core(stem: &str, value: &str) -> String {
    let part = if stem == "url" { value.rsplit(['/', '=']).next().unwrap() } else { value };
    part.trim_start_matches("Bearer ").trim_start_matches("whsec_").to_owned()
}

/// Asserts that no piece of a secret is in a text: a third of it, and at least eight characters.
#[track_caller]
fn is_hidden(text: &str, secret: &str, whose: &str) {
    let forms = [secret.to_owned(), percent(secret), STANDARD.encode(format!("ada:{secret}"))[8..].to_owned()];
    for form in forms {
        let form: Vec<char> = form.chars().collect();
        let piece = form.len().min((form.len() / 3).max(8));
        for window in form.windows(piece) {
            let piece: String = window.iter().collect();
            assert!(!text.contains(&piece), "{whose}: {piece} of {secret} in {text}");
        }
    }
}

fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn a_secret_goes_where_its_protocol_puts_it_and_nowhere_else() {
    let some: Vec<Message> = messages().into_iter().step_by(40).collect();
    for row in rows() {
        each(&row, &some, |section, delivered| {
            let untested = section.secrets().into_iter().find(|keys| !is_tested(row.kind, keys.stem));
            assert!(untested.is_none(), "{}: {untested:?}", row.name());
            for (stem, value) in row.secrets {
                let secret = core(stem, value);
                is_hidden(&delivered.receipt.detail, &secret, &row.name());
                for caught in &delivered.caught {
                    let Caught::Request(asked) = caught else { continue };
                    is_hidden(&without(asked, &puts(&row, stem)), &secret, &row.name());
                }
            }
        })
        .await;
    }
}

/// Whether a row of the type has the secret, or the test of mail below.
fn is_tested(kind: &str, stem: &str) -> bool {
    let has_it = |row: &Row| row.kind == kind && row.secrets.iter().any(|(own, _)| *own == stem);
    (kind, stem) == ("email", "password") || rows().iter().any(has_it)
}

/// A request without the place of a secret.
fn without(asked: &Asked, place: &Puts) -> String {
    let mut body = asked.body.clone();
    if let (Puts::Body(key), Some(object)) = (place, body.as_object_mut()) {
        assert!(object.remove(*key).is_some());
    }
    let line = if matches!(place, Puts::Path) { "" } else { &asked.line };
    let is_other = |name: &str| !matches!(place, Puts::Header(header) if *header == name);
    let headers: Vec<_> = asked.headers.iter().filter(|(name, _)| is_other(name)).collect();
    format!("{line} {headers:?} {body}")
}

/// A service that quotes secrets in every answer.
struct Quoting(Rc<RefCell<Said>>);

impl Service for Quoting {
    fn answer(&mut self, asked: &Asked) -> Said {
        // Forges are asked for the account first; the quotation is the next answer.
        if asked.line.ends_with("/user") { Said::json(200, &json!({ "id": 7 })) } else { self.0.borrow().clone() }
    }
}

/// How an answer may quote a secret: as it is, encoded, and cut.
fn quotations(secret: &str) -> Vec<String> {
    let most: String = secret.chars().take((secret.chars().count() * 2 / 3).max(8)).collect();
    vec![
        format!("invalid: {secret}"),
        format!("invalid: {most}"),
        format!("invalid: {}", percent(secret)),
        format!("invalid: {}", STANDARD.encode(format!("ada:{secret}"))),
        format!("invalid: {}", json!(secret)),
        // Where a quotation of an answer is cut, in the middle of a secret.
        format!("{}{secret}", "x".repeat(190)),
        format!("{}{secret}", "word ".repeat(39)),
    ]
}

/// The bodies in which a service may quote, and the statuses.
fn answers(said: &str) -> Vec<Said> {
    let bodies = [
        said.to_owned(),
        json!({ "message": said, "error": said, "errors": [said], "needed": said, "ok": false }).to_string(),
        json!({ "ok": false, "error": "missing_scope", "needed": said }).to_string(),
        json!({ "ok": false, "error": "no", "response_metadata": { "messages": [said] } }).to_string(),
        format!("Webhook message delivery failed with error: {said}"),
    ];
    let mut all = Vec::new();
    for status in [200, 302, 400, 403, 500] {
        let to = vec![("location", format!("https://elsewhere.example/{}", percent(said)))];
        all.extend(bodies.iter().map(|body| Said::Answer(status, to.clone(), body.clone())));
    }
    all
}

#[tokio::test]
async fn what_an_answer_quotes_of_a_secret_is_hidden() {
    let message = harmless();
    // The forms of a webhook make no difference to an answer.
    let is_asked =
        |row: &&Row| matches!(row.receiver, Receiver::Web(_)) && row.form.is_none_or(|(form, _)| form == "ocsf");
    for row in rows().iter().filter(is_asked) {
        let folder = tempfile::tempdir().unwrap();
        let said = Rc::new(RefCell::new(Said::Nothing));
        Box::pin(against(&mut Quoting(Rc::clone(&said)), async |http, url| {
            let (sink, section) = row.build(&Place::new(url.as_str(), &folder), http);
            for (stem, value) in row.secrets {
                let secret = core(stem, value);
                for answer in quotations(&secret).iter().flat_map(|quotation| answers(quotation)) {
                    said.replace(answer.clone());
                    let (outcome, log) = logged(sink.deliver(&message)).await;
                    let shown = format!("{} {log} {sink:?} {section:?}", all_of(&outcome));
                    is_hidden(&shown, &secret, &format!("{} after {answer:?}", row.name()));
                }
            }
        }))
        .await;
    }
}

/// Everything that the outcome of an attempt shows anywhere.
fn all_of(outcome: &Result<Receipt, SinkError>) -> String {
    let report = outcome.as_ref().map_or_else(SinkError::report, |receipt| receipt.detail.clone());
    format!("{outcome:?} {outcome:#?} {report}")
}

const PASSWORD: &str = "hunter2-correct-horse";

/// The password of mail goes over TLS only, to a server that may quote it too.
#[tokio::test]
async fn what_a_mail_server_quotes_of_the_password_is_hidden() {
    let (ca, acceptor) = authority("127.0.0.1");
    let server = Server::start(Some(acceptor)).await;
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new("", &folder);
    std::fs::write(place.file("ca"), ca).unwrap();
    std::fs::write(place.file("password"), PASSWORD).unwrap();
    let text = format!(
        "[http]\nca_file = {:?}\n[[subscriptions]]\nname = \"mail\"\ntype = \"email\"\nserver = \"127.0.0.1\"\nport = {}\n\
         security = \"tls\"\nusername = \"ada\"\npassword_file = {:?}\nfrom = \"a@example.org\"\nto = [\"b@example.org\", \"c@example.org\"]\n",
        place.file("ca"),
        server.port(),
        place.file("password")
    );
    let config = Config::parse(&text, Path::new("provwatch.toml")).unwrap();
    let sink = mail(&config);
    let message = harmless();
    let login = STANDARD.encode(format!("\0ada\0{PASSWORD}"));
    for said in quotations(PASSWORD).into_iter().chain([format!("invalid: {login}")]) {
        for (command, code) in [("AUTH", 535), ("RCPT", 550), (".", 550), (".", 250), ("RCPT TO:<c", 550)] {
            let answer = format!("{code} {said}");
            let script: Script<'_> = &[(command, &answer)];
            let scripts = [script; 9];
            // More connections than the sink may need.
            let (outcome, log) = tokio::select! {
                done = logged(sink.deliver(&message)) => done,
                sessions = server.serve(Protection::Tls, &scripts) => panic!("{sessions:?}"),
            };
            let shown = format!("{} {log} {sink:?}", all_of(&outcome));
            is_hidden(&shown, PASSWORD, &format!("mail after {command} {answer}"));
            assert!(!shown.contains(&login[8..20]), "{shown}");
        }
    }
}

fn mail(config: &Config) -> Arc<dyn Sink> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
    let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&clock));
    subscription(config, &config.subscriptions[0], &http, &clock).unwrap().sink
}
