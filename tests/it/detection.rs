//! Measures detection for `docs/DETECTION.md`: back-tests, false alarms on synthetic honest histories, and attacks on
//! them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

mod alarms;
#[path = "../lab/histories/mod.rs"]
mod histories;
mod honest_styles;
#[path = "../lab/styles/mod.rs"]
mod styles;

use std::{collections::BTreeMap, fmt::Write, path::Path};

use histories::{Attack, Project, Style, without_facts};
use provwatch::{
    model::{Observation, Severity},
    packages::replay::{self, Kind, Replayed, Rules, Timeline, trace},
};

/// Honest releases that are judged.
const HONEST: usize = 10_000;

/// Releases of a project before an attacker comes.
const SETTLED: usize = 30;

/// The timelines of a folder.
fn read_all(folder: &Path) -> Vec<Timeline> {
    let files = replay::files(&[folder.to_owned()]).unwrap();
    files.iter().map(|file| Timeline::read(file).unwrap()).collect()
}

/// Replays a timeline by the usual rules.
fn replay(timeline: &Timeline) -> Replayed {
    replay::replay(timeline, Rules::default(), |_, _| {})
}

fn honest(each: usize) -> Vec<Vec<Observation>> {
    (0..HONEST / each)
        .map(|seed| {
            let mut project = Project::new(Style::ALL[seed % Style::ALL.len()], seed as u64);
            project.release_until(each);
            project.releases.truncate(each);
            project.releases
        })
        .collect()
}

/// How many releases raised an alert of each severity.
fn alarms(histories: &[Vec<Observation>]) -> BTreeMap<Severity, usize> {
    let mut counts = BTreeMap::new();
    for releases in histories {
        trace(releases, Rules::default(), |_, assessed| {
            let severity = assessed.verdict.as_ref().map_or(Severity::Info, |verdict| verdict.severity);
            *counts.entry(severity).or_default() += 1;
        });
    }
    counts
}

fn loud(counts: &BTreeMap<Severity, usize>) -> usize {
    counts.iter().filter(|(severity, _)| **severity >= Severity::High).map(|(_, count)| count).sum()
}

#[test]
fn honest_releases_are_seldom_accused() {
    let histories = honest(50);
    let total: usize = histories.iter().map(Vec::len).sum();
    assert_eq!(total, HONEST);
    let counts = alarms(&histories);
    assert!(loud(&counts) * 1000 <= total, "{counts:?}");
    let bare: Vec<_> = histories.into_iter().map(without_facts).collect();
    let without = alarms(&bare);
    assert!(loud(&without) * 1000 <= total * 4, "{without:?}");
    assert_eq!((counts.get(&Severity::Critical), without.get(&Severity::Critical)), (None, None));
}

/// The worst severity that the releases of an attack reach.
fn caught(style: Style, attack: Attack, seed: u64, facts: bool) -> Severity {
    let mut project = Project::new(style, seed);
    project.release_until(SETTLED);
    let before = project.releases.clone();
    let attacks = project.attacked(attack);
    let first = attacks[0].published_at;
    let mut releases: Vec<_> = before.into_iter().filter(|release| release.published_at < first).collect();
    releases.extend(attacks.iter().cloned());
    let releases = if facts { releases } else { without_facts(releases) };
    let mut worst = Severity::Info;
    trace(&releases, Rules::default(), |release, assessed| {
        if attacks.iter().any(|attack| attack.purl == release.purl) {
            worst = worst.max(assessed.verdict.as_ref().map_or(Severity::Info, |verdict| verdict.severity));
        }
    });
    worst
}

/// Of so many projects of each style that an attack suits, how many reach which severity.
fn catches(attack: Attack, facts: bool, wanted: impl Fn(Style) -> bool) -> (usize, BTreeMap<Severity, usize>) {
    let mut counts = BTreeMap::new();
    let mut total = 0;
    for style in Style::ALL.into_iter().filter(|style| attack.suits(*style) && wanted(*style)) {
        for seed in 5_000..5_020 {
            *counts.entry(caught(style, attack, seed, facts)).or_default() += 1;
            total += 1;
        }
    }
    (total, counts)
}

/// What an attack is called in the table, with its class.
fn called(attack: Attack) -> &'static str {
    match attack {
        Attack::Token => "T: the maintainer's token",
        Attack::TokenEverywhere => "T: the token, on three lines at once, with an install script",
        Attack::Stranger => "T: an account that never published the package",
        Attack::OwnBranch => "W1: the project's workflow on a branch of the attacker",
        Attack::OwnWorkflow => "W1: a workflow of the attacker on such a branch",
        Attack::Fork => "a build from a fork of the project",
        Attack::HijackedRun => "W3: a hijacked run of the project's workflow",
        Attack::MaliciousCommit => "W2: a malicious commit on the release branch",
    }
}

/// How a row gives its numbers.
#[derive(Clone, Copy)]
enum Form {
    Counts,
    Shares,
}

fn row(out: &mut String, name: &str, total: usize, counts: &BTreeMap<Severity, usize>, form: Form) {
    let _ = write!(out, "| {name} |");
    for severity in Severity::ALL.into_iter().rev() {
        let count = counts.get(&severity).copied().unwrap_or_default();
        let _ = match form {
            Form::Counts => write!(out, " {count} |"),
            Form::Shares => {
                let share = (count * 10_000 + total / 2) / total.max(1);
                write!(out, " {}.{:02} % |", share / 100, share % 100)
            }
        };
    }
    out.push('\n');
}

const SEVERITIES: &str = "critical | high | medium | low | none or informational |\n|---|---|---|---|---|---|";

fn attacks(out: &mut String) {
    let _ = writeln!(out, "| attack | releases had evidence | facts | {SEVERITIES}---|---|");
    for attack in Attack::ALL {
        for (evidence, had) in [(true, "yes"), (false, "no")] {
            for (facts, are) in [(true, "known"), (false, "not known")] {
                let (total, counts) = catches(attack, facts, |style| style.has_evidence() == evidence);
                if total > 0 {
                    row(out, &format!("{} | {had} | {are}", called(attack)), total, &counts, Form::Counts);
                }
            }
        }
    }
}

fn back_test(out: &mut String) {
    out.push_str("| case | kind | expectations | met | met without facts |\n|---|---|---|---|---|\n");
    for timeline in read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest")) {
        let whole = replay(&timeline);
        let kind = if timeline.kind == Kind::Positive { "takeover" } else { "honest" };
        let bare = replay(&Timeline { observations: without_facts(timeline.observations.clone()), ..timeline });
        let _ =
            writeln!(out, "| {} | {kind} | {} | {} | {} |", whole.case, whole.scores.len(), whole.met(), bare.met());
    }
}

fn false_alarms(out: &mut String) {
    let _ = writeln!(out, "| facts | {SEVERITIES}");
    let histories = honest(50);
    row(out, "known", HONEST, &alarms(&histories), Form::Shares);
    let bare: Vec<_> = histories.into_iter().map(without_facts).collect();
    row(out, "not known", HONEST, &alarms(&bare), Form::Shares);
}

fn document() -> String {
    let mut out = String::from(BEGINNING);
    back_test(&mut out);
    out.push_str(ALARMS);
    false_alarms(&mut out);
    out.push_str(WITHOUT_FACTS);
    out.push_str(&honest_styles::section());
    out.push_str(ATTACKS);
    attacks(&mut out);
    out.push_str(MISSES);
    out
}

const BEGINNING: &str = "# How well provwatch detects takeovers

`tests/it/detection.rs` writes this page, and fails if a figure leaves its bounds. [DETECTORS.md](DETECTORS.md) has the rules,
and [BASELINES.md](BASELINES.md) explains how provwatch compares a release with earlier ones. *Facts* are answers of the forge
(GitHub, GitLab): whether the version has a tag and a release, whether the default branch has the commit, how the run ended,
how old the repository is. While the forge does not answer, the facts are not known.

## Takeovers that happened, and honest releases that look alike

The test replays the timelines of `tests/data/backtest`. An expectation is the lowest [severity](GLOSSARY.md#severity) that a release of an attacker must reach, or the highest that an honest one may reach.

";

const ALARMS: &str = "
## False alarms

The test judges 10,000 honest releases of 200 fictional projects in twelve styles: tags, branches, tokens with and without [provenance](GLOSSARY.md#provenance), several people, monorepos, nightly builds, manual
deployments, reusable workflows, PyPI, crates.io. The releases include back-ports, re-runs, long pauses, renamed repositories, new workflows, new people, new addresses, forgotten tags, and three
manual releases in a thousand after a failed run. The table has the share of releases with an [alert](GLOSSARY.md#alert) of each severity:

";

const WITHOUT_FACTS: &str = "
Without facts, every high alert is about a manual release, because it looks the same as a release with a stolen token. No honest release raises a critical alert.
";

const ATTACKS: &str = "
## Attacks

The test attacks projects of the same styles after thirty honest releases: twenty projects of each style to which the attack applies. The table counts the projects by the worst severity that the attack reaches, and
separates projects with and without evidence of the origin of earlier releases. The classes of attacks come from public post-mortems. **T**: the attacker has a token or a session, and publishes without the project's
workflow. **W1**: the attacker may push, and builds from a branch or with a workflow of their own. **W2**: the attacker gets a commit onto the release branch. **W3**: the attacker controls a run of the project's workflow.

";

const MISSES: &str = "
## Attacks without a trace

* **W2**, malicious code in the release branch, merged or pushed: identity, ref, tag and release are the project's own. If all earlier commits were signed, an unsigned commit is low;
  an odd hour, a burst, or several lines at once raise the severity.
* **W3**, if the attacker lets the run finish and publishes one version, and the project's own automation tags it.
* **T** on a package without evidence, tags or other habits, with the usual account: no property of the release differs.
* The first release of a package, which has no [baseline](GLOSSARY.md#baseline).

provwatch reports that such releases do not differ from earlier ones. It never reports that they are safe.
";

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/DETECTION.md");
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == document, "docs/DETECTION.md is stale: run UPDATE_DOCS=1 cargo test --test it detection::");
}

#[test]
fn takeovers_that_leave_a_trace_are_caught() {
    use Severity::{Critical, High, Low, Medium};
    for (attack, facts, least) in [
        (Attack::Token, true, Critical),
        (Attack::Token, false, High),
        (Attack::TokenEverywhere, true, Critical),
        (Attack::TokenEverywhere, false, Critical),
        (Attack::Stranger, true, Critical),
        (Attack::Stranger, false, High),
        (Attack::OwnBranch, true, High),
        (Attack::OwnBranch, false, Low),
        (Attack::OwnWorkflow, true, High),
        (Attack::Fork, true, High),
        (Attack::Fork, false, High),
        (Attack::HijackedRun, true, Medium),
    ] {
        let (_, counts) = catches(attack, facts, Style::has_evidence);
        assert!(counts.keys().all(|severity| *severity >= least), "{attack:?}, facts {facts}: {counts:?}");
    }
    for (attack, facts) in [(Attack::Token, false), (Attack::HijackedRun, true)] {
        let (total, counts) = catches(attack, facts, Style::has_evidence);
        assert!(loud(&counts) * 100 >= total * 90, "{attack:?}, facts {facts}: {counts:?}");
    }
}
