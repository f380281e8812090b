//! The world over loopback HTTP, for pipelines in other processes. The first part of a path names the host that is meant:
//! `http://127.0.0.1:4711/npm.example/widget`.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

use super::{World, rig::CONFIG};

/// Answers for the world until the runtime ends.
pub async fn serve(world: World) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Router::new().fallback(answer).with_state(world);
    #[expect(clippy::disallowed_methods, reason = "the server lives beside the test")]
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// The rig's configuration for a world that is served there.
pub fn config(address: SocketAddr) -> String {
    let served = CONFIG.replace("https://", &format!("http://{address}/"));
    served
        .replace("[http]\n", "[http]\nallow_private = [\"127.0.0.1\"]\n")
        .replace("crates.example\" =", "127.0.0.1\" =")
}

async fn answer(State(world): State<World>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str()).trim_start_matches('/');
    let (host, rest) = path.split_once('/').unwrap_or((path, ""));
    let headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let Some(answer) = world.respond(host, &format!("/{rest}"), &headers, &body) else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut response = Response::new(answer.body.into());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    for (name, value) in &answer.headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}
