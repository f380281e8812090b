//! Fuzz targets for the answers of forges about a release. The same bytes answer every question.

use std::{path::Path, sync::Arc};

use futures::executor::block_on;
use provwatch::{
    clock::ManualClock,
    enrich::{Cache, Depth, Forge, ForgeKind, ForgeRepository, Forges, Question, Remembered},
    model::Observation,
    packages::replay::Timeline,
};

use crate::web::{NOW, body, client};

const RELEASES: &[u8] = include_bytes!("../seeds/timeline/attested");

/// Remembers nothing.
#[derive(Debug)]
struct Forgetful;

impl Cache for Forgetful {
    fn remembered(&self, _: &str) -> Option<Remembered> {
        None
    }

    fn remember(&self, _: &str, _: &Remembered) {}
}

fn release() -> Observation {
    let timeline = Timeline::parse(Path::new("attested.json"), RELEASES).expect("the seed is a timeline");
    timeline.observations.into_iter().next().expect("the seed has a release")
}

fn ask(kind: ForgeKind, host: &str, answers: Vec<(&'static str, bytes::Bytes)>) {
    let release = release();
    let place = ForgeRepository { host: host.to_owned(), path: "acme/widget".to_owned(), id: Some("1".to_owned()) };
    let api = format!("https://api.{host}/").parse().expect("a constant URL");
    let clock = Arc::new(ManualClock::at_text(NOW));
    let forges = Forges::new(vec![Forge::new(kind, host, api, None)], client(answers), clock, Arc::new(Forgetful));
    let found = block_on(forges.facts(Question {
        release: &release,
        place: &place,
        former: &[],
        named_since: None,
        commit_before: Some("0123456789abcdef0123456789abcdef01234567"),
        depth: Depth::All,
    }));
    assert!(serde_json::to_string(&found.facts).is_ok_and(|json| json.len() < 1 << 20), "facts without bound");
}

pub fn github(bytes: &[u8]) {
    ask(ForgeKind::Github, "github.com", vec![("", body(bytes))]);
}

pub fn gitlab(bytes: &[u8]) {
    ask(ForgeKind::Gitlab, "gitlab.com", vec![("", body(bytes))]);
}
