//! Table of the faults under which the benchmark measures how late takeovers are reported. A row has a name, the start
//! of the fault, and its duration before the takeovers.

use std::time::Duration;

use chrono::TimeDelta;
use provwatch::model::Ecosystem;
use rusqlite::Connection;
use serde_json::json;

use crate::{
    lab::{
        Publication,
        rig::{START, by_mallory, by_workflow, workflow},
    },
    scene::{OTHERS, Scene, other},
    web::How,
};

/// One case.
pub struct Case {
    pub name: &'static str,
    /// How many seconds it goes on before the takeovers.
    pub ahead: u64,
    pub begin: fn(&Scene),
    /// What ends a minute after the takeovers.
    pub end: fn(&Scene),
    /// Which registries' packages are taken over.
    victims: &'static [Ecosystem],
}

const fn case(name: &'static str, begin: fn(&Scene)) -> Case {
    Case { name, ahead: 3, begin, end: |_| {}, victims: &Ecosystem::ALL }
}

pub static CASES: &[Case] = &[
    case("nothing misbehaves", |_| {}),
    case("a document never answers", |s| documents(s, 1, How::Hang)),
    case("ten documents never answer", |s| documents(s, OTHERS, How::Hang)),
    case("ten documents drip", |s| documents(s, OTHERS, How::Drip)),
    Case { ahead: 20, ..case("5 releases of 400 attested files", many_files) },
    Case { victims: &[Ecosystem::PYPI, Ecosystem::CARGO], ..case("a registry's host is dead", dead_host) },
    Case { ahead: 15, ..case("a receiver takes 25 s", |s| receiver(s, How::Late(Duration::from_secs(25)))) },
    Case { ahead: 15, ..case("a receiver never answers", |s| receiver(s, How::Hang)) },
    Case { ahead: 15, ..case("a receiver answers 500", |s| receiver(s, How::Status(500))) },
    case("a baseline is damaged", |s| {
        damage(s, "UPDATE baselines SET body = '\u{1}' || substr(body, 2) WHERE package = 'pkg:npm/other-0'");
    }),
    case("an observation is damaged", |s| {
        damage(
            s,
            "UPDATE releases SET observation = '\u{1}' || substr(observation, 2) WHERE package = 'pkg:npm/other-0'",
        );
    }),
    Case { victims: &[Ecosystem::NPM], ..case("its manifest is malformed", malformed) },
    Case {
        end: |s| s.clock.skew(TimeDelta::zero()),
        ..case("the clock is a year ahead", |s| s.clock.skew(TimeDelta::days(365)))
    },
];

impl Case {
    /// Whether a package of this registry is taken over.
    pub fn takes_over(&self, ecosystem: Ecosystem) -> bool {
        self.victims.contains(&ecosystem)
    }

    /// The takeovers of the case.
    pub fn takeovers(&self) -> Vec<(Ecosystem, Publication)> {
        let publication = |ecosystem| match ecosystem {
            Ecosystem::NPM => by_mallory().install_script("node steal.js"),
            _ => by_mallory(),
        };
        self.victims.iter().map(|ecosystem| (*ecosystem, publication(*ecosystem))).collect()
    }
}

/// So many packages of npm are released, and their documents misbehave.
fn documents(scene: &Scene, count: usize, how: How) {
    for number in 0..count {
        scene.web.misbehave(&format!("npm.example/{}#", other(number)), how);
        scene.release(Ecosystem::NPM, number);
    }
}

fn many_files(scene: &Scene) {
    let name = other(0);
    let publication = by_workflow(&workflow(&name));
    for release in 0..5 {
        let version = format!("2.0.{release}");
        for file in 0..400 {
            let file = format!("other_0-{version}-{file}-py3-none-any.whl");
            scene.web.world.upload_pypi(&name, &version, &file, &publication);
        }
    }
}

fn dead_host(scene: &Scene) {
    scene.web.misbehave("npm.example/", How::Hang);
    scene.web.misbehave("replicate.example/", How::Hang);
    (0..OTHERS).for_each(|number| scene.release(Ecosystem::NPM, number));
}

/// The other receiver has six alerts to be slow about.
fn receiver(scene: &Scene, how: How) {
    scene.web.misbehave("hooks.example/other", how);
    for number in 0..6 {
        let name = format!("mallory-{number}");
        let publication = Publication::token(START, &name, &format!("{name}@example.net"));
        scene.publish(Ecosystem::NPM, &other(number), "1.1.0", &publication);
    }
}

/// A row of another package is damaged, and the package is released.
#[expect(clippy::disallowed_methods, reason = "somebody else writes to the database")]
fn damage(scene: &Scene, sql: &str) {
    assert!(Connection::open(&scene.store).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
    scene.release(Ecosystem::NPM, 0);
}

fn malformed(scene: &Scene) {
    scene.web.change("npm.example/victim#", |document| document["versions"]["1.1.0"]["gitHead"] = json!({}));
}
