//! Mutation tests of package documents: no version is lost.

use super::*;

/// Every version key ends in exactly one of `releases`, the known ones, and `unreadable`.
fn assert_nothing_is_dropped(body: &Value, known: &[&str]) {
    let document = read("x", &body.to_string(), known).unwrap();
    let mut seen: Vec<&str> = document.releases.iter().map(|release| release.id.version()).collect();
    seen.extend(document.unreadable.iter().map(|(version, _)| version.as_str()));
    seen.sort_unstable();
    let mut expected: Vec<&str> = body["versions"].as_object().unwrap().keys().map(String::as_str).collect();
    expected.retain(|version| !known.contains(version));
    expected.sort_unstable();
    assert_eq!(seen, expected);
    let published = document.versions.iter().filter(|(_, status)| *status == ReleaseStatus::Published);
    assert_eq!(published.count(), body["versions"].as_object().unwrap().len());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}|name|url|id", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const FIELDS: [&str; 10] = [
    "version",
    "_npmUser",
    "dist",
    "repository",
    "gitHead",
    "scripts",
    "dependencies",
    "optionalDependencies",
    "maintainers",
    "unknown",
];

proptest! {
    #[test]
    fn no_version_is_dropped(
        changes in prop::collection::vec((0..4_usize, prop::sample::select(&FIELDS[..]), any_json()), 0..6),
        times in prop::collection::vec(any_json(), 4),
        known in prop::collection::btree_set(prop::sample::select(&["1.0.0", "1.0.1", "1.0.2", "1.0.3"][..]), 0..3),
    ) {
        let names = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"];
        let mut body = json!({"name": "x", "versions": {}, "time": {}});
        for (name, time) in names.iter().zip(&times) {
            body["versions"][name] = version("x", name);
            body["time"][name] = if time.is_null() { json!("2026-01-01T00:00:00Z") } else { time.clone() };
        }
        for (index, field, value) in changes {
            body["versions"][names[index]][field] = value;
        }
        assert_nothing_is_dropped(&body, &known.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn no_mutation_of_a_document_panics(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut body = axios().to_string().into_bytes();
        let cut = cut.index(body.len());
        let at = at.index(body.len());
        let package = package("axios");
        let addresses = Addresses::below("https://npm.example/".parse().unwrap());
        body[at] = byte;
        for body in [&body[..], &body[..cut]] {
            _ = Packument::read(&package, body).map(|document| document.describe(&Known::default(), None, &addresses));
        }
    }
}
