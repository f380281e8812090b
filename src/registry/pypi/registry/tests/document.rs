//! Tests of describing releases and their files from the index.

use super::*;

#[test]
fn quarantine_hides_files_but_unpublishes_nothing() {
    let mut body = simple(&json!([]), &[]);
    body["project-status"] = json!({"status": "quarantined", "reason": "malware"});
    let document = read(&body, &["3.0.0"]).unwrap();
    assert_eq!(document.status.as_deref(), Some("quarantined"));
    assert_eq!(document.versions, [("3.0.0".to_owned(), ReleaseStatus::Quarantined)]);
    assert_eq!((document.releases, document.unreadable), (vec![], vec![]));
}

#[test]
fn a_release_is_yanked_when_all_its_files_are() {
    for (yanked, status) in [
        ([json!(true), json!("broken")], ReleaseStatus::Yanked),
        ([json!(true), json!(false)], ReleaseStatus::Published),
        ([json!(""), json!("")], ReleaseStatus::Published),
        ([json!(""), json!("broken")], ReleaseStatus::Published),
        ([json!(" "), json!("broken")], ReleaseStatus::Yanked),
        ([json!(null), json!(null)], ReleaseStatus::Published),
    ] {
        let mut body = sampleproject();
        for (place, yanked) in [1, 2].into_iter().zip(yanked) {
            body["files"][place]["yanked"] = yanked;
        }
        let document = read(&body, &[]).unwrap();
        assert_eq!(document.versions[1], ("4.0.0".to_owned(), status));
        assert_eq!(document.releases[1].status, status);
    }
}

#[test]
fn a_bad_field_spoils_no_other_and_says_why() {
    let deep: Value = serde_json::from_str(&format!("{}{}", "[".repeat(100), "]".repeat(100))).unwrap();
    let cases = [
        ("hashes", json!({}), Unread::FILES, "sha256 is missing from its hashes"),
        ("hashes", json!({"sha256": "0ace"}), Unread::FILES, "\"0ace\" is not a SHA-256"),
        ("hashes", json!({"sha256": "\u{1F980}".repeat(16)}), Unread::FILES, "is not a SHA-256"),
        ("hashes", json!(null), Unread::FILES, "hashes are missing"),
        ("upload-time", json!("yesterday"), Unread::UPLOADED, "\"yesterday\" is not a time"),
        ("upload-time", json!("0000-01-01T00:00:00Z"), Unread::UPLOADED, "is not a time"),
        ("upload-time", json!(1_730_932_630), Unread::UPLOADED, "expected a string"),
        ("yanked", json!([1]), Unread::YANKED, "is neither yes, no, nor a reason"),
        ("yanked", deep, Unread::YANKED, "is neither yes, no, nor a reason"),
        ("provenance", json!({"url": "x"}), Unread::ATTESTATION, "expected a string"),
    ];
    for (key, value, place, why) in cases {
        let mut body = sampleproject();
        body["files"][1][key] = value;
        let document = read(&body, &[]).unwrap();
        assert_eq!((document.releases.len(), document.unreadable.len()), (2, 0), "{key}");
        assert!(document.releases[0].unread.is_empty());
        let release = &document.releases[1];
        let reason = release.unread.of(place).unwrap_or_else(|| panic!("{key}: {:?}", release.unread));
        assert!(reason.contains("sampleproject-4.0.0-py3-none-any.whl") && reason.contains(why), "{reason}");
        assert_eq!((release.unread.0.len(), release.files.len()), (1, 2));
        let unavailable = matches!(release.files[0].attestation, Some(Provenance::Unavailable { .. }));
        assert_eq!(unavailable, key == "provenance");
    }
}

#[test]
fn what_a_mirror_leaves_out_is_said() {
    let mut body = sampleproject();
    assert_eq!(read(&body, &[]).unwrap().releases[1].untold, [Aspect::Account, Aspect::Signature]);
    body["files"][1].as_object_mut().unwrap().remove("provenance");
    assert!(read(&body, &[]).unwrap().releases[1].untold.contains(&Aspect::Attestation));
    // Before PEP 700 there were neither versions nor times.
    body.as_object_mut().unwrap().remove("versions");
    for file in body["files"].as_array_mut().unwrap() {
        file.as_object_mut().unwrap().remove("upload-time");
    }
    let document = read(&body, &[]).unwrap();
    let versions: Vec<_> = document.releases.iter().map(|release| release.id.version()).collect();
    assert_eq!(versions, ["3.0.0", "4.0.0"]);
    assert!(document.releases.iter().all(|release| !release.is_dated() && release.untold.contains(&Aspect::Time)));
}

#[test]
fn a_version_without_a_file_is_ordinary() {
    let mut body = sampleproject();
    body["versions"] = json!(["3.0.0", "4.0.0", "5.0.0"]);
    // An old file with a name unlike the project's affects only itself.
    let odd = file("python-sampleproject_3.0.0-1_all.deb", "2022-12-01T19:51:04Z", false);
    for odd in [None, Some(odd)] {
        body["files"].as_array_mut().unwrap().extend(odd.clone());
        let document = read(&body, &["5.0.0"]).unwrap();
        assert!(document.versions.iter().all(|(version, _)| version != "5.0.0"), "there is nothing to install");
        assert_eq!(document.bare, ["5.0.0"]);
        assert_eq!(document.unreadable.len(), usize::from(odd.is_some()), "{:?}", document.unreadable);
    }
}

#[test]
fn a_file_under_another_version_is_told_as_such() {
    for (name, version) in [
        ("sampleproject-4.0.1.tar.gz", "4.0.1"),
        ("sampleproject-4.0.0.post1-py3-none-any.whl", "4.0.0.post1"),
        ("SampleProject-5.0b1.zip", "5.0b1"),
    ] {
        let mut body = sampleproject();
        body["files"].as_array_mut().unwrap().push(file(name, "2024-12-01T19:51:04Z", true));
        let document = read(&body, &[]).unwrap();
        assert_eq!((document.unreadable.len(), document.releases.len()), (0, 3), "{name}");
        let release = document.releases.iter().find(|release| release.id.version() == version).unwrap();
        let why = release.unread.of(Unread::FILE_VERSION).unwrap();
        assert_eq!(why, format!("the file {name} names the version {version}, which the project does not list"));
        assert!(document.versions.contains(&(version.to_owned(), ReleaseStatus::Published)), "{name}");
        let others = document.releases.iter().filter(|release| release.id.version() != version);
        assert!(others.map(|release| release.unread.0.len()).all(|unread| unread == 0), "{name}");
    }
}

#[test]
fn what_the_index_says_of_the_project_is_kept_as_it_is() {
    for (status, kept, of_releases) in [
        (json!({"status": "active"}), None, ReleaseStatus::Published),
        (json!({"status": "archived", "reason": "see the successor"}), Some("archived"), ReleaseStatus::Published),
        (json!({"status": "deprecated"}), Some("deprecated"), ReleaseStatus::Published),
        (json!({"status": "quarantined"}), Some("quarantined"), ReleaseStatus::Quarantined),
        (json!({"status": "a word of the future"}), Some("a word of the future"), ReleaseStatus::Published),
        (json!({"status": 7}), None, ReleaseStatus::Published),
        (json!({}), None, ReleaseStatus::Published),
        (json!("archived"), None, ReleaseStatus::Published),
        (json!(null), None, ReleaseStatus::Published),
    ] {
        let mut body = sampleproject();
        body["project-status"] = status.clone();
        let document = read(&body, &[]).unwrap();
        assert_eq!(document.status.as_deref(), kept, "{status}");
        let statuses: Vec<_> = document.versions.iter().map(|(_, status)| *status).collect();
        assert_eq!(statuses, [of_releases; 2], "{status}");
        assert_eq!(document.releases.len(), 2, "what is listed is described: {status}");
    }
}

#[test]
fn what_cannot_be_placed_is_kept_as_unreadable() {
    let mut body = sampleproject();
    body["versions"] = json!(["3.0.0", "4.0.0", "4.0.0", "5.0.0", 7, "a b", "..", null]);
    let files = body["files"].as_array_mut().unwrap();
    files.push(file("other-4.0.0.tar.gz", "2024-11-06T22:37:08Z", true));
    files.push(file("../sampleproject-4.0.0.tar.gz", "2024-11-06T22:37:08Z", true));
    files.push(json!(null));
    files.push(json!({"filename": 1}));
    let document = read(&body, &[]).unwrap();
    assert_eq!(document.releases.len(), 2);
    let mut unreadable: Vec<_> = document.unreadable.iter().map(|(what, _)| what.as_str()).collect();
    unreadable.sort_unstable();
    let nameless: Vec<_> =
        unreadable.extract_if(.., |what| what.starts_with("file entry ")).map(str::to_owned).collect();
    assert_eq!(nameless.len(), 2);
    assert_eq!(
        unreadable,
        ["\"..\"", "\"a b\"", "../sampleproject-4.0.0.tar.gz", "5.0.0", "7", "null", "other-4.0.0.tar.gz"]
    );
    body["files"].as_array_mut().unwrap().insert(0, file("sampleproject-2.0.0.tar.gz", "2021-11-06T22:37:08Z", true));
    let document = read(&body, &[]).unwrap();
    let again = document.unreadable.iter().filter(|(what, _)| nameless.contains(what));
    assert_eq!(again.count(), 2, "what is called after its place would be new with every file");
}

#[test]
fn a_release_without_any_upload_time_is_not_dated_by_guess() {
    let mut body = sampleproject();
    body["files"][0].as_object_mut().unwrap().remove("upload-time");
    let document = read(&body, &[]).unwrap();
    assert!(!document.releases[0].is_dated() && document.releases[1].is_dated());
    body["files"][0]["upload-time"] = json!(7);
    let document = read(&body, &[]).unwrap();
    assert!(!document.releases[0].is_dated() && document.releases[0].unread.of(Unread::TIME).is_some());
}

#[test]
fn bodies_that_are_no_document_are_refused_by_reason() {
    let whole = sampleproject().to_string();
    let other = whole.replace("\"name\":\"sampleproject\"", "\"name\":\"evil\"");
    let files = whole.replace("\"files\":[", "\"files\":7,\"x\":[");
    let newer = whole.replace("\"1.4\"", "\"2.0\"");
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    let cases: [(&[u8], &str); 10] = [
        (b"", "EOF"),
        (b"<!DOCTYPE html><title>maintenance</title>", "expected value"),
        (b"null", "invalid type"),
        (b"{}", "the name is missing"),
        (b"{\"name\":\"\xff\"}", "invalid unicode"),
        (&whole.as_bytes()[..whole.len() / 2], "EOF"),
        (other.as_bytes(), "of the project \"evil\""),
        (files.as_bytes(), "its files: invalid type"),
        (newer.as_bytes(), "API version is \"2.0\""),
        (deep.as_bytes(), ""),
    ];
    for (body, why) in cases {
        let error = Project::read(body, &package()).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn pages_for_people() {
    let page = registry().page(&package().at("1!4.0.0"));
    assert_eq!(page.as_str(), "https://pypi.example/project/sampleproject/1!4.0.0/");
}
