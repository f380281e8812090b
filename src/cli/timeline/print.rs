//! Prints a timeline: one column of times, and one of what happened.

use super::entry::{Entry, Raised, Release, What};
use crate::{
    cli::{
        output, published,
        words::{self, NOTHING},
        wrap,
    },
    model::{AlertKind, BaselineReason, ReleaseId},
    store::{EventKind, Outcome},
    text::listed,
};

/// Most names in a line.
const SHOWN: usize = 10;
/// The columns of a time, with two blanks behind it.
const TIME: usize = 18;

/// Prints all lines. In the surroundings of a release its own lines have a mark.
pub(super) fn print(entries: &[Entry], has_marks: bool) {
    let mark = if has_marks { "  " } else { "" };
    output::line(format_args!("{mark}{:TIME$}WHAT", "AT (UTC)"));
    for entry in entries {
        let mark = match (has_marks, entry.marked) {
            (false, _) => "",
            (true, false) => "  ",
            (true, true) => "> ",
        };
        let indent = mark.len() + TIME;
        let (first, more) = lines(&entry.what);
        let text = wrap::paragraphs(&first, wrap::width(), &" ".repeat(indent));
        output::line(format_args!("{mark}{}  {}", words::minute(entry.at), text.trim_start()));
        for line in more {
            output::line(wrap::paragraphs(&line, wrap::width(), &" ".repeat(indent + 2)));
        }
    }
}

/// What happened in a paragraph, and more paragraphs below it.
fn lines(what: &What) -> (String, Vec<String>) {
    let one = |text: String| (text, Vec::new());
    match what {
        What::Release(release) => of_release(release),
        What::Event { kind, source, action, version } => one(event(*kind, source, action, version.as_deref())),
        What::Maintainers { purl, added, removed } => one(maintainers(purl, added, removed)),
        What::DistTag { name, version, before } => one(dist_tag(name, version, before.as_deref())),
        What::Setting { purl, tokens_disallowed } => one(setting(purl, *tokens_disallowed)),
        What::LogEntry { .. } => one(log_entry(what)),
        What::Alert { .. } => one(alert(what)),
        What::AlertAction { .. } => one(action(what)),
        What::Development { id, kind, purl, .. } => {
            one(format!("{}{} (alert {id})", version(purl.as_ref()), kind.title()))
        }
        What::Baseline { .. } => one(step(what)),
        What::Expected { id, change, until, by, reason, .. } => {
            let (change, by, reason) = (words::sentence(change), words::name(by), words::sentence(reason));
            one(format!("planned change {id} until {}: {change}; by {by}: {reason}", words::minute(*until)))
        }
        What::ExpectedRemoved { id, by, reason, .. } => {
            let by = by.as_ref().map(|by| format!(" by {}", words::name(by))).unwrap_or_default();
            let reason = reason.as_ref().map(|why| format!(": {}", words::sentence(why))).unwrap_or_default();
            one(format!("planned change {id} removed{by}{reason}"))
        }
    }
}

fn of_release(release: &Release) -> (String, Vec<String>) {
    let Release { outcome, status, in_baseline, .. } = *release;
    let alert = release.alert.as_ref().map(|Raised { id, severity, .. }| format!("{severity} {id}"));
    let came = published::came(alert.as_deref(), outcome, status, in_baseline);
    let later = if release.changed_later { " (as it is today)" } else { "" };
    let first = format!("{} {came}{later}", words::name(release.purl.version()));
    let proof = words::sentence(&release.proof);
    let by = Some(words::name(&release.by)).filter(|by| by != NOTHING);
    let by = by.unwrap_or_else(|| "an account that is not known".to_owned());
    let said = match (outcome, release.rank, &*release.proof) {
        (Outcome::Unreadable, ..) => proof,
        (_, None, _) => format!("by {by}; {proof}"),
        (_, rank, "absent") => format!("by {by}; evidence: {}", published::rank(rank)),
        (_, rank, _) => format!("by {by}; evidence: {}, {proof}", published::rank(rank)),
    };
    let changes = release.changes.iter().map(|change| {
        let (before, now) = (words::sentence(&change.before), words::sentence(&change.now));
        format!("CHANGED {}: {before} → {now}", change.part)
    });
    let again = release.recheck_at.map(|at| format!("next re-check at {}", words::moment(at)));
    (first, [said].into_iter().chain(changes).chain(again).collect())
}

fn event(kind: EventKind, source: &str, action: &str, version: Option<&str>) -> String {
    let of = version.map(|version| format!("{}: ", words::name(version))).unwrap_or_default();
    let told = if kind == EventKind::Removed { "" } else { "announced, " };
    format!("{of}{} ({told}{})", words::sentence(action), words::name(source))
}

fn maintainers(purl: &ReleaseId, added: &[String], removed: &[String]) -> String {
    let names = |names: &[String]| listed(names.iter().map(words::name), SHOWN);
    let added = (!added.is_empty()).then(|| format!("added {}", names(added)));
    let removed = (!removed.is_empty()).then(|| format!("removed {}", names(removed)));
    let both: Vec<String> = added.into_iter().chain(removed).collect();
    format!("CHANGED maintainers: {} (seen with {})", both.join("; "), words::name(purl.version()))
}

fn dist_tag(name: &str, version: &str, before: Option<&str>) -> String {
    let before = before.map(|before| format!(", before {}", words::name(before))).unwrap_or_default();
    format!("dist-tag {} names {}{before}", words::name(name), words::name(version))
}

fn setting(purl: &ReleaseId, tokens_disallowed: bool) -> String {
    let what = if tokens_disallowed { "the registry refuses tokens" } else { "the registry takes tokens again" };
    format!("CHANGED setting: {what} (seen with {})", words::name(purl.version()))
}

fn log_entry(what: &What) -> String {
    let What::LogEntry { log, index, signer, explained_by, judged, forged, .. } = what else { return String::new() };
    let carried = match (explained_by, judged, forged) {
        (_, _, true) => "forged: no trusted authority issued its certificate".to_owned(),
        (Some(release), ..) => format!("carried by {}", words::name(release.version())),
        (None, true, _) => "NOT explained by a release".to_owned(),
        (None, false, _) => "not explained yet".to_owned(),
    };
    format!("log entry {index} of {}: {}, {carried}", words::name(log), words::sentence(signer))
}

fn alert(what: &What) -> String {
    let What::Alert { id, kind, severity, status, title, members, repeats, .. } = what else { return String::new() };
    let kind = match kind {
        AlertKind::Campaign => format!("campaign of {}", words::counted(members.len(), "release")),
        AlertKind::Release => "alert".to_owned(),
        other => format!("{} alert", other.as_str()),
    };
    let repeats = repeats.map(|of| format!(", repeats {of}")).unwrap_or_default();
    format!("{kind} {id}, {severity}, {}{repeats}: {}", status.as_str(), words::sentence(title))
}

fn action(what: &What) -> String {
    let What::AlertAction { id, status, by, reason, until, category, .. } = what else { return String::new() };
    let category = category.map(|category| format!(" as {category}")).unwrap_or_default();
    let until = until.map(|until| format!(" until {}", words::minute(until))).unwrap_or_default();
    let (by, reason) = (words::name(by), words::sentence(reason));
    format!("alert {id} {}{category} by {by}{until}: {reason}", status.as_str())
}

fn step(what: &What) -> String {
    let What::Baseline { line, version, reason, purl, by, note } = what else { return String::new() };
    let release = purl.as_ref().map_or_else(String::new, |purl| {
        purl.parse::<ReleaseId>().map_or_else(|_| words::name(purl), |purl| words::name(purl.version()))
    });
    let line = words::name(line);
    let did = match reason {
        BaselineReason::Learned => format!("{release} joined the baseline of line {line}"),
        BaselineReason::Accepted => format!("{release} was accepted into the baseline of line {line}"),
        BaselineReason::Reset => format!("the baseline of line {line} was reset"),
        BaselineReason::Unlearned => format!("{release} left the baseline of line {line}"),
        BaselineReason::Unaccepted => format!("the acceptance of {release} was taken back, line {line}"),
    };
    let note = note.as_ref().map(|note| format!(": {}", words::sentence(note))).unwrap_or_default();
    format!("{did}, step {version}, by {}{note}", words::name(by))
}

fn version(purl: Option<&ReleaseId>) -> String {
    purl.map(|purl| format!("{} ", words::name(purl.version()))).unwrap_or_default()
}
