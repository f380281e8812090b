//! The transport that records the exchanges of another transport.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;

use super::{
    Request, Response, Transport, TransportError,
    recorded::{INDEX, RecordedExchange, RecordingError, body_sha256},
};

/// Headers that are not kept: secrets, values that change with every run, and headers about the body's transfer.
const DROPPED: [&str; 6] =
    ["connection", "content-encoding", "content-length", "date", "set-cookie", "transfer-encoding"];

/// Passes requests on to another transport and keeps the answers, for [`RecordedTransport`](super::RecordedTransport)
/// to play. Request headers are not kept, so no credentials get into a recording.
#[derive(Debug)]
pub struct RecordingTransport {
    inner: Arc<dyn Transport>,
    kept: Mutex<Vec<(RecordedExchange, bytes::Bytes)>>,
}

impl RecordingTransport {
    /// Records the exchanges of this transport.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self { inner, kept: Mutex::default() }
    }

    /// Writes the recorded exchanges so far: `exchanges.json`, and the bodies under `bodies/` by their digest.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), RecordingError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir_all(folder.join(BODIES)).map_err(unwritable(folder))?;
        for (exchange, body) in kept.iter() {
            if let Some(file) = &exchange.body_file {
                write(&folder.join(file), body)?;
            }
        }
        let exchanges: Vec<_> = kept.iter().map(|(exchange, _)| exchange).collect();
        let mut index = serde_json::to_vec_pretty(&exchanges).map_err(RecordingError::Index)?;
        index.push(b'\n');
        write(&folder.join(INDEX), &index)
    }

    async fn pass_on(&self, request: &Request) -> Result<Response, TransportError> {
        let response = self.inner.exchange(request).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((described(request, &response), response.body.clone()));
        Ok(response)
    }
}

impl Transport for RecordingTransport {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(self.pass_on(request))
    }
}

const BODIES: &str = "bodies";

fn described(request: &Request, response: &Response) -> RecordedExchange {
    let headers = response.headers.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str()));
    let body_file = format!("{BODIES}/{}", body_sha256(&response.body));
    RecordedExchange {
        method: request.method,
        url: request.url.to_string(),
        request_body_sha256: request.body.as_deref().map(body_sha256),
        status: response.status,
        headers: headers.cloned().collect(),
        body_file: (!response.body.is_empty()).then_some(body_file),
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), RecordingError> {
    fs::write(path, content).map_err(unwritable(path))
}

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> RecordingError {
    let path: PathBuf = path.to_owned();
    move |source| RecordingError::File { action: "writing", path: path.clone(), source }
}
