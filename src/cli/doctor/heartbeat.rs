//! Checks `[heartbeat]`: whether it can be sent, and what became of the daemon's last ones.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::check::{Check, State};
use crate::{
    app,
    cli::{context::Context, words},
    clock::Clock,
    config::Config,
    daemon::lock_state,
    health::{LockState, Told},
    http::{Client, Request},
    store::Store,
    text::with_causes,
    upkeep,
};

/// The name of the check.
const NAME: &str = "heartbeat";

/// The check, if any heartbeat is configured. It sends none: a receiver would take it for a sign that the daemon is
/// healthy.
pub(super) fn heartbeat(context: &Context, store: Option<&Store>, now: DateTime<Utc>) -> Option<Check> {
    let section = &context.config.heartbeat;
    if !section.is_set() {
        return None;
    }
    let clock: Arc<dyn Clock> = Context::clock();
    let http = app::client(&context.config, Arc::clone(&clock)).ok()?;
    if let Err(error) = app::heartbeat(&context.config, &http, &clock) {
        return Some(Check::new(NAME, State::Misconfigured, with_causes(&error)));
    }
    let lock = lock_state(&context.config.store_path());
    let told = store.filter(|_| lock != LockState::Free).and_then(|store| told(store, lock)).unwrap_or_default();
    let failing = told.iter().find(|told| told.failing_since.is_some());
    let lines: Vec<String> = told.iter().map(|told| line(told, now)).collect();
    let every = section.every;
    Some(match (failing, lines.is_empty()) {
        (Some(_), _) => Check::new(NAME, State::Failed, lines.join("\n"))
            .next("look at [heartbeat] and the network; the receiver takes the silence for a dead daemon"),
        (None, false) => Check::new(NAME, State::Ok, lines.join("\n")),
        (None, true) => {
            Check::new(NAME, State::Ok, format!("every {every} while the daemon is healthy; none was sent yet"))
        }
    })
}

/// What the daemon knows of the receivers.
fn told(store: &Store, lock: LockState) -> Option<Vec<Told>> {
    Some(upkeep::runner(store, lock).ok()?.heartbeat?.facts.told)
}

fn line(told: &Told, now: DateTime<Utc>) -> String {
    let name = words::name(&told.name);
    match (&told.error, told.failing_since, told.accepted_at) {
        (Some(why), Some(since), _) => {
            format!("{name}: not accepted since {}: {}", words::moment(since), words::sentence(why))
        }
        (_, _, Some(at)) => format!("{name}: accepted {}", words::ago(at, now)),
        _ => format!("{name}: none was sent yet"),
    }
}

/// Whether the Alertmanager answers. This request has no effect there.
pub(super) async fn alertmanager(config: &Config, http: &Client) -> Option<Check> {
    let base = config.heartbeat.alertmanager.as_ref()?.as_base();
    let ready = base.join("-/ready").ok()?;
    let name = "alertmanager";
    Some(match http.fetch(Request::get(ready).max_attempts(1).discard_body()).await {
        Ok(_) => Check::new(name, State::Ok, "answers"),
        Err(error) => Check::new(name, State::Failed, with_causes(&error))
            .next("look at alertmanager in [heartbeat], at the network and at [http] allow_private"),
    })
}
