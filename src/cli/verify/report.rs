//! The result of `provwatch verify` as JSON, and the exit code that follows from it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::conditions::{Condition, Conditions};
use crate::{
    attest::{self, About, FileDigests, Proven},
    cli::exit::Exit,
    model::{
        Alert, AlertId, Aspect, Check, Claims, LogEntry, Observation, Provenance, ReleaseId, Severity, Signal,
        VerifiedProvenance, WorkflowIdentity,
    },
};

/// What `provwatch verify` found out about one file, digest or release.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// What was asked about, as it was given.
    pub target: String,
    /// The overall verdict.
    pub verdict: Verdict,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// The file that was asked about, or compared with: its digests by algorithm, in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<FileDigests>,
    /// The attestations of a file, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attestations: Vec<Attested>,
    /// The release that was asked about, or the stored ones that have the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<Judged>,
}

/// The overall verdict. Only `verified` means verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that was asked for holds.
    Verified,
    /// The registry has no attestation: nothing is proven.
    Absent,
    /// Nothing is known of it here.
    Unknown,
    /// Something could not be checked.
    Unavailable,
    /// It holds, and a condition is not met.
    Unmet,
    /// What differs from the baseline is as bad as `--fail-on`, or worse.
    Accused,
    /// Something does not hold.
    Invalid,
}

impl Verdict {
    /// The exit code.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Verified => Exit::Clean,
            Self::Absent | Self::Unknown | Self::Unavailable => Exit::Unchecked,
            Self::Unmet | Self::Accused => Exit::Findings,
            Self::Invalid => Exit::Failed,
        }
    }
}

/// One attestation of a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Attested {
    /// Where it stands in the file: `line 2`, `attestation 1`; missing where it is alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What it was found in: `bundle`, `npm-attestation`, `pypi-attestation`, `envelope`, `unsigned-statement` or
    /// `cosign-bundle`.
    pub kind: &'static str,
    /// The type of the statement's predicate; a signature over a file has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// The subject of the attestation.
    pub about: Vec<VerifiedSubject>,
    /// Whether it speaks of the file that was given; missing where none was given, or it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaks_of_it: Option<bool>,
    /// Whether it holds, and what it then proves.
    pub attestation: Said,
    /// What became of each condition; empty where none applies.
    pub conditions: Vec<Condition>,
}

/// What an attestation speaks of.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerifiedSubject {
    /// Its name; missing where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its digests by algorithm, in lower-case hexadecimal.
    pub digests: FileDigests,
}

impl From<&About> for VerifiedSubject {
    fn from(about: &About) -> Self {
        let name = Some(about.name.clone()).filter(|name| !name.is_empty());
        Self { name, digests: about.digests.clone() }
    }
}

/// Whether an attestation holds, in the form of an observation's `attestation`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Said {
    /// `verified`, `invalid` or `unavailable`.
    pub status: &'static str,
    /// The check that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// Why it does not hold, or could not be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the registry's key, where that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The OIDC issuer; missing where a key signed, or the certificate names none and so proves the content alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The certificate's subject alternative name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The verified time of signing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<DateTime<Utc>>,
    /// All that the certificate says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
    /// Where it is logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogEntry>,
    /// The same for people.
    #[serde(skip)]
    pub proven: Option<VerifiedProvenance>,
}

impl Said {
    /// The result of verifying.
    pub fn of(outcome: Result<Proven, attest::VerificationFailure>) -> Self {
        match outcome {
            Ok(Proven { verified, key }) => {
                let attest::Verified { identity, subject: named, signed_at, log, signed } = verified;
                let (issuer, subject, claims) = match identity.clone() {
                    Some(WorkflowIdentity { issuer, subject, claims }) => (Some(issuer), Some(subject), Some(claims)),
                    None => (None, named, None),
                };
                let proven =
                    identity.map(|identity| VerifiedProvenance { identity, signed_at, log: log.clone(), signed });
                Self { status: "verified", key, issuer, subject, signed_at, claims, log, proven, ..Self::default() }
            }
            Err(attest::VerificationFailure::Invalid { check, reason }) => {
                Self { status: "invalid", check: Some(check), reason: Some(reason), ..Self::default() }
            }
            Err(attest::VerificationFailure::Unavailable { reason }) => {
                Self { status: "unavailable", reason: Some(reason), ..Self::default() }
            }
        }
    }

    /// The verdict on this attestation alone.
    pub fn verdict(&self) -> Verdict {
        match self.status {
            "verified" => Verdict::Verified,
            "invalid" => Verdict::Invalid,
            _ => Verdict::Unavailable,
        }
    }
}

/// A release.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Judged {
    /// The release.
    pub purl: ReleaseId,
    /// Where the answer comes from.
    pub source: Source,
    /// The file of it that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What is known of it; missing where it is not readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
    /// What could not be checked, a sentence each.
    pub unchecked: Vec<String>,
    /// What became of each condition, for each of those who signed.
    pub conditions: Vec<Condition>,
    /// How it compares with the baseline.
    pub compared: Compared,
    /// How bad what differs is; missing where nothing alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What differs from the baseline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    /// The alert that it raised, by its id, unless that is settled: resolved, or acknowledged of a release that was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertId>,
    /// What is wrong with it, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether it had the file that was asked about once, and has another one now.
    #[serde(skip)]
    pub had_it_once: bool,
}

/// Where an answer about a release comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The registry was asked, and all evidence was fetched and verified now.
    Registry,
    /// The store: it was verified when it was recorded.
    Store,
}

/// How a release compares with the baseline of its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::enum_variant_names, reason = "they are the words of the JSON form")]
pub enum Compared {
    /// It was compared with it.
    Compared,
    /// The baseline learned from the release itself.
    Learned,
    /// The baseline learned from younger releases.
    Older,
    /// Nothing was learned of the package: only the provenance was verified.
    NoBaseline,
}

impl Judged {
    /// A release as it was observed; the comparison with its baseline follows.
    pub fn of(purl: ReleaseId, source: Source, observation: Option<Observation>, unchecked: Vec<String>) -> Self {
        Self {
            purl,
            source,
            file: None,
            observation,
            unchecked,
            conditions: Vec::new(),
            compared: Compared::NoBaseline,
            severity: None,
            signals: Vec::new(),
            alert: None,
            title: None,
            had_it_once: false,
        }
    }

    /// Takes the release's existing alert, unless the new findings are worse.
    pub fn report(&mut self, alert: Option<Alert>) {
        let Some(alert) = alert else { return };
        self.alert = Some(alert.id);
        if self.severity.is_none_or(|severity| severity <= alert.severity) {
            (self.severity, self.title) = (Some(alert.severity), Some(alert.title));
        }
        let found = std::mem::replace(&mut self.signals, alert.signals);
        for signal in found {
            if !self.signals.iter().any(|known| known.says_what(&signal)) {
                self.signals.push(signal);
            }
        }
    }

    /// The provenance of the file in question, or of the whole release.
    fn provenances(&self) -> Vec<&Provenance> {
        let Some(observation) = self.observation.as_ref().filter(|_| !self.had_it_once) else { return Vec::new() };
        let file = observation.files.iter().find(|file| Some(&file.name) == self.file.as_ref());
        match file.and_then(|file| file.attestation.as_ref()) {
            Some(own) => vec![own],
            None if self.file.is_some() => vec![&observation.attestation],
            // An invalid signature of the registry belongs to no single file.
            None => observation.provenances().chain(std::iter::once(&observation.attestation)).collect(),
        }
    }

    /// Compares the conditions with every signer. Without a signer, no condition is met; if the signers could not be
    /// determined, the conditions have no result.
    #[must_use]
    pub fn on(mut self, conditions: &Conditions) -> Self {
        let provenances = self.provenances();
        let mut signers: Vec<Option<&WorkflowIdentity>> = Vec::new();
        for provenance in provenances {
            let signer = match provenance {
                Provenance::Verified(verified) => Some(&verified.identity),
                Provenance::Absent => None,
                Provenance::Unavailable { .. } | Provenance::Invalid { .. } => continue,
            };
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        let all = signers.into_iter().flat_map(|signer| conditions.of(signer)).collect();
        self.conditions = all;
        self
    }

    /// The verdict on everything, and the reasons.
    pub fn verdict(&self, fail_on: Severity) -> (Verdict, Vec<String>) {
        let provenances = self.provenances();
        let mut reasons: Vec<String> = Vec::new();
        let mut verdict = if self.observation.is_none() { Verdict::Unavailable } else { Verdict::Verified };
        if self.had_it_once {
            verdict = verdict.max(Verdict::Unavailable);
            reasons.push("the release had this file once, and does not have it now".to_owned());
        }
        for provenance in &provenances {
            let (found, reason) = self.of_provenance(provenance);
            verdict = verdict.max(found);
            reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
        }
        if !self.unchecked.is_empty() {
            verdict = verdict.max(Verdict::Unavailable);
            let all = self.unchecked.iter().map(|why| format!("could not check: {why}"));
            let new: Vec<String> = all.filter(|reason| !reasons.contains(reason)).collect();
            reasons.extend(new);
        }
        for condition in self.conditions.iter().filter(|condition| !condition.met) {
            verdict = verdict.max(Verdict::Unmet);
            reasons.push(condition.unmet());
        }
        if let Some(severity) = self.severity.filter(|severity| *severity >= fail_on) {
            verdict = verdict.max(Verdict::Accused);
            reasons.push(format!("{severity}: {}", self.title.as_deref().unwrap_or("it differs from its baseline")));
        }
        (verdict, reasons)
    }

    fn of_provenance(&self, provenance: &Provenance) -> (Verdict, Option<String>) {
        match provenance {
            Provenance::Verified(_) => (Verdict::Verified, None),
            Provenance::Absent => (Verdict::Absent, Some(self.absent())),
            Provenance::Unavailable { reason } => (Verdict::Unavailable, Some(format!("could not check: {reason}"))),
            Provenance::Invalid { check, reason } => {
                (Verdict::Invalid, Some(format!("does not hold: {check}: {reason}")))
            }
        }
    }

    /// The sentence that an attestation is missing.
    fn absent(&self) -> String {
        let is_attested = self.observation.iter().any(|observation| observation.verified().next().is_some());
        let registry = self.purl.package().registry();
        let title = registry.title();
        match registry.ecosystem().tells(Aspect::Attestation) {
            false => format!("{title} has no attestations: its metadata cannot be verified"),
            true if is_attested => "not every file of it has an attestation".to_owned(),
            true => format!("{title} has no attestation of it"),
        }
    }
}
