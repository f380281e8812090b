//! Lays a message out as an Adaptive Card that Teams takes, within its limit of size.

use serde_json::{Value, json};

use crate::{
    deliver::{
        sinks::inert::inert,
        view::{
            View,
            lines::{all_evidence, developments, digest, fitting, members, what_to_do},
        },
    },
    text::plain,
};

/// Most bytes of a message. Teams takes 28 KB ("Create Incoming Webhooks"); a workflow accepts a larger one, and shows nothing.
const MAX_BYTES: usize = 27_000;

/// Most UTF-16 code units of a message: some services of Teams count two bytes for each.
const MAX_UNITS: usize = 13_500;

/// The version of the card. All clients of Teams take it; 1.5 is the newest that any of them takes.
const VERSION: &str = "1.4";

/// How many signals a card shows, and how many bytes of the members of a campaign, until one fits.
const SHARES: [(usize, usize); 6] = [(12, 6_000), (6, 4_000), (3, 3_000), (2, 2_000), (1, 1_000), (0, 500)];

/// The body of the request: one message with one card.
pub(super) fn body(view: &View) -> String {
    let whole = SHARES.into_iter().map(|share| wrapped(&blocks(view, share), view));
    whole.into_iter().find(|body| fits(body)).unwrap_or_else(|| wrapped(&statement(view), view))
}

fn fits(body: &str) -> bool {
    body.len() <= MAX_BYTES && body.encode_utf16().count() <= MAX_UNITS
}

/// A card with these blocks, as "When a Teams webhook request is received" expects it.
fn wrapped(blocks: &[Value], view: &View) -> String {
    let links = view.links.iter();
    let actions: Vec<Value> =
        links.map(|link| json!({ "type": "Action.OpenUrl", "title": link.label, "url": link.url })).collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "fallbackText": format!("An alert of provwatch, which this client cannot show: {}", view.show),
        "msteams": { "width": "Full" },
        "body": blocks,
        "actions": actions,
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": card,
    });
    json!({ "type": "message", "attachments": [attachment] }).to_string()
}

/// Everything, with a share of the evidence and of the members.
fn blocks(view: &View, (signals, room): (usize, usize)) -> Vec<Value> {
    let mut blocks = head(view);
    blocks.extend(facts(view).into_iter().map(|(label, value)| fact(label, &value)));
    blocks.extend((!view.argument.is_empty()).then(|| text(&view.argument)));
    blocks.extend(digest(view).iter().map(|line| text(line)));
    blocks.extend(developments(view).iter().map(|line| text(line)));
    let mut evidence = all_evidence(view);
    let left = evidence.len().saturating_sub(signals);
    evidence.truncate(signals);
    blocks.extend(evidence.iter().map(|line| text(line)));
    blocks.extend((left > 0).then(|| text(&format!("and more evidence; all of it: {}", view.show))));
    blocks.extend(view.news.iter().map(|news| text(news)));
    blocks.extend(members(view, room).iter().map(|line| text(line)));
    blocks.extend(what_to_do(view).iter().map(|line| text(line)));
    blocks.push(end(view));
    blocks
}

/// The short statement: what it is about, and how to see the rest.
fn statement(view: &View) -> Vec<Value> {
    let mut blocks = vec![title(view)];
    let lines: Vec<String> = view.note.iter().chain(&view.warning).map(|line| plain(line, MAX_LINE)).collect();
    blocks.extend(fitting(lines, 2 * MAX_LINE).0.iter().map(|line| text(line)));
    blocks.push(fact("All of it", &view.show));
    blocks.push(end(view));
    blocks
}

/// Most characters of a line of the short statement.
const MAX_LINE: usize = 300;

fn head(view: &View) -> Vec<Value> {
    let mut blocks = vec![title(view)];
    blocks.extend(view.note.iter().chain(&view.warning).map(|line| text(line)));
    blocks
}

/// The severity is a word of the title; its colour is one of the card's own.
fn title(view: &View) -> Value {
    let colour = match view.severity {
        "critical" | "high" => "attention",
        "medium" => "warning",
        _ => "accent",
    };
    let run = json!({
        "type": "TextRun", "text": inert(&view.subject()), "weight": "bolder", "size": "medium", "color": colour,
    });
    json!({ "type": "RichTextBlock", "inlines": [run] })
}

fn facts(view: &View) -> Vec<(&'static str, String)> {
    let release = view.release.as_ref();
    let facts = [
        ("Status", view.standing.clone()),
        ("Confidence", Some(view.confidence.to_owned())),
        ("Release", release.map(|release| release.purl.clone())),
        ("Published", release.and_then(|release| release.published.clone())),
        ("Last good", release.and_then(|release| release.last_good.clone())),
        ("Owner", view.owner.clone()),
        ("Used by", view.used_by.clone()),
        ("Repeated", view.repeated.clone()),
    ];
    facts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

fn fact(label: &str, value: &str) -> Value {
    let label = json!({ "type": "TextRun", "text": format!("{label}: "), "weight": "bolder" });
    json!({ "type": "RichTextBlock", "inlines": [label, run(value)] })
}

/// A line of text. Other elements (`TextBlock`, `FactSet`) read Markdown, with links and emphasis, in their texts; a
/// `TextRun` shows every character (its page at adaptivecards.io/explorer), but for `{{DATE(…)}}` and `{{TIME(…)}}`, which
/// all elements replace. Without entities, `<at>` names none either.
fn text(line: &str) -> Value {
    json!({ "type": "RichTextBlock", "inlines": [run(line)] })
}

fn run(text: &str) -> Value {
    json!({ "type": "TextRun", "text": inert(text) })
}

fn end(view: &View) -> Value {
    let said = format!("provwatch {} alert {}, raised {}", view.kind, view.id, view.raised);
    let run = json!({ "type": "TextRun", "text": said, "isSubtle": true, "size": "small" });
    json!({ "type": "RichTextBlock", "inlines": [run] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deliver::samples, model::Alert};

    fn card(alert: Alert) -> Value {
        let text = body(&View::of(&samples::message(alert)));
        assert!(text.len() <= 28 * 1024 && fits(&text), "{}", text.len());
        serde_json::from_str(&text).unwrap()
    }

    /// Every object of the card.
    fn objects<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(fields) => {
                found.push(value);
                fields.values().for_each(|below| objects(below, found));
            }
            Value::Array(all) => all.iter().for_each(|below| objects(below, found)),
            _ => {}
        }
    }

    #[test]
    fn a_takeover_as_a_card() {
        insta::assert_json_snapshot!(card(samples::takeover()));
    }

    #[test]
    fn every_card_has_room_and_only_elements_that_read_no_markdown() {
        for alert in [
            samples::takeover(),
            samples::repeated(),
            samples::withdrawn(),
            samples::hostile(),
            samples::hostile_campaign(),
            samples::campaign(3, 1),
            samples::campaign(60, 60),
            samples::campaign(1_000, 1_000),
            samples::digest(),
        ] {
            let body = card(alert);
            let mut all = Vec::new();
            objects(&body, &mut all);
            for object in all.iter().filter(|object| object["text"].is_string()) {
                assert_eq!(object["type"], "TextRun", "{object}");
            }
            for object in &all {
                let kind = object["type"].as_str().unwrap_or("message");
                let known = ["message", "AdaptiveCard", "RichTextBlock", "TextRun", "Action.OpenUrl"];
                assert!(known.contains(&kind), "{kind}");
                assert!(object["url"].as_str().is_none_or(|url| url.starts_with("http")), "{object}");
                assert!(object.get("entities").is_none(), "no mentions");
            }
            let text = body.to_string();
            assert!(!text.contains("\\u001b") && !text.contains('\u{202e}') && !text.contains("javascript:"), "{text}");
        }
    }

    #[test]
    fn a_campaign_names_its_new_members_first_and_counts_the_others() {
        let text = card(samples::campaign(60, 60)).to_string();
        let named = text.matches("pkg:npm/package-").count();
        assert!(named >= 25, "{named}");
        assert!(text.contains("more releases; all of them: provwatch alerts show"), "{text}");
        let text = card(samples::campaign(1_000, 2)).to_string();
        assert!(text.contains("NEW CRITICAL pkg:npm/package-0@1.1.0") && text.contains("NEW HIGH"), "{text}");
    }

    #[test]
    fn what_does_not_fit_becomes_a_short_statement() {
        let long = "\\ü".repeat(500);
        let alert = Alert { note: Some(long.clone()), argument: long, ..samples::hostile() };
        let text = card(alert).to_string();
        assert!(text.contains("provwatch alerts show 6adc1e73047a"), "{text}");
    }
}
