//! Judges the errors of Slack's Web API, most of which come with the status 200.

use crate::deliver::{
    SinkError,
    remote::{Answer, Api},
};

/// An answer that is not a success.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The message or its thread does not exist any more.
    Vanished,
    /// The message exists, but may not be changed any more.
    Fixed,
    /// The attempt failed.
    Failed(SinkError),
}

/// Most characters of a quotation.
const QUOTED: usize = 200;

/// What an answer to a method with `"ok": false` means; `None`: it is a success.
pub(super) fn judged(api: &Api, method: &str, answer: &Answer) -> Option<Refusal> {
    let body = &answer.body;
    if body["ok"] == true {
        return None;
    }
    let error = api.quoted(body["error"].as_str().unwrap_or("(none)"), QUOTED);
    let what = |more: &str| api.failed(&format!("{method}: it answered with the error {error:?}{more}"));
    let temporary = |more: &str| Refusal::Failed(SinkError::temporary(what(more)));
    Some(match error.as_str() {
        "message_not_found" | "thread_not_found" | "cannot_reply_to_message" => Refusal::Vanished,
        "cant_update_message" | "edit_window_closed" | "update_failed" => Refusal::Fixed,
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => temporary(": it limits the rate"),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
            temporary(", which passes")
        }
        "missing_scope" => temporary(&scope(api, body["needed"].as_str())),
        other => match advice(other) {
            Some(advice) => temporary(&format!("; {advice}")),
            None => Refusal::Failed(SinkError::Refused { what: what(&details(api, answer)) }),
        },
    })
}

fn scope(api: &Api, needed: Option<&str>) -> String {
    let needed = api.quoted(needed.unwrap_or("chat:write"), QUOTED);
    format!("; give the app the bot token scope {needed}, install it again, and use its new token")
}

/// What the operator does about an error that is not about the message.
fn advice(error: &str) -> Option<&'static str> {
    Some(match error {
        "invalid_auth"
        | "not_authed"
        | "token_revoked"
        | "token_expired"
        | "account_inactive"
        | "not_allowed_token_type"
        | "no_permission"
        | "user_is_bot" => "install the app in the workspace, and configure its bot token (xoxb-…)",
        "not_in_channel" => "invite the app to the channel: /invite @APP",
        "channel_not_found" => "check the id in `channel`; invite the app to a private channel",
        "is_archived" => "unarchive the channel, or configure another one in `channel`",
        "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel"
        | "restricted_action_thread_locked"
        | "posting_to_channel_denied" => "let the app post to the channel, in the channel's posting permissions",
        "access_denied"
        | "ekm_access_denied"
        | "accesslimited"
        | "org_login_required"
        | "team_access_not_granted"
        | "enterprise_is_restricted"
        | "two_factor_setup_required" => "ask an administrator of the workspace to let the app use it",
        _ => return None,
    })
}

/// Slack's explanations of a message that it refuses.
fn details(api: &Api, answer: &Answer) -> String {
    let messages = answer.body["response_metadata"]["messages"].as_array();
    let said: Vec<&str> = messages.into_iter().flatten().filter_map(|message| message.as_str()).take(3).collect();
    if said.is_empty() { String::new() } else { format!(": {}", api.quoted(&said.join("; "), QUOTED)) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        clock::ManualClock,
        http::{Client, HostLimits, Method, Response, ScriptedTransport},
        model::Secret,
    };

    fn judge(body: Value) -> Option<Refusal> {
        let response = Response { status: 200, headers: Vec::new(), body: Bytes::new() };
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let http = Client::new(Arc::new(ScriptedTransport::new()), clock);
        let (url, token) = ("https://slack.com/api/".parse().unwrap(), Secret::new("xoxb-s3cr3t-s3cr3t"));
        let api = Api::new(&http, url, HostLimits::as_it_answers(1), &token, ("authorization", "Bearer {}"));
        judged(&api, "chat.postMessage", &Answer { method: Method::Post, body, response })
    }

    fn verdict(body: Value) -> String {
        match judge(body) {
            None => "taken".to_owned(),
            Some(Refusal::Vanished) => "vanished".to_owned(),
            Some(Refusal::Fixed) => "fixed".to_owned(),
            Some(Refusal::Failed(error @ SinkError::Temporary { .. })) => format!("temporary: {}", error.report()),
            Some(Refusal::Failed(error @ SinkError::Refused { .. })) => format!("refused: {}", error.report()),
            Some(Refusal::Failed(error)) => panic!("{error:?}"),
        }
    }

    #[test]
    fn an_error_with_the_status_200_is_judged_by_its_word() {
        for (error, expected) in [
            ("message_not_found", "vanished"),
            ("thread_not_found", "vanished"),
            ("cant_update_message", "fixed"),
            ("edit_window_closed", "fixed"),
            ("ratelimited", "temporary: "),
            ("internal_error", "temporary: "),
            ("invalid_auth", "temporary: "),
            ("token_revoked", "temporary: "),
            ("not_in_channel", "temporary: "),
            ("is_archived", "temporary: "),
            ("invalid_blocks", "refused: "),
            ("msg_too_long", "refused: "),
            ("no_text", "refused: "),
            ("an_error_of_tomorrow", "refused: "),
        ] {
            let verdict = verdict(json!({ "ok": false, "error": error }));
            assert!(verdict.starts_with(expected), "{error}: {verdict}");
        }
        assert_eq!(verdict(json!({ "ok": true })), "taken");
        for odd in [json!(null), json!([]), json!({ "ok": "true" }), json!({ "ok": false, "error": ["x"] })] {
            assert!(verdict(odd.clone()).starts_with("refused: "), "{odd}");
        }
    }

    #[test]
    fn the_operator_is_told_what_to_do() {
        for (body, said) in [
            (json!({ "ok": false, "error": "missing_scope", "needed": "chat:write" }), "scope chat:write"),
            (json!({ "ok": false, "error": "not_in_channel" }), "/invite @APP"),
            (json!({ "ok": false, "error": "channel_not_found" }), "check the id"),
            (
                json!({ "ok": false, "error": "invalid_blocks", "response_metadata": { "messages": ["[ERROR] too \u{1b}[2J long"] } }),
                "[ERROR] too \u{fffd}[2J long",
            ),
        ] {
            let verdict = verdict(body);
            assert!(verdict.contains(said), "{verdict}");
        }
    }
}
