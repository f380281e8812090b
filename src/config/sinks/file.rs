//! `type = "file"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::Section;
use crate::config::Form;

/// The keys of `type = "file"`: a file to which provwatch appends each message as one line of JSON. The service may write
/// below its state folder only, `/var/lib/provwatch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSection {
    /// The file; provwatch creates it, readable by its own user and group, and opens it again after a rotation.
    pub path: PathBuf,
    /// The form of the lines.
    #[serde(default)]
    pub form: Form,
}

impl Section for FileSection {
    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.path]
    }
}
