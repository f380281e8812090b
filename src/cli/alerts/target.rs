//! The alerts that a command is about: by id, by release or package, by campaign, or by a filter.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::wording::no_such_alert;
use crate::{
    cli::{
        exit::CliError,
        target::{self, Target},
    },
    config::Period,
    model::{Alert, AlertKind, AlertPrefix, AlertStatus, Fingerprint, Package, Pattern, ReleaseId, Severity},
    store::{AlertFilter, Store, StoreError},
};

/// An alert that is named: by its id, or by its release or package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Id(AlertPrefix),
    Of(Target),
}

/// An id or a purl.
///
/// # Errors
/// The error, and where the ids are shown.
pub(super) fn named(text: &str) -> Result<Named, String> {
    if text.starts_with("pkg:") {
        return target::target(text).map(Named::Of);
    }
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match target::alert(text) {
        Err(_) if !is_hex && !target::meant(text).is_empty() => {
            let meant = target::meant(text).join(" or ");
            Err(format!("expected an id or a purl; did you mean {meant}? `provwatch alerts list` shows the ids"))
        }
        id => id.map(Named::Id),
    }
}

/// Filters that a list and a change share.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Filters {
    /// Only alerts about this package; stars as in the watchlist
    #[arg(long, value_name = "PURL", value_parser = target::pattern)]
    pub package: Option<Pattern>,
    /// Only alerts of this kind: release, campaign, log or operation
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<AlertKind>,
    /// Only alerts with a signal of this detector
    #[arg(long, value_name = "DETECTOR", value_parser = target::detector)]
    detector: Option<String>,
    /// Only alerts that were raised longer ago: 12h, 30d
    #[arg(long, value_name = "PERIOD")]
    older_than: Option<Period>,
}

impl Filters {
    /// Whether none is set.
    fn is_empty(&self) -> bool {
        let Self { package, kind, detector, older_than } = self;
        package.is_none() && kind.is_none() && detector.is_none() && older_than.is_none()
    }

    /// Whether any filter narrows the list.
    pub fn is_set(&self) -> bool {
        !self.is_empty()
    }

    /// The one package of the filter.
    pub fn one_package(&self) -> Option<&Package> {
        match &self.package {
            Some(Pattern::Exact(package)) => Some(package),
            Some(Pattern::Glob(_)) | None => None,
        }
    }

    /// The alerts of a filter that [`to_store`](Self::to_store) made. The store does not know stars.
    ///
    /// # Errors
    /// As every read.
    pub fn alerts(&self, store: &Store, filter: &AlertFilter) -> Result<Vec<Alert>, StoreError> {
        let Some(pattern @ Pattern::Glob(_)) = &self.package else { return store.alerts(filter) };
        let mut alerts = store.alerts(&AlertFilter { limit: usize::MAX, ..filter.clone() })?;
        alerts.retain(|alert| alert.of_package().is_some_and(|package| pattern.fits(package)));
        alerts.truncate(filter.limit);
        Ok(alerts)
    }

    /// What the store lists.
    pub fn to_store(&self, now: DateTime<Utc>) -> AlertFilter {
        let before = |period: Period| now.checked_sub_signed(period.delta()).unwrap_or(DateTime::<Utc>::MIN_UTC);
        AlertFilter {
            package: self.one_package().cloned(),
            kind: self.kind,
            detector: self.detector.clone(),
            raised_before: self.older_than.map(before),
            by_clock: Some(now),
            ..AlertFilter::default()
        }
    }
}

/// The status of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Standing {
    Open,
    Acknowledged,
    Snoozed,
    Resolved,
    All,
}

impl Standing {
    /// `None`: any status.
    pub const fn status(self) -> Option<AlertStatus> {
        match self {
            Self::Open => Some(AlertStatus::Open),
            Self::Acknowledged => Some(AlertStatus::Acknowledged),
            Self::Snoozed => Some(AlertStatus::Snoozed),
            Self::Resolved => Some(AlertStatus::Resolved),
            Self::All => None,
        }
    }
}

fn kind(text: &str) -> Result<AlertKind, &'static str> {
    let kinds = [AlertKind::Release, AlertKind::Campaign, AlertKind::Log, AlertKind::Operation];
    kinds.into_iter().find(|kind| kind.as_str() == text).ok_or("expected release, campaign, log or operation")
}

/// Which alerts to change: those that are named, or those of a filter.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The alerts: ids or their first digits, or the purl of a release or package
    #[arg(value_name = "ALERT", value_parser = named)]
    alerts: Vec<Named>,
    /// Also the members of each campaign that is named
    #[arg(long)]
    members: bool,
    /// Only alerts of this severity or worse: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY")]
    min_severity: Option<Severity>,
    /// Only alerts with this status
    #[arg(long, value_enum)]
    status: Option<Standing>,
    #[command(flatten)]
    filters: Filters,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Which {
    /// Whether the alerts are named one by one.
    pub fn is_by_name(&self) -> bool {
        !self.alerts.is_empty()
    }

    /// Checks that the alerts are either named or filtered.
    ///
    /// # Errors
    /// They are neither, or both.
    fn check(&self) -> Result<(), CliError> {
        let is_filtered = self.min_severity.is_some() || self.status.is_some() || self.filters.is_set();
        match (self.is_by_name(), is_filtered) {
            (true, true) => Err(CliError::usage("name the alerts or filter them, not both")),
            (false, false) => Err(CliError::usage("which alerts? expected ids, purls, or a filter such as --package")
                .next("`provwatch alerts list` shows the ids")),
            _ => Ok(()),
        }
    }

    /// The alerts, each once, in the order in which they were named.
    ///
    /// # Errors
    /// One of those that were named does not exist or may be several; else as the store.
    pub fn find(&self, store: &Store, now: DateTime<Utc>) -> Result<Vec<Alert>, CliError> {
        self.check()?;
        if !self.is_by_name() {
            return Ok(self.filters.alerts(store, &self.filter(now))?);
        }
        let mut found = Vec::new();
        for named in &self.alerts {
            found.extend(find(store, named).map_err(|error| self.with_count(error))?);
        }
        if self.members {
            let members: Vec<ReleaseId> = found.iter().flat_map(|alert| alert.members.clone()).collect();
            for member in members {
                found.extend(store.alert(&Fingerprint::of_release(&member))?);
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|alert| seen.insert(alert.fingerprint));
        Ok(found)
    }

    /// An operator who mistypes one of several ids changes nothing.
    fn with_count(&self, error: CliError) -> CliError {
        if self.alerts.len() == 1 {
            return error;
        }
        error.next("`provwatch alerts list` shows the ids; no alert was changed")
    }

    fn filter(&self, now: DateTime<Utc>) -> AlertFilter {
        AlertFilter {
            status: self.status.and_then(Standing::status),
            min_severity: self.min_severity,
            limit: usize::MAX,
            ..self.filters.to_store(now)
        }
    }
}

/// The alerts that are named: one by its id, all of a package, those about a release.
///
/// # Errors
/// There is none; else as the store.
pub(super) fn find(store: &Store, named: &Named) -> Result<Vec<Alert>, CliError> {
    match named {
        Named::Id(id) => Ok(vec![store.alert_named(id)?.ok_or_else(|| no_such_alert(id))?]),
        Named::Of(Target { package, version }) => {
            let filter = AlertFilter { package: Some(package.clone()), limit: usize::MAX, ..AlertFilter::default() };
            let mut alerts = store.alerts(&filter)?;
            let release = version.as_ref().map(|version| package.at(version.as_str()));
            alerts.retain(|alert| release.is_none() || alert.purl == release);
            if alerts.is_empty() {
                let what = release.map_or_else(|| package.to_string(), |release| release.to_string());
                let none = CliError::failed(format!("no alert is about {what}"));
                return Err(none.next("`provwatch alerts list` shows all alerts"));
            }
            Ok(alerts)
        }
    }
}
