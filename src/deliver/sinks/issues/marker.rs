//! Hidden lines by which provwatch finds its own issues and comments again, among those of its own account.

use sha2::{Digest, Sha256};

use crate::deliver::Message;

/// The line of the issue about a message's alert. Each subscription has an issue of its own, and so has each digest.
pub(super) fn of_alert(message: &Message, subscription: &str) -> String {
    match message.alert.digest {
        Some(_) => format!("<!-- provwatch digest {} -->", short(&message.idempotency_key)),
        None => format!("<!-- provwatch alert {} of {} -->", message.alert.fingerprint, short(subscription)),
    }
}

/// The line of one part of a message, from 1.
pub(super) fn of_part(key: &str, part: usize) -> String {
    format!("<!-- provwatch message {} part {part} -->", short(key))
}

/// Whether a text has a line that is this marker. Texts of others never begin a line.
pub(super) fn is_in(text: &str, marker: &str) -> bool {
    text.lines().any(|line| line.trim_end() == marker)
}

/// A key may have characters that end a comment.
fn short(key: &str) -> String {
    hex::encode(&Sha256::digest(key)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::samples,
        model::{Alert, Digest as DigestOf},
    };

    #[test]
    fn markers_are_lines_of_their_own() {
        let of_desk = |alert: Alert| of_alert(&samples::message(alert), "desk");
        let alert = of_desk(samples::takeover());
        assert!(alert.starts_with(&format!("<!-- provwatch alert {} of ", samples::takeover().fingerprint)), "{alert}");
        assert_ne!(of_alert(&samples::message(samples::takeover()), "-->\n/close"), alert);
        assert_eq!(of_alert(&samples::message(samples::takeover()), "-->\n/close").lines().count(), 1);
        assert!(is_in(&format!("{alert}\r\nmore"), &alert) && is_in(&format!("above\n{alert}"), &alert));
        assert!(!is_in(&format!("- `{alert}`"), &alert) && !is_in(&format!(" {alert}"), &alert));
        assert_ne!(of_part("a", 1), of_part("a", 2));
        assert_eq!(of_part("-->\n/close", 1).lines().count(), 1);
        let digest = Alert { digest: Some(DigestOf::default()), ..samples::takeover() };
        assert!(of_desk(digest).starts_with("<!-- provwatch digest "));
    }
}
