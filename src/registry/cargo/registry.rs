//! Describes crates of crates.io or of another Cargo registry.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

use super::{
    archives::{Downloads, listing, static_file},
    index::{self, Index, Indexed},
    versions::{Described, VersionsPage, read_name, read_owners, read_trusted_only},
};
use crate::{
    http::{Client, Fetched, Request, Response, Validators},
    model::{Aspect, AuthMethod, Ecosystem, Facts, File, Package, PublishingFacts, ReleaseId, ReleaseStatus, Unread},
    registry::{
        AttestationSource, Behind, Known, Listing, PackageDocument, PackageState, Question, Registry, RegistryError,
        RegistryRelease,
        document::document_error,
        endpoint::endpoint,
        exchange::{ask, found, refuse_page},
        field::shown,
        reader::missing,
    },
    text::with_causes,
};

/// Most pages of 100 versions that are read to describe the unknown ones of a crate.
const MAX_PAGES: usize = 100;

/// The likely nature of a web page in the place of an index file.
const NOT_AN_INDEX: &str = "the URL leads to a page for people, a login or a proxy's notice; give the URL of the sparse index as \
                            Cargo has it";

/// The reader of crates.io, or of another Cargo registry.
#[derive(Clone, Debug)]
pub struct CargoRegistry {
    /// The base of the API of crates.io; another registry has only its index.
    api_base: Option<Url>,
    index_base: Url,
    /// The base of the crate files of crates.io; another registry names it in its index.
    files: Option<Url>,
    max_document: u64,
}

impl CargoRegistry {
    /// The registry with its API below `api_base` and its sparse index below `index_base`. Documents of a crate may
    /// have `max_document` bytes.
    pub fn new(api_base: Url, index_base: Url, max_document: u64) -> Self {
        Self { api_base: Some(api_base), index_base, files: None, max_document }
    }

    /// Another registry by its sparse index: only its versions and files are known.
    pub fn index(index_base: Url, max_document: u64) -> Self {
        Self { api_base: None, index_base, files: None, max_document }
    }

    /// This reader, with the base of the crate files.
    #[must_use]
    pub(in crate::registry) fn with_files(self, base: Url) -> Self {
        Self { files: Some(base), ..self }
    }

    async fn list(&self, http: &Client, package: &Package, versions: &[&str]) -> Result<Vec<Listing>, RegistryError> {
        let question = Question { known: &Known::default(), validators: None, revision: None };
        let answer = found(Ecosystem::CARGO, http, self.index_request(package, question)).await?;
        let Some(Fetched::Fresh(response)) = answer else {
            let missing = || Listing::Missing("the index does not have this crate".to_owned());
            return Ok(versions.iter().map(|_| missing()).collect());
        };
        refuse_page(Ecosystem::CARGO, &format!("the index file of {package}"), &response, NOT_AN_INDEX)?;
        let index = Index::read(&response.body, package);
        let Some(files) = &self.files else {
            let downloads = Downloads::of(http, &self.index_base).await?;
            let place = |indexed: &Indexed| downloads.place(http, package, indexed);
            return Ok(versions.iter().map(|version| listing(&index, package, version, place)).collect());
        };
        let place = |indexed: &Indexed| Ok(static_file(files, package, &indexed.version));
        Ok(versions.iter().map(|version| listing(&index, package, version, place)).collect())
    }

    async fn state(
        &self,
        http: &Client,
        package: &Package,
        question: Question<'_>,
    ) -> Result<PackageState, RegistryError> {
        let response = match found(Ecosystem::CARGO, http, self.index_request(package, question)).await? {
            Some(Fetched::Fresh(response)) => response,
            Some(Fetched::NotModified) => return Ok(PackageState::NotModified),
            None => return self.not_in_the_index(http, package, question).await,
        };
        refuse_page(Ecosystem::CARGO, &format!("the index file of {package}"), &response, NOT_AN_INDEX)?;
        let index = Index::read(&response.body, package);
        if let Some(other) = index.of_another_crate() {
            return Err(of_another_crate(package, other));
        }
        let mut document = document(&index, question.known, response.validators());
        document.behind = question.revision.and_then(|announced| behind(announced, &index));
        let is_known = |indexed: &&Indexed| question.known.has(&indexed.version, &[indexed.file(package)]);
        let unknown: Vec<_> = index.versions.iter().filter(|indexed| !is_known(indexed)).collect();
        // It may be large, and must be freed before the next request.
        drop(response);
        let http = &http.beside_document();
        if let (false, Some(api)) = (unknown.is_empty(), &self.api_base) {
            let mut answers = self.describe(http, api, package, &unknown).await?;
            for indexed in unknown {
                answers.describe(package, indexed, &mut document);
            }
            document.releases.sort_by_cached_key(|release| release.published_at);
            self.add_owners(http, api, package, &mut document).await;
            self.add_publishing(http, api, package, &mut document).await;
        } else {
            let nobody_says = Described::default();
            let described = unknown.into_iter().map(|indexed| release(package, indexed, &nobody_says));
            document.releases.extend(described);
            document.releases.sort_by_cached_key(|release| release.published_at);
        }
        Ok(PackageState::Current(Box::new(document)))
    }

    /// The index knows a crate only with its own `-` and `_`; the API answers for each spelling, and gives the right
    /// one.
    async fn not_in_the_index(
        &self,
        http: &Client,
        package: &Package,
        question: Question<'_>,
    ) -> Result<PackageState, RegistryError> {
        if let (None, Some(api)) = (question.revision, &self.api_base)
            && package.name().contains(['-', '_'])
        {
            let answer = self.ask(http, crate_url(api, package), "the crate's own spelling").await;
            let spelled = answer.ok().and_then(|response| read_name(&response.body));
            if let Some(other) = spelled.filter(|spelled| spelled != package.name()) {
                return Err(of_another_crate(package, &other));
            }
        }
        missing(package, question.revision)
    }

    /// Conditional, unless a feed announced a version: then "not modified" could only come from an outdated cache.
    fn index_request(&self, package: &Package, question: Question<'_>) -> Request {
        let validators = question.validators.filter(|_| question.revision.is_none()).cloned();
        Request::get(self.index_url(package)).max_body(self.max_document).unless(validators)
    }

    fn index_url(&self, package: &Package) -> Url {
        let path = index::path(package.name());
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        endpoint(&self.index_base, &path)
    }

    /// Reads pages of versions, the newest first, until every unknown one was found.
    async fn describe(
        &self,
        http: &Client,
        api: &Url,
        package: &Package,
        unknown: &[&Indexed],
    ) -> Result<Answers, RegistryError> {
        let mut wanted: BTreeSet<_> = unknown.iter().map(|indexed| indexed.version.as_str()).collect();
        let mut answers = Answers { complete: true, ..Answers::default() };
        let mut seek = None;
        for _ in 0..MAX_PAGES {
            let page = self.versions_page(http, api, package, seek.as_deref()).await?;
            seek.clone_from(&page.seek);
            answers.add(page, &mut wanted);
            if wanted.is_empty() || seek.is_none() {
                return Ok(answers);
            }
        }
        Ok(Answers { complete: false, ..answers })
    }

    async fn versions_page(
        &self,
        http: &Client,
        api: &Url,
        package: &Package,
        seek: Option<&str>,
    ) -> Result<VersionsPage, RegistryError> {
        let mut url = part_url(api, package, "versions");
        url.query_pairs_mut().append_pair("per_page", "100").append_pair("sort", "date");
        if let Some(seek) = seek {
            url.query_pairs_mut().append_pair("seek", seek);
        }
        let what = format!("the versions of {package}");
        let response = self.ask(http, url, &what).await?;
        VersionsPage::read(&response.body).map_err(|why| document_error(Ecosystem::CARGO, &what, why))
    }

    /// The owners are current, so they are the newest release's; if they are unavailable, they are unknown.
    async fn add_owners(&self, http: &Client, api: &Url, package: &Package, document: &mut PackageDocument) {
        match self.owners(http, api, package).await {
            Ok(owners) => {
                if let Some(newest) = document.releases.last_mut() {
                    newest.maintainers = Some(owners.clone());
                }
                document.maintainers = Some(owners);
            }
            Err(error) => {
                let Some(newest) = document.releases.last_mut() else { return };
                match &error {
                    RegistryError::Http { source, .. } if source.is_not_found() => {
                        newest.untold.push(Aspect::Owners);
                        newest.untold.sort_unstable();
                    }
                    _ => newest.unread.because(Unread::MAINTAINERS, with_causes(&error)),
                }
            }
        }
    }

    /// Whether the registry accepts tokens is a current fact, so it is the newest release's; if it is unavailable, it
    /// is unknown.
    async fn add_publishing(&self, http: &Client, api: &Url, package: &Package, document: &mut PackageDocument) {
        let Some(newest) = document.releases.last_mut() else { return };
        let what = format!("the settings of {package}");
        let answer = self.ask(http, crate_url(api, package), &what).await;
        let read = answer.and_then(|response| {
            read_trusted_only(&response.body).map_err(|why| document_error(Ecosystem::CARGO, &what, why))
        });
        match read {
            Ok(tokens_disallowed) => newest.facts.publishing = Some(PublishingFacts { tokens_disallowed }),
            // A mirror may lack it; with any other error the release does not count as checked.
            Err(RegistryError::Http { source, .. }) if source.is_not_found() => {}
            Err(error) => newest.unread.because(Unread::PUBLISHING, with_causes(&error)),
        }
    }

    async fn owners(&self, http: &Client, api: &Url, package: &Package) -> Result<Vec<String>, RegistryError> {
        let what = format!("the owners of {package}");
        let response = self.ask(http, part_url(api, package, "owners"), &what).await?;
        read_owners(&response.body).map_err(|why| document_error(Ecosystem::CARGO, &what, why))
    }

    async fn ask(&self, http: &Client, url: Url, what: &str) -> Result<Response, RegistryError> {
        let request = Request::get(url).accept("application/json").max_body(self.max_document);
        ask(Ecosystem::CARGO, http, request, what).await
    }
}

fn crate_url(api: &Url, package: &Package) -> Url {
    endpoint(api, &["api", "v1", "crates", package.name()])
}

fn part_url(api: &Url, package: &Package, what: &str) -> Url {
    endpoint(api, &["api", "v1", "crates", package.name(), what])
}

/// The answer has another crate's name, so the caller must use that one: two names of one package would be two
/// histories.
fn of_another_crate(package: &Package, other: &str) -> RegistryError {
    let what = format!("the index file of {package}");
    document_error(
        Ecosystem::CARGO,
        &what,
        format_args!("the crate is called {:?}: list it by that name", shown(other)),
    )
}

impl Registry for CargoRegistry {
    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::CARGO
    }

    fn package<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        question: Question<'a>,
    ) -> BoxFuture<'a, Result<PackageState, RegistryError>> {
        Box::pin(self.state(http, package, question))
    }

    /// crates.io has no attestations.
    fn evidence<'a>(
        &'a self,
        _http: &'a Client,
        _evidence: &'a AttestationSource,
    ) -> BoxFuture<'a, Result<Option<Bytes>, RegistryError>> {
        Box::pin(async { Ok(None) })
    }

    fn archives<'a>(
        &'a self,
        http: &'a Client,
        package: &'a Package,
        versions: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<Listing>, RegistryError>> {
        Box::pin(self.list(http, package, versions))
    }

    fn page(&self, release: &ReleaseId) -> Url {
        let name = release.package().name();
        match &self.api_base {
            Some(site) => endpoint(site, &["crates", name, release.version()]),
            None => self.index_url(release.package()),
        }
    }
}

/// The API's answers about the requested versions.
#[derive(Default)]
struct Answers {
    described: BTreeMap<String, Described>,
    /// An entry with an unrecognisable version, which may be any of the missing ones.
    nameless: Option<String>,
    newest: Option<String>,
    complete: bool,
}

impl Answers {
    fn add(&mut self, page: VersionsPage, wanted: &mut BTreeSet<&str>) {
        for described in page.versions {
            self.newest.get_or_insert_with(|| described.version.clone());
            if wanted.remove(described.version.as_str()) {
                self.described.insert(described.version.clone(), described);
            }
        }
        self.nameless = self.nameless.take().or(page.unreadable.into_iter().next());
    }

    /// Puts a version of the index into the document, with the API's facts about it. A version that the API does not
    /// list yet waits.
    fn describe(&mut self, package: &Package, indexed: &Indexed, document: &mut PackageDocument) {
        if let Some(described) = self.described.remove(&indexed.version) {
            return document.releases.push(release(package, indexed, &described));
        }
        let mut bare = release(package, indexed, &Described::default());
        match (&self.nameless, self.complete) {
            (Some(why), _) => {
                let why = format!("the API's entry for it may be one that cannot be read: {why}");
                bare.unread.because(Unread::RELEASE, why);
            }
            (None, false) => {
                let why = format!("it is not among the newest {} versions", MAX_PAGES * 100);
                bare.unread.because(Unread::PUBLISHER, why);
            }
            (None, true) => {
                let seen = || self.newest.clone().unwrap_or_else(|| "none".to_owned());
                let behind = document.behind.get_or_insert_with(|| Behind {
                    seen: seen(),
                    announced: indexed.version.clone(),
                    incomplete: Vec::new(),
                });
                return behind.incomplete.push(bare);
            }
        }
        document.releases.push(bare);
    }
}

/// The document of the index alone. A known version still exists if its line may be one of the unreadable ones.
fn document(index: &Index, known: &Known, validators: Option<Validators>) -> PackageDocument {
    let mut versions: Vec<_> =
        index.versions.iter().map(|indexed| (indexed.version.clone(), status(indexed))).collect();
    let listed: BTreeSet<_> = index.versions.iter().map(|indexed| indexed.version.as_str()).collect();
    let may_be_unreadable = |version: &&String| {
        let by_name = |(name, _): &(String, String)| name == *version || !index::is_version(name);
        !listed.contains(version.as_str()) && index.unreadable.iter().any(by_name)
    };
    versions
        .extend(known.versions().filter(may_be_unreadable).map(|version| (version.clone(), ReleaseStatus::Published)));
    PackageDocument {
        revision: None,
        validators,
        releases: Vec::new(),
        versions,
        unreadable: index.unreadable.clone(),
        withdrawn: Vec::new(),
        bare: Vec::new(),
        maintainers: None,
        dist_tags: None,
        status: None,
        behind: None,
        unconfirmed: None,
    }
}

fn status(indexed: &Indexed) -> ReleaseStatus {
    if indexed.yanked { ReleaseStatus::Yanked } else { ReleaseStatus::Published }
}

/// Index and API together; they must describe the same file.
fn release(package: &Package, indexed: &Indexed, described: &Described) -> RegistryRelease {
    let mut unread = indexed.unread.clone();
    for (place, why) in &described.unread.0 {
        unread.because(place, why.as_str());
    }
    if let (Some(checksum), Some(sha256)) = (&described.checksum, &indexed.sha256)
        && !checksum.eq_ignore_ascii_case(sha256)
    {
        unread.because(Unread::FILES, format!("the index has the checksum {sha256}, the API {}", shown(checksum)));
    }
    let published_at = described.created_at.or(indexed.published_at);
    if published_at.is_some() {
        unread.0.remove(Unread::TIME);
    }
    let mut manifest = indexed.manifest.clone();
    manifest.repository.clone_from(&described.repository);
    manifest.git_head = described.commit();
    let file = File { uploaded_at: published_at, ..indexed.file(package) };
    RegistryRelease {
        id: package.at(indexed.version.as_str()),
        published_at: published_at.unwrap_or_default(),
        claimed_at: None,
        publisher: described.publisher(),
        auth: described.auth(),
        manifest: Some(manifest),
        facts: Facts { publisher_account: described.account_facts(), ..Facts::default() },
        files: vec![file],
        maintainers: None,
        addresses: Vec::new(),
        status: status(indexed),
        evidence: Vec::new(),
        signatures: Vec::new(),
        untold: untold(described, &unread, published_at.is_some()),
        unread,
    }
}

/// crates.io has no attestations, and signs nothing.
fn untold(described: &Described, unread: &Unread, is_dated: bool) -> Vec<Aspect> {
    let mut untold = vec![Aspect::Attestation, Aspect::Signature];
    let is_odd = [Unread::PUBLISHER, Unread::AUTH].iter().any(|place| unread.of(place).is_some());
    let is_told = described.auth().method != AuthMethod::Unknown;
    untold.extend((!is_told && !is_odd).then_some(Aspect::Account));
    untold.extend((!is_dated && unread.of(Unread::TIME).is_none()).then_some(Aspect::Time));
    untold.sort_unstable();
    untold
}

/// How far the index is behind, if it lacks the version that the feed announced.
fn behind(announced: &str, index: &Index) -> Option<Behind> {
    if index.versions.iter().any(|indexed| indexed.version == announced) {
        return None;
    }
    let seen = index.versions.last().map_or_else(|| "none".to_owned(), |indexed| indexed.version.clone());
    Some(Behind { seen, announced: announced.to_owned(), incomplete: Vec::new() })
}

#[cfg(test)]
mod tests;
