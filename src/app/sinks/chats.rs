//! Builds the sinks of chats.

use std::sync::Arc;

use super::{Built, Site, secret_url};
use crate::{
    config::{SlackSection, TeamsSection},
    deliver::{Endpoint, SlackSink},
};

pub(super) fn slack(site: Site<'_>, slack: &SlackSection) -> Built {
    Ok(Arc::new(SlackSink::new(Endpoint::new(site.http, secret_url(slack.url())?))))
}

pub(super) fn teams(_site: Site<'_>, _teams: &TeamsSection) -> Built {
    Err("PLACEHOLDER".into())
}
