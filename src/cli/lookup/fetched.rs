//! The answer of `lookup --fetch`: a release that is fetched, verified and judged now, watched or not. Nothing is recorded.

use std::{path::Path, sync::Arc};

use schemars::JsonSchema;
use serde::Serialize;

use super::{content, found, identity, term::Term};
use crate::{
    app::App,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing},
        setup,
        target::Target,
        words, wrap,
    },
    detect::combine,
    model::{Alert, AlertId, Observation, ReleaseId, Severity, Signal},
    packages::{Appraisal, Comparison, LookError, LookedAt, accusation},
    progress::NoProgress,
    text::{shell_word, with_causes},
    watchlist::Watchlist,
};

/// A release as its registry has it now.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::cli) struct FetchedRelease {
    /// The release that was asked for.
    purl: String,
    /// Whether its package is on the watchlist. Fetching it changes nothing of that.
    watched: bool,
    /// Whether it is stored, so that `lookup` without `--fetch` knows it too.
    stored: bool,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
    /// What it was compared with, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<String>,
    /// Of how many earlier releases its usual way was learned for this answer alone.
    learned: usize,
    /// How bad what is unusual is; missing where nothing alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    /// What is unusual, in a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Why that is so bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<String>,
    /// What differs from what is usual.
    signals: Vec<Signal>,
    /// What could not be checked, a sentence each.
    unchecked: Vec<String>,
    /// The unsettled alert that the stored release raised, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<AlertId>,
    /// How bad that alert is.
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_severity: Option<Severity>,
    /// What is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    observation: Option<Observation>,
    /// Whether it was compared, now or when it joined the baseline.
    #[serde(skip)]
    is_judged: bool,
}

/// Fetches the one release that the terms name, and prints what it is.
pub(super) fn answer(context: &Context, terms: &[Term], fail_on: Severity, printing: Printing) -> Outcome {
    let release = release(terms)?;
    let app = app(context)?;
    let looked = setup::runtime()?.block_on(app.packages.appraiser.learn_and_appraise(&release));
    let package = release.package();
    let alert = accusation(&app.store, &release)?;
    let mut fetched = FetchedRelease {
        purl: release.to_string(),
        watched: app.watchlist.now().matches(package).is_some(),
        stored: app.store.release(&release)?.is_some(),
        alert: alert.as_ref().map(|alert| alert.id),
        alert_severity: alert.as_ref().map(|alert| alert.severity),
        ..FetchedRelease::default()
    };
    match looked {
        Err(LookError::Registry(error)) => fetched.failed = Some(with_causes(&error)),
        looked => fetched.take(looked?, &release),
    }
    if printing.is_json() {
        output::json(&fetched)?;
    } else {
        fetched.print(&release, alert.as_ref());
    }
    Ok(fetched.exit(fail_on))
}

/// The one release.
fn release(terms: &[Term]) -> Result<ReleaseId, CliError> {
    let wrong = |why: String| CliError::usage(why).next("provwatch lookup --fetch pkg:npm/axios@1.14.1");
    match terms {
        [Term::Purl(Target { package, version: Some(version) })] => Ok(package.at(version.as_str())),
        [Term::Purl(Target { package, version: None })] => {
            Err(wrong(format!("--fetch needs the version of one release: {package}@1.2.3")))
        }
        _ => Err(wrong("--fetch takes the purl of one release".to_owned())),
    }
}

/// The program over a store that is only read, if there is one. An unusable watchlist sets no policy.
fn app(context: &Context) -> Result<App, CliError> {
    let watchlist = if context.config.watchlists().iter().all(|file| Path::exists(file)) {
        context.watchlist()?
    } else {
        Watchlist::default()
    };
    context.app_over(context.prepare_for(watchlist)?, context.store_to_look()?, Arc::new(NoProgress))
}

impl FetchedRelease {
    fn take(&mut self, looked: LookedAt, release: &ReleaseId) {
        let (title, package) = (release.package().registry().title(), release.package());
        match looked {
            LookedAt::Release(appraisal) => self.take_appraisal(*appraisal),
            LookedAt::NoPackage => {
                let or_hidden = if package.is_public() { "" } else { ", or does not show it to these credentials" };
                self.failed = Some(format!("{title} has no package {}{or_hidden}", package.name()));
            }
            LookedAt::NoVersion => {
                self.failed = Some(format!("{title} has no version {} of {}", release.version(), package.name()));
            }
            LookedAt::Withdrawn => self.failed = Some(format!("{title} removed it, and its evidence with it")),
            LookedAt::Unreadable(why) => self.failed = Some(format!("its metadata cannot be read: {why}")),
        }
    }

    fn take_appraisal(&mut self, appraisal: Appraisal) {
        let Appraisal { observation, unchecked, comparison, of_itself, page: _, learned } = appraisal;
        let of_line = |learned: usize| match learned {
            0 => "compared with the stored baseline".to_owned(),
            learned => format!("compared with {} before it", words::counted(learned, "release")),
        };
        self.is_judged = matches!(comparison, Comparison::Learned | Comparison::Compared(_));
        let compared = match comparison {
            Comparison::NoBaseline => "not compared: no earlier release could be learned from".to_owned(),
            Comparison::Learned => "not compared: the stored baseline includes it".to_owned(),
            Comparison::Older => "not compared: the stored baseline has learned from younger releases".to_owned(),
            Comparison::Compared(assessment) => {
                let verdict = assessment.verdict;
                self.severity = verdict.as_ref().map(|verdict| verdict.severity);
                self.argument = verdict.as_ref().map(|verdict| verdict.argument.clone());
                self.title = verdict.map(|verdict| verdict.title);
                self.signals = assessment.signals;
                of_line(learned)
            }
        };
        if let Some(verdict) = combine(&of_itself) {
            (self.severity, self.title) = (Some(verdict.severity), Some(verdict.title));
            (self.argument, self.signals) = (Some(verdict.argument), of_itself);
        }
        (self.compared, self.learned, self.unchecked) = (Some(compared), learned, unchecked);
        self.observation = Some(observation);
    }

    /// The exit code, where findings count from `fail_on` on.
    fn exit(&self, fail_on: Severity) -> Exit {
        if self.severity.max(self.alert_severity).is_some_and(|severity| severity >= fail_on) {
            Exit::Findings
        } else if self.failed.is_some() || !self.unchecked.is_empty() || !self.is_judged {
            Exit::Unchecked
        } else {
            Exit::Clean
        }
    }

    fn print(&self, release: &ReleaseId, alert: Option<&Alert>) {
        output::line(release);
        let watched = if self.watched {
            "It was fetched now; this answer is not recorded."
        } else {
            "Its package is not watched: it was fetched now for this answer, is not recorded, and is not watched from now on."
        };
        fact_table::say(watched);
        if let Some(failed) = &self.failed {
            fact_table::say(&format!("It could not be had: {}.", words::sentence(failed)));
        }
        self.verdict();
        if let Some(alert) = alert {
            let (severity, id) = (alert.severity, alert.id);
            fact_table::say(&format!("The stored release has the {severity} alert {id}."));
        }
        if let Some(observation) = &self.observation {
            fact_table::heading("published");
            let mut sheet = Sheet::new();
            sheet.row("when", words::moment(observation.published_at));
            sheet.row("line", words::name(observation.line()));
            found::publisher(&mut sheet, observation);
            sheet.print();
            identity::print(observation);
            content::print(observation);
        }
        self.next(release);
    }

    fn verdict(&self) {
        let Some(compared) = &self.compared else { return };
        match (self.severity, &self.title) {
            (Some(severity), Some(title)) => {
                fact_table::say(&format!("UNUSUAL {severity}: {} ({compared}).", words::sentence(title)));
            }
            _ => fact_table::say(&format!("Nothing unusual: {compared}.")),
        }
        if let Some(argument) = self.argument.as_ref().filter(|argument| !argument.is_empty()) {
            output::line(wrap::paragraphs(&words::sentence(argument), wrap::width(), ""));
        }
        for why in &self.unchecked {
            fact_table::say(&format!("Could not check: {}", words::sentence(why)));
        }
        let mut sheet = Sheet::new();
        for signal in &self.signals {
            let (expected, seen) = (words::sentence(&signal.expected), words::sentence(&signal.seen));
            sheet.row(&words::name(&signal.detector), format!("expected {expected}, is {seen}"));
        }
        sheet.print();
    }

    fn next(&self, release: &ReleaseId) {
        let (purl, package) = (shell_word(&release.to_string()), shell_word(&release.package().to_string()));
        let mut commands = Vec::new();
        if self.stored {
            commands.push((format!("provwatch lookup {purl}"), "show what is stored of it"));
        }
        if !self.watched {
            commands.push((format!("provwatch watch add {package}"), "watch its package from now on"));
        }
        fact_table::next(&commands);
    }
}
