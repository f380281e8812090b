//! The deliveries that a command sends again: those that are named, or those of a filter.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::show::no_such_delivery;
use crate::{
    cli::{
        exit::CliError,
        target,
        when::{When, when},
        words,
    },
    config::Subscription,
    store::{DeliveryFilter, DeliveryStatus, ListedDelivery, Store, WholeDelivery},
    strict_toml::did_you_mean,
};

/// Which deliveries to send again.
#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// The deliveries, as `provwatch deliveries list` shows them
    #[arg(value_name = "ID", value_parser = target::number, conflicts_with_all = ["failed", "subscription", "since", "until"])]
    ids: Vec<i64>,
    /// Only dead letters, and not what waits
    #[arg(long)]
    failed: bool,
    /// Only deliveries to this subscription
    #[arg(long, value_name = "NAME")]
    subscription: Option<String>,
    /// Only deliveries that were put into the outbox since then; with --to alerts that were raised since then
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub since: Option<When>,
    /// Only those before then
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub until: Option<When>,
}

/// The deliveries that were chosen.
pub(super) struct Chosen {
    /// None of them was delivered.
    pub deliveries: Vec<ListedDelivery>,
    /// The subscriptions whose endpoints are to be tried again.
    pub subscriptions: BTreeSet<String>,
    /// Subscriptions with dead letters that the configuration does not have.
    pub removed: BTreeSet<String>,
}

impl Choice {
    /// Whether deliveries of one subscription or by their numbers were chosen, which `--to` does not take.
    pub fn is_of_deliveries(&self) -> bool {
        self.failed || self.subscription.is_some() || !self.ids.is_empty()
    }

    /// Finds the deliveries.
    ///
    /// # Errors
    /// Nothing was chosen; one that was named does not exist or was delivered, or the configuration does not have its
    /// subscription; else as the store.
    pub fn find(&self, store: &Store, configured: &[Subscription], now: DateTime<Utc>) -> Result<Chosen, CliError> {
        if !self.is_of_deliveries() && self.since.is_none() && self.until.is_none() {
            let missing = "which deliveries? expected numbers, --failed, --subscription, or --since";
            return Err(CliError::usage(missing).next("`provwatch deliveries list` shows the numbers"));
        }
        if let Some(name) = &self.subscription {
            check(name, configured)?;
        }
        let is_configured = |one: &ListedDelivery| configured.iter().any(|other| other.name == one.subscription);
        let found = if self.ids.is_empty() { self.fitting(store, now)? } else { self.named(store, is_configured)? };
        let (deliveries, removed): (Vec<_>, Vec<_>) = found.into_iter().partition(is_configured);
        let names = |all: &[ListedDelivery]| all.iter().map(|one| one.subscription.clone()).collect::<BTreeSet<_>>();
        let mut subscriptions = names(&deliveries);
        subscriptions.extend(self.subscription.clone());
        Ok(Chosen { removed: names(&removed), deliveries, subscriptions })
    }

    fn fitting(&self, store: &Store, now: DateTime<Utc>) -> Result<Vec<ListedDelivery>, CliError> {
        let filter = |state| DeliveryFilter {
            subscription: self.subscription.clone(),
            state: Some(state),
            alert: None,
            since: self.since.map(|since| since.ago(now)),
            until: self.until.map(|until| until.ago(now)),
        };
        let mut found = store.deliveries(&filter(DeliveryStatus::Failed), usize::MAX)?;
        if !self.failed {
            found.extend(store.deliveries(&filter(DeliveryStatus::Pending), usize::MAX)?);
        }
        Ok(found)
    }

    fn named(
        &self,
        store: &Store,
        is_configured: impl Fn(&ListedDelivery) -> bool,
    ) -> Result<Vec<ListedDelivery>, CliError> {
        let mut found = Vec::new();
        for id in &self.ids {
            let WholeDelivery { listed, .. } = store.delivery(*id)?.ok_or_else(|| no_such_delivery(*id))?;
            if listed.state == DeliveryStatus::Delivered {
                let what = format!("delivery {id} was delivered, and nothing was changed");
                return Err(CliError::failed(what).next(format!("`provwatch deliveries show {id}` has the answer")));
            }
            if !is_configured(&listed) {
                return Err(unknown(&listed.subscription, ""));
            }
            found.push(listed);
        }
        found.dedup_by_key(|one| one.id);
        Ok(found)
    }
}

/// Checks that the configuration has a subscription.
///
/// # Errors
/// It does not; the name that may be meant.
pub(super) fn check<'a>(name: &str, configured: &'a [Subscription]) -> Result<&'a Subscription, CliError> {
    let meant = || did_you_mean(name, configured.iter().map(|one| one.name.as_str()));
    configured.iter().find(|one| one.name == name).ok_or_else(|| unknown(name, &meant()))
}

fn unknown(name: &str, meant: &str) -> CliError {
    let what = format!("the configuration has no subscription \"{}\"{meant}", words::name(name));
    CliError::usage(what).next(
        "`provwatch subscriptions list` shows them; `provwatch deliveries retry --to NAME --since TIME` sends alerts to another",
    )
}
