//! Prints the result of `provwatch verify` for people, with the answer first.

use anstyle::{AnsiColor, Style};

use super::{
    asked::Verify,
    conditions::Condition,
    report::{Attested, Compared, Judged, Report, Source, Verdict, VerifiedSubject},
};
use crate::{
    cli::{
        fact_table::{self, Sheet},
        lookup::identity,
        output, words, wrap,
    },
    text::shell_word,
};

/// Most subjects of an attestation that are shown.
const SHOWN: usize = 5;

pub(super) fn report(report: &Report, asked: &Verify) {
    output::line(headline(report));
    output::line(format_args!("  {}", words::sentence(&report.target)));
    for reason in &report.reasons {
        output::line(wrap::paragraphs(&words::sentence(reason), wrap::width(), "  "));
    }
    report.attestations.iter().for_each(attested);
    report.releases.iter().for_each(release);
    notes(report, asked);
    fact_table::next(&next(report));
}

fn headline(report: &Report) -> String {
    let (color, word) = match report.verdict {
        Verdict::Verified => (AnsiColor::Green, "Verified"),
        Verdict::Absent | Verdict::Unknown | Verdict::Unavailable => (AnsiColor::Yellow, "Not verified"),
        Verdict::Unmet | Verdict::Accused | Verdict::Invalid => (AnsiColor::Red, "NOT verified"),
    };
    let why = match report.verdict {
        Verdict::Verified => "all that was asked holds",
        Verdict::Absent => "nothing to verify",
        Verdict::Unknown => "it is not known",
        Verdict::Unavailable => "something could not be checked",
        Verdict::Unmet => "a condition is not met",
        Verdict::Accused => "the release differs from its baseline",
        Verdict::Invalid => "something does not hold",
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{word}{style:#}: {why}.")
}

fn attested(one: &Attested) {
    let place = one.place.as_deref().map(|place| format!("{place}: ")).unwrap_or_default();
    let what = one.predicate_type.as_deref().unwrap_or(one.kind);
    fact_table::heading(format_args!("{place}{}, {}", one.attestation.status, words::name(what)));
    let mut sheet = Sheet::new();
    sheet.rows("about", one.about.iter().take(SHOWN).map(subject));
    let more = one.about.len().saturating_sub(SHOWN);
    sheet.maybe("", (more > 0).then(|| format!("and {more} more, see --format json")));
    sheet.maybe(
        "the file",
        one.speaks_of_it.map(|is_it| if is_it { "is one of these" } else { "is NOT among these" }.to_owned()),
    );
    sheet.maybe("key", one.attestation.key.as_ref().map(|key| format!("{}, of the registry", words::name(key))));
    if let Some(proven) = &one.attestation.proven {
        identity::signer(&mut sheet, proven);
    } else {
        let unvouched = one.attestation.subject.as_ref();
        sheet.maybe("signed as", unvouched.map(|name| format!("{}; the builder is not proven", words::sentence(name))));
        sheet.maybe("signed", one.attestation.signed_at.map(words::moment));
        let log = one.attestation.log.as_ref();
        sheet.maybe("logged", log.map(|entry| format!("{}, index {}", words::name(&entry.origin), entry.index)));
    }
    conditions(&mut sheet, &one.conditions);
    sheet.print();
}

fn subject(subject: &VerifiedSubject) -> String {
    let name = subject.name.as_ref().map(words::name);
    let digest = ["sha256", "sha512", "sha384"].into_iter().find_map(|name| subject.digests.get_key_value(name));
    let digest = digest.or_else(|| subject.digests.first_key_value());
    let digest = digest.map(|(name, digest)| format!("{}:{}", words::name(name), words::sentence(digest)));
    [name, digest].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn conditions(sheet: &mut Sheet, conditions: &[Condition]) {
    let said = conditions.iter().map(|condition| {
        let name = condition.condition;
        if condition.met {
            format!("{name} met: {}", words::sentence(condition.seen.as_deref().unwrap_or_default()))
        } else {
            format!("NOT met: {}", words::sentence(condition.unmet()))
        }
    });
    sheet.rows("conditions", said);
}

fn release(judged: &Judged) {
    let source = match judged.source {
        Source::Registry => "as the registry has it now",
        Source::Store => "as it was verified when it was recorded",
    };
    fact_table::heading(format_args!("{}, {source}", words::name(&judged.purl)));
    let mut sheet = Sheet::new();
    sheet.maybe("file", judged.file.as_ref().map(words::name));
    sheet.maybe("published", judged.observation.as_ref().map(|it| words::moment(it.published_at)));
    conditions(&mut sheet, &judged.conditions);
    sheet.row("baseline", compared(judged));
    let differs = judged.signals.iter().map(|signal| {
        let (expected, seen) = (words::sentence(&signal.expected), words::sentence(&signal.seen));
        format!("{} ({}): expected {expected}, is {seen}", words::name(&signal.detector), signal.severity)
    });
    sheet.rows("differs", differs);
    sheet.print();
    if let Some(observation) = &judged.observation {
        identity::print(observation);
    }
}

fn compared(judged: &Judged) -> String {
    match (judged.compared, judged.severity) {
        (Compared::Compared, Some(severity)) => format!("it differs, {severity}"),
        (Compared::Compared, None) => "nothing unusual".to_owned(),
        (Compared::Learned, _) => "it joined the baseline".to_owned(),
        (Compared::Older, _) => "not compared: the baseline has learned from younger releases".to_owned(),
        (Compared::NoBaseline, _) => {
            "not compared: nothing was learned of its package, so only its provenance counts".to_owned()
        }
    }
}

/// Notes that unrequested conditions are not proven.
fn notes(report: &Report, asked: &Verify) {
    if report.attestations.iter().any(|one| one.attestation.verdict() == Verdict::Verified) {
        if report.artifact.is_none() {
            output::note("They were not compared with a file; --artifact names it.");
        }
        if asked.conditions.is_empty() {
            output::note(
                "Anyone may have signed: no condition restricts the signer. Add --repository, --workflow or another \
                one.",
            );
        }
    }
}

fn next(report: &Report) -> Vec<(String, &'static str)> {
    if let Some(judged) = report.releases.first() {
        let (purl, package) = (shell_word(&judged.purl.to_string()), shell_word(&judged.purl.package().to_string()));
        return match (judged.source, judged.compared) {
            (Source::Store, _) => vec![
                (format!("provwatch lookup {purl}"), "all that is stored of it"),
                (format!("provwatch verify {purl}"), "fetch and verify it again"),
            ],
            (Source::Registry, Compared::NoBaseline) => vec![
                (format!("provwatch watch add {package}"), "watch its package"),
                (format!("provwatch backfill {package}"), "learn how it is usually released"),
            ],
            (Source::Registry, _) => vec![(format!("provwatch baseline show {package}"), "the baseline")],
        };
    }
    let Some(file) = report.artifact.as_ref().filter(|_| report.verdict == Verdict::Unknown) else { return Vec::new() };
    let mut next = vec![("provwatch verify --bundle ATTESTATIONS FILE".to_owned(), "if you have its attestations")];
    if let Some(sha256) = file.get("sha256") {
        let find = format!("provwatch logs find --log rekor.sigstore.dev --hash sha256:{sha256}");
        next.push((find, "ask the search index of Sigstore's log"));
    }
    next
}
