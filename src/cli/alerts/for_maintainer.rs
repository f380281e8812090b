//! The question to the maintainers of a package about an alert, ready to send: no words and ids that only we know, and
//! no accusation.

use std::fmt::Write;

use super::{
    pasted::{self, code, harmless, subject},
    topics::{Remedy, topic},
};
use crate::{
    cli::{words, wrap},
    deliver::is_answerable,
    model::{Alert, AlertKind, Ecosystem, Member, Package, ReleaseId, Signal},
};

/// Most differences that the text names.
const DIFFERENCES: usize = 8;
/// Columns of the text: mail programs and forges show that without breaking lines.
const COLUMNS: usize = 76;
/// Most releases of a campaign that it names.
const RELEASES: usize = 20;

/// The text; `None`: no maintainer can answer for what the alert is about.
pub(super) fn for_maintainer(alert: &Alert) -> Option<String> {
    if !is_answerable(alert) {
        return None;
    }
    let text = match (alert.kind, &alert.purl) {
        (AlertKind::Release, Some(release)) => of_release(alert, release),
        (AlertKind::Campaign, _) => of_campaign(alert),
        (AlertKind::Log, _) => of_entry(alert),
        _ => return None,
    };
    Some(text.lines().map(in_columns).collect::<Vec<_>>().join("\n") + "\n")
}

/// One line as lines of the text; the subject stays whole, and so does a value: a part of one at the start of a line could
/// begin a heading or a quotation in Markdown.
fn in_columns(line: &str) -> String {
    if line.is_empty() || line.starts_with("Subject: ") {
        return line.to_owned();
    }
    let indent = " ".repeat(line.len() - line.trim_start().len());
    let first = line.trim_start().split(' ').next().unwrap_or_default();
    let is_item = first == "-" || first.ends_with(['.', ':']);
    let hanging = if indent.is_empty() || !is_item { indent.clone() } else { format!("{indent}  ") };
    let lines = wrap::sentence(line, COLUMNS, &hanging);
    format!("{indent}{}", lines.trim_start())
}

fn of_release(alert: &Alert, release: &ReleaseId) -> String {
    let (name, registry) = (spoken(release), registry(release.package()));
    let differences = differences(&alert.signals);
    let mut text = format!(
        "Subject: {subject}: did you publish it?\n\n\
         Hello,\n\n\
         we use {package}, and compare how each release was made with the releases before it. {name} on {registry} differs. \
         That can be intended: projects change. It can also mean that an account or a token is in other hands, so we ask \
         before we install it.\n\n\
         The release\n  {name} on {registry}{published}\n",
        subject = subject(&format!("{} {}", release.package().name(), release.version())),
        package = code(&harmless(release.package().name())),
        published = alert.published_at.map(|at| format!(", published {}", words::moment(at))).unwrap_or_default(),
    );
    links(&mut text, alert);
    text.push_str("\nWhat changed\n");
    text.push_str(&differences.text);
    let answer = format!("{} is ours", code(&harmless(release.version())));
    ending(&mut text, &differences.remedies, &answer, &[release.package().ecosystem()]);
    text
}

fn of_campaign(alert: &Alert) -> String {
    let ecosystems = distinct(alert.members.iter().map(|release| release.package().ecosystem()));
    let count = alert.members.len();
    let mut text = format!(
        "Subject: {count} releases: did you publish them?\n\n\
         Hello,\n\n\
         we use packages of yours, and compare how each release was made with the releases before it. {count} releases \
         differ, close to each other. That can be intended: projects change. It can also mean that an account or a token is \
         in other hands, so we ask before we install them.\n\n\
         The releases\n"
    );
    for (place, release) in alert.members.iter().take(RELEASES).enumerate() {
        let detail = alert.member_details.iter().find(|member| member.purl == *release);
        member(&mut text, place + 1, release, detail);
    }
    if let Some(more @ 1..) = count.checked_sub(RELEASES) {
        let _ = writeln!(text, "  and {more} more");
    }
    ending(&mut text, &[Remedy::Provenance, Remedy::Note], "all of them are ours", &ecosystems);
    text
}

fn member(text: &mut String, place: usize, release: &ReleaseId, detail: Option<&Member>) {
    let published =
        detail.and_then(|member| member.published_at).map(|at| format!(", published {}", words::moment(at)));
    let on = registry(release.package());
    let _ = writeln!(text, "  {place}. {} on {on}{}", spoken(release), published.unwrap_or_default());
    if let Some(member) = detail.filter(|member| !member.seen.is_empty()) {
        before_and_now(text, &member.expected, "", &member.seen);
    }
}

fn of_entry(alert: &Alert) -> String {
    let package = alert.package.as_ref().map(Package::name);
    let named =
        |name: Option<&str>, otherwise: &str| name.map_or_else(|| otherwise.to_owned(), |name| code(&harmless(name)));
    let differences = differences(&alert.signals);
    let mut text = format!(
        "Subject: {subject}: did you sign this?\n\n\
         Hello,\n\n\
         we use {used}, and read the public transparency logs for signatures by its workflows. One of them has an entry that \
         we cannot explain. That can be intended: a test, or a new workflow. It can also mean that a token or the repository \
         is in other hands, so we ask.\n\n\
         The entry\n",
        subject = package.map_or_else(|| "your repository".to_owned(), subject),
        used = named(package, "your software"),
    );
    for entry in alert.entries.iter().flat_map(|entries| &entries.samples).take(3) {
        let (log, who) = (code(&harmless(&entry.log)), code(&harmless(&entry.who)));
        let _ = writeln!(text, "  entry {} of {log}: {who}", entry.index);
    }
    links(&mut text, alert);
    text.push_str("\nWhat changed\n");
    text.push_str(&differences.text);
    ending(&mut text, &differences.remedies, "the signature is ours", &[]);
    text
}

/// The differences as text, with what puts them right.
struct Differences {
    text: String,
    remedies: Vec<Remedy>,
}

fn differences(signals: &[Signal]) -> Differences {
    let known = signals.iter().filter_map(|signal| Some((signal, topic(&signal.detector)?))).take(DIFFERENCES);
    let mut differences = Differences { text: String::new(), remedies: Vec::new() };
    for (place, (signal, (topic, remedy))) in known.enumerate() {
        let since = signal.since.map(|at| format!(" (since {})", words::day(at))).unwrap_or_default();
        let _ = writeln!(differences.text, "  {}. {topic}", place + 1);
        before_and_now(&mut differences.text, &signal.expected, &since, &signal.seen);
        differences.remedies.push(remedy);
    }
    if differences.text.is_empty() {
        differences.text.push_str("  its place among the other releases\n");
        differences.remedies.push(Remedy::Note);
    }
    differences.remedies.sort_unstable();
    differences.remedies.dedup();
    differences
}

fn before_and_now(text: &mut String, expected: &str, since: &str, seen: &str) {
    let (expected, seen) = (code(&in_their_words(expected)), code(&in_their_words(seen)));
    let _ = writeln!(text, "     expected: {expected}{since}\n     now: {seen}");
}

/// A value without the words that only provwatch has.
fn in_their_words(value: &str) -> String {
    const WORDS: [(&str, &str); 6] = [
        ("trusted-publisher", "trusted publishing"),
        ("no evidence", "neither provenance nor trusted publishing"),
        ("authentication: ", "published with: "),
        ("unfamiliar ", ""),
        (" in the baseline", ""),
        ("on release line", "on line"),
    ];
    let replaced = WORDS.iter().fold(harmless(value), |text, (ours, theirs)| text.replace(ours, theirs));
    counted(&replaced).unwrap_or(replaced)
}

/// `main (4 of 4)`: the count says what it counts.
fn counted(text: &str) -> Option<String> {
    let (value, count) = text.rsplit_once(" (")?;
    let (count, rest) = count.split_once(')')?;
    let (some, all) = count.split_once(" of ")?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(some) && is_number(all)).then(|| format!("{value} ({some} of {all} earlier releases){rest}"))
}

fn links(text: &mut String, alert: &Alert) {
    let links = &alert.links;
    for (label, link) in
        [("page", &links.registry), ("commit", &links.commit), ("run", &links.run), ("log entry", &links.log)]
    {
        if let Some(link) = link.as_deref().and_then(pasted::link) {
            let _ = writeln!(text, "  {label}: {link}");
        }
    }
}

/// How to put it right, what to do if it was another person, and how to answer.
fn ending(text: &mut String, remedies: &[Remedy], answer: &str, ecosystems: &[Ecosystem]) {
    let evidence = distinct(ecosystems.iter().map(|one| one.row().maintainers.evidence)).join(", or ");
    let evidence = if evidence.is_empty() { "with provenance" } else { &evidence };
    let registries: Vec<String> = ecosystems.iter().map(|one| words::name(one.row().title)).collect();
    let registries = if registries.is_empty() { "the forge".to_owned() } else { registries.join(" and ") };
    text.push_str("\nIf it was you\n");
    for remedy in remedies {
        let _ = writeln!(text, "  - {}", remedy.sentence(evidence));
    }
    let _ = write!(
        text,
        "  - Say so in a public place of the project, so that others who compare can see it too.\n\n\
         If it was not you\n\
         \x20 - {withdrawal} the tokens and sessions of the account, and tell {registries}.\n\n\
         How to answer\n\
         \x20 A reply \"{answer}\", or \"not ours\", is enough. A link to the public note is better still.\n\n\
         Thank you for your work on it.\n",
        withdrawal = withdrawal(ecosystems),
    );
}

/// How a release is taken back, in the words of its registry: `Yank it on crates.io, then revoke`.
fn withdrawal(ecosystems: &[Ecosystem]) -> String {
    let ways = ecosystems.iter().map(|one| one.row());
    let ways: Vec<String> = match ecosystems.len() {
        1 => ways.map(|row| format!("{} it", row.maintainers.withdraw)).collect(),
        _ => ways.map(|row| format!("{} it on {}", row.maintainers.withdraw, row.title)).collect(),
    };
    let text = ways.iter().fold(String::new(), |text, way| text + way + ", ") + "revoke";
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

fn spoken(release: &ReleaseId) -> String {
    format!("{} {}", code(&harmless(release.package().name())), code(&harmless(release.version())))
}

fn registry(package: &Package) -> String {
    words::name(package.registry().title())
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, Links, Severity, Sighting, Sightings};

    fn signal(detector: &'static str, expected: &str, seen: &str, since: Option<&str>) -> Signal {
        Signal {
            detector: detector.into(),
            severity: Severity::High,
            expected: expected.to_owned(),
            seen: seen.to_owned(),
            since: since.map(|at| at.parse().unwrap()),
            why: "An attacker with a stolen token can publish.".to_owned(),
            corroborating: false,
        }
    }

    fn about(kind: AlertKind, title: &str) -> Alert {
        let at = "2026-03-31T00:24:10Z".parse().unwrap();
        Alert::about(kind, "it", Severity::High, Confidence::High, title.to_owned(), at)
    }

    fn release(purl: &str, signals: Vec<Signal>) -> Alert {
        Alert {
            purl: Some(purl.parse().unwrap()),
            published_at: Some("2026-03-31T00:21:00Z".parse().unwrap()),
            signals,
            ..about(AlertKind::Release, "a takeover")
        }
    }

    #[test]
    fn a_release_of_each_registry() {
        let downgrade = || {
            let expected = "trusted-publisher on release line 1 (8 of 8 releases)";
            let seen = "no evidence (authentication: token, by the unfamiliar account jason)";
            signal("evidence-downgrade", expected, seen, Some("2025-01-20T12:00:00Z"))
        };
        let links = Links {
            registry: Some("https://npm.example/package/axios/v/1.14.1".to_owned()),
            commit: Some("https://github.com/axios/axios/commit/0123456789abcdef".to_owned()),
            run: Some("https://github.com/axios/axios/actions/runs/1".to_owned()),
            log: None,
        };
        let hidden = signal("beside-accused", "no alert about it", "1.9.0 raised an alert", None);
        let npm = release("pkg:npm/axios@1.14.1", vec![downgrade(), hidden]);
        let pypi = vec![
            signal("workflow-changed", ".github/workflows/release.yml (4 of 4)", ".github/workflows/x.yml", None),
            signal("tag-missing", "a tag (5 of 5 releases in the baseline had one)", "no tag v8.3.41", None),
        ];
        let cargo = vec![signal("file-replaced", "lib.crate with aaaa", "lib.crate with bbbb", None)];
        let texts = [
            Alert { links, ..npm },
            release("pkg:pypi/ultralytics@8.3.41", pypi),
            release("pkg:cargo/serde@1.0.1", cargo),
            release("pkg:npm/%40scope/it's@1.0.0", Vec::new()),
        ]
        .map(|alert| for_maintainer(&alert).unwrap());
        insta::assert_snapshot!(texts.join("\n=====\n"));
    }

    #[test]
    fn every_registry_has_its_own_words() {
        for (purl, evidence, withdrawal) in [
            ("pkg:npm/axios@1.14.1", "with provenance.", "Deprecate or unpublish it, revoke"),
            ("pkg:pypi/ultralytics@8.3.41", "as a trusted publisher, with", "Yank or delete it, revoke"),
            ("pkg:cargo/serde@1.0.1", "as a trusted publisher.", "Yank it, revoke"),
        ] {
            let signals = vec![signal("evidence-downgrade", "provenance", "a token", None)];
            let text = for_maintainer(&release(purl, signals)).unwrap();
            let line = text.replace("\n    ", " ");
            assert!(line.contains(evidence) && line.contains(withdrawal), "{text}");
        }
        assert_eq!(withdrawal(&[]), "Revoke");
    }

    #[test]
    fn a_campaign_and_a_log_entry() {
        let mut campaign = about(AlertKind::Campaign, "3 releases by the account qix");
        campaign.members = vec!["pkg:npm/a@1.0.0".parse().unwrap(), "pkg:npm/b@2.0.0".parse().unwrap()];
        campaign.member_details = vec![Member {
            purl: "pkg:npm/a@1.0.0".parse().unwrap(),
            alert: campaign.id,
            severity: Severity::High,
            reason: "Lost its evidence (evidence-downgrade)".to_owned(),
            expected: "ann (5 of 5)".to_owned(),
            seen: "mallory".to_owned(),
            published_at: campaign.published_at,
            publisher: Some("mallory".to_owned()),
            new_scripts: Vec::new(),
            new_dependencies: Vec::new(),
            links: Links::default(),
            new: true,
        }];
        let mut entry = about(AlertKind::Log, "A publishing workflow signed something that no release carries");
        entry.package = Some("pkg:npm/axios".parse().unwrap());
        entry.signals = vec![signal("unexplained-entry", "a release within a day", "none", None)];
        let sighting = Sighting { log: "rekor.example".to_owned(), index: 7, who: "release.yml".to_owned() };
        entry.entries = Some(Sightings::first(sighting, entry.raised_at));
        let texts = [campaign, entry].map(|alert| for_maintainer(&alert).unwrap());
        insta::assert_snapshot!(texts.join("\n=====\n"));
    }

    #[test]
    fn it_has_no_word_that_only_we_know_and_no_accusation() {
        let mut signals: Vec<Signal> =
            crate::detect::abouts().map(|about| signal(about.id, "x (4 of 4)", "y", None)).collect();
        while !signals.is_empty() {
            let some: Vec<Signal> = signals.drain(..signals.len().min(DIFFERENCES)).collect();
            let ids: Vec<String> = some.iter().map(|signal| signal.detector.to_string()).collect();
            let alert = release("pkg:npm/axios@1.14.1", some);
            let Some(text) = for_maintainer(&alert) else {
                assert!(ids.iter().any(|id| id == "public-namesake"));
                continue;
            };
            assert!(ids.iter().all(|id| !text.contains(id.as_str())), "{text}");
            for word in ["baseline", "detector", "alert", "severity", "provwatch", "attack", "malicious", "takeover"] {
                assert!(!text.to_lowercase().contains(word), "{word}: {text}");
            }
            assert!(!text.contains(&alert.id.to_string()) && text.len() < 4_000, "{text}");
        }
    }

    #[test]
    fn no_maintainer_answers_for_a_log_or_for_provwatch() {
        let fork = Alert { evidence: Some("0f3a".to_owned()), ..about(AlertKind::Log, "a fork") };
        let named = release("pkg:npm/ours@1.0.0", vec![signal("public-namesake", "none", "one", None)]);
        for alert in [fork, named, about(AlertKind::Operation, "a feed is stale"), about(AlertKind::Campaign, "none")] {
            assert_eq!(for_maintainer(&alert), None, "{}", alert.title);
        }
    }

    #[test]
    fn hostile_values_stay_values() {
        let nasty = "\u{1b}[2J\r\nBcc: x@evil.example\u{202e} (4 of x) (1 of 2)";
        let mut alert = release("pkg:npm/a@1.0.0%0A%1B", vec![signal("ref-changed", nasty, &"&".repeat(9_000), None)]);
        alert.links.commit = Some(nasty.to_owned());
        alert.links.run = Some("https://ada:tok3n@git.example/run?token=tok3n".to_owned());
        alert.signals[0].seen =
            "[x](https://evil.example) <img> @everyone `a` ada@example.org # h # h # h # h # h # h # h".to_owned();
        let text = for_maintainer(&alert).unwrap();
        assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")) && text.len() < 6_000, "{text}");
        assert!(
            !text.contains("tok3n") && !text.contains("ada@") && text.contains("<https://git.example/run>"),
            "{text}"
        );
        assert_eq!(text.matches('`').count() % 2, 0, "{text}");
        assert!(text.lines().all(|line| line.matches('`').count() % 2 == 0), "a value stands on one line: {text}");
        let outside: String = text.split('`').step_by(2).collect();
        assert!(!outside.contains("evil") && !outside.contains("@everyone") && !outside.contains("<img"), "{text}");
        for (text, said) in [
            ("main (4 of 4)", Some("main (4 of 4 earlier releases)")),
            ("main (4 of 4), gone", Some("main (4 of 4 earlier releases), gone")),
            ("main (4 of four)", None),
            ("main ( of )", None),
            ("(", None),
        ] {
            assert_eq!(counted(text).as_deref(), said, "{text}");
        }
    }
}
