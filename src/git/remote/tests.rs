//! Tests of the exchange with a server: what is sent, and what each answer means.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::*;
use crate::{
    clock::ManualClock,
    git::pkt_line::write_line,
    http::{Policy, Response, RetryPolicy, ScriptedTransport, Transport, TransportError},
    text::with_causes,
};

const A: &str = "0123456789abcdef0123456789abcdef01234567";
const SERVICE: &str = "/acme/widget.git/git-upload-pack";

struct Lab {
    script: Arc<ScriptedTransport>,
    remote: GitRemote,
}

impl Lab {
    fn new() -> Self {
        let script = Arc::new(ScriptedTransport::new());
        Self { remote: GitRemote::new(&client(script.clone())), script }
    }

    /// What comes of an answer.
    async fn told(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<References, GitError> {
        let lab = Self::new();
        for _ in 0..ATTEMPTS {
            lab.script.answer("", status, headers, body.to_vec());
        }
        lab.remote.list(&widget()).await
    }
}

fn client(transport: Arc<dyn Transport>) -> Client {
    let retry = RetryPolicy { jitter_seed: Some(7), ..RetryPolicy::default() };
    let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
    Client::with_policy(transport, clock, Policy { retry, ..Policy::default() })
}

fn widget() -> RepositoryUrl {
    RepositoryUrl::new("forge.example", "acme/widget").unwrap()
}

const GIT: &[(&str, &str)] = &[("content-type", RESULT_TYPE)];

fn answer(lines: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in lines {
        write_line(&mut body, line);
    }
    body.extend_from_slice(b"0000");
    body
}

#[tokio::test]
async fn one_post_tells_the_commit_of_a_tag() {
    let lab = Lab::new();
    lab.script.answer(SERVICE, 200, GIT, answer(&[&format!("{A} refs/tags/v1.2.3")]));
    let names = ["v1.2.3".to_owned(), "1.2.3".to_owned()];
    let found = lab.remote.tags_with_prefix(&widget(), &names).await.unwrap();
    assert_eq!(found.tags.get("v1.2.3"), Some(A.parse().unwrap()));
    assert_eq!(found.tags.get("1.2.3"), None);
    assert_eq!((found.moved_to, found.at.to_rfc3339().as_str()), (None, "2026-06-01T12:00:00+00:00"));
    let sent = lab.script.requests();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].url.as_str(), "https://forge.example/acme/widget.git/git-upload-pack");
    for (name, value) in [
        ("git-protocol", "version=2"),
        ("content-type", "application/x-git-upload-pack-request"),
        ("accept", "application/x-git-upload-pack-result"),
        ("user-agent", AGENT),
    ] {
        assert_eq!(sent[0].header_value(name), Some(value), "{name}");
    }
    let body = String::from_utf8(sent[0].body.clone().unwrap().to_vec()).unwrap();
    assert!(
        body.contains("ref-prefix refs/tags/v1.2.3\n")
            && body.ends_with("ref-prefix refs/tags/1.2.3\n0014ref-prefix HEAD\n0000"),
        "{body}"
    );
}

#[tokio::test]
async fn names_that_cannot_be_asked_for_are_not_asked_for() {
    let lab = Lab::new();
    let found = lab.remote.tags_with_prefix(&widget(), &["a b".to_owned(), String::new()]).await.unwrap();
    assert!(found.tags.is_empty(), "without a prefix the server would list everything");
    let many = vec!["v1".to_owned(); MAX_PREFIXES + 1];
    let error = lab.remote.tags_with_prefix(&widget(), &many).await.unwrap_err();
    assert_eq!(error.to_string(), "65 prefixes of tags are more than the 64 of one request");
    assert!(lab.script.requests().is_empty());
}

#[tokio::test]
async fn every_refusal_says_what_it_means() {
    let page: &[(&str, &str)] = &[("content-type", "text/html; charset=utf-8")];
    let odd: &[(&str, &str)] = &[("content-type", "text/\u{202e}html")];
    for (status, headers, body, hidden, expected) in [
        (
            401,
            page,
            &b"Repository not found."[..],
            true,
            "https://forge.example/acme/widget is private or does not exist: the server answers only with credentials (401)",
        ),
        (404, page, b"", true, "https://forge.example/acme/widget does not exist: the server answered 404"),
        (410, page, b"", true, "https://forge.example/acme/widget does not exist: the server answered 410"),
        (403, page, b"", false, "the server refuses to list the references of https://forge.example/acme/widget (403)"),
        (451, page, b"", false, "the server refuses to list the references of https://forge.example/acme/widget (451)"),
        (
            200,
            page,
            b"<html>",
            false,
            "https://forge.example/acme/widget answers with `text/html; charset=utf-8` in place of Git's protocol",
        ),
        (
            200,
            odd,
            b"",
            false,
            "https://forge.example/acme/widget answers with `text/\u{fffd}html` in place of Git's protocol",
        ),
        (200, &[], b"0000", false, "https://forge.example/acme/widget answers with `` in place of Git's protocol"),
        (
            200,
            GIT,
            b"<html>",
            false,
            "reading the references of https://forge.example/acme/widget: the length of the packet at byte 0 is not four hexadecimal digits: `<htm`",
        ),
        (
            200,
            GIT,
            b"",
            false,
            "reading the references of https://forge.example/acme/widget: the answer is empty: the server does not answer protocol version 2 here",
        ),
    ] {
        let error = Lab::told(status, headers, body).await.unwrap_err();
        assert_eq!(with_causes(&error), expected);
        assert_eq!((error.is_hidden(), error.is_transient(), error.retry_after()), (hidden, false, None), "{expected}");
    }
}

#[tokio::test]
async fn what_may_pass_is_asked_again_and_says_when() {
    let lab = Lab::new();
    lab.script.answer(SERVICE, 502, &[], "");
    lab.script.answer(SERVICE, 200, GIT, answer(&[]));
    assert!(lab.remote.list(&widget()).await.is_ok());
    let error = Lab::told(429, &[("retry-after", "600")], b"").await.unwrap_err();
    assert_eq!((error.is_transient(), error.retry_after()), (true, Some(Duration::from_mins(10))));
    let expected = "asking https://forge.example/acme/widget for its references: fetching \
        https://forge.example/acme/widget.git/git-upload-pack: the server answered 429 after 1 attempt; it wants to be asked \
        again in 600 s";
    assert_eq!(with_causes(&error), expected);
    let error = Lab::told(403, &[("retry-after", "60")], b"").await.unwrap_err();
    assert_eq!((error.is_transient(), error.retry_after()), (true, Some(Duration::from_mins(1))));
}

#[tokio::test]
async fn a_renamed_repository_is_asked_under_its_new_name_and_told() {
    for status in [301, 302, 307, 308] {
        let lab = Lab::new();
        let to = "https://forge.example/acme/gadget.git/git-upload-pack";
        lab.script.answer(SERVICE, status, &[("location", to)], "");
        lab.script.answer("/acme/gadget.git/git-upload-pack", 200, GIT, answer(&[&format!("{A} refs/tags/v1")]));
        let found = lab.remote.list(&widget()).await.unwrap();
        assert_eq!(found.moved_to, Some(RepositoryUrl::new("forge.example", "acme/gadget").unwrap()));
        assert_eq!(found.tags.len(), 1);
        let bodies: Vec<_> = lab.script.requests().into_iter().map(|request| request.body).collect();
        assert_eq!(bodies[0], bodies[1], "the question goes along");
    }
}

#[tokio::test]
async fn a_redirect_leads_neither_to_another_host_nor_on_and_on() {
    for location in
        ["https://evil.example/acme/widget.git/git-upload-pack", "/login?next=widget", "", "http://10.0.0.1/"]
    {
        let error = Lab::told(301, &[("location", location)], b"").await.unwrap_err();
        let expected = format!(
            "https://forge.example/acme/widget redirects to `{location}`, which is not another repository of the same host"
        );
        assert_eq!(error.to_string(), expected);
    }
    let lab = Lab::new();
    for number in 0..10 {
        let to = format!("/acme/gadget-{number}.git/git-upload-pack");
        lab.script.answer("", 301, &[("location", &to)], "");
    }
    let error = lab.remote.list(&widget()).await.unwrap_err();
    assert_eq!(error.to_string(), "https://forge.example/acme/widget redirects more than 2 times");
    assert_eq!(lab.script.requests().len(), 3);
}

#[tokio::test]
async fn a_repository_with_the_newer_hash_is_asked_in_its_own_terms() {
    let lab = Lab::new();
    let id = "ab".repeat(32);
    lab.script.answer(SERVICE, 200, GIT, "");
    lab.script.answer(SERVICE, 200, GIT, answer(&[&format!("{id} refs/tags/v1")]));
    let found = lab.remote.list(&widget()).await.unwrap();
    assert_eq!(found.tags.get("v1").unwrap().to_string(), id);
    let sent = lab.script.requests();
    let names_it =
        |at: usize| String::from_utf8_lossy(sent[at].body.as_ref().unwrap()).contains("object-format=sha256");
    assert_eq!((names_it(0), names_it(1), sent.len()), (false, true, 2));
}

#[tokio::test]
async fn too_large_an_answer_is_given_up() {
    let error = Lab::told(200, GIT, &vec![b'0'; 24 * 1024 * 1024 + 1]).await.unwrap_err();
    let said = with_causes(&error);
    assert!(said.ends_with("no usable answer after 1 attempt: the body is larger than 25165824 bytes"), "{said}");
}

/// Never answers.
#[derive(Debug)]
struct Silent;

impl Transport for Silent {
    fn exchange<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_ends_with_the_callers_allowance() {
    let none = Duration::ZERO;
    let remote =
        GitRemote::new(&client(Arc::new(Silent)).within(Allowance { patience: none, exchange: none, together: none }));
    let error = remote.list(&widget()).await.unwrap_err();
    assert!(with_causes(&error).ends_with("no whole answer within 0 s"), "{error:?}");
}

#[tokio::test]
async fn a_host_is_asked_within_its_limits() {
    let script = Arc::new(ScriptedTransport::new());
    let clock = Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z"));
    let client = Client::new(script.clone(), clock.clone());
    for _ in 0..80 {
        script.answer("", 200, GIT, "0000");
        GitRemote::new(&client).list(&widget()).await.unwrap();
    }
    let elapsed = crate::clock::Clock::steady(&*clock);
    assert_eq!(elapsed.as_secs(), 60, "twenty at once and one a second, however many ask");
}
