//! `provwatch logs evidence`: exports the evidence of a log violation for third parties.

use std::path::PathBuf;

use crate::{
    cli::{
        callable::callable,
        context::Context,
        exit::{CliError, Exit, Outcome},
        output::{self, Printing},
        words,
    },
    store::{EvidenceRow, Store, StoreError},
};

/// Export the evidence against a log, for others to verify
#[derive(Debug, clap::Args)]
#[command(
    name = "evidence",
    after_help = "\
Examples:
  provwatch logs evidence                          # list all evidence
  provwatch logs evidence 0f3a --output fork.json  # export it
  provwatch logs verify fork.json                  # verify it, here or anywhere

For a fork, the document has both signed checkpoints and the proof: it convinces every reader who trusts the log's \
key. For other violations it has the statements that the log signed, and unsigned observations of this host."
)]
pub struct EvidenceCommand {
    /// The id of the evidence or of its alert, or the first digits of either
    id: Option<String>,
    /// The file to write to [default: standard output]
    #[arg(long, short, value_name = "FILE", requires = "id")]
    output: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

impl EvidenceCommand {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_read()?;
        let all = store.evidence(None)?;
        match &self.id {
            None => self.list(&all)?,
            Some(id) => self.export(chosen(&all, &of_alert(&store, &all, id)?.unwrap_or_else(|| id.clone()))?)?,
        }
        Ok(Exit::Clean)
    }

    fn list(&self, all: &[EvidenceRow]) -> Result<(), CliError> {
        if self.printing.is_json() {
            all.iter().try_for_each(output::json)?;
        } else if all.is_empty() {
            output::line("No evidence against any log.");
        } else {
            let mut table = output::table(["ID", "LOG", "WHAT", "FIRST", "TIMES"]);
            for one in all {
                let found = words::minute(one.found_at);
                table.add_row([one.id.clone(), words::name(&one.log), one.kind.clone(), found, one.count.to_string()]);
            }
            output::print(&table);
        }
        Ok(())
    }

    fn export(&self, one: &EvidenceRow) -> Result<(), CliError> {
        let Some(path) = &self.output else {
            return Ok(output::json_text(&one.document)?);
        };
        std::fs::write(path, format!("{}\n", one.document))
            .map_err(|error| CliError::failed(format!("writing {}: {error}", path.display())))?;
        let verify = callable(&format!("provwatch logs verify {}", path.display()));
        output::note(format!("Wrote {}. `{verify}` checks it.", path.display()));
        Ok(())
    }
}

/// The evidence that the alert with this id, or this beginning of one, reports.
fn of_alert(store: &Store, all: &[EvidenceRow], id: &str) -> Result<Option<String>, StoreError> {
    let is_evidence = all.iter().any(|one| one.id.starts_with(id));
    let Some(id) = id.parse().ok().filter(|_| !is_evidence) else { return Ok(None) };
    Ok(store.alert_named(&id)?.and_then(|alert| alert.evidence))
}

fn chosen<'a>(all: &'a [EvidenceRow], id: &str) -> Result<&'a EvidenceRow, CliError> {
    let found: Vec<_> = all.iter().filter(|one| one.id.starts_with(id)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(CliError::usage(format!("unknown evidence {id:?}")).next(callable("provwatch logs evidence"))),
        _ => {
            Err(CliError::usage(format!("{} ids begin with {id:?}", found.len()))
                .next(callable("provwatch logs evidence")))
        }
    }
}
