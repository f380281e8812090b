//! Checks for files that other users can change, and secrets that they can read.

use super::check::{Check, State};
use crate::{cli::context::Context, config::Exposure};

/// One check for each of them; none if all files are protected.
pub fn checks(context: &Context) -> Vec<Check> {
    context.config.exposures(context.file.as_deref()).into_iter().map(check).collect()
}

fn check(Exposure { path, what, mend }: Exposure) -> Check {
    Check::new(path.display().to_string(), State::Warning, what).next(format!("`{mend}`"))
}
