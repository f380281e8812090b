use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::{RecordedTransport, RecordingError};

/// A recording in one file, so that it can be part of the program: the index of a recorded folder and its bodies, which
/// are all text.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// `exchanges.json`.
    pub exchanges: Box<RawValue>,
    /// The bodies by file name.
    pub bodies: std::collections::BTreeMap<String, String>,
}

/// The recording that is part of the program, ready to be played.
///
/// # Errors
/// It is broken, which a test rules out.
pub(super) fn embedded() -> Result<RecordedTransport, RecordingError> {
    let recording: Recording =
        serde_json::from_str(include_str!("../../../demo/recording.json")).map_err(RecordingError::Index)?;
    let bodies: HashMap<String, Bytes> =
        recording.bodies.into_iter().map(|(file, body)| (file, Bytes::from(body))).collect();
    RecordedTransport::from_parts("of the demo", recording.exchanges.get().as_bytes(), |file| {
        bodies.get(file).cloned().ok_or_else(|| RecordingError::File {
            action: "reading",
            path: file.into(),
            source: std::io::ErrorKind::NotFound.into(),
        })
    })
}
