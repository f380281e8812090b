//! Tests of the retention of e-mail addresses: where they are replaced, where they stay, and in which steps.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    faults::Point,
    lab::{Lab, alerted, dump, minutes_later, noon, observation, package, release, version},
};
use crate::{
    baseline::learn,
    model::{Baseline, BaselineReason, Observation, ReleaseStatus, Severity, traits::Emails},
    store::{Against, BaselineChange, Outcome, Record, Store, addresses::is_pseudonym},
};

const ADA: &str = "ada@old.example";
const NEW: &str = "ada@new.example";

/// Everything from before this time is old.
fn cutoff() -> DateTime<Utc> {
    noon() - TimeDelta::days(400)
}

fn days_ago(days: i64) -> DateTime<Utc> {
    noon() - TimeDelta::days(days)
}

/// A release by an account with an address, which somebody else with an address approved.
fn by(purl: &str, email: &str, at: DateTime<Utc>) -> Observation {
    let more = json!({
        "publisher": {"name": "ada", "email": email},
        "auth": {"method": "token", "approved_by": {"name": "bob", "email": format!("bob-{email}")}},
        "unread": {"auth": format!("its _npmUser: invalid type: string \"{email}\"")},
        "facts": {"email_domains": {email.rsplit_once('@').unwrap().1: {"registered": true, "accounts": ["ada"]}}},
    });
    let mut json = serde_json::to_value(Observation { published_at: at, ..observation(purl) }).unwrap();
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

/// Records releases, each of which the baseline learns.
fn learned(store: &Store, releases: &[Observation]) {
    for release in releases {
        let package = release.purl.package();
        let stored = store.baseline(package).unwrap();
        let mut baseline: Baseline = stored.baseline;
        learn(&mut baseline, release);
        let versions = vec![version(&release.purl.to_string(), BaselineReason::Learned)];
        let mut record = Record::observed(release.clone(), Outcome::Unchecked, noon());
        record.unchecked = vec![format!("{} is odd", release.publisher.as_ref().unwrap().email.as_ref().unwrap())];
        record.baseline = Some(BaselineChange { based_on: stored.revision, baseline, versions });
        store.record(&record).unwrap();
    }
}

/// Old releases of two packages, and new ones of one of them.
fn old() -> Lab {
    let lab = Lab::new();
    let old = |name: &str, number: i64| by(&format!("pkg:npm/{name}@1.0.{number}"), ADA, days_ago(500 - number));
    let releases: Vec<_> = ["axios", "vite"].iter().flat_map(|name| (0..5).map(|number| old(name, number))).collect();
    learned(&lab.store, &releases);
    learned(&lab.store, &[by("pkg:npm/vite@1.1.0", NEW, days_ago(3))]);
    lab
}

fn walk(store: &Store, at_most: usize) -> Vec<(usize, usize)> {
    let mut steps = Vec::new();
    for _ in 0..1000 {
        let step = store.replace_addresses(cutoff(), at_most).unwrap();
        steps.push((step.releases, step.baselines));
        if !step.more {
            return steps;
        }
    }
    panic!("the walk does not end: {steps:?}")
}

/// The lines of the dump of one table.
fn lines(store: &Store, table: &str) -> String {
    dump(store).lines().filter(|line| line.starts_with(&format!("{table}:"))).collect::<Vec<_>>().join("\n")
}

fn emails(store: &Store, name: &str) -> Vec<String> {
    let baseline = store.baseline(&package(name)).unwrap().baseline;
    baseline.lines.values().flat_map(|line| line.tally(Emails).values()).map(ToString::to_string).collect()
}

fn stored(store: &Store, purl: &str) -> Observation {
    store.release(&release(purl)).unwrap().unwrap().observation.unwrap()
}

fn email(release: &Observation) -> &str {
    release.publisher.as_ref().unwrap().email.as_ref().unwrap()
}

/// What becomes of the addresses of accounts in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Replaced when the retention ends.
    Replaced,
    /// Evidence, or the word of an operator: stays.
    Stays,
    /// Deleted when it is older than `[store] keep`, or 180 days.
    Deleted,
    /// Has none.
    None,
}

/// Every table. `docs/THREAT-MODEL.md` says the same.
const TABLES: &[(&str, Fate)] = &[
    ("address_retention", Fate::None),
    ("alert_actions", Fate::Stays),
    ("alerts", Fate::Stays),
    ("allowed_digests", Fate::None),
    ("allowed_runs", Fate::None),
    ("attempts", Fate::Deleted),
    ("baseline_versions", Fate::Stays),
    ("baselines", Fate::Replaced),
    ("campaign_members", Fate::None),
    ("damaged_rows", Fate::Replaced),
    ("dependents", Fate::None),
    ("deliveries", Fate::Deleted),
    ("delivery_actions", Fate::Stays),
    ("digests", Fate::None),
    // A certificate may have an address.
    ("documents", Fate::Stays),
    ("endpoints", Fate::None),
    ("events", Fate::Deleted),
    ("expected_changes", Fate::Stays),
    ("forge_answers", Fate::Deleted),
    ("history", Fate::None),
    ("history_head", Fate::None),
    ("incident_events", Fate::Stays),
    // Accounts and addresses of accused releases, while the incident is open.
    ("incident_traces", Fate::Stays),
    ("incidents", Fate::None),
    ("inventory_digests", Fate::None),
    ("inventory_figures", Fate::None),
    ("inventory_projects", Fate::None),
    ("inventory_releases", Fate::None),
    ("inventory_uses", Fate::None),
    ("log_budgets", Fate::None),
    ("log_checkpoints", Fate::None),
    ("log_checks", Fate::None),
    ("log_coverage", Fate::None),
    ("log_entries", Fate::Stays),
    // A hash of each signer's address, by which entries are found.
    ("log_entry_traces", Fate::Stays),
    ("log_evidence", Fate::Stays),
    ("log_histories", Fate::None),
    ("log_kinds", Fate::None),
    ("log_mirrors", Fate::None),
    ("log_progress", Fate::None),
    ("log_quarantine", Fate::Stays),
    ("log_signers", Fate::Stays),
    ("log_violations", Fate::None),
    ("log_workflows", Fate::None),
    ("logs", Fate::None),
    ("namesakes", Fate::None),
    ("packages", Fate::None),
    ("pruned_deliveries", Fate::None),
    ("recipients", Fate::Deleted),
    ("release_documents", Fate::None),
    ("releases", Fate::Replaced),
    ("report_feed", Fate::None),
    ("report_matches", Fate::None),
    ("reports", Fate::None),
    ("restore_gaps", Fate::None),
    ("restores", Fate::Stays),
    ("runner", Fate::None),
    ("signed_heads", Fate::None),
    ("silence_ends", Fate::Stays),
    ("silence_holds", Fate::None),
    ("silences", Fate::Stays),
    ("sources", Fate::None),
    ("threads", Fate::None),
    ("told_members", Fate::None),
    ("trace_values", Fate::None),
    // A hash of each address, by which releases are found.
    ("traces", Fate::Stays),
    ("withdrawals", Fate::None),
    ("work", Fate::None),
    ("work_generation", Fate::None),
];

/// A new table needs a decision.
#[test]
fn every_table_has_a_fate() {
    let lab = Lab::new();
    let db = lab.store.connection();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut query = db.prepare(sql).unwrap();
    let names: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let known: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    for name in &names {
        assert!(
            known.contains(&name.as_str()),
            "what becomes of addresses in the table {name}? Say it here and in docs/THREAT-MODEL.md"
        );
    }
    assert_eq!(known.len(), names.len(), "tables that are gone: {known:?} {names:?}");
}

#[test]
fn addresses_are_replaced_where_the_table_of_tables_says_so() {
    let lab = old();
    let mut bad = alerted("pkg:npm/axios@1.0.9", Severity::High);
    bad.alert.as_mut().unwrap().signals[0].seen = format!("ada with {ADA}");
    bad.subject = crate::store::Subject::Observed(Box::new(by("pkg:npm/axios@1.0.9", ADA, days_ago(450))));
    lab.store.record(&bad).unwrap();
    let alert = bad.alert.unwrap().fingerprint;
    lab.store.acknowledge(&alert, "olga", &format!("I asked {ADA}"), noon()).unwrap();
    lab.sql(&format!(
        "INSERT INTO damaged_rows (table_name, row_key, content, why, found_at, remedy)
         VALUES ('releases', 'x', '{{\"observation\":\"{{\\\"email\\\":\\\"{ADA}\\\"}}\"}}', 'w', {}, 'r')",
        days_ago(401).timestamp_micros()
    ))
    .unwrap();
    let has = |table: &str| lines(&lab.store, table).contains(ADA);
    let before: Vec<&str> = TABLES.iter().map(|(name, _)| *name).filter(|name| has(name)).collect();
    assert_eq!(before, ["alert_actions", "alerts", "baselines", "damaged_rows", "releases"]);
    assert!(lines(&lab.store, "releases").contains("old.example\\\":{"), "and the domain");

    walk(&lab.store, 100);
    for (table, fate) in TABLES.iter().filter(|(table, _)| before.contains(table)) {
        assert_eq!(has(table), *fate == Fate::Stays, "{table}");
    }
    for table in ["releases", "baselines", "damaged_rows"] {
        assert!(!lines(&lab.store, table).contains("old.example"), "{table}");
    }
    assert!(is_pseudonym(email(&stored(&lab.store, "pkg:npm/axios@1.0.9"))));
    assert_eq!(email(&stored(&lab.store, "pkg:npm/vite@1.1.0")), NEW, "a young release keeps its address");
    assert_eq!(emails(&lab.store, "vite").iter().filter(|email| !is_pseudonym(email)).collect::<Vec<_>>(), [NEW]);
}

#[test]
fn rows_stay_sound_and_the_history_verifies() {
    let lab = old();
    let revision = lab.store.baseline(&package("axios")).unwrap().revision;
    walk(&lab.store, 3);
    lab.store.look_for_damage().unwrap();
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 0);
    let checked = lab.store.check_history(&Against::default()).unwrap();
    assert_eq!((checked.fault_count, checked.entries > 0), (0, true));
    assert_eq!(lab.store.baseline(&package("axios")).unwrap().revision, revision, "it has learned nothing");
    let lab = lab.restarted();
    assert!(emails(&lab.store, "axios").iter().all(|email| is_pseudonym(email)));
}

#[test]
fn a_step_is_small_and_a_killed_walk_goes_on() {
    let whole = old();
    assert_eq!(walk(&whole.store, 1000), [(10, 2)], "one step has room for all");
    let mut lab = old();
    let (mut releases, mut baselines, mut steps) = (0, 0, 0);
    loop {
        let step = lab.store.replace_addresses(cutoff(), 3).unwrap();
        assert!(step.releases <= 3, "{step:?}");
        (releases, baselines, steps) = (releases + step.releases, baselines + step.baselines, steps + 1);
        // Another clock reading does not begin another walk.
        lab = lab.after_kill();
        if !step.more {
            break;
        }
    }
    assert_eq!((releases, baselines), (10, 2), "each once");
    assert!(steps > 4, "{steps}");
    assert!(!dump(&lab.store).contains(ADA));
}

#[test]
fn a_step_is_done_or_not_done() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        let lab = old();
        lab.store.replace_addresses(cutoff(), 4).unwrap();
        let before = dump(&lab.store);
        lab.store.faults.order(point);
        lab.store.replace_addresses(cutoff(), 4).unwrap_err();
        let killed = lab.after_kill();
        assert_eq!(dump(&killed.store) == before, point == Point::BeforeCommit, "{point:?}");
        assert_eq!(dump(&killed.store), dump(&lab.store), "{point:?}");
        walk(&killed.store, 4);
        assert!(!dump(&killed.store).contains(ADA), "{point:?}");
    }
}

#[test]
fn without_a_retention_nothing_happens_and_a_walk_is_due_once_a_day() {
    let lab = old();
    assert!(lines(&lab.store, "address_retention").is_empty(), "no key is made before it is needed");
    walk(&lab.store, 1000);
    let before = dump(&lab.store);
    for hours in [-9999, 0, 23] {
        assert_eq!(lab.store.replace_addresses(cutoff() + TimeDelta::hours(hours), 9).unwrap().rows(), 0);
    }
    assert_eq!(dump(&lab.store), before);
    let later = cutoff() + TimeDelta::days(500);
    let step = lab.store.replace_addresses(later, 1000).unwrap();
    assert_eq!((step.releases, step.baselines, step.more), (1, 1, false), "only what became old since");
    assert_eq!(email(&stored(&lab.store, "pkg:npm/vite@1.0.0")), email(&stored(&lab.store, "pkg:npm/axios@1.0.1")));
}

/// The registry shows the address for ever.
#[test]
fn another_check_of_an_old_release_changes_nothing() {
    let lab = old();
    walk(&lab.store, 2);
    let before = lines(&lab.store, "releases");
    let again = by("pkg:npm/axios@1.0.3", ADA, days_ago(497));
    let mut record = Record::observed(again.clone(), Outcome::Unchecked, minutes_later(9));
    record.unchecked = vec![format!("{ADA} is odd")];
    lab.store.record(&record).unwrap();
    assert_eq!(lines(&lab.store, "releases"), before, "not a row is written");
    lab.store.restate_files(&[again], noon()).unwrap();
    lab.store.set_status(&release("pkg:npm/axios@1.0.3"), ReleaseStatus::Yanked, noon()).unwrap();
    learned(&lab.store, &[by("pkg:npm/axios@0.9.0", ADA, days_ago(900))]);
    assert!(!dump(&lab.store).contains("old.example"), "nor one that is read late");
}

/// While a walk is under way, a package that it has reached is stored without addresses, and one before it is not.
#[test]
fn what_is_written_during_a_walk_is_not_missed() {
    let lab = old();
    let step = lab.store.replace_addresses(cutoff(), 7).unwrap();
    assert!(step.more && step.releases >= 5, "{step:?}");
    for name in ["axios", "vite", "aaa", "zzz"] {
        learned(&lab.store, &[by(&format!("pkg:npm/{name}@0.5.0"), ADA, days_ago(600))]);
    }
    walk(&lab.store, 2);
    assert!(!lines(&lab.store, "releases").contains(ADA));
    assert!(!lines(&lab.store, "baselines").contains(ADA));
}

/// An address that comes back: the pseudonym and the address are one, with the counts of both.
#[test]
fn an_address_that_comes_back_takes_its_place_again() {
    let lab = old();
    walk(&lab.store, 100);
    let mut baseline = lab.store.baseline(&package("axios")).unwrap().baseline;
    let mut again = by("pkg:npm/axios@1.1.0", ADA, noon());
    lab.store.addresses().unwrap().receive(&mut baseline, &mut again.publisher);
    learn(&mut baseline, &again);
    let seen: Vec<_> = baseline.lines.values().flat_map(|line| line.tally(Emails).iter()).collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!((&*seen[0].0.clone(), seen[0].1.count, seen[0].1.first), (ADA, 6, days_ago(500)));
    learned(&lab.store, &[again]);
    assert_eq!(emails(&lab.store, "axios"), [ADA], "it is in use again");
    let line = stored(&lab.store, "pkg:npm/axios@1.1.0").line();
    let learned_from = lab.store.learned_from(&package("axios"), &line).unwrap();
    assert!(learned_from.len() == 6 && learned_from.iter().all(|release| email(release) == ADA), "one and the same");
    assert!(is_pseudonym(email(&stored(&lab.store, "pkg:npm/axios@1.0.0"))), "what is stored stays");
}

/// A clock that was years ahead replaced too much; afterwards new addresses are kept again.
#[test]
fn a_clock_that_was_ahead_does_not_replace_what_comes_later() {
    let lab = old();
    lab.store.replace_addresses(noon() + TimeDelta::days(3650), 3).unwrap();
    lab.store.clock_was_set_back(noon()).unwrap();
    walk(&lab.store, 100);
    learned(&lab.store, &[by("pkg:npm/axios@1.2.0", NEW, minutes_later(5))]);
    assert_eq!(email(&stored(&lab.store, "pkg:npm/axios@1.2.0")), NEW);
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 0);
}

/// Then old pseudonyms cannot be compared: they say nothing, instead of making every address look new.
#[test]
fn a_lost_key_is_replaced_and_its_pseudonyms_are_left_out() {
    let lab = old();
    walk(&lab.store, 100);
    lab.sql("DROP TRIGGER temp.seal_changed_address_retention; UPDATE address_retention SET key = zeroblob(32)")
        .unwrap();
    assert!(lab.store.baseline(&package("axios")).is_err(), "a damaged key compares nothing");
    let lab = lab.restarted();
    lab.store.look_for_damage().unwrap();
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 1);
    assert!(lab.store.damaged_rows(9).unwrap()[0].remedy.contains("makes a new key"));
    walk(&lab.store, 100);
    assert_eq!(emails(&lab.store, "axios"), [] as [&str; 0]);
    assert_eq!(emails(&lab.store, "vite"), [NEW]);
}
