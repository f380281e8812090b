//! The back-test: takeovers that happened and honest releases that look alike, through the real rules.

use std::path::Path;

use provwatch::{
    model::Facts,
    pipeline::replay::{Replayed, Timeline, read_all, replay},
};

fn backtest() -> Vec<Timeline> {
    read_all(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest")]).unwrap()
}

fn print_score(replayed: &[Replayed]) {
    for case in replayed {
        println!("{:40} {:3} met {:3} missed", case.case, case.met(), case.missed());
        for score in case.scores.iter().filter(|score| !score.met) {
            println!("    {} is {}", score.expected.purl, score.severity);
        }
    }
    let met: usize = replayed.iter().map(Replayed::met).sum();
    let missed: usize = replayed.iter().map(Replayed::missed).sum();
    println!("expectations: {met} met, {missed} missed");
}

#[test]
fn every_expectation_is_met() {
    let replayed: Vec<_> = backtest().iter().map(replay).collect();
    print_score(&replayed);
    assert!(replayed.iter().all(|case| case.missed() == 0));
}

fn without_facts(mut timeline: Timeline) -> Timeline {
    timeline.observations.iter_mut().for_each(|release| release.facts = Facts::default());
    timeline
}

#[test]
fn without_facts_no_expectation_is_missed_by_more_than_a_step() {
    let replayed: Vec<_> = backtest().into_iter().map(without_facts).map(|timeline| replay(&timeline)).collect();
    print_score(&replayed);
    for score in replayed.iter().flat_map(|case| &case.scores) {
        let most = score.expected.at_most.is_none_or(|most| score.severity <= most);
        assert!(most, "{} is {}", score.expected.purl, score.severity);
    }
}
