//! `provwatch replay`: runs recorded timelines through the detectors, or through a rule of another tool.

use std::path::PathBuf;

use clap::Args;

use super::{
    alerts::wording::title_and_repetitions,
    exit::{CliError, Exit, Outcome},
    output::{self, Printing, Redaction},
    words, wrap,
};
use crate::{
    model::{AlertKind, ExpectedChange, Observation, Severity},
    packages::{
        assess::{Assessment, ComparedWith},
        replay::{
            CaseAlert, Expectation, PeerRule, Replayed, Rules, Score, Timeline, files, is_store, replay, replay_peer,
        },
    },
    store::Store,
    watchlist::Watchlist,
};

/// Run recorded timelines through the detectors
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch replay timelines/            # the alerts of these releases
  provwatch replay --explain axios.json  # why each release raises one, or not
  provwatch replay provwatch.db          # a database, by today's rules
  provwatch replay --expect timelines/   # compare with their expectations
  provwatch replay --rule presence timelines/  # by pnpm's rule
  provwatch replay --format json timelines/

A timeline is a JSON file of releases in publish order: {case, kind, observations, expect}. `*.jsonl` has one release per \
line; `*.db` is a database of provwatch, with its announced changes. Settings of detectors do not apply. The command \
compares every release with the baseline of the earlier ones, by the daemon's own code. With --format json it prints \
each alert on one line, in time order over all timelines; the result of --expect then goes to standard error.

--rule judges by a rule of another tool instead, for comparison; every alert is then high. `presence` is pnpm's no-downgrade: \
less evidence than any earlier version had. `predecessor` compares with the release directly before: evidence that is gone, or \
another repository or workflow. Baselines, facts and campaigns have no part in it.

Exit codes: 0 clean · 2 a file is not a timeline · 3 an expectation was missed, or an alert is at or above --fail-on")]
pub struct Replay {
    /// Timeline files, or folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Compare each timeline with its expectations; exit with 3 if one was missed
    #[arg(long)]
    expect: bool,
    /// Explain for each release why it raised an alert, or why not
    #[arg(long, conflicts_with = "expect")]
    explain: bool,
    /// Apply the policies of this watchlist, too
    #[arg(long, value_name = "FILE")]
    watchlist: Option<PathBuf>,
    /// Judge by a rule of another tool in place of the detectors: presence or predecessor
    #[arg(long, value_name = "RULE", conflicts_with_all = ["explain", "watchlist"])]
    rule: Option<PeerRule>,
    /// Exit with 3 if a release raises an alert of this severity or worse [default: alerts do not change the exit code]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

impl Replay {
    pub fn run(&self) -> Outcome {
        self.redaction.begin()?;
        let files = files(&self.paths).map_err(CliError::usage)?;
        let watchlist = self.watchlist.iter().cloned().collect::<Vec<_>>();
        let watchlist = Watchlist::load(&watchlist).map_err(CliError::usage)?;
        super::context::check_policies(&watchlist)?;
        let expected = self.expected()?;
        let rules = Rules { watchlist: Some(&watchlist), expected: &expected };
        let see = |release: &Observation, assessed: &Assessment| {
            if self.explain && !self.printing.is_json() {
                explain_release(release, assessed);
            }
        };
        // One after the other: a folder may hold more than memory does.
        let mut replayed = Vec::new();
        for file in &files {
            let timeline = Timeline::read(file).map_err(CliError::usage)?;
            replayed.push(match self.rule {
                Some(rule) => replay_peer(&timeline, rule),
                None => replay(&timeline, rules, see),
            });
        }
        if self.expect && replayed.iter().all(|case: &Replayed| case.scores.is_empty()) {
            return Err(CliError::usage("nothing is expected: no timeline has `expect`")
                .next("add `expect` to a timeline, or leave out --expect"));
        }
        if self.expect {
            self.print_scores(&replayed);
        }
        let missed: usize = replayed.iter().map(Replayed::missed).sum();
        let mut alerts: Vec<CaseAlert> =
            replayed.iter_mut().flat_map(|case| std::mem::take(&mut case.alerts)).collect();
        alerts.sort_by_key(|alert| alert.alert.published_at);
        self.print_alerts(&alerts)?;
        let found = self.fail_on.is_some_and(|least| alerts.iter().any(|alert| alert.alert.severity >= least));
        Ok(if found || (self.expect && missed > 0) { Exit::Findings } else { Exit::Clean })
    }

    /// The announced changes in the stores that are replayed.
    fn expected(&self) -> Result<Vec<ExpectedChange>, CliError> {
        let stores = self.paths.iter().filter(|path| is_store(path));
        let mut expected = Vec::new();
        for path in stores {
            expected.extend(Store::open_read_only(path)?.expected_changes()?);
        }
        Ok(expected)
    }

    fn print_alerts(&self, alerts: &[CaseAlert]) -> Result<(), CliError> {
        if self.printing.is_json() {
            alerts.iter().try_for_each(output::json)?;
        } else if self.explain {
            alerts.iter().filter(|alert| alert.alert.kind == AlertKind::Campaign).for_each(explain_campaign);
        } else if !self.expect {
            let first: Vec<_> = alerts.iter().filter(|alert| alert.alert.repeats.is_none()).cloned().collect();
            print_table(&first);
        }
        Ok(())
    }

    fn print_scores(&self, replayed: &[Replayed]) {
        let print = |text: String| if self.printing.is_json() { output::note(text) } else { output::line(text) };
        for case in replayed {
            print(format!("{}: {} met, {} missed", words::name(&case.case), case.met(), case.missed()));
            case.scores.iter().for_each(|score| print(score_words(score)));
        }
        let met: usize = replayed.iter().map(Replayed::met).sum();
        let missed: usize = replayed.iter().map(Replayed::missed).sum();
        print(format!("expectations: {met} met, {missed} missed"));
    }
}

fn score_words(Score { expected, severity, met }: &Score) -> String {
    let word = if *met { "met   " } else { "missed" };
    let Expectation { purl, at_least, at_most } = expected;
    let least = at_least.map(|least| format!("at least {least}"));
    let most = at_most.map(|most| format!("at most {most}"));
    let bounds: Vec<String> = least.into_iter().chain(most).collect();
    format!("  {word}  {}: expected {}, is {severity}", words::name(purl), bounds.join(" and "))
}

fn print_table(alerts: &[CaseAlert]) {
    if alerts.is_empty() {
        return output::line("no alerts");
    }
    let mut table = output::table(["PUBLISHED", "SEVERITY", "CASE", "RELEASE", "TITLE"]);
    for CaseAlert { case, alert } in alerts {
        let published = words::minute(alert.published_at.unwrap_or(alert.raised_at));
        let purl = alert.purl.as_ref().map(words::name).unwrap_or_default();
        let (case, title) = (words::name(case), title_and_repetitions(alert));
        let severity = output::severity_cell(alert.severity);
        table.add_row([published.into(), severity, case.into(), purl.into(), title.into()]);
    }
    output::print(&table);
}

/// Why a release did or did not raise an alert.
fn explain_release(release: &Observation, assessed: &Assessment) {
    let verdict = assessed.verdict.as_ref();
    let severity = verdict.map_or_else(|| "no alert".to_owned(), |verdict| output::severity(verdict.severity));
    output::line(format!(
        "{severity}  {}, published {} UTC",
        words::name(&release.purl),
        words::minute(release.published_at)
    ));
    let show = |text: &str, indent| output::line(wrap::paragraphs(&words::sentence(text), wrap::width(), indent));
    show(&compared_with(assessed), "  ");
    match verdict {
        Some(verdict) => show(&format!("{}. {}", verdict.title, verdict.argument), "  "),
        None if assessed.signals.is_empty() => {}
        None => show("The differences only corroborate other signals, and no other signal fired.", "  "),
    }
    for signal in &assessed.signals {
        let supports = if signal.corroborating { ", corroborating only" } else { "" };
        output::line(format!("  - {} ({}{supports})", signal.detector, output::severity(signal.severity)));
        show(&format!("expected: {}", signal.expected), "      ");
        show(&format!("seen: {}", signal.seen), "      ");
        show(&format!("why: {}", signal.why), "      ");
    }
    output::line("");
}

fn compared_with(assessed: &Assessment) -> String {
    let said = match &assessed.compared_with {
        None => "No earlier release of its package is in the baseline, so it cannot be compared".to_owned(),
        Some(ComparedWith { line, releases, inherited }) => {
            let releases = words::counted(*releases, "release");
            let because = if *inherited { ", because its own line is new" } else { "" };
            format!("Compared with line {line} ({releases}){because}")
        }
    };
    let nothing =
        if assessed.signals.is_empty() && assessed.compared_with.is_some() { "; nothing differs" } else { "" };
    let taught = match (assessed.in_baseline, assessed.reports()) {
        (true, _) => "joined the baseline",
        (false, true) => "is held: it stays out of the baseline until you accept it (`provwatch baseline accept`)",
        (false, false) => "stays out of the baseline, since its attestation could not be checked",
    };
    format!("{said}{nothing}. It {taught}.")
}

fn explain_campaign(CaseAlert { case, alert }: &CaseAlert) {
    output::line(format!("{}  campaign: {}", output::severity(alert.severity), words::sentence(&alert.title)));
    output::line(format!("  case {}", words::name(case)));
    for member in &alert.members {
        output::line(format!("  - {}", words::name(member)));
    }
    output::line(wrap::paragraphs(&words::sentence(&alert.argument), wrap::width(), "  "));
    output::line("");
}
