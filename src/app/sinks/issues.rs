//! Builds the sinks of issues.

use std::sync::Arc;

use super::{Built, Site, required};
use crate::{
    config::{GitHubSection, GitLabSection},
    deliver::{GitHub, GitHubSettings, GitLab, GitLabSettings, IssueSink},
};

pub(super) fn github(site: Site<'_>, github: &GitHubSection) -> Built {
    let settings = GitHubSettings {
        api: github.api.as_url().clone(),
        token: required(github.token(), "token")?,
        repository: github.repository.clone(),
        labels: github.labels.clone(),
        assignees: github.assignees.clone(),
    };
    Ok(Arc::new(IssueSink::new(Box::new(GitHub::new(site.http, settings)), site.subscription)))
}

pub(super) fn gitlab(site: Site<'_>, gitlab: &GitLabSection) -> Built {
    let settings = GitLabSettings {
        api: gitlab.api.as_url().clone(),
        token: required(gitlab.token(), "token")?,
        project: gitlab.project.clone(),
        labels: gitlab.labels.clone(),
        confidential: gitlab.confidential,
    };
    Ok(Arc::new(IssueSink::new(Box::new(GitLab::new(site.http, settings)), site.subscription)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{
        app::sinks::subscription,
        clock::{Clock, ManualClock},
        config::Config,
        deliver::Message,
        http::{Client, ScriptedTransport},
        model::{Alert, AlertKind, Confidence, Severity},
    };

    use super::*;

    /// The first request about an alert that a subscription with these keys makes, and the value of a header.
    async fn asked(keys: &str, header: &str) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "s3cr3t\n").unwrap();
        let text = format!("[[subscriptions]]\nname = \"one\"\n{keys}\ntoken_file = {file:?}\n");
        let config = Config::parse(&text, Path::new("provwatch.toml")).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let transport = Arc::new(ScriptedTransport::new());
        transport.answer("/user", 200, &[], r#"{"id":7}"#);
        let http = Client::new(transport.clone(), Arc::clone(&clock));
        let one = subscription(&config, &config.subscriptions[0], &http, &clock).unwrap();
        let now = clock.now();
        let alert = Alert::about(AlertKind::Log, "rekor", Severity::High, Confidence::High, "a fork".into(), now);
        let message = Message::first("msg_1", alert, now);
        one.sink.deliver(&message).await.unwrap_err();
        let request = transport.requests().pop().unwrap();
        (format!("{} {}", request.method, request.url), request.header_value(header).unwrap_or_default().to_owned())
    }

    #[tokio::test]
    async fn a_sink_is_built_from_its_section() {
        let github = "type = \"github\"\nrepository = \"acme/alerts\"\nlabels = [\"watch\"]";
        let (line, token) = asked(github, "authorization").await;
        assert!(
            line.starts_with("GET https://api.github.com/repos/acme/alerts/issues?state=all&labels=watch&"),
            "{line}"
        );
        assert_eq!(token, "Bearer s3cr3t");
        let gitlab = "type = \"gitlab\"\nproject = \"acme/sec/alerts\"";
        let (line, token) = asked(gitlab, "private-token").await;
        let start = "GET https://gitlab.com/api/v4/projects/acme%2Fsec%2Falerts/issues?scope=all&labels=provwatch&";
        assert!(line.starts_with(start), "{line}");
        assert_eq!(token, "s3cr3t");
        let slack = "type = \"slack\"\nchannel = \"C0123456789\"";
        let (line, token) = asked(slack, "authorization").await;
        assert_eq!((line.as_str(), token.as_str()), ("POST https://slack.com/api/chat.postMessage", "Bearer s3cr3t"));
    }
}
