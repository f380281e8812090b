//! The logs of the trust root that cannot be followed.

use serde_json::{Value, json};

use crate::{
    cli::{sheet, words},
    pipeline::logs::NotFollowed,
};

/// Prints each with why and what to do.
pub(super) fn print(logs: &[NotFollowed]) {
    for log in logs {
        let mut sheet = sheet::Sheet::new();
        sheet::heading(format!("key {} is not followed", words::name(&log.key_id)));
        sheet.maybe("URL", (!log.url.is_empty()).then(|| words::name(&log.url)));
        sheet.row("Why", words::sentence(&log.why));
        sheet.row("Next", words::sentence(&log.next));
        sheet.print();
    }
}

/// One as a line of JSON.
pub(super) fn json(log: &NotFollowed) -> Value {
    let url = (!log.url.is_empty()).then_some(&log.url);
    json!({"not_followed": {"key_id": log.key_id, "url": url, "why": log.why, "next": log.next}})
}
