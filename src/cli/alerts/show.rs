//! `provwatch alerts show`: shows one alert with its evidence, its deliveries and its history.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    change,
    for_maintainer::for_maintainer,
    next::next,
    target::{Named, find, named},
    untold::untold,
    wording::{handled, title},
};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing, Redaction},
        used::UsedNow,
        words, wrap,
    },
    dispatch::member_details,
    model::{Alert, AlertAction, AlertKind, Development, Member, ReleaseId, Sighting, Sightings, Signal, leading},
    store::{BaselineVersion, DeliveryState, DeliveryStatus, HeldBack, Store, Telling},
};

/// Columns of a severity before the title.
const HANGING: usize = 10;

/// Most ids of alerts that may be meant.
const LISTED: usize = 10;

/// Most deliveries and actions that are shown.
const SHOWN: usize = 100;

/// Show one alert with its evidence, deliveries and actions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch alerts show 6adc1e73047a
  provwatch alerts show 6adc --format json  # the first digits are enough
  provwatch alerts show pkg:npm/axios@1.15.2
  provwatch alerts show 6adc --for-maintainer > question.txt")]
pub struct Show {
    /// The alert's id or its first digits, or the purl of its release
    #[arg(value_name = "ALERT", value_parser = named)]
    alert: Named,
    /// Print only a question to the maintainers of the package, ready to send
    #[arg(long, conflicts_with = "format")]
    for_maintainer: bool,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// An alert, with what became of it.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Shown<'a> {
    #[serde(flatten)]
    alert: &'a Alert,
    deliveries: &'a [DeliveryState],
    history: &'a [AlertAction],
    /// The messages about campaigns that reported, or will report, this release.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    told_by: &'a [Telling],
    /// The messages that silences held back.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    held_back: &'a [HeldBack],
    /// The projects of the inventory that use its releases or package now, or used them.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_now: Option<&'a UsedNow>,
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let mut alert = one_of(find(&store, &self.alert)?)?;
        let handled = handled(&alert, now);
        alert.status = alert.status_at(now);
        alert.member_details = member_details(&store, &alert, None)?;
        if self.for_maintainer {
            return print_for_maintainer(&alert);
        }
        let told_by = match &alert.purl {
            Some(release) => store.tellings_of(release, SHOWN)?,
            None => Vec::new(),
        };
        let deliveries = store.deliveries_of(&alert, SHOWN)?;
        let history = store.alert_actions(&alert, SHOWN)?;
        let held_back = store.held_back(&alert.fingerprint)?;
        let used_now = used_now(&store, &alert)?;
        if self.printing.is_json() {
            let (deliveries, history, told_by, held_back) = (&*deliveries, &*history, &*told_by, &*held_back);
            let used_now = used_now.as_ref();
            output::json(&Shown { alert: &alert, deliveries, history, told_by, held_back, used_now })?;
        } else {
            let release = alert.purl.as_ref();
            let accepted = release.map(|release| store.acceptance(release)).transpose()?.flatten();
            let row = release.map(|release| store.release(release)).transpose()?.flatten();
            let untold = untold(&alert, &held_back, &context.config.subscriptions);
            print(&alert, handled, (&deliveries, &told_by), &untold);
            if let Some(used) = &used_now {
                used.print();
            }
            silenced(&held_back);
            done(&history, accepted.as_ref());
            next(&alert, row.is_some_and(|row| row.in_baseline));
        }
        Ok(Exit::Clean)
    }
}

/// Who uses the releases of an alert, or its package. An alert about a log is about no package.
fn used_now(store: &Store, alert: &Alert) -> Result<Option<UsedNow>, CliError> {
    let releases: Vec<ReleaseId> = alert.purl.iter().chain(&alert.members).cloned().collect();
    if alert.kind == AlertKind::Log || (releases.is_empty() && alert.package.is_none()) {
        return Ok(None);
    }
    UsedNow::of(store, &releases, alert.package.as_slice())
}

/// The only one.
fn one_of(mut found: Vec<Alert>) -> Result<Alert, CliError> {
    let first = if found.is_empty() { None } else { Some(found.swap_remove(0)) };
    match (first, found.len()) {
        (Some(alert), 0) => Ok(alert),
        (first, more) => {
            let ids: Vec<String> = first.iter().chain(&found).take(LISTED).map(|alert| alert.id.to_string()).collect();
            let (count, ids) = (words::counted(more + 1, "alert"), ids.join(", "));
            Err(CliError::usage(format!("{count} are about it: {ids}")).next("name one of them by its id"))
        }
    }
}

fn print_for_maintainer(alert: &Alert) -> Outcome {
    let text = for_maintainer(alert).ok_or_else(|| {
        CliError::failed(format!("no maintainer of a package can answer for alert {}", alert.id))
            .next(format!("`provwatch alerts show {}` shows what it is about", alert.id))
    })?;
    output::line(text.trim_end());
    Ok(Exit::Clean)
}

/// The messages about an alert: its own, and those about its campaigns.
type Messages<'a> = (&'a [DeliveryState], &'a [Telling]);

fn print(alert: &Alert, handled: Option<String>, messages: Messages<'_>, untold: &[(String, String)]) {
    let title = wrap::paragraphs(&title(alert), wrap::width().saturating_sub(HANGING), &" ".repeat(HANGING));
    output::line(format_args!("{}  {}", output::severity(alert.severity), title.trim_start()));
    summary(alert, handled);
    developments(alert);
    let leading = leading(&alert.signals);
    let others = alert.signals.iter().filter(|signal| leading.is_none_or(|leading| !std::ptr::eq(*signal, leading)));
    leading.into_iter().chain(others).for_each(evidence);
    members(alert);
    entries(alert);
    links(alert);
    told(alert, messages, untold);
}

fn summary(alert: &Alert, handled: Option<String>) {
    let mut sheet = Sheet::new();
    sheet.row("alert", format!("{}, {}, {}", alert.id, alert.kind.as_str(), alert.status.as_str()));
    sheet.maybe("handled by", handled);
    sheet.row("confidence", alert.confidence.to_string());
    sheet.maybe("release", alert.purl.as_ref().map(words::name));
    sheet.maybe("published", alert.published_at.map(words::moment));
    sheet.maybe("last good", alert.last_good.as_ref().map(|good| words::name(good.version())));
    sheet.row("raised", words::moment(alert.raised_at));
    sheet.maybe("tier", alert.tier.map(|tier| tier.to_string()));
    sheet.maybe("team", alert.team.as_ref().map(words::name));
    sheet.maybe("repeated", alert.repeated.as_ref().map(words::sentence));
    sheet.maybe("repeats", alert.repeats.map(|of| format!("the deviation of alert {of}, which counts it")));
    sheet.maybe("match", alert.matched.as_ref().map(words::name));
    sheet.maybe("details", Some(words::sentence(&alert.argument)).filter(|argument| !argument.is_empty()));
    sheet.print();
}

/// What became of its release since.
fn developments(alert: &Alert) {
    if alert.developments.is_empty() {
        return;
    }
    fact_table::heading("since then");
    let mut sheet = Sheet::new();
    for Development { kind, at, text, purl } in &alert.developments {
        let whose = purl.as_ref().map(|purl| format!("{}: ", words::name(purl))).unwrap_or_default();
        sheet.row(&words::moment(*at), format!("{whose}{}. {}", kind.title(), words::sentence(text)));
    }
    sheet.print();
}

fn evidence(signal: &Signal) {
    let corroborating = if signal.corroborating { ", corroborating only" } else { "" };
    fact_table::heading(format_args!(
        "{}: {}{corroborating}",
        words::name(&signal.detector),
        output::severity(signal.severity)
    ));
    let mut sheet = Sheet::new();
    sheet.row("expected", words::sentence(&signal.expected));
    sheet.row("seen", words::sentence(&signal.seen));
    sheet.maybe("since", signal.since.map(words::day));
    sheet.row("why", words::sentence(&signal.why));
    sheet.print();
}

fn members(alert: &Alert) {
    if !alert.members.is_empty() {
        fact_table::heading(words::counted(alert.members.len(), "release"));
        for member in &alert.member_details {
            detail(member);
        }
    }
}

fn detail(member: &Member) {
    let (id, purl) = (member.alert, words::name(&member.purl));
    output::line(format_args!("  {id}  {}  {purl}", output::severity(member.severity)));
    let mut said = vec![words::sentence(&member.reason)];
    said.extend(member.publisher.as_ref().map(|name| format!("account {}", words::name(name))));
    for (what, names) in [("new scripts", &member.new_scripts), ("new dependencies", &member.new_dependencies)] {
        let names: Vec<String> = names.iter().map(words::name).collect();
        said.extend((!names.is_empty()).then(|| format!("{what}: {}", names.join(", "))));
    }
    said.extend(member.links.registry.as_ref().map(words::sentence));
    for line in said {
        output::line(wrap::paragraphs(&line, wrap::width(), "      "));
    }
}

fn entries(alert: &Alert) {
    let Some(sightings) = &alert.entries else { return };
    fact_table::heading(how_many(sightings));
    let mut sheet = Sheet::new();
    for Sighting { log, index, who } in &sightings.samples {
        sheet.row(&index.to_string(), format!("{}, in {}", words::sentence(who), words::name(log)));
    }
    sheet.print();
    if !sightings.is_whole() {
        output::line("  These are the first and the latest.");
    }
}

fn how_many(sightings: &Sightings) -> String {
    let first = words::minute(sightings.first_seen);
    match (sightings.count, sightings.rate()) {
        (1, _) => "1 entry of a log".to_owned(),
        (count, None) => format!("{count} entries of logs, seen {first}"),
        (count, Some(rate)) => {
            format!("{count} entries of logs, {first} to {}, {rate} an hour", words::minute(sightings.last_seen))
        }
    }
}

fn links(alert: &Alert) {
    let links = &alert.links;
    let links =
        [("registry", &links.registry), ("log entry", &links.log), ("commit", &links.commit), ("run", &links.run)];
    if links.iter().any(|(_, link)| link.is_some()) {
        fact_table::heading("where to look");
    }
    let mut sheet = Sheet::new();
    for (label, link) in links {
        sheet.maybe(label, link.as_ref().map(words::sentence));
    }
    sheet.print();
}

fn told(alert: &Alert, (deliveries, told_by): Messages<'_>, untold: &[(String, String)]) {
    fact_table::heading("deliveries");
    let mut sheet = Sheet::new();
    if deliveries.is_empty() && told_by.is_empty() {
        match alert.repeats {
            Some(of) => output::line(format_args!("  none: it repeats alert {of}")),
            None if untold.is_empty() => output::line("  none: no subscription selects this alert"),
            None => {
                for (name, why) in untold {
                    sheet.row(name, why);
                }
            }
        }
        return sheet.print();
    }
    for (place, delivery) in deliveries.iter().enumerate() {
        let is_first = deliveries.len() < SHOWN
            && !deliveries[place + 1..].iter().any(|earlier| earlier.subscription == delivery.subscription);
        let event = delivery.event(is_first);
        sheet.row(&words::name(&delivery.subscription), format!("{event}: {}", delivered(delivery)));
    }
    for telling in told_by {
        sheet.row(&words::name(&telling.subscription), by_campaign(telling));
    }
    sheet.print();
}

fn by_campaign(telling: &Telling) -> String {
    let campaign = words::name(telling.campaign);
    match (telling.state, telling.settled_at) {
        (DeliveryStatus::Delivered, Some(at)) => {
            format!("delivered {} by a message about the campaign {campaign}", words::moment(at))
        }
        _ => format!("a message about the campaign {campaign} waits since {}", words::moment(telling.created_at)),
    }
}

fn delivered(delivery: &DeliveryState) -> String {
    let detail = delivery.detail.as_ref().filter(|detail| !detail.is_empty());
    let detail = detail.map(|detail| format!(": {}", words::sentence(detail))).unwrap_or_default();
    let tries = words::counted(delivery.attempts, "try");
    match (delivery.state, delivery.settled_at) {
        (DeliveryStatus::Delivered, Some(at)) => format!("delivered {}{detail}", words::moment(at)),
        (DeliveryStatus::Failed, Some(at)) => format!("given up {} after {tries}{detail}", words::moment(at)),
        _ if delivery.attempts == 0 => format!("waits since {}", words::moment(delivery.created_at)),
        _ => format!("waits since {}, {tries} so far{detail}", words::moment(delivery.created_at)),
    }
}

fn done(history: &[AlertAction], accepted: Option<&BaselineVersion>) {
    if history.is_empty() && accepted.is_none() {
        return;
    }
    fact_table::heading("history");
    let mut sheet = Sheet::new();
    for action in history {
        let reason = words::sentence(&action.reason);
        sheet.row(&words::moment(action.at), format!("{}: {reason}", change::done(action)));
    }
    if let Some(BaselineVersion { at, actor, note, .. }) = accepted {
        let note = note.as_ref().map(|note| format!(": {}", words::sentence(note))).unwrap_or_default();
        sheet.row(&words::moment(*at), format!("the baseline accepted it, by {}{note}", words::name(actor)));
    }
    sheet.print();
}

/// The messages that silences held back, or hold back.
fn silenced(held_back: &[HeldBack]) {
    if held_back.is_empty() {
        return;
    }
    fact_table::heading("silenced");
    let mut sheet = Sheet::new();
    for HeldBack { silence, reason, subscription, at, released_at } in held_back {
        let over = released_at.map(|at| format!("; over at {}", words::moment(at))).unwrap_or_default();
        let (at, reason) = (words::moment(*at), words::sentence(reason));
        sheet.row(&words::name(subscription), format!("held back at {at} by silence {silence} ({reason}){over}"));
    }
    sheet.print();
}
