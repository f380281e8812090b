//! Tests of the question for a tag over a real socket of the loopback interface.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use lab::{
    git::{LabGit, LabRepository},
    server,
};
use provwatch::{
    clock::{Clock, SystemClock},
    enrich::{Cache, Depth, Forge, ForgeKind, ForgeRepository, Forges, Question, Remembered},
    http::{Client, Policy, RealTransport, Request, Response, RetryPolicy, Transport, TransportError},
    model::Observation,
};
use serde_json::json;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const OBJECT: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// Keeps nothing.
#[derive(Debug)]
struct Forgetful;

impl Cache for Forgetful {
    fn remembered(&self, _key: &str) -> Option<Remembered> {
        None
    }

    fn remember(&self, _key: &str, _answer: &Remembered) {}
}

/// Sends what is meant for a forge to a server on the loopback interface.
#[derive(Debug)]
struct Rerouted(RealTransport, String);

impl Transport for Rerouted {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut rerouted = request.clone();
            let host = request.url.host_str().unwrap();
            rerouted.url = format!("{}{host}{}", self.1, request.url.path()).parse().unwrap();
            self.0.exchange(&rerouted).await
        })
    }
}

#[tokio::test]
async fn a_tag_is_seen_over_a_socket() {
    let git = LabGit::default();
    git.has("acme/widget", LabRepository::new(SHA).annotated("v1.2.3", OBJECT, SHA));
    let server = server::serve(git.clone());
    let brief = Duration::from_millis(5);
    let policy = Policy {
        allow_private: vec![server.address.to_string().parse().unwrap()],
        retry: RetryPolicy { max_attempts: 2, backoff_base: brief, backoff_cap: brief, ..RetryPolicy::default() },
        proxy_from_environment: false,
        ..Policy::default()
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let transport =
        Rerouted(RealTransport::new(&policy).unwrap(), server.base("").trim_end_matches('/').to_owned() + "/");
    let forges = Forges::new(
        vec![Forge::new(ForgeKind::Github, "github.com", "https://api.github.com/".parse().unwrap(), None)],
        Client::with_policy(Arc::new(transport), Arc::clone(&clock), policy),
        clock,
        Arc::new(Forgetful),
    );
    let claims = json!({"source_repository_uri": "https://github.com/acme/widget", "source_repository_identifier": "77",
        "source_repository_digest": SHA});
    let release: Observation = serde_json::from_value(json!({
        "purl": "pkg:npm/widget@1.2.3", "published_at": "2026-06-01T12:00:00Z", "auth": {"method": "trusted_publisher"},
        "attestation": {"status": "verified", "issuer": "i", "claims": claims},
    }))
    .unwrap();
    let place = ForgeRepository::of(&release).unwrap();
    let (named_since, commit_before) = (None, None);
    let question =
        Question { release: &release, place: &place, former: &[], named_since, commit_before, depth: Depth::Tag };
    let facts = forges.facts(question).await.facts;
    let tag = facts.tag.unwrap_or_else(|| panic!("{:?}", facts.unknown));
    assert_eq!((tag.name.as_deref(), tag.commit.as_deref()), (Some("v1.2.3"), Some(SHA)));
    assert_eq!(facts.commit.unwrap().on_default_branch, Some(true));
    assert_eq!(git.places(), ["github.com/acme/widget"]);
}
