//! Checks that the feeds have made up for the time that a restore of the store took back.

use chrono::{DateTime, Utc};

use super::age::age;
use crate::{
    health::{Check, Finding, Id, RestoredStore, Snapshot},
    text::{listed, moment, quoted, span},
};

/// Most feeds that are named.
const NAMED: usize = 5;

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let finding = snapshot.restored.as_ref().and_then(|restored| finding(restored, now));
    finding.map(|finding| Check::found("restored store", finding)).into_iter().collect()
}

fn finding(restored: &RestoredStore, now: DateTime<Utc>) -> Option<Finding> {
    if restored.unread.is_empty() {
        return None;
    }
    let feeds = listed(restored.unread.iter().map(|feed| quoted(feed, 120)), NAMED);
    let to = restored.as_of.map_or_else(String::new, |as_of| format!(" to its state of {}", moment(as_of)));
    Some(Finding::new(
        Id::StoreRestored,
        "",
        format!(
            "the store was restored {} ago{to}, and provwatch has not read since then what was announced by {feeds}",
            span(age(restored.at, now))
        ),
        "wait for the next pass of the daemon; if it stays, `provwatch status` shows why the feed is not read",
    ))
}
