//! Prints the result of a look inside for people: the answer first, then each file.

use anstyle::{AnsiColor, Style};

use super::print_contents;
use crate::{
    cli::{
        fact_table::{self, Sheet},
        output, words, wrap,
    },
    inspect::{Agreement, By, FileReport, Finding, Statement},
    model::Severity,
    packages::Inspection,
    text::{counted, shell_word},
};

/// Most files that are left out, and sentences, that are shown.
const SHOWN: usize = 20;

pub(super) fn report(inspection: &Inspection, fail_on: Severity) {
    output::line(headline(inspection, fail_on));
    output::line(format_args!("  {}", words::name(&inspection.purl)));
    let against = match &inspection.against {
        Some(against) => format!("compared with {}: {}", words::name(&against.purl), words::sentence(&against.why)),
        None => "not compared with another release; --against names one".to_owned(),
    };
    output::line(wrap::paragraphs(&against, wrap::width(), "  "));
    findings(&inspection.findings);
    unchecked(&inspection.unchecked);
    inspection.files.iter().for_each(file);
    left_out(inspection);
    fact_table::next(&next(inspection));
}

fn headline(inspection: &Inspection, fail_on: Severity) -> String {
    let worst = inspection.severity();
    let (color, word, why) = match worst {
        Some(severity) if severity >= fail_on => (AnsiColor::Red, "SUSPICIOUS", findings_in_words(inspection)),
        _ if !inspection.unchecked.is_empty() => {
            (AnsiColor::Yellow, "Not fully checked", counted(inspection.unchecked.len(), "reason"))
        }
        Some(_) => (AnsiColor::Yellow, "Nothing serious", findings_in_words(inspection)),
        None => (AnsiColor::Green, "Nothing suspicious", "every comparison holds".to_owned()),
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{word}{style:#}: {why}.")
}

fn findings_in_words(inspection: &Inspection) -> String {
    let count = counted(inspection.findings.len(), "finding");
    inspection.severity().map_or_else(|| count.clone(), |worst| format!("{count}, the worst is {worst}"))
}

fn findings(findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    fact_table::heading("findings");
    for finding in findings {
        let path = finding.path.as_ref().map(|path| format!(", {}", words::name(path))).unwrap_or_default();
        let place = format!("{}{path}", words::name(&finding.file));
        let severity = output::severity(finding.severity);
        output::line(format_args!("  {severity}  {}", finding.kind.as_str()));
        let text = format!("{place}: {}", words::sentence(&finding.text));
        output::line(wrap::paragraphs(&text, wrap::width(), "      "));
    }
}

fn unchecked(reasons: &[String]) {
    if reasons.is_empty() {
        return;
    }
    fact_table::heading("not checked");
    for reason in reasons.iter().take(SHOWN) {
        output::line(wrap::paragraphs(&words::sentence(reason), wrap::width(), "  "));
    }
    more(reasons.len());
}

/// How many there are besides those that are shown.
fn more(count: usize) {
    if count > SHOWN {
        output::line(format_args!("  and {} more, see --format json", count - SHOWN));
    }
}

fn file(file: &FileReport) {
    let format = file.format.map(|format| format!(", {}", format.title())).unwrap_or_default();
    fact_table::heading(format_args!("{}{format}, {}", words::name(&file.name), words::size(file.size)));
    let mut sheet = Sheet::new();
    for statement in &file.statements {
        sheet.row(by(statement.by), said(statement));
    }
    let digests = [("SHA-256", &file.digests.sha256), ("SHA-512", &file.digests.sha512)];
    for (kind, digest) in digests {
        sheet.maybe(kind, digest.as_ref().map(words::sentence));
    }
    sheet.maybe("compared with", file.compared_with.as_ref().map(words::name));
    if let Some(contents) = &file.contents {
        print_contents::summary(&mut sheet, contents);
    }
    sheet.print();
    if let Some(contents) = &file.contents {
        print_contents::details(contents);
    }
}

fn by(by: By) -> &'static str {
    match by {
        By::Registry => "registry",
        By::Observation => "observed",
        By::Attestation => "attestation",
    }
}

fn said(statement: &Statement) -> String {
    let word = match statement.outcome {
        Agreement::Agrees => "agrees",
        Agreement::Contradicts => "CONTRADICTS",
        Agreement::Invalid => "INVALID",
        Agreement::None => "none",
        Agreement::Unknown => "not checked",
    };
    format!("{word}: {}", words::sentence(&statement.detail))
}

fn left_out(inspection: &Inspection) {
    let left_out = &inspection.left_out;
    if left_out.is_empty() {
        return;
    }
    fact_table::heading("not looked into");
    let mut sheet = Sheet::new();
    for file in left_out.iter().take(SHOWN) {
        sheet.row(&words::name(&file.name), words::sentence(&file.why));
    }
    sheet.print();
    more(left_out.len());
}

fn next(inspection: &Inspection) -> Vec<(String, &'static str)> {
    let (purl, package) = (&inspection.purl, inspection.purl.package());
    let (purl, package) = (shell_word(&purl.to_string()), shell_word(&package.to_string()));
    let mut next = vec![
        (format!("provwatch lookup {purl}"), "who published it, and from where"),
        (format!("provwatch timeline {package}"), "the releases around it"),
    ];
    if inspection.against.is_none() {
        let against = shell_word(&format!("{}@VERSION", inspection.purl.package()));
        next.insert(0, (format!("provwatch incident inspect {purl} --against {against}"), "compare it with a release"));
    }
    next
}
