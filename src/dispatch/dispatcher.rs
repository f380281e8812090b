//! Delivers due messages, each subscription at its own pace, and gives up those of removed subscriptions.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;

use super::{error::DispatchError, follow_ups::FollowUps, outbox::StoreOutbox, refresh::Refreshes};
use crate::{
    clock::Clock,
    deliver::{Limits, Queue, Step, Subscription, Subscriptions, Summary, Worker},
    store::{Store, StoreError},
    upkeep::{Mender, OperationalIssues, WallClock, sink_gone},
};

/// The state of every sink between two attempts, by the subscription's name. A lock is held for a whole attempt: no
/// sink receives two messages at once.
#[derive(Debug, Default)]
pub struct Queues(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Queue>>>>);

impl Queues {
    fn of(&self, subscription: &str) -> Arc<tokio::sync::Mutex<Queue>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(subscription.to_owned()).or_default())
    }
}

/// Takes alerts from the store to the sinks.
#[derive(Debug)]
pub struct Dispatcher {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub subscriptions: Arc<Subscriptions>,
    pub queues: Queues,
    pub issues: Arc<OperationalIssues>,
    pub mender: Arc<Mender>,
    pub wall_clock: Arc<WallClock>,
    pub follow_ups: FollowUps,
    pub refreshes: Refreshes,
}

impl Dispatcher {
    /// Delivers everything that is due, and what silences held back that are over, by all sinks at the same time. Gives up
    /// deliveries without a configured subscription.
    ///
    /// # Errors
    /// The store failed; the sinks end their turns first, also if no more messages could be added: on a full disk, what waits
    /// is sent all the same. A sink's failure is part of the summary.
    pub async fn deliver(&self) -> Result<Summary, DispatchError> {
        let mut made = self.wall_clock.follow();
        for subscription in self.subscriptions.iter() {
            made = made.and(self.follow_ups.make(&self.store, subscription, self.clock.now()));
        }
        let given_up = self.give_up_unclaimed();
        let mut total = Summary::default();
        for summary in join_all(self.subscriptions.iter().map(|one| self.drain(one))).await {
            total.add(summary?);
        }
        for subscription in &total.gone {
            self.tell_gone(subscription)?;
        }
        made?;
        total.given_up = given_up?;
        Ok(total)
    }

    /// Makes the next attempt of one subscription's sink. `None`: the configuration no longer has it.
    ///
    /// # Errors
    /// The store failed; if only further messages could not be added, after the attempt. A sink's failure is a step like others.
    pub async fn deliver_next(&self, name: &str) -> Result<Option<Step>, DispatchError> {
        let Some(subscription) = self.subscriptions.get(name).cloned() else { return Ok(None) };
        let followed = self.wall_clock.follow();
        let made = followed.and(self.follow_ups.make(&self.store, &subscription, self.clock.now()));
        let queue = self.queues.of(name);
        let outbox = self.outbox();
        let step = self.worker(&outbox, &subscription).step(&mut *queue.lock().await, None).await?;
        if step == Step::Gone {
            self.tell_gone(name)?;
        }
        made?;
        if self.store.endpoint(name)?.disabled.is_none() {
            self.refreshes.step(&self.store, &subscription, self.clock.as_ref()).await?;
        }
        Ok(Some(step))
    }

    /// Tells the other subscriptions that an endpoint is disabled.
    fn tell_gone(&self, subscription: &str) -> Result<(), StoreError> {
        self.issues.record_beside(Some(subscription), &sink_gone(subscription), self.clock.now())
    }

    /// Gives up deliveries of subscriptions that the configuration does not have any more, and those that waited for a
    /// disabled endpoint for as long as any message is tried. Returns their number.
    ///
    /// # Errors
    /// The store failed.
    pub fn give_up_unclaimed(&self) -> Result<usize, StoreError> {
        let mut given_up = 0;
        for name in self.store.awaited_subscriptions()? {
            if self.subscriptions.get(&name).is_none() {
                let why = format!("the subscription {name:?} is no longer in the configuration");
                let alerts = self.store.give_up_all(&name, self.clock.now(), &why)?;
                tracing::error!(subscription = name, alerts, why, "deliveries given up");
                given_up += alerts;
            }
        }
        Ok(given_up + self.give_up_expired()?)
    }

    /// Gives up what has waited too long for disabled endpoints.
    fn give_up_expired(&self) -> Result<usize, StoreError> {
        let (now, mut given_up) = (self.clock.now(), 0);
        let longest = TimeDelta::from_std(Limits::default().schedule.give_up_after).unwrap_or(TimeDelta::MAX);
        let before = now.checked_sub_signed(longest).unwrap_or(DateTime::<Utc>::MIN_UTC);
        for (name, disabled) in self.store.disabled_endpoints()? {
            let why = format!("given up: its endpoint is disabled, because it is gone for good ({})", disabled.why);
            let alerts = self.store.give_up_older(&name, before, (now, &why))?;
            if alerts > 0 {
                tracing::error!(subscription = name, alerts, why, "deliveries given up");
            }
            given_up += alerts;
        }
        Ok(given_up)
    }

    async fn drain(&self, subscription: &Subscription) -> Result<Summary, DispatchError> {
        let queue = self.queues.of(&subscription.name);
        let outbox = self.outbox();
        let summary = self.worker(&outbox, subscription).drain(&mut *queue.lock().await).await?;
        if self.store.endpoint(&subscription.name)?.disabled.is_none() {
            while self.refreshes.step(&self.store, subscription, self.clock.as_ref()).await? {}
        }
        Ok(summary)
    }

    fn outbox(&self) -> StoreOutbox<'_> {
        StoreOutbox { store: &self.store, mender: &self.mender }
    }

    fn worker<'a>(&'a self, outbox: &'a StoreOutbox<'a>, subscription: &'a Subscription) -> Worker<'a> {
        Worker { outbox, subscription, clock: self.clock.as_ref(), limits: Limits::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::BoxFuture;

    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::{Message, Receipt, Sink, SinkError, Timing},
        http::{Client, ScriptedTransport},
        model::{Alert, AlertKind, AlertMatchers, Confidence, Fingerprint, PublishHours, Severity, Weekday},
    };

    /// Accepts everything, and keeps the titles; or is permanently gone. It may forget.
    #[derive(Debug, Default)]
    struct Desk {
        taken: Mutex<Vec<String>>,
        is_gone: bool,
        refresh_every: Option<Duration>,
        refreshed: Mutex<Vec<usize>>,
    }

    impl Sink for Desk {
        fn kind(&self) -> &'static str {
            "desk"
        }

        fn refresh_every(&self) -> Option<Duration> {
            self.refresh_every
        }

        fn refresh<'a>(&'a self, alerts: &'a [Alert]) -> BoxFuture<'a, Result<(), SinkError>> {
            Box::pin(async {
                if !alerts.is_empty() {
                    self.refreshed.lock().unwrap().push(alerts.len());
                }
                Ok(())
            })
        }

        fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
            Box::pin(async move {
                if self.is_gone {
                    return Err(SinkError::Gone { what: "410".to_owned() });
                }
                self.taken.lock().unwrap().push(message.alert.title.clone());
                Ok(Receipt::default())
            })
        }
    }

    #[tokio::test]
    async fn a_receiver_that_forgets_is_told_of_all_that_stands_again_and_again() {
        let minute = Duration::from_mins(1);
        let desk = Arc::new(Desk { refresh_every: Some(minute), ..Desk::default() });
        let dispatcher = dispatcher(&desk);
        for number in 0..120 {
            record(&dispatcher, &format!("takeover {number}"), "desk");
        }
        dispatcher.deliver().await.unwrap();
        assert_eq!(*desk.refreshed.lock().unwrap(), [50, 50, 20], "a single pass too");
        for _ in 0..9 {
            dispatcher.deliver_next("desk").await.unwrap();
        }
        assert_eq!(desk.refreshed.lock().unwrap().len(), 3, "not before its time");
        dispatcher.clock.sleep(minute).await;
        dispatcher.deliver_next("desk").await.unwrap();
        record(&dispatcher, "a new one", "desk");
        assert_eq!(dispatcher.deliver_next("desk").await.unwrap(), Some(Step::Delivered), "a round delays no delivery");
        for _ in 0..9 {
            dispatcher.deliver_next("desk").await.unwrap();
        }
        assert_eq!(desk.refreshed.lock().unwrap()[3..].iter().sum::<usize>(), 121);
    }

    #[tokio::test]
    async fn a_receiver_that_forgets_is_not_told_of_what_is_held_back() {
        let (minute, hours) = (Duration::from_mins(1), TimeDelta::hours);
        let desk = Arc::new(Desk { refresh_every: Some(minute), ..Desk::default() });
        let dispatcher = dispatcher(&desk);
        let told = async |wait| {
            dispatcher.clock.sleep(wait).await;
            dispatcher.deliver().await.unwrap();
            std::mem::take(&mut *desk.refreshed.lock().unwrap())
        };
        record(&dispatcher, "takeover", "desk");
        assert_eq!(told(Duration::ZERO).await, [1]);
        let (now, all) = (dispatcher.clock.now(), AlertMatchers::default());
        dispatcher.store.add_silence(&all, "planned", "ada", (now, now + hours(1))).unwrap();
        assert_eq!(told(minute).await, [0; 0], "a silence covers it");
        let critical = Alert { severity: Severity::Critical, ..alert("worse") };
        dispatcher.store.record_alert(&critical, &["desk".to_owned()], now).unwrap();
        assert_eq!(told(minute).await, [1], "no silence covers a critical one");
        assert_eq!(told(Duration::from_hours(1)).await, [2], "the silence is over");
    }

    #[tokio::test]
    async fn in_quiet_hours_a_receiver_that_forgets_hears_of_no_news() {
        let desk = Arc::new(Desk { refresh_every: Some(Duration::from_mins(1)), ..Desk::default() });
        let all = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        let night = PublishHours {
            days: all.to_vec(),
            from: "22:00".parse().unwrap(),
            to: "07:00".parse().unwrap(),
            zone: "Europe/Berlin".parse().unwrap(),
        };
        let dispatcher = dispatcher_with(&desk, Timing { quiet_hours: Some(night), ..Timing::default() });
        let told = async |hours| {
            dispatcher.clock.sleep(Duration::from_hours(hours)).await;
            let delivered = dispatcher.deliver().await.unwrap().delivered;
            (delivered, std::mem::take(&mut *desk.refreshed.lock().unwrap()))
        };
        let medium = Alert { severity: Severity::Medium, ..alert("takeover") };
        dispatcher.store.record_alert(&medium, &["desk".to_owned()], noon()).unwrap();
        assert_eq!(told(0).await, (1, vec![1]));
        assert_eq!(told(9).await, (0, vec![1]), "what it knows goes on at night, or it would end there");
        record(&dispatcher, "takeover", "desk");
        assert_eq!(told(1).await, (0, vec![]), "that it is worse now waits for the morning");
        assert_eq!(told(9).await, (1, vec![1]));
    }

    fn noon() -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    /// The only subscription is `desk`.
    fn dispatcher(desk: &Arc<Desk>) -> Dispatcher {
        dispatcher_with(desk, Timing::default())
    }

    fn dispatcher_with(desk: &Arc<Desk>, timing: Timing) -> Dispatcher {
        let (name, sink) = ("desk".to_owned(), Arc::clone(desk) as _);
        let matchers = AlertMatchers {
            min_severity: Some(Severity::Low),
            kinds: vec![AlertKind::Release],
            ..AlertMatchers::default()
        };
        let desk = Subscription { name, matchers, timing, sink };
        let subscriptions = Arc::new(Subscriptions::new(vec![desk]).unwrap());
        let store = Arc::new(Store::in_memory().unwrap());
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(noon()));
        let http = Client::new(Arc::new(ScriptedTransport::new()), Arc::clone(&clock));
        let issues = Arc::new(OperationalIssues::new(Arc::clone(&store), Arc::clone(&subscriptions)));
        Dispatcher {
            mender: Arc::new(Mender::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&issues))),
            wall_clock: Arc::new(WallClock::starting(Arc::clone(&store), Arc::clone(&clock), http)),
            store,
            clock,
            subscriptions,
            queues: Queues::default(),
            follow_ups: FollowUps::default(),
            refreshes: Refreshes::default(),
            issues,
        }
    }

    fn record(dispatcher: &Dispatcher, title: &str, subscription: &str) {
        dispatcher.store.record_alert(&alert(title), &[subscription.to_owned()], noon()).unwrap();
    }

    fn alert(title: &str) -> Alert {
        Alert::about(AlertKind::Release, title, Severity::High, Confidence::High, title.to_owned(), noon())
    }

    #[tokio::test]
    async fn what_waits_for_a_subscription_is_delivered_and_what_waits_for_one_that_is_not_there_given_up() {
        let desk = Arc::new(Desk::default());
        let dispatcher = dispatcher(&desk);
        record(&dispatcher, "a takeover", "desk");
        record(&dispatcher, "for nobody", "door");
        let summary = dispatcher.deliver().await.unwrap();
        assert_eq!((summary.delivered, summary.given_up, summary.retried), (1, 1, 0));
        assert_eq!(*desk.taken.lock().unwrap(), ["a takeover"]);
        assert!(dispatcher.store.awaited_subscriptions().unwrap().is_empty());
        assert_eq!(dispatcher.deliver_next("desk").await.unwrap(), Some(Step::Idle));
        assert_eq!(dispatcher.deliver_next("door").await.unwrap(), None);
    }

    #[tokio::test]
    async fn of_an_endpoint_that_is_gone_the_operator_is_told_and_its_alerts_wait() {
        let dispatcher = dispatcher(&Arc::new(Desk { is_gone: true, ..Desk::default() }));
        record(&dispatcher, "a takeover", "desk");
        let summary = dispatcher.deliver().await.unwrap();
        assert_eq!((summary.delivered, summary.gone), (0, vec!["desk".to_owned()]));
        let told = Fingerprint::of(AlertKind::Operation, &sink_gone("desk").subject);
        assert!(dispatcher.store.alert(&told).unwrap().is_some());
        assert_eq!(dispatcher.store.awaited_subscriptions().unwrap(), ["desk"]);
    }

    #[tokio::test]
    async fn what_waits_is_sent_though_nothing_can_be_added() {
        for all_at_once in [true, false] {
            let desk = Arc::new(Desk::default());
            let dispatcher = dispatcher(&desk);
            let (store, hours) = (&dispatcher.store, chrono::TimeDelta::hours);
            store.add_silence(&AlertMatchers::default(), "x", "ada", (noon() - hours(3), noon() - hours(1))).unwrap();
            let held =
                Alert::about(AlertKind::Release, "held", Severity::High, Confidence::High, "held".to_owned(), noon());
            store.record_alert(&held, &["desk".to_owned()], noon() - hours(2)).unwrap();
            record(&dispatcher, "a takeover", "desk");
            store.fail_next_write();
            if all_at_once {
                dispatcher.deliver().await.unwrap_err();
            } else {
                dispatcher.deliver_next("desk").await.unwrap_err();
            }
            assert_eq!(*desk.taken.lock().unwrap(), ["a takeover"]);
            assert_eq!(dispatcher.deliver_next("desk").await.unwrap(), Some(Step::Delivered));
            assert_eq!(*desk.taken.lock().unwrap(), ["a takeover", "held"]);
        }
    }
}
