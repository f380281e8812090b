//! The findings of a look inside: what in a file is suspicious, and how bad that is.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    compare::{Changes, FileChanged, FileShown},
    nature::Nature,
    report::{Agreement, By, ContentsReport, FileReport, Statement},
    script_report::{ScriptShown, State},
    scripts::When,
};
use crate::{
    model::{Manifest, Severity},
    text::{counted, quoted},
};

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The file is not the one that the registry states.
    DigestContradicts,
    /// The file is not the one that provwatch observed under this name.
    FileReplaced,
    /// The attestation is about another file.
    AttestationContradicts,
    /// The attestation does not hold.
    AttestationInvalid,
    /// The archive has something that an honest tool does not write.
    Anomaly,
    /// Something runs by itself that did not before.
    ScriptAdded,
    /// Something that runs by itself is another one.
    ScriptChanged,
    /// A script of the archive that the registry's document does not name.
    ScriptUntold,
    /// A program or library that was not there before.
    BinaryAdded,
    /// A link that was not there before.
    LinkAdded,
    /// A source file with an enormous line, which was not there before.
    LineGrown,
}

impl FindingKind {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DigestContradicts => "digest-contradicts",
            Self::FileReplaced => "file-replaced",
            Self::AttestationContradicts => "attestation-contradicts",
            Self::AttestationInvalid => "attestation-invalid",
            Self::Anomaly => "anomaly",
            Self::ScriptAdded => "script-added",
            Self::ScriptChanged => "script-changed",
            Self::ScriptUntold => "script-untold",
            Self::BinaryAdded => "binary-added",
            Self::LinkAdded => "link-added",
            Self::LineGrown => "line-grown",
        }
    }
}

/// Something suspicious.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// Its kind.
    pub kind: FindingKind,
    /// How bad it is.
    pub severity: Severity,
    /// The file of the release.
    pub file: String,
    /// The member of that file, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What exactly, for people.
    pub text: String,
}

/// A line that no person writes by hand, and the longest of a file that had only such.
const ENORMOUS: u64 = 5_000;
const BY_HAND: u64 = 1_000;

/// Most findings of one kind in one file.
const MAX_FINDINGS: usize = 20;

/// Most characters of a command in a finding.
const MAX_COMMAND: usize = 200;

/// The findings in a file, of which the registry's document says what `manifest` has.
pub fn findings(file: &FileReport, manifest: Option<&Manifest>) -> Vec<Finding> {
    let mut all = Findings { file: &file.name, found: Vec::new() };
    file.statements.iter().for_each(|statement| all.statement(statement));
    if let Some(contents) = &file.contents {
        all.anomalies(contents);
        all.scripts(&contents.scripts, manifest);
        if let Some(changes) = &contents.changes {
            all.binaries(contents, changes);
            all.lines(changes);
        }
        all.links(contents);
    }
    let mut found = all.found;
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

struct Findings<'a> {
    file: &'a str,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, kind: FindingKind, severity: Severity, path: Option<&str>, text: String) {
        if self.found.iter().filter(|finding| finding.kind == kind).count() < MAX_FINDINGS {
            let (file, path) = (self.file.to_owned(), path.map(str::to_owned));
            self.found.push(Finding { kind, severity, file, path, text });
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let kind = match (statement.by, statement.outcome) {
            (By::Registry, Agreement::Contradicts) => FindingKind::DigestContradicts,
            (By::Observation, Agreement::Contradicts) => FindingKind::FileReplaced,
            (By::Attestation, Agreement::Contradicts) => FindingKind::AttestationContradicts,
            (_, Agreement::Invalid) => FindingKind::AttestationInvalid,
            (_, Agreement::Agrees | Agreement::None | Agreement::Unknown) => return,
        };
        self.add(kind, Severity::Critical, None, statement.detail.clone());
    }

    /// One for each kind: the report has more.
    fn anomalies(&mut self, contents: &ContentsReport) {
        for (kind, count) in &contents.anomaly_counts {
            let Some(first) = contents.anomalies.iter().find(|anomaly| anomaly.kind == *kind) else { continue };
            let more = if *count > 1 { format!(", and {} more", count - 1) } else { String::new() };
            let text = format!("{}: {}{more}", kind.as_str(), first.detail);
            self.add(FindingKind::Anomaly, kind.severity(), first.path.as_deref(), text);
        }
    }

    fn scripts(&mut self, scripts: &[ScriptShown], manifest: Option<&Manifest>) {
        for script in scripts {
            self.script(script);
        }
        let told = manifest.and_then(|manifest| manifest.install_scripts.as_ref());
        let Some(told) = told else { return };
        // Those of bundled packages are in no document.
        let own = scripts.iter().filter(|script| script.when == When::Install && script.state != State::Gone);
        for script in own.filter(|script| !script.name.contains(' ') && !told.contains(&script.name)) {
            let text = format!("{} is in the archive, and the registry's document does not name it", script.name);
            self.add(FindingKind::ScriptUntold, Severity::High, None, text);
        }
    }

    fn script(&mut self, script: &ScriptShown) {
        let (name, when) = (&script.name, script.when.title());
        let command = script.command.as_ref().map(|command| format!(": {}", quoted(command, MAX_COMMAND)));
        let command = command.unwrap_or_default();
        let path = script.files.first().map(|file| file.path.as_str());
        let is_automatic = script.when.is_automatic();
        match script.state {
            State::New => {
                let severity = if is_automatic { Severity::High } else { Severity::Low };
                self.add(FindingKind::ScriptAdded, severity, path, format!("new, runs {when}: {name}{command}"));
            }
            State::Changed => {
                // A command, or what starts with the interpreter, seldom changes.
                let is_odd = !script.varies && (script.command_before.is_some() || script.when == When::Start);
                let severity = match (is_automatic, is_odd) {
                    (true, true) => Severity::High,
                    (true, false) => Severity::Medium,
                    (false, _) => Severity::Info,
                };
                self.add(FindingKind::ScriptChanged, severity, path, format!("changed, runs {when}: {name}{command}"));
            }
            State::Same | State::Gone | State::Missing | State::NotCompared => {}
        }
    }

    /// A package that had binaries gets others with many versions; one that had none is made of source.
    fn binaries(&mut self, contents: &ContentsReport, changes: &Changes) {
        let became = |change: &&FileChanged| !change.before.nature.is_binary() && change.now.nature.is_binary();
        let became: Vec<&FileShown> = changes.changed.items.iter().filter(became).map(|change| &change.now).collect();
        let added = changes.added.items.iter().filter(|file| file.nature.is_binary());
        let new: Vec<&FileShown> = added.chain(became).collect();
        let had_some = contents.binaries.count > new.len() as u64;
        let severity = if had_some { Severity::Medium } else { Severity::High };
        for file in new {
            let text = format!("new binary, {}: {}", file.nature.title(), counted(file.size, "byte"));
            self.add(FindingKind::BinaryAdded, severity, Some(&file.path), text);
        }
    }

    fn links(&mut self, contents: &ContentsReport) {
        for link in contents.links.items.iter().filter(|link| link.is_new == Some(true)) {
            let text = format!("new link to {}", quoted(&link.target, MAX_COMMAND));
            self.add(FindingKind::LinkAdded, Severity::Medium, Some(&link.path), text);
        }
    }

    /// Code that is hidden in a source file stands in one line as a rule.
    fn lines(&mut self, changes: &Changes) {
        for change in &changes.changed.items {
            let (Some(was), Some(is)) = (change.before.longest_line, change.now.longest_line) else { continue };
            if change.now.nature == Nature::Text && was < BY_HAND && is > ENORMOUS {
                let text = format!("its longest line has {is} bytes, and had {was}");
                self.add(FindingKind::LineGrown, Severity::Medium, Some(&change.now.path), text);
            }
        }
    }
}
