//! Lays a message out with Block Kit, split over as many Slack messages as needed.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{
    blocks::{MAX_FIELD, MAX_TEXT, context, escape, joined, links, message, paragraph, section, words},
    members::parts,
};
use crate::deliver::{
    Stage,
    view::{DevelopmentView, SignalView, StageView, View},
};

/// Most characters of a header block's text.
const MAX_HEADER: usize = 150;

/// The Slack messages of one message. The members of a campaign begin in the first, and go on in as many as needed.
pub(super) fn payloads(view: &View) -> Vec<Value> {
    let mut parts = VecDeque::from(parts(view));
    // An alert with evidence of its own fills the first message.
    let begin = if view.signals.is_empty() { parts.pop_front().unwrap_or_default() } else { Vec::new() };
    let count = parts.len() + 1;
    let mut payloads = vec![payload(view, begin)];
    for (place, blocks) in parts.into_iter().enumerate() {
        let title = format!("Part {} of {count}: {}", place + 2, view.subject());
        payloads.push(message(&title, view.colour, &blocks));
    }
    payloads
}

/// The first message, with a header.
fn payload(view: &View, members: Vec<Value>) -> Value {
    let mut payload = message(&view.subject(), view.colour, &blocks(view, members));
    payload["blocks"] = json!([{ "type": "header", "text": words(&view.subject(), MAX_HEADER) }]);
    payload
}

/// Who answers for the package, and who uses it.
fn whose(view: &View) -> Option<String> {
    let owner = view.owner.iter().map(|owner| format!("Owner: {owner}"));
    let said: Vec<String> = owner.chain(view.used_by.iter().map(|used| format!("Used by {used}"))).collect();
    (!said.is_empty()).then(|| said.join("\n"))
}

/// The blocks under the header: at most 35, or 9 and those of members, while Slack takes 50 of a message.
fn blocks(view: &View, members: Vec<Value>) -> Vec<Value> {
    let mut blocks: Vec<Value> = view.note.iter().chain(&view.warning).map(|text| paragraph(text)).collect();
    blocks.push(facts(view));
    blocks.extend(whose(view).map(|whose| paragraph(&whose)));
    blocks.extend(view.repeated.as_ref().map(|repeated| paragraph(&format!("Repeated {repeated}."))));
    blocks.extend(since_then(view));
    let argument = (!view.argument.is_empty()).then(|| paragraph(&view.argument));
    let (details, severity) = if view.kind == "release" { (None, argument) } else { (argument, None) };
    blocks.extend(details);
    for section in &view.digest {
        blocks.push(paragraph(&format!("{}\n{}", section.title, section.lines.join("\n"))));
    }
    for signal in &view.signals {
        blocks.extend(evidence(signal));
    }
    if view.more_signals > 0 {
        blocks.push(context(&format!("and {} more signals; all of them: {}", view.more_signals, view.show)));
    }
    blocks.extend(severity);
    blocks.extend(view.news.as_ref().map(|news| context(news)));
    blocks.extend(members);
    blocks.extend((!view.links.is_empty()).then(|| section(&links(&view.links))));
    let stages: Vec<String> =
        view.stages.iter().enumerate().map(|(place, stage)| what_to_do(place + 1, stage)).collect();
    blocks.extend(stages.chunks(2).map(|two| section(&two.join("\n"))));
    blocks.push(context(&format!("provwatch {} alert {}, raised {}", view.kind, view.id, view.raised)));
    blocks
}

/// What was done with the alert, and what became of its release.
fn since_then(view: &View) -> Option<Value> {
    let standing = view.standing.iter().map(|standing| format!("Status: {standing}"));
    let text = joined(standing.chain(view.developments.iter().map(DevelopmentView::line)), "\n", MAX_TEXT);
    (!text.is_empty()).then(|| paragraph(&text))
}

fn facts(view: &View) -> Value {
    let mut facts = vec![("Severity", view.severity), ("Confidence", view.confidence)];
    if let Some(release) = &view.release {
        facts.push(("Release", &release.purl));
        facts.extend(release.published.as_deref().map(|published| ("Published", published)));
        facts.extend(release.last_good.as_deref().map(|good| ("Last good", good)));
    }
    json!({ "type": "section", "fields": table(&facts) })
}

/// One signal: its title, the expected and the observed value, why it matters.
fn evidence(signal: &SignalView) -> [Value; 2] {
    let title = format!("{}: {}", signal.detector, signal.weight());
    let fields = table(&[("Expected", &signal.expectation()), ("Seen", &signal.seen)]);
    [json!({ "type": "section", "text": words(&title, MAX_TEXT), "fields": fields }), context(&signal.why)]
}

/// The fields of a section: two columns, labels above values. Slack fills them row by row.
fn table(cells: &[(&str, &str)]) -> Vec<Value> {
    let mut fields = Vec::new();
    for row in cells.chunks(2) {
        fields.extend(row.iter().map(|(label, _)| json!({ "type": "mrkdwn", "text": format!("*{label}*") })));
        fields.extend(row.iter().map(|(_, value)| words(value, MAX_FIELD)));
    }
    fields
}

/// Most characters of a stage; of two, no more than one has the most commands, and they share a block.
const MAX_STAGE: usize = 1_000;
/// Most characters of the stage with the most commands.
const MAX_FIND_OUT: usize = 1_950;

/// One stage: its heading, its sentences, and its commands as code, each purpose once as a comment.
fn what_to_do(number: usize, stage: &StageView) -> String {
    // provwatch's own words, and the title of a registry.
    let mut head = vec![format!("*{number}. {}*", stage.title)];
    head.extend(stage.advice.iter().map(|advice| escape(advice, MAX_FIELD / 4)));
    let head = head.join("\n");
    if stage.commands.is_empty() {
        return head;
    }
    let room = if stage.title == Stage::FindOut.title() { MAX_FIND_OUT } else { MAX_STAGE };
    let mut before = "";
    let lines = stage.commands.iter().map(|step| {
        let purpose = if step.purpose == before { String::new() } else { format!("# {}\n", step.purpose) };
        before = step.purpose;
        // Backticks would end the code; no command has one.
        escape(&format!("{purpose}{}", step.line).replace('`', "'"), MAX_FIELD)
    });
    format!("{head}\n```{}```", joined(lines, "\n", room.saturating_sub(head.chars().count() + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    /// Every text of a payload with the limit that Slack's reference gives for its place.
    fn texts<'a>(value: &'a Value, limit: usize, found: &mut Vec<(&'a str, usize)>) {
        match value {
            Value::Object(object) => {
                let limit = match object.get("type").and_then(Value::as_str) {
                    Some("header") => 150,
                    Some("section") if object.contains_key("fields") => 2_000,
                    Some("section" | "context") => 3_000,
                    _ => limit,
                };
                found.extend(object.get("text").and_then(Value::as_str).map(|text| (text, limit)));
                object.values().for_each(|below| texts(below, limit, found));
            }
            Value::Array(array) => array.iter().for_each(|below| texts(below, limit, found)),
            _ => {}
        }
    }

    #[test]
    fn what_became_of_a_takeover_is_one_block() {
        let text = payloads(&View::of(&samples::message(samples::withdrawn())))[0].to_string();
        for said in [
            "Status: acknowledged by ada",
            "a tag appeared later, which proves nothing. The tag v1.14.1",
            "withdrawn. It was removed",
        ] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }

    #[test]
    fn a_takeover_in_blocks() {
        let payloads = payloads(&View::of(&samples::message(samples::takeover())));
        assert_eq!(payloads.len(), 1);
        insta::assert_json_snapshot!(payloads[0]);
    }

    #[test]
    fn repetitions_of_a_takeover_are_told() {
        let payload = payloads(&View::of(&samples::message(samples::repeated()))).remove(0);
        check(&payload);
        assert!(
            payload.to_string().contains("Repeated by 2 later releases; the newest is 1.14.3, published"),
            "{payload}"
        );
    }

    /// Asserts Slack's limits, and that no text is its markup.
    fn check(payload: &Value) {
        let mut found = Vec::new();
        texts(payload, 3_000, &mut found);
        for (text, limit) in found {
            assert!(!text.is_empty() && text.chars().count() <= limit, "{} of {limit}: {text}", text.chars().count());
            assert!(!text.contains("<!channel>") && !text.contains("<script>"), "{text}");
        }
        let blocks = payload["attachments"][0]["blocks"].as_array().unwrap();
        assert!(blocks.len() < 50, "{} blocks", blocks.len());
        assert!(blocks.iter().all(|block| block["fields"].as_array().is_none_or(|fields| fields.len() <= 10)));
        assert!(blocks.iter().all(|block| block["elements"].as_array().is_none_or(|elements| elements.len() <= 10)));
    }

    #[test]
    fn hostile_text_stays_text_within_the_limits() {
        let payloads = payloads(&View::of(&samples::message(samples::hostile())));
        let mut found = Vec::new();
        texts(&payloads[0], 3_000, &mut found);
        assert!(found.len() > 30);
        payloads.iter().for_each(check);
    }

    #[test]
    fn a_campaign_of_three_in_blocks() {
        let payloads = payloads(&View::of(&samples::message(samples::campaign(3, 3))));
        assert_eq!(payloads.len(), 1);
        insta::assert_json_snapshot!(payloads[0]);
    }

    #[test]
    fn a_campaign_of_sixty_that_grew_by_two_in_blocks() {
        insta::assert_json_snapshot!(payloads(&View::of(&samples::message(samples::campaign(60, 2)))));
    }

    #[test]
    fn every_member_is_named_within_the_limits() {
        for (members, new, messages) in [(3, 1, 1), (60, 60, 3), (60, 2, 1), (500, 500, 13), (1_500, 1_500, 20)] {
            let campaign = samples::campaign(members, new);
            let payloads = payloads(&View::of(&samples::message(campaign.clone())));
            assert!(payloads.len() <= messages, "{} messages for {members}", payloads.len());
            payloads.iter().for_each(check);
            let all: String = payloads.iter().map(ToString::to_string).collect();
            let missing =
                campaign.member_details.iter().filter(|member| !all.contains(&member.alert.to_string())).count();
            let said = format!("and {missing} more; all of them: provwatch alerts show");
            assert!(missing == 0 || (members > 500 && all.contains(&said)), "{missing} of {members} are not named");
        }
    }

    #[test]
    fn hostile_members_stay_text_and_are_named() {
        let campaign = samples::hostile_campaign();
        let payloads = payloads(&View::of(&samples::message(campaign.clone())));
        payloads.iter().for_each(check);
        let all: String = payloads.iter().map(ToString::to_string).collect();
        assert!(campaign.member_details.iter().all(|member| all.contains(&member.alert.to_string())));
    }
}
