//! A row for each type of receiver, in each of its forms: its keys in the configuration, its secrets, and what stands in for
//! it.

use std::{fmt::Write, fs, path::Path, sync::Arc};

use crate::{
    app::sinks::subscription,
    clock::{Clock, ManualClock},
    config::{Config, Form, Sink as SinkConfig},
    deliver::{
        Dialect, Forge, Sink, Workspace,
        stand_in::{Said, Service},
    },
    http::Client,
};

/// What stands in for a receiver.
#[derive(Clone, Copy)]
pub(super) enum Receiver {
    Web(fn() -> Box<dyn Service>),
    Mail,
    Command,
    File,
    Journal,
    Datagrams,
    Connection,
    Stdout,
}

/// A type of receiver in one form.
pub(super) struct Row {
    /// The value of `type`.
    pub kind: &'static str,
    /// The value of `form`, if the type has forms.
    pub form: Option<(&'static str, Form)>,
    /// Its keys, but for those above and below.
    keys: fn(&Place<'_>) -> String,
    /// The stem of the keys of each secret, and the secret.
    pub secrets: &'static [(&'static str, &'static str)],
    pub receiver: Receiver,
    /// It gets every so many of the messages: where another row has the same texts, a part of them is enough.
    pub every: usize,
}

/// Where the receiver is: a URL or `host:port`, and a folder for its files.
pub(super) struct Place<'a> {
    pub url: &'a str,
    pub folder: &'a Path,
}

impl<'a> Place<'a> {
    pub fn new(url: &'a str, folder: &'a tempfile::TempDir) -> Self {
        Self { url, folder: folder.path() }
    }

    /// The path of a file.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

const FORMS: [(&str, Form); 3] =
    [("provwatch", Form::Provwatch), ("ocsf", Form::Ocsf), ("cloudevents", Form::CloudEvents)];

/// The token of the stand-ins for forges, and that for Slack.
const FORGE: &str = crate::deliver::FORGE_TOKEN;
const SLACK: &str = crate::deliver::SLACK_TOKEN;

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    let row = |kind, receiver, secrets, keys| Row { kind, form: None, keys, secrets, receiver, every: 1 };
    let mut rows = vec![
        row("email", Receiver::Mail, &[], |at| {
            let port = at.url.rsplit_once(':').unwrap().1;
            let people = "from = \"provwatch <alerts@example.org>\"\nto = [\"Ops <ops@example.org>\"]";
            format!("server = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n{people}")
        }),
        row("slack", Receiver::Web(|| says(200, "ok")), &[("url", "URLservices/T0ABC/B0DEF/qW3rtY-s3cr3t")], |_| {
            String::new()
        }),
        row("slack", Receiver::Web(|| Box::new(Workspace::default())), &[("token", SLACK)], |at| {
            format!("api = \"{}api/\"\nchannel = \"C0123456789\"", at.url)
        }),
        row("teams", Receiver::Web(|| says(202, "")), &[("url", TEAMS_URL)], |_| String::new()),
        row("pagerduty", Receiver::Web(|| says(202, r#"{"status":"success"}"#)), &[("routing_key", KEY)], |at| {
            format!("url = \"{}v2/enqueue\"", at.url)
        }),
        row("alertmanager", Receiver::Web(|| says(200, "")), &[("password", "correct-h0rse/battery+\"staple")], |at| {
            format!("url = \"{}\"\nusername = \"ada\"\nlabels.site = \"berlin\"", at.url)
        }),
        row("alertmanager", Receiver::Web(|| says(200, "")), &[("token", "am-t0k3n-Xq7RwP2vLs")], |at| {
            format!("url = \"{}\"", at.url)
        }),
        row("ntfy", Receiver::Web(|| says(200, r#"{"id":"x"}"#)), NTFY, |at| format!("server = \"{}\"", at.url)),
        row("github", Receiver::Web(|| Box::new(Forge::new(Dialect::GitHub))), &[("token", FORGE)], |at| {
            format!("api = \"{}\"\nrepository = \"acme/alerts\"\nlabels = [\"provwatch\", \"security\"]", at.url)
        }),
        row("gitlab", Receiver::Web(|| Box::new(Forge::new(Dialect::GitLab))), &[("token", FORGE)], |at| {
            format!("api = \"{}\"\nproject = \"acme/sec/alerts\"\nlabels = [\"provwatch\", \"security\"]", at.url)
        }),
        row("journald", Receiver::Journal, &[], |at| format!("socket = {:?}", at.file("socket"))),
        row("syslog", Receiver::Journal, &[], |at| format!("address = \"unix:{}\"", at.file("socket"))),
        row("syslog", Receiver::Datagrams, &[], |at| format!("address = \"udp://{}\"", at.url)),
        row("syslog", Receiver::Connection, &[], |at| format!("address = \"tcp://{}\"", at.url)),
        row("stdout", Receiver::Stdout, &[], |_| String::new()),
    ];
    for form in FORMS {
        let row = |kind, receiver, secrets, keys| Row { kind, form: Some(form), keys, secrets, receiver, every: 1 };
        rows.extend([
            row("webhook", Receiver::Web(|| says(200, "")), WEBHOOK, |at| format!("url = \"{}hook/0123abcd\"", at.url)),
            row("command", Receiver::Command, &[], |at| {
                format!("command = [\"/bin/sh\", {:?}, \"--queue\", \"two words\"]", at.file("script"))
            }),
            row("file", Receiver::File, &[], |at| format!("path = {:?}", at.file("alerts.jsonl"))),
        ]);
    }
    for row in &mut rows {
        row.every = match (row.kind, row.receiver) {
            // A process for each.
            ("command", _) => 7,
            ("file", _) | (_, Receiver::Connection) => 3,
            ("gitlab", _) | ("syslog", Receiver::Journal) => 2,
            _ => 1,
        };
    }
    rows
}

const KEY: &str = "8c1f5e7a93d24b60b5a7c9e1f3d20468";
const NTFY: &[(&str, &str)] = &[("topic", "s3cr3t-t0pic"), ("token", "tk_hunter2hunter2hunter2hunter")];
const WEBHOOK: &[(&str, &str)] =
    &[("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ("authorization", "Bearer h00k-t0k3n-hunter2")];
const TEAMS_URL: &str = "URLworkflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke?sp=%2Ftriggers&sv=1.0&sig=aB3-_dE6fG9hJ2kL5mN8";

/// A service that always says the same.
struct Always(u16, &'static str);

impl Service for Always {
    fn answer(&mut self, _: &crate::deliver::stand_in::Asked) -> Said {
        Said::Answer(self.0, Vec::new(), self.1.to_owned())
    }
}

fn says(status: u16, body: &'static str) -> Box<dyn Service> {
    Box::new(Always(status, body))
}

impl Row {
    /// How a failure calls it.
    pub fn name(&self) -> String {
        let form = self.form.map(|(form, _)| format!(" as {form}")).unwrap_or_default();
        let secrets: Vec<&str> = self.secrets.iter().map(|(stem, _)| *stem).collect();
        format!("{}{form} ({})", self.kind, secrets.join(", "))
    }

    /// The secret values; that of a URL as it is.
    pub fn secret_values(&self, place: &Place<'_>) -> Vec<String> {
        self.secrets.iter().map(|(_, value)| value.replace("URL", place.url)).collect()
    }

    /// The configuration with this receiver as its only subscription. The secrets are in files of the folder.
    pub fn config(&self, place: &Place<'_>) -> Config {
        let mut text =
            format!("[[subscriptions]]\nname = \"desk\"\ntype = \"{}\"\n{}\n", self.kind, (self.keys)(place));
        if let Some((form, _)) = self.form {
            writeln!(text, "form = \"{form}\"").unwrap();
        }
        for ((stem, _), value) in self.secrets.iter().zip(self.secret_values(place)) {
            fs::write(place.folder.join(stem), value).unwrap();
            writeln!(text, "{stem}_file = {:?}", place.file(stem)).unwrap();
        }
        Config::parse(&text, Path::new("provwatch.toml")).unwrap_or_else(|error| panic!("{}: {error}", self.name()))
    }

    /// The sink as the configuration builds it, and its section.
    pub fn build(&self, place: &Place<'_>, http: &Client) -> (Arc<dyn Sink>, SinkConfig) {
        let config = self.config(place);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let one = &config.subscriptions[0];
        let built =
            subscription(&config, one, http, &clock).unwrap_or_else(|error| panic!("{}: {error:?}", self.name()));
        assert_eq!(built.sink.kind(), self.kind);
        (built.sink, one.sink.clone())
    }
}

/// A type or a form without a row would be a receiver to which the list was never sent.
#[test]
fn every_type_and_every_form_of_the_configuration_has_a_row() {
    let schema = crate::config::json_schema();
    let types = schema["$defs"]["Subscription"]["oneOf"].as_array().unwrap();
    let forms = &schema["$defs"]["Form"]["oneOf"];
    let forms: Vec<&str> = forms.as_array().unwrap().iter().filter_map(|one| one["const"].as_str()).collect();
    assert_eq!(forms.len(), FORMS.len());
    let mut wanted = Vec::new();
    for one in types {
        let kind = one["properties"]["type"]["const"].as_str().unwrap();
        let section = one["$ref"].as_str().and_then(|name| schema.pointer(name.trim_start_matches('#')));
        if section.is_some_and(|section| !section["properties"]["form"].is_null()) {
            wanted.extend(forms.iter().map(|form| (kind.to_owned(), Some((*form).to_owned()))));
        } else {
            wanted.push((kind.to_owned(), None));
        }
    }
    let mut found: Vec<_> =
        rows().iter().map(|row| (row.kind.to_owned(), row.form.map(|(form, _)| form.to_owned()))).collect();
    wanted.sort();
    found.sort();
    found.dedup();
    assert_eq!(found, wanted);
}
