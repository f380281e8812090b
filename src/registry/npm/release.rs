//! Describes one version from its part of npm's package document.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{address::Addresses, dist::Dist, repository};
use crate::{
    model::{Aspect, Auth, AuthMethod, Facts, Manifest, Person, ReleaseId, ReleaseStatus, Unread},
    registry::{
        Archive, RegistryRelease,
        document::{self, MAX_PART, MAX_TEXT},
        field::{add_range, shown},
    },
    strict_json::Fields,
};

/// The install-time hooks, in npm's order.
const HOOKS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// Most addresses of maintainers that are kept.
const MAX_ADDRESSES: usize = 200;

/// Most characters of a script that are kept.
const MAX_COMMAND: usize = 1000;

/// Describes one version from its part of the package document. Each field is read on its own: an unreadable field is
/// unknown, with the reason, and the release is judged by the rest.
///
/// # Errors
/// The reason why that part could not be read, for people.
pub(super) fn read(
    part: &RawValue,
    id: ReleaseId,
    published_at: DateTime<Utc>,
    addresses: &Addresses,
) -> Result<RegistryRelease, String> {
    let fields = Fields::read(part)?;
    let mut unread = Unread::default();
    let mut untold = Vec::new();
    check_version(&fields, &id, &mut unread);
    let (publisher, auth) = publisher(&fields, &mut unread, &mut untold);
    let dist = Dist::read(&fields, &mut unread);
    let signatures = dist.signatures(&id, &mut unread);
    if signatures.is_empty() && unread.of(Unread::SIGNATURES).is_none() {
        untold.push(Aspect::Signature);
    }
    Ok(RegistryRelease {
        published_at,
        claimed_at: None,
        manifest: Some(manifest(&fields, &mut unread)),
        files: vec![dist.file(&id)],
        evidence: dist.evidence(&id, addresses),
        signatures,
        auth,
        publisher,
        facts: Facts::default(),
        maintainers: maintainers(&fields, &mut unread),
        addresses: people(&fields),
        status: ReleaseStatus::Published,
        id,
        unread,
        untold,
    })
}

/// The tarball of one version, from its part of the package document.
///
/// # Errors
/// As [`read`].
pub(super) fn archive(part: &RawValue, id: &ReleaseId, addresses: &Addresses) -> Result<Archive, String> {
    let fields = Fields::read(part)?;
    let mut unread = Unread::default();
    let dist = Dist::read(&fields, &mut unread);
    Ok(Archive {
        file: dist.file(id),
        place: Ok(dist.place(id, addresses)),
        evidence: dist.evidence(id, addresses).pop(),
        manifest: Some(manifest(&fields, &mut unread)),
    })
}

fn check_version(fields: &Fields<'_>, id: &ReleaseId, unread: &mut Unread) {
    let said = unread.noted(Unread::VERSION, fields.get::<String>("version", MAX_TEXT));
    match said {
        Some(Some(said)) if said != id.version() => {
            unread.because(Unread::VERSION, document::reason(format_args!("its version field is {said:?}")));
        }
        Some(None) => unread.because(Unread::VERSION, "its version field is missing"),
        _ => {}
    }
}

/// The publisher, and the publishing method (`_npmUser`).
fn publisher(fields: &Fields<'_>, unread: &mut Unread, untold: &mut Vec<Aspect>) -> (Option<Person>, Auth) {
    let Some(user) = unread.noted(Unread::PUBLISHER, fields.object("_npmUser")) else {
        return (None, Auth::default());
    };
    let Some(user) = user else {
        // A mirror leaves the key out; the registry itself never empties it.
        if fields.has("_npmUser") {
            unread.because(Unread::PUBLISHER, "its _npmUser: null");
        } else {
            untold.push(Aspect::Account);
        }
        return (None, Auth::default());
    };
    let of_user = |why| format!("its _npmUser: {why}");
    let name = unread.noted(Unread::PUBLISHER, user.get("name", MAX_TEXT).map_err(of_user));
    if name == Some(None) {
        untold.push(Aspect::Account);
    }
    let email = unread.noted(Unread::EMAIL, user.get("email", MAX_TEXT).map_err(of_user)).flatten();
    let person = name.flatten().map(|name| Person { name, email });
    (person, auth(&user, unread))
}

/// The publishing method. A trusted publisher is marked as such; anything else was a token or a session, including a
/// person's approval of a staged release.
fn auth(user: &Fields<'_>, unread: &mut Unread) -> Auth {
    let approved_by = unread.noted(Unread::APPROVER, approver(user)).flatten();
    let trusted = unread.noted(Unread::AUTH, user.object("trustedPublisher"));
    match trusted {
        Some(Some(trusted)) => Auth {
            method: AuthMethod::TrustedPublisher,
            provider: unread.noted(Unread::REGISTRATION, trusted.get("id", MAX_TEXT)).flatten(),
            config_id: unread.noted(Unread::REGISTRATION, trusted.get("oidcConfigId", MAX_TEXT)).flatten(),
            approved_by,
            ..Auth::default()
        },
        Some(None) => Auth { method: AuthMethod::Token, approved_by, ..Auth::default() },
        None => Auth { approved_by, ..Auth::default() },
    }
}

/// The person who approved a staged release with a second factor.
fn approver(user: &Fields<'_>) -> Result<Option<Person>, String> {
    let Some(approver) = user.object("approver")? else { return Ok(None) };
    let name = approver.get("name", MAX_TEXT)?.ok_or("the name of its approver is missing")?;
    Ok(Some(Person { name, email: approver.get("email", MAX_TEXT)? }))
}

/// The manifest: the author's text in `package.json`.
fn manifest(fields: &Fields<'_>, unread: &mut Unread) -> Manifest {
    let repository = fields.raw("repository").and_then(|raw| raw.map_or(Ok(None), repository_text));
    let repository = repository.map_err(|why| format!("its repository: {why}"));
    Manifest {
        repository: unread.noted(Unread::REPOSITORY, repository).flatten().as_deref().and_then(repository::normalise),
        git_head: unread.noted(Unread::COMMIT, fields.get("gitHead", MAX_TEXT)).flatten(),
        install_scripts: unread.noted(Unread::SCRIPTS, hooks(fields)),
        install_commands: commands(fields),
        dependencies: ranges(fields, "dependencies", Unread::DEPENDENCIES, unread),
        optional_dependencies: ranges(fields, "optionalDependencies", Unread::OPTIONAL, unread),
    }
}

/// The object under that name. Old documents have `[]` for `{}`.
fn object<'a>(fields: &Fields<'a>, name: &str) -> Result<Fields<'a>, String> {
    let is_empty = |part: &RawValue| part.get().bytes().filter(|byte| !byte.is_ascii_whitespace()).eq(*b"[]");
    let Some(part) = fields.raw(name)?.filter(|part| !is_empty(part)) else { return Ok(Fields::default()) };
    if part.get().len() > MAX_PART {
        return Err(format!("its {name}: it has {} bytes, more than {MAX_PART}", part.get().len()));
    }
    Fields::read(part).map_err(|why| format!("its {name}: {why}"))
}

/// The hooks that npm would run, in its order; it skips an empty script. If a hook occurs twice, either may run.
fn hooks(fields: &Fields<'_>) -> Result<Vec<String>, String> {
    let scripts = object(fields, "scripts")?;
    let runs = |hook: &&str| scripts.every(hook).any(|script| script.get() != "\"\"");
    Ok(HOOKS.into_iter().filter(runs).map(str::to_owned).collect())
}

/// The commands of the hooks, as far as they can be read: for an operator who investigates an alert.
fn commands(fields: &Fields<'_>) -> Option<BTreeMap<String, String>> {
    let scripts = object(fields, "scripts").ok()?;
    let command = |hook: &str| {
        let script = scripts.every(hook).find(|script| script.get() != "\"\"")?;
        let text: String = document::read_part(script, MAX_PART).ok()?;
        Some((hook.to_owned(), text.chars().take(MAX_COMMAND).collect()))
    };
    let commands: BTreeMap<_, _> = HOOKS.into_iter().filter_map(command).collect();
    Some(commands).filter(|commands| !commands.is_empty())
}

/// Dependencies with their ranges. The name of one with an unreadable range is still known.
fn ranges(fields: &Fields<'_>, name: &str, place: &str, unread: &mut Unread) -> Option<BTreeMap<String, String>> {
    let listed = unread.noted(place, object(fields, name))?;
    let mut ranges = BTreeMap::new();
    for (dependency, range) in listed.iter() {
        match document::read_part::<String>(range, MAX_TEXT) {
            Ok(range) => add_range(&mut ranges, dependency.to_owned(), &range),
            Err(why) => {
                unread.because(place, format!("its {name}: the range of {}: {why}", shown(dependency)));
                add_range(&mut ranges, dependency.to_owned(), &shown(range.get()));
            }
        }
    }
    Some(ranges)
}

/// The repository: a text, an object with a `url`, or (in old documents) a list of them, of which the first counts.
fn repository_text(repository: &RawValue) -> Result<Option<String>, String> {
    if !repository.get().starts_with('[') {
        return single_repository_text(repository);
    }
    let list: Vec<&RawValue> = document::read_part(repository, MAX_PART)?;
    list.first().map_or(Ok(None), |first| single_repository_text(first))
}

fn single_repository_text(repository: &RawValue) -> Result<Option<String>, String> {
    if repository.get().starts_with('"') {
        return document::read_part(repository, MAX_PART).map(Some);
    }
    Fields::read(repository)?.get("url", MAX_PART)
}

fn maintainers(fields: &Fields<'_>, unread: &mut Unread) -> Option<Vec<String>> {
    let listed = unread.noted(Unread::MAINTAINERS, fields.raw("maintainers")).flatten()?;
    unread.noted(Unread::MAINTAINERS, names(listed))
}

/// A maintainer: an account, or `name <address>` in old documents.
#[derive(Deserialize)]
#[serde(untagged)]
enum Maintainer {
    /// An account.
    Account {
        /// Its name.
        name: String,
    },
    /// A text.
    Text(String),
}

/// The account names of a list of maintainers, sorted.
///
/// # Errors
/// The reason why it cannot be read: half a list would make the rest look gone.
pub(super) fn names(listed: &RawValue) -> Result<Vec<String>, String> {
    let maintainers: Vec<Maintainer> =
        document::read_part(listed, MAX_PART).map_err(|why| format!("its maintainers: {why}"))?;
    let mut names: Vec<_> = maintainers.into_iter().map(Maintainer::into_name).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

impl Maintainer {
    fn into_name(self) -> String {
        match self {
            Self::Account { name } => name,
            Self::Text(text) => text.split('<').next().unwrap_or_default().trim().to_owned(),
        }
    }
}

/// The maintainers whose address is readable, as far as it is.
fn people(fields: &Fields<'_>) -> Vec<Person> {
    let Ok(Some(listed)) = fields.raw("maintainers") else { return Vec::new() };
    let maintainers: Vec<&RawValue> = document::read_part(listed, MAX_PART).unwrap_or_default();
    maintainers.into_iter().filter_map(person).take(MAX_ADDRESSES).collect()
}

fn person(part: &RawValue) -> Option<Person> {
    if part.get().starts_with('"') {
        let text: String = document::read_part(part, MAX_TEXT).ok()?;
        let (name, rest) = text.split_once('<')?;
        let (email, _) = rest.split_once('>')?;
        return Some(Person { name: name.trim().to_owned(), email: Some(email.trim().to_owned()) });
    }
    let account = Fields::read(part).ok()?;
    let email = account.get::<String>("email", MAX_TEXT).ok()??;
    Some(Person { name: account.get("name", MAX_TEXT).ok()??, email: Some(email) })
}
