//! Tests of the findings about receivers, the database, the disk, the clock and limits.

use super::*;
use crate::model::{AlertKind, Confidence, Fingerprint, Severity};

#[test]
fn alerts_that_reach_nobody() {
    let ops = |change: fn(&mut Subscription)| but(|snapshot| change(&mut snapshot.subscriptions[0]));
    holds(vec![
        ("ten minutes", ops(|one| one.oldest_pending = Some(ago(10 * MINUTE))), &[]),
        ("longer", ops(|one| one.oldest_pending = Some(ago(10 * MINUTE + 1))), &["subscription-late"]),
        (
            "an hour, tried",
            ops(|one| (one.retrying, one.oldest_pending) = (1, Some(ago(HOUR)))),
            &["subscription-late"],
        ),
        (
            "longer, tried",
            ops(|one| (one.retrying, one.oldest_pending) = (1, Some(ago(HOUR + 1)))),
            &["subscription-late!"],
        ),
        ("longer, not tried", ops(|one| one.oldest_pending = Some(ago(HOUR + 1))), &["subscription-late"]),
        (
            "waiting for the end of quiet hours",
            ops(|one| (one.quiet_hours, one.oldest_pending) = (true, Some(ago(HOUR + 1)))),
            &[],
        ),
        (
            "tried before quiet hours, and not accepted",
            ops(|one| (one.quiet_hours, one.retrying, one.oldest_pending) = (true, 1, Some(ago(HOUR + 1)))),
            &["subscription-late!"],
        ),
        ("given up", ops(|one| one.last_failure = Some(ago(9 * DAY))), &["subscription-late!"]),
        ("gone", ops(|one| one.gone = true), &["subscription-late!"]),
        (
            "gone for long, which is no other alert",
            ops(|one| (one.gone, one.retrying, one.oldest_pending) = (true, 1, Some(ago(DAY)))),
            &["subscription-late!"],
        ),
        ("tried again, and not known to be back", ops(|one| one.retrying = 1), &[]),
        (
            "given up, another got through since",
            ops(|one| (one.last_failure, one.last_success) = (Some(ago(DAY - 1)), Some(ago(5)))),
            &["subscription-lost!"],
        ),
        (
            "given up, the day before",
            ops(|one| (one.last_failure, one.last_success) = (Some(ago(DAY)), Some(ago(5)))),
            &[],
        ),
    ]);
}

#[test]
fn recipients_whom_the_mail_server_refuses() {
    let refused = |configured| {
        but(|snapshot| {
            let one = &mut snapshot.subscriptions[0];
            let recipient = |number: i64| RefusedRecipient {
                address: format!("gone-{number}@example.org"),
                at: ago(number * HOUR),
                answer: "550 no such user\u{1b}[2J".to_owned(),
            };
            (one.configured, one.refused) = (configured, (1..=4).map(recipient).collect());
        })
    };
    assert!(found(&refused(true)).contains(&"recipient-refused!".to_owned()), "{:?}", found(&refused(true)));
    assert!(!found(&refused(false)).iter().any(|id| id.starts_with("recipient-refused")));
    let finding = judge(&refused(true), noon()).into_iter().find(|one| one.id.as_str() == "recipient-refused").unwrap();
    assert!(
        finding
            .sentence
            .contains("gone-1@example.org, gone-2@example.org, gone-3@example.org, …, last 60 min ago: 550")
    );
    let alarm = finding.alert.unwrap();
    assert_eq!(alarm.about, None, "the others of the subscription are told too");
    assert!(alarm.argument.contains("550 no such user") && !alarm.argument.contains('\u{1b}'), "{}", alarm.argument);
}

#[test]
fn alerts_for_a_subscription_that_was_removed() {
    holds(vec![
        (
            "removed, and nothing waits",
            but(|snapshot| snapshot.subscriptions.push(Subscription { name: "old".to_owned(), ..Default::default() })),
            &[],
        ),
        (
            "removed, and something waits",
            but(|snapshot| {
                let old = Subscription { name: "old".to_owned(), pending: 2, ..Default::default() };
                snapshot.subscriptions.push(old);
            }),
            &["subscription-removed"],
        ),
    ]);
}

#[test]
fn kinds_of_alerts_that_nobody_takes() {
    let ops = |change: fn(&mut Subscription)| but(|snapshot| change(&mut snapshot.subscriptions[0]));
    holds(vec![
        ("none", but(|snapshot| snapshot.subscriptions.clear()), &["no-subscription"]),
        ("none for trouble", ops(|one| one.takes.retain(|kind| *kind != AlertKind::Operation)), &["trouble-untold"]),
        ("none for takeovers", ops(|one| one.takes.retain(|kind| *kind != AlertKind::Release)), &["takeovers-untold"]),
        ("only a digest for takeovers", ops(|one| one.at_once.clear()), &["takeovers-late"]),
        (
            "a digest beside others",
            but(|snapshot| {
                let digest =
                    Subscription { name: "daily".to_owned(), at_once: Vec::new(), ..snapshot.subscriptions[0].clone() };
                snapshot.subscriptions.insert(0, digest);
            }),
            &[],
        ),
        (
            "only a digest, and no packages",
            but(|snapshot| {
                snapshot.sources.clear();
                snapshot.subscriptions[0].at_once.clear();
            }),
            &[],
        ),
        ("none for logs", ops(|one| one.takes.retain(|kind| *kind != AlertKind::Log)), &["logs-untold"]),
        (
            "none for logs, which are off",
            but(|snapshot| {
                snapshot.logs = None;
                snapshot.subscriptions[0].takes.retain(|kind| *kind != AlertKind::Log);
            }),
            &["logs-off"],
        ),
    ]);
}

#[test]
fn what_is_switched_off_is_said() {
    let names = || vec!["pkg:cargo/a".to_owned(), "pkg:cargo/b*".to_owned()];
    let off = but(|snapshot| snapshot.switched_off = names());
    assert_eq!(found(&off), ["registry-off"]);
    let said = judge(&off, noon()).remove(0).sentence;
    assert!(
        said.starts_with("2 entries of the watchlist are not watched") && said.ends_with("pkg:cargo/a, pkg:cargo/b*")
    );
    let nothing = but(|snapshot| (snapshot.sources, snapshot.logs) = (Vec::new(), None));
    assert_eq!(found(&nothing), ["nothing-watched", "logs-off"]);
}

#[test]
fn the_alert_about_a_receiver_ends_when_it_is_removed() {
    let removed = but(|snapshot| {
        let old = Subscription { name: "old".to_owned(), gone: true, retrying: 1, ..Default::default() };
        snapshot.subscriptions.push(old);
    });
    let checks = checks(&removed, noon());
    for key in ["gone old", "failing old"] {
        let check = checks.iter().find(|check| check.key == key).unwrap();
        assert!(matches!(check.verdict, Verdict::Over(_)), "{check:?}");
    }
}

#[test]
fn others_are_told_of_a_receiver_that_fails() {
    let verdict = |change: fn(&mut Subscription), others: usize| {
        let snapshot = but(|snapshot| {
            let other = |number| Subscription { name: format!("other {number}"), ..super::subscription() };
            snapshot.subscriptions.extend((0..others).map(other));
            change(&mut snapshot.subscriptions[0]);
        });
        judge(&snapshot, noon()).into_iter().find_map(|found| found.alert.map(|alert| (found.sentence, alert))).unwrap()
    };
    let name = super::subscription().name;
    let gone: fn(&mut Subscription) = |one| one.gone = true;
    let late: fn(&mut Subscription) = |one| (one.retrying, one.oldest_pending) = (1, Some(ago(HOUR + 1)));
    let refuses: fn(&mut Subscription) = |one| one.last_failure = Some(ago(5));
    for change in [gone, late, refuses] {
        for others in [0, 1] {
            let (sentence, alert) = verdict(change, others);
            assert_eq!(alert.about.as_ref(), Some(&name), "{sentence}");
            assert_eq!(sentence.contains("no other subscription is told"), others == 0, "{sentence}");
        }
    }
    let (_, alert) = verdict(|one| (one.last_failure, one.last_success) = (Some(ago(9)), Some(ago(5))), 1);
    assert_eq!(alert.about, None, "it works again, and is told too");
}

#[test]
fn the_alert_about_dead_letters_names_them_and_what_to_do() {
    let snapshot = but(|snapshot| {
        let one = &mut snapshot.subscriptions[0];
        (one.failed, one.last_failure, one.latest_failed) = (7, Some(ago(60)), vec![19, 18, 17]);
        one.failed_why = Some("given up after 12 attempts; the last: it answered 503".to_owned());
    });
    let alarm = judge(&snapshot, noon()).remove(0).alert.unwrap();
    let name = super::subscription().name;
    assert_eq!(alarm.title, format!("7 alerts were never delivered to the subscription {name}"));
    for said in ["19, 18, 17 and 4 more", "it answered 503", "`provwatch deliveries retry --failed --subscription"] {
        assert!(alarm.argument.contains(said), "{}", alarm.argument);
    }
    let laid_aside = but(|snapshot| snapshot.subscriptions[0].last_success = Some(ago(9)));
    let over = checks(&laid_aside, noon()).into_iter().find(|check| check.key.starts_with("dead letters")).unwrap();
    assert!(matches!(over.verdict, Verdict::Over(_)), "{over:?}");
}

#[test]
fn one_of_several_that_is_told_of_trouble_is_too_few() {
    let several = |told: usize| {
        but(|snapshot| {
            let mut other = Subscription { name: "other".to_owned(), ..super::subscription() };
            if told < 2 {
                other.takes.retain(|kind| *kind != AlertKind::Operation);
            }
            snapshot.subscriptions.push(other);
        })
    };
    holds(vec![("one of two", several(1), &["trouble-told-once"]), ("both", several(2), &[])]);
}

#[test]
fn a_database_that_cannot_be_written_and_a_disk_that_is_full() {
    let failure = |seconds| Some(WriteFailure { at: ago(seconds), why: "no room left".to_owned() });
    let free = |bytes| but(|snapshot| snapshot.storage.free = Some(bytes));
    holds(vec![
        ("ten minutes ago", but(|snapshot| snapshot.storage.write_failure = failure(600)), &["writes-fail!"]),
        ("longer ago", but(|snapshot| snapshot.storage.write_failure = failure(601)), &[]),
        (
            "the daemon said it",
            but(|snapshot| snapshot.runner.heartbeat.as_mut().unwrap().facts.write_failure = failure(5)),
            &["writes-fail!"],
        ),
        ("nothing left", free(0), &["disk-full!"]),
        ("nearly nothing", free(limits::SPACE - 1), &["disk-full!"]),
        ("little", free(limits::SPACE), &["disk-low"]),
        ("just enough", free(limits::SPACE_LOW), &[]),
        ("not known", but(|snapshot| snapshot.storage.free = None), &[]),
        (
            "a damaged row",
            but(|snapshot| {
                let (what, why) = ("baselines pkg:npm/widget".to_owned(), "not JSON".to_owned());
                snapshot.storage.damaged = Damage { count: 1, latest: vec![DamagedRow { what, why }] };
            }),
            &["rows-damaged"],
        ),
    ]);
    assert!(judge(&free(3 << 20), noon())[0].sentence.contains("3.0 MiB left beside provwatch.db"));
}

#[test]
fn what_is_on_disk_is_compared_with_what_is_in_use() {
    let watchlist = |problem: Option<&str>, digest: &str, changed: i64| {
        but(|snapshot| {
            snapshot.watchlist = File {
                problem: problem.map(str::to_owned),
                digest: Some(digest.to_owned()),
                changed_at: Some(ago(changed)),
            };
        })
    };
    let cron = |mut snapshot: Snapshot| {
        let beat = snapshot.runner.heartbeat.as_mut().unwrap();
        (beat.kind, beat.facts.passes) = (Kind::Once, vec![ago(60)]);
        snapshot.runner.lock = LockState::Free;
        snapshot
    };
    let broken = Some("watchlist.toml:3: not a purl");
    holds(vec![
        ("edited just now", watchlist(None, "w2", 10 * MINUTE), &["watchlist-changed"]),
        ("edited long ago", watchlist(None, "w2", 10 * MINUTE + 1), &["watchlist-changed!"]),
        ("broken just now", watchlist(broken, "", 10 * MINUTE), &["watchlist-unusable"]),
        ("broken for long", watchlist(broken, "", 10 * MINUTE + 1), &["watchlist-unusable!"]),
        ("a pass reads it anew", cron(watchlist(None, "w2", DAY)), &[]),
        ("and fails if it is broken", cron(watchlist(broken, "", DAY)), &["watchlist-unusable!"]),
        ("the configuration", but(|snapshot| snapshot.configuration = file("c2")), &["configuration-changed!"]),
        (
            "a configuration that is gone",
            but(|snapshot| {
                let problem = Some("no such file".to_owned());
                snapshot.configuration = File { problem, ..File::default() };
            }),
            &["configuration-unusable!"],
        ),
        (
            "not known what is in use",
            but(|snapshot| snapshot.runner.heartbeat.as_mut().unwrap().facts.in_use = InUse::default()),
            &[],
        ),
    ]);
}

#[test]
fn a_reload_that_was_refused_is_said_while_the_daemon_goes_by_what_it_read_before() {
    let refused = |seconds, lock| {
        but(|snapshot| {
            snapshot.runner.lock = lock;
            let why = "the configuration stays as it was: no such file".to_owned();
            snapshot.runner.heartbeat.as_mut().unwrap().facts.refused = Some(Refused { since: ago(seconds), why });
        })
    };
    holds(vec![
        ("just now", refused(10 * MINUTE, LockState::Held), &["reload-refused"]),
        ("for longer", refused(10 * MINUTE + 1, LockState::Held), &["reload-refused!"]),
        ("the daemon is gone", refused(HOUR, LockState::Free), &["no-daemon"]),
        (
            "for a file that cannot be used, which says so",
            Snapshot {
                watchlist: File { problem: Some("watchlist.toml:3: not a purl".to_owned()), ..file("w1") },
                ..refused(HOUR, LockState::Held)
            },
            &["watchlist-unusable!"],
        ),
    ]);
    assert_eq!(
        judge(&refused(HOUR, LockState::Held), noon())[0].sentence,
        "the last reload was refused 60 min ago: the configuration stays as it was: no such file"
    );
}

#[test]
fn long_histories_are_counted_in_releases() {
    let sentence = |learning, packages, done| {
        let found = but(|snapshot| {
            snapshot.queue.learning = learning;
            snapshot.queue.first_sights = FirstSights { packages, done, total: 4000 };
        });
        judge(&found, noon()).iter().map(|finding| (finding.level, finding.sentence.clone())).collect::<Vec<_>>()
    };
    for (learning, packages, expected) in [
        (3, 0, "the history of 3 packages is still to be read"),
        (2, 2, "the history of 2 packages is still being read: 750 of 4000 releases"),
        (3, 2, "the history of 3 packages is still being read: 750 of 4000 releases of 2 of them"),
        (0, 1, "the history of 1 package is still being read: 750 of 4000 releases"),
    ] {
        assert_eq!(sentence(learning, packages, 750), [(Level::Limited, expected.to_owned())]);
    }
    assert_eq!(sentence(0, 0, 0), []);
}

#[test]
fn open_alerts_that_put_the_work_in_doubt() {
    let open = |kind, severity, key: &str| {
        let id = Fingerprint::of(AlertKind::Operation, key).id();
        but(|snapshot| snapshot.alerts = vec![OpenAlert { id, kind, severity, title: "it forked".to_owned() }])
    };
    holds(vec![
        ("a log, critical", open(AlertKind::Log, Severity::Critical, "x"), &["alert-open"]),
        ("a log, high", open(AlertKind::Log, Severity::High, "x"), &["log-alert-open"]),
        ("a log, medium", open(AlertKind::Log, Severity::Medium, "x"), &[]),
        ("its own work, high", open(AlertKind::Operation, Severity::High, "x"), &["alert-open"]),
        ("its own work, medium", open(AlertKind::Operation, Severity::Medium, "x"), &[]),
        ("a check's own, over by now", open(AlertKind::Operation, Severity::High, "failing writes"), &[]),
        ("a release", open(AlertKind::Release, Severity::Critical, "x"), &[]),
    ]);
}

#[test]
fn limits_are_shown_and_do_not_make_it_unhealthy() {
    let limited = but(|snapshot| {
        snapshot.unknown = vec!["pkg:npm/wigdet".to_owned()];
        snapshot.queue.learning = 12;
        let lacks = vec!["the account that published".to_owned(), "the owners".to_owned()];
        snapshot.mirrors = vec![Mirror { registry: "npm".to_owned(), lacks }];
        snapshot.logs = None;
    });
    assert_eq!(found(&limited), ["logs-off", "name-unknown", "history-unread", "mirror-leaves-out"]);
    assert_eq!(level(&judge(&limited, noon())), Some(Level::Limited));
    let said: Vec<String> = judge(&limited, noon()).into_iter().map(|finding| finding.sentence).collect();
    assert_eq!(said[1], "1 watched name is not known to the registry: pkg:npm/wigdet");
    assert_eq!(said[3], "the documents of npm lack the account that published, the owners");
    let both = but(|snapshot| (snapshot.logs, snapshot.storage.free) = (None, Some(0)));
    assert_eq!(found(&both), ["disk-full!", "logs-off"], "the worst first");
    assert_eq!(level(&judge(&both, noon())), Some(Level::Unhealthy));
}

#[test]
fn loops_that_do_not_move() {
    let stuck = but(|snapshot| {
        snapshot.runner.heartbeat.as_mut().unwrap().facts.stuck = vec!["work".to_owned(), "outbox".to_owned()];
    });
    assert_eq!(found(&stuck), ["loop-stuck!"]);
    assert!(judge(&stuck, noon())[0].sentence.ends_with("work, outbox"));
}

#[test]
fn a_clock_that_differs_from_that_of_others() {
    let compared = |ahead_seconds, hosts, lock| {
        but(|snapshot| {
            snapshot.runner.lock = lock;
            snapshot.runner.heartbeat.as_mut().unwrap().facts.clock = Some(ComparedClock { ahead_seconds, hosts });
        })
    };
    let held = LockState::Held;
    holds(vec![
        ("it agrees", compared(0, 5, held), &[]),
        ("one host differs", compared(HOUR, 1, held), &["clock-doubtful!"]),
        ("both hosts differ", compared(-HOUR, 2, held), &["clock-doubtful!"]),
        ("three hosts differ", compared(-HOUR, 3, held), &["clock!"]),
        ("a daemon that is gone found it out", compared(HOUR, 3, LockState::Free), &["no-daemon"]),
    ]);
    let said = |ahead, hosts| judge(&compared(ahead, hosts, held), noon()).remove(0);
    assert_eq!(said(-DAY, 4).sentence, "the clock is 24 h behind, compared with the median of 4 hosts");
    let alarm = |hosts| said(HOUR, hosts).alert.map(|alarm| (alarm.severity, alarm.confidence)).unwrap();
    assert_eq!(alarm(1), (Severity::Low, Confidence::Low));
    assert_eq!(alarm(2), (Severity::Medium, Confidence::Medium));
    assert_eq!(alarm(3), (Severity::Medium, Confidence::High));
}
