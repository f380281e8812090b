//! Benchmarks of replaying timelines: the back-tests, many packages with a short history, and one package with a long
//! one.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]

use std::{hint::black_box, path::Path};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use provwatch::{
    model::Observation,
    packages::replay::{self, Replayed, Rules, Timeline},
};

mod support;

use support::history;

/// The timelines of a folder.
fn read_all(folder: &Path) -> Vec<Timeline> {
    let files = replay::files(&[folder.to_owned()]).unwrap();
    files.iter().map(|file| Timeline::read(file).unwrap()).collect()
}

/// Replays a timeline by the usual rules.
fn replay(timeline: &Timeline) -> Replayed {
    replay::replay(timeline, Rules::default(), |_, _| {})
}

fn timeline(observations: Vec<Observation>) -> Timeline {
    Timeline::named("synthetic", observations)
}

fn rules(c: &mut Criterion) {
    let backtests = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest"));
    let cases = [
        ("back-tests", backtests),
        ("2,000 packages × 10 releases", vec![timeline(history::releases(2_000, 10))]),
        ("10 packages × 2,000 releases", vec![timeline(history::releases(10, 2_000))]),
    ];
    let mut group = c.benchmark_group("replay");
    for (name, timelines) in &cases {
        let observations: usize = timelines.iter().map(|timeline| timeline.observations.len()).sum();
        group.throughput(Throughput::Elements(observations as u64));
        group.bench_function(*name, |b| {
            b.iter(|| black_box(timelines).iter().map(|timeline| replay(timeline).alerts.len()).sum::<usize>());
        });
    }
    group.finish();
}

/// The whole of `provwatch replay` but the printing.
fn from_json(c: &mut Criterion) {
    let timeline = timeline(history::releases(2_000, 10));
    let json = serde_json::to_vec(&timeline).unwrap();
    let parse = || Timeline::parse(Path::new("synthetic.json"), black_box(&json)).unwrap();
    let mut group = c.benchmark_group("replay from JSON");
    group.throughput(Throughput::Elements(timeline.observations.len() as u64));
    group.bench_function("parse", |b| b.iter(parse));
    group.bench_function("parse and replay", |b| b.iter(|| replay(&parse()).alerts.len()));
    group.finish();
}

criterion_group!(benches, rules, from_json);
criterion_main!(benches);
