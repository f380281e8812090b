//! The result of a lookup for a stored release.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    related::Others,
    reports::{self, Report},
};
use crate::{
    app::tuning,
    cli::{
        context::Context,
        exit::{CliError, Exit},
        output,
        used::UsedNow,
    },
    detect::AssessmentInputs,
    model::{Alert, EffectivePolicy, Package, ReleaseId, Severity},
    packages::{
        assess::{Assessment, assess},
        raised, release_context,
    },
    store::{self, ReleaseRow, Store},
};

/// All that is known of a release.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Found {
    pub(super) purl: ReleaseId,
    /// What was asked for, where that is another spelling of the same version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<ReleaseId>,
    /// Distinguishes this answer from the one about a release that is not stored.
    pub(super) stored: bool,
    pub(super) release: ReleaseRow,
    /// The alert that it raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alert: Option<Alert>,
    /// Whether that alert is settled: resolved, or acknowledged of a release that was accepted.
    #[serde(skip)]
    pub(super) is_settled: bool,
    /// Today's verdict on the release, if it was judged and is not in the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) today: Option<Today>,
    pub(super) related: Others,
    /// What others report about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) reports: Vec<Report>,
    /// The projects of the inventory that use the release or its package now, or used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) used_by: Option<UsedNow>,
    /// What went wrong when the package was looked at last: there may be more than is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// A release beside the baseline as it stands now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Today {
    /// `None`: nothing that would raise an alert.
    pub(super) severity: Option<Severity>,
    /// The detectors that have something to say.
    pub(super) detectors: Vec<String>,
}

impl Found {
    /// The stored answer about a release, with at most `related` others of each kind.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn of(context: &Context, store: &Store, release: ReleaseRow, related: usize) -> Result<Self, CliError> {
        let (alert, is_settled) = raised(store, &release.purl)?.unzip();
        Ok(Self {
            purl: release.purl.clone(),
            asked: None,
            stored: true,
            alert,
            is_settled: is_settled.unwrap_or_default(),
            today: Today::of(context, store, &release)?,
            related: Others::of(store, &release.purl, related)?,
            reports: reports::of_release(store, &release.purl)?,
            used_by: UsedNow::of(store, std::slice::from_ref(&release.purl), &[])?,
            error: store.work_of(release.purl.package())?.and_then(|work| work.last_error),
            release,
        })
    }

    /// Whether something of the release could not be checked.
    pub(super) fn is_unchecked(&self) -> bool {
        !self.release.unchecked.is_empty() || self.release.observation.is_none()
    }

    /// The exit code, where findings count from `fail_on` on.
    pub(super) fn exit(&self, fail_on: Severity) -> Exit {
        let found = match &self.alert {
            Some(alert) => Some(alert.severity).filter(|_| !self.is_settled),
            None if reports::accuse(&self.reports) => Some(Severity::Critical),
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
    /// A baseline that includes a release finds it normal, which proves nothing; and a release that was history when
    /// the package was first seen is older than the habits of the baseline.
    fn of(context: &Context, store: &Store, release: &ReleaseRow) -> Result<Option<Self>, CliError> {
        let judged = matches!(release.outcome, store::Outcome::Alerted | store::Outcome::Held);
        let Some(mut observation) = release.observation.clone().filter(|_| judged && !release.in_baseline) else {
            return Ok(None);
        };
        let package = release.purl.package();
        let mut baseline = store.baseline(package)?.baseline;
        store.addresses()?.recognize(&mut baseline, [&mut observation]);
        let observation = &observation;
        let policy = policy(context, package);
        let inputs = AssessmentInputs {
            release_context: &release_context(store, observation)?,
            tuning: &tuning(&context.config),
            policy: policy.as_ref(),
            expected: &store.expected_changes_of(package)?,
        };
        let Assessment { signals, verdict, .. } = assess(&baseline, observation, &inputs);
        Ok(Some(Self {
            severity: verdict.map(|verdict| verdict.severity),
            detectors: signals.into_iter().map(|signal| signal.detector.into_owned()).collect(),
        }))
    }
}

/// The policy of a package. A lookup during an incident works even if the watchlist is broken.
fn policy(context: &Context, package: &Package) -> Option<EffectivePolicy> {
    match context.watchlist() {
        Ok(watchlist) => watchlist.policy(package),
        Err(failure) => {
            output::note(format!("Judged without policies, since the watchlist cannot be used: {failure}"));
            None
        }
    }
}
