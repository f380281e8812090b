//! The section `[log]`: level and form of the log on standard error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[log]`: what provwatch writes to standard error about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// How much: `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,provwatch::http=debug`. The
    /// environment variable `PROVWATCH_LOG` comes first.
    pub level: String,
    /// In which form.
    pub format: LogFormat,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people. Under systemd without times, which the journal has.
    Text,
    /// One JSON object a line.
    Json,
}
