//! Tests of the whole life of an alert as an issue, on both forges, faults included.

use super::*;
use crate::{
    deliver::{
        samples,
        sinks::{
            issues::forge::{DIALECTS, Dialect, Forge, TOKEN},
            stand_in::{Said, against},
        },
    },
    model::{AlertAction, Digest},
};

/// Delivers messages one after the other, each with the thread of the one before, and gives the outcomes.
async fn deliver(forge: &mut Forge, messages: Vec<Message>) -> Vec<Result<Receipt, SinkError>> {
    let dialect = forge.dialect;
    Box::pin(against(forge, async move |http, url| {
        let sink = Forge::sink(dialect, http, url);
        let (mut outcomes, mut thread) = (Vec::new(), None);
        for message in messages {
            let message = Message { thread: message.thread.clone().or(thread.clone()), ..message };
            let outcome = sink.deliver(&message).await;
            thread = outcome.as_ref().map_or(thread, |receipt| receipt.thread.clone());
            outcomes.push(outcome);
        }
        outcomes
    }))
    .await
}

fn message(number: u32, alert: Alert) -> Message {
    Message { idempotency_key: format!("msg_{number}"), sequence: number, ..samples::message(alert) }
}

fn noted(note: &str, status: AlertStatus) -> Alert {
    let at = "2026-03-31T00:28:00Z".parse().unwrap();
    let handling = AlertAction::new(status, "ada", "looked at", at);
    Alert { status, note: Some(note.to_owned()), handling: Some(handling), ..samples::takeover() }
}

fn resolved(category: Option<Resolution>) -> Alert {
    let alert = noted("resolved by ada: known", AlertStatus::Resolved);
    let handling = alert.handling.clone().map(|handling| AlertAction { category, ..handling });
    Alert { handling, ..alert }
}

#[tokio::test]
async fn the_whole_life_of_an_alert_is_shown_once() {
    for dialect in DIALECTS {
        let mut forge = Forge::new(dialect);
        let life = vec![
            message(0, samples::takeover()),
            message(1, noted("acknowledged by ada: seen", AlertStatus::Acknowledged)),
            message(2, samples::withdrawn()),
            message(3, resolved(Some(Resolution::FalsePositive))),
        ];
        // Every message is delivered twice, as after a crash before its receipt was stored.
        let twice = life.into_iter().flat_map(|message| [message.clone(), Message { attempt: 2, ..message }]).collect();
        let outcomes = deliver(&mut forge, twice).await;
        let thread = if dialect == Dialect::GitHub { "acme/alerts#1" } else { "acme/sec/alerts#1" };
        assert!(
            outcomes.iter().all(|outcome| outcome.as_ref().unwrap().thread.as_deref() == Some(thread)),
            "{outcomes:?}"
        );
        assert_eq!(forge.issues.len(), 1);
        let issue = &forge.issues[0];
        assert_eq!(issue.comments.len(), 3, "{:?}", issue.comments);
        assert!(issue.comments[0].0.contains("- acknowledged by ada: seen\n"), "{}", issue.comments[0].0);
        assert!(issue.title.starts_with("HIGH axios 1.14.1: "), "{}", issue.title);
        assert_eq!(issue.labels, ["provwatch", "security"]);
        let reason = if dialect == Dialect::GitHub { "not_planned" } else { "close" };
        assert_eq!(issue.closed.as_ref().unwrap().1, reason);

        let again = message(4, noted("reopened by ada: not over", AlertStatus::Open));
        deliver(&mut forge, vec![Message { thread: Some(thread.to_owned()), ..again }]).await.remove(0).unwrap();
        assert!(forge.issues[0].closed.is_none() && forge.issues[0].comments.len() == 4);
    }
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice() {
    for dialect in DIALECTS {
        for said in [Said::Nothing, Said::Half, Said::json(502, &serde_json::json!({ "message": "bad gateway" }))] {
            let mut forge = Forge::new(dialect);
            forge.faults.lose("POST", said.clone());
            forge.faults.lose("POST", said.clone());
            forge.faults.lose("POST", said);
            // The answers to the issue, to a comment and to the comment of the next message are lost.
            let campaign = message(0, samples::campaign(500, 500));
            let attempts = vec![campaign.clone(), campaign.clone(), campaign.clone(), campaign];
            let outcomes = deliver(&mut forge, attempts).await;
            let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
            assert!(outcomes.iter().flat_map(Result::as_ref).all(|receipt| receipt.thread.is_some()));
            assert_eq!((failed, forge.issues.len()), (3, 1), "{dialect:?}: {outcomes:?}");
            let texts: Vec<&str> = forge.issues[0].comments.iter().map(|(text, _)| text.as_str()).collect();
            let mut markers: Vec<&str> = texts.iter().filter_map(|text| text.lines().next()).collect();
            markers.sort_unstable();
            markers.dedup();
            assert_eq!(markers.len(), texts.len());
            let all = texts.concat() + &forge.issues[0].body;
            let campaign = samples::campaign(500, 500);
            assert!(campaign.member_details.iter().all(|member| all.contains(&member.alert.to_string())));
        }
    }
}

#[tokio::test]
async fn a_restored_database_finds_the_issue_again() {
    for dialect in DIALECTS {
        let mut forge = Forge::new(dialect);
        deliver(&mut forge, vec![message(0, samples::takeover())]).await.remove(0).unwrap();
        forge.fill(250);
        let again = deliver(&mut forge, vec![message(7, samples::takeover())]).await.remove(0).unwrap();
        assert!(again.thread.unwrap().ends_with("#1"));
        assert_eq!((forge.issues.len(), forge.issues[0].comments.len()), (251, 1));
        let elsewhere = Message { thread: Some("acme/old#9".to_owned()), ..message(8, samples::takeover()) };
        let receipt = deliver(&mut forge, vec![elsewhere]).await.remove(0).unwrap();
        assert!(receipt.thread.unwrap().ends_with("#1"), "the repository of the thread is another one");
    }
}

#[tokio::test]
async fn an_issue_that_vanished_is_made_again() {
    let moved = vec![("location", "https://elsewhere.example/1".to_owned())];
    for (dialect, status) in
        [(Dialect::GitHub, 410), (Dialect::GitHub, 301), (Dialect::GitHub, 404), (Dialect::GitLab, 404)]
    {
        let mut forge = Forge::new(dialect);
        let first = deliver(&mut forge, vec![message(0, samples::takeover())]).await.remove(0).unwrap();
        forge.issues[0].is_gone = true;
        forge.faults.refuse("issues/1", Said::Answer(status, moved.clone(), "{}".to_owned()));
        let next = Message { thread: first.thread, ..message(1, samples::withdrawn()) };
        let receipt = deliver(&mut forge, vec![next]).await.remove(0).unwrap();
        assert!(receipt.thread.unwrap().ends_with("#2"), "{dialect:?} {status}");
        assert!(forge.issues[1].body.contains("It was removed"), "the new issue tells all");
    }
}

#[tokio::test]
async fn what_a_person_closed_stays_closed_until_the_alert_is_opened_again() {
    for dialect in DIALECTS {
        let mut forge = Forge::new(dialect);
        let first = deliver(&mut forge, vec![message(0, samples::takeover())]).await.remove(0).unwrap();
        forge.close(0, "2026-03-31T00:27:00Z");
        let next = |number, alert| Message { thread: first.thread.clone(), ..message(number, alert) };
        deliver(&mut forge, vec![next(1, samples::withdrawn())]).await.remove(0).unwrap();
        assert!(forge.issues[0].closed.is_some());
        assert!(forge.issues[0].comments[0].0.ends_with(CLOSED_BY_HAND));
        // provwatch opened the alert at 00:28, because its cause is back.
        let back = Alert { note: None, ..noted("", AlertStatus::Open) };
        deliver(&mut forge, vec![next(2, back.clone())]).await.remove(0).unwrap();
        assert!(forge.issues[0].closed.is_none());
        forge.close(0, "2026-03-31T00:29:00Z");
        deliver(&mut forge, vec![next(3, back)]).await.remove(0).unwrap();
        assert!(forge.issues[0].closed.is_some(), "a person closed it after that");
    }
}

#[tokio::test]
async fn what_is_over_is_closed_at_once() {
    for dialect in DIALECTS {
        let mut forge = Forge::new(dialect);
        let receipt = deliver(&mut forge, vec![message(0, resolved(None))]).await.remove(0).unwrap();
        assert!(receipt.thread.is_some() && forge.issues[0].closed.is_some());
        let digest = Alert { digest: Some(Digest::default()), ..samples::takeover() };
        for number in [1, 2] {
            let receipt = deliver(&mut forge, vec![message(number, digest.clone())]).await.remove(0).unwrap();
            assert_eq!(receipt.thread, None);
        }
        assert_eq!(forge.issues.len(), 3, "each digest has an issue");
        assert!(forge.issues.iter().all(|issue| issue.closed.is_some() && issue.comments.is_empty()));
    }
}

/// Asserts that no line is an action of GitLab, and that mentions and references stand in code.
fn check(text: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with('/'), "{line}");
    }
}

#[tokio::test]
async fn hostile_texts_do_nothing_and_fit() {
    let nasty =
        "@acme/team #1 acme/alerts#1 GH-1 Fixes #1 \n/close\n/assign @ada ``` <!-- --> <img src=x> - [ ] ![x](y)";
    let action = AlertAction::new(AlertStatus::Open, nasty, nasty, "2026-03-31T00:28:00Z".parse().unwrap());
    let mentions =
        Alert { title: nasty.to_owned(), argument: nasty.to_owned(), handling: Some(action), ..samples::takeover() };
    for dialect in DIALECTS {
        for alert in [samples::hostile(), samples::hostile_campaign(), mentions.clone()] {
            let mut forge = Forge::new(dialect);
            let changed = Alert { note: Some(format!("reopened by {nasty}")), ..alert.clone() };
            let outcomes = deliver(&mut forge, vec![message(0, alert), message(1, changed)]).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            let issue = &forge.issues[0];
            for (text, _) in &issue.comments {
                check(text);
            }
            check(&issue.body);
            for named in ["@acme", "#1", "@ada"] {
                assert!(!issue.title.contains(named), "{}", issue.title);
            }
        }
    }
}

#[tokio::test]
async fn failures_of_the_way_are_temporary_and_show_no_secret() {
    let to = vec![("location", "https://elsewhere.example/".to_owned())];
    let own = "[{\"user\":{\"id\":7},\"author\":{\"id\":7}}]".to_owned();
    for dialect in DIALECTS {
        for (said, why) in [
            (Said::Nothing, "asking 127.0.0.1"),
            (Said::Half, "asking 127.0.0.1"),
            (Said::Later, "asking 127.0.0.1"),
            (Said::Answer(301, to.clone(), String::new()), "a redirect to elsewhere.example"),
            (Said::Answer(200, Vec::new(), "<html>hello</html>".to_owned()), "not JSON"),
            (Said::Answer(200, Vec::new(), "{}".to_owned()), "not a list"),
            (Said::Answer(200, Vec::new(), own.clone()), "not an issue"),
            (Said::Answer(500, Vec::new(), format!("{{\"message\":\"{TOKEN}\"}}")), "500"),
            (Said::Answer(401, Vec::new(), format!("{{\"message\":\"bad {TOKEN}\"}}")), "a token that is valid"),
            (Said::Answer(404, Vec::new(), "{}".to_owned()), "that the token may see it"),
        ] {
            let mut forge = Forge::new(dialect);
            forge.faults.refuse("issues?", said.clone());
            let error = deliver(&mut forge, vec![message(0, samples::takeover())]).await.remove(0).unwrap_err();
            assert!(matches!(error, SinkError::Temporary { .. }), "{said:?}: {error:?}");
            let report = error.report();
            assert!(report.contains(why) && !report.contains(TOKEN), "{said:?}: {report}");
            assert!(report.starts_with("asking 127.0.0.1: "), "{report}");
            assert!(forge.issues.is_empty());
        }
    }
}

#[tokio::test]
async fn a_marker_of_another_account_is_not_provwatchs() {
    for dialect in DIALECTS {
        let first = message(0, samples::takeover());
        let mut forge = Forge::new(dialect);
        // A stranger knows the markers: they are in each issue, and follow from the names of release and subscription.
        let forged = [marker::of_alert(&first, "desk"), marker::of_part("msg_0", 1)].join("\n");
        forge.stranger("harmless", &forged);
        forge.close(0, "2026-03-31T09:00:00Z");
        let receipt = deliver(&mut forge, vec![first]).await.remove(0).unwrap();
        assert!(receipt.detail.starts_with("made ") && receipt.thread.as_ref().unwrap().ends_with("#2"), "{receipt:?}");
        forge.remark(1, &marker::of_part("msg_1", 1));
        forge.stranger("harmless", &forged);
        for thread in [receipt.thread, None] {
            let next = Message { thread, ..message(1, samples::withdrawn()) };
            let again = deliver(&mut forge, vec![next]).await.remove(0).unwrap();
            assert!(again.thread.unwrap().ends_with("#2"), "{dialect:?}");
        }
        assert_eq!(forge.issues[1].comments.len(), 2, "the stranger's and provwatch's, once");
        assert!(forge.issues[0].comments.is_empty() && forge.issues[2].comments.is_empty());
    }
}

#[tokio::test]
async fn without_an_account_nothing_is_written() {
    let limit = vec![("retry-after", "9".to_owned())];
    for dialect in DIALECTS {
        for (said, why, waits) in [
            (Said::json(200, &serde_json::json!({})), "its answer names no account", false),
            (Said::json(401, &serde_json::json!({ "message": "Bad credentials" })), "a token that is valid", false),
            (Said::json(403, &serde_json::json!({ "message": "not for apps" })), "the token of an account", false),
            (Said::json(404, &serde_json::json!({ "message": "Not Found" })), "the token of an account", false),
            (Said::Answer(429, limit.clone(), String::new()), "429", true),
        ] {
            let mut forge = Forge::new(dialect);
            forge.faults.refuse("/user", said);
            let error = deliver(&mut forge, vec![message(0, samples::takeover())]).await.remove(0).unwrap_err();
            assert!(error.report().contains(why), "{}", error.report());
            let SinkError::Temporary { retry_after, .. } = error else { panic!("{error:?}") };
            assert!(retry_after.is_some() == waits && forge.issues.is_empty());
        }
    }
}

/// Two subscriptions with one repository, for example one for each team.
#[tokio::test]
async fn two_subscriptions_share_no_issue() {
    for dialect in DIALECTS {
        let mut forge = Forge::new(dialect);
        let told = Box::pin(against(&mut forge, async move |http, url| {
            let (desk, door) = (Forge::sink(dialect, http, url.clone()), Forge::sink_of(dialect, http, url, "door"));
            let mut told = Vec::new();
            for (sink, number) in [(&desk, 0), (&door, 1), (&desk, 2), (&door, 3)] {
                let receipt = sink.deliver(&message(number, samples::takeover())).await.unwrap();
                told.push(receipt.thread.unwrap().rsplit_once('#').unwrap().1.to_owned());
            }
            told
        }))
        .await;
        assert_eq!(told, ["1", "2", "1", "2"], "{dialect:?}");
    }
}

#[tokio::test]
async fn a_locked_issue_is_reported() {
    for dialect in DIALECTS {
        let mut forge = Forge::new(dialect);
        let first = deliver(&mut forge, vec![message(0, samples::takeover())]).await.remove(0).unwrap();
        forge.issues[0].is_locked = true;
        let next = Message { thread: first.thread, ..message(1, samples::withdrawn()) };
        let error = deliver(&mut forge, vec![next]).await.remove(0).unwrap_err();
        assert!(matches!(error, SinkError::Refused { .. }) && error.report().contains("unlock the issue"), "{error:?}");
    }
}

#[test]
fn the_state_follows_the_alert() {
    let closed = |at: &str| Issue { number: 1, body: String::new(), is_closed: true, closed_at: at.parse().ok() };
    let open = Issue { is_closed: false, closed_at: None, ..closed("") };
    let before = "2026-03-31T00:00:00Z";
    let after = "2026-03-31T09:00:00Z";
    for (alert, issue, state) in [
        (samples::takeover(), &open, None),
        (samples::takeover(), &closed(before), Some(State::Open)),
        (samples::takeover(), &closed(after), None),
        (samples::takeover(), &closed(""), None),
        (noted("reopened by ada: no", AlertStatus::Open), &closed(after), Some(State::Open)),
        (noted("repeated: the alert is still open", AlertStatus::Open), &closed(after), None),
        (noted("snoozed by ada: later", AlertStatus::Snoozed), &open, None),
        (resolved(None), &open, Some(State::Done)),
        (resolved(Some(Resolution::TruePositive)), &open, Some(State::Done)),
        (resolved(Some(Resolution::Expected)), &open, Some(State::NotPlanned)),
        (resolved(Some(Resolution::Duplicate)), &open, Some(State::NotPlanned)),
        (resolved(None), &closed(after), None),
    ] {
        assert_eq!(wanted(&message(1, alert.clone()), issue), state, "{:?} {issue:?}", alert.note);
    }
}
