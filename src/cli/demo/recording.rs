//! The recording of the demo as one file, and the transport that plays it scene by scene.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::{RecordedTransport, RecordingError, Request, Response, Transport, TransportError};

/// A recording in one file, so that it can be part of the program.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// For every scene the index of its exchanges (`exchanges.json`).
    pub scenes: Vec<Box<RawValue>>,
    /// The bodies by file name; they are all text.
    pub bodies: BTreeMap<String, String>,
}

/// Plays a recording scene by scene: the registries are as they were in the current scene, and a request that it lacks
/// gets the answer of the last scene before that has it.
#[derive(Debug)]
pub(super) struct Player {
    scenes: Vec<RecordedTransport>,
    current: AtomicUsize,
}

impl Recording {
    /// The recording that is part of the program.
    pub(super) fn embedded() -> Result<Self, RecordingError> {
        serde_json::from_str(include_str!("../../../demo/recording.json")).map_err(RecordingError::Index)
    }
}

impl Player {
    pub fn new(recording: Recording) -> Result<Self, RecordingError> {
        let bodies: BTreeMap<String, Bytes> =
            recording.bodies.into_iter().map(|(file, body)| (file, Bytes::from(body))).collect();
        let body = |file: &str| bodies.get(file).cloned().ok_or_else(|| missing(file));
        let scenes =
            recording.scenes.iter().map(|index| RecordedTransport::from_parts("demo", index.get().as_bytes(), body));
        Ok(Self { scenes: scenes.collect::<Result<_, _>>()?, current: AtomicUsize::new(0) })
    }

    /// Goes to a scene, counted from zero.
    pub fn go_to(&self, scene: usize) {
        self.current.store(scene, Ordering::Relaxed);
    }

    async fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let current = self.current.load(Ordering::Relaxed);
        let mut answer = Err(TransportError::Failed("the demo has no recording".to_owned()));
        for scene in self.scenes.iter().take(current + 1).rev() {
            answer = scene.exchange(request).await;
            if !matches!(answer, Err(TransportError::Unrecorded { .. })) {
                break;
            }
        }
        answer
    }
}

impl Transport for Player {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(self.answer(request))
    }
}

fn missing(file: &str) -> RecordingError {
    RecordingError::File { action: "reading", path: file.into(), source: std::io::ErrorKind::NotFound.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(exchanges: &[(&str, u16)]) -> Box<RawValue> {
        let exchange = |(path, status): &(&str, u16)| {
            format!(r#"{{"method": "GET", "url": "https://npm.example/{path}", "status": {status}}}"#)
        };
        let exchanges: Vec<String> = exchanges.iter().map(exchange).collect();
        RawValue::from_string(format!("[{}]", exchanges.join(","))).unwrap()
    }

    #[tokio::test]
    async fn the_registries_are_as_they_were_in_the_scene() {
        let scenes = vec![index(&[("a", 200), ("b", 201)]), index(&[("a", 202)])];
        let player = Player::new(Recording { scenes, bodies: BTreeMap::new() }).unwrap();
        for (scene, path, expected) in
            [(0, "a", Some(200)), (0, "a", Some(200)), (1, "a", Some(202)), (1, "b", Some(201)), (1, "c", None)]
        {
            player.go_to(scene);
            let request = Request::get(format!("https://npm.example/{path}").parse().unwrap());
            let status = player.exchange(&request).await.ok().map(|response| response.status);
            assert_eq!(status, expected, "{path} in scene {scene}");
        }
    }
}
