//! Lists the logs of the trust root that cannot be followed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{fact_table, words},
    logwatch::NotFollowed,
};

/// Prints each with the reason and the next step.
pub(super) fn print(logs: &[NotFollowed]) {
    for log in logs {
        let mut sheet = fact_table::Sheet::new();
        fact_table::heading(format!("key {} is not followed", words::name(&log.key_id)));
        sheet.maybe("URL", (!log.url.is_empty()).then(|| words::name(&log.url)));
        sheet.row("Why", words::sentence(&log.why));
        sheet.row("Next", words::sentence(&log.next));
        sheet.print();
    }
}

/// A log of the trust root that is not followed.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Line<'a> {
    /// Which, and why.
    not_followed: Log<'a>,
}

#[derive(Serialize, JsonSchema)]
struct Log<'a> {
    /// SHA-256 over its public key, hexadecimal.
    key_id: &'a str,
    /// Its URL in the trust root; null where that has none.
    url: Option<&'a str>,
    /// Why it is not followed.
    why: &'a str,
    /// What to do.
    next: &'a str,
}

/// One as a line of JSON.
pub(super) fn line(log: &NotFollowed) -> Line<'_> {
    let url = Some(log.url.as_str()).filter(|url| !url.is_empty());
    Line { not_followed: Log { key_id: &log.key_id, url, why: &log.why, next: &log.next } }
}
