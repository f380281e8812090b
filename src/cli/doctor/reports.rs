//! Checks the source of others' reports: whether it can be read now, and what was read of it.

use chrono::{DateTime, Utc};

use super::check::{Check, State, shared};
use crate::{
    app::report_source,
    cli::{context::Context, words},
    health::{Finding, Id},
    osv::{self, SourceError, Step, Walk},
    store::{ReportFeed, Store},
    text::with_causes,
    upkeep::ReportSource,
};

const NAME: &str = "reports of others";

/// Most files that are looked at: a source has hundreds of thousands.
const LOOKED_AT: usize = 5_000;

/// What a look at a source found.
enum Look {
    /// A report that can be read.
    Good,
    /// None that can be read, with the problem of the first.
    Bad(Option<String>),
}

/// The source of `[osv]`; none: there is nothing to check.
pub fn checks(context: &Context, store: Option<&Store>, findings: &[Finding], now: DateTime<Utc>) -> Vec<Check> {
    let Some(source) = report_source(&context.config) else { return Vec::new() };
    let feed = store.and_then(|store| store.report_feed().ok().flatten());
    let feed = feed.filter(|feed| feed.source == source.name());
    let check = match look(&source) {
        Err(error) => Check::new(NAME, State::Failed, with_causes(&error))
            .next("let the user of the daemon read `[osv] source`, and compare it with what the download writes"),
        Ok(Look::Bad(problem)) => Check::new(NAME, State::Warning, nothing(&source, problem))
            .next("compare `[osv] source` and `[osv] ids` with what the download writes"),
        Ok(Look::Good) => good(&source, feed.as_ref(), findings, now),
    };
    vec![check]
}

fn look(source: &ReportSource) -> Result<Look, SourceError> {
    let mut walk = Walk::begin(&source.path, &source.ids)?;
    let mut problem = None;
    for _ in 0..LOOKED_AT {
        match walk.step()? {
            Step::Report(found) => match walk.read(&found).and_then(|bytes| osv::read(&found.id, &bytes)) {
                Ok(_) => return Ok(Look::Good),
                Err(why) => drop(problem.get_or_insert_with(|| format!("{}: {why}", found.id))),
            },
            Step::Other => {}
            Step::End => break,
        }
    }
    Ok(Look::Bad(problem))
}

fn nothing(source: &ReportSource, problem: Option<String>) -> String {
    let said = format!("{} has no report that can be read", words::sentence(source.name()));
    problem.map_or(said.clone(), |problem| format!("{said}\n{}", words::sentence(problem)))
}

fn good(source: &ReportSource, feed: Option<&ReportFeed>, findings: &[Finding], now: DateTime<Utc>) -> Check {
    if let Some(finding) = findings.iter().find(|finding| finding.id == Id::ReportsStale) {
        return shared(NAME, finding);
    }
    let at = words::sentence(source.name());
    let Some((feed, read_at)) = feed.and_then(|feed| Some((feed, feed.read_at?))) else {
        return Check::new(NAME, State::Ok, format!("{at} can be read, and was not yet read to its end"));
    };
    let newest = feed.newest_at.map_or_else(String::new, |at| format!(", the newest of {}", words::ago(at, now)));
    let said = format!("{at}: {}{newest}, read {}", words::counted(feed.files, "report"), words::ago(read_at, now));
    match &feed.first_problem {
        Some(problem) if feed.unreadable > 0 => {
            let count = words::counted(feed.unreadable, "report");
            let said = format!("{said}\n{count} cannot be read, the first is {}", words::sentence(problem));
            Check::new(NAME, State::Warning, said).next("download the source again; the other reports count")
        }
        _ => Check::new(NAME, State::Ok, said),
    }
}
