//! Tests of the findings about processes, sources, logs, mirrors and work.

use super::*;
use crate::model::{AlertKind, Fingerprint, Severity};

#[test]
fn all_is_well() {
    assert_eq!(judge(&well(), noon()), []);
    assert_eq!(level(&judge(&well(), noon())), None);
}

#[test]
fn a_daemon_that_is_dead_hangs_or_never_was() {
    let beat = |seconds, lock| {
        but(|snapshot| {
            snapshot.runner.lock = lock;
            snapshot.runner.heartbeat.as_mut().unwrap().beat_at = ago(seconds);
        })
    };
    let never = |lock, last| {
        but(|snapshot| {
            snapshot.runner = Runner { lock, heartbeat: None };
            snapshot.sources.iter_mut().for_each(|source| source.last_success = last);
        })
    };
    let silent = ["source-silent", "source-silent"];
    holds(vec![
        ("it died a moment ago", beat(1, LockState::Free), &["no-daemon"]),
        ("it lives", beat(180, LockState::Held), &[]),
        ("it hangs", beat(181, LockState::Held), &["daemon-silent"]),
        ("its lock cannot be seen, it lives", beat(180, LockState::Unknown), &[]),
        ("its lock cannot be seen, it is silent", beat(181, LockState::Unknown), &["daemon-silent"]),
        ("its last sign is of tomorrow", beat(-DAY, LockState::Held), &["clock"]),
        ("nobody ever worked here", never(LockState::Free, None), &["no-daemon", silent[0], silent[1]]),
        ("an older version did, a moment ago", never(LockState::Unknown, Some(ago(60))), &[]),
        ("the first one just takes the lock", never(LockState::Held, Some(ago(60))), &[]),
    ]);
}

#[test]
fn passes_from_cron_are_judged_by_their_own_rhythm() {
    let cron = |lock, passes: &[i64]| {
        but(|snapshot| {
            let mut beat = heartbeat(Kind::Once);
            beat.beat_at = ago(2 * DAY);
            beat.facts.passes = passes.iter().map(|seconds| ago(*seconds)).collect();
            snapshot.runner = Runner { lock, heartbeat: Some(beat) };
        })
    };
    let free = LockState::Free;
    holds(vec![
        ("one pass, an hour ago", cron(free, &[HOUR]), &[]),
        ("one pass, longer ago", cron(free, &[HOUR + 1]), &["no-daemon"]),
        ("every five minutes", cron(free, &[HOUR + 300, HOUR]), &[]),
        ("every five minutes, then none", cron(free, &[2 * HOUR, 2 * HOUR - 300]), &["no-daemon"]),
        ("once a day", cron(free, &[48 * HOUR, 24 * HOUR, 1]), &[]),
        ("once a day, and by hand", cron(free, &[36 * HOUR, 12 * HOUR, 12 * HOUR - 60]), &[]),
        ("once a day, the last two days ago", cron(free, &[72 * HOUR, 48 * HOUR]), &["no-daemon"]),
        ("once a week is too rarely", cron(free, &[14 * DAY, 27 * HOUR]), &["no-daemon"]),
        ("a pass is under way", cron(LockState::Held, &[9 * DAY]), &[]),
        ("the first pass did not end", cron(free, &[]), &["no-daemon"]),
        ("two passes in the wrong order", cron(free, &[60, 30 * DAY]), &["no-daemon"]),
    ]);
    let mut daily = cron(free, &[25 * HOUR, HOUR]);
    daily.sources[0].last_success = Some(ago(25 * HOUR));
    assert_eq!(found(&daily), [""; 0], "read once a day, when a pass is made once a day");
    daily.sources[0].last_success = Some(ago(27 * HOUR));
    assert_eq!(found(&daily), ["source-silent!"], "and it is an alert, whichever process finds it");
}

#[test]
fn a_source_that_is_silent_or_was_never_read() {
    let npm = |last: Option<i64>, error: Option<&str>, began: i64| {
        but(|snapshot| {
            snapshot.sources[0].last_success = last.map(ago);
            snapshot.sources[0].last_error = error.map(str::to_owned);
            snapshot.runner.heartbeat.as_mut().unwrap().started_at = ago(began);
        })
    };
    holds(vec![
        ("half an hour", npm(Some(30 * MINUTE), None, DAY), &[]),
        ("longer", npm(Some(30 * MINUTE + 1), None, DAY), &["source-silent!"]),
        ("however late it was started", npm(Some(DAY), Some("refused"), MINUTE), &["source-silent!"]),
        ("the daemon has just begun", npm(Some(DAY), None, 30), &[]),
        ("it has just begun and failed", npm(Some(DAY), Some("refused"), 30), &["source-silent"]),
        ("never, and it has just begun", npm(None, Some("refused"), 59), &["source-silent"]),
        ("never, for long", npm(None, Some("refused"), DAY), &["source-silent!"]),
        ("read in the future", npm(Some(-DAY), None, DAY), &["clock"]),
    ]);
    let said = |snapshot: &Snapshot| judge(snapshot, noon()).remove(0).sentence;
    assert_eq!(said(&npm(None, None, DAY)), "npm-changes was never read; is `provwatch run` running?");
    assert_eq!(said(&npm(None, Some("refused\u{1b}[2J"), DAY)), "npm-changes was never read; refused\u{fffd}[2J");
    let hour = npm(Some(HOUR), Some("refused"), DAY);
    assert_eq!(said(&hour), "npm-changes has not been read for 60 min; provwatch sees no new releases");
    let alert = judge(&hour, noon()).remove(0).alert.unwrap();
    assert_eq!(alert.title, "npm-changes has not been read for 60 min");
    assert!(alert.argument.contains("The last error: refused."), "{}", alert.argument);
    assert_eq!(alert.id, Fingerprint::of(AlertKind::Operation, "stale npm-changes").id(), "as in earlier versions");
}

#[test]
fn a_trust_root_that_goes_stale_or_is_never_refreshed() {
    let refreshed = |last: Option<i64>, first: i64| {
        but(|snapshot| {
            snapshot.runner.heartbeat.as_mut().unwrap().first_at = ago(first);
            let root = Source { name: "trust-root".to_owned(), last_success: last.map(ago), ..Source::default() };
            snapshot.trust = Trust::Tuf(Tuf { root, ..Tuf::default() });
        })
    };
    holds(vec![
        ("three days", refreshed(Some(3 * DAY), 30 * DAY), &[]),
        ("longer", refreshed(Some(3 * DAY + 1), 30 * DAY), &["trust-root-stale!"]),
        ("not yet", refreshed(None, 3 * DAY), &[]),
        ("never", refreshed(None, 3 * DAY + 1), &["trust-root-stale!"]),
        ("of a file", but(|snapshot| snapshot.trust = Trust::File), &[]),
        ("embedded", but(|snapshot| snapshot.trust = Trust::Embedded), &["trust-root-embedded"]),
    ]);
}

#[test]
fn logs_and_forges_that_do_not_answer() {
    let log = |since: i64, began: i64| {
        but(|snapshot| {
            snapshot.logs.as_mut().unwrap()[0].failing_since = Some(ago(since));
            snapshot.runner.heartbeat.as_mut().unwrap().started_at = ago(began);
        })
    };
    let not_followed = |follows: bool| {
        let (name, why) = ("with the key 47ab".to_owned(), "the trust root does not say where it is read".to_owned());
        let log = LogNotFollowed { name, why, next: "say where".to_owned() };
        but(|snapshot| {
            snapshot.runner.heartbeat.as_mut().unwrap().facts.not_followed = vec![log];
            snapshot.logs = snapshot.logs.take().filter(|_| follows);
        })
    };
    let forge = |host: &str, since: i64| {
        let failing = FailingForge { host: host.to_owned(), since: ago(since), last: ago(0), error: "401".to_owned() };
        but(|snapshot| snapshot.runner.heartbeat.as_mut().unwrap().facts.forges = vec![failing])
    };
    holds(vec![
        ("half an hour", log(30 * MINUTE, DAY), &[]),
        ("longer", log(30 * MINUTE + 1, DAY), &["log-unread!"]),
        ("the daemon has just begun", log(DAY, 59), &["log-unread"]),
        ("however late it was started", log(DAY, MINUTE), &["log-unread!"]),
        ("logs off", but(|snapshot| snapshot.logs = None), &["logs-off"]),
        ("one that is nowhere", not_followed(true), &["log-not-followed"]),
        ("one that is nowhere, logs off", not_followed(false), &["logs-off"]),
        ("an hour but a second", forge("github.com", HOUR - 1), &[]),
        ("an hour", forge("github.com", HOUR), &["forge-failing!"]),
        ("one that is not asked", forge("forge.example", HOUR), &[]),
        ("forges off", but(|snapshot| snapshot.forges = None), &["forges-off"]),
        ("no token at all", but(|snapshot| snapshot.forges.as_mut().unwrap().with_token.clear()), &["no-token"]),
    ]);
}

#[test]
fn a_log_of_which_nothing_is_understood_is_said() {
    let log = |entries: u64, not_understood: u64| {
        but(|snapshot| {
            let log = &mut snapshot.logs.as_mut().unwrap()[0];
            (log.entries, log.not_understood) = (entries, not_understood);
        })
    };
    holds(vec![
        ("nothing was read", log(0, 0), &[]),
        ("some of it", log(700, 699), &[]),
        ("nothing of it", log(700, 700), &["log-not-understood"]),
    ]);
    let said = judge(&log(700, 700), noon()).remove(0).sentence;
    assert_eq!(
        said,
        "log.example: all 700 entries that were read are in an unknown form; provwatch does not see the signers"
    );
}

#[test]
fn a_mirror_that_fails_is_late_or_shows_another_history() {
    let mirror = |failing: Option<i64>, behind: Option<i64>, other: Option<i64>| {
        but(|snapshot| {
            snapshot.log_mirrors = vec![LogMirror {
                log: "log.example".to_owned(),
                url: "https://mirror.example/".to_owned(),
                behind_since: behind.map(ago),
                failing_since: failing.map(ago),
                last_error: failing.map(|_| "why".to_owned()),
                other_history_since: other.map(ago),
            }];
        })
    };
    holds(vec![
        ("it is level", mirror(None, None, None), &[]),
        ("half an hour", mirror(Some(30 * MINUTE), None, None), &[]),
        ("longer", mirror(Some(30 * MINUTE + 1), None, None), &["log-mirror-failing!"]),
        ("late", mirror(None, Some(30 * MINUTE + 1), None), &["log-mirror-behind"]),
        ("it forked a moment ago", mirror(Some(1), None, Some(1)), &["log-mirror-forked"]),
        ("it forked long ago", mirror(Some(DAY), None, Some(DAY)), &["log-mirror-forked"]),
    ]);
    let said = judge(&mirror(Some(DAY), None, Some(3 * HOUR)), noon()).remove(0).sentence;
    assert_eq!(said, "the mirror https://mirror.example/ of log.example has shown another history for 3 h: why");
}

#[test]
fn what_was_announced_must_not_wait() {
    let announced = |since: i64| {
        but(|snapshot| {
            let (package, error) = ("pkg:npm/widget".to_owned(), Some("503".to_owned()));
            snapshot.queue.announced = Some(Announced { count: 3, package, since: ago(since), last_error: error });
        })
    };
    holds(vec![
        ("five minutes", announced(5 * MINUTE), &[]),
        ("longer", announced(5 * MINUTE + 1), &["package-late"]),
        ("ten minutes", announced(10 * MINUTE), &["package-late"]),
        ("longer still", announced(10 * MINUTE + 1), &["package-late!"]),
        ("in the future", announced(-DAY), &[]),
    ]);
    assert_eq!(
        judge(&announced(12 * MINUTE), noon())[0].sentence,
        "pkg:npm/widget was announced 12 min ago and has not been checked; 2 more packages wait too: 503"
    );
}

#[test]
fn a_queue_that_stands_still_is_said() {
    let queue = |due: u64, oldest_due: i64, moved: i64, lock| {
        but(|snapshot| {
            snapshot.queue = Queue { due, oldest_due: Some(ago(oldest_due)), ..Queue::default() };
            snapshot.runner.lock = lock;
            snapshot.runner.heartbeat.as_mut().unwrap().facts.moved_at = Some(ago(moved));
        })
    };
    let held = LockState::Held;
    holds(vec![
        ("it moves", queue(900, DAY, 10 * MINUTE, held), &[]),
        ("it stands", queue(900, DAY, 10 * MINUTE + 1, held), &["queue-still!"]),
        ("nothing was due for long", queue(1, 10 * MINUTE, DAY, held), &[]),
        ("nothing is due", queue(0, DAY, DAY, held), &[]),
        ("nobody works", queue(900, DAY, DAY, LockState::Free), &["no-daemon"]),
    ]);
    let began = |seconds| {
        let mut snapshot = queue(900, DAY, DAY, held);
        snapshot.runner.heartbeat.as_mut().unwrap().facts.moved_at = None;
        snapshot.runner.heartbeat.as_mut().unwrap().started_at = ago(seconds);
        snapshot
    };
    assert_eq!(found(&began(3 * MINUTE - 1)), [""; 0], "it has just begun");
    assert_eq!(found(&began(3 * MINUTE)), ["queue-still!"], "none was ever looked at, however late it was started");
}

#[test]
fn packages_may_fail_for_an_hour() {
    let failing = |count: u64, since: i64| {
        but(|snapshot| {
            snapshot.queue.failing = count;
            snapshot.queue.oldest_failing = Some(ago(since));
        })
    };
    holds(vec![
        ("one, an hour", failing(1, HOUR), &[]),
        ("one, longer", failing(1, HOUR + 1), &["packages-failing"]),
        ("nine, a day", failing(9, DAY), &["packages-failing"]),
        ("nine, longer", failing(9, DAY + 1), &["packages-failing!"]),
        ("ten, an hour", failing(10, HOUR), &[]),
        ("ten, longer", failing(10, HOUR + 1), &["packages-failing!"]),
    ]);
    let verdict = |failing: u64, oldest: i64| {
        let snapshot = but(|snapshot| {
            snapshot.queue.failing = failing;
            snapshot.queue.oldest = Some(ago(oldest));
        });
        let checks = checks(&snapshot, noon());
        checks.into_iter().find(|check| check.key == "failing work").unwrap().verdict
    };
    assert_eq!(verdict(0, HOUR), Verdict::Over("the packages were checked"));
    assert_eq!(verdict(0, DAY + 1), Verdict::Unclear, "a fresh start is no recovery");
    assert_eq!(verdict(1, 1), Verdict::Unclear);
}

#[test]
fn releases_that_stay_unchecked_are_named() {
    let unchecked = |seconds: &[i64]| {
        let release = |(index, seconds): (usize, &i64)| Unchecked {
            release: format!("pkg:npm/widget@1.0.{index}"),
            since: ago(*seconds),
        };
        but(|snapshot| snapshot.unchecked = seconds.iter().enumerate().map(release).collect())
    };
    holds(vec![
        ("half an hour", unchecked(&[30 * MINUTE]), &[]),
        ("longer", unchecked(&[30 * MINUTE + 1]), &["releases-unchecked"]),
        ("a week", unchecked(&[7 * DAY]), &["releases-unchecked"]),
        ("longer than a week", unchecked(&[7 * DAY + 1]), &[]),
    ]);
    assert_eq!(
        judge(&unchecked(&[HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]), noon())[0].sentence,
        "4 releases could not be checked, the oldest for 4 h: pkg:npm/widget@1.0.0, pkg:npm/widget@1.0.1, \
         pkg:npm/widget@1.0.2, …"
    );
}

#[test]
fn a_silence_that_hides_much_is_named() {
    let silence = |critical| {
        let by = "ada\u{1b}[2J".to_owned();
        but(|snapshot| snapshot.silences = vec![BroadSilence { id: 3, by, until: ago(-HOUR), critical }])
    };
    for (critical, hidden) in [(false, "whole kinds of alerts"), (true, "holds critical alerts back until")] {
        let findings = judge(&silence(critical), noon());
        let [finding] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!((finding.id.as_str(), finding.level), ("silence-broad", Level::Limited));
        assert!(finding.sentence.contains(hidden) && !finding.sentence.contains('\u{1b}'), "{}", finding.sentence);
        assert_eq!(finding.next, "`provwatch silences expire 3` ends it");
    }
}

#[test]
fn a_restored_store_is_named_until_its_feeds_have_made_up() {
    let restored = |feeds: &[&str]| {
        let unread = feeds.iter().map(|feed| (*feed).to_owned()).collect();
        but(|snapshot| snapshot.restored = Some(RestoredStore { at: ago(HOUR), as_of: Some(ago(DAY)), unread }))
    };
    assert_eq!(found(&restored(&[])), [""; 0]);
    let findings = judge(&restored(&["npm-changes", "odd\u{1b}[2J"]), noon());
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.id.as_str(), finding.level), ("store-restored", Level::Limited));
    let sentence = &finding.sentence;
    assert!(sentence.starts_with("the store was restored 60 min ago to its state of 20"), "{sentence}");
    assert!(sentence.contains("announced by npm-changes, odd") && !sentence.contains('\u{1b}'), "{sentence}");
}

#[test]
fn reports_of_others_that_cannot_be_read_or_are_old_are_named() {
    let reports = |change: fn(&mut Reports)| {
        let mut reports = Reports {
            source: "/srv/osv\u{1b}[2J".to_owned(),
            read_at: Some(ago(HOUR)),
            newest_at: Some(ago(DAY)),
            last_error: None,
            stale_after: TimeDelta::seconds(3 * DAY),
        };
        change(&mut reports);
        let findings = judge(&but(|snapshot| snapshot.reports = Some(reports)), noon());
        findings.into_iter().map(|finding| (finding.id.as_str(), finding.sentence)).next()
    };
    assert_eq!(reports(|_| {}), None);
    assert_eq!(reports(|reports| (reports.read_at, reports.newest_at) = (None, None)), None);
    for (change, said) in [
        ((|reports| reports.newest_at = Some(ago(4 * DAY))) as fn(&mut Reports), "was changed 4 d"),
        (|reports| reports.newest_at = None, "has no report of others"),
        (|reports| reports.last_error = Some("no such folder\u{1b}".to_owned()), "cannot be read: no such folder"),
    ] {
        let (id, sentence) = reports(change).unwrap();
        assert_eq!(id, "reports-stale");
        assert!(sentence.contains(said) && !sentence.contains('\u{1b}'), "{sentence}");
    }
}

#[test]
fn an_empty_store_is_not_well() {
    let empty = Snapshot {
        sources: vec![Source { name: "npm-changes".to_owned(), ..Source::default() }],
        logs: Some(Vec::new()),
        forges: Some(Forges::default()),
        runner: Runner { lock: LockState::Free, heartbeat: None },
        ..Snapshot::default()
    };
    assert_eq!(found(&empty), ["no-daemon", "source-silent", "no-subscription"]);
    assert_eq!(found(&Snapshot { sources: Vec::new(), ..empty }), ["no-subscription"], "nothing is to be watched");
}

/// Whatever time the clock shows, every finding that does not depend on it stays, and nothing panics.
#[test]
fn the_clock_may_show_anything() {
    let full = but(|snapshot| {
        snapshot.queue.announced =
            Some(Announced { count: 1, package: "pkg:npm/widget".to_owned(), since: ago(HOUR), last_error: None });
        snapshot.subscriptions[0].oldest_pending = Some(ago(HOUR));
        snapshot.storage.free = Some(0);
        snapshot.runner.lock = LockState::Free;
    });
    for now in [DateTime::<Utc>::MIN_UTC + TimeDelta::days(400), ago(365 * DAY), noon(), ago(-365 * DAY)] {
        let found = found_at(&full, now);
        assert!(found.contains(&"no-daemon".to_owned()), "{now}: {found:?}");
        assert!(found.contains(&"disk-full!".to_owned()), "{now}: {found:?}");
        let is_back = now < noon() - TimeDelta::hours(1);
        assert_eq!(found.contains(&"clock".to_owned()), is_back, "{now}: {found:?}");
    }
}

#[test]
fn every_finding_says_what_to_do_and_is_safe_to_show() {
    let hostile = "a\u{1b}[2J\u{202e}b".to_owned();
    let snapshot = but(|snapshot| {
        snapshot.sources[0] = Source { last_error: Some(hostile.clone()), ..Source::default() };
        snapshot.queue.announced =
            Some(Announced { count: 1, package: hostile.clone(), since: ago(HOUR), last_error: Some(hostile.clone()) });
        snapshot.unchecked = vec![Unchecked { release: hostile.clone(), since: ago(HOUR) }];
        snapshot.unknown = vec![hostile.clone()];
        snapshot.watchlist.problem = Some(hostile.clone());
        snapshot.alerts = vec![OpenAlert {
            id: "0123456789ab".parse().unwrap(),
            kind: AlertKind::Log,
            severity: Severity::Critical,
            title: hostile.clone(),
        }];
        snapshot.storage.write_failure = Some(WriteFailure { at: noon(), why: hostile.clone() });
    });
    let findings = judge(&snapshot, noon());
    assert_eq!(findings.len(), 7, "{findings:?}");
    for finding in findings {
        let said = format!("{} {} {}", finding.subject, finding.sentence, finding.next);
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        assert!(!finding.next.is_empty() && !finding.next.ends_with('.') && !finding.sentence.ends_with('.'), "{said}");
    }
}
