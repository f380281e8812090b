//! What certificates state: repositories with their renames, owners, workflow files, refs, runs, issuers and signers.

use std::collections::BTreeSet;

use super::{Meaning, Topic};
use crate::{
    cli::{
        exit::CliError,
        lookup::term::{Name, WorkflowName},
    },
    model::{fits_across, run_and_attempt},
    store::{Fitting, KnownName, Listed, NamedThing, OwnedTrace, Store, StoreError, Trace},
    text::listed,
};

/// Most names of an id, and most ids of a name.
const NAMES: usize = 50;
/// Most workflow files that a pattern stands for.
const WORKFLOWS: usize = 1_000;
/// Most names in a sentence.
const SHOWN: usize = 5;

/// A repository under all of its names.
pub(super) fn repository(store: &Store, read: Meaning, name: &Name) -> Result<Meaning, StoreError> {
    let (ids, names) = known(store, NamedThing::Repository, name)?;
    let read = read.being(title("repository", name), &[Topic::Certificates, Topic::Names]);
    let read = match name {
        Name::Url(url) => read.signed_by([Trace::Repository(url)]),
        Name::Id(_) => read,
    };
    let by_id = ids.iter().map(|known| Trace::RepositoryId { issuer: &known.issuer, id: &known.id });
    let mut read = noting_names(read.signed_by(by_id), name, &ids, &names);
    read.named = names.iter().map(|url| OwnedTrace::from(Trace::NamedRepository(url))).collect();
    Ok(or_nothing(read))
}

/// An owner under all of their names.
pub(super) fn owner(store: &Store, read: Meaning, name: &Name) -> Result<Meaning, StoreError> {
    let (ids, names) = known(store, NamedThing::Owner, name)?;
    let read = read.being(title("owner", name), &[Topic::Certificates]);
    let read = match name {
        Name::Url(url) => read.signed_by([Trace::Owner(url)]),
        Name::Id(_) => read,
    };
    let by_id: Vec<String> = ids.iter().map(|known| format!("{}#{}", known.issuer, known.id)).collect();
    let read = read.signed_by(by_id.iter().map(|owner| Trace::Owner(owner)));
    Ok(or_nothing(noting_names(read, name, &ids, &names)))
}

/// The ids that certificates state with a name, and all names of these ids.
fn known(store: &Store, what: NamedThing, name: &Name) -> Result<(Vec<KnownName>, BTreeSet<String>), StoreError> {
    let ids = match name {
        Name::Url(url) => store.ids_of(what, url, NAMES)?,
        Name::Id(id) => store.names_of(what, id, NAMES)?,
    };
    let mut names: BTreeSet<String> = match name {
        Name::Url(url) => BTreeSet::from([url.to_lowercase()]),
        Name::Id(_) => BTreeSet::new(),
    };
    let mut distinct = BTreeSet::new();
    for known in ids {
        let others = store.names_of(what, &known.id, NAMES)?;
        names.extend(others.into_iter().filter(|other| other.issuer == known.issuer).map(|other| other.url));
        distinct.insert(KnownName { url: String::new(), ..known });
    }
    Ok((distinct.into_iter().collect(), names))
}

fn title(what: &str, name: &Name) -> String {
    match name {
        Name::Url(url) => format!("the {what} {}", plain(url)),
        Name::Id(id) => format!("the {what} with the id {id}"),
    }
}

fn plain(url: &str) -> String {
    url.split_once("://").map_or(url, |(_, rest)| rest).to_owned()
}

/// Says under which other names it was followed.
fn noting_names(read: Meaning, name: &Name, ids: &[KnownName], names: &BTreeSet<String>) -> Meaning {
    let numbers = listed(ids.iter().map(|known| known.id.clone()), SHOWN);
    let own = match name {
        Name::Url(url) => url.to_lowercase(),
        Name::Id(_) => String::new(),
    };
    let others: Vec<String> = names.iter().filter(|url| **url != own).map(|url| plain(url)).collect();
    let all = listed(others.iter().cloned(), SHOWN);
    match (name, ids.len(), others.is_empty()) {
        (Name::Url(_), 0, _) => {
            read.noting("No stored certificate states an id for it, so renames cannot be followed.")
        }
        (Name::Url(_), 1, true) => read,
        (Name::Url(_), 1, false) => read.noting(format!(
            "Certificates state its id, {numbers}, also for {all}: it was renamed, and all are listed."
        )),
        (Name::Url(_), _, _) => {
            let also = if all.is_empty() { String::new() } else { format!(", and their other names {all}") };
            read.noting(format!("Certificates state several ids for this name: {numbers}. All are listed{also}."))
        }
        (Name::Id(_), _, true) => read.noting("No stored certificate states this id."),
        (Name::Id(_), _, false) => read.noting(format!("Certificates state this id for {all}.")),
    }
}

/// What nothing leads to has no releases.
fn or_nothing(mut read: Meaning) -> Meaning {
    if read.clue.is_empty() {
        read.among = Some(Vec::new());
    }
    read
}

/// A workflow file.
pub(super) fn workflow(store: &Store, read: Meaning, name: &WorkflowName) -> Result<Meaning, StoreError> {
    match name {
        WorkflowName::Url(url) => {
            // GitLab's certificates have two slashes before the file.
            let doubled = url.replacen("/.gitlab", "//.gitlab", 1).replacen("///", "//", 1);
            let read = read.being(format!("the workflow file {}", plain(url)), &[Topic::Certificates]);
            Ok(read.signed_by([Trace::Workflow(url), Trace::Workflow(&doubled)]))
        }
        WorkflowName::Path(path) => {
            let end = format!("/{}", path.to_lowercase());
            let found = store.fitting(Listed::Workflows, "", WORKFLOWS, |url| url.ends_with(&end))?;
            let read = read.being(format!("the workflow file {path} of any repository"), &[Topic::Certificates]);
            Ok(by_workflows(read, &found))
        }
    }
}

/// The releases of several workflow files.
fn by_workflows(read: Meaning, found: &Fitting) -> Meaning {
    let read = read.signed_by(found.values.iter().map(|url| Trace::Workflow(url)));
    let note = match (found.values.len(), found.has_more) {
        (0, _) => "No workflow file of a stored certificate fits.".to_owned(),
        (many, true) => format!("More than {many} workflow files fit; only the first {many} by name were compared."),
        (many, false) => format!("{many} workflow {} fit.", if many == 1 { "file does" } else { "files" }),
    };
    or_nothing(read.noting(note.replace("file does fit", "file fits")))
}

pub(super) fn reference(read: Meaning, name: &str) -> Meaning {
    read.being(format!("the ref {name}"), &[Topic::Certificates]).signed_by([Trace::Ref(name)])
}

pub(super) fn run(read: Meaning, url: &str) -> Meaning {
    let (run, attempt) = run_and_attempt(url);
    if attempt.is_some() {
        read.being(format!("the run {url}"), &[Topic::Certificates]).signed_by([Trace::Run(url)])
    } else {
        let read = read.being(format!("the run {run}, any attempt"), &[Topic::Certificates]);
        read.signed_by([Trace::AnyAttempt(run)])
    }
}

/// An issuer, which certificates write with or without a slash at the end.
pub(super) fn issuer(read: Meaning, url: &str) -> Meaning {
    let plain = url.trim_end_matches('/');
    let slashed = format!("{plain}/");
    let read = read.being(format!("the issuer {plain}"), &[Topic::Certificates]);
    read.signed_by([Trace::Issuer(plain), Trace::Issuer(&slashed)])
}

pub(super) fn identity(read: Meaning, name: &str) -> Meaning {
    read.being(format!("the signer {name}"), &[Topic::Certificates]).signed_by([Trace::Identity(name)])
}

/// Names of certificates, with stars that stand for any characters.
pub(super) fn pattern(store: &Store, read: Meaning, pattern: &str) -> Result<Meaning, CliError> {
    let whole = pattern.to_lowercase();
    let read = read.being(format!("signers that fit {pattern}"), &[Topic::Certificates]);
    if let Some(domain) = whole.strip_prefix("*@").filter(|domain| !domain.contains(['*', '/'])) {
        return Ok(read.signed_by([Trace::EmailDomain(domain)]));
    }
    if whole.contains('@') && !whole.contains('/') {
        return Err(CliError::usage("the address of a person is found whole, or by its domain")
            .next("look for ada@example.org or @example.org"));
    }
    let whole = if whole.starts_with('*') || whole.contains("://") { whole } else { format!("https://{whole}") };
    // Workflow files are stored without refs.
    let (path, _) = whole.split_once('@').unwrap_or((&whole, ""));
    let prefix = path.split('*').next().unwrap_or_default();
    let found = store.fitting(Listed::Workflows, prefix, WORKFLOWS, |url| fits_across(path, url))?;
    // Without a ref any one fits.
    let of_names = if whole.contains('@') || whole.ends_with('*') { whole.clone() } else { format!("{whole}@*") };
    let mut read = by_workflows(read, &found);
    read.signed_as = Some(of_names);
    Ok(read)
}
