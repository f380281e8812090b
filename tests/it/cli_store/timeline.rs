//! Tests of `provwatch timeline`: releases, and the events between them.

use super::Desk;

#[test]
fn releases_with_what_happened_between_them() {
    let desk = Desk::with_story();
    for (name, purl) in [("axios", "pkg:npm/axios"), ("requests", "pkg:pypi/requests")] {
        insta::assert_snapshot!(name, desk.run(&["timeline", purl]).screen());
    }
}

#[test]
fn the_newest_ones() {
    let desk = Desk::with_story();
    let ran = desk.run(&["timeline", "pkg:npm/axios", "--limit", "2", "--format", "json"]);
    let purls: Vec<_> = ran.objects().iter().map(|entry| entry["purl"].as_str().unwrap().to_owned()).collect();
    assert_eq!(purls, ["pkg:npm/axios@1.14.1", "pkg:npm/axios@1.14.0"]);
    let events = desk.run(&["timeline", "pkg:pypi/requests", "--format", "json"]).objects();
    assert_eq!(events[3]["action"], "add Owner mallory\u{202e}");
}

#[test]
fn a_package_of_which_nothing_is_stored() {
    insta::assert_snapshot!(Desk::with_story().run(&["timeline", "pkg:cargo/serde"]).screen());
}
