//! Benchmarks of a store of 100,000 releases: the queries of `lookup`, writing a feed page and a release, and opening
//! the file.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]

use std::{cell::Cell, hint::black_box};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use provwatch::{
    model::{Observation, ReleaseId},
    store::{NewEvent, Outcome, Record, Search, Store, Trace},
};

mod support;

use support::{filled, history};

/// How many of each kind `provwatch lookup` shows.
const SHOWN: usize = 50;

/// Releases all over the store, one after another, so that no query is answered from the page that the last one read.
struct Scattered(Cell<usize>);

impl Scattered {
    fn release(&self) -> Observation {
        self.0.set((self.0.get() + 7_919) % (filled::PACKAGES * filled::RELEASES_EACH));
        history::release(self.0.get() % filled::PACKAGES, self.0.get() / filled::PACKAGES)
    }

    fn purl(&self) -> ReleaseId {
        self.release().purl
    }
}

fn look_up(c: &mut Criterion, store: &Store) {
    let scattered = Scattered(Cell::new(0));
    let mut group = c.benchmark_group("store/look up");
    group.bench_function("a release", |b| {
        b.iter_batched(|| scattered.purl(), |purl| store.release(&purl).unwrap().unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("what is related to it", |b| {
        b.iter_batched(|| scattered.purl(), |purl| store.related(&purl, SHOWN).unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("a digest", |b| {
        b.iter_batched(
            || scattered.release().files.remove(0).digests.sha512.unwrap(),
            |digest| assert_eq!(store.traced(Trace::Digest(&digest), SHOWN).unwrap().len(), 1),
            BatchSize::SmallInput,
        );
    });
    let issuer = scattered.release().identities()[0].issuer.clone();
    group.bench_function("the newest of an issuer, which has nearly all", |b| {
        let search = || Search { clues: vec![vec![Trace::Issuer(&issuer).into()]], ..Search::default() };
        b.iter_batched(search, |search| store.search(&search, SHOWN).unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("an issuer and a digest together", |b| {
        let search = || {
            let digest = scattered.release().files.remove(0).digests.sha512.unwrap();
            let clues = vec![vec![Trace::Issuer(&issuer).into()], vec![Trace::Digest(&digest).into()]];
            Search { clues, ..Search::default() }
        };
        b.iter_batched(search, |search| store.search(&search, SHOWN).unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("a baseline", |b| {
        let package = || scattered.purl().package().clone();
        b.iter_batched(package, |package| store.baseline(&package).unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("the history of a package", |b| {
        let package = || scattered.purl().package().clone();
        b.iter_batched(package, |package| store.releases(&package, SHOWN).unwrap(), BatchSize::SmallInput);
    });
    group.finish();
}

fn write(c: &mut Criterion, store: &Store) {
    let next = Cell::new(0);
    let fresh = |of: usize| {
        next.set(next.get() + 1);
        history::release(of, filled::RELEASES_EACH + next.get())
    };
    let record = |of: usize| Record::observed(fresh(of), Outcome::Clean, filled::now());
    let page = || -> Vec<NewEvent> {
        next.set(next.get() + 1);
        (0..100).map(|number| NewEvent { key: format!("{}:{number}", next.get()), ..filled::event(number) }).collect()
    };
    let mut group = c.benchmark_group("store/write");
    group.sample_size(20);
    group.bench_function("record a release", |b| {
        b.iter_batched(|| record(1), |record| store.record(&record).unwrap(), BatchSize::PerIteration);
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("record 100 releases at once", |b| {
        let batch = || (0..100).map(record).collect::<Vec<_>>();
        b.iter_batched(batch, |batch| store.record_batch(&batch).unwrap(), BatchSize::PerIteration);
    });
    group.bench_function("take a page with 100 watched packages", |b| {
        let take = |events: Vec<NewEvent>| store.take_page("npm-changes", "1", &events, filled::now()).unwrap();
        b.iter_batched(page, take, BatchSize::PerIteration);
    });
    group.finish();
}

fn open(c: &mut Criterion, store: &Store) {
    let path = store.path();
    let mut group = c.benchmark_group("store/open");
    group.sample_size(20);
    group.bench_function("to read", |b| b.iter(|| Store::open_read_only(black_box(path)).unwrap()));
    group.bench_function("to write", |b| b.iter(|| Store::open(black_box(path)).unwrap()));
    group.finish();
}

fn store(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = filled::store(folder.path());
    look_up(c, &store);
    write(c, &store);
    open(c, &store);
}

criterion_group!(benches, store);
criterion_main!(benches);
