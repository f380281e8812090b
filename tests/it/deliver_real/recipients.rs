//! Tests of e-mails to several recipients: the server answers about each, and each gets the mail once.

use std::{sync::Mutex, time::Duration};

use provwatch::{
    deliver::{EmailSettings, EmailSink, Message, Notes, Receipt, Sink, SinkError, SmtpLimits, SmtpSecurity},
    store::{Reception, Recipient},
};

use super::{
    is_permanent, is_temporary, message,
    server::{ORDINARY, Script, Server, Session, settings},
};

/// The notes of one attempt.
#[derive(Default)]
struct Noted(Mutex<Vec<Recipient>>);

impl Notes for Noted {
    fn note(&self, recipients: Vec<Recipient>) {
        self.0.lock().unwrap().extend(recipients);
    }
}

/// Attempts one after the other, each over a connection that goes by its script, until one succeeds. Returns the outcomes
/// and the sessions.
async fn attempts(to: &[&str], scripts: &[Script]) -> (Vec<Result<Receipt, SinkError>>, Vec<Session>) {
    let server = Server::start().await;
    let to = to.iter().map(|to| format!("{to}@example.org")).collect();
    let sink = EmailSink::new(EmailSettings { to, ..settings(&server, SmtpSecurity::Insecure) }).unwrap();
    let (mut outcomes, mut sessions, mut recipients) = (Vec::new(), Vec::new(), Vec::new());
    for script in scripts {
        let (message, noted) = (Message { recipients: recipients.clone(), ..message() }, Noted::default());
        let (delivery, scripts) = (sink.deliver_noting(&message, &noted), [*script]);
        let (result, talks) = tokio::join!(delivery, server.serve(SmtpSecurity::Insecure, &scripts));
        outcomes.push(result);
        sessions.extend(talks);
        recipients.extend(noted.0.into_inner().unwrap());
    }
    (outcomes, sessions)
}

/// How often each recipient got the mail.
fn received(sessions: &[Session]) -> Vec<String> {
    let mut all: Vec<String> = sessions.iter().flat_map(Session::accepted).flatten().collect();
    all.sort();
    all.iter().map(|one| one.trim_end_matches("@example.org").to_owned()).collect()
}

#[tokio::test]
async fn a_recipient_that_is_put_off_keeps_the_mail_from_no_other() {
    let grey: Script = &[("RCPT TO:<grey@example.org>", "450 greylisted")];
    let (outcomes, sessions) = attempts(&["sec", "grey"], &[grey, grey, ORDINARY]).await;
    for outcome in &outcomes[..2] {
        let Err(SinkError::PutOff { what }) = outcome else { panic!("{outcome:?}") };
        assert!(what.contains("accepted for 1 of 2 recipients; put off: grey@example.org: 450 greylisted"), "{what}");
    }
    assert!(outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(received(&sessions), ["grey", "sec"], "each once");
    assert!(!sessions[1].commands.iter().any(|command| command.contains("sec@")), "{:?}", sessions[1].commands);
}

#[tokio::test]
async fn refused_and_put_off_recipients_give_nobody_a_mail_twice() {
    let script: Script =
        &[("RCPT TO:<gone@example.org>", "550 no such user"), ("RCPT TO:<grey@example.org>", "450 greylisted")];
    let scripts = [script, script, script, ORDINARY];
    let (outcomes, sessions) = attempts(&["ops", "gone", "grey", "sec"], &scripts).await;
    assert!(outcomes[..3].iter().all(|outcome| matches!(outcome, Err(SinkError::PutOff { .. }))), "{outcomes:?}");
    let detail = &outcomes[3].as_ref().unwrap().detail;
    assert_eq!(detail, "accepted for 3 of 4 recipients; refused: gone@example.org: 550 no such user");
    assert_eq!(received(&sessions), ["grey", "ops", "sec"]);
}

#[tokio::test]
async fn one_unknown_recipient_does_not_keep_it_from_the_others() {
    let script: Script = &[("RCPT TO:<gone@example.org>", "550 no such user")];
    let (outcomes, sessions) = attempts(&["gone", "ops"], &[script]).await;
    let detail = &outcomes[0].as_ref().unwrap().detail;
    assert_eq!(detail, "accepted for 1 of 2 recipients; refused: gone@example.org: 550 no such user");
    assert_eq!(received(&sessions), ["ops"]);

    let nobody: Script = &[("RCPT", "550 no such user")];
    let (outcomes, sessions) = attempts(&["gone", "left"], &[nobody, ORDINARY]).await;
    assert!(is_permanent(&outcomes[0]) && outcomes[1].is_ok(), "{outcomes:?}");
    assert_eq!(received(&sessions), ["gone", "left"], "both are tried again");
}

/// Some servers refuse the content because of one of the recipients.
#[tokio::test]
async fn a_content_that_one_recipient_does_not_want_is_sent_to_each_over_the_same_connection() {
    for (answer, is_final) in [("554 looks like spam", true), ("451 try again later", false)] {
        let script: Script = if is_final {
            &[(".strict@example.org", "554 looks like spam")]
        } else {
            &[(".strict@example.org", "451 try again later")]
        };
        let (outcomes, sessions) = attempts(&["ops", "strict", "sec"], &[script, ORDINARY]).await;
        let error = outcomes[0].as_ref().unwrap_err();
        let is_expected = if is_final { is_permanent(&outcomes[0]) } else { matches!(error, SinkError::PutOff { .. }) };
        assert!(is_expected && error.report().contains(&format!("strict@example.org: {answer}")), "{error:?}");
        assert_eq!(sessions[0].accepted().len(), 2, "one by one");
        assert!(outcomes[1].is_ok(), "{outcomes:?}");
        assert_eq!(received(&sessions), ["ops", "sec", "strict"], "{answer}");
    }
}

/// A server that says nothing about a content may have accepted it.
#[tokio::test]
async fn a_content_without_an_answer_is_told_as_that() {
    let server = Server::start().await;
    let limits = SmtpLimits { content: Duration::from_millis(200), ..SmtpLimits::default() };
    let sink = EmailSink::new(EmailSettings { limits, ..settings(&server, SmtpSecurity::Insecure) }).unwrap();
    let message = message();
    let silent: Script = &[(".", "silence")];
    let scripts = [silent];
    let serving = server.serve(SmtpSecurity::Insecure, &scripts);
    let outcome = tokio::select! {
        outcome = sink.deliver(&message) => outcome,
        _ = serving => panic!("the server waits"),
    };
    assert!(is_temporary(&outcome), "{outcome:?}");
    let report = outcome.unwrap_err().report();
    assert!(report.contains("which the server may accept all the same: no answer within"), "{report}");
}

#[tokio::test]
async fn an_attempt_that_ended_before_its_record_sends_nothing_again() {
    let server = Server::start().await;
    let sink = EmailSink::new(settings(&server, SmtpSecurity::Insecure)).unwrap();
    let done = |address: &str| Recipient {
        address: address.to_owned(),
        reception: Reception::Accepted,
        answer: "250 queued".to_owned(),
    };
    let message = Message { recipients: vec![done("ops@example.org")], ..message() };
    assert_eq!(sink.deliver(&message).await.unwrap().detail, "250 queued", "it does not even connect");
}
