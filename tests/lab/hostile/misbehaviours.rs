//! Table of the faults in the hostile week. A row has the fault, its duration, the start of a takeover's delay, and the
//! limit of that delay.

use std::time::Duration;

use chrono::TimeDelta;
use provwatch::model::{Ecosystem, Package};

use super::{
    How::{self, Body, Drip, Half, Hang, Late, Reset, Status},
    Place::{Beside, Document, Evidence, Feed, Host, Receiver},
    Stage, disk, rows,
};

const ANY: &[Ecosystem] = &Ecosystem::ALL;
const NPM: &[Ecosystem] = &[Ecosystem::NPM];
const PYPI: &[Ecosystem] = &[Ecosystem::PYPI];
const CARGO: &[Ecosystem] = &[Ecosystem::CARGO];

/// What is promised, in seconds.
const PROMISE: i64 = 60;

/// From when a delay counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// The release: nothing on its own way misbehaves.
    Release,
    /// The first answer that shows it: what misbehaves is what it is read from.
    Answer,
    /// The end of the misbehaviour: without what misbehaves nothing can be told.
    End,
}

/// One thing that misbehaves.
#[derive(Debug)]
pub struct Misbehaviour {
    pub name: &'static str,
    /// In which registries the victim may be.
    pub on: &'static [Ecosystem],
    /// For how many seconds.
    pub lasts: i64,
    pub since: Since,
    /// How many seconds a takeover may take to be told.
    pub within: i64,
    /// Whether the daemon is killed just after the takeover.
    pub kills: bool,
    /// Begins it.
    pub play: fn(&Stage),
}

impl Misbehaviour {
    const fn new(name: &'static str, lasts: i64, play: fn(&Stage)) -> Self {
        Self { name, on: ANY, lasts, since: Since::Release, within: PROMISE, kills: false, play }
    }

    const fn on(self, on: &'static [Ecosystem]) -> Self {
        Self { on, ..self }
    }

    const fn since(self, since: Since) -> Self {
        Self { since, ..self }
    }

    const fn within(self, within: i64) -> Self {
        Self { within, ..self }
    }
}

const fn row(name: &'static str, lasts: i64, play: fn(&Stage)) -> Misbehaviour {
    Misbehaviour::new(name, lasts, play)
}

/// What the victim is read from fails: the feed that names it, or its document.
const fn own(name: &'static str, play: fn(&Stage)) -> Misbehaviour {
    row(name, 45, play).since(Since::Answer)
}

fn feed(stage: &Stage, how: How) {
    stage.misbehave(Feed(stage.victim().ecosystem()), how);
}

fn document(stage: &Stage, how: How) {
    stage.misbehave(Document(stage.victim()), how);
}

fn registry(stage: &Stage, how: How) {
    stage.misbehave(Host(stage.victim().ecosystem()), how);
}

const HTML: How = Body("<!doctype html><title>Be right back</title>");

/// Everything that misbehaves in a week.
pub static MISBEHAVIOURS: &[Misbehaviour] = &[
    row("nothing", 60, |_| {}),
    // Documents of others.
    row("another document never answers", 150, |s| s.releases_that(&s.others(1), &Hang)),
    row("ten other documents never answer", 150, |s| s.releases_that(&s.others(10), &Hang)),
    row("ten other documents drip", 150, |s| s.releases_that(&s.others(10), &Drip)),
    row("ten other documents come late", 90, |s| s.releases_that(&s.others(10), &Late(Duration::from_secs(20)))),
    row("another document is HTML", 60, |s| s.releases_that(&s.others(3), &HTML)),
    row("another document is cut off", 60, |s| s.releases_that(&s.others(3), &Half)),
    row("another document is empty", 60, |s| s.releases_that(&s.others(3), &Body("{}"))),
    row("another project has slow evidence without end", 150, |s| {
        let other = s.some_of(Ecosystem::PYPI, 1).remove(0);
        s.misbehave(Evidence(other.clone()), Late(Duration::from_secs(2)));
        (0..30).for_each(|_| s.release(&other));
    }),
    row("another registry does not answer", 120, |s| {
        let registry = s.another_registry();
        s.misbehave(Host(registry), Hang);
        s.some_of(registry, 10).iter().for_each(|other| s.release(other));
    }),
    row("another registry asks for a pause", 120, |s| {
        let registry = s.another_registry();
        s.misbehave(Host(registry), Status(429, Some(90)));
        s.some_of(registry, 10).iter().for_each(|other| s.release(other));
    }),
    row("another registry's feed is dead", 60, |s| s.misbehave(Feed(s.another_registry()), Reset)),
    // What the victim is read from.
    own("its feed answers 500", |s| feed(s, Status(500, None))),
    own("its feed asks for a pause", |s| feed(s, Status(429, Some(30)))),
    own("its feed is HTML", |s| feed(s, HTML)),
    own("its feed is cut off", |s| feed(s, Half)),
    own("its feed is empty", |s| feed(s, Body(""))),
    own("its feed never answers", |s| feed(s, Hang)),
    own("its registry is dead", |s| registry(s, Reset)),
    own("its document answers 500", |s| document(s, Status(500, None))),
    own("its document asks for a pause", |s| document(s, Status(429, Some(20)))),
    own("its document is HTML", |s| document(s, HTML)),
    own("its document is cut off", |s| document(s, Half)),
    own("its document is empty", |s| document(s, Body("{}"))),
    own("its document never answers", |s| document(s, Hang)),
    own("its document comes from a stale replica", |s| document(s, How::frozen(s.world(), &s.victim()))),
    // What is asked for again after five minutes may be what shows it.
    row("its attestations answer 500", 60, |s| s.misbehave(Evidence(s.victim()), Status(500, None)))
        .since(Since::End)
        .within(360),
    row("what stands beside its document is HTML", 60, |s| s.misbehave(Beside(s.victim()), HTML))
        .on(&[Ecosystem::PYPI, Ecosystem::CARGO]),
    // Feeds that lie.
    row("the sequence begins anew", 60, |s| s.world().npm().reset_sequence()).on(NPM),
    row("another revision is announced and never comes", 60, |s| {
        let other = s.other();
        announce_what_never_comes(s, &other);
        s.release(&other);
    })
    .on(NPM),
    row("its revision is announced and never comes", 60, |s| announce_what_never_comes(s, &s.victim())).on(NPM),
    row("the feed's window moves on too fast", 60, flood).on(CARGO),
    row("an item is dated 9990", 60, |s| {
        s.misbehave(Feed(Ecosystem::CARGO), How::rewritten(|feed| feed.replacen("2026 ", "9990 ", 1)));
        s.release(&s.other());
    })
    .on(CARGO),
    row("another document stays behind its serial", 60, |s| {
        s.misbehave(Document(s.other()), How::changed(|document| document["meta"]["_last-serial"] = 1_u64.into()));
        s.release(&s.other());
    })
    .on(PYPI),
    // Receivers.
    row("another receiver is dead", 90, |s| receiver(s, Reset)),
    row("another receiver takes 25 s", 120, |s| receiver(s, Late(Duration::from_secs(25)))),
    row("another receiver never answers", 120, |s| receiver(s, Hang)),
    row("another receiver answers 500", 90, |s| receiver(s, Status(500, None))),
    row("another receiver is gone", 90, |s| receiver(s, Status(410, None))),
    row("the receiver answers 500", 60, |s| s.misbehave(Receiver("healthy"), Status(500, None))).since(Since::End),
    // Rows.
    row("another baseline is damaged", 90, |s| s.damage(&rows::BASELINE)),
    row("another observation is damaged", 90, |s| s.damage(&rows::OBSERVATION)),
    row("another release's files are damaged", 90, |s| s.damage(&rows::FILES)),
    row("another package's maintainers are damaged", 90, |s| s.damage(&rows::MAINTAINERS)),
    row("another alert is damaged", 90, |s| {
        s.damage(&rows::ALERT);
        rows::deliver_again(&s.store);
    }),
    row("the queue has a package without a name", 90, |s| rows::poison_queue(&s.store)),
    // The clock.
    row("the clock is a year ahead", 60, |s| s.skew(TimeDelta::days(365))),
    row("the clock is an hour behind", 120, |s| s.skew(-TimeDelta::hours(1))),
    row("the clock is a year ahead while its document fails", 60, |s| {
        document(s, Status(500, None));
        s.skew(TimeDelta::days(365));
    })
    .since(Since::End)
    .within(600),
    row("the clock is a year ahead while the receiver fails", 60, |s| {
        s.misbehave(Receiver("healthy"), Status(500, None));
        s.skew(TimeDelta::days(365));
    })
    .since(Since::End)
    .within(600),
    // The host.
    Misbehaviour { kills: true, ..row("provwatch is killed", 60, |_| {}) },
    row("the disk is full", 60, |_| disk::fill()).since(Since::End),
    row("several at once", 120, several),
];

/// What misbehaves is not in the way of the healthy receiver; the others get something to be slow about first.
fn receiver(stage: &Stage, how: How) {
    stage.misbehave(Receiver("other"), how);
    stage.decoys(5);
}

/// Rows of unwatched packages, more than the feed shows at once.
fn flood(stage: &Stage) {
    for number in 0..150 {
        let publication = stage.stranger();
        stage.world().publish_crate(&format!("unwatched-{number}"), "1.0.0", &publication);
    }
}

/// The feed names a revision of the package that its document never has.
fn announce_what_never_comes(stage: &Stage, package: &Package) {
    let name = package.name().to_owned();
    let change = How::changed(move |page| {
        let rows = page["results"].as_array_mut().into_iter().flatten();
        rows.filter(|row| row["id"] == name)
            .for_each(|row| row["changes"][0]["rev"] = "999999-0123456789abcdef".into());
    });
    stage.misbehave(Feed(Ecosystem::NPM), change);
}

fn several(stage: &Stage) {
    let mut others: Vec<_> = MISBEHAVIOURS.iter().filter(|one| one.since == Since::Release && !one.kills).collect();
    others.retain(|one| one.on == ANY && one.name != "several at once");
    stage.shuffle(&mut others);
    others.iter().take(3).for_each(|one| (one.play)(stage));
}
