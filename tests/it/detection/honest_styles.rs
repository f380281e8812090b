//! Measures thirty honest styles of releasing, by three ways of knowing and beside two rules of other tools.

use std::{fmt::Write, sync::OnceLock};

use provwatch::{model::Severity, packages::replay::PeerRule};

use super::{
    alarms::{Alarms, Judge},
    styles::{Knowing, STYLES, Style},
};

/// Fewest releases that the measure rests on.
const FEWEST: usize = 19_000;

/// The most first alarms that are good enough, in tenths per thousand releases.
struct Goal {
    knowing: Knowing,
    high: usize,
    medium: usize,
}

/// The goals of the measure; `docs/DETECTION.md` prints them beside the figures.
const GOALS: [Goal; 2] = [
    Goal { knowing: Knowing::Token, high: 10, medium: 100 },
    Goal { knowing: Knowing::NoToken, high: 30, medium: 120 },
];

/// The alerts about one style, by column of the tables.
struct Measured {
    style: &'static Style,
    by_knowing: Vec<Alarms>,
    by_peer: Vec<Alarms>,
}

impl Measured {
    fn of(style: &'static Style) -> Self {
        let projects = style.projects();
        let own = |knowing: Knowing| {
            let known: Vec<_> = projects.iter().cloned().map(|releases| knowing.strip(releases)).collect();
            Alarms::of(&known, Judge::Own)
        };
        Self {
            style,
            by_knowing: Knowing::ALL.map(own).into(),
            by_peer: PeerRule::ALL.map(|rule| Alarms::of(&projects, Judge::Peer(rule))).into(),
        }
    }

    fn columns(&self) -> impl Iterator<Item = &Alarms> {
        self.by_knowing.iter().chain(&self.by_peer)
    }
}

/// Every style, measured once for all tests.
fn measured() -> &'static [Measured] {
    static MEASURED: OnceLock<Vec<Measured>> = OnceLock::new();
    MEASURED.get_or_init(|| STYLES.iter().map(Measured::of).collect())
}

/// All styles together.
fn total(column: usize) -> Alarms {
    Alarms::sum(measured().iter().filter_map(|style| style.columns().nth(column)))
}

/// All styles together, as they are known.
fn total_of(knowing: Knowing) -> Alarms {
    total(Knowing::ALL.iter().position(|known| *known == knowing).unwrap())
}

#[test]
fn honest_styles_are_never_critical() {
    assert!(STYLES.len() == 30 && total(0).releases >= FEWEST, "{} releases", total(0).releases);
    for knowing in Knowing::ALL {
        assert_eq!(total_of(knowing).critical, [""; 0], "{}", knowing.words());
    }
}

#[test]
fn first_alarms_stay_within_their_goals() {
    for Goal { knowing, high, medium } in GOALS {
        let alarms = total_of(knowing);
        for (severity, goal) in [(Severity::High, high), (Severity::Medium, medium)] {
            let first = alarms.first(severity);
            let is_met = first * 10_000 <= alarms.releases * goal;
            let words = knowing.words();
            assert!(is_met, "{words}: {first} of {} at {severity}", alarms.releases);
        }
    }
}

/// Made-up projects are the same whenever they are made.
#[test]
fn styles_follow_from_the_seed() {
    for style in STYLES {
        let (one, two) = (style.projects(), style.projects());
        assert!(one == two, "{}", style.name);
        let short = one.iter().filter(|releases| releases.len() < 20).count();
        assert_eq!(short, 0, "{}", style.name);
    }
}

/// The section of `docs/DETECTION.md`.
pub fn section() -> String {
    let mut out = String::from(BEGINNING);
    table(&mut out, |alarms| cell(alarms.alerts(Severity::High), alarms.alerts(Severity::Medium), alarms, 100));
    out.push_str(FIRST);
    table(&mut out, |alarms| cell(alarms.first(Severity::High), alarms.first(Severity::Medium), alarms, 1_000));
    goals(&mut out);
    out.push_str(PEERS);
    peers(&mut out);
    out
}

/// `high / medium` for so many releases.
fn cell(high: usize, medium: usize, alarms: &Alarms, per: usize) -> String {
    format!("{} / {}", rate(high, alarms.releases, per), rate(medium, alarms.releases, per))
}

/// A rate with one decimal place.
fn rate(count: usize, total: usize, per: usize) -> String {
    let tenths = (count * per * 10 + total / 2) / total.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn table(out: &mut String, cell: impl Fn(&Alarms) -> String) {
    out.push_str("| style: the project … | releases |");
    let names = Knowing::ALL.map(Knowing::words).into_iter().chain(PeerRule::ALL.map(PeerRule::as_str));
    names.for_each(|name| {
        let _ = write!(out, " {name} |");
    });
    out.push_str("\n|---|---|---|---|---|---|---|\n");
    for measured in measured() {
        let _ = write!(out, "| {} | {} |", measured.style.story, measured.by_knowing[0].releases);
        measured.columns().for_each(|alarms| {
            let _ = write!(out, " {} |", cell(alarms));
        });
        out.push('\n');
    }
    let _ = write!(out, "| **all styles** | {} |", total(0).releases);
    for column in 0..Knowing::ALL.len() + PeerRule::ALL.len() {
        let _ = write!(out, " {} |", cell(&total(column)));
    }
    out.push('\n');
}

fn goals(out: &mut String) {
    out.push_str("\nThe bounds that the test holds are, in first alarms per thousand releases:");
    for (Goal { knowing, high, medium }, end) in GOALS.into_iter().zip([";", ".\n"]) {
        let tenths = |goal: usize| format!("{}.{}", goal / 10, goal % 10);
        let _ =
            write!(out, " {} at high and {} at medium for *{}*{end}", tenths(high), tenths(medium), knowing.words());
    }
}

/// How often each rule fires, beside the published figure.
fn peers(out: &mut String) {
    out.push_str("| rule | data | comparisons | fires | share |\n|---|---|---|---|---|\n");
    let mut row = |rule: &str, data: &str, compared: usize, fires: usize| {
        let share = (fires * 10_000 + compared / 2) / compared.max(1);
        let _ = writeln!(out, "| {rule} | {data} | {compared} | {fires} | {}.{:02} % |", share / 100, share % 100);
    };
    for knowing in Knowing::ALL {
        let alarms = total_of(knowing);
        let fires = alarms.alerts(Severity::High) + alarms.alerts(Severity::Medium);
        row(&format!("provwatch at medium or above, {}", knowing.words()), OURS, alarms.compared, fires);
        let first = alarms.first(Severity::High) + alarms.first(Severity::Medium);
        row(&format!("provwatch, first alarms of these, {}", knowing.words()), OURS, alarms.compared, first);
    }
    for (rule, column) in PeerRule::ALL.into_iter().zip(Knowing::ALL.len()..) {
        let alarms = total(column);
        row(&format!("`{}`", rule.as_str()), OURS, alarms.compared, alarms.alerts(Severity::High));
    }
    row("transparent rules", "arXiv 2606.22593: real releases of 942 packages", 43_100, 204);
}

/// The data of the rows that are measured here.
const OURS: &str = "the thirty styles";

const BEGINNING: &str = "
## Thirty honest styles

The rules were written beside the projects above. Thirty further styles follow, in which a project does something that looks like a takeover: `tests/lab/styles` makes 22 projects of each style, with about thirty
releases a project. The change comes in the middle of the history, so that the releases before it are the habit. The styles are far more frequent here than among real packages, and the rates are therefore higher.

The tables have three ways of knowing a release, and two rules of other tools on the same releases:

* **token**: the forge's API answers with a token, and all facts are known.
* **no token**: git's list of refs is all that is asked for. It tells which tags exist.
* **registry only**: no forge answers. Registry and certificates tell all that is known.
* **presence**: pnpm's `no-downgrade`. It fires where a release has less evidence than any version that was published earlier.
* **predecessor**: it fires where evidence of the release directly before is absent, or where repository or workflow are others.

`provwatch replay --rule presence` and `--rule predecessor` judge any timeline so. These rules look at no facts and know one severity, high. A cell has the rates at *high / medium*.

Releases with an alert, in percent:

";

const FIRST: &str = "
First alarms per thousand releases. An alert interrupts a person if no earlier alert of the package, as severe or more, told the same. Repetitions do not count:

";

const PEERS: &str = "
### Beside the published figure

The study behind arXiv 2606.22593 compared 43,100 releases with their predecessors, and its rules fired 204 times. Reviewers wanted to see 29 of 30 of these. None was a known takeover. The share depends on the data more than on the rule:
the same kind of rule fires far more often on the thirty styles, where every project changes something.

";
