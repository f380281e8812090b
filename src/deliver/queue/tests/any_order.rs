//! Property tests of the queue: no order of events loses a delivery or makes it twice.

use super::*;

/// An event of a queue.
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

    /// Despite any failures: within one alert the messages are attempted in order, each until it ends, and a sink that
    /// works and is not paused receives the severest alert of those that may be sent.
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
                let waiting = lab.store.outbox(lab.clock.now()).unwrap();
                let all = lab.store.outbox(forever(lab.clock.now())).unwrap();
                let calm = !lab.queue.pace.is_failing();
                let before = lab.attempted().len();
                lab.step().await;
                lab.sink.script.lock().unwrap().clear();
                let Some(title) = lab.attempted().get(before).cloned() else { continue };
                if title == "an alert about provwatch itself" {
                    // The short form of one of them.
                    continue;
                }
                let next = all.iter().filter(|one| one.alert.title == title).map(|one| one.id).min();
                let still = lab.store.outbox(forever(lab.clock.now())).unwrap();
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
