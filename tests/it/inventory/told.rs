//! Tests of who is named where commands answer about releases: alerts, look-ups, searches and incidents.

use serde_json::json;

use super::{Desk, words};

#[test]
fn alerts_and_look_ups_say_who_uses_a_package() {
    let desk = Desk::new();
    desk.lock("1.14.1");
    assert_eq!(desk.json(&["alerts", "list", "--used"]).len(), 0);
    desk.run(&["inventory", "add", "shop", "package-lock.json", "--owner", "payments"]);
    desk.put("requirements.txt", "left-pad==1.0\n");
    desk.run(&["inventory", "add", "site", "requirements.txt"]);
    let listed = desk.run(&["alerts", "list", "--used", "--status", "open"]);
    assert!(listed.code == 3 && listed.out.contains("used by shop"), "{listed}");
    let id = desk.json(&["alerts", "list", "--used"])[0]["id"].as_str().unwrap().to_owned();
    let shown = desk.run(&["alerts", "show", &id]);
    assert!(
        shown.out.contains("used by") && shown.out.contains("shop (payments) locks 1.14.1 directly (required,"),
        "{shown}"
    );
    let json = desk.json(&["alerts", "show", &id]).remove(0);
    assert_eq!(json["used_now"]["releases"]["uses"][0]["project"], "shop");
    // A package that is not watched.
    let missing = desk.run(&["lookup", "pkg:pypi/left-pad@1.0.0"]);
    assert!(missing.code == 4 && missing.out.contains("site locks 1.0 (since"), "{missing}");
    assert_eq!(desk.json(&["lookup", "pkg:pypi/left-pad"])[0]["used_by"]["packages"]["projects"], 1);
    let none = desk.run(&["lookup", "pkg:npm/nothing"]);
    assert!(none.out.contains("no project of the inventory, now or before"), "{none}");
}

#[test]
fn incidents_and_searches_say_who_uses_each_release() {
    let desk = Desk::new();
    let nothing = desk.run(&["incident", "pkg:npm/axios@1.14.1"]);
    assert!(!nothing.out.contains("used by"), "without projects there is nothing to say: {nothing}");
    desk.lock("1.14.1");
    desk.run(&["inventory", "add", "shop", "package-lock.json", "--owner", "payments"]);
    let told = "pkg:npm/axios@1.14.1: 1 project: shop (payments) locks 1.14.1 directly (required, since 20";
    for arguments in
        [&["incident", "pkg:npm/axios@1.14.1"][..], &["lookup", "pkg:npm/axios@1.14.1", "--since", "2026-01-01"]]
    {
        let said = desk.run(arguments);
        assert!(words(&said.out).contains(told), "{arguments:?}: {said}");
        let used = &desk.json(arguments)[0]["used_by"];
        assert_eq!((&used["projects"], &used["uses"][0]["project"]), (&json!(1), &json!("shop")), "{arguments:?}");
    }
    let unused =
        desk.run(&["incident", "pkg:npm/axios@1.14.0", "--since", "2026-01-05", "--until", "2026-01-05T00:00:01Z"]);
    assert!(unused.out.contains("No project of the inventory uses one of these releases, or used one."), "{unused}");
    // The store does not have it, because it is not watched.
    let unknown = desk.run(&["incident", "pkg:npm/form-data@4.0.4"]);
    assert!(unknown.code == 4 && unknown.out.contains("shop (payments) locks 4.0.4 through axios@1.14.1"), "{unknown}");

    assert_eq!(desk.run(&["incident", "open", "axios", "pkg:npm/axios@1.14.1", "--reason", "a stolen token"]).code, 0);
    let case = desk.json(&["incident", "show", "axios"]).remove(0);
    assert_eq!((&case["used"][0]["purl"], &case["used"][0]["projects"]), (&json!("pkg:npm/axios@1.14.1"), &json!(1)));
    let ticket = desk.run(&["incident", "show", "axios", "--markdown"]);
    assert!(ticket.out.contains("## Used by") && ticket.out.contains("shop (payments) locks 1.14.1"), "{ticket}");
}

#[test]
fn a_digest_leads_to_the_projects_also_of_a_package_that_is_not_watched() {
    let desk = Desk::new();
    let digest = "ab".repeat(32);
    desk.put("requirements.txt", &format!("left-pad==1.0 --hash=sha256:{digest}\n"));
    desk.run(&["inventory", "add", "site", "requirements.txt"]);
    for term in [format!("sha256:{digest}"), digest.clone()] {
        let said = desk.run(&["lookup", &term]);
        assert!(
            words(&said.out).contains("demand this digest of pkg:pypi/left-pad@1.0: 1 project: site locks 1.0 (since"),
            "{said}"
        );
    }
}
