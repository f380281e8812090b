//! Builds the sinks of services that keep an alert open, and of telephones.

use super::{Built, Site};
use crate::config::{AlertmanagerSection, NtfySection, PagerDutySection};

pub(super) fn pagerduty(_site: Site<'_>, _pager: &PagerDutySection) -> Built {
    Err("PLACEHOLDER".into())
}

pub(super) fn alertmanager(_site: Site<'_>, _alertmanager: &AlertmanagerSection) -> Built {
    Err("PLACEHOLDER".into())
}

pub(super) fn ntfy(_site: Site<'_>, _ntfy: &NtfySection) -> Built {
    Err("PLACEHOLDER".into())
}
