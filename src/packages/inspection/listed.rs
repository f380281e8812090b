//! Lists the files of the accused release, and of the one to compare it with, as their registries have them now.

use crate::{
    http::Client,
    model::ReleaseId,
    packages::{error::LookError, registries::Registries},
    registry::{Archive, Listing, Registry},
    text::with_causes,
};

/// A release with its files.
pub(super) struct Listed<'a> {
    pub(super) registry: &'a dyn Registry,
    pub(super) release: ReleaseId,
    /// The files; or else why there are none.
    pub(super) files: Result<Vec<Archive>, String>,
}

/// Lists the files of the accused release, and of the good one. A failure about the latter is only a reason not to
/// compare.
///
/// # Errors
/// The registry of the accused release cannot be asked.
pub(super) async fn listed<'a>(
    registries: &'a Registries,
    http: &Client,
    accused: &ReleaseId,
    good: Option<&ReleaseId>,
) -> Result<(Listed<'a>, Option<Listed<'a>>), LookError> {
    let registry = registries.of(&accused.package().registry())?;
    let same = good.filter(|good| good.package() == accused.package());
    let versions: Vec<&str> = [Some(accused), same].into_iter().flatten().map(ReleaseId::version).collect();
    let mut listings = registry.archives(http, accused.package(), &versions).await?.into_iter();
    let first = Listed { registry, release: accused.clone(), files: files(listings.next()) };
    let second = match (same, good) {
        (Some(good), _) => Some(Listed { registry, release: good.clone(), files: files(listings.next()) }),
        (None, Some(good)) => Some(of_other_package(registries, http, good).await?),
        (None, None) => None,
    };
    Ok((first, second))
}

async fn of_other_package<'a>(
    registries: &'a Registries,
    http: &Client,
    release: &ReleaseId,
) -> Result<Listed<'a>, LookError> {
    let registry = registries.of(&release.package().registry())?;
    let listings = registry.archives(http, release.package(), &[release.version()]).await;
    let files = listings.map_err(|error| with_causes(&error)).and_then(|listings| files(listings.into_iter().next()));
    Ok(Listed { registry, release: release.clone(), files })
}

fn files(listing: Option<Listing>) -> Result<Vec<Archive>, String> {
    match listing {
        Some(Listing::Files(files)) => Ok(files),
        Some(Listing::Missing(why)) => Err(why),
        None => Err("the registry's answer does not name it".to_owned()),
    }
}
