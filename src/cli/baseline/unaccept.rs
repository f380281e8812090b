//! `provwatch baseline unaccept`: withdraws an acceptance and learns the baseline again.

use schemars::JsonSchema;
use serde::Serialize;

use super::change::TRIES;
use crate::{
    app::tuning,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        operator::Author,
        output::{self, Printing},
        reason::reason,
        target, words,
    },
    detect::AssessmentInputs,
    model::{Alert, AlertStatus, BaselineReason, Fingerprint, Observation, ReleaseId, ReleaseLine},
    packages::{
        assess::assess,
        relearn::{self, Relearned},
        release_context,
    },
    store::{BaselineChange, NewBaselineVersion, Store, StoreError},
    text::shell_word,
};

/// Undo the acceptance of a release
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline unaccept pkg:npm/axios@1.15.0 \\
      --reason 'the account was stolen after all'

The command learns the baseline again, without the release. It judges releases again that became normal because of \
this one, and opens the release's alert again. The history keeps every step.")]
pub struct Unaccept {
    /// The release
    #[arg(value_name = "PURL", value_parser = target::release)]
    release: ReleaseId,
    /// The reason, for the history
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

/// The JSON form.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Unaccepted<'a> {
    purl: &'a ReleaseId,
    line: &'a ReleaseLine,
    /// Releases that had become normal because of it.
    judged_again: Vec<ReleaseId>,
    /// Its alert, which is open again.
    #[serde(skip_serializing_if = "Option::is_none")]
    open_alert: Option<Alert>,
}

impl Unaccept {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        let row = store.release(&self.release)?.filter(|row| row.in_baseline);
        let accepted = store.acceptance(&self.release)?;
        let Some(row) = row.filter(|_| accepted.is_some()) else { return Err(self.not_accepted()) };
        let dropped = self.take_back(context, &store)?;
        let alert = store.alert(&Fingerprint::of_release(&self.release))?;
        let open_alert = alert.filter(|alert| alert.status == AlertStatus::Open);
        let judged_again = dropped.into_iter().map(|release| release.purl).collect();
        let unaccepted = Unaccepted { purl: &self.release, line: &row.line, judged_again, open_alert };
        if self.printing.is_json() {
            output::json(&unaccepted)?;
        } else {
            unaccepted.print();
        }
        Ok(Exit::Clean)
    }

    /// Learns again beside a daemon that may learn too. Returns the releases that are judged again.
    fn take_back(&self, context: &Context, store: &Store) -> Result<Vec<Observation>, CliError> {
        let fingerprint = Fingerprint::of_release(&self.release);
        let mut tries = 1;
        loop {
            let based_on = store.baseline(self.release.package())?.revision;
            let Relearned { baseline, dropped } = self.relearn(context, store)?;
            let change = BaselineChange { based_on, baseline, versions: self.steps(&dropped) };
            match store.take_back(&change, &fingerprint, &self.author.name(), &self.reason, Context::clock().now()) {
                Err(StoreError::BaselineMoved { .. }) if tries < TRIES => tries += 1,
                taken => return Ok(taken.map(|_| dropped)?),
            }
        }
    }

    fn relearn(&self, context: &Context, store: &Store) -> Result<Relearned, CliError> {
        let package = self.release.package();
        let (tuning, expected) = (tuning(&context.config), store.expected_changes_of(package)?);
        let policy = context.watchlist()?.policy(package);
        relearn::without(store, package, &self.release, |baseline, observation| {
            let release_context = release_context(store, observation)?;
            let inputs = AssessmentInputs {
                release_context: &release_context,
                tuning: &tuning,
                policy: policy.as_ref(),
                expected: &expected,
            };
            Ok(assess(baseline, observation, &inputs).in_baseline)
        })
    }

    fn steps(&self, dropped: &[Observation]) -> Vec<NewBaselineVersion> {
        let step = |release: &ReleaseId, reason, note| NewBaselineVersion {
            line: ReleaseLine::of(release),
            reason,
            purl: Some(release.clone()),
            actor: self.author.name(),
            note: Some(note),
        };
        let because = format!("it was normal because {} had been accepted", self.release);
        let again = dropped.iter().map(|one| step(&one.purl, BaselineReason::Unlearned, because.clone()));
        std::iter::once(step(&self.release, BaselineReason::Unaccepted, self.reason.clone())).chain(again).collect()
    }

    fn not_accepted(&self) -> CliError {
        let package = shell_word(&self.release.package().to_string());
        CliError::failed(format!("{} is not accepted, so there is nothing to take back", self.release))
            .next(format!("`provwatch baseline history {package}` lists what was accepted"))
    }
}

impl Unaccepted<'_> {
    fn print(&self) {
        let (purl, line) = (self.purl, words::name(self.line));
        output::line(format_args!("{purl} is no longer part of the baseline of release line {line}."));
        if !self.judged_again.is_empty() {
            output::line(
                "These releases joined because of it. They left the baseline, and provwatch judges them \
                          again:",
            );
            for release in &self.judged_again {
                output::line(format_args!("  {release}"));
            }
        }
        if let Some(alert) = &self.open_alert {
            output::line(format_args!("Its alert {} ({}) is open again.", alert.id, alert.severity));
        }
    }
}
