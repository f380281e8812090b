//! Looks inside the files of a release, on a person's request and only then. It downloads the files through the one
//! client, compares their digests, and compares their contents with those of the last good release. Nothing is stored.

mod choice;
mod files;
mod good;
mod listed;
mod report;
mod statements;

use std::sync::Arc;

pub use report::{Against, Inspection, InspectionRequest, LeftOut};

use self::{
    choice::{Choice, choose},
    files::Tools,
    good::last_good,
    listed::{Listed, listed},
};
use super::{error::LookError, registries::Registries};
use crate::{clock::Clock, http::Client, inspect::Agreement, store::Store, text::counted, upkeep::TrustKeeper};

/// Looks inside releases.
#[derive(Debug)]
pub struct Inspector {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub http: Client,
    pub registries: Arc<Registries>,
    pub trust: Arc<TrustKeeper>,
}

impl Inspector {
    /// Looks inside a release.
    ///
    /// # Errors
    /// The registry cannot be asked, or the store cannot be read.
    pub async fn inspect(&self, asked: &InspectionRequest) -> Result<Inspection, LookError> {
        let row = self.store.release(&asked.release)?;
        let until = row.as_ref().and_then(|row| row.published_at).unwrap_or_else(|| self.clock.now());
        let against = match &asked.against {
            Some(purl) => Some(Against { purl: purl.clone(), why: "as it was asked for".to_owned() }),
            None => last_good(&self.store, &asked.release, until)?,
        };
        let good = against.as_ref().map(|against| &against.purl);
        let (accused, good) = listed(&self.registries, &self.http, &asked.release, good).await?;
        let mut inspection = Inspection::of(asked.release.clone(), against);
        let files = match &accused.files {
            Ok(files) => files,
            Err(why) => {
                inspection.unchecked.push(format!("the registry lists no file of {}: {why}", asked.release));
                return Ok(inspection);
            }
        };
        let choice = choose(asked.release.package().ecosystem().row(), files, asked);
        let (verifier, observation) = (self.trust.verifier(), row.and_then(|row| row.observation));
        let tools = Tools { http: &self.http, verifier: &verifier, asked, observation: observation.as_ref() };
        look(&tools, &choice, &accused, good.as_ref(), &mut inspection).await;
        leave_out(choice, asked, &mut inspection);
        inspection.miss(&asked.shown);
        Ok(inspection)
    }
}

async fn look(
    tools: &Tools<'_>,
    choice: &Choice<'_>,
    accused: &Listed<'_>,
    good: Option<&Listed<'_>>,
    inspection: &mut Inspection,
) {
    for archive in &choice.chosen {
        match tools.report(accused, archive, good).await {
            Ok(reported) => {
                let statements = reported.file.statements.iter();
                let unknown = statements.filter(|statement| statement.outcome == Agreement::Unknown);
                let unknown = unknown.map(|statement| format!("{}: {}", archive.file.name, statement.detail));
                inspection.unchecked.extend(unknown.chain(reported.unchecked));
                inspection.add(reported.file, archive.manifest.as_ref());
            }
            Err(why) => inspection.unchecked.push(format!("{} could not be had: {why}", archive.file.name)),
        }
    }
}

/// Files that the request did not leave out count as not checked.
fn leave_out(choice: Choice<'_>, asked: &InspectionRequest, inspection: &mut Inspection) {
    let Choice { chosen, left_out, unknown } = choice;
    inspection.unchecked.extend(unknown);
    if asked.files.is_empty() && !left_out.is_empty() {
        let files = counted(left_out.len(), "file");
        inspection.unchecked.push(format!("{files} of the release were not looked into, see the list"));
    }
    if chosen.is_empty() && left_out.is_empty() {
        inspection.unchecked.push("the registry lists the release without any file".to_owned());
    }
    inspection.left_out = left_out;
}
