//! Sinks as the configuration builds them, and alerts that live through all of their states.

use std::{fs, path::Path, sync::Arc};

use provwatch::{
    app,
    clock::{Clock, SystemClock},
    config::Config,
    deliver::{Message, Sink},
    http::Response,
    model::{Alert, AlertAction, AlertKind, AlertStatus, Confidence, Links, Member, Severity, Signal},
};
use tempfile::TempDir;

/// What every configuration of these tests begins with.
pub const NETWORK: &str = r#"
[http]
allow_private = ["127.0.0.1"]
proxy_from_environment = false
max_attempts = 1
[http.hosts."127.0.0.1"]
requests_per_minute = 60000
concurrency = 64
"#;

pub const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
pub const TOPIC: &str = "s3cr3t-t0pic";
pub const TOKEN: &str = "tk_hunter2hunter2hunter2hunter";
pub const PASSWORD: &str = "correct-horse";

/// The types of receivers of these tests.
pub const KINDS: [&str; 4] = ["pagerduty", "alertmanager", "ntfy", "teams"];

/// The subscription of a type at a base URL that ends with a slash; its secrets are in this folder.
pub fn subscription(kind: &str, base: &str, folder: &Path) -> String {
    let secret = |name: &str, value: &str| {
        let path = folder.join(format!("{kind}.{name}"));
        fs::write(&path, value).unwrap();
        path.display().to_string()
    };
    let keys = match kind {
        "pagerduty" => {
            format!("url = \"{base}v2/enqueue\"\nrouting_key_file = {:?}", secret("key", ROUTING_KEY))
        }
        "alertmanager" => {
            let password = secret("password", PASSWORD);
            format!("url = \"{base}\"\nusername = \"ada\"\npassword_file = {password:?}\nlabels.site = \"berlin\"")
        }
        "ntfy" => {
            let (topic, token) = (secret("topic", TOPIC), secret("token", TOKEN));
            format!("server = \"{base}\"\ntopic_file = {topic:?}\ntoken_file = {token:?}")
        }
        _ => format!("url_file = {:?}", secret("url", &format!("{base}workflows/1/invoke?sig=s1gnatur3"))),
    };
    format!("[[subscriptions]]\nname = \"{kind}\"\ntype = \"{kind}\"\n{keys}\n")
}

/// The sink of a type, and the folder with its secrets.
pub fn sink(kind: &str, base: &str) -> (Arc<dyn Sink>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{NETWORK}{}", subscription(kind, base, folder.path()));
    let config = Config::parse(&text, Path::new("provwatch.toml")).unwrap_or_else(|error| panic!("{error}"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let http = app::client(&config, Arc::clone(&clock)).unwrap();
    let one = &config.subscriptions[0];
    let subscription = app::subscription(&config, one, &http, &clock).unwrap();
    assert_eq!((subscription.sink.kind(), one.sink_type()), (kind, kind));
    (subscription.sink, folder)
}

/// An alert as it stands after an event, and what its message says of the event.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub event: &'static str,
    pub status: AlertStatus,
    pub note: Option<&'static str>,
}

/// A whole life.
pub const LIFE: [Told; 7] = [
    Told { event: "raised", status: AlertStatus::Open, note: None },
    Told { event: "changed", status: AlertStatus::Open, note: None },
    Told { event: "acknowledged", status: AlertStatus::Acknowledged, note: Some("acknowledged by ada: seen") },
    Told { event: "changed while acknowledged", status: AlertStatus::Acknowledged, note: None },
    Told { event: "reopened", status: AlertStatus::Open, note: Some("reopened by ada: not over") },
    Told { event: "snoozed", status: AlertStatus::Snoozed, note: Some("snoozed by ada: tomorrow") },
    Told { event: "resolved", status: AlertStatus::Resolved, note: Some("resolved by ada: known") },
];

/// The alert after an event.
pub fn after(alert: &Alert, told: Told) -> Alert {
    let handling = told.note.map(|_| AlertAction::new(told.status, "ada", "because", SystemClock.now()));
    Alert { status: told.status, note: told.note.map(str::to_owned), handling, ..alert.clone() }
}

/// A message about an alert; `number`: which one.
pub fn message(alert: Alert, number: u32, thread: Option<String>) -> Message {
    let key = format!("msg_{}_{number}", alert.fingerprint);
    Message { sequence: number, thread, ..Message::first(key, alert, SystemClock.now()) }
}

/// Sends the messages of a life, as the outbox does with the thread of the last receipt, and looks after each.
pub async fn live(sink: &dyn Sink, alert: &Alert, mut look: impl FnMut(Told)) {
    let mut thread = None;
    for (number, told) in (0..).zip(LIFE) {
        let message = message(after(alert, told), number, thread.clone());
        let receipt = sink.deliver(&message).await.unwrap_or_else(|error| panic!("{told:?}: {}", error.report()));
        thread = receipt.thread.or(thread);
        look(told);
    }
}

/// A takeover; `text`: what its publisher wrote.
pub fn takeover(text: &str) -> Alert {
    let now = SystemClock.now();
    let purl = "pkg:npm/axios@1.14.1".parse().unwrap();
    Alert {
        purl: Some(purl),
        published_at: Some(now),
        argument: format!("The release has no provenance. {text}"),
        signals: vec![
            Signal {
                detector: "evidence-downgrade".into(),
                severity: Severity::High,
                expected: "verified provenance".to_owned(),
                seen: format!("published with a token by {text}"),
                since: None,
                why: "An attacker with a stolen token can publish.".to_owned(),
                corroborating: false,
            };
            20
        ],
        links: Links {
            registry: Some("https://npm.example/package/axios".to_owned()),
            commit: Some(format!("https://forge.example/{text}")),
            log: Some(format!("javascript:{text}")),
            run: Some("http://forge.example/run/1".to_owned()),
        },
        ..Alert::about(
            AlertKind::Release,
            &format!("axios {text}"),
            Severity::High,
            Confidence::High,
            format!("published with a token {text}"),
            now,
        )
    }
}

/// A campaign of so many releases.
pub fn campaign(members: usize) -> Alert {
    let now = SystemClock.now();
    let details: Vec<Member> = (0..members)
        .map(|number| {
            let alert = takeover("");
            Member {
                purl: format!("pkg:npm/package-{number}@1.1.0").parse().unwrap(),
                alert: alert.id,
                severity: Severity::High,
                reason: "Lost its evidence".to_owned(),
                expected: "provenance".to_owned(),
                seen: "a token".to_owned(),
                published_at: None,
                publisher: Some("qix".to_owned()),
                new_scripts: Vec::new(),
                new_dependencies: Vec::new(),
                links: Links::default(),
                new: true,
            }
        })
        .collect();
    let title = format!("{members} releases raised alerts together");
    Alert {
        members: details.iter().map(|member| member.purl.clone()).collect(),
        member_details: details,
        ..Alert::about(AlertKind::Campaign, "qix", Severity::Critical, Confidence::High, title, now)
    }
}

/// Texts that mean something to a terminal, HTML, Markdown, Slack, Teams, a header, or a template.
pub const NASTY: [&str; 8] = [
    "\u{1b}[2J\u{9b}31m",
    "<!channel> <@U012> <https://evil.example|bank>",
    "<at>everyone</at> @here",
    "[bank](https://evil.example) **bold** _it_ `code`",
    "\r\nX-Priority: 5\r\n\r\n{\"topic\":\"other\"}",
    "</td><script>alert(1)</script>",
    "\u{202e}txt.exe\u{200b}",
    "\\\",\"routing_key\":\"x\",\"actions\":[{\"action\":\"http\"}]",
];

/// Everything that the services may be sent: each is accepted, or its server's check fails.
pub async fn send_everything(sink: &dyn Sink) {
    let hostile = NASTY.iter().map(|text| takeover(text)).chain(NASTY.iter().map(|text| takeover(&text.repeat(200))));
    for (number, alert) in (0..).zip(hostile.chain([campaign(60), campaign(1_000)])) {
        let title = alert.title.clone();
        let outcome = sink.deliver(&message(alert, number, None)).await;
        assert!(outcome.is_ok(), "{title}: {}", outcome.unwrap_err().report());
    }
}

/// An answer of a server.
pub fn answer(status: u16, body: impl Into<bytes::Bytes>) -> Response {
    Response { status, headers: vec![("content-type".to_owned(), "application/json".to_owned())], body: body.into() }
}
