//! The section `[logs]`: the transparency logs that are followed, and how.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Period, WebUrl};
use crate::model::{Report, Severity};

/// `[logs]`: which transparency logs are followed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogsSection {
    /// Whether transparency logs are followed at all.
    pub enabled: bool,
    /// Whether every log that the trust root names is followed.
    pub trust_root: bool,
    /// The kinds of log whose entries are all read. Of the others only the checkpoints are checked.
    pub tail: BTreeSet<LogKindName>,
    /// How often a log is polled.
    pub interval: Period,
    /// How long a log that still grows may stand still before that is an alert.
    pub stale_after: Period,
    /// How long a release may take to explain an entry of its repository.
    pub window: Period,
    /// Requests at once to a log of tiles or a CT log, 256 entries each. More is faster where the log is far away: about
    /// `256 * in_flight` entries in the time that one request takes. Of a log that is near, six keep a processor busy; each
    /// takes about 2 MB.
    #[schemars(range(min = 1, max = 64))]
    pub in_flight: u32,
    /// How much of a Rekor v1 a full tail may use.
    pub rekor_v1: RekorV1Section,
    /// Where logs of the trust root are read instead (a mirror, a proxy), or at all where it does not say: the URL that the
    /// trust root gives them, or the id of their key as `provwatch logs status` shows it, and the URL to use; for Rekor v2
    /// with the prefix below which `checkpoint` is.
    pub urls: BTreeMap<String, WebUrl>,
    /// Whom to watch for besides the repositories of watched packages: one `[[logs.match]]` table for each.
    #[serde(rename = "match")]
    pub matches: Vec<LogMatch>,
    /// Logs that the trust root does not name: one `[[logs.instance]]` table for each.
    #[serde(rename = "instance")]
    pub instances: Vec<LogInstance>,
    /// Witnesses whose cosignatures are verified and shown: one `[[logs.witness]]` table for each.
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

/// How a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogKindName {
    /// Rekor v2, and every log that serves C2SP tlog-tiles.
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
    /// Requests at once, of ten entries each.
    #[schemars(range(min = 1, max = 256))]
    pub in_flight: u32,
    /// Entries a second. Default: 200 of Sigstore's public instance, as many as it answers of a log of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub entries_per_second: Option<u32>,
}

impl Default for RekorV1Section {
    fn default() -> Self {
        Self { in_flight: 32, entries_per_second: None }
    }
}

/// `[[logs.match]]`: whom to watch for. Everything that is given must match, each as a regular expression over the
/// whole value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogMatch {
    /// What alerts call it.
    pub name: String,
    /// How bad the alerts about it are; receivers choose by that (`min_severity`).
    #[serde(default = "mildest")]
    pub severity: Severity,
    /// Which entries are told. `new`: one alert for each signer that the match has not met before (issuer, subject and
    /// workflow without ref, repository with its number, trigger, kind of runner). `all`: every entry. `never`: none.
    /// `provwatch logs matches` lists all in any case; docs/OPERATIONS.md, *Matches*, has the rest.
    #[serde(default)]
    pub report: Report,
    /// The certificate's subject alternative name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub san: Option<String>,
    /// The OIDC issuer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issuer: Option<String>,
    /// Fulcio's claims, by name: `source_repository_owner_uri`, …
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
    /// What `--log` takes beside its origin (of two mirrors it says which), and what messages about the configuration call it.
    pub name: String,
    /// How it is read.
    pub kind: LogKindName,
    /// Where: for tiles and static CT the prefix below which `checkpoint` and `tile` are, otherwise the base URL.
    pub url: WebUrl,
    /// A file with its public key, PEM.
    pub public_key: PathBuf,
    /// The origin of its checkpoints; for Rekor v1 without the number of a tree. Two with the same origin, kind and key are
    /// mirrors of one log, and are compared with each other. Default: the host of the URL.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<String>,
    /// Whether all of its entries are read. Default: as `tail` says of its kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tail: Option<bool>,
}

impl LogInstance {
    /// The origin of its checkpoints.
    pub fn origin(&self) -> &str {
        self.origin.as_deref().unwrap_or_else(|| self.url.as_url().host_str().unwrap_or_default())
    }
}

/// `[[logs.witness]]`: who cosigns checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogWitness {
    /// The key, as witnesses publish it: `name+hash+base64`.
    pub key: String,
}
