//! The issue about an alert, in Markdown: the evidence, the releases of a campaign, and what to do now.

use super::{
    markdown::{block, cell, code, link, prose},
    pack::{MOST, joined},
};
use crate::deliver::view::{LinkView, MemberView, SignalView, StageView, View};

/// Most bytes of the members of a campaign that are shown in full; later ones have a line.
const IN_FULL: usize = 4 * MOST;
/// Most bytes of all members.
const MEMBERS: usize = 10 * MOST;

/// The blocks of the issue about an alert.
pub(super) fn issue(view: &View) -> Vec<String> {
    let mut blocks = Vec::new();
    blocks.extend(view.warning.as_ref().map(|warning| format!("> **Warning:** {}", prose(warning))));
    blocks.push(facts(view));
    blocks.extend(digest(view));
    blocks.extend(evidence(view));
    blocks.extend(members(view));
    blocks.extend(links(&view.links).map(|links| format!("**Links:** {links}")));
    blocks.extend(view.stages.iter().enumerate().map(|(place, stage)| what_to_do(place + 1, stage)));
    blocks.push(format!(
        "provwatch {} alert {}, raised {}",
        view.kind,
        code(&view.id.to_string()),
        prose(&view.raised)
    ));
    blocks
}

fn facts(view: &View) -> String {
    let mut facts = vec![("Severity", view.severity.to_owned()), ("Confidence", view.confidence.to_owned())];
    if let Some(release) = &view.release {
        facts.push(("Release", release.purl.clone()));
        facts.extend(release.published.clone().map(|published| ("Published", published)));
        facts.extend(release.last_good.clone().map(|good| ("Last good version", good)));
    }
    let more = [
        ("Why now", &view.note),
        ("Owner", &view.owner),
        ("Used by", &view.used_by),
        ("Repeated", &view.repeated),
        ("Status", &view.standing),
        ("News", &view.news),
    ];
    facts.extend(more.into_iter().filter_map(|(label, value)| Some((label, value.clone()?))));
    facts.extend((!view.argument.is_empty()).then(|| ("Reasons", view.argument.clone())));
    facts.extend(view.developments.iter().map(|development| ("Since then", development.line())));
    let lines: Vec<String> = facts.iter().map(|(label, value)| format!("- **{label}:** {}", prose(value))).collect();
    lines.join("\n")
}

fn digest(view: &View) -> impl Iterator<Item = String> {
    view.digest.iter().flat_map(|section| {
        let lines = section.lines.iter().map(|line| format!("- {}", prose(line)));
        joined(lines, &format!("**In the digest:** {}\n\n", prose(&section.title)), "")
    })
}

/// The signals as tables, each signal with its explanation below it.
pub(super) fn evidence(view: &View) -> Vec<String> {
    let head = "<table>\n<tr><th>Detector</th><th>Severity</th><th>Expected</th><th>Seen</th></tr>\n";
    let mut tables = joined(view.signals.iter().map(row), head, "</table>");
    if view.more_signals > 0 {
        tables.push(format!("and {} more signals; all of them: {}", view.more_signals, code(&view.show)));
    }
    tables
}

fn row(signal: &SignalView) -> String {
    let (expected, seen) = (cell(&signal.expectation()), cell(&signal.seen));
    let why = cell(&signal.why).replacen("<td>", "<td colspan=\"3\">", 1);
    format!("<tr>{}<td>{}</td>{expected}{seen}</tr>\n<tr><td></td>{why}</tr>", cell(&signal.detector), signal.weight())
}

/// The members of a campaign, as many as there is room for.
pub(super) fn members(view: &View) -> Vec<String> {
    let (mut length, mut items) = (0, Vec::new());
    for member in &view.members {
        let in_full = view.shows_in_full(member) && length < IN_FULL;
        let item = if in_full { full(member) } else { line(member) };
        if length + item.len() > MEMBERS {
            break;
        }
        length += item.len();
        items.push(item);
    }
    let more = view.more_members + view.members.len() - items.len();
    if more > 0 {
        items.push(format!("- and {more} more; all of them: {}", code(&view.show)));
    }
    joined(items.into_iter(), "", "")
}

fn line(member: &MemberView) -> String {
    format!("- {}", prose(&member.line()))
}

fn full(member: &MemberView) -> String {
    let mut lines = vec![line(member)];
    for (label, value) in [
        ("account", member.account.as_deref().unwrap_or_default()),
        ("published", member.published.as_deref().unwrap_or_default()),
        ("new scripts", &member.scripts),
        ("new dependencies", &member.dependencies),
        ("expected", &member.expected),
        ("seen", &member.seen),
    ] {
        lines.extend((!value.is_empty()).then(|| format!("  - {label}: {}", prose(value))));
    }
    lines.extend(links(&member.links).map(|links| format!("  - {links}")));
    lines.join("\n")
}

fn links(links: &[LinkView]) -> Option<String> {
    let links: Vec<String> = links.iter().map(|one| link(one.label, &one.url)).collect();
    (!links.is_empty()).then(|| links.join(" · "))
}

/// One stage: its heading, its sentences, and its commands as code, each purpose once as a comment.
fn what_to_do(number: usize, stage: &StageView) -> String {
    let mut lines = vec![format!("### {number}. {}", stage.title)];
    lines.extend(stage.advice.iter().map(|advice| format!("\n- {}", prose(advice))));
    let mut commands = Vec::new();
    let mut before = "";
    for step in &stage.commands {
        if step.purpose != before {
            commands.push(format!("# {}", step.purpose));
            before = step.purpose;
        }
        commands.push(step.line.clone());
    }
    if !commands.is_empty() {
        lines.push(format!("\n{}", block(&commands)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::{samples, sinks::issues::pack::packed},
        model::{Alert, Digest, DigestItem, DigestSection},
    };

    fn texts(alert: Alert) -> Vec<String> {
        packed(issue(&View::of(&samples::message(alert))), 300)
    }

    #[test]
    fn a_takeover_as_an_issue() {
        let texts = texts(samples::takeover());
        assert_eq!(texts.len(), 1);
        insta::assert_snapshot!(texts[0]);
    }

    #[test]
    fn what_became_of_it_is_told() {
        let text = texts(samples::withdrawn()).concat();
        assert!(text.contains("- **Status:** acknowledged by ada at") && text.contains("withdrawn. It was"), "{text}");
    }

    #[test]
    fn every_member_is_named() {
        for (members, new, most) in [(3, 3, 1), (60, 60, 2), (60, 2, 1), (1_000, 1_000, 14), (1_500, 1_500, 14)] {
            let campaign = samples::campaign(members, new);
            let texts = texts(campaign.clone());
            assert!(texts.len() <= most && texts.iter().all(|text| text.len() < MOST), "{} of {members}", texts.len());
            let all = texts.concat();
            let named = campaign.member_details.iter().filter(|member| all.contains(&member.alert.to_string())).count();
            assert_eq!(named, members.min(1_000), "{members}");
            let more = format!("and {} more; all of them: `provwatch alerts show", members - named);
            assert!(named == members || all.contains(&more), "{more}");
        }
    }

    /// Asserts that no line begins with what a stranger wrote, and that HTML is ours.
    fn check(text: &str) {
        const BEGINNINGS: [&str; 14] = [
            "- **",
            "- ",
            "  - ",
            "> **Warning:** ",
            "**Links:** ",
            "**In the digest:** ",
            "### ",
            "<table>",
            "</table>",
            "<tr><th>",
            "<tr><td>",
            "and ",
            "provwatch ",
            "`",
        ];
        let mut is_in_code = None::<String>;
        for line in text.lines() {
            match &is_in_code {
                Some(fence) if line == fence => is_in_code = None,
                Some(fence) => assert!(!line.starts_with(fence.as_str()) && !line.starts_with('/'), "{line}"),
                None if line.starts_with("```") => is_in_code = line.strip_suffix("sh").map(str::to_owned),
                None => {
                    assert!(line.is_empty() || BEGINNINGS.iter().any(|begin| line.starts_with(begin)), "{line}");
                    let is_table = line.starts_with("<t") || line.starts_with("</t");
                    assert!(!is_table || !line.contains("<script") && !line.contains("<b>"), "{line}");
                }
            }
        }
        assert!(is_in_code.is_none(), "all code ends");
        assert!(!text.contains("javascript:") && !text.contains('\u{202e}') && !text.contains('\u{1b}'));
    }

    #[test]
    fn hostile_text_stays_text_within_the_limits() {
        for alert in [samples::hostile(), samples::hostile_campaign(), samples::takeover(), samples::campaign(60, 3)] {
            let texts = texts(alert);
            assert!(texts.len() < 14 && texts.iter().all(|text| text.len() < MOST), "{}", texts.len());
            for text in &texts {
                check(text);
            }
        }
    }

    #[test]
    fn the_markup_of_a_stranger_is_code() {
        let nasty = "@acme/team #1 acme/alerts#1 GH-1 Fixes #1\n/close ```` ` `` ``` <!-- --> </code></table> <img src=x> ![x](y) \
                     [ ] - [x] 1. 0123456789abcdef0123456789abcdef01234567 defaced www.evil.example https://evil.example \
                     *b* __u__ ~~s~~ :+1: | \\| \\` &#64;acme $x$ !1 ~bug %1 &1";
        let mut alert = Alert { argument: nasty.to_owned(), team: Some(nasty.to_owned()), ..samples::takeover() };
        alert.signals[0].seen = nasty.to_owned();
        alert.signals[0].why = nasty.to_owned();
        insta::assert_snapshot!(texts(alert)[0]);
    }

    #[test]
    fn a_digest_has_its_sections() {
        let at = "2026-03-31T00:00:00Z".parse().unwrap();
        let item = DigestItem { alert: None, severity: None, text: "axios 1.14.1 @team".to_owned() };
        let section = DigestSection { name: "new".to_owned(), count: 1, critical: 0, items: vec![item] };
        let digest = Digest { from: at, to: at, sections: vec![section], history: None };
        let text = texts(Alert { digest: Some(digest), ..samples::takeover() }).concat();
        assert!(text.contains("**In the digest:** new: 1\n\n- axios `1.14.1 @team`\n"), "{text}");
    }
}
