//! What the store cannot know about what was looked for, in sentences.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::meaning::{Meaning, Topic};
use crate::{
    cli::{exit::CliError, words},
    model::{Aspect, Ecosystem},
    store::{LogReach, Store},
    text::listed,
};

/// Most logs and packages in a sentence.
const SHOWN: usize = 6;

/// The last line of an answer: how it was read, how much was found, and what the store cannot know.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Limits {
    /// How each term was read.
    pub(super) terms: Vec<ReadTerm>,
    /// Published, or signed, then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Published, or signed, before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// What was found out about the terms: spellings, renames.
    pub notes: Vec<String>,
    /// How many releases were found, without those that only name a repository.
    pub releases: usize,
    /// Whether there are more.
    pub more_releases: bool,
    /// How many releases only name the repository.
    pub named: usize,
    /// Whether there are more of them.
    pub more_named: bool,
    /// How many log entries were found.
    pub log_entries: usize,
    /// Whether there may be more.
    pub more_log_entries: bool,
    /// Releases that were published before were not compared, because too many meet each term alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_compared_before: Option<DateTime<Utc>>,
    /// What the store cannot know, a sentence each.
    #[expect(clippy::struct_field_names, reason = "a key of its JSON form")]
    pub limits: Vec<String>,
}

/// A term, and how it was read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReadTerm {
    /// As it was typed.
    term: String,
    /// In words.
    pub what: String,
}

impl From<&Meaning> for ReadTerm {
    fn from(meaning: &Meaning) -> Self {
        Self { term: meaning.term.clone(), what: meaning.what.clone() }
    }
}

/// What the store cannot know about these terms.
pub(super) fn sentences(store: &Store, terms: &[Meaning]) -> Result<Vec<String>, CliError> {
    let topics: BTreeSet<Topic> = terms.iter().flat_map(|term| term.topics.iter().copied()).collect();
    let mut said = vec![watched(store)?];
    said.extend(unread(store)?);
    for topic in topics {
        said.extend(of_topic(store, topic)?);
    }
    Ok(said)
}

/// The limit of every answer.
fn watched(store: &Store) -> Result<String, CliError> {
    let since = store.runner()?.map(|runner| format!(" provwatch first ran on {}.", words::day(runner.first_at)));
    Ok(format!(
        "Only releases of watched packages are stored.{} Of the time before a package was watched, provwatch knows what \
         its registry still listed. A release whose metadata cannot be read is found by its purl alone.",
        since.unwrap_or_default()
    ))
}

/// Packages whose history is being read.
fn unread(store: &Store) -> Result<Option<String>, CliError> {
    let reading = store.first_sights(SHOWN)?;
    let names = listed(reading.iter().map(|sight| sight.package.to_string()), SHOWN);
    Ok((!names.is_empty()).then(|| format!("The history of some packages is still being read: {names}.")))
}

fn of_topic(store: &Store, topic: Topic) -> Result<Vec<String>, CliError> {
    Ok(match topic {
        Topic::Files => vec![
            "A file is known by the digests that its registry states, not by its content, and a file that was replaced before \
             provwatch first saw it is not known."
                .to_owned(),
        ],
        Topic::Sha1 => vec!["Not every registry states a SHA-1.".to_owned()],
        Topic::Certificates => vec![certificates()],
        Topic::Names => vec![
            "The repository that a release only names is a claim of its publisher: anyone can name any.".to_owned(),
        ],
        Topic::Accounts => accounts(),
        Topic::Maintainers => vec![
            "Maintainers are those that the registry listed when provwatch saw a release; a change that was undone in \
             between is not known."
                .to_owned(),
        ],
        Topic::Addresses => addresses(store)?,
        Topic::Logs => logs(&store.log_reaches()?),
    })
}

/// The registries that do not have an aspect.
fn without(aspect: Aspect) -> String {
    let titles: Vec<String> =
        Ecosystem::all().filter(|one| !one.tells(aspect)).map(|one| one.title().to_owned()).collect();
    listed(titles.into_iter(), SHOWN)
}

fn certificates() -> String {
    let without = without(Aspect::Attestation);
    let never = if without.is_empty() { String::new() } else { format!("; {without} has none at all") };
    format!(
        "Repositories, owners, workflow files, refs, runs, commits, issuers and signers are compared with verified \
         attestations only. A release without one is not found by them{never}."
    )
}

fn accounts() -> Vec<String> {
    let untold = without(Aspect::Account);
    let mut said =
        vec!["The account of a trusted publisher is a machine's, the same for all, and is not searched.".to_owned()];
    if !untold.is_empty() {
        said.insert(0, format!("{untold} does not tell which account published a release."));
    }
    said
}

fn addresses(store: &Store) -> Result<Vec<String>, CliError> {
    let mut said = vec![
        "An address is known where the registry shows it with the publisher or approver, and where a person signed; \
         not every registry shows addresses."
            .to_owned(),
    ];
    if let Some(since) = store.addresses_kept_since()? {
        said.push(format!(
            "Addresses of releases from before {} are stored as pseudonyms: they are recognized, and not shown.",
            words::day(since)
        ));
    }
    Ok(said)
}

fn logs(reaches: &[LogReach]) -> Vec<String> {
    if reaches.is_empty() {
        return vec!["No log is followed, so no log entries are stored.".to_owned()];
    }
    let read = |reach: &LogReach| {
        let (start, verified) = reach.start.zip(reach.verified)?;
        Some(match verified.checked_sub(1).filter(|last| *last >= start) {
            Some(last) => format!("{} (entries {start} to {last})", reach.name),
            None => format!("{} (none yet, from {start} on)", reach.name),
        })
    };
    let known: Vec<String> = reaches.iter().filter_map(read).collect();
    let others: Vec<String> =
        reaches.iter().filter(|reach| reach.start.is_none()).map(|reach| reach.name.clone()).collect();
    let mut said = Vec::new();
    if !known.is_empty() {
        let known = listed(known.into_iter(), SHOWN);
        said.push(format!(
            "Entries were read of these logs: {known}. Only those of watched repositories and matches are kept."
        ));
    }
    if !others.is_empty() {
        said.push(format!("Of these logs only checkpoints are checked: {}.", listed(others.into_iter(), SHOWN)));
    }
    said
}
