//! `provwatch silences add`: adds a silence.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        matching, operator,
        output::{self, Printing},
        reason::reason,
        target, words,
    },
    config::Period,
    detect,
    model::{AlertKind, AlertMatchers, Pattern, Severity, Silence, Tier},
    strict_toml::did_you_mean,
};

/// Add a silence
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "\
provwatch silences add [CONDITIONS] --reason <REASON> \\
           <--until <TIME>|--for <PERIOD>>",
    after_help = "\
Examples:
  provwatch silences add --package 'pkg:npm/@acme/*' --detector odd-hours \\
      --for 14d --reason 'release week, see the calendar'
  provwatch silences add --match acme --until 2026-12-24T08:00:00Z \\
      --reason 'the new runner signs for the first time'
  provwatch silences add --team payments --max-severity critical --for 2h \\
      --reason 'exercise, announced to everybody'

All given conditions must hold; of a condition that is given several times, one value is enough. A silence covers an \
alert only if it covers all of it: every package of a campaign, every detector that found something. A critical alert \
needs --max-severity critical. When the silence ends, provwatch sends what is still open."
)]
pub struct Add {
    #[command(flatten)]
    conditions: Conditions,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    end: End,
    #[command(flatten)]
    printing: Printing,
}

/// The alerts that are held back.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Conditions {
    /// Alerts about these packages; stars as in the watchlist
    #[arg(long = "package", value_name = "PURL", value_parser = target::pattern)]
    packages: Vec<Pattern>,
    /// Alerts of which these detectors are the reason
    #[arg(long = "detector", value_name = "ID")]
    detectors: Vec<String>,
    /// Alerts of this kind: release, campaign, log or operation
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<AlertKind>,
    /// Alerts of at most this severity; critical ones only if you name that severity [default: high]
    #[arg(long, value_name = "SEVERITY")]
    max_severity: Option<Severity>,
    /// Alerts about packages of this tier: normal, important or critical
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<Tier>,
    /// Alerts about entries of the log with this origin
    #[arg(long = "log", value_name = "ORIGIN")]
    logs: Vec<String>,
    /// Alerts of this [[logs.match]]
    #[arg(long = "match", value_name = "NAME")]
    log_matches: Vec<String>,
    /// Alerts that this team answers for
    #[arg(long = "team", value_name = "TEAM")]
    teams: Vec<String>,
}

/// The end, which every silence has.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct End {
    /// When the silence ends, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
    /// How long the silence holds: 2h, 14d; at most a year
    #[arg(long = "for", value_name = "PERIOD")]
    long: Option<Period>,
}

impl End {
    fn at(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, CliError> {
        let long = self.long.map(|long| now + long.delta());
        let until = self.until.or(long).ok_or_else(|| CliError::usage("a silence needs an end"))?;
        if until <= now {
            return Err(CliError::usage(format!("the silence would have ended at {}", words::moment(until))));
        }
        if until - now > Silence::LONGEST + TimeDelta::hours(1) {
            let step = "turn the detector off in [detectors], or restrict the subscription with `match`";
            return Err(CliError::usage("a silence lasts at most a year").next(step));
        }
        Ok(until)
    }
}

impl Conditions {
    fn matchers(&self) -> AlertMatchers {
        AlertMatchers {
            max_severity: Some(self.max_severity.unwrap_or(Severity::High)),
            kinds: self.kinds.clone(),
            packages: self.packages.clone(),
            tiers: self.tiers.clone(),
            teams: self.teams.clone(),
            detectors: self.detectors.clone(),
            log_matches: self.log_matches.clone(),
            logs: self.logs.clone(),
            ..AlertMatchers::default()
        }
    }
}

impl Add {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let matchers = self.conditions.matchers();
        check(context, &matchers)?;
        let now = Context::clock().now();
        let until = self.end.at(now)?;
        let store = context.store()?;
        let id = store.add_silence(&matchers, &self.reason, &operator::name(), (now, until))?;
        if self.printing.is_json() {
            let added = store.silences()?.into_iter().find(|silence| silence.id == id);
            added.iter().try_for_each(output::json)?;
        } else {
            let (what, until) = (matching::words(&matchers), words::moment(until));
            output::line(format!("Silence {id} holds messages back until {until}: {what}."));
        }
        Ok(Exit::Clean)
    }
}

/// Refuses matchers that no alert can ever meet.
fn check(context: &Context, matchers: &AlertMatchers) -> Result<(), CliError> {
    let detectors: Vec<&str> = detect::abouts().map(|about| about.id).collect();
    if let Some(found) = matchers.contradictions(&detectors).into_iter().next() {
        let unknown = matchers.detectors.iter().find(|id| !detectors.contains(&id.as_str()));
        let hint = unknown.map(|id| did_you_mean(id, detectors.iter().copied())).unwrap_or_default();
        return Err(CliError::usage(format!("{}: {}{hint}", found.key, found.what)).next("provwatch detectors list"));
    }
    let known = || context.config.logs.matches.iter().map(|one| one.name.as_str());
    match matchers.log_matches.iter().find(|name| known().all(|known| known != name.as_str())) {
        Some(name) => Err(CliError::usage(format!("unknown [[logs.match]] {name:?}{}", did_you_mean(name, known())))),
        None => Ok(()),
    }
}
