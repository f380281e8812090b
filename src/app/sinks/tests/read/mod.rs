//! Reads what receivers got as they read it, and looks for whatever a text of the list may have become there.

mod cards;
mod documents;
mod forges;
mod html;
mod json;
mod logs;
mod mail;
mod pagers;
mod slack;

use super::{
    list::is_tainted,
    receive::{Caught, Delivered},
};
use crate::{config::Sink as SinkConfig, deliver::stand_in::Asked, text::misleads};

/// What a receiver of a type reads. A new type does not compile without a reader.
pub(super) fn check(section: &SinkConfig, delivered: &Delivered<'_>) {
    assert!(!is_tainted(&delivered.receipt.detail), "{:?}", delivered.receipt);
    match section {
        SinkConfig::Email(_) => mail::check(delivered),
        SinkConfig::Slack(_) => requests(delivered).for_each(slack::check),
        SinkConfig::Teams(_) => requests(delivered).for_each(cards::check),
        SinkConfig::Webhook(webhook) => requests(delivered).for_each(|asked| {
            let body = std::str::from_utf8(&asked.bytes).unwrap();
            documents::check(webhook.form, body, delivered.message);
        }),
        SinkConfig::PagerDuty(_) => requests(delivered).for_each(pagers::pagerduty),
        SinkConfig::Alertmanager(_) => requests(delivered).for_each(pagers::alertmanager),
        SinkConfig::Ntfy(_) => requests(delivered).for_each(pagers::ntfy),
        SinkConfig::GitHub(_) | SinkConfig::GitLab(_) => requests(delivered).for_each(forges::check),
        SinkConfig::Command(command) => documents::run(command.form, delivered),
        SinkConfig::Journald(_) => logs::journald(delivered),
        SinkConfig::Syslog(_) => logs::syslog(delivered),
        SinkConfig::File(file) => documents::line(file.form, delivered),
        SinkConfig::Stdout => documents::stdout(delivered),
    }
}

/// The requests of a message, whose lines and headers have nothing of its texts. Of a digest, pagers are not told.
fn requests<'a>(delivered: &'a Delivered<'_>) -> impl Iterator<Item = &'a Asked> {
    assert!(!delivered.caught.is_empty() || delivered.message.alert.digest.is_some(), "nothing was sent");
    delivered.caught.iter().map(|caught| {
        let Caught::Request(asked) = caught else { panic!("{caught:?}") };
        assert!(!is_tainted(&asked.line), "{}", asked.line);
        for (name, value) in &asked.headers {
            assert!(HEADERS.contains(&name.as_str()), "{name}: {value}");
            // A signature may have any letters.
            assert!(!is_tainted(value) || name == "webhook-signature", "{name}: {value}");
            assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {value}");
        }
        asked
    })
}

/// The headers of all requests.
const HEADERS: [&str; 13] = [
    "accept",
    "accept-encoding",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "private-token",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-github-api-version",
    "connection",
];

/// Asserts that a text for people has no character that shows as another or not at all, but line ends where its format has
/// lines.
#[track_caller]
fn is_plain(text: &str, has_lines: bool) {
    let odd = text.chars().find(|c| misleads(*c) && !(has_lines && *c == '\n'));
    assert_eq!(odd, None, "in {text:?}");
}

/// Asserts that a link leads where the alert's own links lead.
#[track_caller]
fn is_own_link(link: &str) {
    let url: url::Url = link.parse().unwrap_or_else(|_| panic!("{link}"));
    let host = url.host_str().unwrap_or_default();
    assert!(super::alerts::HOSTS.contains(&host) && url.scheme() == "https", "{link}");
    is_plain(link, false);
    assert!(!link.contains(['<', '>', '"', ' ']), "{link}");
}

/// What provwatch calls its links.
const LABELS: [&str; 4] = ["Registry", "Log entry", "Commit", "Workflow run"];

/// Asserts that a text begins no markup or template in whatever a receiver makes of it.
#[track_caller]
fn is_inert(text: &str) {
    let pairs: Vec<(char, char)> = text.chars().zip(text.chars().skip(1)).collect();
    let begins = |(one, two): &(char, char)| match one {
        '<' => two.is_alphabetic() || "!@#/?%".contains(*two),
        '{' => "{%#".contains(*two),
        '$' | '#' | '@' => *two == '{',
        ']' => *two == '(',
        _ => false,
    };
    assert_eq!(pairs.iter().find(|pair| begins(pair)), None, "in {text:?}");
}
