//! Checks that the reports of others can be read, and are kept up to date.

use chrono::{DateTime, Utc};

use super::age::age;
use crate::{
    health::{Check, Finding, Id, Reports, Snapshot},
    text::{quoted, span},
};

/// Most characters of a source and of a reason.
const SHOWN: usize = 200;

pub(super) fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let finding = snapshot.reports.as_ref().and_then(|reports| finding(reports, now));
    finding.map(|finding| Check::found("reports of others", finding)).into_iter().collect()
}

/// A source that was never read is not judged: the process that reads it may only have begun.
fn finding(reports: &Reports, now: DateTime<Utc>) -> Option<Finding> {
    let source = quoted(&reports.source, SHOWN);
    let (sentence, remedy) = if let Some(why) = &reports.last_error {
        let sentence = format!("the reports of others in {source} cannot be read: {}", quoted(why, SHOWN));
        (sentence, "compare `[osv] source` with what the program writes that downloads them")
    } else {
        reports.read_at?;
        let sentence = match reports.newest_at {
            None => format!("{source} has no report of others that `[osv] ids` selects"),
            Some(newest) if age(newest, now) <= reports.stale_after => return None,
            Some(newest) => {
                format!("the newest report of others in {source} was changed {} ago", span(age(newest, now)))
            }
        };
        (sentence, "look at the program that downloads them")
    };
    Some(Finding::new(Id::ReportsStale, "", sentence, remedy))
}
