//! The alert that a command is about: a stored one, or one that would be raised about a purl.

use crate::{
    cli::{
        alerts::wording::{no_such_alert, title},
        context::Context,
        exit::CliError,
        target,
        used::in_short,
        words,
    },
    model::{Alert, AlertKind, AlertPrefix, Confidence, Fingerprint, Severity, Signal},
    store::Store,
};

/// A stored alert, or a purl.
#[derive(Clone, Debug)]
enum Named {
    Alert(AlertPrefix),
    Purl(target::Target),
}

/// The alert that a command is about.
#[derive(Debug, clap::Args)]
pub struct Supposed {
    /// The alert's id or its first digits, or the purl of a package or release
    #[arg(value_name = "PURL|ALERT", value_parser = named)]
    named: Named,
    /// The severity to suppose for a purl without a stored alert
    #[arg(long, value_name = "SEVERITY", default_value_t = Severity::High)]
    severity: Severity,
    /// The detectors to suppose for a purl without a stored alert
    #[arg(long = "detector", value_name = "ID", value_parser = target::detector)]
    detectors: Vec<String>,
}

fn named(text: &str) -> Result<Named, String> {
    if text.starts_with("pkg:") {
        return target::target(text).map(Named::Purl);
    }
    target::alert(text).map(Named::Alert)
}

impl Supposed {
    /// The alert, and whether it is stored.
    ///
    /// # Errors
    /// The store failed, or the alert does not exist.
    pub fn alert(&self, context: &Context, store: &Store) -> Result<(Alert, bool), CliError> {
        match &self.named {
            Named::Alert(id) => Ok((store.alert_named(id)?.ok_or_else(|| no_such_alert(id))?, true)),
            Named::Purl(target) => {
                let release = target.version.as_ref().map(|version| target.package.at(version));
                let stored = release.map(|release| store.alert(&Fingerprint::of_release(&release))).transpose()?;
                match stored.flatten() {
                    Some(alert) => Ok((alert, true)),
                    None => Ok((store.with_uses(self.about(context, target))?, false)),
                }
            }
        }
    }

    /// An alert as provwatch would raise it.
    fn about(&self, context: &Context, target: &target::Target) -> Alert {
        let target::Target { package, version } = target;
        let signal = |detector: &String| Signal {
            detector: detector.clone().into(),
            severity: self.severity,
            expected: String::new(),
            seen: String::new(),
            since: None,
            why: String::new(),
            corroborating: false,
        };
        let (now, title) = (Context::clock().now(), format!("an alert about {package}"));
        let alert = Alert {
            package: Some(package.clone()),
            purl: version.as_ref().map(|version| package.at(version)),
            signals: self.detectors.iter().map(signal).collect(),
            ..Alert::about(AlertKind::Release, &package.to_string(), self.severity, Confidence::High, title, now)
        };
        // Without a watchlist the alert has neither tier nor team.
        match context.watchlist() {
            Ok(watchlist) => watchlist.stamped(alert),
            Err(_) => alert,
        }
    }
}

/// What the answer is about: `Alert 6adc1e73047a (release, high, team payments, used by shop): …`.
pub fn heading(alert: &Alert, is_stored: bool) -> String {
    let tier = alert.tier.map(|tier| format!(", tier {tier}")).unwrap_or_default();
    let team = alert.team.as_ref().map(|team| format!(", team {}", words::name(team))).unwrap_or_default();
    let what = if is_stored { format!("Alert {}", alert.id) } else { "Supposed alert".to_owned() };
    let used = alert.used_by.as_ref().map(|used| format!(", {}", in_short(used))).unwrap_or_default();
    format!("{what} ({}, {}{tier}{team}{used}): {}", alert.kind.as_str(), alert.severity, title(alert))
}
