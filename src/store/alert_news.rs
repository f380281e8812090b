//! Policy for repeated alerts: what counts as news, what reopens an alert, and which old signals stay.

use crate::model::{Alert, AlertKind, AlertStatus, Severity, Signal};

/// Most signals of an alert that is raised repeatedly. The signals of the last check come before earlier ones.
const MOST_SIGNALS: usize = 100;

/// Whether a repeated alert reopens: it became worse than the `peak` that was known, a condition (a stale source, a log that misbehaves) can return, a campaign can
/// continue. A release happens once; only news of medium or worse, or another incident, reopens its alert. An operator
/// who acknowledged a release's state, or one violation of a log, has not seen the next.
pub(super) fn reopens(known: &Alert, peak: Severity, raised: &Alert) -> bool {
    if known.status == AlertStatus::Open {
        return false;
    }
    let is_other_violation = raised.evidence.is_some() && raised.evidence != known.evidence;
    let is_resolved = known.status == AlertStatus::Resolved;
    let is_put_off = known.status == AlertStatus::Snoozed;
    is_other_violation
        || raised.severity > peak
        || match known.kind {
            AlertKind::Operation | AlertKind::Log => is_resolved,
            AlertKind::Campaign => (is_resolved || is_put_off) && has_new_members(known, raised),
            AlertKind::Release => is_told_news(known, raised),
        }
}

/// A resolved alert was judged harmless as it was, and a snoozed one can wait as it was, so that a signal of any other detector
/// is news; an operator already handles an acknowledged one, so it reopens only for a signal that is grave by itself.
fn is_told_news(known: &Alert, raised: &Alert) -> bool {
    let is_grave = |signal: &Signal| !signal.corroborating && signal.severity >= Severity::Medium;
    let is_laid_aside = matches!(known.status, AlertStatus::Resolved | AlertStatus::Snoozed);
    let is_first = |signal: &Signal| known.signals.iter().all(|known| known.detector != signal.detector);
    news(known, raised).any(|signal| is_grave(signal) || signal.is_incident() || (is_laid_aside && is_first(signal)))
}

/// Whether another incident happened to the release. The earlier alert does not report it.
pub(super) fn has_incident(known: &Alert, raised: &Alert) -> bool {
    known.kind == AlertKind::Release && news(known, raised).any(Signal::is_incident)
}

/// Whether a repetition becomes an alert of its own: another look found more, and no open alert tells of that. `peak` is the
/// worst that was known of it.
pub(super) fn stands_alone(known: &Alert, peak: Severity, raised: &Alert, reopened: bool) -> bool {
    let says_more = || news(known, raised).any(|signal| signal.severity > Severity::Info);
    known.repeats.is_some() && (reopened || (raised.repeats.is_none() && (raised.severity > peak || says_more())))
}

/// The reason why an alert is open again, for people.
pub(super) fn reopening(known: &Alert) -> String {
    match known.kind {
        AlertKind::Release => "new facts are known".to_owned(),
        AlertKind::Operation | AlertKind::Log | AlertKind::Campaign => "its cause is back".to_owned(),
    }
}

pub(super) fn has_new_members(known: &Alert, raised: &Alert) -> bool {
    raised.members.iter().any(|member| !known.members.contains(member))
}

/// The signals that one alert has and the other does not.
fn news<'a>(known: &'a Alert, raised: &'a Alert) -> impl Iterator<Item = &'a Signal> {
    raised.signals.iter().filter(|signal| !known.signals.iter().any(|known| known.says_what(signal)))
}

/// The alert as it is raised now, with what happened to the known one since.
pub(super) fn with_past(raised: &Alert, known: &Alert) -> Alert {
    Alert { developments: known.developments.clone(), handling: known.handling.clone(), ..raised.clone() }
}

/// The alert as it is raised now, but with the first time, the status and the past as before. Another check of a release does not
/// remove earlier signals, and a campaign that grows does not become milder.
pub(super) fn merge(known: &Alert, raised: &Alert, reopened: bool) -> Alert {
    let raised = &with_past(raised, known);
    let status = if reopened { AlertStatus::Open } else { known.status };
    let raised_at = if reopened { raised.raised_at } else { known.raised_at };
    let is_milder = raised.severity < known.severity;
    match known.kind {
        AlertKind::Release => {
            let room = MOST_SIGNALS.saturating_sub(raised.signals.len());
            let (worse, signals): (_, Vec<&Signal>) = if is_milder {
                (known, known.signals.iter().take(room).chain(news(known, raised)).collect())
            } else {
                (raised, raised.signals.iter().chain(news(raised, known).take(room)).collect())
            };
            let (repeated, repeats) = (known.repeated.clone(), known.repeats);
            let signals = signals.into_iter().cloned().collect();
            let used_by = raised.used_by.clone();
            Alert { raised_at, status, signals, repeated, repeats, used_by, ..worse.clone() }
        }
        AlertKind::Campaign => {
            let worse = if is_milder { known } else { raised };
            let lost = known.members.iter().filter(|member| !raised.members.contains(member));
            let members = raised.members.iter().chain(lost).cloned().collect();
            let (severity, confidence) = (worse.severity, worse.confidence);
            Alert { severity, confidence, raised_at, status, members, ..raised.clone() }
        }
        AlertKind::Operation | AlertKind::Log => Alert { raised_at, status, ..raised.clone() },
    }
}
