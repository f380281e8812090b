use serde::Serialize;

use super::{Context, Failure, Outcome, change, output};
use crate::{
    cli::{args::Printing, exit::Exit, operator, target, words},
    model::{Baseline, BaselineReason, Package, ReleaseLine},
    store::{BaselineChange, NewBaselineVersion, StoredBaseline},
};

/// Forget what was learned of a package and begin anew
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline reset pkg:npm/axios --line 1 \\
      --note 'new maintainers, confirmed by phone'

The history keeps every step. Releases that come after the reset teach the new baseline. Until then the line is \
compared with the package's other lines, or with nothing where there are none.")]
pub struct Reset {
    /// The package
    #[arg(value_name = "PURL", value_parser = target::package)]
    package: Package,
    /// Only this release line: 7, 0.30, 7-pre
    #[arg(long)]
    line: Option<String>,
    /// Why, for the history
    #[arg(long)]
    note: String,
    #[command(flatten)]
    printing: Printing,
}

/// The JSON form.
#[derive(Serialize)]
struct Forgotten<'a> {
    package: &'a Package,
    /// How many lines were forgotten.
    lines: usize,
}

impl Reset {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        let wanted = self.line.as_deref().map(ReleaseLine::named);
        if let Some(line) = &wanted {
            self.must_know(&store.baseline(&self.package)?.baseline, line)?;
        }
        let steps = change(&store, &self.package, |stored| self.anew(stored, wanted.as_ref()))?;
        let forgotten = Forgotten { package: &self.package, lines: steps.unwrap_or(0) };
        if self.printing.is_json() {
            output::json(&forgotten)?;
        } else {
            forgotten.print();
        }
        Ok(Exit::Clean)
    }

    fn must_know(&self, baseline: &Baseline, line: &ReleaseLine) -> Result<(), Failure> {
        if baseline.lines.is_empty() || baseline.lines.contains_key(line) {
            return Ok(());
        }
        let known: Vec<_> = baseline.lines.keys().map(words::name).collect();
        let (line, package) = (words::name(line), &self.package);
        Err(Failure::usage(format!("{package} has no release line {line:?}; known: {}", known.join(", "))))
    }

    fn anew(&self, stored: StoredBaseline, wanted: Option<&ReleaseLine>) -> Option<BaselineChange> {
        let StoredBaseline { revision, mut baseline } = stored;
        let lines: Vec<_> =
            baseline.lines.keys().filter(|line| wanted.is_none_or(|wanted| wanted == *line)).cloned().collect();
        baseline.lines.retain(|line, _| !lines.contains(line));
        let step = |line| NewBaselineVersion {
            line,
            reason: BaselineReason::Reset,
            purl: None,
            actor: operator::name(),
            note: Some(self.note.clone()),
        };
        let versions: Vec<_> = lines.into_iter().map(step).collect();
        (!versions.is_empty()).then_some(BaselineChange { based_on: revision, baseline, versions })
    }
}

impl Forgotten<'_> {
    fn print(&self) {
        let package = self.package;
        match self.lines {
            0 => output::line(format_args!("{package}: nothing was learned yet, so nothing is forgotten.")),
            lines => {
                let lines = words::counted(lines as u64, "line was", "lines were");
                output::line(format_args!("{package}: {lines} forgotten; the next releases teach anew."));
            }
        }
    }
}
