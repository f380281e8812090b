//! All types of receivers at once: the texts of one list inject nothing into any of them, and secrets show in none.

mod alerts;
mod list;
mod logged;
#[path = "../../../../tests/lab/mailbox.rs"]
mod mailbox;
mod read;
mod receive;
mod rows;
mod secrets;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../../../../tests/lab/smtp.rs"]
mod smtp;

use self::{alerts::messages, receive::each, rows::rows};
use crate::deliver::Message;

/// The types of receivers, in groups that are tested at the same time.
const GROUPS: [&[&str]; 7] = [
    &["email"],
    &["slack", "teams"],
    &["pagerduty", "alertmanager", "ntfy"],
    &["github", "gitlab"],
    &["webhook", "file", "stdout"],
    &["command"],
    &["journald", "syslog"],
];

/// Sends every message to the receiver of each type of a group, and reads there what arrived.
async fn nothing_is_injected(group: usize) {
    let all = messages();
    for row in rows().iter().filter(|row| GROUPS[group].contains(&row.kind)) {
        let messages: Vec<Message> = all.iter().step_by(row.every).cloned().collect();
        let mut sent = 0;
        // A receiver with few issues finds one among them soon.
        for some in messages.chunks(50) {
            each(row, some, |section, delivered| {
                read::check(section, &delivered);
                sent += 1;
            })
            .await;
        }
        assert_eq!(sent, messages.len(), "{}", row.name());
    }
}

#[tokio::test]
async fn nothing_is_injected_into_mail() {
    nothing_is_injected(0).await;
}

#[tokio::test]
async fn nothing_is_injected_into_chats() {
    nothing_is_injected(1).await;
}

#[tokio::test]
async fn nothing_is_injected_into_pagers() {
    nothing_is_injected(2).await;
}

#[tokio::test]
async fn nothing_is_injected_into_issues() {
    nothing_is_injected(3).await;
}

#[tokio::test]
async fn nothing_is_injected_into_documents() {
    nothing_is_injected(4).await;
}

#[tokio::test]
async fn nothing_is_injected_into_programs() {
    nothing_is_injected(5).await;
}

#[tokio::test]
async fn nothing_is_injected_into_logs() {
    nothing_is_injected(6).await;
}

#[test]
fn every_row_is_in_a_group() {
    assert!(rows().iter().all(|row| GROUPS.iter().any(|group| group.contains(&row.kind))));
}
