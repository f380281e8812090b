//! The section `[log]`: level and form of the log on standard error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[log]`: the program's own log on standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// The level: `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,provwatch::http=debug`. The
    /// environment variable `PROVWATCH_LOG` overrides this key.
    pub level: String,
    /// The format of the lines.
    pub format: LogFormat,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people. Under systemd the lines have no time, because the journal adds one.
    Text,
    /// One JSON object on each line.
    Json,
}
