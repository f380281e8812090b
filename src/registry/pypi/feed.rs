//! Reads PyPI's changelog through the XML-RPC method `changelog_since_serial`, which mirrors use. Every row is one
//! event of one project, with a serial that only grows.

use chrono::DateTime;
use futures::future::BoxFuture;
use url::Url;

use super::xmlrpc::{self, RpcAnswer, Value};
use crate::{
    http::{Client, Request},
    model::{Ecosystem, Package, RegistryId},
    registry::{
        Cursor, Event, Feed, FeedChange, FeedPage, Gap, RegistryError,
        document::document_error,
        endpoint::endpoint,
        exchange::{ask, is_lasting},
        field::{is_version, plausible, shown},
    },
    text::with_causes,
};

/// Most rows of one answer, by the registry's own limit.
const MAX_ROWS: usize = 50_000;

/// Most bytes of one answer: 50,000 rows of about 350 bytes are 17 MiB.
const MAX_BODY: u64 = 64 * 1024 * 1024;

/// The changelog of PyPI. Its cursor is the serial of the last row that was read.
#[derive(Clone, Debug)]
pub struct PypiFeed {
    base: Url,
}

impl PypiFeed {
    /// The changelog of the registry at `base`.
    pub fn new(base: Url) -> Self {
        Self { base }
    }

    async fn page(&self, http: &Client, cursor: Option<&Cursor>) -> Result<FeedPage, RegistryError> {
        let Some(cursor) = cursor else {
            return Ok(standing(self.last_serial(http).await?, None));
        };
        let Ok(since) = cursor.0.parse() else {
            let why = format!("the stored serial {:?} is not a number", shown(&cursor.0));
            return Ok(standing(self.last_serial(http).await?, Some(why)));
        };
        match self.page_since(http, since).await {
            Err(error) if is_lasting(&error) => self.past(http, since, error).await,
            page => page,
        }
    }

    async fn page_since(&self, http: &Client, since: u64) -> Result<FeedPage, RegistryError> {
        let rows = self.rows(http, since).await?;
        if rows.is_empty() {
            return self.nothing_since(http, since).await;
        }
        read_rows(&rows, since).map_err(|why| document_error(Ecosystem::PYPI, &changelog_since(since), why))
    }

    /// Goes on from the changelog's current position, past a serial that the registry refuses or rows that cannot be
    /// read: changes in between are found by comparing documents.
    async fn past(&self, http: &Client, since: u64, error: RegistryError) -> Result<FeedPage, RegistryError> {
        match self.last_serial(http).await {
            Ok(last) if last != since => {
                let why = format!("{}; the changelog is at serial {last}", with_causes(&error));
                Ok(standing(last, Some(why)))
            }
            _ => Err(error),
        }
    }

    /// The page after `since` is empty: either nothing happened, or the serials were reset below `since`.
    async fn nothing_since(&self, http: &Client, since: u64) -> Result<FeedPage, RegistryError> {
        let last = self.last_serial(http).await?;
        let why = (last < since).then(|| format!("the serial went back from {since} to {last}"));
        let page = standing(if why.is_some() { last } else { since }, why);
        let withheld = (last > since).then(|| format!("the changelog is at {last} and shows nothing after {since}"));
        Ok(FeedPage { withheld, ..page })
    }

    async fn last_serial(&self, http: &Client) -> Result<u64, RegistryError> {
        const WHAT: &str = "the changelog's last serial";
        let value = self.call(http, WHAT, "changelog_last_serial", None).await?;
        let serial = value.number().and_then(|number| u64::try_from(number).ok());
        serial.ok_or_else(|| document_error(Ecosystem::PYPI, WHAT, "not a number"))
    }

    async fn rows(&self, http: &Client, since: u64) -> Result<Vec<Value>, RegistryError> {
        let what = changelog_since(since);
        match self.call(http, &what, "changelog_since_serial", Some(since)).await? {
            Value::Array(rows) => Ok(rows),
            _ => Err(document_error(Ecosystem::PYPI, &what, "not an array")),
        }
    }

    async fn call(&self, http: &Client, what: &str, method: &str, number: Option<u64>) -> Result<Value, RegistryError> {
        let request = Request::post(endpoint(&self.base, &["pypi"]), "text/xml", xmlrpc::call(method, number));
        let response = ask(Ecosystem::PYPI, http, request.max_body(MAX_BODY), what).await?;
        match xmlrpc::answer(&response.body) {
            Ok(RpcAnswer::Value(value)) => Ok(value),
            Ok(RpcAnswer::Fault { code, text }) => Err(document_error(Ecosystem::PYPI, what, explain(code, &text))),
            Err(error) => Err(document_error(Ecosystem::PYPI, what, error)),
        }
    }
}

impl Feed for PypiFeed {
    fn name(&self) -> &'static str {
        Ecosystem::PYPI.row().feed.name
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn is_busy(&self) -> bool {
        self.base.as_str() == RegistryId::PYPI.base_url()
    }

    /// The serial. A row with an unreadable serial has a substitute key.
    fn awaited(&self, event: &Event) -> Option<String> {
        match &event.change {
            FeedChange::Document { revision } => revision.clone(),
            FeedChange::Removed => None,
            _ => Some(&event.key).filter(|key| key.parse::<u64>().is_ok()).cloned(),
        }
    }

    fn poll<'a>(
        &'a self,
        http: &'a Client,
        cursor: Option<&'a Cursor>,
    ) -> BoxFuture<'a, Result<FeedPage, RegistryError>> {
        Box::pin(self.page(http, cursor))
    }
}

fn changelog_since(serial: u64) -> String {
    format!("the changelog since serial {serial}")
}

/// A page without events.
fn standing(serial: u64, why: Option<String>) -> FeedPage {
    FeedPage {
        events: Vec::new(),
        cursor: Cursor(serial.to_string()),
        more: false,
        gap: why.map(|why| Gap { why }),
        withheld: None,
    }
}

/// The text of the registry's fault gives the time when the limit is reset: "Limit may reset in 42 seconds."
fn explain(code: Option<i64>, text: &str) -> String {
    let wait = text.split_once("Limit may reset in ").and_then(|(_, rest)| rest.split_once(" seconds"));
    match wait {
        Some((seconds, _)) if seconds.parse::<u32>().is_ok() => {
            format!("the registry's limit for these calls is used up; it resets in {seconds} seconds")
        }
        _ => format!("the registry answered with fault {}: {}", code.unwrap_or_default(), shown(text)),
    }
}

/// The events of the rows after `since`.
///
/// # Errors
/// No row has a readable serial after `since`: the cursor could never move on.
fn read_rows(rows: &[Value], since: u64) -> Result<FeedPage, &'static str> {
    let more = rows.len() >= MAX_ROWS;
    let rows = &rows[..rows.len().min(MAX_ROWS)];
    let last = rows.iter().filter_map(|row| Row(row).serial()).max().filter(|last| *last > since);
    let last = last.ok_or("no row has a serial that is later")?;
    let events = rows.iter().enumerate().filter_map(|(place, row)| Row(row).event(since, place)).collect();
    Ok(FeedPage { events, cursor: Cursor(last.to_string()), more, gap: None, withheld: None })
}

/// One row: name, version or nil, Unix time, action, serial.
struct Row<'a>(&'a Value);

impl Row<'_> {
    fn field(&self, place: usize) -> Option<&Value> {
        match self.0 {
            Value::Array(fields) => fields.get(place),
            _ => None,
        }
    }

    fn serial(&self) -> Option<u64> {
        self.field(4)?.number().and_then(|serial| serial.try_into().ok())
    }

    /// The event. A row whose fields are only partly readable is still one; a row without a package's name concerns no
    /// package.
    fn event(&self, since: u64, place: usize) -> Option<Event> {
        let name = self.field(0).and_then(Value::text).unwrap_or_default();
        let Ok(package) = Package::new(Ecosystem::PYPI, name) else {
            tracing::warn!(name = shown(name), since, place, "passing over a changelog row without a usable name");
            return None;
        };
        let serial = self.serial();
        let seconds = self.field(2).and_then(Value::number);
        Some(Event {
            package,
            change: self.change(serial),
            key: serial.map_or_else(|| format!("{since}+{place}"), |serial| serial.to_string()),
            at: seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).and_then(plausible),
        })
    }

    fn change(&self, serial: Option<u64>) -> FeedChange {
        let version = self.field(1).and_then(Value::text).filter(|version| is_version(version)).map(str::to_owned);
        let action = self.field(3).and_then(Value::text).unwrap_or("unreadable action");
        match (Action::of(action), version) {
            (Action::Removal, _) => FeedChange::Removed,
            (Action::Release, Some(version)) => FeedChange::Release { version },
            (Action::File, Some(version)) => FeedChange::File { version },
            (Action::Release | Action::File, None) => {
                FeedChange::Document { revision: serial.map(|serial| serial.to_string()) }
            }
            (Action::Governance, version) => FeedChange::Governance { version, action: shown(action) },
        }
    }
}

/// The meaning of an action's words. The words are those of the registry's source, `action=…`.
enum Action {
    Release,
    File,
    Removal,
    Governance,
}

impl Action {
    fn of(words: &str) -> Self {
        let words: Vec<_> = words.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["create"] | ["new", "release"] => Self::Release,
            ["add", _, "file", ..] => Self::File,
            ["remove", "project"] => Self::Removal,
            // Roles, invitations, teams, yanks, removed files and releases, quarantine, and future actions.
            _ => Self::Governance,
        }
    }
}

#[cfg(test)]
mod tests;
