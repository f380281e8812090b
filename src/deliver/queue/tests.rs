use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use proptest::prelude::*;

use super::*;
use crate::{
    clock::ManualClock,
    deliver::{LONGEST_STEP, Sink, samples},
    model::{Alert, AlertKind, Confidence, Member},
    store::Store,
};

/// What a scripted sink does at one attempt.
#[derive(Clone, Copy, Debug)]
enum Act {
    Take,
    Fail,
    Busy(u64),
    Refuse,
    Forbid,
    Vanish,
    Hang,
    Panic,
}

/// A sink that follows its script, then does with each message what its alert's title says, and takes everything else.
#[derive(Debug, Default)]
struct Scripted {
    script: Mutex<VecDeque<Act>>,
    of_title: Mutex<BTreeMap<String, Act>>,
    clock: Option<Arc<ManualClock>>,
    /// How long an attempt takes.
    takes: Duration,
    attempts: Mutex<Vec<(String, DateTime<Utc>)>>,
    /// What explained the alert at each attempt.
    said: Mutex<Vec<String>>,
}

impl Sink for Scripted {
    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        let title = &message.alert.title;
        self.said.lock().unwrap().push(message.alert.argument.clone());
        if let Some(clock) = &self.clock {
            self.attempts.lock().unwrap().push((title.clone(), clock.now()));
            clock.advance(self.takes);
        }
        let scripted = self.script.lock().unwrap().pop_front();
        let act = scripted.or_else(|| self.of_title.lock().unwrap().get(title).copied()).unwrap_or(Act::Take);
        Box::pin(async move {
            match act {
                Act::Take => Ok(Receipt { detail: "taken".to_owned() }),
                Act::Fail => Err(SinkError::temporary("it answered 500")),
                Act::Busy(seconds) => Err(SinkError::Temporary {
                    what: "busy".to_owned(),
                    retry_after: Some(Duration::from_secs(seconds)),
                    source: None,
                }),
                Act::Refuse => Err(SinkError::permanent("too odd")),
                Act::Forbid => Err(SinkError::Refused { what: "it answered 403".to_owned() }),
                Act::Vanish => Err(SinkError::Gone { what: "no more".to_owned() }),
                Act::Hang => std::future::pending().await,
                Act::Panic => panic!("a bug"),
            }
        })
    }
}

/// A sink, its queue in a real store, and a clock that stands still.
struct Lab {
    clock: Arc<ManualClock>,
    store: Store,
    sink: Arc<Scripted>,
    subscription: Subscription,
    queue: Queue,
    _folder: tempfile::TempDir,
}

const START: &str = "2026-03-31T00:25:00Z";

impl Lab {
    fn new(script: &[Act]) -> Self {
        Self::slow(script, Duration::ZERO)
    }

    fn slow(script: &[Act], takes: Duration) -> Self {
        let clock = Arc::new(ManualClock::at_text(START));
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("provwatch.db")).unwrap();
        let script = Mutex::new(script.iter().copied().collect());
        let sink = Arc::new(Scripted { script, clock: Some(clock.clone()), takes, ..Scripted::default() });
        let subscription =
            Subscription { name: "mail".to_owned(), min_severity: Severity::Info, kinds: None, sink: sink.clone() };
        Self { clock, store, sink, subscription, queue: Queue::default(), _folder: folder }
    }

    /// An alert is raised; again when it gets worse.
    fn raise(&self, title: &str, severity: Severity) {
        let (subject, now) = (title, self.clock.now());
        let alert = Alert::about(AlertKind::Operation, subject, severity, Confidence::High, title.to_owned(), now);
        assert_eq!(self.store.record_alert(&alert, &["mail".to_owned()], now).unwrap().deliveries, 1, "{title}");
    }

    fn spoil(&self, title: &str, act: Act) {
        self.sink.of_title.lock().unwrap().insert(title.to_owned(), act);
    }

    async fn step(&mut self) -> Step {
        let outbox = InStore(&self.store);
        let limits = Limits { attempt: Duration::from_millis(20), ..Limits::default() };
        let worker = Worker { outbox: &outbox, subscription: &self.subscription, clock: self.clock.as_ref(), limits };
        worker.step(&mut self.queue, None).await.unwrap()
    }

    async fn drain(&mut self) -> Summary {
        let outbox = InStore(&self.store);
        let limits = Limits { attempt: Duration::from_millis(20), ..Limits::default() };
        let worker = Worker { outbox: &outbox, subscription: &self.subscription, clock: self.clock.as_ref(), limits };
        worker.drain(&mut self.queue).await.unwrap()
    }

    /// As the daemon does: step after step, a second of waiting where there is nothing to do.
    async fn run_for(&mut self, time: Duration) {
        let end = self.clock.now() + TimeDelta::from_std(time).unwrap();
        while self.clock.now() < end {
            if matches!(self.step().await, Step::Idle | Step::Held(_)) {
                self.clock.advance(Duration::from_secs(1));
            }
        }
    }

    fn attempted(&self) -> Vec<String> {
        self.sink.attempts.lock().unwrap().iter().map(|(title, _)| title.clone()).collect()
    }

    /// Seconds from the beginning to the first attempt at an alert.
    fn first_attempt(&self, title: &str) -> i64 {
        let attempts = self.sink.attempts.lock().unwrap();
        let (_, at) = attempts.iter().find(|(attempted, _)| attempted == title).expect(title);
        (*at - START.parse::<DateTime<Utc>>().unwrap()).num_seconds()
    }
}

/// The store as the pipeline wraps it.
struct InStore<'a>(&'a Store);

fn failed(error: crate::store::StoreError) -> OutboxError {
    OutboxError { operation: "testing", source: Box::new(error) }
}

fn row(due: &Due) -> crate::store::Delivery {
    let message = &due.message;
    crate::store::Delivery {
        id: due.id,
        idempotency_key: message.idempotency_key.clone(),
        subscription: due.subscription.clone(),
        alert: message.alert.clone(),
        attempts: message.attempt - 1,
        sequence: message.sequence,
        refusals: message.refusals,
        created_at: message.created_at,
    }
}

impl Outbox for InStore<'_> {
    fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError> {
        let mut found = self.0.next_delivery(subscription, turn).map_err(failed)?;
        if let Some(delivery) = &mut found {
            let told = self.0.told_members(&delivery.alert.fingerprint, subscription).map_err(failed)?;
            let is_new = |release: &crate::model::ReleaseId| !told.contains(&release.to_string());
            let members = delivery.alert.members.iter();
            let mut details: Vec<_> = members
                .map(|release| Member { purl: release.clone(), new: is_new(release), ..samples::member(0, false) })
                .collect();
            details.sort_by_key(|member| !member.new);
            delivery.alert.member_details = details;
        }
        Ok(found.map(|delivery| Due {
            id: delivery.id,
            subscription: delivery.subscription,
            message: Message {
                idempotency_key: delivery.idempotency_key,
                alert: delivery.alert,
                sequence: delivery.sequence,
                attempt: delivery.attempts + 1,
                refusals: delivery.refusals,
                created_at: delivery.created_at,
            },
        }))
    }

    fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError> {
        let outcome = match ending {
            Ending::Delivered { detail, named, left } => self.0.delivered_naming(&row(due), at, detail, named, left),
            Ending::Retry { error, next, refused: false } => self.0.retry_delivery(&row(due), at, *next, error),
            Ending::Retry { error, next, refused: true } => self.0.refuse_delivery(&row(due), at, *next, error),
            Ending::GivenUp(why) => self.0.give_up(&row(due), at, why),
        };
        outcome.map(drop).map_err(failed)
    }

    fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError> {
        self.0.due_count(subscription, due_by).map_err(failed)
    }
}

#[tokio::test]
async fn the_severest_comes_first_and_of_equals_the_longest_waiting() {
    let mut lab = Lab::new(&[]);
    for (title, severity) in [
        ("low 1", Severity::Low),
        ("high 1", Severity::High),
        ("low 2", Severity::Low),
        ("critical", Severity::Critical),
        ("high 2", Severity::High),
    ] {
        lab.raise(title, severity);
    }
    assert_eq!(lab.drain().await.delivered, 5);
    assert_eq!(lab.attempted(), ["critical", "high 1", "high 2", "low 1", "low 2"]);
}

#[tokio::test]
async fn a_new_critical_alert_waits_for_one_attempt_and_not_for_500() {
    let mut lab = Lab::slow(&[], Duration::from_secs(25));
    for number in 0..500 {
        lab.raise(&format!("low {number}"), Severity::Low);
    }
    lab.step().await;
    lab.step().await;
    lab.raise("critical", Severity::Critical);
    lab.step().await;
    assert_eq!(lab.attempted(), ["low 0", "low 1", "critical"]);
}

#[tokio::test]
async fn a_message_that_its_receiver_cannot_take_keeps_nobody_waiting() {
    for act in [Act::Fail, Act::Hang, Act::Panic, Act::Refuse] {
        let mut lab = Lab::slow(&[], Duration::from_secs(1));
        lab.spoil("poison", act);
        lab.raise("poison", Severity::Critical);
        for number in 0..20 {
            lab.raise(&format!("low {number}"), Severity::Low);
        }
        lab.run_for(Duration::from_mins(2)).await;
        assert!(lab.store.due_count("mail", lab.clock.now() + TimeDelta::days(1)).unwrap() <= 1, "{act:?}");
        assert!(lab.first_attempt("low 19") < 45, "{act:?}: {}", lab.first_attempt("low 19"));
    }
}

#[tokio::test]
async fn a_panic_is_a_failure_of_that_sink() {
    let mut lab = Lab::new(&[Act::Panic]);
    lab.raise("alert", Severity::Low);
    assert_eq!(lab.step().await, Step::Retried);
    lab.run_for(Duration::from_secs(10)).await;
    assert_eq!(lab.attempted(), ["alert", "alert"]);
}

#[tokio::test]
async fn many_messages_that_cannot_be_taken_let_a_new_alert_through() {
    let mut lab = Lab::slow(&[], Duration::from_secs(30));
    for number in 0..8 {
        let title = format!("poison {number}");
        lab.spoil(&title, Act::Hang);
        lab.raise(&title, Severity::Critical);
    }
    lab.run_for(Duration::from_mins(20)).await;
    let raised = (lab.clock.now() - START.parse::<DateTime<Utc>>().unwrap()).num_seconds();
    lab.raise("takeover", Severity::Critical);
    lab.run_for(Duration::from_mins(5)).await;
    let waited = lab.first_attempt("takeover") - raised;
    assert!(waited <= 60, "{waited} s");
}

#[tokio::test]
async fn a_later_message_never_overtakes_an_earlier_one_of_its_alert() {
    let mut lab = Lab::new(&[Act::Fail]);
    lab.raise("a", Severity::Low);
    assert_eq!(lab.step().await, Step::Retried);
    lab.raise("a", Severity::Critical);
    lab.raise("b", Severity::Low);
    assert_eq!(lab.step().await, Step::Delivered);
    assert_eq!(lab.step().await, Step::Idle, "the second message about a waits for the first");
    lab.run_for(Duration::from_secs(20)).await;
    assert_eq!(lab.attempted(), ["a", "b", "a", "a"]);
    let alert = lab.store.alerts(&crate::store::AlertFilter::default()).unwrap().into_iter().find(|a| a.title == "a");
    let deliveries = lab.store.deliveries_of(&alert.unwrap(), 10).unwrap();
    assert_eq!(deliveries.iter().map(|one| one.attempts).collect::<Vec<_>>(), [1, 2], "the latest first");
}

#[tokio::test]
async fn the_pause_that_a_receiver_asks_for_is_kept_and_cannot_silence_it() {
    let mut lab = Lab::new(&[Act::Busy(86_400)]);
    lab.raise("low 1", Severity::Low);
    lab.step().await;
    lab.raise("low 2", Severity::Low);
    lab.raise("critical", Severity::Critical);
    lab.run_for(Duration::from_mins(70)).await;
    assert_eq!(lab.attempted()[..2], ["low 1", "critical"]);
    assert_eq!(lab.first_attempt("critical"), 300, "an urgent alert is tried after five minutes whatever is asked");
    let mut lab = Lab::new(&[Act::Busy(90)]);
    lab.raise("low 1", Severity::Low);
    lab.step().await;
    lab.raise("critical", Severity::Critical);
    lab.run_for(Duration::from_mins(5)).await;
    assert_eq!(lab.first_attempt("critical"), 90, "a pause within reason is kept by all");
}

#[tokio::test]
async fn a_dead_sink_rests_and_is_not_asked_for_every_message() {
    let mut lab = Lab::new(&[]);
    for number in 0..200 {
        let title = format!("alert {number}");
        lab.spoil(&title, Act::Fail);
        lab.raise(&title, Severity::Low);
    }
    lab.run_for(Duration::from_mins(10)).await;
    let attempts = lab.attempted().len();
    assert!((15..40).contains(&attempts), "{attempts} attempts in ten minutes");
    lab.sink.of_title.lock().unwrap().clear();
    lab.raise("critical", Severity::Critical);
    lab.run_for(Duration::from_mins(1)).await;
    assert!(lab.first_attempt("critical") <= 600 + 31, "{}", lab.first_attempt("critical"));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_rests_and_nothing_is_lost() {
    let mut lab = Lab::new(&[Act::Take, Act::Vanish, Act::Vanish]);
    for number in 0..4 {
        lab.raise(&format!("alert {number}"), if number == 3 { Severity::Critical } else { Severity::Low });
    }
    let gone = Summary { delivered: 1, gone: vec!["mail".to_owned()], left: 3, ..Summary::default() };
    assert_eq!(lab.drain().await, gone);
    lab.run_for(Duration::from_mins(59)).await;
    assert_eq!(lab.attempted().len(), 2, "nobody asks meanwhile");
    lab.run_for(Duration::from_mins(2)).await;
    assert_eq!(lab.attempted().len(), 3, "once an hour");
    lab.run_for(Duration::from_hours(1)).await;
    let told: BTreeSet<String> = lab.attempted().into_iter().collect();
    assert_eq!((told.len(), lab.store.delivery_summary().unwrap()[0].pending), (4, 0), "all of them, once it is back");
    assert_eq!(lab.store.delivery_summary().unwrap()[0].failed, 0);
}

#[tokio::test]
async fn another_endpoint_is_told_at_once_what_the_one_that_is_gone_was_not() {
    let mut lab = Lab::new(&[Act::Vanish]);
    (0..3).for_each(|number| lab.raise(&format!("alert {number}"), Severity::Low));
    lab.drain().await;
    lab.queue = Queue::default();
    assert_eq!(lab.drain().await, Summary { delivered: 3, ..Summary::default() }, "as after a reload");
}

#[tokio::test]
async fn a_refused_message_does_not_hold_up_the_next() {
    let mut lab = Lab::new(&[Act::Refuse]);
    lab.raise("odd", Severity::Critical);
    lab.raise("even", Severity::Low);
    assert_eq!(lab.drain().await, Summary { delivered: 1, retried: 1, ..Summary::default() });
}

/// What became of an alert's only delivery: its state, and what the last attempt said.
fn fate(lab: &Lab, title: &str) -> (crate::store::DeliveryStatus, String) {
    let alerts = lab.store.alerts(&crate::store::AlertFilter::default()).unwrap();
    let alert = alerts.into_iter().find(|alert| alert.title == title).unwrap();
    let delivery = lab.store.deliveries_of(&alert, 1).unwrap().remove(0);
    (delivery.state, delivery.detail.unwrap())
}

#[tokio::test]
async fn what_is_refused_twice_is_sent_without_what_a_publisher_wrote() {
    use crate::store::DeliveryStatus::{Delivered, Failed};
    for act in [Act::Refuse, Act::Forbid] {
        let mut lab = Lab::new(&[]);
        lab.spoil("<script>", act);
        lab.raise("<script>", Severity::Critical);
        lab.run_for(Duration::from_mins(1)).await;
        assert_eq!(lab.attempted(), ["<script>", "<script>", "an alert about provwatch itself"], "{act:?}");
        assert!(lab.first_attempt("an alert about provwatch itself") <= 20, "{act:?}");
        let (state, said) = fate(&lab, "<script>");
        assert_eq!(state, Delivered);
        assert_eq!(said, format!("taken; {}", super::reduced::SAID));
    }
    // It was not the text: what is never taken is given up, and what may be is tried for days.
    for (act, given_up) in [(Act::Refuse, true), (Act::Forbid, false)] {
        let mut lab = Lab::new(&[]);
        lab.spoil("odd", act);
        lab.spoil("an alert about provwatch itself", act);
        lab.raise("odd", Severity::Critical);
        lab.run_for(Duration::from_mins(10)).await;
        assert_eq!(fate(&lab, "odd").0 == Failed, given_up, "{act:?}");
        lab.sink.of_title.lock().unwrap().remove("odd");
        lab.run_for(Duration::from_mins(20)).await;
        assert_eq!(fate(&lab, "odd").0 == Failed, given_up, "{act:?}");
        assert!(given_up || fate(&lab, "odd").1 == "taken", "the whole one takes turns: {:?}", fate(&lab, "odd"));
    }
}

/// A firewall that drops the connection, and a receiver that falls over a text.
#[tokio::test]
async fn what_fails_again_and_again_is_sent_in_short_form_whatever_the_failure() {
    for act in [Act::Fail, Act::Hang, Act::Panic, Act::Busy(20)] {
        let mut lab = Lab::new(&[]);
        lab.spoil("<script>", act);
        lab.raise("<script>", Severity::Critical);
        lab.run_for(Duration::from_mins(5)).await;
        let (state, said) = fate(&lab, "<script>");
        assert_eq!(state, crate::store::DeliveryStatus::Delivered, "{act:?}: {said}");
        assert!(said.contains("short form"), "{act:?}: {said}");
        assert!(lab.attempted().len() <= 6, "{act:?}: {:?}", lab.attempted());
    }
}

/// A token that expired, or an outage, is not a text: what waited is sent with its evidence.
#[tokio::test]
async fn after_an_outage_the_whole_message_is_sent_first() {
    for act in [Act::Fail, Act::Hang, Act::Forbid] {
        let titles = ["one", "two", "three", "four"];
        let mut lab = Lab::new(&[]);
        for title in titles {
            lab.raise(title, Severity::Critical);
            lab.spoil(title, act);
        }
        lab.spoil("an alert about provwatch itself", act);
        lab.run_for(Duration::from_mins(10)).await;
        assert!(lab.attempted().iter().any(|title| title.contains("itself")), "{act:?}: both forms were tried");
        lab.sink.of_title.lock().unwrap().clear();
        lab.run_for(Duration::from_mins(10)).await;
        for title in titles {
            let whole = (crate::store::DeliveryStatus::Delivered, "taken".to_owned());
            assert_eq!(fate(&lab, title), whole, "{act:?}: {title}");
        }
    }
}

#[tokio::test]
async fn a_campaign_in_short_form_names_its_packages_and_tells_of_no_others() {
    let mut lab = Lab::new(&[]);
    let members: Vec<crate::model::ReleaseId> = (0..60)
        .map(|number| format!("pkg:npm/watched-package-{number:02}@1.0.{number}").parse().unwrap())
        .chain(["pkg:npm/it's@1.0.0".parse().unwrap()])
        .collect();
    let now = lab.clock.now();
    let about =
        Alert::about(AlertKind::Campaign, "qix", Severity::Critical, Confidence::High, "<script>".to_owned(), now);
    let alert = Alert { members, ..about };
    lab.spoil("<script>", Act::Forbid);
    lab.store.record_alert(&alert, &["mail".to_owned()], now).unwrap();
    lab.run_for(Duration::from_secs(30)).await;
    let told = lab.store.told_members(&alert.fingerprint, "mail").unwrap();
    let said = lab.sink.said.lock().unwrap().last().cloned().unwrap();
    assert!((10..60).contains(&told.len()), "{told:?}");
    for member in &alert.members {
        let named = said.contains(&member.package().to_string());
        assert_eq!(named, told.contains(&member.to_string()), "{member} in {said}");
    }
    lab.run_for(Duration::from_mins(10)).await;
    assert_eq!(lab.store.told_members(&alert.fingerprint, "mail").unwrap().len(), 60, "other messages name the rest");
    let sent = lab.attempted().len();
    lab.run_for(Duration::from_mins(30)).await;
    assert_eq!(lab.attempted().len(), sent, "a name that is never said is no reason for yet another message");
}

/// Whoever can raise very many alerts about one package does not keep the alert about another waiting.
#[tokio::test]
async fn packages_take_turns() {
    let mut lab = Lab::slow(&[], Duration::from_secs(10));
    let of = |lab: &Lab, package: &str, number: usize| {
        let (title, now) = (format!("{package} {number}"), lab.clock.now());
        let about = Alert::about(AlertKind::Release, &title, Severity::High, Confidence::High, title.clone(), now);
        let alert = Alert { package: Some(format!("pkg:npm/{package}").parse().unwrap()), ..about };
        lab.store.record_alert(&alert, &["mail".to_owned()], now).unwrap();
    };
    (0..500).for_each(|number| of(&lab, "many", number));
    lab.step().await;
    lab.step().await;
    (0..3).for_each(|number| of(&lab, "few", number));
    of(&lab, "one", 0);
    lab.raise("campaign", Severity::High);
    for _ in 0..8 {
        lab.step().await;
    }
    let expected = ["many 0", "many 1", "few 0", "one 0", "campaign", "many 2", "few 1", "many 3", "few 2", "many 4"];
    assert_eq!(lab.attempted(), expected);
}

#[tokio::test]
async fn a_pass_tries_nothing_twice_and_leaves_a_dead_sink() {
    let mut lab = Lab::new(&[Act::Fail; 100]);
    for number in 0..50 {
        lab.raise(&format!("alert {number}"), Severity::Low);
    }
    let summary = lab.drain().await;
    assert_eq!((summary.delivered, summary.retried, summary.left), (0, 4, 46));
    let mut distinct = lab.attempted();
    distinct.dedup();
    assert_eq!(distinct.len(), 4);
}

#[tokio::test]
async fn a_delivery_that_a_wrong_clock_put_off_is_due() {
    let mut lab = Lab::new(&[Act::Fail]);
    lab.clock.advance(Duration::from_hours(24 * 365));
    lab.raise("late", Severity::High);
    lab.step().await;
    lab.clock.set(START.parse().unwrap());
    lab.run_for(Duration::from_secs(5)).await;
    assert_eq!(lab.attempted(), ["late", "late"]);
}

#[test]
fn the_store_knows_the_longest_step_of_the_schedule() {
    let lab = Lab::new(&[]);
    lab.raise("alert", Severity::Low);
    let now = lab.clock.now();
    let turn = Turn { now, due_by: now, least: Severity::Info, fresh_first: false, served: Vec::new() };
    let delivery = lab.store.next_delivery("mail", &turn).unwrap().unwrap();
    let longest = TimeDelta::from_std(LONGEST_STEP).unwrap();
    lab.store.retry_delivery(&delivery, now, now + longest, "later").unwrap();
    assert!(lab.store.next_delivery("mail", &turn).unwrap().is_none(), "it may wait so long");
    let earlier = Turn { now: now - TimeDelta::seconds(1), ..turn.clone() };
    assert!(lab.store.next_delivery("mail", &earlier).unwrap().is_some(), "and no longer");
}

#[tokio::test]
async fn what_could_not_be_recorded_is_not_sent_again() {
    struct Broken<'a>(InStore<'a>, Mutex<u32>);
    impl Outbox for Broken<'_> {
        fn next(&self, subscription: &str, turn: &Turn) -> Result<Option<Due>, OutboxError> {
            self.0.next(subscription, turn)
        }
        fn end(&self, due: &Due, at: DateTime<Utc>, ending: &Ending) -> Result<(), OutboxError> {
            let mut failures = self.1.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(OutboxError { operation: "recording", source: "the disk is full".into() });
            }
            self.0.end(due, at, ending)
        }
        fn waiting(&self, subscription: &str, due_by: DateTime<Utc>) -> Result<usize, OutboxError> {
            self.0.waiting(subscription, due_by)
        }
    }
    let mut lab = Lab::new(&[]);
    lab.raise("alert", Severity::Critical);
    let outbox = Broken(InStore(&lab.store), Mutex::new(5));
    let worker = Worker {
        outbox: &outbox,
        subscription: &lab.subscription,
        clock: lab.clock.as_ref(),
        limits: Limits::default(),
    };
    for _ in 0..5 {
        worker.step(&mut lab.queue, None).await.unwrap_err();
    }
    assert_eq!(worker.step(&mut lab.queue, None).await.unwrap(), Step::Idle);
    assert_eq!(lab.attempted(), ["alert"], "once");
    assert_eq!(lab.store.delivery_summary().unwrap()[0].pending, 0);
}

#[tokio::test]
async fn a_message_is_given_up_after_three_days_of_attempts() {
    let mut lab = Lab::new(&[]);
    lab.spoil("alert", Act::Fail);
    lab.spoil("an alert about provwatch itself", Act::Fail);
    lab.raise("alert", Severity::Low);
    let mut last = Step::Idle;
    for _ in 0..200 {
        match lab.step().await {
            Step::Idle | Step::Held(_) => lab.clock.advance(Duration::from_hours(1)),
            step => last = step,
        }
    }
    assert_eq!(last, Step::GivenUp);
    assert!(lab.attempted().len() >= 10, "{}", lab.attempted().len());
}

/// What happens to a queue.
#[derive(Clone, Debug)]
enum Event {
    Raise(u8, Severity),
    Step,
    Wait(u64),
}

fn events() -> impl Strategy<Value = Vec<(Event, u8)>> {
    let severity =
        prop_oneof![Just(Severity::Low), Just(Severity::Medium), Just(Severity::High), Just(Severity::Critical)];
    let event = prop_oneof![
        2 => (0..6_u8, severity).prop_map(|(alert, severity)| Event::Raise(alert, severity)),
        4 => Just(Event::Step),
        1 => (1..400_u64).prop_map(Event::Wait),
    ];
    proptest::collection::vec((event, 0..8_u8), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever fails on the way: within one alert the messages are attempted in order, each until it ends, and a sink that
    /// works and is not paused is given the severest alert of those that may be sent.
    #[test]
    fn in_order_within_one_alert_and_the_severest_first(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(play(events));
    }
}

async fn play(events: Vec<(Event, u8)>) {
    let mut lab = Lab::new(&[]);
    let forever = |now: DateTime<Utc>| now + TimeDelta::days(3);
    for (event, fate) in events {
        match event {
            Event::Wait(seconds) => lab.clock.advance(Duration::from_secs(seconds)),
            Event::Raise(alert, severity) => {
                let (title, now) = (format!("alert {alert}"), lab.clock.now());
                let alert = Alert::about(AlertKind::Operation, &title, severity, Confidence::High, title.clone(), now);
                lab.store.record_alert(&alert, &["mail".to_owned()], now).unwrap();
            }
            Event::Step => {
                let act = match fate {
                    0 => Act::Fail,
                    1 => Act::Busy(30),
                    2 => Act::Refuse,
                    _ => Act::Take,
                };
                lab.sink.script.lock().unwrap().push_back(act);
                let waiting = lab.store.due_deliveries(lab.clock.now(), 1000).unwrap();
                let all = lab.store.due_deliveries(forever(lab.clock.now()), 1000).unwrap();
                let calm = lab.queue.failures == 0;
                let before = lab.attempted().len();
                lab.step().await;
                lab.sink.script.lock().unwrap().clear();
                let Some(title) = lab.attempted().get(before).cloned() else { continue };
                if title == "an alert about provwatch itself" {
                    // The short form of one of them.
                    continue;
                }
                let next = all.iter().filter(|one| one.alert.title == title).map(|one| one.id).min();
                let still = lab.store.due_deliveries(forever(lab.clock.now()), 1000).unwrap();
                let changed = all.iter().find(|one| !still.contains(one)).map(|one| one.id);
                assert_eq!(changed, next, "the earliest of {title}");
                let first = |one: &crate::store::Delivery| {
                    all.iter().all(|other| other.alert.title != one.alert.title || other.id >= one.id)
                };
                let worst = waiting.iter().filter(|one| first(one)).map(|one| one.alert.severity).max().unwrap();
                let sent = all.iter().find(|one| one.alert.title == title).unwrap().alert.severity;
                assert!(!calm || sent == worst, "{title} ({sent}) before one that is {worst}");
            }
        }
    }
}
