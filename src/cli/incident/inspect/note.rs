//! The result of a look inside as a note of an incident: the findings, what was not checked, and the digests.

use crate::{
    inspect::{FileReport, Finding},
    packages::Inspection,
    text::{counted, listed, quoted},
};

/// Most findings and files that are named.
const NAMED: usize = 10;

/// Most characters of what a file says.
const MAX_TEXT: usize = 200;

/// The note, on one line.
pub(super) fn text(inspection: &Inspection) -> String {
    let against = inspection.against.as_ref().map(|against| format!(", compared with {}", against.purl));
    let mut said = vec![format!("looked inside {}{}", inspection.purl, against.unwrap_or_default())];
    said.push(match inspection.severity() {
        Some(worst) => {
            let findings = listed(inspection.findings.iter().map(finding), NAMED);
            format!("{}, the worst is {worst}: {findings}", counted(inspection.findings.len(), "finding"))
        }
        None => "no findings".to_owned(),
    });
    if !inspection.unchecked.is_empty() {
        said.push(format!("not checked for {}", counted(inspection.unchecked.len(), "reason")));
    }
    if !inspection.files.is_empty() {
        said.push(listed(inspection.files.iter().map(digest), NAMED));
    }
    said.join("; ")
}

fn finding(finding: &Finding) -> String {
    let place = finding.path.as_ref().unwrap_or(&finding.file);
    format!("{} ({}: {})", finding.kind.as_str(), quoted(place, MAX_TEXT), quoted(&finding.text, MAX_TEXT))
}

fn digest(file: &FileReport) -> String {
    let sha256 = file.digests.sha256.as_deref().unwrap_or_default();
    format!("{} has the SHA-256 {sha256}", quoted(&file.name, MAX_TEXT))
}
