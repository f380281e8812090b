//! Changes the status of alerts, or shows what would change.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{target::Which, wording::title};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words, wrap,
    },
    model::{Alert, AlertAction, AlertId, AlertStatus, ReleaseId, Severity},
    store::{Acted, ActionOutcome, Store},
};

/// What would become of an alert: a line of `--dry-run`.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Planned<'a> {
    /// Its id.
    id: AlertId,
    severity: Severity,
    /// Its release, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'a ReleaseId>,
    title: &'a str,
    /// Where it stands.
    from: AlertStatus,
    /// Where it would stand.
    to: AlertStatus,
    /// Until when, if it would be acknowledged or snoozed until a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
    /// Whether anything would be recorded.
    changes: bool,
}

/// A change, and how to print it.
pub(super) struct Change<'a> {
    pub which: &'a Which,
    pub printing: Printing,
    pub action: AlertAction,
}

impl Change<'_> {
    /// Changes the alerts, all of them or none.
    ///
    /// # Errors
    /// The action cannot be, an alert does not exist or is resolved; else as the store.
    pub fn run(&self, store: &Store) -> Outcome {
        self.action.check().map_err(CliError::usage)?;
        let alerts = self.which.find(store, self.action.at)?;
        let alerts = self.open_to(alerts)?;
        if alerts.is_empty() && !self.printing.is_json() {
            output::line("No alert fits, so nothing was changed.");
            return Ok(Exit::Clean);
        }
        if self.which.dry_run {
            alerts.iter().try_for_each(|alert| self.plan(alert))?;
            if !self.printing.is_json() {
                fact_table::say("This was a dry run: nothing was changed.");
            }
            return Ok(Exit::Clean);
        }
        let fingerprints: Vec<_> = alerts.iter().map(|alert| alert.fingerprint).collect();
        let before = |acted: &Acted| alerts.iter().find(|alert| alert.fingerprint == acted.alert.fingerprint);
        for acted in &store.act_on(&fingerprints, &self.action)? {
            self.tell(acted, before(acted).and_then(|alert| alert.handling.as_ref()))?;
        }
        Ok(Exit::Clean)
    }

    /// Leaves resolved alerts out that an action must not touch; one that was named is an error.
    fn open_to(&self, mut alerts: Vec<Alert>) -> Result<Vec<Alert>, CliError> {
        let is_refused = |alert: &Alert| ActionOutcome::of(alert, &self.action) == ActionOutcome::Refused;
        if let Some(refused) = alerts.iter().find(|alert| self.which.is_by_name() && is_refused(alert)) {
            let id = refused.id;
            return Err(CliError::failed(format!("{id} is resolved, and nothing was changed"))
                .next(format!("`provwatch alerts reopen {id} --reason '…'` opens it again")));
        }
        alerts.retain(|alert| !is_refused(alert));
        if !self.which.is_by_name() {
            alerts.retain(|alert| ActionOutcome::of(alert, &self.action) != ActionOutcome::Unchanged);
        }
        Ok(alerts)
    }

    fn plan(&self, alert: &Alert) -> Result<(), CliError> {
        let outcome = ActionOutcome::of(alert, &self.action);
        let from = alert.status_at(self.action.at);
        if self.printing.is_json() {
            return Ok(output::json(&Planned {
                id: alert.id,
                severity: alert.severity,
                purl: alert.purl.as_ref(),
                title: &alert.title,
                from,
                to: self.action.status,
                until: self.action.until,
                changes: outcome != ActionOutcome::Unchanged,
            })?);
        }
        let would = match outcome {
            ActionOutcome::Unchanged => format!("is {}; would stay so", from.as_str()),
            ActionOutcome::Added => {
                let changes = changes(alert.handling.as_ref(), &self.action);
                format!("is {}; would stay so{}", from.as_str(), changes.unwrap_or_default())
            }
            ActionOutcome::Changed | ActionOutcome::Refused => {
                format!("is {}; would become {}", from.as_str(), done(&self.action))
            }
        };
        print_line(alert, &would);
        Ok(())
    }

    /// `last`: the action before this one.
    fn tell(&self, Acted { alert, before, outcome }: &Acted, last: Option<&AlertAction>) -> Result<(), CliError> {
        if self.printing.is_json() {
            return Ok(output::json(alert)?);
        }
        let by = words::name(&self.action.by);
        let what = match outcome {
            ActionOutcome::Changed => format!("is {}", done(&self.action)),
            ActionOutcome::Added => {
                let changes = changes(last, &self.action).unwrap_or_default();
                format!("was already {}{changes}; the reason of {by} is added", before.as_str())
            }
            ActionOutcome::Unchanged => format!("was already {}, and nothing was added", before.as_str()),
            ActionOutcome::Refused => format!("is {} and stays so", before.as_str()),
        };
        print_line(alert, &what);
        Ok(())
    }
}

fn print_line(alert: &Alert, what: &str) {
    output::line(wrap::paragraphs(&format!("{} {what}: {}", alert.id, title(alert)), wrap::width(), ""));
}

/// What an action changes of the one before, where the status stays: `; true-positive → expected`, `; no longer ends by
/// itself (was 2026-12-24 08:00 UTC)`. `None`: nothing.
fn changes(last: Option<&AlertAction>, action: &AlertAction) -> Option<String> {
    let last = last?;
    let category = |action: &AlertAction| action.category.map_or("no category", |category| category.as_str());
    let mut all = Vec::new();
    if last.category != action.category {
        all.push(format!("{} → {}", category(last), category(action)));
    }
    if last.duplicate_of != action.duplicate_of {
        all.extend(action.duplicate_of.map(|other| format!("a duplicate of {}", other.id())));
    }
    let end = match (last.until, action.until) {
        (Some(was), None) => Some(format!("no longer ends by itself (was {})", words::moment(was))),
        (None, Some(until)) => Some(format!("ends at {} (had no end)", words::moment(until))),
        (Some(was), Some(until)) if was != until => {
            Some(format!("ends at {} (was {})", words::moment(until), words::moment(was)))
        }
        _ => None,
    };
    all.extend(end);
    (!all.is_empty()).then(|| format!("; {}", all.join("; ")))
}

/// `acknowledged by ada until 2026-12-24 00:00 UTC`.
pub(super) fn done(action: &AlertAction) -> String {
    let AlertAction { status, by, until, category, duplicate_of, .. } = action;
    let again = if *status == AlertStatus::Open { " again" } else { "" };
    let category = category.map(|category| format!(" as {category}")).unwrap_or_default();
    let other = duplicate_of.map(|other| format!(" of {}", other.id())).unwrap_or_default();
    let until = until.map(|until| format!(" until {}", words::moment(until))).unwrap_or_default();
    format!("{}{again}{category}{other} by {}{until}", status.as_str(), words::name(by))
}

/// The store to change, or only to read for a dry run.
///
/// # Errors
/// There is none, or it cannot be used.
pub(super) fn store(context: &Context, which: &Which) -> Result<Store, CliError> {
    if which.dry_run { context.store_to_read() } else { context.store_to_change() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Resolution;

    #[test]
    fn a_second_action_says_what_it_changes() {
        let at: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let action = |until: Option<&str>, category| AlertAction {
            until: until.map(|until| until.parse().unwrap()),
            category,
            ..AlertAction::new(AlertStatus::Acknowledged, "ada", "because", at)
        };
        let (two, eight) = (Some("2026-06-01T14:00:00Z"), Some("2026-06-01T20:00:00Z"));
        let (attack, expected) = (Some(Resolution::TruePositive), Some(Resolution::Expected));
        for (last, next, said) in [
            (action(two, None), action(None, None), Some("; no longer ends by itself (was 2026-06-01 14:00:00 UTC)")),
            (action(None, None), action(two, None), Some("; ends at 2026-06-01 14:00:00 UTC (had no end)")),
            (
                action(two, None),
                action(eight, None),
                Some("; ends at 2026-06-01 20:00:00 UTC (was 2026-06-01 14:00:00 UTC)"),
            ),
            (action(two, None), action(two, None), None),
            (action(None, attack), action(None, expected), Some("; true-positive → expected")),
            (action(None, None), action(None, expected), Some("; no category → expected")),
            (action(None, attack), action(None, attack), None),
        ] {
            assert_eq!(changes(Some(&last), &next).as_deref(), said);
        }
        assert_eq!(changes(None, &action(two, None)), None);
    }
}
