//! Tests of what is GitHub's own: labels, assignees, limits and refusals.

use super::*;
use crate::deliver::{
    Sink, samples,
    sinks::{
        issues::{
            forge::{Dialect, Forge, TOKEN},
            marker,
        },
        stand_in::{Said, against},
    },
};

async fn deliver(forge: &mut Forge) -> Result<String, SinkError> {
    Box::pin(against(forge, async |http, url| {
        let sink = Forge::sink(Dialect::GitHub, http, url);
        assert!(!format!("{sink:?}").contains(TOKEN));
        sink.deliver(&samples::message(samples::takeover())).await.map(|receipt| receipt.detail)
    }))
    .await
}

#[tokio::test]
async fn an_unknown_assignee_does_not_lose_the_alert() {
    let mut forge = Forge::new(Dialect::GitHub);
    assert_eq!(deliver(&mut forge).await.unwrap(), "made acme/alerts#1");
    assert_eq!(forge.issues[0].labels, ["provwatch", "security"]);
    assert!(forge.issues[0].assignees.is_empty());
    let posts = forge.lines.iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!(posts, 2);

    let mut forge = Forge::new(Dialect::GitHub);
    let refusal = Said::json(422, &json!({ "message": "Validation Failed", "errors": [{ "field": "labels" }] }));
    forge.faults.refuse("POST", refusal.clone());
    forge.faults.refuse("POST", refusal.clone());
    assert_eq!(deliver(&mut forge).await.unwrap(), "made acme/alerts#1");
    assert_eq!(forge.issues[0].labels, ["provwatch"], "the label that finds it again");

    let mut forge = Forge::new(Dialect::GitHub);
    (0..3).for_each(|_| forge.faults.refuse("POST", refusal.clone()));
    let error = deliver(&mut forge).await.unwrap_err();
    assert!(matches!(error, SinkError::Refused { .. }) && error.report().contains("Validation Failed"), "{error:?}");
}

#[tokio::test]
async fn limits_are_understood() {
    let date = ("date", "Tue, 31 Mar 2026 00:25:00 GMT".to_owned());
    let used_up = ("x-ratelimit-remaining", "0".to_owned());
    let reset = ("x-ratelimit-reset", "1774916800".to_owned());
    let (secondary, other) = ("You have exceeded a secondary rate limit.", "Resource not accessible");
    for (status, headers, message, seconds) in [
        (403, vec![("retry-after", "17".to_owned())], secondary, Some(17)),
        (429, vec![("retry-after", "17".to_owned())], "", Some(17)),
        (429, vec![], "", Some(60)),
        (403, vec![], secondary, Some(60)),
        (403, vec![date.clone(), used_up.clone(), reset.clone()], "API rate limit exceeded", Some(100)),
        (403, vec![used_up.clone(), ("x-ratelimit-reset", "soon".to_owned())], "", Some(60)),
        (403, vec![date, ("x-ratelimit-remaining", "9".to_owned()), reset], other, None),
    ] {
        let mut forge = Forge::new(Dialect::GitHub);
        forge.faults.refuse("POST", Said::Answer(status, headers.clone(), json!({ "message": message }).to_string()));
        let error = deliver(&mut forge).await.unwrap_err();
        let SinkError::Temporary { retry_after, what, .. } = &error else { panic!("{error:?}") };
        assert_eq!(retry_after.map(|wait| wait.as_secs()), seconds, "{headers:?}");
        assert!(seconds.is_some() || what.contains("the permission to read and write issues"), "{what}");
    }
}

#[tokio::test]
async fn refusals_name_the_next_step() {
    for (status, body, said, is_refused) in [
        (410, json!({ "message": "Issues has been disabled in this repository." }).to_string(), "enable issues", false),
        (404, "{}".to_owned(), "check `repository`", false),
        (403, "<h1>blocked</h1>".to_owned(), "403", true),
        (413, String::new(), "413", true),
    ] {
        let mut forge = Forge::new(Dialect::GitHub);
        forge.faults.refuse("POST", Said::Answer(status, Vec::new(), body));
        let error = deliver(&mut forge).await.unwrap_err();
        assert_eq!(matches!(error, SinkError::Refused { .. }), is_refused, "{error:?}");
        let report = error.report();
        assert!(report.starts_with("posting to 127.0.0.1: ") && report.contains(said), "{report}");
    }
}

#[tokio::test]
async fn pull_requests_are_not_issues() {
    let mut forge = Forge::new(Dialect::GitHub);
    let fake = marker::of_alert(&samples::message(samples::takeover()), "desk");
    let list = json!([{ "number": 7, "state": "open", "body": fake, "pull_request": {}, "user": { "id": 7 } }]);
    forge.faults.refuse("issues?", Said::json(200, &list));
    assert_eq!(deliver(&mut forge).await.unwrap(), "made acme/alerts#1");
}
