use anstyle::{AnsiColor, Style};

use crate::{
    deliver::plain,
    model::{AuthMethod, Observation, Provenance, WorkflowIdentity},
};

/// Most characters of a name or an identity on a line of the story.
const SHOWN: usize = 120;

/// Who published a release and what vouches for it, on one line.
pub(super) fn origin(release: &Observation) -> String {
    let text = match (&release.attestation, release.auth.method) {
        (Provenance::Verified(verified), _) => built_by(&verified.identity),
        (Provenance::Invalid { check, .. }, _) => format!("an attestation that does not hold (check: {check})"),
        (_, AuthMethod::TrustedPublisher) => format!(
            "{} by trusted publishing, says the registry",
            release.auth.repository.as_deref().unwrap_or("an unnamed repository")
        ),
        (Provenance::Unavailable { reason }, _) => format!("could not check: {reason}"),
        (Provenance::Absent, _) => by_hand(release),
    };
    plain(&text, SHOWN)
}

/// The repository, workflow and ref of a certificate, and the deployment environment.
fn built_by(identity: &WorkflowIdentity) -> String {
    let place = identity.to_string();
    let place = place.trim_start_matches("github.com/");
    match identity.claims.deployment_environment.as_deref() {
        Some(environment) => format!("{place}, environment {environment}"),
        None => format!("{place}, no environment"),
    }
}

fn by_hand(release: &Observation) -> String {
    let Some(person) = &release.publisher else { return "no attestation".to_owned() };
    let address = person.email.as_ref().map(|email| format!(" <{email}>")).unwrap_or_default();
    format!("{}{address} with a token, nothing attested", person.name)
}

/// Text that stands out on a terminal.
pub(super) fn strong(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// Text of what is well.
pub(super) fn good(text: &str) -> String {
    styled(Style::new().fg_color(Some(AnsiColor::Green.into())), text)
}

/// Text that steps back.
pub(super) fn faint(text: &str) -> String {
    styled(Style::new().dimmed(), text)
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
