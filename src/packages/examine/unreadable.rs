//! Handles releases whose entry in the registry's document cannot be read. Several of one check share one message: an
//! attacker who can make entries unreadable could otherwise bury all other alerts under hundreds.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    deliver::Subscriptions,
    detect::{combine, unreadable},
    model::{Alert, AlertKind, Confidence, Fingerprint, Links, Package, ReleaseId, Severity},
    packages::{
        examination::{Examination, Examined},
        judge::{
            campaign::{FEWEST, MOST},
            past::{is_old_oddity, last_good},
            told::tell,
        },
        settings::Settings,
        verify::unchecked::Doubts,
    },
    progress::Progress,
    store::{Outcome, Record, Store, StoreError, VersionState},
    text::quoted,
    watchlist::InUse,
};

/// Most versions that no package URL can name, and that a message lists nevertheless.
const NAMED: usize = 20;

/// Most characters of a version that an alert shows.
const NAME: usize = 100;

/// A release that cannot be read, with the reason, and with its alert if it is new.
struct Found<'a> {
    release: ReleaseId,
    why: &'a str,
    alert: Option<Alert>,
}

/// Records releases that cannot be read, and reports new ones.
#[derive(Debug)]
pub struct Unreadables {
    pub store: Arc<Store>,
    pub progress: Arc<dyn Progress>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
    pub subscriptions: Arc<Subscriptions>,
    pub doubts: Arc<Doubts>,
}

impl Unreadables {
    /// Records the releases of a document that cannot be read. They are checked again, since the answer may have been
    /// corrupted in transit. A new one raises an alert at once: an attacker who can make an entry unreadable would
    /// otherwise go unnoticed.
    pub fn take(&self, subject: &Examination<'_>, unreadable: &[(String, String)]) -> Result<Examined, StoreError> {
        let is_said = |version: &str, why: &String| {
            subject.stored.get(version).is_some_and(|stored: &VersionState| {
                stored.outcome == Outcome::Unreadable && stored.unchecked.contains(why) && !subject.is_due(stored)
            })
        };
        let mut found = Vec::new();
        for (version, why) in unreadable.iter().filter(|(version, why)| !is_said(version, why)) {
            let release = subject.package.at(version.as_str());
            let is_old = is_old_oddity(&self.store, subject, &release)?;
            let alert = if is_old { None } else { self.alert_of(subject, &release, why)? };
            if !is_old && alert.is_none() {
                self.doubts.note(subject, &release, std::slice::from_ref(why))?;
            }
            found.push(Found { release, why, alert });
        }
        let told = self.tell_together(subject, &found)?;
        let mut examined = Examined::default();
        for found in found {
            self.record(subject, found, &told, &mut examined)?;
        }
        Ok(examined)
    }

    /// `told`: the subscriptions that receive one message about several of them.
    fn record(
        &self,
        subject: &Examination<'_>,
        Found { release, why, alert }: Found<'_>,
        told: &[String],
        examined: &mut Examined,
    ) -> Result<(), StoreError> {
        let alert = alert.map(|alert| self.store.with_uses(self.watchlist.now().stamped(alert))).transpose()?;
        let mut record = Record::unreadable(release, why, subject.now);
        record.recheck_at = self.settings.next_look(subject.attempts(record.subject.release()), subject.now);
        if let Some(alert) = &alert {
            record.subscriptions = self.subscriptions.matching(alert);
            record.subscriptions.retain(|subscription| !told.contains(subscription));
        }
        record.alert = alert;
        let recorded = self.store.record(&record)?;
        examined.releases += 1;
        examined.unchecked += 1;
        examined.alerts += usize::from(recorded.new_alert);
        tell(self.progress.as_ref(), &record);
        Ok(())
    }

    /// Sends one message about several, before each is recorded with its own alert: after a crash in between they are
    /// reported twice, and never not at all. Returns the subscriptions that receive it.
    fn tell_together(&self, subject: &Examination<'_>, found: &[Found<'_>]) -> Result<Vec<String>, StoreError> {
        let alerts: Vec<&Alert> = found.iter().filter_map(|found| found.alert.as_ref()).collect();
        let Some(severity) = alerts.iter().map(|alert| alert.severity).max() else { return Ok(Vec::new()) };
        if alerts.len() < FEWEST {
            return Ok(Vec::new());
        }
        let nameless = found.iter().filter(|found| found.alert.as_ref().is_some_and(|alert| alert.purl.is_none()));
        let mut nameless: Vec<&str> = nameless.map(|found| found.release.version()).collect();
        let mut news: Vec<ReleaseId> = alerts.iter().filter_map(|alert| alert.purl.clone()).collect();
        let mut told = Vec::new();
        for number in 0.. {
            let name = format!("unreadable {} {} {number}", subject.package, subject.now.date_naive());
            let known = self.store.alert(&Fingerprint::of(AlertKind::Campaign, &name))?;
            let mut members = known.map(|known| known.members).unwrap_or_default();
            news.retain(|release| !members.contains(release));
            let room = MOST.saturating_sub(members.len()).min(news.len());
            members.extend(news.drain(..room));
            let alert = together(subject.package, &name, severity, members, &nameless, subject.now);
            let alert = self.store.with_uses(self.watchlist.now().stamped(alert))?;
            told = self.subscriptions.matching(&alert);
            self.store.record_alert(&alert, &told, subject.now)?;
            nameless.clear();
            if news.is_empty() {
                break;
            }
        }
        Ok(told)
    }

    /// The alert about a new release that cannot be read, unless it was readable before: then nothing new was
    /// published.
    fn alert_of(&self, subject: &Examination<'_>, release: &ReleaseId, why: &str) -> Result<Option<Alert>, StoreError> {
        if self.store.release(release)?.is_some_and(|row| row.observation.is_some()) {
            return Ok(None);
        }
        let signal = unreadable(why);
        let Some(verdict) = combine(std::slice::from_ref(&signal)) else { return Ok(None) };
        let package = subject.package;
        // A version that no purl can name is reported by its package and by the registry's name for it.
        let is_name = !release.version().contains(char::is_whitespace);
        let named = is_name && release.to_string().parse().is_ok_and(|read: ReleaseId| read == *release);
        let version = quoted(release.version(), NAME);
        let shown = if named { version.clone() } else { format!("{version:?}") };
        let title = format!("{} {shown}: {}", package.name(), verdict.title);
        let subject_of_alert = if named { release.to_string() } else { format!("{package} {:?}", release.version()) };
        let about = format!("{} It is about {package}, version {version:?}.", verdict.argument);
        let links = Links { registry: named.then(|| subject.registry.page(release).to_string()), ..Links::default() };
        Ok(Some(Alert {
            purl: named.then(|| release.clone()),
            package: (!named).then(|| package.clone()),
            argument: if named { verdict.argument } else { about },
            signals: vec![signal],
            last_good: last_good(&self.store, release, subject.now)?,
            links,
            ..Alert::about(
                AlertKind::Release,
                &subject_of_alert,
                verdict.severity,
                verdict.confidence,
                title,
                subject.now,
            )
        }))
    }
}

/// The message about several releases; `nameless` are those that cannot be its members.
fn together(
    package: &Package,
    name: &str,
    severity: Severity,
    members: Vec<ReleaseId>,
    nameless: &[&str],
    now: DateTime<Utc>,
) -> Alert {
    let title = format!("{}: {} new releases cannot be read", package.name(), members.len() + nameless.len());
    let mut argument = format!(
        "New releases of {package} are not checked: their entries in the registry's document cannot be read. An \
         attacker who makes an entry unreadable would otherwise go unnoticed. Do not install any of them before you \
         have reviewed it. Each has an alert of its own (`provwatch alerts show ID`)."
    );
    if !nameless.is_empty() {
        let shown: Vec<String> = nameless.iter().take(NAMED).map(|version| format!("{version:?}")).collect();
        let more = nameless.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        argument = format!("{argument} No package URL can name {}{more}.", shown.join(", "));
    }
    Alert {
        package: Some(package.clone()),
        argument,
        members,
        ..Alert::about(AlertKind::Campaign, name, severity, Confidence::High, title, now)
    }
}
