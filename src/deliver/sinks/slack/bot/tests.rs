//! Tests of the Slack app against a workspace that keeps messages, faults included.

use super::*;
use crate::{
    deliver::{
        samples,
        sinks::{
            slack::workspace::{TOKEN, Workspace},
            stand_in::{Said, against},
        },
    },
    model::{Alert, AlertStatus},
};

/// Delivers messages one after the other, each with the thread of the one before, and gives the outcomes.
async fn deliver(workspace: &mut Workspace, messages: Vec<Message>) -> Vec<Result<Receipt, SinkError>> {
    Box::pin(against(workspace, async move |http, url| {
        let sink = SlackApp::new(http, &url.join("api/").unwrap(), &Secret::new(TOKEN), "C0123456789".to_owned());
        assert!(!format!("{sink:?}").contains(TOKEN));
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
    Alert { status, note: Some(note.to_owned()), ..samples::takeover() }
}

fn error(word: &str) -> Said {
    Said::json(200, &json!({ "ok": false, "error": word }))
}

#[tokio::test]
async fn the_whole_life_of_an_alert_is_one_thread() {
    let mut workspace = Workspace::default();
    let life = vec![
        message(0, samples::takeover()),
        message(1, noted("acknowledged by ada: seen", AlertStatus::Acknowledged)),
        message(2, samples::withdrawn()),
        message(3, noted("resolved by ada: known", AlertStatus::Resolved)),
    ];
    let outcomes = deliver(&mut workspace, life).await;
    for outcome in outcomes {
        assert_eq!(outcome.unwrap().thread.as_deref(), Some("C0123456789 1774916700.000000"));
    }
    assert_eq!((workspace.threads().len(), workspace.messages.len()), (1, 4));
    let first = &workspace.messages[0].0;
    assert_eq!(first["attachments"][0]["color"], "#2e7d32");
    assert!(first["text"].as_str().unwrap().ends_with("(resolved)"), "{}", first["text"]);
    let texts: Vec<&str> = workspace.messages[1..].iter().map(|(body, _)| body["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["acknowledged by ada: seen", "More is known of this alert.", "resolved by ada: known"]);
    let updates = workspace.lines.iter().filter(|line| line.ends_with("/api/chat.update")).count();
    assert_eq!(updates, 3);
}

#[tokio::test]
async fn a_retry_repeats_neither_thread_nor_reply() {
    let mut workspace = Workspace::default();
    let paused = Said::Answer(429, vec![("retry-after", "1".to_owned())], "{}".to_owned());
    let campaign = message(0, samples::campaign(60, 60));
    workspace.faults.refuse("chat.update", paused.clone());
    let outcomes = deliver(&mut workspace, vec![campaign.clone()]).await;
    assert!(outcomes[0].is_ok() && workspace.messages.len() == 3, "{outcomes:?}");

    let mut workspace = Workspace::default();
    workspace.faults.refuse("chat.postMessage", paused.clone());
    let outcomes = deliver(&mut workspace, vec![campaign.clone(), campaign.clone()]).await;
    assert!(matches!(outcomes[0], Err(SinkError::Temporary { retry_after: Some(_), .. })), "{outcomes:?}");
    assert_eq!((workspace.threads().len(), workspace.messages.len()), (1, 3));

    // The pause comes after the first message of the thread; another attempt goes on in it.
    let mut workspace = Workspace::default();
    workspace.faults.lose("chat.postMessage", Said::json(200, &json!({ "ok": true, "ts": "1774916700.000000" })));
    workspace.faults.refuse("chat.postMessage", paused);
    let outcomes = deliver(&mut workspace, vec![campaign.clone(), campaign]).await;
    assert!(outcomes[0].is_err() && outcomes[1].is_ok(), "{outcomes:?}");
    assert_eq!((workspace.threads().len(), workspace.messages.len()), (1, 3));
}

#[tokio::test]
async fn a_thread_that_is_gone_begins_again() {
    for (deleted, thread) in [(true, None), (false, Some("C9999999999 1774916700.000000")), (false, Some("odd"))] {
        let mut workspace = Workspace::default();
        let first = deliver(&mut workspace, vec![message(0, samples::takeover())]).await.remove(0).unwrap();
        workspace.messages[0].1 = deleted;
        let thread = thread.map(str::to_owned).or(first.thread);
        let next = Message { thread, ..message(1, samples::withdrawn()) };
        let receipt = deliver(&mut workspace, vec![next]).await.remove(0).unwrap();
        assert_eq!(receipt.thread.as_deref(), Some("C0123456789 1774916700.000001"));
        assert_eq!(workspace.threads().len(), 2);
    }
}

#[tokio::test]
async fn a_message_that_may_not_be_changed_has_replies() {
    for word in ["cant_update_message", "edit_window_closed"] {
        let mut workspace = Workspace::default();
        workspace.faults.refuse("chat.update", error(word));
        let life = vec![message(0, samples::takeover()), message(1, samples::withdrawn())];
        assert!(deliver(&mut workspace, life).await.iter().all(Result::is_ok));
        assert_eq!((workspace.threads().len(), workspace.messages.len()), (1, 2));
    }
}

#[tokio::test]
async fn failures_are_judged_and_show_no_secret() {
    let to = vec![("location", "https://elsewhere.example/".to_owned())];
    let text = |status, text: &str| Said::Answer(status, Vec::new(), text.to_owned());
    for (said, why, is_temporary) in [
        (Said::Nothing, "posting to 127.0.0.1", true),
        (Said::Half, "posting to 127.0.0.1", true),
        (Said::Later, "posting to 127.0.0.1", true),
        (Said::Answer(302, to, String::new()), "a redirect to elsewhere.example", true),
        (text(200, "ok"), "not JSON", true),
        (text(200, "{\"ok\":true}"), "names no message", true),
        (text(200, "{\"ok\":true,\"ts\":\"1 <x>\"}"), "names no message", true),
        (text(503, ""), "503", true),
        (error("service_unavailable"), "service_unavailable", true),
        (error("not_in_channel"), "invite the app", true),
        (error("message_not_found"), "as if it were an old one", true),
        (error("invalid_blocks"), "invalid_blocks", false),
        (error(TOKEN), "<secret>", false),
    ] {
        let mut workspace = Workspace::default();
        workspace.faults.refuse("chat.postMessage", said.clone());
        let error = deliver(&mut workspace, vec![message(0, samples::takeover())]).await.remove(0).unwrap_err();
        assert_eq!(matches!(error, SinkError::Temporary { .. }), is_temporary, "{said:?}: {error:?}");
        assert!(error.report().contains(why) && !error.report().contains(TOKEN), "{said:?}: {}", error.report());
    }
}

#[tokio::test]
async fn campaigns_and_hostile_texts_fit() {
    for (alert, most) in
        [(samples::campaign(1_000, 1_000), 20), (samples::hostile(), 20), (samples::hostile_campaign(), 20)]
    {
        let mut workspace = Workspace::default();
        let changed = Alert { note: Some("reopened by <!channel> @here".to_owned()), ..alert.clone() };
        let outcomes = deliver(&mut workspace, vec![message(0, alert), message(1, changed)]).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(workspace.threads().len(), 1);
        assert!(workspace.messages.len() <= 2 * most + 1, "{}", workspace.messages.len());
        for (body, _) in &workspace.messages {
            let text = body.to_string();
            assert!(
                !text.contains("<!channel>") && !text.contains("<script>") && text.len() < 100_000,
                "{}",
                text.len()
            );
        }
    }
}
