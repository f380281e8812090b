//! Builds the sinks of chats.

use std::sync::Arc;

use super::{Built, Site, required, secret_url};
use crate::{
    config::{SlackSection, TeamsSection},
    deliver::{Endpoint, SlackApp, SlackSink},
};

pub(super) fn slack(site: Site<'_>, slack: &SlackSection) -> Built {
    if slack.token().is_some() {
        let token = required(slack.token(), "token")?;
        let channel = slack.channel.clone().ok_or("a token needs the id of a channel")?;
        return Ok(Arc::new(SlackApp::new(site.http, slack.api.as_url(), &token, channel)));
    }
    Ok(Arc::new(SlackSink::new(Endpoint::new(site.http, secret_url(slack.url())?))))
}

pub(super) fn teams(_site: Site<'_>, _teams: &TeamsSection) -> Built {
    Err("PLACEHOLDER".into())
}
