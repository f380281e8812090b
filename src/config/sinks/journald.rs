//! `type = "journald"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::Section;

/// The keys of `type = "journald"`: the systemd journal of this machine, with a field for each property of the alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JournaldSection {
    /// The socket of the journal.
    #[serde(default = "socket")]
    pub socket: PathBuf,
}

fn socket() -> PathBuf {
    PathBuf::from("/run/systemd/journal/socket")
}

impl Section for JournaldSection {
    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.socket]
    }
}
