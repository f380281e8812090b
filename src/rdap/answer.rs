//! Reads the answers of RDAP servers (RFC 9083).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Status values (RFC 8056) of a domain that its registrar has given up, and that becomes free soon.
const ENDING: [&str; 2] = ["pending delete", "redemption period"];

/// The answer about a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is registered.
    Registered(Registration),
    /// The RDAP server of its top-level domain does not have it.
    Free,
    /// It could not be determined, with the reason.
    Unknown(String),
}

/// A registered domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Since when it has been registered without a gap.
    pub registered_at: Option<DateTime<Utc>>,
    /// Until when.
    pub expires_at: Option<DateTime<Utc>>,
    /// `pending delete` or `redemption period`: it was not renewed, and becomes free soon.
    pub ending: Option<String>,
}

/// The used parts of a domain.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    object_class_name: Option<String>,
    ldh_name: Option<String>,
    #[serde(default)]
    status: Vec<String>,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_action: Option<String>,
    event_date: Option<String>,
}

/// The used part of a help answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Help {
    rdap_conformance: Vec<String>,
}

/// Reads the answer about a domain.
///
/// # Errors
/// It is not about that domain.
pub(super) fn read(body: &[u8], asked: &str) -> Result<Registration, String> {
    let domain: Domain =
        serde_json::from_slice(body).map_err(|error| format!("it answers in another form: {error}"))?;
    if !domain.object_class_name.is_some_and(|class| class.eq_ignore_ascii_case("domain")) {
        return Err("its answer is not about a domain".to_owned());
    }
    // Servers leave the name out where they show it in Unicode only.
    let is_other = |name: &String| !name.trim_end_matches('.').eq_ignore_ascii_case(asked);
    if domain.ldh_name.as_ref().is_some_and(is_other) {
        return Err("its answer is about another domain".to_owned());
    }
    let statuses = domain.status.iter().map(|status| status.trim().to_lowercase());
    Ok(Registration {
        registered_at: time(&domain.events, "registration"),
        expires_at: time(&domain.events, "expiration"),
        ending: statuses.filter(|status| ENDING.contains(&status.as_str())).min(),
    })
}

fn time(events: &[Event], action: &str) -> Option<DateTime<Utc>> {
    let is_it = |event: &&Event| event.event_action.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(action));
    events.iter().filter(is_it).find_map(|event| event.event_date.as_ref()?.trim().parse().ok())
}

/// Whether an answer to `help` is that of an RDAP server.
pub(super) fn is_of_rdap(body: &[u8]) -> bool {
    let help: Result<Help, _> = serde_json::from_slice(body);
    help.is_ok_and(|help| help.rdap_conformance.iter().any(|level| level.starts_with("rdap_level_")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn registration(value: &serde_json::Value) -> Result<Registration, String> {
        read(value.to_string().as_bytes(), "example.org")
    }

    #[test]
    fn a_domain_is_read_with_its_times_and_its_end() {
        let full = json!({
            "objectClassName": "domain", "ldhName": "EXAMPLE.ORG.", "handle": "D1-LROR",
            "status": ["client hold", "Redemption Period"], "entities": [{"objectClassName": "entity"}],
            "events": [{"eventAction": "last changed", "eventDate": "2026-05-01T00:00:00Z"},
                {"eventAction": "registration", "eventDate": "2012-03-04T05:06:07+02:00"},
                {"eventAction": "expiration", "eventDate": "2026-05-01T00:00:00.0Z", "eventActor": "r"}],
        });
        let expected = Registration {
            registered_at: "2012-03-04T03:06:07Z".parse().ok(),
            expires_at: "2026-05-01T00:00:00Z".parse().ok(),
            ending: Some("redemption period".to_owned()),
        };
        assert_eq!(registration(&full), Ok(expected));
        for bare in [
            json!({"objectClassName": "domain"}),
            json!({"objectClassName": "Domain", "unicodeName": "x", "status": ["active"]}),
            json!({"objectClassName": "domain", "events": [{"eventAction": "registration"}, {}]}),
            json!({"objectClassName": "domain", "events": [{"eventAction": "registration", "eventDate": "long ago"}]}),
        ] {
            assert_eq!(registration(&bare), Ok(Registration::default()), "{bare}");
        }
    }

    #[test]
    fn obnoxious_answers_say_nothing() {
        let wrong = json!({"objectClassName": "domain", "ldhName": "example.org.evil.example"});
        let nested = format!("{{\"objectClassName\": \"domain\", \"x\": {}", "[".repeat(100_000));
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html><body>Too many requests</body></html>",
            r#"{"errorCode": 404}"#,
            r#"{"objectClassName": "entity"}"#,
            r#"{"objectClassName": "domain", "status": "active"}"#,
            r#"{"objectClassName": "domain", "objectClassName": "domain"}"#,
            r#"{"objectClassName": "domain"} {}"#,
            &wrong.to_string(),
            &nested,
        ] {
            assert!(read(body.as_bytes(), "example.org").is_err(), "{body:.60}");
        }
    }

    #[test]
    fn a_web_server_is_not_an_rdap_server() {
        assert!(is_of_rdap(br#"{"rdapConformance": ["icann_rdap_0", "rdap_level_0"], "notices": []}"#));
        for body in ["", "{}", "<html>", r#"{"rdapConformance": []}"#, r#"{"rdapConformance": "rdap_level_0"}"#] {
            assert!(!is_of_rdap(body.as_bytes()), "{body}");
        }
    }
}
