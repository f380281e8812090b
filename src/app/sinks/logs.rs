//! Builds the sinks of logs.

use std::sync::Arc;

use super::{Built, Site, mail::read_authorities};
use crate::{
    config::{JournaldSection, SyslogAddress, SyslogSection},
    deliver::{JournaldSink, Sink, SyslogSettings, SyslogSink, SyslogTarget},
};

pub(super) fn journald(journald: &JournaldSection) -> Arc<dyn Sink> {
    Arc::new(JournaldSink::new(journald.socket.clone()))
}

/// The operator's additional authorities hold for syslog as for the web.
pub(super) fn syslog(site: Site<'_>, syslog: &SyslogSection) -> Built {
    let target = target(&syslog.address);
    let ca_file = site.config.http.ca_file.as_deref().filter(|_| matches!(target, SyslogTarget::Tls(..)));
    let ca_pem = ca_file.map(read_authorities).transpose()?;
    let settings = SyslogSettings { target, facility: syslog.facility.code(), ca_pem };
    Ok(Arc::new(SyslogSink::new(settings)?))
}

fn target(address: &SyslogAddress) -> SyslogTarget {
    match address {
        SyslogAddress::Unix(path) => SyslogTarget::Unix(path.clone()),
        SyslogAddress::Udp(host, port) => SyslogTarget::Udp(host.clone(), *port),
        SyslogAddress::Tcp(host, port) => SyslogTarget::Tcp(host.clone(), *port),
        SyslogAddress::Tls(host, port) => SyslogTarget::Tls(host.clone(), *port),
    }
}
