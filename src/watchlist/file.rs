//! Reads watchlist files and the files that they include.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

use super::{Entry, Pattern, Tier, Watchlist, curated};
use crate::{
    model::{Policy, Severity, TierPolicy, TimeOfDay, Zone},
    strict_toml::{self, Format, Location, Problem, Problems, ReadError, did_you_mean},
    text::with_causes,
};

/// Most bytes of a watchlist file: about 400,000 packages.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Most levels of files that include each other.
const MAX_DEPTH: usize = 8;
/// Most files of one list in all: an include in each of many files multiplies.
const MAX_FILES: usize = 256;
/// Most globs of an ecosystem that begin with a star: every event is compared with each of them.
const MAX_WITHOUT_PREFIX: usize = 256;

/// The reason why a watchlist could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum WatchlistError {
    /// A file cannot be read.
    #[error("reading the watchlist{}", if .0.is_not_found() { "; `provwatch init` or `provwatch watch add` writes one" } else { "" })]
    Read(#[source] ReadError),
    /// A file is readable but wrong.
    #[error("the watchlist is not usable\n{0}")]
    Problems(Problems),
}

/// A watchlist file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Document {
    /// The lowest tier of entries without one.
    default_tier: Tier,
    /// Other files, relative to this one, and curated lists: `curated:npm`.
    #[schemars(with = "Vec<String>")]
    include: Vec<Spanned<String>>,
    /// Purls without a version, and patterns.
    #[schemars(with = "Vec<String>", extend("items" = {"type": "string", "format": "pattern"}))]
    packages: Vec<Spanned<String>>,
    /// Purls and patterns that provwatch does not watch, even if another entry or file names them.
    #[schemars(with = "Vec<String>", extend("items" = {"type": "string", "format": "pattern"}))]
    exclude: Vec<Spanned<String>>,
    /// Entries with further keys.
    package: Vec<Detailed>,
    /// The policies of the tiers. They apply to a package unless its entry sets the same key.
    tiers: BTreeMap<Tier, TierTable>,
}

/// A `[tiers.<tier>]` table.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct TierTable {
    /// The policy for all packages of the tier.
    #[schemars(with = "Option<Policy>")]
    expect: Option<Spanned<Policy>>,
    /// The severity of violations of these demands, in place of the usual severity of each.
    severity: Option<Severity>,
    /// The team that answers for the packages of the tier whose entries name none.
    #[schemars(length(min = 1))]
    team: Option<Box<str>>,
}

/// A `[[package]]` table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Detailed {
    /// The purl or pattern.
    #[schemars(with = "String", extend("format" = "pattern"))]
    purl: Spanned<String>,
    /// Its tier.
    tier: Option<Tier>,
    /// A remark, shown by `provwatch watch why`.
    note: Option<Box<str>>,
    /// The team that answers for it: alerts name it, and subscriptions select by it.
    #[schemars(length(min = 1))]
    team: Option<Box<str>>,
    /// Whether the package is your own: a run of your release workflow must explain each of its releases, and each signature by
    /// its repository. docs/OPERATIONS.md, *Your own packages*, has the details.
    own: Option<bool>,
    /// The policy for its releases.
    #[schemars(with = "Option<Policy>")]
    expect: Option<Spanned<Policy>>,
}

/// The JSON schema of a watchlist file: `schema/watchlist.schema.json`.
pub fn json_schema() -> serde_json::Value {
    strict_toml::schema::<Document>()
}

const FORMATS: &[Format] = &[
    Format { name: "pattern", check: |text| text.parse::<Pattern>().map(drop) },
    Format { name: "time-of-day", check: |text| text.parse::<TimeOfDay>().map(drop) },
    Format { name: "time-zone", check: zone },
];

fn zone(text: &str) -> Result<(), String> {
    let meant = |why: String| format!("{why}{}", did_you_mean(text, Zone::names().iter().map(String::as_str)));
    text.parse::<Zone>().map(drop).map_err(meant)
}

/// Reads a file and its includes into a watchlist.
pub(super) fn load(path: &Path, into: &mut Watchlist) -> Result<(), WatchlistError> {
    Loader { into, open: Vec::new(), files: 0 }.load(path)
}

/// The same for a text; `origin` is its file.
pub(super) fn parse(text: &str, origin: &Path, into: &mut Watchlist) -> Result<(), WatchlistError> {
    Loader { into, open: Vec::new(), files: 0 }.merge(text, origin)
}

/// The patterns of one file, without its includes, each with its line.
pub(super) fn patterns(text: &str, origin: &Path) -> Result<HashMap<Pattern, u32>, Problems> {
    let document: Document = strict_toml::parse(text, origin, FORMATS)?;
    let lines = Lines::of(text);
    let entries = document.packages.iter().chain(document.package.iter().map(|detailed| &detailed.purl));
    let patterns = entries.filter_map(|purl| Some((purl.get_ref().parse().ok()?, lines.line(purl.span()))));
    Ok(patterns.collect())
}

struct Loader<'a> {
    into: &'a mut Watchlist,
    /// The files that are being read, each included by the one before.
    open: Vec<PathBuf>,
    files: usize,
}

impl Loader<'_> {
    fn load(&mut self, path: &Path) -> Result<(), WatchlistError> {
        let text = strict_toml::read_text(path, MAX_BYTES).map_err(WatchlistError::Read)?;
        self.open.push(identity(path));
        self.merge(&text, path)?;
        self.open.pop();
        Ok(())
    }

    fn merge(&mut self, text: &str, origin: &Path) -> Result<(), WatchlistError> {
        let unusable = |problems| WatchlistError::Problems(Problems::new(origin, problems));
        let document: Document = strict_toml::parse(text, origin, FORMATS).map_err(WatchlistError::Problems)?;
        for include in &document.include {
            let refused =
                |what| unusable(vec![Problem::new(Location::of(text, include.span().start), "include", what)]);
            self.include(include.get_ref(), origin, refused)?;
        }
        let mut entries = Entries { lines: Lines::of(text), text, origin: origin.into(), problems: Vec::new() };
        entries.merge(document, self.into);
        if entries.problems.is_empty() { Ok(()) } else { Err(unusable(entries.problems)) }
    }

    fn include(
        &mut self,
        include: &str,
        origin: &Path,
        refused: impl Fn(String) -> WatchlistError,
    ) -> Result<(), WatchlistError> {
        self.files += 1;
        if self.files > MAX_FILES {
            return Err(refused(format!("more than {MAX_FILES} files are included")));
        }
        if let Some(name) = include.strip_prefix("curated:") {
            let text = curated::text(name).map_err(refused)?;
            return self.merge(text, Path::new(include));
        }
        let path = origin.parent().unwrap_or(Path::new("")).join(include);
        if self.open.contains(&identity(&path)) {
            return Err(refused(format!("{include:?} includes itself")));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(refused(format!("files include each other more than {MAX_DEPTH} deep")));
        }
        self.load(&path).map_err(|error| match error {
            WatchlistError::Read(cause) => refused(with_causes(&cause)),
            problems @ WatchlistError::Problems(_) => problems,
        })
    }
}

/// The settings of a pattern in a file.
#[derive(Default)]
struct Said {
    tier: Option<Tier>,
    default_tier: Tier,
    note: Option<Box<str>>,
    team: Option<Box<str>>,
    own: Option<bool>,
    policy: Option<Arc<Policy>>,
}

/// The entries of one file on their way into the watchlist.
struct Entries<'a> {
    text: &'a str,
    origin: Arc<Path>,
    lines: Lines,
    problems: Vec<Problem>,
}

impl Entries<'_> {
    fn merge(&mut self, document: Document, into: &mut Watchlist) {
        let default = document.default_tier;
        for (tier, table) in document.tiers {
            let expect = self.policy(&format!("tiers.{tier}.expect"), table.expect);
            let known = into.tiers.entry(tier).or_default();
            // As with entries, a later file decides over an earlier one, and a file over the files that it includes.
            let team = table.team.map(String::from).or(known.team.take());
            *known = TierPolicy {
                expect: expect.or(known.expect.take()),
                severity: table.severity.or(known.severity),
                team,
            };
        }
        let mut seen = HashMap::new();
        for purl in document.packages {
            let said = Said { default_tier: default, ..Said::default() };
            self.watch("packages", &purl, said, &mut seen, into);
        }
        for Detailed { purl, tier, note, team, own, expect } in document.package {
            let policy = self.policy("package.expect", expect).map(Arc::new);
            let said = Said { tier, default_tier: default, note, team, own, policy };
            self.watch("package.purl", &purl, said, &mut seen, into);
        }
        let mut seen = HashMap::new();
        for purl in document.exclude {
            if let Some(pattern) = self.pattern("exclude", &purl, &mut seen) {
                into.excluded.insert(pattern, self.entry(&purl, Said::default()));
            }
        }
        self.bound(into);
    }

    fn watch(
        &mut self,
        key: &str,
        purl: &Spanned<String>,
        said: Said,
        seen: &mut HashMap<Pattern, u32>,
        into: &mut Watchlist,
    ) {
        let Some(pattern) = self.pattern(key, purl, seen) else { return };
        let entry = self.entry(purl, said);
        if matches!(&pattern, Pattern::Glob(glob) if glob.is_boundless()) {
            let (file, line) = (entry.file.display(), entry.line);
            into.warnings
                .push(format!("{file}:{line}: {pattern} watches a whole registry; expect much work and many alerts"));
        }
        into.watched.insert(pattern, entry);
    }

    /// The pattern, unless this file has it already.
    fn pattern(&mut self, key: &str, purl: &Spanned<String>, seen: &mut HashMap<Pattern, u32>) -> Option<Pattern> {
        // The schema's format has been checked, so it parses.
        let pattern: Pattern = purl.get_ref().parse().ok()?;
        if let Some(line) = seen.insert(pattern.clone(), self.lines.line(purl.span())) {
            if self.problems.len() <= strict_toml::LISTED {
                let what = format!("{:?} is already on line {line}; keep one", purl.get_ref());
                self.problems.push(Problem::new(Location::of(self.text, purl.span().start), key, what));
            }
            return None;
        }
        Some(pattern)
    }

    fn entry(&self, purl: &Spanned<String>, said: Said) -> Entry {
        let Said { tier, default_tier, note, team, own, policy } = said;
        let (file, line) = (Arc::clone(&self.origin), self.lines.line(purl.span()));
        Entry { said_tier: tier, default_tier, note, team, own, policy, file, line }
    }

    /// A policy, unless it has a demand that no release can meet.
    fn policy(&mut self, key: &str, policy: Option<Spanned<Policy>>) -> Option<Policy> {
        let policy = policy?;
        let at = Location::of(self.text, policy.span().start);
        let policy = policy.into_inner();
        for what in policy.refuse() {
            self.problems.push(Problem::new(at, key, what));
        }
        (!policy.is_empty()).then(|| policy.normalized())
    }

    fn bound(&mut self, into: &Watchlist) {
        for layer in [&into.watched, &into.excluded] {
            for (ecosystem, globs) in &layer.globs {
                let count = globs.without_prefix();
                if count > MAX_WITHOUT_PREFIX {
                    let what = format!(
                        "{count} globs of {ecosystem} begin with a star; expected at most {MAX_WITHOUT_PREFIX}"
                    );
                    self.problems.push(Problem::new(Location { line: 1, column: 1 }, "packages", what));
                }
            }
        }
    }
}

/// The starts of a text's lines: ten thousand entries look their line up.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn line(&self, span: Range<usize>) -> u32 {
        u32::try_from(1 + self.0.partition_point(|&newline| newline < span.start)).unwrap_or(u32::MAX)
    }
}

/// The identity of a file: two paths with the same one are the same file.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

impl Watchlist {
    /// Reads watchlist files and their includes, and merges them.
    ///
    /// # Errors
    /// A file that cannot be read, or all errors in one.
    pub fn load(files: &[PathBuf]) -> Result<Self, WatchlistError> {
        let mut watchlist = Self::default();
        for path in files {
            load(path, &mut watchlist)?;
        }
        watchlist.finish();
        Ok(watchlist)
    }

    /// Parses one watchlist. `origin` is the file that messages name, and includes are relative to its folder.
    ///
    /// # Errors
    /// All errors in it, or an included file that cannot be read.
    pub fn parse(text: &str, origin: &Path) -> Result<Self, WatchlistError> {
        let mut watchlist = Self::default();
        parse(text, origin, &mut watchlist)?;
        watchlist.finish();
        Ok(watchlist)
    }
}
