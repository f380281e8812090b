//! Checks of one's own packages: the folder of signed files.

use chrono::{DateTime, Utc};

use super::check::{Check, State};
use crate::{
    app::allow_folder,
    cli::{context::Context, words},
    text::with_causes,
};

/// Most files that are named.
const NAMED: usize = 5;

/// The folder of `[own]`; none: there is nothing to check.
pub fn checks(context: &Context, now: DateTime<Utc>) -> Vec<Check> {
    let Some(path) = &context.config.own.allow_folder else { return Vec::new() };
    let at = path.display().to_string();
    let check = match allow_folder(&context.config) {
        Err(error) => Check::new("allowed runs", State::Failed, with_causes(&error)),
        Ok(None) => return Vec::new(),
        Ok(Some(folder)) => match folder.refused(now) {
            Err(error) => Check::new("allowed runs", State::Failed, format!("{at} cannot be read: {error}"))
                .next("let the user of the daemon read the folder of [own] allow_folder"),
            Ok(refused) if refused.is_empty() => Check::new("allowed runs", State::Ok, at),
            Ok(refused) => {
                let named = refused.iter().take(NAMED).map(|(name, why)| format!("{}: {why}", words::sentence(name)));
                let count = words::counted(refused.len(), "file");
                let said = format!("{count} in {at} not used\n{}", named.collect::<Vec<_>>().join("\n"));
                Check::new("allowed runs", State::Warning, said).next("sign the files again, or remove them")
            }
        },
    };
    vec![check]
}
