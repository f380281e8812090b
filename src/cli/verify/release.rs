//! Fetches, verifies and judges a release as if it were watched.

use std::path::Path;

use super::{
    asked::Verify,
    report::{Compared, Judged, Report, Source, Verdict},
};
use crate::{
    app::App,
    cli::{context::Context, exit::CliError, setup},
    detect::combine,
    model::{Alert, ReleaseId},
    packages::{Appraisal, Comparison, LookError, LookedAt, accusation},
    progress::NoProgress,
    text::with_causes,
    watchlist::Watchlist,
};

pub(super) fn report(asked: &Verify, context: &Context, release: &ReleaseId) -> Result<Report, CliError> {
    let app = app(asked, context)?;
    let found = match setup::runtime()?.block_on(app.packages.appraiser.appraise(release)) {
        Err(LookError::Registry(error)) => {
            let stored = format!("`provwatch lookup {release}` says what is stored of it");
            Err((Verdict::Unavailable, format!("{}; {stored}", with_causes(&error))))
        }
        looked => appraised(looked?, release),
    };
    match found {
        Ok(appraisal) => {
            let alert = accusation(&app.store, &appraisal.observation.purl)?;
            let mut judged = judged(appraisal).on(&asked.conditions);
            judged.report(alert);
            let (verdict, reasons) = judged.verdict(asked.fail_on.fail_on);
            Ok(of(asked, verdict, reasons, vec![judged]))
        }
        Err((verdict, reason)) => {
            let report = of(asked, verdict, vec![reason], Vec::new());
            Ok(accused(report, alarming(asked, &app, release)?))
        }
    }
}

/// The appraisal of a release; or else the verdict on the registry's answer, and the reason.
fn appraised(looked: LookedAt, release: &ReleaseId) -> Result<Appraisal, (Verdict, String)> {
    let package = release.package();
    let title = package.registry().title();
    Err(match looked {
        LookedAt::Release(appraisal) => return Ok(*appraisal),
        LookedAt::NoPackage => {
            // Registries also answer so without read permission.
            let or_hidden = if package.is_public() { "" } else { ", or does not show it to these credentials" };
            (Verdict::Unknown, format!("{title} has no package {}{or_hidden}", package.name()))
        }
        LookedAt::NoVersion => {
            (Verdict::Unknown, format!("{title} has no version {} of {}", release.version(), package.name()))
        }
        LookedAt::Withdrawn => (Verdict::Unavailable, format!("{release} was removed, and its evidence with it")),
        LookedAt::Unreadable(why) => {
            (Verdict::Unavailable, format!("the metadata of {release} at {title} cannot be read: {why}"))
        }
    })
}

/// A report on the requested release.
fn of(asked: &Verify, verdict: Verdict, reasons: Vec<String>, releases: Vec<Judged>) -> Report {
    let target = asked.target.clone();
    Report { target, verdict, reasons, artifact: None, attestations: Vec::new(), releases }
}

/// The alert that a release raised, if it is severe enough and not settled.
fn alarming(asked: &Verify, app: &App, release: &ReleaseId) -> Result<Option<Alert>, CliError> {
    Ok(accusation(&app.store, release)?.filter(|alert| alert.severity >= asked.fail_on.fail_on))
}

/// An alert counts although the release is gone.
fn accused(mut report: Report, alert: Option<Alert>) -> Report {
    if let Some(alert) = alert {
        report.verdict = report.verdict.max(Verdict::Accused);
        report.reasons.push(format!("{}: {}", alert.severity, alert.title));
    }
    report
}

/// Nothing is written, and an unusable watchlist sets no policy.
fn app(asked: &Verify, context: &Context) -> Result<App, CliError> {
    let watchlist = if context.config.watchlists().iter().all(|file| Path::exists(file)) {
        context.watchlist()?
    } else {
        Watchlist::default()
    };
    let mut prepared = context.prepare_for(watchlist)?;
    if asked.trusted_root.is_some() {
        prepared.verifier = asked.verifier(context)?;
    }
    context.app_over(prepared, context.store_to_look()?, std::sync::Arc::new(NoProgress))
}

fn judged(appraisal: Appraisal) -> Judged {
    let Appraisal { observation, unchecked, comparison, of_itself, page: _, learned: _ } = appraisal;
    let mut judged = Judged::of(observation.purl.clone(), Source::Registry, Some(observation), unchecked);
    judged.compared = match comparison {
        Comparison::NoBaseline => Compared::NoBaseline,
        Comparison::Learned => Compared::Learned,
        Comparison::Older => Compared::Older,
        Comparison::Compared(assessment) => {
            judged.severity = assessment.verdict.as_ref().map(|verdict| verdict.severity);
            judged.title = assessment.verdict.map(|verdict| verdict.title);
            judged.signals = assessment.signals;
            Compared::Compared
        }
    };
    if let Some(verdict) = combine(&of_itself) {
        (judged.severity, judged.title) = (Some(verdict.severity), Some(verdict.title));
        judged.signals = of_itself;
    }
    judged
}
