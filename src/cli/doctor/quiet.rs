//! Checks of what keeps messages back: silences, suppressed detectors and announced changes that are useless or end soon.

use chrono::{DateTime, Utc};

use super::check::{Check, State};
use crate::{
    cli::{context::Context, words},
    model::{ExpectedChange, Quiet, Silence},
    store::{Store, StoreError},
};

/// The silences and the announced changes.
pub fn checks(context: &Context, store: Option<&Store>, now: DateTime<Utc>) -> Vec<Check> {
    let Some(store) = store else { return Vec::new() };
    let mut checks = vec![silences(store, now), announced(store, now)];
    let unknown = unknown_teams(context, store, now);
    checks.extend((!unknown.is_empty()).then(|| {
        Check::new("silenced teams", State::Warning, unknown.join("\n")).next("`provwatch silences expire <number>`")
    }));
    checks
}

fn silences(store: &Store, now: DateTime<Utc>) -> Check {
    let all = match store.silences() {
        Ok(all) => all,
        Err(error) => return unreadable("silences", &error),
    };
    let active: Vec<&Silence> = all.iter().filter(|silence| silence.is_active(now)).collect();
    let doubts = active.iter().filter_map(|one| Some(format!("silence {} {}", one.id, one.doubt(now)?)));
    let step = "`provwatch silences list` shows them; `provwatch silences expire <number>` ends one";
    told("silences", words::counted(active.len(), "silence"), &doubts.collect::<Vec<_>>(), step)
}

fn announced(store: &Store, now: DateTime<Utc>) -> Check {
    let all = match store.expected_changes() {
        Ok(all) => all,
        Err(error) => return unreadable("announced changes", &error),
    };
    let current: Vec<&ExpectedChange> = all.iter().filter(|one| one.until >= now).collect();
    let doubts = current.iter().filter_map(|one| doubt(store, one, now));
    let step = "`provwatch expect list` shows them; `provwatch expect remove <number>` removes one";
    told("announced changes", words::counted(current.len(), "announcement"), &doubts.collect::<Vec<_>>(), step)
}

/// What is doubtful of an announced change: no release came since, or its time is almost over.
fn doubt(store: &Store, expected: &ExpectedChange, now: DateTime<Utc>) -> Option<String> {
    let (id, package) = (expected.id, words::name(&expected.package));
    let rows = store.releases(&expected.package, 1).ok()?;
    let is_used = rows.iter().any(|row| row.observed_at >= expected.from);
    if !is_used && now - expected.from >= Silence::UNUSED {
        return Some(format!(
            "announcement {id}: {package} had no release for {} days",
            (now - expected.from).num_days()
        ));
    }
    let left = expected.until - now;
    (left <= Silence::SOON).then(|| format!("announcement {id} of {package} ends in {} d", left.num_days()))
}

/// What is doubtful of a detector that a policy suppresses.
pub fn suppression(quiet: &Quiet, now: DateTime<Utc>) -> Option<String> {
    let (detector, until) = (words::name(&quiet.detector), quiet.until);
    if !quiet.holds(now) {
        return Some(format!("the suppression of {detector} ended on {until}"));
    }
    (!quiet.holds(now + Silence::SOON)).then(|| format!("the suppression of {detector} ends on {until}"))
}

/// The silences of teams that neither the watchlist nor a `[[logs.match]]` names.
fn unknown_teams(context: &Context, store: &Store, now: DateTime<Utc>) -> Vec<String> {
    let (Ok(watchlist), Ok(silences)) = (context.watchlist(), store.silences()) else { return Vec::new() };
    let mut known = watchlist.teams();
    known.extend(context.config.logs.matches.iter().filter_map(|one| one.team.clone()));
    let active = silences.iter().filter(|silence| silence.is_active(now));
    let named = active.flat_map(|silence| silence.matchers.teams.iter().map(move |team| (silence.id, team)));
    let unknown = named.filter(|(_, team)| !known.contains(*team));
    unknown.map(|(id, team)| format!("silence {id}: nothing is of the team {}", words::name(team))).collect()
}

fn told(name: &str, count: String, doubts: &[String], step: &str) -> Check {
    if doubts.is_empty() {
        return Check::new(name, State::Ok, count);
    }
    Check::new(name, State::Warning, format!("{count}\n{}", doubts.join("\n"))).next(step)
}

fn unreadable(name: &str, error: &StoreError) -> Check {
    Check::new(name, State::Failed, crate::text::with_causes(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_suppression_is_told_a_week_before() {
        let until = "2026-06-30".parse().unwrap();
        let quiet = Quiet { detector: "odd-hours".to_owned(), reason: "summer".to_owned(), until };
        for (now, expected) in [
            ("2026-06-01T00:00:00Z", None),
            ("2026-06-23T23:59:59Z", None),
            ("2026-06-24T00:00:00Z", Some("the suppression of odd-hours ends on 2026-06-30")),
            ("2026-06-30T23:59:59Z", Some("the suppression of odd-hours ends on 2026-06-30")),
            ("2026-07-01T00:00:00Z", Some("the suppression of odd-hours ended on 2026-06-30")),
        ] {
            assert_eq!(suppression(&quiet, now.parse().unwrap()).as_deref(), expected, "{now}");
        }
    }
}
