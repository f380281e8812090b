//! Builds the sinks of chats.

use std::sync::Arc;

use super::{Built, Site, secret_url};
use crate::{
    config::{SlackSection, TeamsSection},
    deliver::{Endpoint, SlackSink, TeamsSink},
};

pub(super) fn slack(site: Site<'_>, slack: &SlackSection) -> Built {
    Ok(Arc::new(SlackSink::new(Endpoint::new(site.http, secret_url(slack.url())?))))
}

pub(super) fn teams(site: Site<'_>, teams: &TeamsSection) -> Built {
    Ok(Arc::new(TeamsSink::new(Endpoint::new(site.http, secret_url(teams.url())?))))
}
