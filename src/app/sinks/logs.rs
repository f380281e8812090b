//! Builds the sinks of logs.

use super::{Built, Site};
use crate::config::{JournaldSection, SyslogSection};

pub(super) fn journald(_site: Site<'_>, _journald: &JournaldSection) -> Built {
    Err("PLACEHOLDER".into())
}

pub(super) fn syslog(_site: Site<'_>, _syslog: &SyslogSection) -> Built {
    Err("PLACEHOLDER".into())
}
