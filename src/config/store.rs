//! The section `[store]`: the path of the database, how long it keeps what it may lose, and the key that signs its history.

use std::path::PathBuf;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SecretSource, retention::Retention};

/// `[store]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// The database file. Default: `provwatch.db` in systemd's `StateDirectory`, in `/var/lib/provwatch` for root, or
    /// in `~/.local/share/provwatch` (below `$XDG_DATA_HOME` where it is set).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// How long provwatch keeps deliveries that are settled, with their attempts, the events of feeds, and past uses of the
    /// inventory: 30 to 3660 days, `"400d"`. provwatch never deletes releases, baselines, alerts, evidence or their history.
    pub keep: Retention,
    /// For how long after their last use provwatch keeps e-mail addresses of publishers and approvers: 30 to 3660 days, such as
    /// `"400d"`. Then it replaces them in releases and baselines by pseudonyms, permanently; an address that comes back is still
    /// recognized. Default: as long as the releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_addresses: Option<Retention>,
    /// A file with the private key that signs the head of the history: Ed25519, PKCS#8 as PEM. `openssl genpkey -algorithm
    /// ed25519` makes one. The daemon signs a head that moved once a day, after 1000 entries and when it stops; `provwatch
    /// store check` verifies the signatures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key_file: Option<PathBuf>,
    /// The systemd credential with that key.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key_credential: Option<String>,
}

impl StoreSection {
    /// The source of the key that signs the history.
    pub fn signing_key(&self) -> Option<SecretSource> {
        SecretSource::of(self.signing_key_file.as_ref(), self.signing_key_credential.as_ref())
    }

    /// For how long after their last use addresses are kept; `None`: as long as the releases.
    pub fn addresses_kept(&self) -> Option<TimeDelta> {
        self.keep_addresses.map(Retention::delta)
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [self.path.as_mut(), self.signing_key_file.as_mut()].into_iter().flatten()
    }
}
