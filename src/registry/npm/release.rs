use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{address::Addresses, integrity, repository};
use crate::{
    model::{Auth, AuthMethod, Digests, Facts, File, Manifest, Person, ReleaseId, ReleaseStatus},
    registry::{
        Evidence, EvidenceKind, RegistryRelease, RegistrySignature,
        document::{self, Object, UniqueMap},
    },
};

/// Most bytes of one version's part of a package document: 1 MiB. The largest that are known have some 100 KiB.
const MAX_VERSION: usize = 1024 * 1024;

/// Most bytes of an integrity text; one SHA-512 has 95.
const MAX_INTEGRITY: usize = 2048;

/// Most registry signatures of a version; real ones have one or two.
const MAX_SIGNATURES: usize = 16;

/// One version of a package document, as far as it matters. What may be missing in honest documents is optional; what
/// has another type than documented fails the version, so that nothing is judged on half of what it says.
#[derive(Deserialize)]
struct Version<'a> {
    #[serde(rename = "version")]
    number: String,
    #[serde(rename = "_npmUser")]
    publisher: Option<Object<Publisher>>,
    #[serde(borrow)]
    dist: Object<Dist<'a>>,
    #[serde(borrow)]
    repository: Option<&'a RawValue>,
    #[serde(rename = "gitHead")]
    git_head: Option<String>,
    #[serde(borrow)]
    scripts: Option<&'a RawValue>,
    #[serde(borrow)]
    dependencies: Option<&'a RawValue>,
    #[serde(borrow, rename = "optionalDependencies")]
    optional_dependencies: Option<&'a RawValue>,
    maintainers: Option<Vec<Maintainer>>,
}

/// Who published, and how (`_npmUser`).
#[derive(Deserialize)]
struct Publisher {
    name: Option<String>,
    email: Option<String>,
    #[serde(rename = "trustedPublisher")]
    trusted: Option<Object<TrustedPublisher>>,
    approver: Option<Object<Approver>>,
}

/// Who approved a staged release with a second factor.
#[derive(Deserialize)]
struct Approver {
    name: String,
    email: Option<String>,
}

#[derive(Deserialize)]
struct TrustedPublisher {
    id: Option<String>,
    #[serde(rename = "oidcConfigId")]
    config_id: Option<String>,
}

#[derive(Deserialize)]
struct Dist<'a> {
    #[serde(borrow)]
    tarball: Option<&'a RawValue>,
    integrity: Option<String>,
    signatures: Option<Vec<Object<Signature>>>,
    attestations: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Signature {
    keyid: String,
    sig: String,
}

/// The install-time hooks.
#[derive(Default, Deserialize)]
struct Scripts<'a> {
    #[serde(borrow)]
    preinstall: Option<&'a RawValue>,
    #[serde(borrow)]
    install: Option<&'a RawValue>,
    #[serde(borrow)]
    postinstall: Option<&'a RawValue>,
}

/// A maintainer: an account, or `name <address>` in old documents.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Maintainer {
    /// An account.
    Account {
        /// Its name.
        name: String,
    },
    /// A text.
    Text(String),
}

/// The account names, sorted.
pub(super) fn names(maintainers: Vec<Maintainer>) -> Vec<String> {
    let mut names: Vec<_> = maintainers.into_iter().map(Maintainer::into_name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Maintainer {
    fn into_name(self) -> String {
        match self {
            Self::Account { name } => name,
            Self::Text(text) => text.split('<').next().unwrap_or_default().trim().to_owned(),
        }
    }
}

/// Describes one version from its part of the package document.
///
/// # Errors
/// Why that part could not be read, for people.
pub(super) fn read(
    part: &RawValue,
    id: ReleaseId,
    published_at: DateTime<Utc>,
    addresses: &Addresses,
) -> Result<RegistryRelease, String> {
    let Object(version): Object<Version<'_>> = document::read_part(part, MAX_VERSION)?;
    let (dist, publisher) = (&version.dist.0, version.publisher.as_ref().map(|Object(publisher)| publisher));
    if version.number != id.version() {
        return Err(document::reason(format_args!("it says that it is version {:?}", version.number)));
    }
    dist.check_sizes()?;
    let digests = dist.integrity.as_deref().map(integrity::digests).unwrap_or_default();
    Ok(RegistryRelease {
        published_at,
        claimed_at: None,
        manifest: Some(version.manifest()?),
        files: vec![dist.file(&id, digests.clone())],
        evidence: dist.evidence(&id, digests, addresses),
        signatures: dist.signatures(&id),
        auth: publisher.map(Publisher::auth).unwrap_or_default(),
        publisher: publisher.and_then(Publisher::person),
        facts: Facts::default(),
        maintainers: version.maintainers.map(names),
        status: ReleaseStatus::Published,
        id,
    })
}

impl Version<'_> {
    fn manifest(&self) -> Result<Manifest, String> {
        let Object(scripts): Object<Scripts<'_>> = part("scripts", self.scripts)?.unwrap_or_default();
        let repository = self.repository.map_or(Ok(None), repository_text);
        let repository = repository.map_err(|why| format!("its repository: {why}"))?;
        Ok(Manifest {
            repository: repository.as_deref().and_then(repository::normalise),
            git_head: self.git_head.clone(),
            install_scripts: Some(scripts.names()),
            dependencies: Some(ranges("dependencies", self.dependencies)?),
            optional_dependencies: Some(ranges("optionalDependencies", self.optional_dependencies)?),
        })
    }
}

/// Reads an object of a version. Old documents have `[]` for `{}`.
fn part<'a, T: Deserialize<'a>>(name: &str, part: Option<&'a RawValue>) -> Result<Option<T>, String> {
    let empty = |part: &RawValue| part.get().bytes().filter(|byte| !byte.is_ascii_whitespace()).eq(*b"[]");
    let Some(part) = part.filter(|part| !empty(part)) else { return Ok(None) };
    document::read_part(part, MAX_VERSION).map(Some).map_err(|why| format!("its {name}: {why}"))
}

fn ranges(name: &str, object: Option<&RawValue>) -> Result<BTreeMap<String, String>, String> {
    let object: Option<UniqueMap<String>> = part(name, object)?;
    Ok(object.unwrap_or_default().0)
}

impl Scripts<'_> {
    /// The hooks that npm would run, in its order; it passes over an empty script.
    fn names(&self) -> Vec<String> {
        [("preinstall", self.preinstall), ("install", self.install), ("postinstall", self.postinstall)]
            .into_iter()
            .filter(|(_, script)| script.is_some_and(|script| script.get() != "\"\""))
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

/// The repository: a text, an object with a `url`, or (in old documents) a list of them, of which the first counts.
fn repository_text(repository: &RawValue) -> Result<Option<String>, String> {
    if !repository.get().starts_with('[') {
        return single_repository_text(repository);
    }
    let list: Vec<&RawValue> = document::read_part(repository, MAX_VERSION)?;
    list.first().map_or(Ok(None), |first| single_repository_text(first))
}

fn single_repository_text(repository: &RawValue) -> Result<Option<String>, String> {
    #[derive(Deserialize)]
    struct Repository {
        url: Option<String>,
    }
    if repository.get().starts_with('"') {
        return document::read_part(repository, MAX_VERSION).map(Some);
    }
    document::read_part(repository, MAX_VERSION).map(|Object(Repository { url })| url)
}

impl Publisher {
    fn person(&self) -> Option<Person> {
        self.name.as_ref().map(|name| Person { name: name.clone(), email: self.email.clone() })
    }

    /// How the release came in. A trusted publisher is marked as such; anything else was a token or a session, the
    /// approval of a staged release by a person included.
    fn auth(&self) -> Auth {
        let approver = self.approver.as_ref().map(|Object(approver)| approver);
        let approved_by = approver.map(|Approver { name, email }| Person { name: name.clone(), email: email.clone() });
        match &self.trusted {
            Some(Object(trusted)) => Auth {
                method: AuthMethod::TrustedPublisher,
                provider: trusted.id.clone(),
                config_id: trusted.config_id.clone(),
                approved_by,
                ..Auth::default()
            },
            None => Auth { method: AuthMethod::Token, approved_by, ..Auth::default() },
        }
    }
}

impl Dist<'_> {
    /// The integrity text is repeated in the message of every signature, so both have limits of their own.
    fn check_sizes(&self) -> Result<(), String> {
        let integrity = self.integrity.as_ref().map_or(0, String::len);
        let signatures = self.signatures.as_ref().map_or(0, Vec::len);
        if integrity > MAX_INTEGRITY {
            return Err(format!("its integrity has {integrity} bytes, more than {MAX_INTEGRITY}"));
        }
        if signatures > MAX_SIGNATURES {
            return Err(format!("it has {signatures} signatures, more than {MAX_SIGNATURES}"));
        }
        Ok(())
    }

    fn file(&self, id: &ReleaseId, digests: Digests) -> File {
        let name = self.file_name().unwrap_or_else(|| usual_file_name(id));
        File { name, digests, uploaded_at: None, yanked: false, attestation: None }
    }

    /// The last part of the tarball's URL, if it looks like a file's name.
    fn file_name(&self) -> Option<String> {
        let url: String = document::read_part(self.tarball?, 4096).ok()?;
        let name = url.rsplit('/').next()?;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte);
        name.strip_suffix(".tgz").filter(|stem| stem.bytes().all(plain)).map(|_| name.to_owned())
    }

    /// What there is to verify. The address is built from the registry's own base: the document's could lead anywhere.
    fn evidence(&self, id: &ReleaseId, digests: Digests, addresses: &Addresses) -> Vec<Evidence> {
        let evidence = self.attestations.map(|_| Evidence {
            kind: EvidenceKind::NpmAttestations,
            url: addresses.attestations(id),
            subject: format!("{}@{}", id.package(), id.version()),
            digests,
        });
        evidence.into_iter().collect()
    }

    /// The registry's signatures, over `name@version:integrity`.
    fn signatures(&self, id: &ReleaseId) -> Vec<RegistrySignature> {
        let Some(integrity) = &self.integrity else { return Vec::new() };
        let message = format!("{}@{}:{integrity}", id.package().name(), id.version());
        let signed = self.signatures.iter().flatten().map(|Object(signature)| RegistrySignature {
            key_id: signature.keyid.clone(),
            signature: signature.sig.clone(),
            message: message.clone(),
        });
        signed.collect()
    }
}

/// `name-1.0.0.tgz`, without the scope.
fn usual_file_name(id: &ReleaseId) -> String {
    let name = id.package().name();
    format!("{}-{}.tgz", name.rsplit('/').next().unwrap_or(name), id.version())
}
