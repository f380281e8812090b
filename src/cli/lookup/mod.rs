//! `provwatch lookup`: who published a release, from where, what did it prove, and what else did they publish?

mod content;
mod found;
pub(super) mod identity;
pub(super) mod missing;
mod related;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    args::{FailOn, Printing},
    context::Context,
    exit::{Exit, Failure, Outcome},
    output,
    target::{self, Target},
};
use crate::{
    detect::Terms,
    model::{Alert, Package, Policy, ReleaseId, Severity},
    pipeline::{
        assess::{Assessment, assess},
        company, raised, tuning,
    },
    store::{self, ReleaseRow, Store},
};

/// Who published a release, from where, what did it prove, and what else did they publish?
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch lookup pkg:npm/axios@1.14.1
  provwatch lookup pkg:npm/axios  # the newest release
  provwatch lookup pkg:pypi/requests@2.32.0 --format json \\
      | jq .release.observation.attestation

It answers from the store, without the network. It exits with 3 when the release has an alert as bad as \
--fail-on or worse that is not resolved, or is held for such a reason, and with 4 when the release is not stored or \
something of it could not be checked.")]
pub struct Lookup {
    /// The release; without a version the newest one
    #[arg(value_name = "PURL", value_parser = target::target)]
    target: Target,
    /// Show at most this many other releases of the same publisher, repository and run
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    related: usize,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    printing: Printing,
}

/// All that is known of a release.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Found {
    purl: ReleaseId,
    /// Tells this answer from the one about a release that is not stored.
    stored: bool,
    release: ReleaseRow,
    /// The alert that it raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<Alert>,
    /// Whether that alert is settled: resolved, or acknowledged of a release that was accepted.
    #[serde(skip)]
    is_settled: bool,
    /// What it would be today, where it was judged and the baseline has not learned from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    today: Option<Today>,
    related: related::Others,
    /// What went wrong when the package was looked at last: there may be more than is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A release beside the baseline as it stands now.
#[derive(Debug, Serialize, JsonSchema)]
struct Today {
    /// `None`: nothing that would raise an alert.
    severity: Option<Severity>,
    /// The detectors that have something to say.
    detectors: Vec<String>,
}

impl Lookup {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        let store = context.store_to_read()?;
        let Some(row) = self.row(&store)? else {
            missing::answer(&context, &store, &self.target, self.printing)?;
            return Ok(Exit::Unchecked);
        };
        let found = Found::of(&context, &store, row, self.related)?;
        if self.printing.is_json() {
            output::json(&found)?;
        } else {
            found::print(&found);
        }
        Ok(found.exit(self.fail_on.fail_on))
    }

    fn row(&self, store: &Store) -> Result<Option<ReleaseRow>, Failure> {
        let Target { package, version } = &self.target;
        Ok(match version {
            Some(version) => store.release(&package.at(version))?,
            None => store.releases(package, 1)?.pop(),
        })
    }
}

impl Found {
    fn of(context: &Context, store: &Store, release: ReleaseRow, related: usize) -> Result<Self, Failure> {
        let (alert, is_settled) = raised(store, &release.purl)?.unzip();
        Ok(Self {
            purl: release.purl.clone(),
            stored: true,
            alert,
            is_settled: is_settled.unwrap_or_default(),
            today: Today::of(context, store, &release)?,
            related: related::Others::of(store, &release.purl, related)?,
            error: store.work_of(release.purl.package())?.and_then(|work| work.last_error),
            release,
        })
    }

    fn is_unchecked(&self) -> bool {
        !self.release.unchecked.is_empty() || self.release.observation.is_none()
    }

    fn exit(&self, fail_on: Severity) -> Exit {
        let found = match &self.alert {
            Some(alert) => Some(alert.severity).filter(|_| !self.is_settled),
            None => self.today.as_ref().and_then(|today| today.severity),
        };
        match found {
            Some(severity) if severity >= fail_on => Exit::Findings,
            _ if self.is_unchecked() => Exit::Unchecked,
            _ => Exit::Clean,
        }
    }
}

impl Today {
    /// A baseline that learned from a release finds it normal, which says nothing; and what was history when the package
    /// was first seen is older than the habits it would be measured by.
    fn of(context: &Context, store: &Store, release: &ReleaseRow) -> Result<Option<Self>, Failure> {
        let judged = matches!(release.outcome, store::Outcome::Alerted | store::Outcome::Held);
        let Some(observation) = release.observation.as_ref().filter(|_| judged && !release.teaches) else {
            return Ok(None);
        };
        let package = release.purl.package();
        let policy = policy(context, package);
        let terms = Terms {
            company: &company(store, observation)?,
            tuning: &tuning(&context.config),
            policy: policy.as_ref(),
            expected: &store.expected_changes_of(package)?,
        };
        let Assessment { signals, verdict, .. } = assess(&store.baseline(package)?.baseline, observation, &terms);
        Ok(Some(Self {
            severity: verdict.map(|verdict| verdict.severity),
            detectors: signals.into_iter().map(|signal| signal.detector.into_owned()).collect(),
        }))
    }
}

/// What the operator demands of a package. Who looks into an incident is answered even where the watchlist is broken.
fn policy(context: &Context, package: &Package) -> Option<Policy> {
    match context.watchlist() {
        Ok(watchlist) => watchlist.policy(package),
        Err(failure) => {
            output::note(format!("Judged without policies, since the watchlist cannot be used: {failure}"));
            None
        }
    }
}
