//! Tests of the syslog sink against servers on the loopback interface.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixDatagram, UnixListener},
};

use super::{format::tests::parse, *};
use crate::{
    deliver::{lab_tls::authority, lives, samples},
    text::misleads,
};

fn sink(target: SyslogTarget) -> SyslogSink {
    let sink = SyslogSink::new(SyslogSettings { target, facility: 16, ca_pem: None }).unwrap();
    assert_eq!(sink.kind(), "syslog");
    sink
}

fn takeover() -> Message {
    samples::message(samples::takeover())
}

/// The next message of a connection with octet counting; `None`: the client closed it.
async fn frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut length = String::new();
    loop {
        match stream.read_u8().await {
            Ok(b' ') => break,
            Ok(digit) if digit.is_ascii_digit() && length.len() < 5 => length.push(char::from(digit)),
            Ok(other) => panic!("{other} after {length:?} is not a length"),
            Err(_) => return None,
        }
    }
    let mut message = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut message).await.unwrap();
    Some(String::from_utf8(message).unwrap())
}

fn check(text: &str, message: &Message, limit: usize) {
    let parsed = parse(text);
    assert!(text.len() <= limit && !text.replace('\u{feff}', "").chars().any(misleads), "{text}");
    assert_eq!(parsed.priority / 8, 16);
    assert_eq!(parsed.data["id"], message.idempotency_key);
}

#[tokio::test]
async fn every_message_is_one_datagram() {
    for address in ["127.0.0.1", "::1"] {
        let Ok(server) = UdpSocket::bind((address, 0)).await else { continue };
        let sink = sink(SyslogTarget::Udp(address.to_owned(), server.local_addr().unwrap().port()));
        let mut buffer = vec![0; 65_536];
        for message in lives::all() {
            assert_eq!(sink.deliver(&message).await.unwrap().detail, "sent");
            let length = server.recv(&mut buffer).await.unwrap();
            check(std::str::from_utf8(&buffer[..length]).unwrap(), &message, DATAGRAM);
        }
    }
}

#[tokio::test]
async fn a_closed_port_is_noticed_on_the_same_machine() {
    let port = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for target in [SyslogTarget::Udp("127.0.0.1".to_owned(), port), SyslogTarget::Tcp("127.0.0.1".to_owned(), port)] {
        let error = sink(target).deliver(&takeover()).await.unwrap_err();
        let report = error.report();
        assert!(matches!(error, SinkError::Temporary { .. }), "{report}");
        assert!(report.starts_with(&format!("sending to the syslog server at 127.0.0.1, port {port}: ")), "{report}");
    }
}

#[tokio::test]
async fn every_message_arrives_over_one_connection() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = sink(SyslogTarget::Tcp("127.0.0.1".to_owned(), server.local_addr().unwrap().port()));
    let messages = lives::all();
    let send = async {
        for message in &messages {
            sink.deliver(message).await.unwrap();
        }
    };
    let receive = async {
        let (mut stream, _) = server.accept().await.unwrap();
        for message in &messages {
            check(&frame(&mut stream).await.unwrap(), message, WHOLE);
        }
    };
    tokio::join!(send, receive);
}

/// A proxy whose server is down accepts first, and so does a server that wants a certificate of the client.
#[tokio::test]
async fn a_connection_that_is_refused_after_its_beginning_loses_no_message() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = sink(SyslogTarget::Tcp("127.0.0.1".to_owned(), server.local_addr().unwrap().port()));
    let (message, refuse) = (takeover(), async { drop(server.accept().await.unwrap()) });
    let (sent, ()) = tokio::join!(sink.deliver(&message), refuse);
    assert!(sent.unwrap_err().report().contains("the server closed the new connection"));
    let receive = async { frame(&mut server.accept().await.unwrap().0).await.unwrap() };
    let (sent, text) = tokio::join!(sink.deliver(&message), receive);
    sent.unwrap();
    check(&text, &message, WHOLE);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_loses_no_message() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = sink(SyslogTarget::Tcp("127.0.0.1".to_owned(), server.local_addr().unwrap().port()));
    for round in 0..5 {
        let message = Message { idempotency_key: format!("msg_{round}"), ..takeover() };
        let receive = async {
            let (mut stream, _) = server.accept().await.unwrap();
            let text = frame(&mut stream).await.unwrap();
            // Each way of leaving, the last one by a reset.
            match round % 3 {
                0 => stream.shutdown().await.unwrap(),
                1 => drop(stream.write_all(b"closing\n").await),
                _ => stream.set_zero_linger().unwrap(),
            }
            text
        };
        let (sent, text) = tokio::join!(sink.deliver(&message), receive);
        sent.unwrap();
        check(&text, &message, WHOLE);
    }
}

#[tokio::test]
async fn a_server_that_talks_is_not_heard() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = sink(SyslogTarget::Tcp("127.0.0.1".to_owned(), server.local_addr().unwrap().port()));
    let message = takeover();
    let (first, accepted) = tokio::join!(sink.deliver(&message), server.accept());
    first.unwrap();
    let mut stream = accepted.unwrap().0;
    frame(&mut stream).await.unwrap();
    for chatter in [b"hello".to_vec(), vec![b'x'; 100_000]] {
        stream.write_all(&chatter).await.unwrap();
        sink.deliver(&takeover()).await.unwrap();
        check(&frame(&mut stream).await.unwrap(), &takeover(), WHOLE);
    }
}

#[tokio::test]
async fn an_attempt_that_was_cut_off_leaves_no_half_message_before_the_next() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = sink(SyslogTarget::Tcp("127.0.0.1".to_owned(), server.local_addr().unwrap().port()));
    let message = takeover();
    let (first, accepted) = tokio::join!(sink.deliver(&message), server.accept());
    first.unwrap();
    let mut stalled: TcpStream = accepted.unwrap().0;
    // The server reads nothing until the system takes nothing more.
    let attempt = async || tokio::time::timeout(Duration::from_millis(300), sink.deliver(&takeover())).await.is_ok();
    let mut sent = 0;
    while attempt().await {
        sent += 1;
        assert!(sent < 100_000);
    }
    let (next, accepted) = tokio::join!(sink.deliver(&message), server.accept());
    next.unwrap();
    check(&frame(&mut accepted.unwrap().0).await.unwrap(), &takeover(), WHOLE);
    assert!(frame(&mut stalled).await.is_some());
}

#[tokio::test]
async fn a_socket_on_this_machine_is_of_either_type() {
    let folder = tempfile::tempdir().unwrap();
    let (datagrams, stream) = (folder.path().join("datagrams"), folder.path().join("stream"));
    let server = UnixDatagram::bind(&datagrams).unwrap();
    let mut buffer = vec![0; 65_536];
    let to = sink(SyslogTarget::Unix(datagrams.clone()));
    for message in lives::all() {
        to.deliver(&message).await.unwrap();
        let length = server.recv(&mut buffer).await.unwrap();
        check(std::str::from_utf8(&buffer[..length]).unwrap(), &message, WHOLE);
    }
    let server = UnixListener::bind(&stream).unwrap();
    let to = sink(SyslogTarget::Unix(stream));
    for message in lives::all() {
        let receive = async {
            let mut text = String::new();
            server.accept().await.unwrap().0.read_to_string(&mut text).await.unwrap();
            text
        };
        let (sent, text) = tokio::join!(to.deliver(&message), receive);
        sent.unwrap();
        check(text.strip_suffix('\n').unwrap(), &message, WHOLE);
    }
    drop(server);
    for path in [folder.path().join("missing"), folder.path().join("stream")] {
        let error = sink(SyslogTarget::Unix(path)).deliver(&takeover()).await.unwrap_err();
        assert!(matches!(error, SinkError::Temporary { .. }), "{error:?}");
    }
}

fn secure(server: &TcpListener, ca_pem: Vec<u8>) -> SyslogSink {
    let target = SyslogTarget::Tls("127.0.0.1".to_owned(), server.local_addr().unwrap().port());
    SyslogSink::new(SyslogSettings { target, facility: 16, ca_pem: Some(ca_pem) }).unwrap()
}

#[tokio::test]
async fn every_message_arrives_over_tls() {
    let (ca_pem, acceptor) = authority("127.0.0.1");
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = secure(&server, ca_pem);
    let messages = lives::all();
    let send = async {
        for message in &messages {
            sink.deliver(message).await.unwrap();
        }
    };
    let receive = async {
        let mut stream = acceptor.accept(server.accept().await.unwrap().0).await.unwrap();
        for message in &messages {
            check(&frame(&mut stream).await.unwrap(), message, WHOLE);
        }
    };
    tokio::join!(send, receive);
}

#[tokio::test]
async fn a_tls_connection_that_the_server_closed_loses_no_message() {
    let (ca_pem, acceptor) = authority("127.0.0.1");
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = secure(&server, ca_pem);
    for round in 0..4 {
        let receive = async {
            let mut stream = acceptor.accept(server.accept().await.unwrap().0).await.unwrap();
            let text = frame(&mut stream).await.unwrap();
            if round % 2 == 0 {
                stream.shutdown().await.unwrap();
            }
            text
        };
        let (message, patience) = (takeover(), Duration::from_secs(20));
        let (sent, text) = tokio::time::timeout(patience, async { tokio::join!(sink.deliver(&message), receive) })
            .await
            .expect("the message comes");
        sent.unwrap();
        check(&text, &takeover(), WHOLE);
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_is_another() {
    let (own, _) = authority("127.0.0.1");
    let (of_another_name, wrong_name) = authority("log.example");
    for (ca_pem, acceptor) in [(own, authority("127.0.0.1").1), (of_another_name, wrong_name)] {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = secure(&server, ca_pem);
        let receive = async { acceptor.accept(server.accept().await.unwrap().0).await.is_err() };
        let message = takeover();
        let (outcome, refused) = tokio::join!(sink.deliver(&message), receive);
        let error = outcome.unwrap_err();
        assert!(refused && matches!(error, SinkError::Temporary { .. }), "{}", error.report());
        assert!(error.report().contains("certificate"), "{}", error.report());
    }
}

#[test]
fn settings_of_tls_are_checked() {
    let with = |host: &str, ca_pem: &[u8]| {
        let target = SyslogTarget::Tls(host.to_owned(), 6_514);
        SyslogSink::new(SyslogSettings { target, facility: 3, ca_pem: Some(ca_pem.to_vec()) })
    };
    let (ca_pem, _) = authority("127.0.0.1");
    for host in ["log.example", "::1", "127.0.0.1"] {
        assert!(with(host, &ca_pem).is_ok(), "{host}");
        assert!(matches!(with(host, b"not PEM"), Err(SyslogTlsError::Trust { source: TrustError::NoCertificate, .. })));
    }
    assert!(matches!(with("a b", &ca_pem), Err(SyslogTlsError::Host(_))));
}
