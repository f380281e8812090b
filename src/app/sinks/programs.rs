//! Builds the sinks of programs: webhooks, commands and files.

use std::sync::Arc;

use super::{Built, Site, optional};
use crate::{
    app::error::Anything,
    config::{CommandSection, FileSection, Form as FormName, SecretSource, WebhookSection},
    deliver::{CommandSettings, CommandSink, Endpoint, FileSink, Form, SigningSecret, Sink, WebhookSink},
};

pub(super) fn webhook(site: Site<'_>, webhook: &WebhookSection) -> Built {
    let endpoint = Endpoint::new(site.http, webhook.url.as_url().clone());
    let sink = WebhookSink::new(endpoint, signing_secrets(webhook.secret())?, Arc::clone(site.clock));
    Ok(Arc::new(sink.authorized(optional(webhook.authorization())?).in_form(form(webhook.form))))
}

/// The signing secrets, one on each line: while one is replaced, provwatch signs with both.
fn signing_secrets(source: Option<SecretSource>) -> Result<Vec<SigningSecret>, Anything> {
    let Some(source) = source else { return Ok(Vec::new()) };
    let lines = source.read_lines()?;
    let secrets: Vec<_> = lines.expose().lines().filter(|line| !line.trim().is_empty()).collect();
    if secrets.len() > MOST_SECRETS {
        return Err(format!("it has {} signing secrets; expected at most {MOST_SECRETS}", secrets.len()).into());
    }
    Ok(secrets.into_iter().map(SigningSecret::parse).collect::<Result<_, _>>()?)
}

/// Most secrets that sign one message: a header has little room.
const MOST_SECRETS: usize = 4;

const fn form(name: FormName) -> Form {
    match name {
        FormName::Provwatch => Form::Provwatch,
        FormName::Ocsf => Form::Ocsf,
        FormName::CloudEvents => Form::CloudEvents,
    }
}

pub(super) fn command(command: &CommandSection) -> Built {
    let (program, arguments) = command.command.split_first().ok_or("command names no program")?;
    Ok(Arc::new(CommandSink::new(CommandSettings {
        program: program.into(),
        arguments: arguments.to_vec(),
        timeout: command.timeout.duration(),
        form: form(command.form),
    })))
}

pub(super) fn file(site: Site<'_>, file: &FileSection) -> Arc<dyn Sink> {
    Arc::new(FileSink::new(file.path.clone(), form(file.form), site.config.store_path()))
}
