//! How the commands speak of an alert, whichever shows it.

use crate::{
    cli::{exit::Failure, words},
    model::Alert,
};

/// Nobody raised such an alert.
pub(super) fn no_such_alert(id: &str) -> Failure {
    let digits = !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    let id = words::name(id);
    let failure = if digits {
        Failure::failed(format!("there is no alert whose id begins with {id:?}"))
    } else {
        Failure::usage(format!(
            "{id:?} is not the id of an alert; expected its first hexadecimal digits, such as 6adc1e73"
        ))
    };
    failure.next("`provwatch alerts list` shows the ids")
}

/// The alert's title, which names what it is about.
pub(super) fn title(alert: &Alert) -> String {
    words::sentence(&alert.title)
}
