//! Builds the source of others' reports from `[osv]`.

use crate::{config::Config, upkeep::ReportSource};

/// The source, if one is configured.
pub fn report_source(config: &Config) -> Option<ReportSource> {
    let osv = &config.osv;
    Some(ReportSource {
        path: osv.source.clone()?,
        ids: osv.ids.clone(),
        every: osv.every.duration(),
        stale_after: osv.stale_after.delta(),
    })
}
