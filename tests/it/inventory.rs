//! Tests of the inventory from end to end: the commands, the folder that a CI fills, and who is told of an alert because a
//! project uses its package.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

mod told;

use crate::lab;

use std::{fs, path::Path, sync::Arc};

use lab::{
    Rig,
    program::{self, Said},
    rig::*,
};
use provwatch::{
    clock::SystemClock,
    figures::Counter,
    model::{Alert, AlertKind, Confidence, Observation, Severity},
    store::{Outcome, PackageRow, Record, Store},
    watchlist::{InUse, Watchlist},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const DESK: &str = r#"
[store]
path = "provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[inventory]
folder = "inventory"
[[subscriptions]]
name = "shops"
type = "stdout"
match = { used_by = ["shop*"] }
[[subscriptions]]
name = "payers"
type = "stdout"
match = { used_by_owners = ["payments"] }
[[subscriptions]]
name = "nothing"
type = "stdout"
match = { used_by = ["shup"] }
"#;

/// A folder with a configuration, a watchlist and a store with a release that raised an alert.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.put("provwatch.toml", DESK);
        desk.put("watchlist.toml", "packages = [\"pkg:npm/axios\", \"pkg:npm/ms\"]\n");
        let store = Store::open(&desk.0.path().join("provwatch.db")).unwrap();
        store
            .save_package(&PackageRow::new("pkg:npm/axios".parse().unwrap(), "2026-01-01T00:00:00Z".parse().unwrap()))
            .unwrap();
        for (purl, status, severity) in [
            ("pkg:npm/axios@1.14.0", "verified", None),
            ("pkg:npm/axios@1.14.1", "absent", Some(Severity::Critical)),
            ("pkg:npm/ms@2.1.3", "absent", None),
        ] {
            let observation: Observation = serde_json::from_value(json!({
                "purl": purl, "published_at": "2026-01-05T12:00:00Z", "auth": {"method": "token"},
                "attestation": {"status": status, "issuer": "https://issuer.example"},
            }))
            .unwrap();
            let at = observation.published_at;
            let mut record = Record::observed(observation, Outcome::Clean, at);
            record.alert = severity.map(|severity| alert(purl, severity));
            store.record(&record).unwrap();
        }
        desk
    }

    fn put(&self, path: &str, text: &str) {
        put(self.0.path(), path, text);
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::by(&mut program::provwatch(self.0.path(), &[&["--config", "provwatch.toml"], arguments].concat()))
    }

    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        self.run(&[arguments, &["--format", "json"]].concat()).json()
    }

    /// Axios directly and by two paths, one of them of developers; and what cannot be taken.
    fn lock(&self, axios: &str) {
        let lock = json!({"lockfileVersion": 3, "packages": {
            "": {"dependencies": {"axios": "^1"}, "devDependencies": {"debug": "4"}},
            "node_modules/axios": {"version": axios, "dependencies": {"form-data": "4"}},
            "node_modules/form-data": {"version": "4.0.4"},
            "node_modules/debug": {"version": "4.4.0", "dev": true, "dependencies": {"ms": "2"}},
            "node_modules/ms": {"version": "2.1.3", "dev": true},
            "node_modules/linked": {"resolved": "packages/linked", "link": true},
        }});
        self.put("package-lock.json", &lock.to_string());
    }
}

fn put(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A text however its lines are broken.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn alert(purl: &str, severity: Severity) -> Alert {
    let (title, at) = ("published with a token".to_owned(), "2026-01-05T12:00:00Z".parse().unwrap());
    let about = Alert::about(AlertKind::Release, purl, severity, Confidence::High, title, at);
    Alert { purl: purl.parse().ok(), ..about }
}

#[test]
fn a_project_is_added_shown_compared_and_removed() {
    let desk = Desk::new();
    desk.lock("1.14.0");
    let dry = desk.run(&["inventory", "add", "shop", "package-lock.json", "--owner", "payments", "--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains("shop: would be added with 4 releases"), "{dry}");
    assert!(desk.run(&["inventory", "list"]).out.contains("The inventory is empty"));

    let added = desk.run(&["inventory", "add", "shop", "package-lock.json", "--owner", "payments"]);
    assert_eq!(added.code, 0, "{added}");
    for said in [
        "shop: added with 4 releases",
        "  - node_modules/linked: a link into the workspace",
        "2 packages of it are not watched; `provwatch --config provwatch.toml watch import --inventory shop` watches them.",
    ] {
        assert!(words(&added.out).contains(&words(said)), "{said} in {added}");
    }
    let again = desk.json(&["inventory", "add", "shop", "package-lock.json"]).remove(0);
    assert_eq!((&again["added"], &again["gone"], &again["is_new"]), (&json!([]), &json!([]), &json!(false)));

    desk.lock("1.14.1");
    let changed = desk.run(&["inventory", "add", "shop", "package-lock.json"]);
    assert!(changed.out.contains("shop: 4 releases; 1 added, 1 gone"), "{changed}");
    let [project] = desk.json(&["inventory", "list"]).try_into().unwrap();
    assert_eq!(
        (&project["name"], &project["owner"], &project["releases"]),
        (&json!("shop"), &json!("payments"), &json!(4))
    );

    let entries = desk.json(&["inventory", "show", "shop"]);
    let releases: Vec<&str> = entries.iter().map(|entry| entry["release"].as_str().unwrap()).collect();
    assert_eq!(
        releases,
        ["pkg:npm/axios@1.14.1", "pkg:npm/form-data@4.0.4", "pkg:npm/debug@4.4.0", "pkg:npm/ms@2.1.3"]
    );
    assert_eq!(entries[0]["alerts"][0]["exact"], true);
    assert_eq!((&entries[1]["depth"], &entries[1]["through"]), (&json!(2), &json!("pkg:npm/axios@1.14.1")));
    assert_eq!(
        (&entries[3]["scope"], &entries[3]["evidence"], &entries[3]["watched"]),
        (&json!("dev"), &json!("none"), &json!(true))
    );
    let shown = desk.run(&["inventory", "show", "shop", "--alerts"]);
    assert!(shown.out.contains("(this release)") && !shown.out.contains("form-data"), "{shown}");
    assert_eq!(desk.json(&["inventory", "show", "shop", "--direct"]).len(), 2);
    assert_eq!(desk.json(&["inventory", "show", "shop", "--unwatched", "--limit", "1"]).len(), 1);

    let [change] = desk
        .json(&["inventory", "diff", "shop"])
        .into_iter()
        .filter(|one| !one["from"].is_null())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert_eq!(
        (&change["package"], &change["from"], &change["to"]),
        (&json!("pkg:npm/axios"), &json!("1.14.0"), &json!("1.14.1"))
    );
    assert!(desk.run(&["inventory", "diff", "shop"]).out.contains("1.14.0"));

    let removed = desk.run(&["inventory", "remove", "shop", "--dry-run"]);
    assert!(removed.out.contains("shop would be removed; it used 4 releases."), "{removed}");
    assert_eq!(desk.json(&["inventory", "remove", "shop"])[0]["releases"], 4);
    assert!(desk.json(&["inventory", "list"]).is_empty() && desk.json(&["inventory", "list", "--all"]).len() == 1);
    let lookup = desk.json(&["lookup", "pkg:npm/axios@1.14.1"]).remove(0);
    assert_eq!(
        (&lookup["used_by"]["releases"]["projects"], &lookup["used_by"]["releases"]["past_projects"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn wrong_uploads_change_nothing_and_say_why() {
    let desk = Desk::new();
    desk.lock("1.14.0");
    assert_eq!(desk.run(&["inventory", "add", "shop", "package-lock.json"]).code, 0);
    desk.put("half.json", "{\"lockfileVersion\": 3,\n\"packages\": {");
    desk.put("ranges.txt", "requests>=2\n");
    for (arguments, code, said) in [
        (&["inventory", "add", "shop", "half.json"][..], 2, "half.json:2:"),
        (&["inventory", "add", "shop", "package-lock.json", "gone.json"], 2, "gone.json"),
        (&["inventory", "add", "shop", "ranges.txt"], 4, "nothing was stored"),
        (&["inventory", "add", "a/b", "package-lock.json"], 2, "not the name of a project"),
        (
            &["inventory", "add", "shop", "package-lock.json", "--owner", "ada@example.org"],
            2,
            "not the name of a team but an address",
        ),
        (&["inventory", "add", "shop", "package-lock.json", "--kind", "product"], 2, "expected project or vendor"),
        (&["inventory", "add", "shop"], 2, "required"),
        (&["inventory", "show", "shap"], 1, "the inventory has no project shap; did you mean \"shop\"?"),
        (&["inventory", "diff", "other"], 1, "the inventory has no project other"),
        (&["inventory", "remove", "other"], 1, "the inventory has no project other"),
        (&["inventory", "report", "other"], 1, "the inventory has no project other"),
        (&["inventory", "report", "--months", "0"], 2, "0 is not in 1..=120"),
        (&["watch", "import", "--inventory", "other"], 1, "the inventory has no project other"),
    ] {
        let ran = desk.run(arguments);
        assert!(ran.code == code && ran.err.contains(said), "{arguments:?}: {ran}");
    }
    assert_eq!(desk.json(&["inventory", "list"])[0]["releases"], 4, "and the project has what it had");
}

#[test]
fn a_report_has_the_share_with_evidence_by_month() {
    let desk = Desk::new();
    desk.lock("1.14.0");
    desk.run(&["inventory", "add", "shop", "package-lock.json"]);
    desk.put(
        "sbom.json",
        &json!({"bomFormat": "CycloneDX", "components": [
        {"name": "left", "purl": "pkg:npm/left@1.0.0", "evidence": {"callstack": {"frames": [{}]}}}]})
        .to_string(),
    );
    desk.run(&["inventory", "add", "acme-desk", "sbom.json", "--kind", "vendor"]);
    let figures = desk.json(&["inventory", "report", "--months", "2"]);
    let subjects: Vec<&str> = figures.iter().map(|one| one["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["vendor", "project", "watchlist"]);
    let shop = &figures[1];
    assert_eq!(
        shop["now"],
        json!({"packages": 4, "with_evidence": 1, "without_evidence": 1, "unknown": 2, "percent": 25})
    );
    assert_eq!((&shop["open_alerts"], shop["months"].as_array().unwrap().len()), (&json!(1), 2));
    assert_eq!(shop["unwatched"], 2);
    assert_eq!(shop["months"][1]["added"], 4);
    assert_eq!(figures[2]["now"]["packages"], 1, "of the watchlist what is stored");
    let table = desk.run(&["inventory", "report", "shop", "--months", "2"]);
    assert!(table.out.contains("project shop") && table.out.contains("1 (25 %)"), "{table}");
    assert!(
        table.out.contains("shop: 2 packages; `provwatch --config provwatch.toml watch import --inventory shop`"),
        "{table}"
    );
    assert_eq!(desk.json(&["inventory", "report", "--kind", "vendor"]).len(), 1);

    let counted_at = |arguments: &[&str]| desk.json(arguments)[0]["counted_at"].clone();
    assert_ne!(
        counted_at(&["inventory", "report"]),
        counted_at(&["inventory", "report"]),
        "without a daemon it counts at once"
    );
    let (store, watchlist) =
        (Store::open(&desk.0.path().join("provwatch.db")).unwrap(), InUse::new(Watchlist::default()));
    Counter::new(Arc::new(store), Arc::new(SystemClock), Arc::new(watchlist)).step().unwrap();
    let stored = counted_at(&["inventory", "report"]);
    assert_eq!(counted_at(&["inventory", "report"]), stored);
    assert_eq!(counted_at(&["inventory", "report", "acme-desk"]), stored);
    assert_ne!(counted_at(&["inventory", "report", "acme-desk", "--recount"]), stored);
    assert_ne!(counted_at(&["inventory", "report", "--months", "13"]), stored, "the daemon counts a year");
}

#[test]
fn what_a_project_uses_can_be_watched() {
    let desk = Desk::new();
    desk.lock("1.14.0");
    desk.run(&["inventory", "add", "shop", "package-lock.json"]);
    let imported = desk.json(&["watch", "import", "--inventory", "shop"]).remove(0);
    assert_eq!((&imported["added"], &imported["known"]), (&json!(["pkg:npm/debug", "pkg:npm/form-data"]), &json!(2)));
    let list = fs::read_to_string(desk.0.path().join("watchlist.toml")).unwrap();
    assert!(list.contains("# from the inventory of shop"), "{list}");
    let again = desk.run(&["inventory", "add", "shop", "package-lock.json"]);
    assert!(!again.out.contains("not watched"), "{again}");
}

#[test]
fn a_route_is_explained_by_the_projects() {
    let desk = Desk::new();
    desk.lock("1.14.1");
    let before = desk.run(&["subscriptions", "route", "pkg:npm/form-data"]);
    assert!(before.out.contains("shops: no; not for packages that only other projects use, or none"), "{before}");
    desk.run(&["inventory", "add", "shop", "package-lock.json", "--owner", "payments"]);
    let route = desk.run(&["subscriptions", "route", "pkg:npm/form-data"]);
    assert!(route.out.contains("used by shop)"), "{route}");
    let told: Vec<(Value, Value)> = desk
        .json(&["subscriptions", "route", "pkg:npm/form-data"])
        .into_iter()
        .map(|route| (route["subscription"].clone(), route["told"].clone()))
        .collect();
    assert_eq!(
        told,
        [("shops", true), ("payers", true), ("nothing", false)].map(|(name, told)| (json!(name), json!(told)))
    );
    fs::create_dir(desk.0.path().join("inventory")).unwrap();
    let doctor = desk.run(&["doctor", "--offline"]);
    assert!(doctor.out.contains("subscription nothing: unknown project \"shup\"; did you mean \"shop\"?"), "{doctor}");
    let silence = desk.run(&["silences", "add", "--used-by", "shup", "--for", "1d", "--reason", "moving", "--dry-run"]);
    assert!(silence.out.contains("shup") && format!("{silence}").contains("unknown project"), "{silence}");
}

#[test]
fn a_pass_reads_the_folder_and_doctor_names_what_cannot_be_read() {
    let desk = Desk::new();
    desk.put("provwatch.toml", &format!("{DESK}[registries]\nnpm = {{ enabled = false }}\npypi = {{ enabled = false }}\ncargo = {{ enabled = false }}\n[logs]\nenabled = false\n[forges]\nenabled = false\n"));
    desk.put("inventory/shop/requirements.txt", "requests==2.0\n");
    desk.put("inventory/shop/project.toml", "owner = \"payments\"\n");
    desk.put("inventory/odd/notes.txt", "?\n!\n");
    desk.put("inventory/.upload/requirements.txt", "a==1\n");
    let pass = desk.run(&["run", "--once"]);
    let [shop] = desk.json(&["inventory", "list"]).try_into().unwrap_or_else(|all| panic!("{all:?}: {pass}"));
    assert_eq!((&shop["name"], &shop["owner"], &shop["releases"]), (&json!("shop"), &json!("payments"), &json!(1)));
    let alerts = desk.json(&["alerts", "list", "--kind", "operation"]);
    assert!(alerts.iter().any(|alert| alert["title"] == "1 project of the inventory cannot be read"), "{alerts:?}");
    let doctor = desk.run(&["doctor", "--offline"]);
    assert!(doctor.out.contains("1 of 2 projects in") && doctor.out.contains("odd: odd/notes.txt:1:"), "{doctor}");
    let removed = desk.run(&["inventory", "remove", "shop"]);
    assert!(removed.err.contains("remove that folder too"), "{removed}");
}

/// What was sent to a receiver about releases.
fn sent(rig: &Rig, name: &str) -> Vec<Value> {
    let messages = rig.world.received().into_iter().filter(|(path, _)| *path == format!("/{name}"));
    messages.map(|(_, body)| body).filter(|body| !body["data"]["purl"].is_null()).collect()
}

#[tokio::test]
async fn a_takeover_is_told_to_those_whose_projects_use_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let lock = |version: &str| {
        json!({"lockfileVersion": 3, "packages": {"node_modules/widget": {"version": version}}}).to_string()
    };
    put(folder.path(), "shop/package-lock.json", &lock("1.0.8"));
    put(folder.path(), "shop/project.toml", "owner = \"payments\"\n");
    put(folder.path(), "desk/package-lock.json", &lock("1.1.0"));
    let hook = |name: &str, of: &str| {
        format!(
            "[[subscriptions]]\nname = {name:?}\ntype = \"webhook\"\nurl = \"https://hooks.example/{name}\"\nmatch = {{ {of} }}\n"
        )
    };
    let (base, _) = CONFIG.split_once("[[subscriptions]]").unwrap();
    let inventory = format!("[inventory]\nfolder = {:?}\n", folder.path());
    let subscriptions = [
        hook("shop", "used_by = ['shop']"),
        hook("payments", "used_by_owners = ['payments']"),
        hook("any", "used_by = ['*']"),
        hook("other", "used_by = ['other']"),
    ];
    let rig =
        Rig::configured(&format!("{base}{inventory}{}", subscriptions.concat()), &["pkg:npm/widget", "pkg:npm/gadget"]);
    for package in ["widget", "gadget"] {
        rig.history(&format!("pkg:npm/{package}"), 8, &by_ada_attested(&workflow(package)));
    }
    rig.smooth_pass().await;
    rig.days_pass(2);
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.publish("pkg:npm/gadget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    for name in ["shop", "payments", "any"] {
        let about: Vec<Value> = sent(&rig, name).into_iter().map(|body| body["data"]["purl"].clone()).collect();
        assert!(
            about.contains(&json!("pkg:npm/widget@1.1.0")) && !about.contains(&json!("pkg:npm/gadget@1.1.0")),
            "{name}: {about:?}"
        );
    }
    assert!(sent(&rig, "other").is_empty());
    let used = &sent(&rig, "any")[0]["data"]["used_by"];
    assert_eq!((&used["projects"], &used["exact"], &used["names"]), (&json!(2), &json!(1), &json!(["desk", "shop"])));
    assert_eq!(used["uses"][0]["project"], "desk", "it has the very release");
    assert_eq!(used["uses"][1]["owner"], "payments");
}

#[tokio::test]
async fn the_daemon_reads_a_folder_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..12 {
        put(folder.path(), &format!("p{number}/requirements.txt"), "requests==2.0\n");
    }
    let rig = Rig::configured(&format!("[inventory]\nfolder = {:?}\n{CONFIG}", folder.path()), &[]);
    assert!(!rig.app.read_inventory().unwrap(), "the first look only remembers the files");
    let mut steps = 1;
    while rig.app.read_inventory().unwrap() {
        steps += 1;
    }
    assert_eq!((steps, rig.store().inventory_projects().unwrap().len()), (3, 12), "some at a time");
}
