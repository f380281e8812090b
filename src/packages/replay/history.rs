//! One package during a replay: its baseline, its held releases, and what joined.

use crate::{
    baseline::{Held, Later, joins, learn},
    detect::{AssessmentInputs, is_of_another_origin, is_open_loss},
    model::{Baseline, Observation, Package, Severity},
    packages::assess::{Assessment, assess},
};

/// One package during a replay.
pub struct History<'a> {
    baseline: Baseline,
    /// The releases in the baseline, in the order in which they joined.
    joined: Vec<&'a Observation>,
    held: Vec<(Held, &'a Observation)>,
    /// The last alert, and the later releases.
    later: Vec<Later>,
}

impl<'a> History<'a> {
    pub fn of(package: &Package) -> Self {
        let baseline = Baseline::empty(package.clone());
        Self { baseline, joined: Vec::new(), held: Vec::new(), later: Vec::new() }
    }

    pub fn assess(&mut self, release: &'a Observation, inputs: &AssessmentInputs<'_>) -> Assessment {
        let assessed = assess(&self.baseline, release, inputs);
        if assessed.in_baseline {
            learn(&mut self.baseline, release);
            self.joined.push(release);
        }
        self.remember(release, &assessed);
        if (assessed.in_baseline || is_open_loss(release, &assessed.signals)) && !self.held.is_empty() {
            self.join();
        }
        assessed
    }

    /// Assesses a release again, now that more is known of its company, by the baseline before it. If it raises an alert
    /// now, it leaves the baseline.
    pub fn assess_again(&mut self, release: &'a Observation, inputs: &AssessmentInputs<'_>) -> Assessment {
        let is_before = |one: &&&Observation| one.published_at < release.published_at;
        let before = learned(&self.baseline.package, self.joined.iter().filter(is_before).copied());
        let assessed = assess(&before, release, inputs);
        let place = self.joined.iter().position(|one| one.purl == release.purl);
        if let Some(place) = place.filter(|_| assessed.reports()) {
            self.joined.remove(place);
            self.baseline = learned(&self.baseline.package, self.joined.iter().copied());
            self.remember(release, &assessed);
        }
        assessed
    }

    /// Keeps the input of [`joins`]: the last alert, and the clean releases since on lines with held releases.
    fn remember(&mut self, release: &'a Observation, assessed: &Assessment) {
        let (line, published_at) = (release.line(), release.published_at);
        let open_loss = assessed.reports() && is_open_loss(release, &assessed.signals);
        if assessed.reports() && !open_loss {
            self.later.clear();
        }
        if assessed.reports() || self.held.iter().any(|(held, _)| held.line == line) {
            self.later.push(Later { line: line.clone(), published_at, clean: assessed.in_baseline, open_loss });
        }
        // A worse one waits for an operator, which a replay does not have.
        if let Some(verdict) = assessed.verdict.as_ref().filter(|verdict| verdict.severity == Severity::Medium) {
            let status = release.status;
            let (severity, another_origin) = (verdict.severity, is_of_another_origin(&assessed.signals));
            self.held.push((Held { line, published_at, severity, status, open_loss, another_origin }, release));
        }
    }

    fn join(&mut self) {
        let (baseline, joined_before, later) = (&mut self.baseline, &mut self.joined, &self.later);
        self.held.retain(|(held, release)| {
            let joined = joins(held, later);
            if joined {
                learn(baseline, release);
                joined_before.push(release);
            }
            !joined
        });
    }
}

fn learned<'a>(package: &Package, releases: impl Iterator<Item = &'a Observation>) -> Baseline {
    let mut baseline = Baseline::empty(package.clone());
    releases.for_each(|release| learn(&mut baseline, release));
    baseline
}
