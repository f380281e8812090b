//! Assigns alerts about log entries to alert budgets, one for each party that can cause them. No party can spend the
//! budget of another, so that a flood hides nothing but itself.
//!
//! - Forging needs no rights: all forgers share one budget, and no other alert is charged to it.
//! - Signing in the name of a repository needs rights in it: each repository has budgets of its own, for each log,
//!   detector, severity, issuer and trigger one.
//! - An entry that a `[[logs.match]]` finds beyond watched repositories is charged to the budget of its owner, and to
//!   one for all entries of the match, since accounts are cheap: owners known for a day share another budget than
//!   strangers.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{Alert, AlertKind, Confidence, Package, Report, Severity, Signal},
    store::{LogEntryRow, MatchRule, Met, Scope},
    text::shell_word,
};

/// The text of the common alert.
const TOGETHER: &str = "The first of their kind have alerts of their own; these came too fast for one alert each, \
    so this alert counts them.";

/// A budget of one party: ten alerts of their own, and four more a day.
fn of_party(key: String, title: &str, severity: Severity, now: DateTime<Utc>) -> Scope {
    scope(key, (10, TimeDelta::hours(6)), title, severity, now)
}

fn scope(key: String, (burst, refill): (u32, TimeDelta), title: &str, severity: Severity, now: DateTime<Utc>) -> Scope {
    let about = Alert::about(AlertKind::Log, &format!("flood {key}"), severity, Confidence::Low, title.to_owned(), now);
    Scope { key, burst, refill, common: Alert { argument: TOGETHER.to_owned(), ..about } }
}

/// The budget of all forgers of certificates.
pub fn of_forgers(now: DateTime<Utc>) -> Scope {
    let title = "Forged certificates name many watched repositories";
    of_party("forged-certificate".to_owned(), title, Severity::Low, now)
}

/// The budget of signers in the name of a repository.
pub fn of_repository(signal: &Signal, row: &LogEntryRow, now: DateTime<Utc>) -> Scope {
    let identity = &row.entry.identity;
    let claims = &identity.claims;
    let url = claims.source_repository_uri.as_deref().unwrap_or(&identity.subject);
    let repository = claims.source_repository_identifier.clone().unwrap_or_else(|| url.to_lowercase());
    let trigger = claims.build_trigger.as_deref().unwrap_or_default();
    let (detector, log, issuer) = (&signal.detector, &row.log, &identity.issuer);
    let key = format!("{detector} {} {log} {issuer} {repository} {trigger}", signal.severity);
    let title = format!("Many workflows of {url} raise {detector}");
    of_party(key, &title, signal.severity, now)
}

/// The budget of entries that the releases of a package name.
pub fn of_package(signal: &Signal, package: &Package, log: &str, now: DateTime<Utc>) -> Scope {
    let key = format!("{} {} {log} {package}", signal.detector, signal.severity);
    let title = format!("{log} lacks entries that many releases of {package} name");
    of_party(key, &title, signal.severity, now)
}

/// The budgets of the entries that a match finds.
pub fn of_match(rule: &MatchRule, met: &Met, now: DateTime<Utc>) -> Vec<Scope> {
    let MatchRule { name, severity, report, .. } = rule;
    // An operator who wants every entry receives more single alerts.
    let (of_one, of_all) = match report {
        Report::All => ((50, TimeDelta::minutes(10)), (100, TimeDelta::minutes(5))),
        Report::New | Report::Never => ((10, TimeDelta::hours(6)), (50, TimeDelta::hours(1))),
    };
    let owner = if met.is_of_packages {
        met.identity.claims.source_repository_uri.as_deref().unwrap_or(&met.identity.subject)
    } else {
        met.identity.owner()
    };
    let issuer = &met.identity.issuer;
    let listing = format!(" `provwatch logs matches --match {}` lists the entries.", shell_word(name));
    let told = |key, budget, title: &str| {
        let mut scope = scope(key, budget, title, *severity, now);
        scope.common.argument += &listing;
        scope
    };
    let own =
        told(format!("match {name}\n{issuer} {owner}"), of_one, &format!("match {name}: many entries of {owner}"));
    // Strangers do not use up the budget of known owners.
    let known = if met.is_known { "\nknown owners" } else { "" };
    let all = || told(format!("match {name}{known}"), of_all, &format!("match {name}: many entries of many owners"));
    if met.is_of_packages { vec![own] } else { vec![own, all()] }
}
