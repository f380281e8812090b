//! Finds the log that an argument names.

use std::sync::Arc;

use crate::{
    app::App,
    cli::{callable::callable, exit::CliError},
    logwatch::FollowedLog,
    text::with_causes,
};

/// Reads a trust root that no process has read yet: without it neither its logs nor the trusted certificate authorities
/// are known.
async fn have_trust(app: &App) -> Result<(), CliError> {
    app.trust.have().await.map_err(|error| {
        let why = with_causes(&error);
        CliError::failed(format!("the trust root was not read yet, and cannot be read now: {why}"))
            .next("let the TUF repository be reached ([trust] tuf_url), then try again; `provwatch doctor` asks it")
    })
}

/// The log of that name; one that never answered is recognised first.
pub(super) async fn named(app: &App, name: &str) -> Result<Arc<FollowedLog>, CliError> {
    have_trust(app).await?;
    app.logs
        .log_named(name)
        .await
        .ok_or_else(|| CliError::usage(format!("no log {name:?} is followed")).next(callable("provwatch logs list")))
}
