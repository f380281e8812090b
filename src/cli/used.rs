//! The projects of the inventory that use a release or package, as `alerts show` and `lookup` tell of them.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    exit::CliError,
    fact_table::{self, Sheet},
    words,
};
use crate::{
    model::{Package, ReleaseId, Use, UsedBy, is_same},
    store::{Store, Uses, UsesOf},
};

/// Most uses that are listed, of the very releases and of others each.
const LISTED: usize = 10;

/// Most projects that a line names.
const NAMED: usize = 3;

/// The projects that use releases now, or used them.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UsedNow {
    /// The uses of the very releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<Uses>,
    /// The projects that use their packages in any version, with uses of other releases now.
    packages: Uses,
}

impl UsedNow {
    /// Those of releases and packages; `None`: the inventory has no project.
    ///
    /// # Errors
    /// As the store.
    pub fn of(store: &Store, releases: &[ReleaseId], packages: &[Package]) -> Result<Option<Self>, CliError> {
        if store.inventory_projects()?.is_empty() {
            return Ok(None);
        }
        let mut packages = packages.to_vec();
        packages.extend(releases.iter().map(|release| release.package().clone()));
        let exact = if releases.is_empty() { None } else { Some(store.uses_of(UsesOf::Releases(releases), LISTED)?) };
        let mut all = store.uses_of(UsesOf::Packages(&packages), 2 * LISTED)?;
        // Former uses of other versions say nothing new; those of the very releases do.
        let is_exact = |one: &Use| releases.iter().any(|release| is_same(release, &one.release));
        all.uses.retain(|one| one.until.is_none() && !is_exact(one));
        all.uses.truncate(LISTED);
        Ok(Some(Self { releases: exact, packages: all }))
    }

    /// Prints them under a heading.
    pub fn print(&self) {
        fact_table::heading("used by");
        let mut sheet = Sheet::new();
        if let Some(releases) = &self.releases {
            let count = if releases.projects == 0 {
                "no project".to_owned()
            } else {
                words::counted(releases.projects, "project")
            };
            let past = releases.past_projects;
            let past = if past == 0 { String::new() } else { format!("; {} before", words::counted(past, "project")) };
            sheet.row("this release", format!("{count}{past}"));
            rows(&mut sheet, &releases.uses);
        }
        let count = match self.packages.projects {
            0 if self.packages.is_empty() => "no project of the inventory, now or before".to_owned(),
            count => words::counted(count, "project"),
        };
        sheet.row("in any version", count);
        rows(&mut sheet, &self.packages.uses);
        sheet.print();
    }
}

/// A release with the projects that use it now, or used it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UsedRelease {
    purl: ReleaseId,
    #[serde(flatten)]
    uses: Uses,
}

/// The projects that use each of these releases, or used it; of a release that none uses, `None`.
///
/// # Errors
/// As the store.
pub(super) fn of_each(store: &Store, releases: &[ReleaseId]) -> Result<Vec<Option<Uses>>, CliError> {
    let uses = store.uses_of_each(releases, LISTED)?;
    Ok(uses.into_iter().map(|uses| Some(uses).filter(|uses| !uses.is_empty())).collect())
}

/// The releases that projects use now, or used.
///
/// # Errors
/// As the store.
pub(super) fn used(store: &Store, releases: impl IntoIterator<Item = ReleaseId>) -> Result<Vec<UsedRelease>, CliError> {
    let releases: Vec<ReleaseId> = releases.into_iter().collect();
    let by_release = of_each(store, &releases)?;
    let used = releases.into_iter().zip(by_release).filter_map(|(purl, uses)| Some(UsedRelease { purl, uses: uses? }));
    Ok(used.collect())
}

impl UsedRelease {
    /// The release, and who uses it, in two texts.
    pub fn words(&self) -> (String, String) {
        (words::name(&self.purl), words::sentence(in_words(&self.uses)))
    }
}

/// Prints who uses which of several releases. Without projects there is nothing to say.
///
/// # Errors
/// As the store.
pub(super) fn print_each<'a>(
    store: &Store,
    releases: impl IntoIterator<Item = (&'a ReleaseId, Option<&'a Uses>)>,
) -> Result<(), CliError> {
    let used: Vec<_> = releases.into_iter().filter_map(|(purl, uses)| Some((purl, uses?))).collect();
    if used.is_empty() && store.inventory_projects()?.is_empty() {
        return Ok(());
    }
    fact_table::heading("used by");
    if used.is_empty() {
        fact_table::say("  No project of the inventory uses one of these releases, or used one.");
    }
    for (purl, uses) in used {
        fact_table::say(&format!("  {}: {}", words::name(purl), words::sentence(in_words(uses))));
    }
    Ok(())
}

/// `2 projects, 1 other before: shop locks 1.14.1 directly (…); …; and 1 more`.
fn in_words(uses: &Uses) -> String {
    let now = if uses.projects == 0 { "no project now".to_owned() } else { words::counted(uses.projects, "project") };
    let past = if uses.past_projects == 0 { String::new() } else { format!(", {} before", uses.past_projects) };
    let mut told: Vec<String> = uses.uses.iter().take(NAMED).map(ToString::to_string).collect();
    let more = (uses.projects + uses.past_projects).saturating_sub(told.len() as u64);
    told.extend((more > 0).then(|| format!("and {more} more")));
    format!("{now}{past}: {}", told.join("; "))
}

fn rows(sheet: &mut Sheet, uses: &[Use]) {
    sheet.rows("", uses.iter().map(words::sentence));
}

/// The projects of an alert for a line of a list: `used by pay, shop, site and 3 more`.
pub(super) fn in_short(used: &UsedBy) -> String {
    let shown: Vec<String> = used.names.iter().take(NAMED).map(words::name).collect();
    let more = used.projects.saturating_sub(shown.len() as u64);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("used by {}{more}", shown.join(", "))
}
