//! Tests of playing recorded HTTP exchanges.

use std::{fs, sync::Arc};

use tempfile::TempDir;

use super::*;
use crate::http::{RecordingTransport, ScriptedTransport, Validators};

fn get(url: &str) -> Request {
    Request::get(url.parse().unwrap())
}

fn conditional(url: &str, etag: &str) -> Request {
    let validators = Validators { etag: Some(etag.to_owned()), last_modified: None };
    get(url).header("if-none-match", etag).unless(Some(validators))
}

fn folder(index: &str, bodies: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(INDEX), index).unwrap();
    for (name, body) in bodies {
        fs::write(folder.path().join(name), body).unwrap();
    }
    folder
}

fn open(folder: &Path) -> Result<RecordedTransport, RecordingError> {
    let read = |file: &str| {
        let path = folder.join(file);
        let read = fs::read(&path).map(Bytes::from);
        read.map_err(|source| RecordingError::File { action: "reading", path, source })
    };
    RecordedTransport::from_parts("test", &read(INDEX)?, read)
}

async fn play(transport: &dyn Transport, request: Request) -> String {
    match transport.exchange(&request).await {
        Ok(response) => format!("{} {}", response.status, String::from_utf8_lossy(&response.body)),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn answers_of_one_request_are_played_in_order_and_the_last_is_repeated() {
    let index = r#"[
        {"method": "GET", "url": "https://npm.example/axios", "status": 200, "headers": [["etag", "\"1\""]], "body_file": "1.json"},
        {"method": "GET", "url": "https://npm.example/other", "status": 404},
        {"method": "GET", "url": "https://npm.example/axios", "status": 200, "headers": [["etag", "\"2\""]], "body_file": "2.json"}
    ]"#;
    let folder = folder(index, &[("1.json", "one"), ("2.json", "two")]);
    let recording = open(folder.path()).unwrap();
    let url = "https://npm.example/axios";
    assert_eq!(play(&recording, get(url)).await, "200 one");
    assert_eq!(play(&recording, get(url)).await, "200 two");
    assert_eq!(play(&recording, get(url)).await, "200 two");
    assert_eq!(play(&recording, conditional(url, "\"2\"")).await, "304 ");
    assert_eq!(play(&recording, conditional(url, "\"1\"")).await, "200 two");
    assert_eq!(play(&recording, get("https://npm.example/other")).await, "404 ");
}

#[tokio::test]
async fn a_recorded_304_is_only_for_those_who_ask_for_it() {
    let index = r#"[
        {"method": "GET", "url": "https://npm.example/axios", "status": 200, "body_file": "1.json"},
        {"method": "GET", "url": "https://npm.example/axios", "status": 304}
    ]"#;
    let recording = open(folder(index, &[("1.json", "one")]).path()).unwrap();
    let url = "https://npm.example/axios";
    assert_eq!(play(&recording, get(url)).await, "200 one");
    assert_eq!(play(&recording, get(url)).await, "200 one");
    assert_eq!(play(&recording, conditional(url, "\"1\"")).await, "304 ");
}

#[tokio::test]
async fn what_is_not_recorded_is_said_and_not_tried_again() {
    let recording = RecordedTransport::from_parts("demo", b"[]", |_| Ok(Bytes::new())).unwrap();
    let error = recording.exchange(&get("https://npm.example/axios")).await.unwrap_err();
    assert_eq!(error.to_string(), "the recording demo has no answer to GET https://npm.example/axios");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn what_was_recorded_is_what_is_played() {
    let script = Arc::new(ScriptedTransport::new());
    script.answer("/axios", 200, &[("etag", "\"1\""), ("date", "now"), ("set-cookie", "secret")], "one");
    script.answer("/axios", 404, &[], "");
    script.answer("/rpc", 200, &[], "first");
    script.answer("/rpc", 200, &[], "second");
    script.fail("/axios", "reset");
    let recorder = RecordingTransport::new(script);
    let post = |body: &'static str| Request::post("https://pypi.example/rpc".parse().unwrap(), "text/xml", body);
    let requests =
        || [get("https://npm.example/axios"), get("https://npm.example/axios"), post("since 1"), post("since 2")];
    for request in requests() {
        recorder.exchange(&request.header("authorization", "secret")).await.unwrap();
    }
    recorder.exchange(&get("https://npm.example/axios")).await.unwrap_err();

    let folder = TempDir::new().unwrap();
    recorder.save(folder.path()).unwrap();
    let index = fs::read_to_string(folder.path().join(INDEX)).unwrap();
    assert!(!index.contains("secret") && !index.contains("date"), "{index}");
    let recording = open(folder.path()).unwrap();
    assert_eq!(play(&recording, post("since 2")).await, "200 second");
    assert_eq!(play(&recording, post("since 1")).await, "200 first");
    assert_eq!(play(&recording, get("https://npm.example/axios")).await, "200 one");
    assert_eq!(play(&recording, get("https://npm.example/axios")).await, "404 ");
    assert!(play(&recording, post("since 3")).await.contains("has no answer to POST"));
    assert!(play(&recording, post("since 1").max_body(2)).await.contains("larger than 2 bytes"));
}

#[test]
fn malformed_recordings_are_refused_with_the_reason() {
    let exchange = |part: &str| format!(r#"[{{"method": "GET", "status": 200, {part}}}]"#);
    let table = [
        ("{}".to_owned(), "not an array of exchanges"),
        (
            r#"[{"method": "DELETE", "url": "https://a.example/", "status": 200}]"#.to_owned(),
            "not an array of exchanges",
        ),
        (exchange(r#""url": "https://a.example/", "extra": 1"#), "not an array of exchanges"),
        (exchange(r#""url": "nonsense""#), "exchange 1 of the recording: `nonsense` is not a URL"),
        (exchange(r#""url": "https://A.example""#), "must be written `https://a.example/`"),
        (exchange(r#""url": "https://a.example/", "body_file": "../secret""#), "not a path inside the folder"),
        (exchange(r#""url": "https://a.example/", "body_file": "/etc/passwd""#), "not a path inside the folder"),
        (exchange(r#""url": "https://a.example/", "body_file": "a/../../b""#), "not a path inside the folder"),
        (exchange(r#""url": "https://a.example/", "body_file": """#), "not a path inside the folder"),
        (exchange(r#""url": "https://a.example/", "body_file": "missing""#), "reading the recording's file"),
        (r#"[{"method": "GET", "url": "https://a.example/", "status": 99}]"#.to_owned(), "99 is not a final status"),
    ];
    for (index, expected) in table {
        let error = open(folder(&index, &[]).path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{index}: {error}");
    }
}
