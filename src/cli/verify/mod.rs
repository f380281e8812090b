//! `provwatch verify`: verifies a file of attestations, a digest or a release.

mod artifact;
mod asked;
mod conditions;
mod documents;
mod known;
mod print;
mod release;
pub(super) mod report;

use std::path::Path;

pub use self::asked::Verify;
use self::{asked::Asked, report::Report};
use super::{context::Context, exit::Outcome, output};

impl Verify {
    /// Runs the command.
    ///
    /// # Errors
    /// A file cannot be read or is of another kind.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        let report = match self.asked()? {
            Asked::Attestations(document, file) => documents::report(self, &document, file, &self.verifier(&context)?)?,
            Asked::File(file) => known::report(self, &context, file)?,
            Asked::Release(release) => release::report(self, &context, &release)?,
        };
        self.print(&report)
    }

    fn print(&self, report: &Report) -> Outcome {
        if self.printing.is_json() {
            output::json(report)?;
        } else {
            print::report(report, self);
        }
        Ok(report.verdict.exit())
    }
}
