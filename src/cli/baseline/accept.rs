//! `provwatch baseline accept`: accepts a held release into the baseline.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    change::change,
    joins::{self, Joining, joining},
};
use crate::{
    baseline::learn_accepted,
    cli::{
        callable::callable,
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        operator::Author,
        output::{self, Printing},
        reason::reason,
        target, words,
    },
    deliver::{accept_because, needs_reason},
    model::{Alert, AlertStatus, BaselineReason, Fingerprint, Observation, ReleaseId, ReleaseLine},
    store::{BaselineChange, NewBaselineVersion, ReleaseRow, Store, StoredBaseline},
    text::shell_word,
};

/// Accept a held release as normal, so that it joins the baseline
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline accept pkg:npm/axios@1.15.0 \\
      --reason 'moved to the new workflow, see their issue 42'

The release joins the baseline, so that the next one like it is normal. The command prints the values that become \
normal. A release with a high or critical alert needs a reason. Examine the release first: `provwatch lookup` shows \
its facts. The alert stays open; acknowledge it with `provwatch alerts ack`. `provwatch baseline unaccept` undoes \
the acceptance.")]
pub struct Accept {
    /// The release
    #[arg(value_name = "PURL", value_parser = target::release)]
    release: ReleaseId,
    /// The reason, for the history; required if the alert is high or critical
    #[arg(long, alias = "note", value_parser = reason)]
    reason: Option<String>,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

/// The JSON form.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Accepted<'a> {
    purl: &'a ReleaseId,
    line: &'a ReleaseLine,
    /// False where the baseline had learned from it before.
    changed: bool,
    /// An operator accepted it, now or before: what was learned by itself cannot be taken back.
    #[serde(skip)]
    can_be_undone: bool,
    /// The values that became normal with it.
    joins: Vec<Joining>,
    /// Its alert, if that is still open.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_alert: Option<Alert>,
}

impl Accept {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        let row = store.release(&self.release)?.ok_or_else(|| self.unknown())?;
        let joins = if row.in_baseline { Vec::new() } else { self.joins(&store, &row)? };
        let changed = !row.in_baseline && self.accept(&store, &row)?;
        let open_alert = self.open_alert(&store)?;
        let can_be_undone = store.acceptance(&self.release)?.is_some();
        let accepted = Accepted { purl: &self.release, line: &row.line, changed, can_be_undone, joins, open_alert };
        if self.printing.is_json() {
            output::json(&accepted)?;
        } else {
            accepted.print();
        }
        Ok(Exit::Clean)
    }

    /// Prints the values that become normal before they do.
    fn joins(&self, store: &Store, row: &ReleaseRow) -> Result<Vec<Joining>, CliError> {
        let observation = self.readable(row)?;
        self.must_say_why(store)?;
        let mut baseline = store.baseline(self.release.package())?.baseline;
        let mut observation = observation.clone();
        store.addresses()?.recognize(&mut baseline, [&mut observation]);
        let joins = joining(&baseline, &observation);
        if !self.printing.is_json() {
            joins::print(&row.line, &joins);
        }
        Ok(joins)
    }

    /// A reason is required where the release looks like a takeover.
    fn must_say_why(&self, store: &Store) -> Result<(), CliError> {
        let alert = store.alert(&Fingerprint::of_release(&self.release))?;
        let severity = alert.map(|alert| alert.severity).filter(|severity| needs_reason(*severity));
        let Some(severity) = severity.filter(|_| self.reason.is_none()) else { return Ok(()) };
        let why = format!(
            "{} raised a {severity} alert; after the acceptance the next release like it raises none: give a reason",
            self.release
        );
        let command = accept_because(&self.release, "how you know that it is honest");
        Err(CliError::usage(why).next(format!("`{command}`")))
    }

    fn accept(&self, store: &Store, row: &ReleaseRow) -> Result<bool, CliError> {
        let observation = self.readable(row)?;
        let steps = change(store, self.release.package(), |stored| Some(self.baseline_update(stored, observation)))?;
        Ok(steps.is_some_and(|steps| steps > 0))
    }

    fn baseline_update(&self, stored: StoredBaseline, observation: &Observation) -> BaselineChange {
        let StoredBaseline { revision, mut baseline } = stored;
        learn_accepted(&mut baseline, observation);
        let version = NewBaselineVersion {
            line: observation.line(),
            reason: BaselineReason::Accepted,
            purl: Some(observation.purl.clone()),
            actor: self.author.name(),
            note: self.reason.clone(),
        };
        BaselineChange { based_on: revision, baseline, versions: vec![version] }
    }

    /// The stored observation of the release, if it is final.
    fn readable<'a>(&self, row: &'a ReleaseRow) -> Result<&'a Observation, CliError> {
        let reasons = || words::sentence(row.unchecked.join("; "));
        let Some(observation) = &row.observation else {
            let why = format!("{} was never readable, so there is nothing to learn: {}", self.release, reasons());
            return Err(CliError::failed(why));
        };
        if let Some(again) = row.recheck_at.filter(|_| !row.unchecked.is_empty()) {
            let why = format!("{} could not be checked yet: {}", self.release, reasons());
            let next = format!("the next re-check is at {}; accept it after that", words::moment(again));
            return Err(CliError::failed(why).next(next));
        }
        Ok(observation)
    }

    fn unknown(&self) -> CliError {
        let package = shell_word(&self.release.package().to_string());
        CliError::failed(format!("{} is not stored", self.release))
            .next(format!("`provwatch baseline show {package}` lists the held releases"))
    }

    fn open_alert(&self, store: &Store) -> Result<Option<Alert>, CliError> {
        let alert = store.alert(&Fingerprint::of_release(&self.release))?;
        Ok(alert.filter(|alert| alert.status == AlertStatus::Open))
    }
}

impl Accepted<'_> {
    fn print(&self) {
        let (purl, line) = (self.purl, words::name(self.line));
        let when = if self.changed { "now" } else { "already" };
        output::line(format_args!("{purl} is part of the baseline of release line {line} {when}."));
        if self.can_be_undone {
            let take_back = format!("provwatch baseline unaccept {} --reason '…'", shell_word(&purl.to_string()));
            output::line(format_args!("To take that back: {}", callable(&take_back)));
        }
        if let Some(alert) = &self.open_alert {
            let id = alert.id;
            output::line(format_args!("Its alert {id} ({}) is still open.", alert.severity));
            fact_table::next(&[(format!("provwatch alerts ack {id} --reason '…'"), "acknowledge the alert")]);
        }
    }
}
