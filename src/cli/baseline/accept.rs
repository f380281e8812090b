use super::{Context, Failure, Outcome, change, output};
use crate::{
    baseline::learn,
    cli::{exit::Exit, operator, sheet, target, words},
    deliver::shell_word,
    model::{Alert, AlertKind, AlertStatus, BaselineReason, Observation, ReleaseId},
    store::{BaselineChange, NewBaselineVersion, ReleaseRow, Store, StoredBaseline},
};

/// Say that a held release is as it should be
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline accept pkg:npm/axios@1.15.0 --note 'moved to the new workflow, see their issue 42'

The baseline learns from the release, so that the next one like it is normal. Look first: `provwatch lookup` shows
what is known of it. The alert stays as it is; acknowledge it with `provwatch alerts ack`.")]
pub struct Accept {
    /// The release
    #[arg(value_name = "PURL", value_parser = target::release)]
    release: ReleaseId,
    /// Why, for the history
    #[arg(long)]
    note: Option<String>,
}

impl Accept {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        let row = store.release(&self.release)?.ok_or_else(|| self.unknown())?;
        if row.teaches {
            output::line(format_args!("{} is part of the baseline already.", self.release));
            return Ok(Exit::Clean);
        }
        let observation = self.readable(&row)?;
        let learned = change(&store, self.release.package(), |stored| Some(self.lesson(stored, observation)))?;
        if learned == Some(0) {
            output::line(format_args!("{} is part of the baseline already.", self.release));
        } else {
            let line = words::name(&row.line);
            output::line(format_args!("{} is part of the baseline of line {line} now.", self.release));
        }
        self.tell_of_the_alert(&store)?;
        Ok(Exit::Clean)
    }

    fn lesson(&self, stored: StoredBaseline, observation: &Observation) -> BaselineChange {
        let StoredBaseline { revision, mut baseline } = stored;
        learn(&mut baseline, observation);
        let version = NewBaselineVersion {
            line: observation.line(),
            reason: BaselineReason::Accepted,
            purl: Some(observation.purl.clone()),
            actor: operator::name(),
            note: self.note.clone(),
        };
        BaselineChange { based_on: revision, baseline, versions: vec![version] }
    }

    /// What is known of the release, if that is all that will be known.
    fn readable<'a>(&self, row: &'a ReleaseRow) -> Result<&'a Observation, Failure> {
        let reasons = || words::sentence(row.unchecked.join("; "));
        let Some(observation) = &row.observation else {
            let why = format!("{} was never readable, so there is nothing to learn: {}", self.release, reasons());
            return Err(Failure::failed(why));
        };
        if let Some(again) = row.recheck_at {
            let why = format!("{} could not be checked yet: {}", self.release, reasons());
            let next = format!("it is looked at again at {}; accept it after that", words::moment(again));
            return Err(Failure::failed(why).next(next));
        }
        Ok(observation)
    }

    fn unknown(&self) -> Failure {
        let package = shell_word(&self.release.package().to_string());
        Failure::failed(format!("{} is not stored", self.release))
            .next(format!("`provwatch baseline show {package}` lists the held releases"))
    }

    fn tell_of_the_alert(&self, store: &Store) -> Result<(), Failure> {
        let (_, id) = Alert::identify(AlertKind::Release, &self.release.to_string());
        let alert = store.alert(&id)?.filter(|alert| alert.status == AlertStatus::Open);
        if let Some(alert) = alert {
            output::line(format_args!("Its alert {} ({}) is still open.", words::name(&alert.id), alert.severity));
            sheet::next(&[(
                format!("provwatch alerts ack {} --reason '…'", words::name(&alert.id)),
                "when you have it in hand",
            )]);
        }
        Ok(())
    }
}
