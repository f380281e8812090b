//! Tests of the inventory: uploads, questions, retention, damage, and what alerts say.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    faults::Point,
    lab::{Lab, alert, alerted, dump, minutes_later, noon, plan, release, subscriptions},
};
use crate::{
    model::{
        Alert, AlertKind, DependencyScope, Locked, Owner, Place, ProjectKind, ProjectName, Reachability, ReleaseId,
        Severity, Use, Vex,
    },
    store::{AlertFilter, Store, Upload, Uploaded, UsesOf, Which},
};

const AXIOS: &str = "pkg:npm/axios@1.14.1";

fn locked(purl: &str) -> Locked {
    let place = Place { scope: DependencyScope::Required, depth: Some(1), through: None };
    Locked { release: release(purl), place, digests: Vec::new(), vex: None, reachability: None }
}

fn through(purl: &str, first: &str, depth: u32) -> Locked {
    let place = Place { scope: DependencyScope::Dev, depth: Some(depth), through: Some(release(first)) };
    Locked { place, ..locked(purl) }
}

fn name(project: &str) -> ProjectName {
    project.parse().unwrap()
}

fn upload(store: &Store, project: &str, locked: &[Locked], at: DateTime<Utc>) -> Uploaded {
    let upload = Upload { project: &name(project), kind: None, owner: None, locked, at };
    store.upload(&upload, at).unwrap()
}

fn uses(store: &Store, project: &str, which: Which) -> Vec<String> {
    store.uses_of_project(project, which).unwrap().iter().map(shown).collect()
}

fn shown(one: &Use) -> String {
    let until = one.until.map(|until| format!(" until {}", (until - noon()).num_minutes())).unwrap_or_default();
    format!("{} since {}{until}", one.release, (one.since - noon()).num_minutes())
}

/// The projects that use a release, with a star behind past ones.
fn who(store: &Store, purl: &str) -> Vec<String> {
    let found = store.uses_of(UsesOf::Releases(&[release(purl)]), 99).unwrap();
    let mark = |one: &Use| if one.until.is_some() { "*" } else { "" };
    found.uses.iter().map(|one| format!("{}{}", one.project, mark(one))).collect()
}

#[test]
fn an_upload_ends_what_is_gone_and_begins_what_is_new() {
    let lab = Lab::new();
    let first = upload(&lab.store, "shop", &[locked(AXIOS), locked("pkg:npm/b@1.0.0")], noon());
    assert!(first.is_new && first.releases == 2 && first.added.len() == 2 && first.gone.is_empty());
    let second = upload(&lab.store, "shop", &[locked(AXIOS), locked("pkg:npm/b@1.1.0")], minutes_later(10));
    assert_eq!(
        (second.is_new, second.added, second.gone),
        (false, vec![release("pkg:npm/b@1.1.0")], vec![release("pkg:npm/b@1.0.0")])
    );
    assert_eq!(
        uses(&lab.store, "shop", Which::Present),
        [format!("{AXIOS} since 0"), "pkg:npm/b@1.1.0 since 10".to_owned()]
    );
    assert_eq!(
        uses(&lab.store, "shop", Which::All),
        [
            format!("{AXIOS} since 0"),
            "pkg:npm/b@1.0.0 since 0 until 10".to_owned(),
            "pkg:npm/b@1.1.0 since 10".to_owned()
        ]
    );
    assert_eq!(uses(&lab.store, "shop", Which::ChangedSince(minutes_later(5))).len(), 2);
    // It comes back: another use.
    upload(&lab.store, "shop", &[locked("pkg:npm/b@1.0.0")], minutes_later(20));
    assert_eq!(who(&lab.store, "pkg:npm/b@1.0.0"), ["shop", "shop*"]);
    assert_eq!(lab.store.inventory_project("shop").unwrap().unwrap().releases, 1);
}

#[test]
fn the_same_upload_changes_nothing() {
    let lab = Lab::new();
    let content = [through(AXIOS, "pkg:npm/b@1.0.0", 3), locked("pkg:npm/b@1.0.0")];
    upload(&lab.store, "shop", &content, noon());
    let before = dump(&lab.store);
    let project = name("shop");
    let again = Upload { project: &project, kind: None, owner: None, locked: &content, at: noon() };
    assert_eq!(lab.store.upload(&again, minutes_later(60)).unwrap(), Uploaded { releases: 2, ..Uploaded::default() });
    assert_eq!(dump(&lab.store), before);
    assert_eq!(lab.store.compare_upload(&again).unwrap().moved, 0);
}

#[test]
fn a_use_in_another_way_goes_on() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[through(AXIOS, "pkg:npm/b@1.0.0", 3)], noon());
    let other = Locked { vex: Some(Vex::Exploitable), reachability: Some(Reachability::Called), ..locked(AXIOS) };
    assert_eq!(upload(&lab.store, "shop", &[other], minutes_later(10)).moved, 1);
    let [one] = lab.store.uses_of_project("shop", Which::All).unwrap().try_into().unwrap();
    assert_eq!((one.since, one.until, one.scope, one.depth), (noon(), None, DependencyScope::Required, Some(1)));
    assert_eq!((one.through, one.vex, one.reachability), (None, Some(Vex::Exploitable), Some(Reachability::Called)));
}

#[test]
fn a_project_keeps_what_an_upload_does_not_say() {
    let lab = Lab::new();
    let (project, owner): (ProjectName, Owner) = (name("desk"), "payments".parse().unwrap());
    let whole =
        Upload { project: &project, kind: Some(ProjectKind::Vendor), owner: Some(&owner), locked: &[], at: noon() };
    lab.store.upload(&whole, noon()).unwrap();
    upload(&lab.store, "desk", &[locked(AXIOS)], minutes_later(10));
    let [row] = lab.store.inventory_projects().unwrap().try_into().unwrap();
    assert_eq!((row.kind, row.owner.as_deref(), row.releases), (ProjectKind::Vendor, Some("payments"), 1));
    assert_eq!((row.added_at, row.uploaded_at, row.changed_at), (noon(), minutes_later(10), minutes_later(10)));
}

#[test]
fn a_comparison_writes_nothing() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[locked(AXIOS)], noon());
    let before = dump(&lab.store);
    let (shop, new) = (name("shop"), name("new"));
    let of = |project| Upload { project, kind: None, owner: None, locked: &[], at: minutes_later(9) };
    assert_eq!(lab.store.compare_upload(&of(&shop)).unwrap().gone, [release(AXIOS)]);
    assert!(lab.store.compare_upload(&of(&new)).unwrap().is_new);
    assert_eq!(dump(&lab.store), before);
}

#[test]
fn a_removed_project_keeps_its_past_and_may_come_back() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[locked(AXIOS)], noon());
    assert!(lab.store.remove_project("shop", minutes_later(10)).unwrap());
    assert!(!lab.store.remove_project("shop", minutes_later(11)).unwrap());
    assert!(!lab.store.remove_project("nothing", minutes_later(11)).unwrap());
    assert_eq!(who(&lab.store, AXIOS), ["shop*"]);
    let row = lab.store.inventory_project("shop").unwrap().unwrap();
    assert_eq!((row.releases, row.removed_at), (0, Some(minutes_later(10))));
    assert!(upload(&lab.store, "shop", &[locked(AXIOS)], minutes_later(20)).is_new);
    assert_eq!(lab.store.inventory_project("shop").unwrap().unwrap().removed_at, None);
    assert_eq!(who(&lab.store, AXIOS), ["shop", "shop*"]);
}

#[test]
fn a_question_finds_every_spelling_and_orders_by_importance() {
    let lab = Lab::new();
    for (project, purl, scope) in [
        ("tests", "pkg:pypi/requests@2.0", DependencyScope::Dev),
        ("shop", "pkg:pypi/requests@2.0.0", DependencyScope::Required),
        ("site", "pkg:pypi/requests@2.1", DependencyScope::Required),
    ] {
        let place = Place { scope, depth: Some(1), through: None };
        upload(&lab.store, project, &[Locked { place, ..locked(purl) }], noon());
    }
    assert_eq!(who(&lab.store, "pkg:pypi/requests@2"), ["shop", "tests"]);
    let package = "pkg:pypi/requests".parse().unwrap();
    let all = lab.store.uses_of(UsesOf::Packages(&[package]), 2).unwrap();
    assert_eq!((all.projects, all.past_projects, all.uses.len()), (3, 0, 2));
    assert!(lab.store.uses_of(UsesOf::Releases(&[]), 9).unwrap().is_empty());
}

#[test]
fn a_digest_leads_to_the_release() {
    let lab = Lab::new();
    let digest = |byte: &str| format!("sha512:{}", byte.repeat(64)).parse().unwrap();
    let with = |digests| Locked { digests, ..locked(AXIOS) };
    upload(&lab.store, "shop", &[with(vec![digest("ab")])], noon());
    upload(&lab.store, "shop", &[with(vec![digest("ab"), digest("cd")])], minutes_later(1));
    for byte in ["ab", "cd"] {
        assert_eq!(lab.store.locked_by_digest(&digest(byte), 9).unwrap(), [release(AXIOS)]);
    }
    let many: Vec<_> = (0..400).map(|number| format!("sha256:{number:016x}{number:048x}").parse().unwrap()).collect();
    upload(&lab.store, "shop", &[with(many)], minutes_later(2));
    let count: i64 =
        lab.store.connection().query_row("SELECT count(*) FROM inventory_digests", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 256, "a file cannot fill the store with digests of one release");
}

#[test]
fn a_question_reads_one_range() {
    let lab = Lab::new();
    let plan = plan(
        &lab.store,
        "SELECT u.project FROM inventory_releases AS r JOIN inventory_uses AS u ON u.release = r.id WHERE r.id = 7",
    );
    assert!(plan.contains("SEARCH u USING PRIMARY KEY (release=?)"), "{plan}");
    let plan = self::plan(&lab.store, "SELECT release FROM inventory_uses WHERE project = 7 AND until_at IS NULL");
    assert!(plan.contains("inventory_uses_of_project (project=? AND until_at=?)"), "{plan}");
}

#[test]
fn an_upload_is_whole_or_not_at_all() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[locked(AXIOS)], noon());
    let before = dump(&lab.store);
    let (project, content) = (name("shop"), [locked("pkg:npm/b@1.0.0")]);
    let next = Upload { project: &project, kind: None, owner: None, locked: &content, at: minutes_later(9) };
    lab.store.faults.order(Point::BeforeCommit);
    assert!(lab.store.upload(&next, minutes_later(9)).is_err());
    assert_eq!(dump(&lab.store), before);
    lab.store.faults.order(Point::AfterCommit);
    assert!(lab.store.upload(&next, minutes_later(9)).is_err());
    let after = dump(&lab.store);
    lab.store.upload(&next, minutes_later(9)).unwrap();
    assert_eq!(dump(&lab.store), after, "it was done once");
}

#[test]
fn old_past_uses_go_and_present_ones_stay() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[locked(AXIOS), locked("pkg:npm/b@1.0.0")], noon());
    upload(&lab.store, "shop", &[locked(AXIOS), locked("pkg:npm/c@1.0.0")], minutes_later(10));
    upload(&lab.store, "shop", &[locked(AXIOS)], minutes_later(20));
    let pruned = lab.store.prune(minutes_later(15), 99).unwrap();
    assert_eq!((pruned.uses, pruned.more), (1, false));
    assert_eq!(
        uses(&lab.store, "shop", Which::All),
        [format!("{AXIOS} since 0"), "pkg:npm/c@1.0.0 since 10 until 20".to_owned()]
    );
    assert_eq!(lab.store.prune(minutes_later(1_000_000), 99).unwrap().uses, 1);
    assert!(!dump(&lab.store).contains("pkg:npm/b") && !dump(&lab.store).contains("pkg:npm/c"), "their names go too");
    assert_eq!(uses(&lab.store, "shop", Which::All).len(), 1);
}

#[test]
fn retention_goes_in_small_steps() {
    let lab = Lab::new();
    let many: Vec<Locked> = (0..10).map(|number| locked(&format!("pkg:npm/p{number}@1.0.0"))).collect();
    upload(&lab.store, "shop", &many, noon());
    upload(&lab.store, "shop", &[], minutes_later(1));
    let steps: Vec<(usize, bool)> = (0..4)
        .map(|_| lab.store.prune(minutes_later(9), 4).unwrap())
        .map(|pruned| (pruned.uses, pruned.more))
        .collect();
    assert_eq!(steps, [(4, true), (4, true), (2, false), (0, false)]);
}

#[test]
fn damage_of_a_project_or_release_concerns_it_alone() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[locked(AXIOS), locked("pkg:npm/b@1.0.0")], noon());
    upload(&lab.store, "desk", &[locked(AXIOS)], noon());
    lab.sql(
        "DROP TRIGGER temp.seal_changed_inventory_projects; DROP TRIGGER temp.seal_changed_inventory_releases;
         UPDATE inventory_projects SET owner = 'mallory' WHERE name = 'desk';
         UPDATE inventory_releases SET version = '6.6.6' WHERE package = 'pkg:npm/b'",
    )
    .unwrap();
    assert_eq!(who(&lab.store, AXIOS), ["shop"], "what is damaged says nothing");
    assert_eq!(uses(&lab.store, "shop", Which::Present), [format!("{AXIOS} since 0")]);
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 2);
    let told: Vec<String> = lab.store.damaged_rows(9).unwrap().into_iter().map(|row| row.remedy).collect();
    assert!(told.iter().any(|remedy| remedy.contains("A project is gone from the inventory")), "{told:?}");
    assert!(told.iter().any(|remedy| remedy.contains("the next upload of each of them says it again")), "{told:?}");
    let again = upload(&lab.store, "shop", &[locked(AXIOS), locked("pkg:npm/b@1.0.0")], minutes_later(1));
    assert_eq!(again.added, [release("pkg:npm/b@1.0.0")]);
    assert!(upload(&lab.store, "desk", &[locked(AXIOS)], minutes_later(1)).is_new);
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 0);
}

fn used(store: &Store, alert: Alert) -> (u64, u64, Vec<String>) {
    let used = store.with_uses(alert).unwrap().used_by.unwrap_or_default();
    (used.projects, used.exact, used.uses.into_iter().map(|one| one.project).collect())
}

#[test]
fn an_alert_names_the_projects_that_use_its_package_now() {
    let lab = Lab::new();
    upload(&lab.store, "exact", &[locked(AXIOS)], noon());
    upload(&lab.store, "other", &[locked("pkg:npm/axios@1.14.0")], noon());
    upload(&lab.store, "past", &[locked(AXIOS)], noon());
    upload(&lab.store, "past", &[locked("pkg:npm/b@1.0.0")], minutes_later(1));
    let of = |purl: &str| alert(purl, Severity::High);
    assert_eq!(used(&lab.store, of(AXIOS)), (2, 1, vec!["exact".to_owned(), "other".to_owned()]));
    assert_eq!(used(&lab.store, of("pkg:npm/nothing@1.0.0")), (0, 0, vec![]));
    let about = Alert { purl: None, package: "pkg:npm/axios".parse().ok(), ..of(AXIOS) };
    assert_eq!(used(&lab.store, about).0, 2);
    let members: Vec<ReleaseId> = vec![release(AXIOS), release("pkg:npm/b@2.0.0")];
    let campaign = Alert { purl: None, members, kind: AlertKind::Campaign, ..of(AXIOS) };
    assert_eq!(
        used(&lab.store, campaign.clone()),
        (3, 1, vec!["exact".to_owned(), "other".to_owned(), "past".to_owned()])
    );
    assert_eq!(lab.store.with_uses(Alert { kind: AlertKind::Log, ..campaign }).unwrap().used_by, None);
}

#[test]
fn a_stored_alert_keeps_who_used_it_then_and_a_later_check_renews_it() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[locked(AXIOS)], noon());
    let mut record = alerted(AXIOS, Severity::High);
    record.alert = record.alert.map(|alert| lab.store.with_uses(alert).unwrap());
    lab.store.record(&record).unwrap();
    upload(&lab.store, "desk", &[locked(AXIOS)], minutes_later(1));
    let projects = || lab.store.alerts(&AlertFilter::default()).unwrap()[0].used_by.clone().unwrap().projects;
    assert_eq!(projects(), 1);
    let milder = lab.store.with_uses(alert(AXIOS, Severity::Medium)).unwrap();
    let told = lab.store.record_alert(&milder, &subscriptions(&["mail"]), minutes_later(2)).unwrap();
    assert_eq!((projects(), told.announced), (2, false), "which is no news by itself");
}

#[test]
fn alerts_are_listed_by_whether_projects_use_the_package() {
    let lab = Lab::new();
    for purl in [AXIOS, "pkg:npm/vite@2.0.0", "pkg:npm/left@1.0.0"] {
        lab.store.record(&alerted(purl, Severity::High)).unwrap();
    }
    let members = vec![release("pkg:npm/vite@2.0.0"), release("pkg:npm/left@1.0.0")];
    let campaign = Alert {
        members,
        ..Alert::about(
            AlertKind::Campaign,
            "x",
            Severity::High,
            crate::model::Confidence::High,
            "a campaign".into(),
            noon(),
        )
    };
    lab.store.record_alert(&campaign, &[], noon()).unwrap();
    let used = || {
        let filter = AlertFilter { used: true, ..AlertFilter::default() };
        let mut titles: Vec<String> = lab.store.alerts(&filter).unwrap().into_iter().map(|alert| alert.title).collect();
        titles.sort();
        titles
    };
    assert_eq!(used(), [] as [&str; 0]);
    upload(&lab.store, "shop", &[locked("pkg:npm/vite@1.0.0"), locked("pkg:npm/axios@1.0.0")], noon());
    upload(&lab.store, "shop", &[locked("pkg:npm/vite@1.0.0")], minutes_later(1));
    assert_eq!(used(), ["a campaign", "pkg:npm/vite@2.0.0 is unusual"]);
}

#[test]
fn a_clock_that_was_ahead_is_put_right() {
    let lab = Lab::new();
    upload(&lab.store, "shop", &[locked(AXIOS)], noon() + TimeDelta::days(900));
    lab.store.clock_was_set_back(noon()).unwrap();
    let row = lab.store.inventory_project("shop").unwrap().unwrap();
    assert_eq!((row.uploaded_at, row.changed_at), (noon(), noon()));
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 0);
}
