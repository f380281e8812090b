//! Combines the signals of one release into one verdict, by a table of rules that argues the severity.

use super::{SignalCategory, about};
use crate::model::{Confidence, Severity, Signal, leading};

/// The verdict on the signals of one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its severity.
    pub severity: Severity,
    /// Its confidence.
    pub confidence: Confidence,
    /// Its title, without the release's name.
    pub title: String,
    /// The reasons for the severity.
    pub argument: String,
}

/// One row of the table that argues a severity.
#[derive(Debug)]
pub struct Rule {
    /// The name.
    pub name: &'static str,
    /// The condition, in words.
    pub when: &'static str,
    /// The result, in words.
    pub then: &'static str,
    applies: fn(&CategoryScores) -> bool,
    severity: fn(Severity) -> Severity,
    /// Whether another category counts.
    counts: fn(&CategoryScores, SignalCategory) -> bool,
}

/// The rules; the first that applies decides.
pub const RULES: &[Rule] = &[
    Rule {
        name: "corroborated loss of evidence",
        when: "the category evidence has a signal at high or worse, and another category has one at low or above (cadence: at medium; time never counts)",
        then: "critical",
        applies: |scores| {
            scores.of(SignalCategory::Evidence) >= Some(Severity::High)
                && scores
                    .others(SignalCategory::Evidence, Severity::Low)
                    .any(|category| corroborates_a_loss(scores, category))
        },
        severity: |_| Severity::Critical,
        counts: corroborates_a_loss,
    },
    Rule {
        name: "two independent categories",
        when: "the worst signal is medium or worse, and another category has a signal at medium or above",
        then: "one level above the worst signal",
        applies: |scores| {
            scores.worst >= Severity::Medium && scores.others(scores.leading, Severity::Medium).next().is_some()
        },
        severity: Severity::raised,
        counts: at_medium,
    },
    Rule {
        name: "several weaker categories",
        when: "the worst signal is medium, and two other categories have signals at low or above",
        then: "high",
        applies: |scores| scores.worst == Severity::Medium && scores.others(scores.leading, Severity::Low).count() >= 2,
        severity: Severity::raised,
        counts: at_low,
    },
    Rule {
        name: "two traits of the certificate",
        when: "the worst signal is low and of origin, source or pipeline, and another of these categories has a signal at low or above",
        then: "medium",
        applies: |scores| {
            let certified = [SignalCategory::Origin, SignalCategory::Source, SignalCategory::Pipeline];
            let another = scores.others(scores.leading, Severity::Low).any(|category| certified.contains(&category));
            scores.worst == Severity::Low && certified.contains(&scores.leading) && another
        },
        severity: Severity::raised,
        counts: at_low,
    },
    Rule {
        name: "a bundle of weak signals",
        when: "the worst signal is low, and two other categories have signals at low or above",
        then: "medium",
        applies: |scores| scores.worst == Severity::Low && scores.others(scores.leading, Severity::Low).count() >= 2,
        severity: Severity::raised,
        counts: at_low,
    },
    Rule {
        name: "a weak signal, strongly corroborated",
        when: "the worst signal is low, and another category has a signal at medium or above",
        then: "medium",
        applies: |scores| {
            scores.worst == Severity::Low && scores.others(scores.leading, Severity::Medium).next().is_some()
        },
        severity: Severity::raised,
        counts: at_medium,
    },
    LAST_RULE,
];

const LAST_RULE: Rule = Rule {
    name: "the worst signal decides",
    when: "otherwise",
    then: "the worst signal's own severity",
    applies: |_| true,
    severity: |worst| worst,
    counts: at_low,
};

/// The rules for releases with corroborating signals only; the first that applies decides.
pub const SUPPORT_RULES: &[Rule] = &[
    Rule {
        name: "corroborating signals together",
        when: "one corroborating signal is medium, and another category has one at low or above (time: at medium)",
        then: "medium",
        applies: |scores| {
            let supports = |category| supports(scores, category);
            scores.worst >= Severity::Medium && scores.others(scores.leading, Severity::Low).any(supports)
        },
        severity: |worst| worst,
        counts: supports,
    },
    Rule {
        name: "three corroborating categories",
        when: "three categories have corroborating signals at low",
        then: "low",
        applies: |scores| scores.worst == Severity::Low && scores.others(scores.leading, Severity::Low).count() > 1,
        severity: |worst| worst,
        counts: at_low,
    },
    Rule {
        name: "a corroborating signal alone",
        when: "one corroborating signal is medium",
        then: "low",
        applies: |scores| scores.worst >= Severity::Medium,
        severity: Severity::lowered,
        counts: at_low,
    },
];

fn corroborates_a_loss(scores: &CategoryScores, category: SignalCategory) -> bool {
    match category {
        SignalCategory::Time => false,
        SignalCategory::Cadence => at_medium(scores, category),
        _ => at_low(scores, category),
    }
}

fn supports(scores: &CategoryScores, category: SignalCategory) -> bool {
    if category == SignalCategory::Time { at_medium(scores, category) } else { at_low(scores, category) }
}

fn at_low(scores: &CategoryScores, category: SignalCategory) -> bool {
    scores.of(category) >= Some(Severity::Low)
}

fn at_medium(scores: &CategoryScores, category: SignalCategory) -> bool {
    scores.of(category) >= Some(Severity::Medium)
}

/// The worst severity of each category. Corroborating signals count here, but cannot lead.
struct CategoryScores {
    worst: Severity,
    leading: SignalCategory,
    by_category: [Option<Severity>; SignalCategory::ALL.len()],
    /// Whether it was built from another repository.
    moved: bool,
}

/// The detectors that say that it was built from another repository, or by another provider.
const ANOTHER_REPOSITORY: [&str; 5] =
    ["issuer-changed", "repository-changed", "repository-forked", "repository-recreated", "trusted-repository-changed"];

/// Whether loud signals say that a release was built from another repository, or by another provider.
pub fn is_of_another_origin(signals: &[Signal]) -> bool {
    signals.iter().any(|signal| signal.severity > Severity::Info && ANOTHER_REPOSITORY.contains(&&*signal.detector))
}

impl CategoryScores {
    fn of(&self, category: SignalCategory) -> Option<Severity> {
        self.by_category[category as usize]
    }

    /// The other categories with signals. Another repository has refs and workflows of its own: then all facts of the
    /// certificate are one category.
    fn others(&self, than: SignalCategory, at_least: Severity) -> impl Iterator<Item = SignalCategory> {
        let follows = move |category| self.moved && is_certified(than) && is_certified(category);
        let speaks = move |&category: &SignalCategory| {
            category != than && !follows(category) && self.of(category) >= Some(at_least)
        };
        SignalCategory::ALL.into_iter().filter(speaks)
    }
}

/// Combines the signals of one release. `None` without signals, or with only corroborating signals that match no rule.
pub fn combine(signals: &[Signal]) -> Option<Verdict> {
    let leading = leading(signals);
    let Some(leading) = leading.filter(|leading| leading.severity > Severity::Info) else {
        return supported(signals).or_else(|| leading.map(|leading| verdict(signals, leading)));
    };
    Some(verdict(signals, leading))
}

/// The verdict on corroborating signals alone.
fn supported(signals: &[Signal]) -> Option<Verdict> {
    let leading = signals.iter().filter(|signal| signal.corroborating).max_by_key(|signal| signal.severity)?;
    let scores = listen(signals, leading);
    let rule = SUPPORT_RULES.iter().find(|rule| (rule.applies)(&scores))?;
    let severity = (rule.severity)(scores.worst.min(Severity::Medium));
    Some(Verdict {
        severity,
        confidence: Confidence::Low,
        title: title(leading, signals),
        argument: argument(rule, leading, &scores, severity),
    })
}

fn verdict(signals: &[Signal], leading: &Signal) -> Verdict {
    let scores = listen(signals, leading);
    let rule = RULES.iter().find(|rule| (rule.applies)(&scores)).unwrap_or(&LAST_RULE);
    let categories =
        SignalCategory::ALL.into_iter().filter(|&category| scores.of(category) >= Some(Severity::Low)).count();
    let severity = (rule.severity)(scores.worst);
    Verdict {
        severity,
        confidence: if categories > 1 { Confidence::High } else { confidence(leading) },
        title: title(leading, signals),
        argument: argument(rule, leading, &scores, severity),
    }
}

fn listen(signals: &[Signal], leading: &Signal) -> CategoryScores {
    let mut by_category = [None; SignalCategory::ALL.len()];
    let is_loud = |signal: &&Signal| signal.severity > Severity::Info;
    let needs_one = |category| is_certified(category) || category == SignalCategory::Evidence;
    let follows = signals.iter().filter(is_loud).any(|signal| needs_one(category(signal)));
    // Another workflow, provider or repository needs a new registration, which says nothing more.
    // A loss of evidence beside another one is the same loss again, not a second reason.
    let is_loss = category(leading) == SignalCategory::Evidence;
    let counts = |signal: &&Signal| {
        !(follows && signal.detector == REGISTRATION || is_loss && signal.detector == BESIDE_ANOTHER)
    };
    for signal in signals.iter().filter(counts) {
        let voice: &mut Option<Severity> = &mut by_category[category(signal) as usize];
        *voice = (*voice).max(Some(signal.severity));
    }
    let moved = is_of_another_origin(signals);
    CategoryScores { worst: leading.severity, leading: category(leading), by_category, moved }
}

/// The detector of a release just after one that raised an alert.
const BESIDE_ANOTHER: &str = "beside-accused";

/// The detector of a new registration as trusted publisher.
const REGISTRATION: &str = "trusted-publisher-changed";

/// Whether the certificate of a release shows the facts of a category.
fn is_certified(category: SignalCategory) -> bool {
    matches!(category, SignalCategory::Origin | SignalCategory::Source | SignalCategory::Pipeline)
}

/// A signal of an unknown detector counts for the weakest category.
fn category(signal: &Signal) -> SignalCategory {
    about(&signal.detector).map_or(SignalCategory::Time, |about| about.category)
}

fn confidence(signal: &Signal) -> Confidence {
    about(&signal.detector).map_or(Confidence::Low, |about| about.confidence)
}

fn title(leading: &Signal, signals: &[Signal]) -> String {
    let name = about(&leading.detector).map_or("Differs from its baseline", |about| about.title_at(leading.severity));
    let mut rest: Vec<&str> = Vec::new();
    for signal in signals.iter().filter(|signal| signal.severity > Severity::Info) {
        let name = signal.detector.as_ref();
        if signal.detector != leading.detector && !rest.contains(&name) {
            rest.push(name);
        }
    }
    match rest.as_slice() {
        [] => name.to_owned(),
        rest => format!("{name} (also {})", rest.join(", ")),
    }
}

fn argument(rule: &Rule, leading: &Signal, scores: &CategoryScores, severity: Severity) -> String {
    let others = scores.others(scores.leading, Severity::Low).filter(|&category| (rule.counts)(scores, category));
    let others: Vec<_> = others.map(SignalCategory::as_str).collect();
    let also = match others.as_slice() {
        [] => "No signal of another category corroborates it".to_owned(),
        [one] => format!("Signals of the category {one} corroborate it"),
        [first @ .., last] => format!("Signals of the categories {} and {last} corroborate it", first.join(", ")),
    };
    let (detector, worst) = (&leading.detector, leading.severity);
    format!(
        "The leading signal is {detector} ({worst}). {also}. The rule \"{}\" gives the severity {severity}.",
        rule.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(signals: &[(&'static str, Severity, bool)]) -> Option<Severity> {
        let signals: Vec<_> = signals
            .iter()
            .map(|&(detector, severity, corroborating)| Signal {
                detector: detector.into(),
                severity,
                expected: String::new(),
                seen: String::new(),
                since: None,
                why: String::new(),
                corroborating,
            })
            .collect();
        combine(&signals).map(|verdict| verdict.severity)
    }

    #[test]
    fn the_ladder() {
        use Severity::{Critical, High, Info, Low, Medium};
        let evidence = ("evidence-downgrade", High, false);
        for (signals, expected) in [
            (&[][..], None),
            (&[("odd-hours", Low, true)], None),
            (&[("odd-hours", Low, true), ("young-dependency", Medium, true)], Some(Low)),
            (&[("odd-hours", Low, true), ("young-dependency", Medium, true), ("revival", Low, true)], Some(Medium)),
            (&[("package-burst", Medium, true), ("install-script-added", Medium, true)], Some(Medium)),
            (&[("repository-changed", Info, false), ("package-burst", Medium, true)], Some(Low)),
            (&[("repository-changed", Info, false)], Some(Info)),
            (&[evidence], Some(High)),
            (&[evidence, ("odd-hours", Low, true)], Some(High)),
            (&[evidence, ("tag-missing", Low, false)], Some(Critical)),
            (&[evidence, ("install-script-added", Low, true)], Some(Critical)),
            (&[("publisher-changed", Medium, false), ("tag-missing", Medium, false)], Some(High)),
            (&[("workflow-changed", Medium, false), ("trigger-changed", Medium, false)], Some(Medium)),
            (&[("workflow-changed", Medium, false), ("ref-changed", Medium, false)], Some(High)),
            (&[("tag-missing", Medium, false), ("publisher-changed", Low, false)], Some(Medium)),
            (
                &[("tag-missing", Medium, false), ("publisher-changed", Low, false), ("odd-hours", Low, true)],
                Some(High),
            ),
            (&[("publisher-changed", Low, false), ("tag-missing", Low, false)], Some(Low)),
            (&[("publisher-changed", Low, false), ("tag-missing", Low, false), ("revival", Low, true)], Some(Medium)),
            (&[evidence, ("revival", Low, true)], Some(High)),
            (&[evidence, ("package-burst", Medium, true)], Some(Critical)),
        ] {
            assert_eq!(said(signals), expected, "{signals:?}");
        }
    }
}
