//! Tests of what is GitLab's own: projects, confidential issues, limits and refusals.

use super::*;
use crate::deliver::{
    Message, Sink, samples,
    sinks::{
        issues::forge::{Dialect, Forge, TOKEN},
        stand_in::{Said, against},
    },
};

async fn deliver(forge: &mut Forge, thread: Option<&str>) -> Result<String, SinkError> {
    let message = Message { thread: thread.map(str::to_owned), ..samples::message(samples::takeover()) };
    Box::pin(against(forge, async |http, url| {
        let sink = Forge::sink(Dialect::GitLab, http, url);
        assert!(!format!("{sink:?}").contains(TOKEN));
        sink.deliver(&message).await.map(|receipt| receipt.detail)
    }))
    .await
}

#[tokio::test]
async fn the_path_of_a_project_is_one_part() {
    let mut forge = Forge::new(Dialect::GitLab);
    assert_eq!(deliver(&mut forge, None).await.unwrap(), "made acme/sec/alerts#1");
    let is_below = |line: &String| line.contains(" /projects/acme%2Fsec%2Falerts/issues") || line == "GET /user";
    assert!(forge.lines.iter().all(is_below), "{:?}", forge.lines);
}

#[tokio::test]
async fn a_moved_issue_is_made_again() {
    let mut forge = Forge::new(Dialect::GitLab);
    let moved = json!({ "iid": 1, "description": "", "state": "closed", "moved_to_id": 99 });
    forge.faults.refuse("issues/1", Said::json(200, &moved));
    assert_eq!(deliver(&mut forge, Some("acme/sec/alerts#1")).await.unwrap(), "made acme/sec/alerts#1");
}

#[tokio::test]
async fn refusals_and_limits_are_understood() {
    for (status, headers, body, said, kind) in [
        (429, vec![("retry-after", "9".to_owned())], "Retry later".to_owned(), "429", "temporary"),
        (400, vec![], json!({ "message": { "title": ["is too long"] } }).to_string(), "is too long", "refused"),
        (403, vec![], json!({ "message": "403 Forbidden" }).to_string(), "the role Reporter", "temporary"),
        (
            403,
            vec![],
            json!({ "error": "insufficient_scope", "error_description": "needs api" }).to_string(),
            "needs api",
            "temporary",
        ),
        (404, vec![], json!({ "message": "404 Project Not Found" }).to_string(), "check `project`", "temporary"),
    ] {
        let mut forge = Forge::new(Dialect::GitLab);
        forge.faults.refuse("POST", Said::Answer(status, headers.clone(), body));
        let error = deliver(&mut forge, None).await.unwrap_err();
        let is_kind = match &error {
            SinkError::Temporary { retry_after, .. } => kind == "temporary" && retry_after.is_some() == (status == 429),
            _ => kind == "refused",
        };
        assert!(is_kind && error.report().contains(said), "{error:?}");
    }
}
