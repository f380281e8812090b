//! The course of a drill: the program on its own database, the history to learn, the takeover, the receivers.

use std::{path::Path, sync::Arc, time::Duration};

use futures::future::join_all;

use super::{
    network::DrillNetwork,
    report::{Outcome, Report, Timed, Told, milliseconds},
    stopwatch::Stopwatch,
};
use crate::{
    app::{self, App, Parts},
    cli::{callable::callable, exit::CliError, matching, words},
    clock::Clock,
    config::{Config, Subscription as SubscriptionConfig},
    deliver::{LONGEST_TRIAL, Subscription, Subscriptions},
    health::LockState,
    http::Client,
    model::{Alert, AlertMatchers},
    progress::Progress,
    store::{DeliveryState, DeliveryStatus, Store},
    text::{shell_word, with_causes},
    watchlist::Watchlist,
};

/// A drill that is ready to run.
pub(super) struct Course {
    app: App,
    network: Arc<DrillNetwork>,
    stopwatch: Arc<Stopwatch>,
    clock: Arc<dyn Clock>,
    /// The subscriptions of the drill, in the order of the configuration.
    receivers: Vec<Receiver>,
}

/// A subscription, or the reason why it cannot be set up.
struct Receiver {
    name: String,
    kind: &'static str,
    conditions: AlertMatchers,
    broken: Option<String>,
}

impl Course {
    /// Sets up the program in an existing, empty folder.
    ///
    /// # Errors
    /// The configuration is wrong, or the folder cannot be written.
    pub(super) fn set(
        real: &Config,
        chosen: &[String],
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CliError> {
        let config = config(real, folder)?;
        let network = Arc::new(DrillNetwork::new(clock.now(), transport(real)?).map_err(CliError::failed)?);
        let http = app::client_over(&config, Arc::clone(&network) as _, Arc::clone(&clock)).map_err(wrong)?;
        let stopwatch = Arc::new(Stopwatch::new(Arc::clone(&clock)));
        let chosen = real.subscriptions.iter().filter(|one| chosen.is_empty() || chosen.contains(&one.name));
        let (receivers, subscriptions) = receivers(real, chosen, &http, &clock);
        let parts = Parts {
            store: Arc::new(Store::open(&folder.join("drill.db"))?),
            watchlist: watchlist(folder)?,
            http,
            verifier: app::verifier(&config).map_err(wrong)?,
            clock: Arc::clone(&clock),
            progress: Arc::clone(&stopwatch) as Arc<dyn Progress>,
        };
        let subscriptions = Subscriptions::new(subscriptions).map_err(wrong)?;
        let app = app::assemble_for(&config, parts, subscriptions).map_err(wrong)?;
        Ok(Self { app, network, stopwatch, clock, receivers })
    }

    /// Learns the history, announces the takeover, and delivers its alert once to each receiver.
    ///
    /// # Errors
    /// The database failed, or the takeover raised no alert.
    pub(super) async fn run(self, lock: LockState) -> Result<Report, CliError> {
        self.round().await?;
        self.stopwatch.restart();
        self.network.take_over();
        let start = self.clock.steady();
        let announced = self.round().await?;
        let times = self.stopwatch.restart();
        let (Some(alert), Some(examining), Some(recorded)) = (times.alert, times.examining, times.recorded) else {
            return Err(no_alert(times.failure));
        };
        let purl = alert.purl.clone().ok_or_else(|| no_alert(None))?;
        let steps = vec![
            Timed::new("feed", announced.saturating_sub(start)),
            Timed::new("queue", examining.saturating_sub(announced)),
            Timed::new("judgement", recorded.saturating_sub(examining)),
        ];
        let told = join_all(self.receivers.iter().map(|receiver| self.tell(receiver, &alert, recorded))).await;
        let receivers = told.into_iter().collect::<Result<_, CliError>>()?;
        let total = self.clock.steady().saturating_sub(start);
        Ok(Report::new(&alert, purl, steps, receivers, total, lock))
    }

    /// Reads the feeds, then works off the queue. Returns the time between the two.
    async fn round(&self) -> Result<Duration, CliError> {
        self.app.packages.reconciler.enqueue_unknown()?;
        for source in &self.app.sources {
            self.app.packages.feeds.observe(source.feed.as_ref()).await?;
        }
        let read = self.clock.steady();
        self.app.packages.queue.work().await?;
        Ok(read)
    }

    /// Makes one attempt at the message of one receiver.
    async fn tell(&self, receiver: &Receiver, alert: &Alert, since: Duration) -> Result<Told, CliError> {
        let told = |outcome, detail: &str, until: Duration| Told {
            subscription: receiver.name.clone(),
            kind: receiver.kind,
            outcome,
            detail: words::sentence(detail),
            milliseconds: milliseconds(until.saturating_sub(since)),
        };
        if let Some(why) = &receiver.broken {
            return Ok(told(Outcome::Failed, why, since));
        }
        if self.delivery(receiver, alert)?.is_none() {
            return Ok(told(Outcome::NotSelected, &unselected(receiver, alert), since));
        }
        let answered = tokio::select! {
            step = self.app.dispatcher.deliver_next(&receiver.name) => { step?; true }
            () = self.clock.sleep(LONGEST_TRIAL) => false,
        };
        let until = self.clock.steady();
        let delivery = self.delivery(receiver, alert)?;
        let detail = delivery.as_ref().and_then(|delivery| delivery.detail.clone()).unwrap_or_default();
        Ok(match delivery {
            Some(DeliveryState { state: DeliveryStatus::Delivered, .. }) => told(Outcome::Accepted, &detail, until),
            _ if !answered => {
                told(Outcome::Failed, &format!("no answer for {} seconds", LONGEST_TRIAL.as_secs()), until)
            }
            _ => told(Outcome::Failed, &detail, until),
        })
    }

    fn delivery(&self, receiver: &Receiver, alert: &Alert) -> Result<Option<DeliveryState>, CliError> {
        let deliveries = self.app.store.deliveries_of(alert, usize::MAX)?;
        Ok(deliveries.into_iter().find(|delivery| delivery.subscription == receiver.name))
    }
}

/// The operator's configuration, with the registries, forges and logs of the drill.
fn config(real: &Config, folder: &Path) -> Result<Config, CliError> {
    let origin = Path::new("drill/provwatch.toml");
    let made_up = Config::parse(include_str!("../../../drill/provwatch.toml"), origin).map_err(wrong)?;
    let mut config = Config {
        registries: made_up.registries,
        forges: made_up.forges,
        logs: made_up.logs,
        rdap: made_up.rdap,
        ..real.clone()
    };
    config.store.path = Some(folder.join("drill.db"));
    config.heartbeat = made_up.heartbeat;
    Ok(config)
}

fn transport(real: &Config) -> Result<Arc<dyn crate::http::Transport>, CliError> {
    app::transport(real).map_err(wrong)
}

fn watchlist(folder: &Path) -> Result<Watchlist, CliError> {
    let file = folder.join("watchlist.toml");
    std::fs::write(&file, include_str!("../../../drill/watchlist.toml"))?;
    Watchlist::load(&[file]).map_err(CliError::failed)
}

/// The receivers, and the subscriptions of those that can be set up.
fn receivers<'a>(
    real: &Config,
    chosen: impl Iterator<Item = &'a SubscriptionConfig>,
    http: &Client,
    clock: &Arc<dyn Clock>,
) -> (Vec<Receiver>, Vec<Subscription>) {
    let (mut receivers, mut subscriptions) = (Vec::new(), Vec::new());
    for one in chosen {
        let broken = match app::subscription(real, one, http, clock) {
            Ok(subscription) => {
                subscriptions.push(subscription.for_drill());
                None
            }
            Err(error) => Some(with_causes(&error)),
        };
        receivers.push(Receiver {
            name: one.name.clone(),
            kind: one.sink_type(),
            conditions: one.conditions(),
            broken,
        });
    }
    (receivers, subscriptions)
}

/// Why a subscription does not receive the drill, and how its receiver can be tried.
fn unselected(receiver: &Receiver, alert: &Alert) -> String {
    let Receiver { name, conditions, .. } = receiver;
    let why = conditions.refusing(alert).map_or("not for this alert", matching::refusal);
    let test = callable(&format!("provwatch test-sinks {}", shell_word(name)));
    format!("{why}: it receives {}; `{test}` tries its receiver", matching::words(conditions))
}

fn no_alert(failure: Option<String>) -> CliError {
    let why = failure.map(|why| format!(": {}", words::sentence(why))).unwrap_or_default();
    CliError::failed(format!("the made-up takeover raised no alert{why}"))
        .next("`provwatch detectors list` shows which detectors [detectors] of the configuration disables")
}

fn wrong(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CliError {
    CliError::usage(error).next("correct the configuration; `provwatch doctor` checks all of it")
}
