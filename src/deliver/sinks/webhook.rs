//! The sink that posts alerts as JSON, signed by Standard Webhooks.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    clock::Clock,
    deliver::{Endpoint, Form, Message, Receipt, Sink, SinkError},
    http::HostLimits,
    model::Secret,
};

/// A key for signing webhooks in the form of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

/// A text that is not a signing secret. It does not quote the text.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a webhook signing secret: expected `whsec_` followed by 24 to 64 bytes in base64")]
pub struct InvalidSigningSecret;

impl SigningSecret {
    /// Reads a secret; white space around it, such as the line end of a file, does not matter.
    ///
    /// # Errors
    /// It has no prefix, is not base64, or is too short or too long.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningSecret> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(InvalidSigningSecret)?;
        let key = STANDARD.decode(encoded).map_err(|_| InvalidSigningSecret)?;
        if (24..=64).contains(&key.len()) { Ok(Self(key)) } else { Err(InvalidSigningSecret) }
    }

    /// As it is written, without its prefix.
    fn text(&self) -> Secret {
        Secret::new(STANDARD.encode(&self.0))
    }

    /// The signature of a message, `v1,` and base64.
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// Posts alerts as JSON, signed by the rules of [Standard Webhooks](https://www.standardwebhooks.com).
#[derive(Debug)]
pub struct WebhookSink {
    endpoint: Endpoint,
    secrets: Vec<SigningSecret>,
    authorization: Option<Secret>,
    form: Form,
    clock: Arc<dyn Clock>,
}

impl WebhookSink {
    /// A sink that signs with every one of the secrets, so that a receiver can change from one to the next; without
    /// secrets, there is no signature.
    pub fn new(endpoint: Endpoint, secrets: Vec<SigningSecret>, clock: Arc<dyn Clock>) -> Self {
        // Standard Webhooks names no rate. A sink sends one message after another, so that the receiver sets the pace by its
        // answers, 429 included.
        let endpoint = endpoint.limited(HostLimits::as_it_answers(1));
        // The receiver knows them too, and may quote one.
        let endpoint = secrets.iter().map(SigningSecret::text).fold(endpoint, |it, one| it.hiding(&one));
        Self { endpoint, secrets, authorization: None, form: Form::default(), clock }
    }

    /// The sink with this value of the header `Authorization`.
    #[must_use]
    pub fn authorized(self, authorization: Option<Secret>) -> Self {
        let endpoint = authorization.iter().flat_map(credentials).fold(self.endpoint, |it, one| it.hiding(&one));
        Self { endpoint, authorization, ..self }
    }

    /// The sink with documents of this form.
    #[must_use]
    pub fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    async fn post(&self, message: &Message) -> Result<Receipt, SinkError> {
        let body = self.form.document(message)?;
        let headers = self.headers(&webhook_id(&message.idempotency_key), self.clock.now().timestamp(), &body);
        let response = self.endpoint.post(body, headers, &[]).await?;
        Ok(Receipt::of(format!("answered {}", response.status)))
    }

    fn headers(&self, id: &str, timestamp: i64, body: &[u8]) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("content-type", self.form.media_type().to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
        ];
        headers.extend(self.authorization.iter().map(|value| ("authorization", value.expose().to_owned())));
        if !self.secrets.is_empty() {
            let signatures: Vec<_> = self.secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
            headers.push(("webhook-signature", signatures.join(" ")));
        }
        headers
    }
}

impl Sink for WebhookSink {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.post(message))
    }
}

/// What is secret of a header `Authorization`: all of it, what stands behind its scheme, and the password of `Basic`.
fn credentials(header: &Secret) -> Vec<Secret> {
    let behind = header.expose().split_once(' ').map_or("", |(_, behind)| behind.trim());
    let decoded = STANDARD.decode(behind).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = decoded.as_deref().and_then(|login| login.split_once(':')).map(|(_, password)| password);
    [Some(header.expose()), Some(behind), password].into_iter().flatten().map(Secret::new).collect()
}

/// The key as a `webhook-id`: without dots, which separate the signed parts, and without characters that a header
/// cannot hold.
fn webhook_id(key: &str) -> String {
    let fits = !key.is_empty()
        && key.len() <= 200
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':'));
    if fits { key.to_owned() } else { format!("msg_{}", hex::encode(&Sha256::digest(key)[..16])) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::ManualClock,
        deliver::samples,
        http::{Client, ScriptedTransport},
    };

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn secret(text: &str) -> SigningSecret {
        SigningSecret::parse(text).unwrap()
    }

    /// The vector of the reference libraries of Standard Webhooks.
    #[test]
    fn the_signature_is_the_known_one() {
        let signature = secret(SECRET).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_checked_and_never_shown() {
        assert_eq!(format!("{:?}", secret(SECRET)), "SigningSecret(…)");
        assert_eq!(secret(&format!("{SECRET}\n")), secret(SECRET));
        let long = format!("whsec_{}", STANDARD.encode([0; 65]));
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!!!", &long] {
            assert_eq!(SigningSecret::parse(text), Err(InvalidSigningSecret), "{text}");
        }
    }

    #[test]
    fn ids_fit_into_a_header() {
        assert_eq!(webhook_id("msg_1"), "msg_1");
        for key in ["", "a.b", "a\r\nb", "ü", &"x".repeat(201)] {
            let id = webhook_id(key);
            assert!(id.starts_with("msg_") && id.len() == 36, "{id}");
        }
    }

    async fn posted(transport: &Arc<ScriptedTransport>, secrets: Vec<SigningSecret>) -> Result<Receipt, SinkError> {
        let clock = Arc::new(ManualClock::at_text("2026-03-31T00:25:00Z"));
        let endpoint =
            Endpoint::new(&Client::new(transport.clone(), clock.clone()), "https://hook.example/in".parse().unwrap());
        WebhookSink::new(endpoint, secrets, clock).deliver(&samples::message(samples::takeover())).await
    }

    #[tokio::test]
    async fn an_alert_is_posted_and_signed() {
        let transport = Arc::new(ScriptedTransport::new());
        transport.answer("/in", 202, &[], "");
        let second = format!("whsec_{}", STANDARD.encode([7; 32]));
        let receipt = posted(&transport, vec![secret(SECRET), secret(&second)]).await.unwrap();
        assert_eq!(receipt.detail, "answered 202");

        let request = transport.requests().remove(0);
        let header = |name: &str| request.headers.iter().find(|(key, _)| key == name).unwrap().1.clone();
        let body = request.body.as_ref().unwrap();
        assert_eq!(header("webhook-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(header("webhook-timestamp"), "1774916700", "the time of the attempt, not of the alert");
        let signed = |with: &str| secret(with).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_774_916_700, body);
        assert_eq!(header("webhook-signature"), format!("{} {}", signed(SECRET), signed(&second)));
        let event: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(event["id"], header("webhook-id"));
        assert_eq!(event["data"]["id"], samples::takeover().id.to_string());
    }

    #[tokio::test]
    async fn without_a_secret_there_is_no_signature() {
        let transport = Arc::new(ScriptedTransport::new());
        transport.answer("/in", 200, &[], "");
        posted(&transport, Vec::new()).await.unwrap();
        assert!(!transport.requests()[0].headers.iter().any(|(name, _)| name == "webhook-signature"));
    }

    #[tokio::test]
    async fn only_success_is_success() {
        for (status, gone) in [(302, false), (400, false), (410, true)] {
            let transport = Arc::new(ScriptedTransport::new());
            transport.answer("/in", status, &[], "");
            let error = posted(&transport, Vec::new()).await.unwrap_err();
            assert_eq!(matches!(error, SinkError::Gone { .. }), gone, "{status}");
        }
    }
}
