//! Downloads one file of the accused release and the one to compare it with, and reports on both.

use bytes::Bytes;

use super::{
    choice::counterpart,
    listed::Listed,
    report::InspectionRequest,
    statements::{self, Attestation},
};
use crate::{
    attest::Verifier,
    http::Client,
    inspect::{ContentsReport, FileReport, Format, Limits, Look, digests},
    model::Observation,
    registry::{Archive, Registry},
    text::{size, with_causes},
};

/// What every file is looked into with.
pub(super) struct Tools<'a> {
    pub(super) http: &'a Client,
    pub(super) verifier: &'a Verifier,
    pub(super) asked: &'a InspectionRequest,
    /// What provwatch observed of the accused release.
    pub(super) observation: Option<&'a Observation>,
}

/// A report on a file, and what of it could not be checked; sentences.
pub(super) struct Reported {
    pub(super) file: FileReport,
    pub(super) unchecked: Vec<String>,
}

impl Tools<'_> {
    /// Reports on a file of the accused release.
    ///
    /// # Errors
    /// It could not be downloaded; the reason is for people.
    pub(super) async fn report(
        &self,
        accused: &Listed<'_>,
        archive: &Archive,
        good: Option<&Listed<'_>>,
    ) -> Result<Reported, String> {
        let name = &archive.file.name;
        let formats = accused.release.package().ecosystem().row().files.archives;
        let format = Format::of(formats, name);
        let mut unchecked = Vec::new();
        // One download is in memory at a time: of the good file only what was found stays.
        let before = match (format, good) {
            (Some(_), Some(good)) => match self.look_at_good(good, name).await {
                Ok(found) => Some(found),
                Err(why) => {
                    unchecked.push(format!("{name} could not be compared with {}: {why}", good.release));
                    None
                }
            },
            _ => None,
        };
        let attestation = Attestation::fetch(accused.registry, self.http, archive).await;
        let bytes = self.download(accused.registry, archive).await?;
        let found = digests(&bytes);
        let statements = vec![
            statements::of_registry(archive, &found),
            statements::of_observation(archive, self.observation, &found),
            statements::of_attestation(self.verifier, attestation, &found),
        ];
        let (compared_with, before) = before.unzip();
        let contents = format
            .map(|format| ContentsReport::look(&bytes, before.as_ref(), format, &Limits::default(), &self.asked.shown));
        if contents.is_none() {
            unchecked.push(format!("{name}: provwatch does not read this kind of file"));
        }
        let format = format.map(|format| format.id);
        let size = bytes.len() as u64;
        let file = FileReport { name: name.clone(), format, size, digests: found, statements, compared_with, contents };
        Ok(Reported { file, unchecked })
    }

    /// The file of the good release that is most like one of this name, looked into.
    async fn look_at_good(&self, good: &Listed<'_>, name: &str) -> Result<(String, Look), String> {
        let files = good.files.as_ref().map_err(Clone::clone)?;
        let row = good.release.package().ecosystem().row();
        let archive = counterpart(row, name, files).ok_or("it has no file of this kind")?;
        let format = Format::of(row.files.archives, &archive.file.name).ok_or("it has no file of this kind")?;
        let bytes = self.download(good.registry, archive).await?;
        if let Some((kind, stated, found)) = archive.file.digests.contradiction(&digests(&bytes)) {
            return Err(format!("the registry states its {kind} {stated}, and serves a file with {found}"));
        }
        let look = Look::into(&bytes, format, &Limits::default(), &self.asked.shown);
        if let Some(stopped) = &look.contents.stopped {
            return Err(format!("its file is not read to its end: {}", stopped.why));
        }
        Ok((archive.file.name.clone(), look))
    }

    async fn download(&self, registry: &dyn Registry, archive: &Archive) -> Result<Bytes, String> {
        let largest = self.asked.largest;
        match registry.download(self.http, archive, largest).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err("the registry lists the file and does not have it".to_owned()),
            Err(error) => {
                let why = with_causes(&error);
                let hint = format!("; --max-size allows more than {}", size(largest));
                Err(if why.contains("larger than") { why + &hint } else { why })
            }
        }
    }
}
