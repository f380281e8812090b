//! Alerts of every kind and at every stage whose untrusted fields are all full of the texts of the list.

use chrono::{DateTime, Utc};

use super::list::packs;
use crate::{
    deliver::{Message, Short},
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, Confidence, Development, Digest, DigestItem, DigestSection, Links,
        Member, Package, ReleaseId, Repeated, Resolution, Severity, Sighting, Sightings, Signal, Tier,
    },
};

/// Hosts to which the links of these alerts lead; the rest of each link is a text of the list.
pub(super) const HOSTS: [&str; 2] = ["forge.example", "npm.example"];

/// The kinds of alerts.
const KINDS: [AlertKind; 4] = [AlertKind::Release, AlertKind::Campaign, AlertKind::Log, AlertKind::Operation];

/// What happens to an alert after its first message: the word of the event, and its status then.
const STAGES: [(&str, AlertStatus); 7] = [
    ("changed", AlertStatus::Open),
    ("repeated", AlertStatus::Open),
    ("escalated", AlertStatus::Open),
    ("acknowledged", AlertStatus::Acknowledged),
    ("snoozed", AlertStatus::Snoozed),
    ("reopened", AlertStatus::Open),
    ("resolved", AlertStatus::Resolved),
];

/// Every message: over all of them each field of each kind has each text, and each stage has each text too.
pub(super) fn messages() -> Vec<Message> {
    let packs = packs();
    let mut all = Vec::new();
    for (turn, kind) in KINDS.into_iter().enumerate() {
        for place in 0..packs.len() {
            all.extend(life(Pen { packs: &packs, next: place, turn }, kind));
        }
    }
    all.extend((0..packs.len()).map(|place| message(0, digest(&mut Pen { packs: &packs, next: place, turn: 0 }), 0)));
    for (number, message) in all.iter_mut().enumerate() {
        message.idempotency_key = format!("{number:032x}");
    }
    all
}

/// The first message about an alert, one about what happens next, and their short forms.
fn life(mut pen: Pen<'_>, kind: AlertKind) -> Vec<Message> {
    let (subject, place) = (format!("{} {}", pen.turn, pen.next), pen.next + pen.turn);
    let whole = alert(&mut pen, kind, &subject);
    let short = Alert { ..alert(&mut pen, kind, &format!("short {subject}")) };
    let (first, of_short) = (message(0, whole.clone(), 0), message(0, short.clone(), 0));
    let stages: Vec<_> = match kind {
        // A release has all of them, each other kind one after the other.
        AlertKind::Release => STAGES.to_vec(),
        _ => vec![STAGES[place % STAGES.len()]],
    };
    let later = (1..).zip(stages).map(|(sequence, stage)| message(sequence, after(&mut pen, &whole, stage), 0));
    let mut life: Vec<Message> = std::iter::once(first).chain(later).collect();
    let next = after(&mut pen, &short, STAGES[place % STAGES.len()]);
    life.push(Short::of(&of_short).message);
    life.push(Short::of(&message(1, next, 3)).message);
    life
}

/// A message without any such text.
pub(super) fn harmless() -> Message {
    let title = "published with a token".to_owned();
    message(0, Alert::about(AlertKind::Release, "it", Severity::High, Confidence::High, title, at(RAISED)), 0)
}

fn message(sequence: u32, alert: Alert, refusals: u32) -> Message {
    let created_at = at("2026-03-31T00:24:11Z");
    let (idempotency_key, attempt, thread) = (String::new(), 1 + refusals, None);
    let recipients = Vec::new();
    Message { idempotency_key, alert, sequence, attempt, refusals, is_short: false, created_at, thread, recipients }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Writes the texts of the list, into each field those of another pack.
struct Pen<'a> {
    packs: &'a [Vec<&'static str>],
    next: usize,
    /// Which text of a pack comes first.
    turn: usize,
}

impl Pen<'_> {
    /// All texts of the next pack, each time another one first.
    fn text(&mut self) -> String {
        let pack = &self.packs[self.next % self.packs.len()];
        self.next += 1;
        let mut pack = pack.clone();
        let first = (self.next + self.turn) % pack.len();
        pack.rotate_left(first);
        pack.join(" ")
    }

    /// One text of the next pack.
    fn single(&mut self) -> &'static str {
        let pack = &self.packs[self.next % self.packs.len()];
        self.next += 1;
        pack[(self.next + self.turn) % pack.len()]
    }

    /// What a registry accepts of the next text as a name, in a scope every other time.
    fn package(&mut self) -> Package {
        let fits = |c: &char| c.is_ascii_alphanumeric() || "-_~!'()*".contains(*c);
        let name: String = self.single().chars().filter(fits).take(40).collect();
        let name = if self.next.is_multiple_of(2) { name } else { format!("%40{name}/evil") };
        format!("pkg:npm/{name}").parse().unwrap()
    }

    fn release(&mut self) -> ReleaseId {
        self.package().at(self.single())
    }

    fn links(&mut self) -> Links {
        let link = |start: &str, text: &str| Some(format!("https://{start}{text}"));
        Links {
            registry: link("npm.example/", &self.text()),
            log: Some(format!("javascript:{}", self.text())),
            commit: link("forge.example/commit?x=", &self.text()),
            run: link("forge.example/run#", &self.text()),
        }
    }

    fn signal(&mut self) -> Signal {
        Signal {
            detector: self.text().into(),
            severity: Severity::High,
            expected: self.text(),
            seen: self.text(),
            since: Some(at("2025-01-20T12:00:00Z")),
            why: self.text(),
            corroborating: false,
        }
    }

    fn member(&mut self, new: bool) -> Member {
        Member {
            purl: self.release(),
            alert: Alert::about(AlertKind::Release, "one", Severity::High, Confidence::High, String::new(), at(RAISED))
                .id,
            severity: Severity::High,
            reason: self.text(),
            expected: self.text(),
            seen: self.text(),
            published_at: Some(at(RAISED)),
            publisher: Some(self.text()),
            new_scripts: vec![self.text(), self.text()],
            new_dependencies: vec![self.text(), self.text()],
            links: self.links(),
            new,
        }
    }

    fn development(&mut self) -> Development {
        let purl = Some(self.release());
        Development { purl, ..Development::late_tag(Some(&self.text()), at("2026-03-31T02:24:00Z")) }
    }

    fn entries(&mut self) -> Sightings {
        let sighting = |pen: &mut Self, index| Sighting { log: pen.text(), index, who: pen.text() };
        let (first, second) = (sighting(self, 1), sighting(self, 2));
        Sightings::first(first, at(RAISED)).and(&Sightings::first(second, at("2026-03-31T02:00:00Z")))
    }
}

/// When every alert was raised.
const RAISED: &str = "2026-03-31T00:24:10Z";

/// An alert of a kind; each field that others may fill has a text.
fn alert(pen: &mut Pen<'_>, kind: AlertKind, subject: &str) -> Alert {
    let common = Alert {
        argument: pen.text(),
        signals: vec![pen.signal(), pen.signal()],
        links: pen.links(),
        last_good: Some(pen.release()),
        developments: vec![pen.development(), pen.development()],
        tier: Some(Tier::Critical),
        team: Some(pen.text()),
        member_teams: vec![pen.text()],
        ..Alert::about(kind, subject, Severity::High, Confidence::High, pen.text(), at(RAISED))
    };
    match kind {
        AlertKind::Release => Alert {
            purl: Some(pen.release()),
            published_at: Some(at("2026-03-31T00:21:00Z")),
            repeated: Some(Repeated { count: 2, last_at: at(RAISED), newest: pen.release() }),
            ..common
        },
        AlertKind::Campaign => {
            let details = vec![pen.member(true), pen.member(true), pen.member(false)];
            Alert { members: details.iter().map(|one| one.purl.clone()).collect(), member_details: details, ..common }
        }
        AlertKind::Log => Alert {
            package: Some(pen.package()),
            evidence: Some(pen.text()),
            matched: Some(pen.text()),
            entries: Some(pen.entries()),
            ..common
        },
        AlertKind::Operation => Alert { package: Some(pen.package()), ..common },
    }
}

/// The alert after an event, with the note of the message about it.
fn after(pen: &mut Pen<'_>, alert: &Alert, (event, status): (&str, AlertStatus)) -> Alert {
    let category = (status == AlertStatus::Resolved).then_some(Resolution::Expected);
    let until = (status == AlertStatus::Snoozed).then(|| at("2026-04-07T08:00:00Z"));
    let action = AlertAction::new(status, pen.text(), pen.text(), at("2026-03-31T07:30:00Z"));
    let note = (event != "changed").then(|| format!("{event} by {}", pen.text()));
    Alert { status, note, handling: Some(AlertAction { until, category, ..action }), ..alert.clone() }
}

fn digest(pen: &mut Pen<'_>) -> Alert {
    let subject = format!("digest {}", pen.next);
    let mut item = || DigestItem { alert: None, severity: Some(Severity::High), text: pen.text() };
    let sections = vec![
        DigestSection { name: "new".to_owned(), count: 2, items: vec![item(), item()] },
        DigestSection { name: "health".to_owned(), count: 1, items: vec![item()] },
    ];
    let digest = Digest { from: at("2026-03-30T00:00:00Z"), to: at(RAISED), sections, history: None };
    let title = format!("digest of a day: {}", digest.summary());
    Alert {
        status: AlertStatus::Resolved,
        digest: Some(digest),
        ..Alert::about(AlertKind::Operation, &subject, Severity::Info, Confidence::High, title, at(RAISED))
    }
}
