//! Lists the files of some versions of a project, with the places that the simple index names.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use url::Url;

use super::{
    filename::same_version,
    simple::{Distribution, Project},
};
use crate::{
    http::Client,
    model::{Package, ReleaseId},
    registry::{
        Archive, AttestationSource, Listing,
        archives::{FileHost, place},
        document::MAX_TEXT,
    },
    strict_json::Fields,
};

/// Where files may be, and where their attestations are.
pub(super) struct Around<'a> {
    pub(super) http: &'a Client,
    /// The URL of the project's page, against which the URLs on it are read.
    pub(super) page: &'a Url,
    pub(super) hosts: &'a [FileHost],
    pub(super) evidence: &'a dyn Fn(&ReleaseId, &Distribution) -> Option<AttestationSource>,
}

impl Around<'_> {
    /// The files of each version, from the project's page.
    ///
    /// # Errors
    /// The reason why it is not such a page.
    pub(super) fn listings(&self, body: &[u8], package: &Package, versions: &[&str]) -> Result<Vec<Listing>, String> {
        let mut project = Project::read(body, package)?;
        let places = places(body)?;
        let mut listing = |wanted: &&str| {
            let found = project.releases.iter_mut().find(|(version, _)| same_version(version, wanted));
            match found {
                Some((version, files)) => {
                    let (id, files) = (package.at(version.as_str()), std::mem::take(files));
                    Listing::Files(files.into_iter().map(|file| self.archive(&id, file, &places)).collect())
                }
                None => Listing::Missing(format!(
                    "the project, whose status is {:?}, has no file of this version",
                    project.status
                )),
            }
        };
        Ok(versions.iter().map(&mut listing).collect())
    }

    fn archive(&self, id: &ReleaseId, distribution: Distribution, places: &BTreeMap<String, String>) -> Archive {
        let named = places.get(&distribution.file.name).ok_or_else(|| "its entry has no readable URL".to_owned());
        Archive {
            place: named.and_then(|text| place(text, self.page, self.hosts, self.http)),
            evidence: (self.evidence)(id, &distribution).filter(|_| distribution.has_provenance == Some(true)),
            manifest: None,
            file: distribution.file,
        }
    }
}

/// The URL of each file, by its name. Of two entries with one name neither counts.
fn places(body: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut places: BTreeMap<String, Option<String>> = BTreeMap::new();
    for list in fields.every("files") {
        let files: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|error| error.to_string())?;
        for file in files.into_iter().filter_map(|raw| Fields::read(raw).ok()) {
            let text = |name| file.get::<String>(name, MAX_TEXT).ok().flatten();
            let Some(name) = text("filename") else { continue };
            let url = text("url");
            places.entry(name).and_modify(|known| *known = None).or_insert(url);
        }
    }
    Ok(places.into_iter().filter_map(|(name, url)| Some((name, url?))).collect())
}
