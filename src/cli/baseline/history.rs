//! `provwatch baseline history`: shows the steps by which a baseline came about.

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        output::{self, Printing, Redaction},
        target,
        words::{self, NOTHING},
    },
    model::{Package, ReleaseId},
    store::BaselineVersion,
};

/// Show the steps by which provwatch learned a package's baseline
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch baseline history pkg:npm/axios
  provwatch baseline history pkg:npm/axios --limit 500 --format json

The history has every step: each release that joined, each acceptance and reset, with user, time and reason. The \
exit code is 4 if the package has no history.")]
pub struct History {
    /// The package
    #[arg(value_name = "PURL", value_parser = target::package)]
    package: Package,
    /// Show at most this many steps, the latest first
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = target::count)]
    limit: usize,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

impl History {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let steps = context.store_to_read()?.baseline_history(&self.package, self.limit)?;
        if self.printing.is_json() {
            steps.iter().try_for_each(output::json)?;
        } else if steps.is_empty() {
            output::line(format_args!("Nothing has been learned of {} yet.", self.package));
        } else {
            self.print(&steps);
        }
        Ok(if steps.is_empty() { Exit::Unchecked } else { Exit::Clean })
    }

    fn print(&self, steps: &[BaselineVersion]) {
        let mut table = output::table(["AT (UTC)", "LINE", "STEP", "WHAT", "RELEASE", "WHO", "NOTE"]);
        for step in steps {
            table.add_row([
                words::minute(step.at),
                words::name(&step.line),
                step.version.to_string(),
                step.reason.as_str().to_owned(),
                step.purl.as_deref().map_or(NOTHING.to_owned(), version),
                words::name(&step.actor),
                step.note.as_ref().map(words::sentence).unwrap_or_default(),
            ]);
        }
        output::print(&table);
        output::limited(steps.len(), self.limit);
    }
}

/// The version of a release: the package is known.
fn version(purl: &str) -> String {
    purl.parse::<ReleaseId>().map_or_else(|_| words::name(purl), |release| words::name(release.version()))
}
