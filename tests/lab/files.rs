//! Serves the static files of logs that real servers wrote.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use futures::future::BoxFuture;
use provwatch::http::{Request, Response, Transport, TransportError};

/// Folders by host. Whatever is not there is 404.
#[derive(Clone, Debug)]
pub struct Files(pub BTreeMap<&'static str, PathBuf>);

/// A folder of `tests/data/log`.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/log").join(name)
}

impl Transport for Files {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let host = request.url.host_str().unwrap_or_default();
        let file = self.0.get(host).map(|folder| folder.join(request.url.path().trim_start_matches('/')));
        let body = file.and_then(|file| std::fs::read(file).ok());
        let status = if body.is_some() { 200 } else { 404 };
        let body = body.unwrap_or_default().into();
        Box::pin(async move { Ok(Response { status, headers: Vec::new(), body }) })
    }
}
