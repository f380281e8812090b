//! The content of a message before formatting: every text plain, bounded and on one line.

mod colour;
mod digest;
pub(super) mod lines;
mod links;
pub(super) mod log_line;
mod member;
pub(super) mod news;
mod render;
mod stage;

use serde::Serialize;

use self::{
    colour::colour,
    digest::DigestView,
    links::links,
    stage::{show, stages},
};
use super::{
    Message,
    shown::{EVIDENCE, LINE, NAME, SENTENCE},
    steps::warning,
};
use crate::{
    model::{Alert, AlertAction, AlertId, AlertStatus, Development, Signal},
    text::{age, day, moment, plain},
};

pub(super) use links::LinkView;
pub(super) use member::MemberView;
pub(super) use render::Template;
pub(super) use stage::StageView;

/// Most signals that a message shows; the alert itself has them all.
const MAX_SIGNALS: usize = 12;
/// Most developments that a message shows, the latest first.
const MAX_DEVELOPMENTS: usize = 6;
/// Most members of a campaign that a message shows: more than a campaign has.
const MAX_MEMBERS: usize = 1_000;
/// Most members that a message shows with more than a line, after those that are new.
const MAX_IN_FULL: usize = 100;

/// The content of a message in any format: every text one line, plain and bounded. Formats add their own escaping.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub id: AlertId,
    /// One line that names the release and the event.
    pub headline: String,
    /// The headline without the state, and the state that is not open: subjects begin with it.
    #[serde(skip)]
    title: String,
    #[serde(skip)]
    state: Option<&'static str>,
    /// Whether the message is a digest.
    pub is_digest: bool,
    /// `release`, `campaign`, `log`, `operation`.
    pub kind: &'static str,
    /// `high`.
    pub severity: &'static str,
    /// The severity's colour, `#rrggbb`; white text on it is readable.
    pub colour: &'static str,
    /// `high`.
    pub confidence: &'static str,
    pub release: Option<ReleaseView>,
    /// The time when the alert was raised.
    pub raised: String,
    /// How many later releases showed the same deviation, and the newest of them.
    pub repeated: Option<String>,
    /// What was done with it last: `acknowledged by ada until …`.
    pub standing: Option<String>,
    /// What became of its release since, the latest first.
    pub developments: Vec<DevelopmentView>,
    /// Why the message was sent, if not because the alert was raised.
    pub note: Option<String>,
    /// The tier of the package in the watchlist, and the team that answers for it.
    pub owner: Option<String>,
    /// The projects of the inventory that use the package.
    pub used_by: Option<String>,
    /// The reasons for the severity.
    pub argument: String,
    /// The sections of a digest.
    pub digest: Vec<DigestView>,
    /// The evidence, worst first.
    pub signals: Vec<SignalView>,
    /// The number of signals that are not shown.
    pub more_signals: usize,
    /// The releases of a campaign: the new ones first, then the severest.
    pub members: Vec<MemberView>,
    /// The number of new ones, if an earlier message named others.
    pub news: Option<String>,
    /// The number of members that are not shown.
    pub more_members: usize,
    /// The command that shows all of the alert.
    pub show: String,
    /// Links for the investigation.
    pub links: Vec<LinkView>,
    /// The warning for the meantime.
    pub warning: Option<String>,
    /// What to do now, by stages; never empty.
    pub stages: Vec<StageView>,
}

/// What became of a release after its alert.
#[derive(Debug, Serialize)]
pub(super) struct DevelopmentView {
    /// The event, and the release of a campaign that it is about.
    pub title: String,
    /// When provwatch saw it.
    pub at: String,
    pub text: String,
}

/// The release that an alert is about.
#[derive(Debug, Serialize)]
pub(super) struct ReleaseView {
    pub package: String,
    pub version: String,
    pub registry: String,
    pub purl: String,
    /// The publish time, and the time from it to the alert.
    pub published: Option<String>,
    /// The version before it that is known to be normal.
    pub last_good: Option<String>,
}

/// One signal.
#[derive(Debug, Serialize)]
pub(super) struct SignalView {
    pub detector: String,
    pub severity: &'static str,
    pub colour: &'static str,
    pub expected: String,
    pub seen: String,
    pub since: Option<String>,
    pub why: String,
    pub corroborating: bool,
}

impl View {
    /// The view of a message.
    pub fn of(message: &Message) -> Self {
        let alert = &message.alert;
        let members = members(alert);
        let news = members.iter().filter(|member| member.is_new).count();
        Self {
            id: alert.id,
            headline: headline(alert, news),
            title: title(alert, news),
            state: state(alert),
            is_digest: alert.digest.is_some(),
            kind: alert.kind.as_str(),
            severity: alert.severity.as_str(),
            colour: colour(alert.severity),
            confidence: alert.confidence.as_str(),
            release: ReleaseView::of(alert),
            raised: moment(alert.raised_at),
            repeated: alert.repeated.as_ref().map(|repeated| plain(&repeated.to_string(), LINE)),
            standing: standing(alert),
            developments: alert.developments.iter().rev().take(MAX_DEVELOPMENTS).map(DevelopmentView::of).collect(),
            note: alert.note.as_ref().filter(|_| alert.digest.is_none()).map(|note| plain(note, SENTENCE)),
            owner: owner(alert),
            used_by: alert.used_by.as_ref().map(|used| plain(&used.to_string(), SENTENCE)),
            argument: argument(alert),
            digest: alert.digest.as_ref().map(DigestView::all).unwrap_or_default(),
            signals: alert.signals.iter().take(MAX_SIGNALS).map(SignalView::of).collect(),
            more_signals: alert.signals.len().saturating_sub(MAX_SIGNALS),
            more_members: alert.members.len().saturating_sub(members.len()),
            members,
            news: (news > 0)
                .then(|| format!("New since the last message: {news} of {}; they come first.", alert.members.len())),
            show: show(alert),
            links: links(&alert.links),
            warning: warning(alert),
            stages: stages(alert),
        }
    }

    /// Whether a member is shown with more than a line: one that an earlier message showed so has a line.
    pub fn shows_in_full(&self, member: &MemberView) -> bool {
        member.in_full && (member.is_new || self.news.is_none())
    }

    /// The headline after the severity, `HIGH axios 1.14.1: …`, and after the state, `RESOLVED HIGH axios 1.14.1: …`: a
    /// phone shows only the beginning. A digest has neither.
    pub fn subject(&self) -> String {
        let severity = self.severity.to_uppercase();
        let subject = match self.state {
            _ if self.is_digest => self.headline.clone(),
            None => format!("{severity} {}", self.headline),
            // The headline says it too.
            Some("resolved") => format!("RESOLVED {severity} {}", self.title),
            Some(state) => format!("{} {severity} {}", state.to_uppercase(), self.headline),
        };
        plain(&subject, LINE)
    }
}

impl DevelopmentView {
    fn of(development: &Development) -> Self {
        let whose = development.purl.as_ref().map(|purl| format!("{}: ", plain(&purl.to_string(), LINE)));
        Self {
            title: format!("{}{}", whose.unwrap_or_default(), development.kind.title()),
            at: moment(development.at),
            text: plain(&development.text, 2 * EVIDENCE),
        }
    }

    /// All of it on one line.
    pub fn line(&self) -> String {
        format!("{}: {}. {}", self.at, self.title, self.text)
    }
}

impl ReleaseView {
    fn of(alert: &Alert) -> Option<Self> {
        let release = alert.purl.as_ref()?;
        let published = |at| format!("{}, {} before the alert", moment(at), age(at, alert.raised_at));
        Some(Self {
            package: plain(release.package().name(), NAME),
            version: plain(release.version(), NAME),
            registry: plain(&release.package().registry().title(), NAME),
            purl: plain(&release.to_string(), LINE),
            published: alert.published_at.map(published),
            last_good: alert.last_good.as_ref().map(|good| plain(good.version(), NAME)),
        })
    }
}

impl SignalView {
    fn of(signal: &Signal) -> Self {
        Self {
            detector: plain(&signal.detector, NAME),
            severity: signal.severity.as_str(),
            colour: colour(signal.severity),
            expected: plain(&signal.expected, SENTENCE),
            seen: plain(&signal.seen, SENTENCE),
            since: signal.since.map(day),
            why: plain(&signal.why, SENTENCE),
            corroborating: signal.corroborating,
        }
    }

    /// Its severity, and whether it only corroborates others: `low, corroborating only`.
    pub fn weight(&self) -> String {
        let corroborating = if self.corroborating { ", corroborating only" } else { "" };
        format!("{}{corroborating}", self.severity)
    }

    /// The expected value, and since when it was the usual one: `…, since 2025-01-20`.
    pub fn expectation(&self) -> String {
        let since = self.since.as_ref().map(|since| format!(", since {since}")).unwrap_or_default();
        format!("{}{since}", self.expected)
    }
}

/// What was done with an alert last, if anything was.
fn standing(alert: &Alert) -> Option<String> {
    let AlertAction { status, by, reason, at, until, .. } = alert.handling.as_ref()?;
    let again = if *status == AlertStatus::Open { " again" } else { "" };
    let until = until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
    let category = alert.handling.as_ref().and_then(|handling| handling.category);
    let category = category.map(|category| format!(" as {category}")).unwrap_or_default();
    let (by, reason) = (plain(by, NAME), plain(reason, 2 * EVIDENCE));
    Some(format!("{}{again}{category} by {by} at {}{until}: {reason}", status.as_str(), moment(*at)))
}

/// `tier critical, team payments`
fn owner(alert: &Alert) -> Option<String> {
    let tier = alert.tier.map(|tier| format!("tier {tier}"));
    let team = alert.team.as_ref().map(|team| format!("team {}", plain(team, NAME)));
    let said: Vec<String> = tier.into_iter().chain(team).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// The state of an alert that is not open. The alert that carries a digest has none.
fn state(alert: &Alert) -> Option<&'static str> {
    let is_told = alert.status != AlertStatus::Open && alert.digest.is_none();
    is_told.then(|| alert.status.as_str())
}

/// The title with the latest news after it: that the alert is resolved, or what became of its release.
fn headline(alert: &Alert, news: usize) -> String {
    let latest = match alert.status {
        // The alert that carries a digest is never open.
        _ if alert.digest.is_some() => None,
        AlertStatus::Resolved => Some("resolved"),
        _ => alert.developments.last().map(|development| development.kind.title()),
    };
    let title = title(alert, news);
    latest.map_or_else(|| title.clone(), |latest| format!("{} ({latest})", plain(&title, LINE - 40)))
}

/// The title, after the release's name unless it names the release itself.
fn title(alert: &Alert, news: usize) -> String {
    let name = alert.purl.as_ref().map(|release| (release.package().name(), release.version()));
    match name {
        Some((package, version)) if !(alert.title.contains(package) && alert.title.contains(version)) => {
            plain(&format!("{} {}: {}", plain(package, NAME), plain(version, NAME), alert.title), LINE)
        }
        _ if news > 0 => format!("{} ({news} new)", plain(&alert.title, LINE - 20)),
        _ => plain(&alert.title, LINE),
    }
}

/// The reasons for the severity, and the number of log entries behind it.
fn argument(alert: &Alert) -> String {
    let entries = alert.entries.as_ref().map(|entries| plain(&entries.to_string(), SENTENCE)).unwrap_or_default();
    format!("{} {entries}", plain(&alert.argument, SENTENCE)).trim_end().to_owned()
}

/// The members, with their known details.
fn members(alert: &Alert) -> Vec<MemberView> {
    if alert.member_details.is_empty() {
        return alert.members.iter().take(MAX_MEMBERS).map(MemberView::named).collect();
    }
    // In the first message all are new, which is not worth a note.
    let is_first = alert.member_details.iter().all(|member| member.new);
    let details = alert.member_details.iter().take(MAX_MEMBERS).enumerate();
    details.map(|(place, member)| MemberView::of(member, is_first, place < MAX_IN_FULL)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::samples;

    #[test]
    fn a_subject_begins_with_a_state_that_is_not_open() {
        let subject = |alert: Alert| View::of(&samples::message(alert)).subject();
        let of = |status| subject(Alert { status, ..samples::takeover() });
        for (status, start) in [
            (AlertStatus::Open, "HIGH axios 1.14.1: published"),
            (AlertStatus::Acknowledged, "ACKNOWLEDGED HIGH axios 1.14.1: published"),
            (AlertStatus::Snoozed, "SNOOZED HIGH axios 1.14.1: published"),
            (AlertStatus::Resolved, "RESOLVED HIGH axios 1.14.1: published"),
        ] {
            assert!(of(status).starts_with(start), "{}", of(status));
            assert!(!of(status).contains("(resolved)"), "{}", of(status));
        }
        assert!(subject(samples::withdrawn()).ends_with(" (withdrawn)"));
        assert!(!subject(samples::digest()).starts_with("INFO"), "{}", subject(samples::digest()));
    }

    #[test]
    fn the_headline_names_the_release_once() {
        let mut alert = samples::takeover();
        assert_eq!(headline(&alert, 0), "axios 1.14.1: published with a token after 14 months of trusted publishing");
        alert.title = "axios 1.14.1 was published with a token".to_owned();
        assert_eq!(headline(&alert, 0), "axios 1.14.1 was published with a token");
        alert.purl = None;
        alert.title = "npm-changes is stale\r\n".to_owned();
        assert_eq!(headline(&alert, 0), r"npm-changes is stale\r\n");
    }

    #[test]
    fn a_view_is_bounded_and_plain() {
        let view = View::of(&samples::message(samples::hostile()));
        assert_eq!((view.signals.len(), view.more_signals, view.members.len(), view.more_members), (12, 28, 100, 0));
        let text = serde_json::to_string(&view).unwrap();
        assert!(text.len() < 65_000, "{}", text.len());
        assert!(!text.contains("\\u001b") && !text.contains('\u{202e}') && !text.contains("javascript:"));
        assert!(view.stages[1].commands.iter().any(|step| step.line == "provwatch alerts show 6adc1e73047a"));
    }
}
