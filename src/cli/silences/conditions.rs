//! The conditions of a new silence: what was given, what can never match, and what is probably a mistake.

use crate::{
    cli::{alerts::wording::no_such_alert, context::Context, exit::CliError, target, words},
    detect,
    model::{Alert, AlertKind, AlertMatchers, AlertPrefix, Pattern, Severity, Tier},
    store::{Store, StoreError},
    strict_toml::did_you_mean,
};

/// The alerts that are held back.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Conditions {
    /// Alerts about these packages; stars as in the watchlist
    #[arg(long = "package", value_name = "PURL", value_parser = target::pattern)]
    packages: Vec<Pattern>,
    /// Alerts of which these detectors are the reason
    #[arg(long = "detector", value_name = "ID", value_parser = target::detector)]
    detectors: Vec<String>,
    /// Alerts of this kind: release, campaign, log or operation
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<AlertKind>,
    /// Alerts of at most this severity; critical ones only if you name that severity [default: high]
    #[arg(long, value_name = "SEVERITY")]
    max_severity: Option<Severity>,
    /// Alerts about packages of this tier: normal, important or critical
    #[arg(long = "tier", value_name = "TIER")]
    tiers: Vec<Tier>,
    /// Alerts about entries of the log with this origin
    #[arg(long = "log", value_name = "ORIGIN")]
    logs: Vec<String>,
    /// Alerts of this [[logs.match]]
    #[arg(long = "match", value_name = "NAME")]
    log_matches: Vec<String>,
    /// Alerts that this team answers for
    #[arg(long = "team", value_name = "TEAM")]
    teams: Vec<String>,
    /// Alerts about packages that no project of the inventory uses but these; a star stands for any characters
    #[arg(long = "used-by", value_name = "PROJECT")]
    used_by: Vec<String>,
    /// Alerts about packages that only projects of these owners use
    #[arg(long = "used-by-owner", value_name = "OWNER")]
    used_by_owners: Vec<String>,
    /// Alerts like this one: of its packages, detectors and logs
    #[arg(long = "alert", value_name = "ID", value_parser = target::alert)]
    alert: Option<AlertPrefix>,
}

impl Conditions {
    /// The conditions, with those of the alert that was named.
    ///
    /// # Errors
    /// The alert does not exist; else as the store.
    pub fn matchers(&self, store: &Store) -> Result<AlertMatchers, CliError> {
        let mut matchers = AlertMatchers {
            max_severity: Some(self.max_severity.unwrap_or(Severity::High)),
            kinds: self.kinds.clone(),
            packages: self.packages.clone(),
            tiers: self.tiers.clone(),
            teams: self.teams.clone(),
            used_by: self.used_by.clone(),
            used_by_owners: self.used_by_owners.clone(),
            detectors: self.detectors.clone(),
            log_matches: self.log_matches.clone(),
            logs: self.logs.clone(),
            ..AlertMatchers::default()
        };
        if let Some(id) = &self.alert {
            let alert = store.alert_named(id)?.ok_or_else(|| no_such_alert(id))?;
            as_in(&alert, &mut matchers);
        }
        Ok(matchers)
    }
}

/// Adds the packages, detectors and logs of an alert, and its kind where it has none of these.
fn as_in(alert: &Alert, matchers: &mut AlertMatchers) {
    if alert.kind == AlertKind::Log {
        let logs = alert.entries.iter().flat_map(|all| &all.samples).map(|one| one.log.clone());
        extend(&mut matchers.logs, logs);
        extend(&mut matchers.log_matches, alert.matched.clone());
    } else {
        let members = alert.members.iter().map(|release| release.package().clone());
        let packages = alert.of_package().cloned().into_iter().chain(members);
        extend(&mut matchers.packages, packages.map(Pattern::Exact));
    }
    let leading = alert.signals.iter().filter(|signal| !signal.corroborating);
    extend(&mut matchers.detectors, leading.map(|signal| signal.detector.to_string()));
    extend(&mut matchers.kinds, [alert.kind]);
}

fn extend<T: PartialEq>(list: &mut Vec<T>, values: impl IntoIterator<Item = T>) {
    for value in values {
        if !list.contains(&value) {
            list.push(value);
        }
    }
}

/// Refuses matchers that no alert can ever meet.
///
/// # Errors
/// The first condition that cannot hold.
pub(super) fn check(context: &Context, matchers: &AlertMatchers) -> Result<(), CliError> {
    let detectors: Vec<&str> = detect::abouts().map(|about| about.id).collect();
    if let Some(found) = matchers.contradictions(&detectors).into_iter().next() {
        return Err(CliError::usage(format!("{}: {}", found.key, found.what)).next("`provwatch silences add --help`"));
    }
    let known = || context.config.logs.matches.iter().map(|one| one.name.as_str());
    match matchers.log_matches.iter().find(|name| known().all(|known| known != name.as_str())) {
        Some(name) => Err(CliError::usage(format!("unknown [[logs.match]] {name:?}{}", did_you_mean(name, known())))),
        None => Ok(()),
    }
}

/// What is probably a mistake: a package, team, project or log that nothing names, and a silence that hides the worst.
///
/// # Errors
/// As the store.
pub(super) fn doubts(context: &Context, store: &Store, matchers: &AlertMatchers) -> Result<Vec<String>, CliError> {
    let mut doubts = Vec::new();
    if let Ok(watchlist) = context.watchlist() {
        let unwatched = matchers.packages.iter().filter_map(|pattern| match pattern {
            Pattern::Exact(package) if watchlist.matches(package).is_none() => Some(words::name(package)),
            Pattern::Exact(_) | Pattern::Glob(_) => None,
        });
        doubts.extend(unwatched.map(|package| format!("{package} is not watched, so nothing of it is judged")));
        let mut known = watchlist.teams();
        known.extend(context.config.logs.matches.iter().filter_map(|one| one.team.clone()));
        doubts.extend(unknown("team", &matchers.teams, &known.iter().map(String::as_str)));
    }
    doubts.extend(unknown_projects(store, matchers)?);
    if !matchers.logs.is_empty() {
        let logs = store.logs()?;
        doubts.extend(unknown("log", &matchers.logs, &logs.iter().map(|log| log.name.as_str())));
    }
    let hides_critical = matchers.max_severity == Some(Severity::Critical);
    doubts.extend(hides_critical.then(|| "it holds critical alerts back, too".to_owned()));
    Ok(doubts)
}

/// The names of projects and owners, without stars, that the inventory does not have.
pub(in crate::cli) fn unknown_projects(store: &Store, matchers: &AlertMatchers) -> Result<Vec<String>, StoreError> {
    if matchers.used_by.is_empty() && matchers.used_by_owners.is_empty() {
        return Ok(Vec::new());
    }
    let projects = store.inventory_projects()?;
    let whole = |names: &[String]| names.iter().filter(|name| !name.contains('*')).cloned().collect::<Vec<_>>();
    let names = projects.iter().map(|project| project.name.as_str());
    let owners = projects.iter().filter_map(|project| project.owner.as_deref());
    let mut doubts = unknown("project", &whole(&matchers.used_by), &names);
    doubts.extend(unknown("owner", &whole(&matchers.used_by_owners), &owners));
    Ok(doubts)
}

fn unknown<'a>(what: &str, names: &[String], known: &(impl Iterator<Item = &'a str> + Clone)) -> Vec<String> {
    let unknown = names.iter().filter(|name| known.clone().all(|known| known != name.as_str()));
    unknown.map(|name| format!("unknown {what} {name:?}{}", did_you_mean(name, known.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, Signal};

    fn about(kind: AlertKind) -> Alert {
        let at = "2026-06-01T12:00:00Z".parse().unwrap();
        let signal = |detector: &'static str, corroborating| Signal {
            detector: detector.into(),
            severity: Severity::High,
            expected: String::new(),
            seen: String::new(),
            since: None,
            why: String::new(),
            corroborating,
        };
        let signals = vec![signal("publisher-changed", false), signal("odd-hours", true)];
        Alert { signals, ..Alert::about(kind, "it", Severity::Critical, Confidence::High, "a title".to_owned(), at) }
    }

    #[test]
    fn a_silence_like_an_alert_covers_that_alert() {
        let release = Alert { purl: "pkg:npm/a@1.0.0".parse().ok(), ..about(AlertKind::Release) };
        let members = ["pkg:npm/a@1.0.0", "pkg:pypi/b@2.0"].map(|purl| purl.parse().unwrap()).to_vec();
        let campaign = Alert { members, ..about(AlertKind::Campaign) };
        for alert in [release, campaign] {
            let mut matchers = AlertMatchers { max_severity: Some(Severity::Critical), ..AlertMatchers::default() };
            as_in(&alert, &mut matchers);
            assert_eq!(matchers.uncovered(&alert), None, "{matchers:?}");
            assert!(!matchers.packages.is_empty() && matchers.kinds == [alert.kind]);
        }
    }

    #[test]
    fn names_that_nothing_has_are_doubted() {
        let names = ["payments".to_owned(), "paymnets".to_owned()];
        let told = unknown("team", &names, &["payments", "web"].into_iter());
        assert_eq!(told, ["unknown team \"paymnets\"; did you mean \"payments\"?"]);
    }
}
