//! The kinds of takeovers in the hostile week.

use provwatch::model::{Ecosystem, Package, Severity};
use serde_json::{Value, json};

use super::{How, Place, Stage};
use crate::lab::{Breakage, Publication, Workflow, rig::*};

const ANY: &[Ecosystem] = &Ecosystem::ALL;
const NPM: &[Ecosystem] = &[Ecosystem::NPM];
const ATTESTING: &[Ecosystem] = &[Ecosystem::NPM, Ecosystem::PYPI];

/// How a package is usually released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// By its workflow, as a trusted publisher.
    Workflow,
    /// By its maintainer, with a token.
    Token,
}

impl Habit {
    /// Every third package has a maintainer with a token.
    pub fn of(package: &Package) -> Self {
        let number: usize = package.name().rsplit('-').next().unwrap().parse().unwrap();
        if number.is_multiple_of(3) { Self::Token } else { Self::Workflow }
    }

    pub fn publication(self, package: &Package) -> Publication {
        match self {
            Self::Workflow => by_workflow(&workflow(package.name())),
            Self::Token => by_ada(),
        }
    }
}

/// A kind of takeover.
#[derive(Debug)]
pub struct Shape {
    pub name: &'static str,
    /// Where it can happen.
    pub on: &'static [Ecosystem],
    /// To packages with which habit; None: to any.
    pub to: Option<Habit>,
    /// How bad it is at least.
    pub least: Severity,
    /// After how many seconds the attacker takes it back.
    pub withdrawn_after: Option<i64>,
    /// Publishes this version of the package.
    pub play: fn(&Stage, &Package, &str),
}

impl Shape {
    const fn new(name: &'static str, play: fn(&Stage, &Package, &str)) -> Self {
        Self { name, on: ANY, to: None, least: Severity::Medium, withdrawn_after: None, play }
    }

    const fn on(self, on: &'static [Ecosystem]) -> Self {
        Self { on, ..self }
    }

    const fn to(self, habit: Habit) -> Self {
        Self { to: Some(habit), ..self }
    }

    const fn least(self, least: Severity) -> Self {
        Self { least, ..self }
    }

    /// Whether it can happen to a package, and can be seen: PyPI does not say who uploads with a token.
    pub fn fits(&self, package: &Package) -> bool {
        let habit = Habit::of(package);
        let is_seen = package.ecosystem() != Ecosystem::PYPI || habit == Habit::Workflow;
        is_seen && self.on.contains(&package.ecosystem()) && self.to.is_none_or(|wanted| wanted == habit)
    }
}

/// The usual takeover.
pub static STRANGER: Shape = Shape::new("a stranger with a token", |stage, package, version| {
    stage.publish(package, version, &stage.stranger());
});

/// Every kind.
pub static SHAPES: &[&Shape] = &[
    &STRANGER,
    &Shape::new("a stolen token", |stage, package, version| {
        stage.publish(package, version, &by_ada().at(stage.clock.true_now()));
    })
    .to(Habit::Workflow)
    .least(Severity::High),
    &Shape::new("a stranger with an install script", |stage, package, version| {
        stage.publish(package, version, &stage.stranger().install_script("node steal.js"));
    })
    .on(NPM)
    .least(Severity::High),
    &Shape::new("another workflow", |stage, package, version| {
        let workflow = Workflow::github(&format!("acme/{}", package.name()), "evil.yml", "refs/heads/main");
        stage.publish(package, version, &by_workflow(&workflow).at(stage.clock.true_now()));
    })
    .on(ATTESTING)
    .to(Habit::Workflow),
    &Shape::new("another repository", |stage, package, version| {
        let workflow = Workflow::github(&format!("mallory/{}", package.name()), "release.yml", "refs/heads/main");
        stage.publish(package, version, &by_workflow(&workflow).at(stage.clock.true_now()));
    })
    .to(Habit::Workflow),
    &Shape::new("an attestation that does not hold", |stage, package, version| {
        let publication = Habit::of(package).publication(package).broken(Breakage::Signature);
        stage.publish(package, version, &publication.at(stage.clock.true_now()));
    })
    .on(ATTESTING)
    .to(Habit::Workflow)
    .least(Severity::High),
    &Shape {
        withdrawn_after: Some(120),
        ..Shape::new("withdrawn after two minutes", |stage, package, version| {
            stage.publish(package, version, &stage.stranger());
        })
    },
    &Shape::new("a part of its manifest is malformed", malformed).on(NPM).to(Habit::Workflow).least(Severity::High),
];

/// Parts of a manifest as nobody writes them.
fn malformations() -> [(&'static str, Value); 6] {
    [
        ("gitHead", json!({})),
        ("dependencies", json!({"left-pad": null})),
        ("repository", json!(7)),
        ("scripts", json!("x")),
        ("optionalDependencies", json!([[]])),
        ("name", json!(null)),
    ]
}

/// A stranger's release with one of them; each has its turn.
fn malformed(stage: &Stage, package: &Package, version: &str) {
    let turn = stage.turn();
    stage.publish(package, version, &stage.stranger());
    let (version, (key, value)) = (version.to_owned(), malformations().into_iter().cycle().nth(turn).unwrap());
    let change = How::changed(move |document| document["versions"][&version][key] = value.clone());
    stage.net.change(Place::Document(package.clone()), change);
}

/// The attacker takes a release back.
pub fn withdraw(stage: &Stage, package: &Package, version: &str) {
    let place = Place::Document(package.clone());
    match package.ecosystem() {
        Ecosystem::NPM => stage.world().unpublish_npm(package.name(), version),
        Ecosystem::PYPI => {
            let now = rfc3339(stage.clock.true_now());
            stage.world().pypi_role(package.name(), "remove release", &now);
            let gone = version.to_owned();
            stage.net.change(place, How::changed(move |document| without_release(document, &gone)));
        }
        _ => {
            let gone = version.to_owned();
            stage.net.change(place, How::rewritten(move |text| without_crate(&text, &gone)));
        }
    }
}

fn without_release(document: &mut Value, gone: &str) {
    document["versions"].as_array_mut().unwrap().retain(|version| version != gone);
    let part = format!("-{gone}");
    let is_of = |file: &Value| file["filename"].as_str().unwrap().contains(&part);
    document["files"].as_array_mut().unwrap().retain(|file| !is_of(file));
}

/// The index has a line for each release, the API a list.
fn without_crate(text: &str, gone: &str) -> String {
    if let Ok(Value::Object(mut answer)) = serde_json::from_str(text)
        && let Some(versions) = answer.get_mut("versions").and_then(Value::as_array_mut)
    {
        versions.retain(|release| release["num"] != gone);
        return Value::Object(answer).to_string();
    }
    let gone = format!("\"vers\":\"{gone}\"");
    text.split_inclusive('\n').filter(|line| !line.contains(&gone)).collect()
}
