//! Prints the manifest of a release, its files, and the facts around it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    cli::{
        fact_table::{self, Sheet},
        output, words,
    },
    model::{CommitFacts, Digests, Ecosystem, Facts, File, Manifest, Observation, lock_form},
    text::listed,
};

/// Most files and dependencies that are shown.
const SHOWN: usize = 20;

pub(super) fn print(observation: &Observation) {
    let ecosystem = observation.purl.package().ecosystem();
    if let Some(manifest) = &observation.manifest {
        fact_table::heading("the release says of itself");
        self::manifest(manifest);
    }
    // The registry's facts about files are shown with them.
    let around = Facts { replaced: None, former_digests: None, ..observation.facts.clone() };
    if around != Facts::default() {
        fact_table::heading("facts from the forge and the registry");
        facts(&observation.facts);
    }
    if !observation.files.is_empty() {
        fact_table::heading("files");
        files(ecosystem, &observation.files);
    }
    if let Some(replaced) = observation.facts.replaced.as_ref().filter(|replaced| !replaced.is_empty()) {
        fact_table::heading("files that were replaced");
        self::replaced(ecosystem, replaced, &observation.files);
    }
}

fn manifest(manifest: &Manifest) {
    let mut sheet = Sheet::new();
    sheet.maybe("repository", manifest.repository.as_ref().map(words::sentence));
    sheet.maybe("commit", manifest.git_head.as_ref().map(words::name));
    sheet.maybe("install scripts", manifest.install_scripts.as_ref().map(|names| or_none(names.iter())));
    for (hook, command) in manifest.install_commands.iter().flatten() {
        sheet.row("", format!("{}: {}", words::name(hook), words::sentence(command)));
    }
    sheet.maybe("dependencies", manifest.dependencies.as_ref().map(|names| or_none(names.keys())));
    sheet.maybe("optional", manifest.optional_dependencies.as_ref().map(|names| or_none(names.keys())));
    sheet.print();
}

fn or_none<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    if names.len() == 0 { "none".to_owned() } else { listed(names.map(words::name), SHOWN) }
}

fn facts(facts: &Facts) {
    let mut sheet = Sheet::new();
    let repository = facts.repository.as_ref();
    sheet.maybe("repository", repository.and_then(|repository| created(repository.created_at)));
    sheet.maybe(
        "",
        repository.and_then(|repository| Some(format!("a fork of {}", words::name(repository.fork_of.as_ref()?)))),
    );
    sheet.maybe(
        "",
        repository.and_then(|repository| Some(format!("formerly {}", words::name(repository.formerly.as_ref()?)))),
    );
    sheet.maybe("owner", facts.owner.as_ref().and_then(|owner| created(owner.created_at)));
    let account = facts.publisher_account.as_ref();
    sheet.maybe("publisher", account.and_then(|account| created(account.created_at)));
    sheet.maybe(
        "",
        account.and_then(|account| Some(format!("maintainer since {}", words::day(account.maintainer_since?)))),
    );
    sheet.maybe("commit", facts.commit.as_ref().and_then(branch_of).map(str::to_owned));
    sheet.maybe("tag", facts.tag.as_ref().and_then(|tag| exists(tag.name.as_ref(), tag.exists)));
    sheet.maybe("forge's release", facts.release.as_ref().and_then(|release| exists(None, release.exists)));
    let run = facts.run.as_ref().and_then(|run| run.conclusion.as_ref());
    sheet.maybe("run", run.map(words::name));
    sheet.print();
}

fn branch_of(commit: &CommitFacts) -> Option<&'static str> {
    Some(match (commit.on_default_branch?, commit.on_release_branch) {
        (true, _) => "on the default branch",
        (false, Some(true)) => "on a protected branch beside the default one",
        (false, Some(false)) => "NOT on the default branch or another protected one",
        (false, None) => "NOT on the default branch",
    })
}

fn created(at: Option<DateTime<Utc>>) -> Option<String> {
    Some(format!("created {}", words::day(at?)))
}

fn exists(name: Option<&String>, exists: Option<bool>) -> Option<String> {
    let name = name.map(|name| format!("{} ", words::name(name))).unwrap_or_default();
    Some(format!("{name}{}", if exists? { "exists" } else { "does NOT exist" }))
}

/// The whole of it: half a digest proves nothing. It is printed as in lock files, so that it can be searched there.
fn digest(ecosystem: Ecosystem, digests: &Digests) -> String {
    digests.in_lock_form(ecosystem).map_or_else(|| "no digest known".to_owned(), words::sentence)
}

/// The digests before and now.
fn replaced(ecosystem: Ecosystem, replaced: &BTreeMap<String, Digests>, files: &[File]) {
    let mut sheet = Sheet::new();
    for (name, before) in replaced.iter().take(SHOWN) {
        let now = files.iter().find(|file| file.name == *name);
        let pair = now.and_then(|file| before.contradiction(&file.digests));
        let (before, now) = if let Some((kind, before, now)) = pair {
            let shown = |digest| words::sentence(lock_form(ecosystem, kind, digest));
            (shown(before), shown(now))
        } else {
            let now = now.map(|file| digest(ecosystem, &file.digests));
            (digest(ecosystem, before), now.unwrap_or_else(|| "no longer there".to_owned()))
        };
        sheet.row(&words::name(name), format!("before: {before}")).row("", format!("now: {now}"));
    }
    sheet.print();
}

fn files(ecosystem: Ecosystem, files: &[File]) {
    let mut sheet = Sheet::new();
    for file in files.iter().take(SHOWN) {
        let yanked = if file.yanked { " (yanked)" } else { "" };
        let attested = file.attestation.as_ref().map(|attestation| format!(", attestation {}", attestation.status()));
        sheet.row(&words::name(&file.name), digest(ecosystem, &file.digests));
        let more = format!("{}{yanked}", attested.unwrap_or_default());
        sheet.maybe("", Some(more.trim_start_matches([',', ' ']).to_owned()).filter(|more| !more.is_empty()));
    }
    sheet.print();
    if files.len() > SHOWN {
        output::line(format_args!("  and {} more, see --format json", files.len() - SHOWN));
    }
}
