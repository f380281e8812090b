//! Reads the scenes of the demo from `demo/story.toml`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

/// One scene: one pass at a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Its name.
    pub id: String,
    /// The time of the pass.
    #[serde(deserialize_with = "time")]
    pub at: DateTime<Utc>,
    /// Its subject, a few words.
    pub title: String,
    /// Its events, the rest of the line.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    scene: Vec<Scene>,
}

/// The scenes of `demo/story.toml`, in order.
///
/// # Errors
/// The story that is part of the program is broken, which a test rules out.
pub fn scenes() -> Result<Vec<Scene>, toml::de::Error> {
    toml::from_str::<Story>(include_str!("../../../demo/story.toml")).map(|story| story.scene)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let time = toml::value::Datetime::deserialize(deserializer)?;
    time.to_string().parse().map_err(serde::de::Error::custom)
}
