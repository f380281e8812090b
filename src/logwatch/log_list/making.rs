//! Builds a log client from the description of a log.

use std::sync::Arc;

use super::{followed::FollowedLog, instance::Instance, limits::limits_of};
use crate::{
    clock::Clock,
    http::Client,
    logwatch::settings::LogSettings,
    store::LogKind,
    tlog::{Log, LogKey, Protocol, Signer, ct::CtLog, key::KeyError, rekor_v1::RekorV1, rekor_v2::TilesLog},
};

/// Makes the clients of logs.
#[derive(Debug)]
pub struct LogMaker {
    pub clock: Arc<dyn Clock>,
    pub http: Client,
    pub settings: Arc<LogSettings>,
}

impl LogMaker {
    /// The log that an instance describes.
    ///
    /// # Errors
    /// Its key cannot be used.
    pub fn make(&self, instance: &Instance) -> Result<FollowedLog, KeyError> {
        let Instance { name: alias, kind, url, origin, since, until, .. } = instance.clone();
        let (limits, budget) = limits_of(&self.settings, instance);
        let (http, in_flight) = (self.http.limited(limits), self.settings.in_flight);
        let key = LogKey::from_spki(&instance.spki)?;
        let (signer, protocol) = match kind {
            LogKind::Tiles => {
                (Signer::Note { origin, key }, Protocol::Tiles(TilesLog::new(http, url.clone(), in_flight)))
            }
            LogKind::RekorV1 => (
                Signer::RekorV1 { name: origin, key },
                Protocol::RekorV1(RekorV1::new(http, url.clone(), Arc::clone(&self.clock), budget)),
            ),
            LogKind::Ct => (Signer::Ct { origin, key }, Protocol::Ct(CtLog::new(http, url.clone(), in_flight))),
            LogKind::StaticCt => {
                let log = TilesLog::of_certificates(http, url.clone(), in_flight);
                (Signer::StaticCt { origin, key }, Protocol::Tiles(log))
            }
        };
        let tailed = instance.tail.unwrap_or_else(|| self.settings.tail.contains(&kind));
        let instance = instance.clone();
        let (log, mirrors) = (Log::new(signer, protocol), Vec::new());
        Ok(FollowedLog { log, kind, url, alias, tailed, mirrors, since, until, instance })
    }
}
