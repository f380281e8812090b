//! E-mails as mail programs read them: commands of the delivery, headers, the two parts.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Caught, Delivered, html, is_plain, is_tainted};

/// The headers of a message, in this order; the last but two only in a later message of a thread.
const HEADERS: [&str; 11] = [
    "From",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "List-Id",
    "To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
];

const ENCODING: &str = "Content-Transfer-Encoding";

pub(super) fn check(delivered: &Delivered<'_>) {
    let [Caught::Mail(mail, commands)] = delivered.caught.as_slice() else { panic!("{:?}", delivered.caught) };
    for command in commands {
        let known = ["MAIL FROM:<alerts@example.org>", "RCPT TO:<ops@example.org>", "DATA", "QUIT"];
        assert!(known.contains(&command.as_str()) || command.starts_with("EHLO "), "{command}");
    }
    assert!(!mail.contains("<bare>") && mail.is_ascii() && mail.lines().all(|line| line.len() <= 998), "{mail}");
    let (headers, body) = entity(mail);
    let (is_later, is_short) = (delivered.message.sequence > 0, delivered.message.is_short);
    let expected = HEADERS.iter().filter(|name| is_later || !["In-Reply-To", "References"].contains(name));
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, expected.copied().chain(is_short.then_some(ENCODING)).collect::<Vec<_>>());
    for (name, value) in &headers {
        let value = words(value);
        is_plain(&value, false);
        match name.as_str() {
            "Subject" => assert!(value.starts_with("[provwatch] "), "{value}"),
            _ => assert!(!is_tainted(&value), "{name}: {value}"),
        }
    }
    if is_short {
        // It has no HTML.
        is_plain(&decoded(&body, &headers.last().unwrap().1).replace("\r\n", "\n"), true);
    } else {
        let (_, boundary) = headers.last().unwrap().1.split_once("boundary=\"").unwrap();
        parts(&body, boundary.trim_end_matches('"'));
    }
}

/// The two parts between the boundaries, and nothing around them.
fn parts(body: &str, boundary: &str) {
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    let [before, text, html, end] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    assert_eq!((before.trim(), end.trim()), ("", "--"));
    for (part, kind) in [(text, "text/plain; charset=utf-8"), (html, "text/html; charset=utf-8")] {
        let (headers, body) = entity(part.trim_start_matches('\n'));
        let mut encoding = "";
        for (name, value) in &headers {
            match name.as_str() {
                "Content-Type" => assert_eq!(value, kind),
                ENCODING => encoding = value,
                _ => panic!("{name}: {value}"),
            }
        }
        let shown = decoded(&body, encoding);
        // What lettre made of line ends for the way.
        let shown = shown.replace("\r\n", "\n");
        is_plain(&shown, true);
        if kind.starts_with("text/html") {
            html::check(&shown);
        }
    }
}

/// The unfolded headers, and what follows them.
fn entity(text: &str) -> (Vec<(String, String)>, String) {
    let (head, body) = text.split_once("\n\n").unwrap_or_else(|| panic!("no body in {text}"));
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            headers.last_mut().unwrap().1.push_str(line);
        } else {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is not a header"));
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    (headers, body.to_owned())
}

/// The text of a header with its encoded words (RFC 2047).
fn words(value: &str) -> String {
    let (mut rest, mut out, mut after_word) = (value, String::new(), false);
    while let Some((before, behind)) = rest.split_once("=?utf-8?b?") {
        // Blanks between two encoded words are not of the text.
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        let (word, after) = behind.split_once("?=").unwrap();
        out.push_str(std::str::from_utf8(&STANDARD.decode(word).unwrap()).unwrap());
        (rest, after_word) = (after, true);
    }
    out + rest
}

fn decoded(body: &str, encoding: &str) -> String {
    match encoding {
        "7bit" => body.to_owned(),
        "base64" => String::from_utf8(STANDARD.decode(body.replace('\n', "")).unwrap()).unwrap(),
        "quoted-printable" => String::from_utf8(quoted_printable(body)).unwrap(),
        other => panic!("{other}"),
    }
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let (joined, mut out) = (body.replace("=\n", ""), Vec::new());
    let mut bytes = joined.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let digits: Vec<u8> = bytes.by_ref().take(2).collect();
            out.extend(hex::decode(digits).unwrap());
        } else {
            out.push(byte);
        }
    }
    out
}
