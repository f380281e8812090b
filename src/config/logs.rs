//! The section `[logs]`: the transparency logs that are followed, and how.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, WebUrl};
use crate::model::{Report, Severity};

/// `[logs]`: the transparency logs that provwatch follows, and how it reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogsSection {
    /// Whether provwatch follows transparency logs.
    pub enabled: bool,
    /// Whether provwatch follows every log that the trust root names.
    pub trust_root: bool,
    /// The kinds of log of which provwatch reads every entry. Of logs of other kinds it checks only the checkpoints.
    pub tail: BTreeSet<LogKindName>,
    /// How often provwatch polls a log.
    pub interval: Period,
    /// How long the checkpoint of an active log may stay the same before provwatch raises an alert.
    pub stale_after: Period,
    /// How long provwatch waits for the release that carries a log entry's signature, before it raises
    /// `unexplained-entry`.
    pub window: Period,
    /// Requests at the same time to a log with tiles or a CT log, of 256 entries each. A higher number reads a distant
    /// log faster: about `256 * in_flight` entries in the time of one request. For a nearby log six requests keep one
    /// processor core busy. Each request takes about 2 MB of memory.
    #[schemars(range(min = 1, max = 64))]
    pub in_flight: u32,
    /// Limits for reading all entries of a Rekor v1 log.
    pub rekor_v1: RekorV1Section,
    /// URLs for logs of the trust root: a mirror or proxy in place of the URL there, or a URL where the trust root has
    /// none. The key is the log's URL in the trust root, or the id of its public key, as `provwatch logs status` shows
    /// it. The value is the URL that provwatch reads. For Rekor v2 that is the URL of the folder of `checkpoint`.
    pub urls: BTreeMap<String, WebUrl>,
    /// Signers to search the logs for, in addition to the repositories of watched packages: one `[[logs.match]]` table
    /// for each. All given conditions must match, each as a regular expression over the whole value.
    #[serde(rename = "match")]
    pub matches: Vec<LogMatch>,
    /// Logs that the trust root does not name, and mirrors: one `[[logs.instance]]` table for each.
    #[serde(rename = "instance")]
    pub instances: Vec<LogInstance>,
    /// Witnesses whose cosignatures provwatch verifies and shows: one `[[logs.witness]]` table for each.
    #[serde(rename = "witness")]
    pub witnesses: Vec<LogWitness>,
}

impl Default for LogsSection {
    fn default() -> Self {
        Self {
            enabled: true,
            trust_root: true,
            tail: BTreeSet::from([LogKindName::Tiles]),
            interval: Period::seconds(20),
            stale_after: Period::hours(6),
            window: Period::hours(2),
            in_flight: 6,
            rekor_v1: RekorV1Section::default(),
            urls: BTreeMap::new(),
            matches: Vec::new(),
            instances: Vec::new(),
            witnesses: Vec::new(),
        }
    }
}

impl LogsSection {
    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.instances.iter_mut().map(|instance| &mut instance.public_key)
    }
}

/// The protocol of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogKindName {
    /// Rekor v2, and every other log that serves C2SP tlog-tiles.
    Tiles,
    /// Rekor v1.
    #[serde(rename = "rekor-v1")]
    RekorV1,
    /// A certificate transparency log (RFC 6962), such as Fulcio's.
    Ct,
    /// A static certificate transparency log (C2SP static-ct-api).
    StaticCt,
}

/// `[logs.rekor_v1]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RekorV1Section {
    /// Requests at the same time, of ten entries each.
    #[schemars(range(min = 1, max = 256))]
    pub in_flight: u32,
    /// The largest number of entries in a second. Default: 200 for Sigstore's public instance, no limit for a log of
    /// your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub entries_per_second: Option<u32>,
}

impl Default for RekorV1Section {
    fn default() -> Self {
        Self { in_flight: 32, entries_per_second: None }
    }
}

/// `[[logs.match]]`: a signer to search the logs for. All given conditions must match, each as a regular expression
/// over the whole value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogMatch {
    /// The name of this match in alerts.
    pub name: String,
    /// The severity of the alerts about this match. Subscriptions select by it (`min_severity`).
    #[serde(default = "mildest")]
    pub severity: Severity,
    /// The entries that raise alerts. provwatch tells signers apart by issuer, subject, workflow, repository,
    /// repository id, trigger and kind of runner, and ignores the ref. docs/OPERATIONS.md, *Matches*, has the details.
    #[serde(default)]
    pub report: Report,
    /// The team that answers for it: alerts name it, and subscriptions select by it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(length(min = 1))]
    pub team: Option<String>,
    /// Whether these signers are your own. A run of your release workflow must then explain each of their signatures, also if
    /// `report` reports none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// With `own`: the files of your release workflows, relative to the repository: `[".github/workflows/release.yml"]`. Other
    /// workflows explain nothing. Default: any.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub workflows: Vec<String>,
    /// A regular expression for the certificate's subject alternative name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub san: Option<String>,
    /// A regular expression for the OIDC issuer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issuer: Option<String>,
    /// Regular expressions for Fulcio's claims, each under the name of the claim: `source_repository_owner_uri`, …
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub claims: BTreeMap<String, String>,
}

const fn mildest() -> Severity {
    Severity::Info
}

/// `[[logs.instance]]`: a log that the trust root does not name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInstance {
    /// The name of this entry in messages about the configuration, and for `--log`, which also takes the log's origin.
    /// Only the name tells two mirrors of one log apart.
    pub name: String,
    /// The protocol of the log.
    pub kind: LogKindName,
    /// The URL of the log. For `tiles` and `static-ct` it is the URL of the folder of `checkpoint` and `tile`, for
    /// other kinds the base URL of the API.
    pub url: WebUrl,
    /// A PEM file with the log's public key.
    pub public_key: PathBuf,
    /// The origin of the log's checkpoints. For Rekor v1, leave out the number of the tree. Two entries with the same
    /// origin, kind and key are mirrors of one log, and provwatch compares them with each other. Default: the host of
    /// the URL.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<String>,
    /// Whether provwatch reads every entry of this log. Default: the setting of its kind in `tail` of `[logs]`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tail: Option<bool>,
}

impl LogInstance {
    /// The origin of its checkpoints.
    pub fn origin(&self) -> &str {
        self.origin.as_deref().unwrap_or_else(|| self.url.as_url().host_str().unwrap_or_default())
    }
}

/// `[[logs.witness]]`: a witness that cosigns checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogWitness {
    /// The witness's key in the form in which witnesses publish it: `name+hash+base64`.
    pub key: String,
}
