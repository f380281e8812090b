//! Table of the JSON forms that are stable interfaces: command output, sent messages, and files that are read. Each has
//! a name, a number, and a schema in `schema/`, which is made from its type. A form changes by addition only; an
//! incompatible form gets another number.
//!
//! [`output::json`](super::output::json) accepts only forms of the table, so every form has a schema.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::{
    alerts, backfill, baseline, deliveries, detectors, doctor, drill, form::Form, incident, inventory, logs, lookup,
    silences, status, subscriptions, summary, test_sinks, timeline, verify, verify_bundle, watch,
};
use crate::{config, deliver, model, packages, store, tlog, watchlist};

/// A form that other programs rely on.
#[derive(Debug)]
pub struct Described {
    /// The name; `schema/<name>.schema.json` has the schema.
    pub name: &'static str,
    /// The number.
    pub number: u32,
    /// The commands that print it, or its other uses.
    pub of: &'static str,
    /// The schema.
    pub schema: Value,
}

macro_rules! forms {
    ($($name:literal $number:literal $type:ty, $of:literal;)*) => {
        $(impl Form for $type {
            const FORM: &'static str = concat!($name, "/", $number);
        })*

        /// Every form that commands print.
        fn printed() -> Vec<Described> {
            vec![$(Described {
                name: $name,
                number: $number,
                of: $of,
                schema: printed_schema(schema_of::<$type>(), <$type as Form>::FORM),
            },)*]
        }
    };
}

forms! {
    "alert" 1 model::Alert, "alerts list, ack, snooze, resolve and reopen; the data of a webhook; a line of the subscription stdout";
    "alert-change" 1 alerts::change::Planned<'_>, "alerts ack, snooze, resolve and reopen with --dry-run";
    "alert-shown" 1 alerts::show::Shown<'_>, "alerts show";
    "alert-stats" 1 store::AlertStats, "alerts stats";
    "allowance" 1 model::Allowance, "allow, allow list";
    "backfill" 1 backfill::Line, "backfill";
    "backup" 1 super::store::BackedUp, "store backup";
    "baseline" 1 baseline::show::Shown<'_>, "baseline show";
    "baseline-accepted" 1 baseline::accept::Accepted<'_>, "baseline accept";
    "baseline-listed" 1 baseline::list::Line, "baseline list";
    "baseline-pinned" 1 baseline::pin::Pinned<'_>, "baseline pin";
    "baseline-reset" 1 baseline::reset::Forgotten<'_>, "baseline reset";
    "baseline-step" 1 store::BaselineVersion, "baseline history";
    "baseline-unaccepted" 1 baseline::unaccept::Unaccepted<'_>, "baseline unaccept";
    "blocklist" 1 super::export::ShownList<'_>, "export blocklist --format json";
    "bundle" 1 verify_bundle::BundleAnswer<'_>, "verify-bundle";
    "check" 1 doctor::check::Check, "doctor";
    "deliveries-retried" 1 deliveries::answer::Answer, "deliveries retry";
    "delivery" 1 store::ListedDelivery, "deliveries list";
    "delivery-shown" 1 deliveries::show::Shown, "deliveries show";
    "detector" 1 detectors::Full, "detectors explain";
    "detector-listed" 1 detectors::Summary, "detectors list";
    "drill" 1 drill::report::Report, "drill";
    "evidence-listed" 1 store::EvidenceRow, "logs evidence";
    "evidence-checked" 1 incident::verify::Answer, "incident verify";
    "evidence-exported" 1 incident::export::Exported, "incident export";
    "expected" 1 model::ExpectedChange, "expect add, expect list";
    "history" 1 super::store::check::Checked, "store check";
    "imported" 1 watch::import::Harvest, "watch import";
    "incident" 1 model::Incident, "incident open, incident list";
    "incident-extent" 1 incident::radius::Extent, "incident WHAT";
    "incident-inspected" 1 packages::Inspection, "incident inspect";
    "incident-shown" 1 incident::show::Shown, "incident show";
    "incident-touched" 1 incident::radius::Touched, "incident WHAT";
    "inventory-added" 1 inventory::add::Added<'_>, "inventory add";
    "inventory-change" 1 inventory::diff::Change, "inventory diff";
    "inventory-entry" 1 inventory::show::Entry, "inventory show";
    "inventory-figures" 1 inventory::report::line::Line, "inventory report";
    "inventory-project" 1 store::ProjectRow, "inventory list";
    "inventory-removed" 1 inventory::remove::Removed<'_>, "inventory remove";
    "log" 1 logs::list::Line<'_>, "logs list";
    "log-entry" 1 logs::find::Shown<'_>, "logs find";
    "log-not-followed" 1 logs::not_followed::Line<'_>, "logs status";
    "log-scanned" 1 logs::scan::Shown<'_>, "logs scan";
    "log-status" 1 logs::status::Line<'_>, "logs status";
    "log-verdict" 1 logs::verify::Line<'_>, "logs verify";
    "lookup" 1 lookup::answer::Found, "lookup of a release that is stored";
    "lookup-fetched" 1 lookup::fetched::FetchedRelease, "lookup --fetch";
    "lookup-limits" 1 lookup::limits::Limits, "the last line of a lookup by anything but one purl";
    "lookup-log-entry" 1 lookup::logged::ListedEntry, "a log entry that lookup found";
    "lookup-missing" 1 lookup::missing::Missing, "lookup of a release that is not stored";
    "lookup-release" 1 lookup::listed::ListedRelease, "a release that lookup found";
    "match" 1 model::MatchedEntry, "logs matches";
    "pass" 1 summary::Summary, "run --once";
    "replayed" 1 packages::replay::CaseAlert, "replay";
    "restored" 1 super::store::Restored, "store restore";
    "silence" 1 model::Silence, "silences add, silences list";
    "silence-applying" 1 silences::Applying<'_>, "silences check";
    "sink" 1 test_sinks::SinkAnswer, "test-sinks";
    "subscription" 1 subscriptions::Listed, "subscriptions list";
    "subscription-route" 1 subscriptions::Route, "subscriptions route";
    "status" 1 status::report::Report, "status";
    "timeline-as-of" 1 timeline::as_of::AsOf, "the first line of timeline --at";
    "timeline-entry" 1 timeline::entry::Entry, "timeline";
    "verified" 1 verify::report::Report, "verify";
    "watch-edited" 1 watch::edit::Edited<'_>, "watch add, watch remove";
    "watch-listed" 1 watch::list::Line<'_>, "watch list";
    "watch-why" 1 watchlist::Why, "watch why";
}

/// Every form: what commands print, then the envelope of webhooks and the files.
pub fn forms() -> Vec<Described> {
    let file = |name, of, schema| Described { name, number: 1, of, schema };
    let mut all = printed();
    all.extend([
        file("config", "provwatch.toml", config::json_schema()),
        file("evidence", "logs evidence ID, logs verify", schema_of::<tlog::LogEvidence>()),
        file("observation", "the releases of timelines", read_schema_of::<model::Observation>()),
        file("timeline", "the files of replay", read_schema_of::<packages::replay::Timeline>()),
        file("watchlist", "watchlist.toml", watchlist::json_schema()),
        file("webhook", "the body that the subscription webhook posts", deliver::webhook_schema()),
    ]);
    for form in &mut all {
        form.schema = identified(form);
    }
    all.sort_by_key(|form| form.name);
    all
}

/// The schema of written documents.
fn schema_of<T: JsonSchema>() -> Value {
    value(SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>())
}

/// The schema of documents that are read.
fn read_schema_of<T: JsonSchema>() -> Value {
    value(SchemaGenerator::default().into_root_schema_for::<T>())
}

fn value(schema: Schema) -> Value {
    schema.to_value()
}

/// The schema with the key that names the form.
fn printed_schema(mut schema: Value, form: &str) -> Value {
    schema["properties"]["form"] = json!({"description": "The name and number of the form.", "const": form});
    schema
}

/// The schema with its identifier, of which the number is part.
fn identified(form: &Described) -> Value {
    let Described { name, number, of, schema } = form;
    let mut schema = schema.clone();
    schema["title"] = json!(name);
    schema["$id"] = json!(format!("{}/schema/{name}/{number}", env!("CARGO_PKG_REPOSITORY")));
    schema["$comment"] = json!(format!("Form {number}: {of}. It changes by addition only."));
    schema
}
