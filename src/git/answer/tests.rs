//! Tests of reading answers to `ls-refs`: sound ones, odd ones, and any bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::git::{ReferenceList, pkt_line::write_line};

const A: &str = "0123456789abcdef0123456789abcdef01234567";
const B: &str = "89abcdef0123456789abcdef0123456789abcdef";

fn at() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// An answer with these lines, up to its end.
fn answer(lines: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in lines {
        write_line(&mut body, line);
    }
    body.extend_from_slice(b"0000");
    body
}

fn read(body: &[u8]) -> Result<References, AnswerError> {
    References::read(body, &Wanted::everything(), at())
}

fn why(body: &[u8]) -> String {
    read(body).unwrap_err().to_string()
}

fn names(list: &ReferenceList) -> Vec<(&str, String)> {
    list.iter().map(|(name, id)| (name, id.to_string())).collect()
}

#[test]
fn a_listing_has_tags_branches_and_the_default_branch() {
    let found = read(&answer(&[
        &format!("{A} HEAD symref-target:refs/heads/main"),
        &format!("{A} refs/heads/main"),
        &format!("{B} refs/heads/next"),
        &format!("{B} refs/tags/annotated peeled:{A}"),
        &format!("{B} refs/tags/light"),
    ]))
    .unwrap();
    assert_eq!(found.head, Some(Head { branch: Some("main".to_owned()), id: A.parse().unwrap() }));
    assert_eq!(names(&found.heads), [("main", A.to_owned()), ("next", B.to_owned())]);
    assert_eq!(names(&found.tags), [("annotated", A.to_owned()), ("light", B.to_owned())]);
    assert_eq!((found.at, found.left_out, found.moved_to), (at(), 0, None));
}

#[test]
fn what_a_server_may_add_changes_nothing() {
    let sha256 = "ab".repeat(32);
    let plain = answer(&[&format!("{A} refs/tags/v1")]);
    for body in [
        answer(&[&format!("{A} refs/tags/v1 signed:yes peeled-by:none")]),
        answer(&[&format!("{A} refs/tags/v1"), &format!("{B} refs/pull/1/head"), &format!("{B} refs/tags2")]),
        answer(&["unborn HEAD symref-target:refs/heads/main", &format!("{A} refs/tags/v1")]),
        answer(&[&format!("{} refs/tags/v1", A.to_uppercase())]),
        format!("0039{A} refs/tags/v10000").into_bytes(),
        [plain.as_slice(), b"0002"].concat(),
    ] {
        assert_eq!(read(&body), read(&plain), "{}", String::from_utf8_lossy(&body));
    }
    assert_eq!(read(b"0000").unwrap(), References::none(at()), "a repository without commits");
    let found = read(&answer(&[&format!("{sha256} refs/tags/v1 peeled:{sha256}")])).unwrap();
    assert_eq!(found.tags.get("v1").unwrap().to_string(), sha256);
    let detached = read(&answer(&[&format!("{A} HEAD")])).unwrap();
    assert_eq!(detached.head, Some(Head { branch: None, id: A.parse().unwrap() }));
}

#[test]
fn a_strange_name_hides_no_other() {
    let mut body = Vec::new();
    let long = format!("refs/tags/{}", "x".repeat(2_000));
    for name in [&b"refs/tags/v1\xff"[..], b"refs/tags/v1\x07", b"refs/tags/..", long.as_bytes()] {
        let line = [A.as_bytes(), b" ", name, b"\n"].concat();
        body.extend_from_slice(format!("{:04x}", line.len() + 4).as_bytes());
        body.extend_from_slice(&line);
    }
    body.extend_from_slice(&answer(&[&format!("{B} refs/tags/v1")]));
    let found = read(&body).unwrap();
    assert_eq!((found.tags.len(), found.tags.get("v1").is_some(), found.left_out), (1, true, 4));
}

#[test]
fn only_what_was_asked_for_is_read() {
    let body = answer(&[
        &format!("{A} HEAD symref-target:refs/heads/main"),
        &format!("{A} refs/heads/v1"),
        &format!("{A} refs/tags/v1"),
        &format!("{A} refs/tags/v2"),
    ]);
    let found = References::read(&body, &Wanted::tags(["v1"]), at()).unwrap();
    assert_eq!((found.head, found.heads.len()), (None, 0));
    assert_eq!(names(&found.tags), [("v1", A.to_owned())]);
}

#[test]
fn an_answer_in_another_form_says_which() {
    let (with, tag) = (|lines: &[&str]| why(&answer(lines)), format!("{A} refs/tags/v1"));
    let (sound, advertises) =
        (answer(&[&tag]), "the server advertises itself in place of an answer, as older protocols do");
    let goes_on = "the answer goes on where it has to end, after";
    for (said, expected) in [
        (why(b""), "the answer is empty: the server does not answer protocol version 2 here".to_owned()),
        (why(b"<html>"), "the length of the packet at byte 0 is not four hexadecimal digits: `<htm`".to_owned()),
        (with(&["# service=git-upload-pack"]), format!("{advertises}: `# service=git-upload-pack`")),
        (with(&["version 2", "agent=git/2.39.5", "ls-refs"]), format!("{advertises}: `version 2`")),
        (with(&["version 1", &tag]), format!("{advertises}: `version 1`")),
        (with(&[&format!("{A} HEAD\0multi_ack")]), format!("{advertises}: `{A} HEAD\u{fffd}multi_ack`")),
        (with(&["ERR denied\u{202e}"]), "the server reports an error: `denied\u{fffd}`".to_owned()),
        (with(&[&tag, "ERR gone"]), "the server reports an error: `gone`".to_owned()),
        (with(&[&tag, &tag]), "the answer has the reference `v1` twice".to_owned()),
        (with(&[&format!("{A} HEAD"), &format!("{A} HEAD")]), "the answer has the reference `HEAD` twice".to_owned()),
        (why(&sound[..20]), "the packet at byte 0 is cut off: 20 of its 58 bytes came".to_owned()),
        (why(&sound[..58]), "the answer ends after 1 line without the packet that marks its end".to_owned()),
        (why(&sound.repeat(2)), format!("{goes_on} 1 line")),
        (why(&[sound.as_slice(), b"0002<html>"].concat()), format!("{goes_on} 1 line")),
        (why(&[sound.as_slice(), b"0000"].concat()), format!("{goes_on} 1 line")),
        (why(b"00010000"), format!("{goes_on} 0 lines")),
        (why(b"0002"), format!("{goes_on} 0 lines")),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn a_line_that_is_not_a_reference_is_quoted() {
    let sha256 = "ab".repeat(32);
    for line in [
        String::new(),
        "NAK".to_owned(),
        "0123 refs/tags/v1".to_owned(),
        "refs/tags/v1".to_owned(),
        A.to_owned(),
        format!("{A} "),
        format!(" {A} refs/tags/v1"),
        format!("{A}  refs/tags/v1"),
        format!("{A}\trefs/tags/v1"),
        format!("g{} refs/tags/v1", &A[1..]),
        format!("{A} a peeled:12"),
        format!("{A} a peeled:"),
        format!("{A} a symref-target:b symref-target:b"),
        format!("{sha256} b"),
        format!("{A} a peeled:{sha256}"),
    ] {
        let said = why(&answer(&[&format!("{B} refs/heads/main"), &line]));
        assert_eq!(said, format!("line 2 is not a reference: `{}`", line.replace('\t', "\u{fffd}")));
    }
}

#[test]
fn an_answer_has_a_largest_length() {
    let mut body = Vec::new();
    for number in 0..=MAX_REFERENCES {
        write_line(&mut body, &format!("{A} refs/pull/{number}/head"));
    }
    assert_eq!(why(&body), "the answer has more than 200000 references");
}

#[test]
fn a_long_line_is_quoted_in_part() {
    let said = why(&answer(&[&"é".repeat(30_000)]));
    assert!(said.chars().count() < 200, "{said}");
}

/// Names as Git allows them.
fn tags() -> impl Strategy<Value = BTreeMap<String, [u8; 20]>> {
    prop::collection::btree_map("[a-zA-Z0-9@+ü_-]{1,12}", any::<[u8; 20]>(), 0..40)
}

fn sound(tags: &BTreeMap<String, [u8; 20]>) -> Vec<u8> {
    let lines: Vec<String> = tags.iter().map(|(name, id)| format!("{} refs/tags/{name}", hex::encode(id))).collect();
    answer(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn every_tag_is_found_with_its_commit(tags in tags()) {
        let found = read(&sound(&tags)).unwrap();
        prop_assert_eq!(found.tags.len(), tags.len());
        prop_assert!(tags.iter().all(|(name, id)| found.tags.get(name) == Some(ObjectId::Sha1(*id))));
    }

    #[test]
    fn a_part_of_an_answer_is_never_a_shorter_list(tags in tags(), cut in any::<prop::sample::Index>()) {
        let body = sound(&tags);
        prop_assert!(read(&body[..cut.index(body.len())]).is_err());
    }

    #[test]
    fn a_mutated_answer_is_a_list_or_one_bounded_error(
        tags in tags(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut body = sound(&tags);
        let length = body.len();
        for (place, byte) in &places {
            body[place.index(length)] = *byte;
        }
        match read(&body) {
            Ok(found) => prop_assert!(found.tags.len() + found.left_out <= tags.len() + length / 45),
            Err(error) => prop_assert!(error.to_string().chars().count() < 300),
        }
    }

    #[test]
    fn any_bytes_are_a_list_or_one_bounded_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Err(error) = read(&bytes) {
            prop_assert!(error.to_string().chars().count() < 300);
        }
    }
}
