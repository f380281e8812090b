//! Tells a subscription of earlier alerts of which it was never told.

use super::{answer::Answer, choice::check};
use crate::{
    cli::{exit::CliError, when::When},
    config::Subscription,
    store::{Acting, Store, Untold},
};

/// Tells the subscription `to` of the alerts of a time range that it selects, or counts them.
///
/// # Errors
/// The configuration does not have the subscription; else as the store.
pub(super) fn tell(
    store: &Store,
    configured: &[Subscription],
    (to, (since, until)): (&str, (Option<When>, Option<When>)),
    acting: &Acting,
    dry_run: bool,
) -> Result<Answer, CliError> {
    let conditions = check(to, configured)?.conditions();
    let since = since.map_or(chrono::DateTime::UNIX_EPOCH, |since| since.ago(acting.at));
    let until = until.map_or(acting.at, |until| until.ago(acting.at));
    let mut alerts = store.untold_alerts(to, since, until)?;
    alerts.retain(|alert| conditions.select(alert));
    let Untold { sent, held } =
        if dry_run { store.would_send(&alerts, acting.at)? } else { store.send_untold(to, &alerts, acting)? };
    Ok(Answer { dry_run, to: Some(to.to_owned()), sent, held, ..Answer::default() })
}
