//! Fills every table of a store with the oddest values that its readers accept, and always with the same.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::lab::{
    ISSUER, Lab, alert, alerted, event, learned, minutes_later, noon, package, provenance, release, repeating,
    stale_source, subscriptions,
};
use crate::{
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, Allowance, ChangeKind, Claims, Confidence, DependencyScope,
        EvidenceDocument, EvidenceKind, ExpectedChange, Figures, FileDigest, IncidentEvent, IncidentEventKind, Locked,
        Observation, Place, ProjectKind, ProjectName, Reachability, ReleaseStatus, Removal, Resolution, Severity,
        SilenceEnd, Tie, WorkflowIdentity,
    },
    store::{
        Acceptance, Acting, Advance, CheckpointRow, Delivery, HeadSigner, LogKind, LogProgress, LogState, Lost,
        MirrorSeen, Namesake, NewEvidence, NewLog, NewLogEntry, NewQuarantined, Outcome, PackageRow, Reception,
        Recipient, Record, RunnerRow, Setback, Signing, Store, Upload, Violated,
    },
};

/// What a publisher, a receiver or an operator can write: SQL, escapes of terminals and formats, other directions, marks
/// that join, line ends, and a byte that ends texts of C.
pub(in crate::store) const ODD: &str =
    "'; DROP TABLE releases; -- \u{202e}世界e\u{301}🦀\t\"\\u0000\" {row} :now ?1 %s \u{1b}[2J\r\nX: y\u{0}\u{feff}";

const ODDITY: &str = "pkg:npm/%40acme/odd-ity._9";
const LOG: &str = "log.example/2026";
/// The key of RFC 8410, section 10.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";

/// A store in which every table has rows.
pub(in crate::store) fn filled() -> Lab {
    let lab = Lab::new();
    feeds(&lab.store);
    releases(&lab.store);
    alerts(&lab.store);
    handled(&lab.store);
    delivered(&lab.store);
    words_of_operators(&lab.store);
    log(&lab.store);
    incident(&lab.store);
    inventory(&lab.store);
    rest(&lab);
    let signer = HeadSigner::from_pem(KEY).unwrap();
    lab.store.sign_head(&signer, Signing::Now, minutes_later(90)).unwrap().unwrap();
    lab
}

fn feeds(store: &Store) {
    let odd = ODDITY.parse().unwrap();
    store.take_page("npm-changes", ODD, &[event(&odd, ODD), event(&package("axios"), "")], noon()).unwrap();
    store.source_failed("pypi-changelog", ODD, noon()).unwrap();
    store.take_page("crates-updates", "-1", &[], noon()).unwrap();
    let lost = Lost { why: ODD, packages: std::slice::from_ref(&odd) };
    store.note_gap("crates-updates", "9223372036854775807", &[], lost, minutes_later(1)).unwrap();
    let work = store.work_of(&odd).unwrap().unwrap();
    store.put_off(&work, Setback::Failed, minutes_later(5), ODD).unwrap();
    let row = PackageRow {
        etag: Some(ODD.to_owned()),
        last_modified: Some(String::new()),
        revision: Some("9-\u{fffd}".to_owned()),
        ..PackageRow::new(odd, noon())
    };
    store.save_package(&row).unwrap();
    let beat = RunnerRow {
        kind: "daemon".to_owned(),
        pid: u32::MAX,
        version: ODD.to_owned(),
        first_at: DateTime::UNIX_EPOCH,
        started_at: noon(),
        beat_at: minutes_later(80),
        facts: json!({"stuck": [ODD]}).to_string(),
    };
    store.beat(&beat).unwrap();
}

/// An observation of which everything is known, and all of it is odd.
fn oddity(version: &str) -> Observation {
    let dependencies: BTreeMap<String, &str> = (0..40).map(|number| (format!("odd-{number}"), ODD)).collect();
    let mut whole = json!({
        "purl": format!("{ODDITY}@{version}"), "published_at": "1970-01-01T00:00:00.000001Z",
        "publisher": {"name": ODD, "email": format!("o'brien+{ODD}@odd.example")},
        "auth": {"method": "trusted_publisher", "provider": ODD, "config_id": "", "approved_by": {"name": ODD, "email": "a@b"}},
        "attestation": {"status": "absent"},
        "manifest": {"repository": "javascript:alert(1)", "git_head": ODD, "install_scripts": ["postinstall", ODD],
            "dependencies": dependencies, "optional_dependencies": {}},
        "files": [{"name": ODD, "digests": {"sha512": "ab".repeat(64)}}, {"name": "", "digests": {}}],
        "facts": {"unknown": {"tag": ODD}, "repository": {"identifier": "9999999999999999999", "fork": false}},
        "unread": {"auth": ODD},
    });
    whole["manifest"]["dependencies"][ODD] = json!("");
    serde_json::from_value(whole).unwrap()
}

fn releases(store: &Store) {
    store.record_batch(&[learned("pkg:npm/vite@7.0.0", 0), learned("pkg:npm/vite@7.0.1", 1)]).unwrap();
    for (version, outcome, status) in [
        ("1.0.0", Outcome::Learned, ReleaseStatus::Published),
        ("1.0.1", Outcome::Held, ReleaseStatus::Yanked),
        ("1.0.2-rc.1+build.7", Outcome::Unchecked, ReleaseStatus::Unpublished),
        ("99999999999.0.0", Outcome::Clean, ReleaseStatus::Quarantined),
    ] {
        let mut record = Record::observed(oddity(version), outcome, noon());
        record.unchecked = vec![ODD.to_owned(); 3];
        record.recheck_at = Some(DateTime::from_timestamp_micros(1 << 60).unwrap());
        store.record(&record).unwrap();
        store.set_status(&release(&format!("{ODDITY}@{version}")), status, minutes_later(2)).unwrap();
    }
    let attested = Observation { attestation: provenance("7"), ..oddity("2.0.0") };
    store.record(&Record::observed(attested, Outcome::Learned, noon())).unwrap();
    let mut held =
        Record::observed(Observation { attestation: provenance("8"), ..oddity("2.0.1") }, Outcome::Held, noon());
    held.documents = vec![EvidenceDocument {
        kind: EvidenceKind::NpmAttestations,
        subject: ODD.to_owned(),
        content: ODD.as_bytes().to_vec(),
        fetched_at: DateTime::UNIX_EPOCH,
    }];
    store.record(&held).unwrap();
    let unreadable = ODDITY.parse::<crate::model::Package>().unwrap().at(ODD);
    store.record(&Record::unreadable(unreadable, ODD, noon())).unwrap();
    store
        .note_withdrawal(&release(&format!("{ODDITY}@1.0.1")), DateTime::UNIX_EPOCH, (noon(), minutes_later(2)))
        .unwrap();
}

/// An odd alert about a release.
fn odd_alert(purl: &str, severity: Severity) -> Alert {
    let plain = alert(purl, severity);
    let mut signals = plain.signals.clone();
    (signals[0].expected, signals[0].seen, signals[0].why) = (ODD.to_owned(), String::new(), ODD.to_owned());
    Alert { title: ODD.to_owned(), argument: ODD.repeat(20), team: Some(ODD.to_owned()), signals, ..plain }
}

fn alerts(store: &Store) {
    let matchers = toml::from_str("packages = ['pkg:npm/quiet*']\nmax_severity = 'critical'").unwrap();
    let silence = store.add_silence(&matchers, ODD, ODD, (noon(), minutes_later(60))).unwrap();
    for (name, severity) in [
        ("quiet", Severity::High),
        ("axios", Severity::Critical),
        ("left", Severity::Info),
        ("right", Severity::Low),
        ("up", Severity::Medium),
    ] {
        let purl = format!("pkg:npm/{name}@1.0.0");
        let mut record = alerted(&purl, severity);
        record.alert = Some(odd_alert(&purl, severity));
        store.record(&record).unwrap();
    }
    store.record(&repeating("pkg:npm/axios@1.0.1", "pkg:npm/axios@1.0.0", Severity::Critical)).unwrap();
    let members = ["axios", "up"].map(|name| release(&format!("pkg:npm/{name}@1.0.0"))).to_vec();
    let (kind, title) = (AlertKind::Campaign, ODD.to_owned());
    let campaign = Alert::about(kind, ODD, Severity::Critical, Confidence::Low, title, noon());
    store.record_alert(&Alert { members, ..campaign }, &subscriptions(&["mail"]), noon()).unwrap();
    store.record_alert(&stale_source(), &subscriptions(&["mail", ODD]), noon()).unwrap();
    let end = SilenceEnd { at: minutes_later(30), by: ODD.to_owned(), reason: ODD.to_owned() };
    store.expire_silence(silence, &end).unwrap();
}

fn handled(store: &Store) {
    let of = |name: &str| alert(&format!("pkg:npm/{name}@1.0.0"), Severity::High).fingerprint;
    let act = |name: &str, action: AlertAction| store.act_on(&[of(name)], &action).unwrap();
    let action = |status| AlertAction::new(status, ODD, ODD, minutes_later(3));
    let until = Some(minutes_later(3) + TimeDelta::days(366));
    act("axios", AlertAction { until, ..action(AlertStatus::Acknowledged) });
    act("up", AlertAction { until, ..action(AlertStatus::Snoozed) });
    for (category, of_another) in Resolution::ALL.into_iter().zip([None, None, None, Some(of("axios"))]) {
        let resolved =
            AlertAction { category: Some(category), duplicate_of: of_another, ..action(AlertStatus::Resolved) };
        act("left", resolved);
        act("left", AlertAction::new(AlertStatus::Open, ODD, "again", minutes_later(4)));
    }
    act("right", AlertAction { category: Some(Resolution::FalsePositive), ..action(AlertStatus::Resolved) });
}

/// One delivery of every state, with odd answers.
fn delivered(store: &Store) {
    let mut due = store.outbox(minutes_later(5)).unwrap();
    due.sort_by_key(|delivery| delivery.id);
    let mut due = due.into_iter();
    let mut next = || due.next().unwrap();
    let (first, second, third, fourth) = (next(), next(), next(), next());
    let accepted = Acceptance { detail: ODD, thread: Some(ODD), named: &[], left: &[] };
    store.delivered_as(&first, minutes_later(5), &accepted).unwrap();
    store.retry_delivery(&second, minutes_later(5), minutes_later(9), ODD).unwrap();
    let second = Delivery { attempts: 1, ..second };
    store.refuse_delivery(&second, minutes_later(9), minutes_later(20), ODD).unwrap();
    let recipient = Recipient { address: ODD.to_owned(), reception: Reception::Refused, answer: ODD.to_owned() };
    store.note_recipients(second.id, minutes_later(9), &[recipient]).unwrap();
    store.give_up(&third, minutes_later(5), ODD).unwrap();
    store.endpoint_gone(&fourth, minutes_later(5), ODD).unwrap();
    for campaign in due.filter(|delivery| delivery.alert.kind == AlertKind::Campaign) {
        store.delivered(&campaign, minutes_later(6), "250").unwrap();
    }
    let acting = Acting { by: ODD.to_owned(), at: minutes_later(10), reason: Some(ODD.to_owned()) };
    store.retry_deliveries(&[third.id], &subscriptions(&["slack"]).into_iter().collect(), &acting).unwrap();
    for hours in [2, 3] {
        let at = noon() + TimeDelta::hours(hours);
        store.make_digest(ODD, at, at, &|_| true).unwrap();
    }
}

/// An incident with an event of every kind, which is open at the end.
fn inventory(store: &Store) {
    let project: ProjectName = "odd-ity._9".parse().unwrap();
    let digest: FileDigest = format!("sha256:{}", "f0".repeat(32)).parse().unwrap();
    let place =
        Place { scope: DependencyScope::Dev, depth: Some(u32::MAX), through: Some(release("pkg:npm/axios@1.0.0")) };
    let locked = |version: &str| Locked {
        release: release(&format!("{ODDITY}@{version}")),
        place: place.clone(),
        digests: vec![digest.clone()],
        vex: None,
        reachability: Some(Reachability::Called),
    };
    for (minutes, version) in [(1, "2.0.1"), (2, "2.0.2")] {
        let (locked, at) = ([locked(version)], minutes_later(minutes));
        let upload = Upload { project: &project, kind: Some(ProjectKind::Vendor), owner: None, locked: &locked, at };
        store.upload(&upload, at).unwrap();
    }
    store.store_figures(None, &Figures::default(), minutes_later(3)).unwrap();
}

fn incident(store: &Store) {
    use IncidentEventKind::{Added, Closed, Decision, Note, Removed, Reopened};
    let event = |kind: IncidentEventKind| IncidentEvent {
        at: DateTime::UNIX_EPOCH,
        by: ODD.to_owned(),
        kind,
        purl: matches!(kind, IncidentEventKind::Added | IncidentEventKind::Removed)
            .then(|| release(&format!("{ODDITY}@2.0.1"))),
        tie: (kind == IncidentEventKind::Added).then_some(Tie::SameRun),
        text: ODD.to_owned(),
    };
    assert!(store.open_incident(ODD, &[event(IncidentEventKind::Opened)]).unwrap());
    let events = [Added, Removed, Note, Decision, Closed, Reopened, Added].map(event);
    assert!(store.add_to_incident(ODD, &events).unwrap());
}

fn words_of_operators(store: &Store) {
    let package: crate::model::Package = ODDITY.parse().unwrap();
    let expected = ExpectedChange {
        id: 0,
        package: package.clone(),
        change: ChangeKind::Repository(ODD.to_owned()),
        from: noon(),
        until: minutes_later(60),
        by: ODD.to_owned(),
        reason: ODD.to_owned(),
        created_at: noon(),
        removed: None,
    };
    let id = store.expect_change(&expected).unwrap();
    let removal = Removal { at: minutes_later(9), by: Some(ODD.to_owned()), reason: Some(ODD.to_owned()) };
    store.forget_expected_change(id, &removal).unwrap();
    store.expect_change(&expected).unwrap();
    let digest: FileDigest = format!("sha256:{}", "0f".repeat(32)).parse().unwrap();
    let allowance = Allowance {
        id: 0,
        run: "https://github.com/acme/odd/actions/runs/18446744073709551615/attempts/2".to_owned(),
        digests: vec![digest],
        package: Some(package.clone()),
        at: noon(),
        by: ODD.to_owned(),
    };
    store.allow_run(&allowance, Some(ODD), noon()).unwrap().unwrap();
    store
        .keep_namesake(&Namesake {
            package,
            tried_at: noon(),
            answered_at: None,
            there_since: Some(noon()),
            etag: Some(ODD.to_owned()),
            last_modified: None,
            last_error: Some(ODD.to_owned()),
        })
        .unwrap();
    store.keep_forge_answer("https://forge.example/\u{202e}", &json!({ "odd": ODD }).to_string(), noon()).unwrap();
}

fn log(store: &Store) {
    let (kind, standing) = (LogKind::Tiles, LogState::Active);
    let log = NewLog { name: LOG, kind, url: "https://log.example/?\u{202e}", key_id: "00", offset: 1 << 40, standing };
    store.open_log(&log, noon()).unwrap();
    store.begin_tail(LOG, 5, 5, &[[0xff; 32]]).unwrap();
    let entries = [entry(5), NewLogEntry { not_issued: Some(ODD.to_owned()), ..entry(6) }];
    let quarantined =
        [NewQuarantined { index: 7, body: ODD.as_bytes().to_vec(), bytes: u64::from(u32::MAX), why: ODD.to_owned() }];
    let advance = Advance {
        before: 5,
        after: 8,
        range: &[[1; 32]],
        entries: &entries,
        quarantined: &quarantined,
        kinds: &BTreeMap::from([((ODD.to_owned(), String::new()), 3)]),
        bytes: 1 << 50,
        progress: LogProgress::beginning(5, 1 << 40, noon()).come(8, minutes_later(1)),
    };
    assert!(store.log_downloaded(LOG, &advance, noon()).unwrap());
    let checkpoint = CheckpointRow {
        size: 4,
        root: [0; 32],
        note: ODD.to_owned(),
        seen_at: noon(),
        last_seen_at: minutes_later(1),
        consistent: true,
    };
    store.keep_checkpoint(LOG, &checkpoint).unwrap();
    store.log_failed(LOG, ODD, minutes_later(2)).unwrap();
    let seen = MirrorSeen {
        url: ODD.to_owned(),
        size: Some(1 << 62),
        is_behind: true,
        is_other_history: true,
        error: Some(ODD.to_owned()),
    };
    store.note_mirrors(LOG, &[seen], noon()).unwrap();
    let evidence = NewEvidence {
        id: "0f".repeat(32),
        log: LOG.to_owned(),
        kind: "fork".to_owned(),
        document: json!({ "odd": ODD }).to_string(),
    };
    let id = store.keep_evidence(&evidence, noon()).unwrap();
    store.log_violated(&Violated { log: LOG, kind: "fork", evidence: &id, is_other: false }, noon()).unwrap();
}

fn entry(index: u64) -> NewLogEntry {
    let claims = Claims { source_repository_uri: Some(ODD.to_owned()), ..Claims::default() };
    NewLogEntry {
        index,
        leaf: [0xee; 32],
        body: ODD.as_bytes().to_vec(),
        kind: ODD.to_owned(),
        version: ODD.to_owned(),
        identity: WorkflowIdentity { issuer: ISSUER.to_owned(), subject: ODD.to_owned(), claims },
        key_sha256: ODD.to_owned(),
        digest: Some("0f".repeat(32)),
        serial: ODD.to_owned(),
        not_issued: None,
        not_before: DateTime::<Utc>::UNIX_EPOCH,
        packages: vec![ODDITY.parse().unwrap()],
        patterns: vec![ODD.to_owned()],
    }
}

/// What only years, a damaged disk or a flood would write. The statements run where the store's own triggers do.
const REST: &[(&str, &str)] = &[
    ("address_retention", "(only, key, until_at) VALUES (1, X'00', -1)"),
    (
        "damaged_rows",
        "(table_name, row_key, content, why, found_at, remedy, told_at)
         VALUES ('releases', :odd, 'null', :odd, 1775044800000000, :odd, NULL)",
    ),
    ("log_budgets", "(scope, spent, since, told, told_at) VALUES (:odd, 9223372036854775807, 0, 1, 1)"),
    (
        "log_checks",
        "(release, origin, idx, queued_at, due_at, attempts, outcome, detail)
         VALUES ('pkg:npm/axios@1.0.0', :odd, 9223372036854775807, 0, 0, 0, 'different', :odd)",
    ),
    ("log_coverage", "(log, first, past) VALUES ('log.example/2026', 0, 9223372036854775807)"),
    ("log_histories", "(log, name, past) VALUES (:odd, :odd, 0)"),
    ("log_signers", "(name, signer, first_seen, last_seen, entries) VALUES (:odd, :odd, -1, 1, 1)"),
    (
        "log_workflows",
        "(repository, workflow, first_seen, last_seen, entries, explained) VALUES (:odd, :odd, 0, 0, 2, 1)",
    ),
    ("pruned_deliveries", "(alert, subscription, count) VALUES ('0f', :odd, 1)"),
    (
        "restores",
        "(at, by, reason, as_of, head_seq, head_chain, replaced, replaced_head, pending, deliveries)
         VALUES (0, :odd, :odd, -1, 0, '0f', :odd, NULL, 'given-up', 9223372036854775807)",
    ),
    ("restore_gaps", "(restore, source, from_at) VALUES (1, :odd, -1)"),
    (
        "reports",
        "(id, package, stamp, published, modified, withdrawn, aliases, affected)
         VALUES ('MAL-2026-1', 'pkg:npm/axios', -9223372036854775808, -1, -1, NULL, '', '{\"v\":[\"0\"]}')",
    ),
    (
        "report_matches",
        "(purl, id, published, found_at, accused_at, told_at, withdrawn_at, withdrawal_told_at)
         VALUES ('pkg:npm/axios@1.0.0', 'MAL-2026-1', -1, 0, NULL, 1, 1, NULL)",
    ),
    (
        "report_feed",
        "(only, source, state, read_at, newest_at, files, unreadable, first_problem, last_error, last_error_at)
         VALUES (1, :odd, -1, NULL, -1, 9223372036854775807, 0, :odd, :odd, 0)",
    ),
];

fn rest(lab: &Lab) {
    for (table, row) in REST {
        let db = lab.store.connection();
        let mut insert = db.prepare(&format!("INSERT INTO {table} {row}")).unwrap();
        let odd = [(":odd", ODD)];
        let named = if row.contains(":odd") { &odd[..] } else { &[] };
        assert_eq!(insert.execute(named).unwrap(), 1, "{table}");
    }
}
