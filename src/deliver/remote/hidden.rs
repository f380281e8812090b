//! Hides the secrets of a receiver in its answers and in errors, which may quote what was sent.

use std::fmt;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use url::Url;

/// The secrets of a receiver, in every form in which a text may quote them: as they are, encoded, or cut.
///
/// A text is hidden before it is shortened: a secret that was cut is harder to know again.
#[derive(Clone, Default)]
pub(in crate::deliver) struct Hidden(Vec<Form>);

/// One spelling of a secret.
#[derive(Clone)]
struct Form {
    text: Vec<char>,
    /// The word that stands for it.
    word: &'static str,
    /// The fewest characters of it that are hidden.
    least: usize,
}

/// The word for a secret.
const SECRET: &str = "<secret>";

/// A piece of a secret with fewer characters, or with less than a third of it, stays: it may be an ordinary word.
const PIECE: usize = 8;

/// Most characters of a text that are read; no message shows so many.
const LONGEST: usize = 16_384;

/// A part of a URL with fewer characters is not a secret.
const SECRET_PART: usize = 5;

/// A part of a URL that is written as a word is one of the path, unless it has so many letters.
const LONGEST_WORD: usize = 16;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

impl Hidden {
    /// What no text may show of a URL: the whole of it, its path, and each part that may be a secret.
    pub fn of_url(url: &Url) -> Self {
        let mut hidden = Self::default();
        hidden.add_whole(url.as_str(), "<url>");
        let path = &url[url::Position::BeforePath..];
        if path.len() > 1 {
            hidden.add_whole(path, "<path>");
        }
        let decoded = url.query_pairs().map(|(_, value)| value.into_owned());
        let parts = path.split(['/', '?', '&', '=', '#']).map(str::to_owned).chain(decoded);
        let credentials = [Some(url.username()), url.password()].into_iter().flatten().map(str::to_owned);
        parts.filter(|part| may_be_secret(part)).chain(credentials).fold(hidden, |hidden, part| hidden.and(&part))
    }

    /// These, and one more secret.
    #[must_use]
    pub fn and(mut self, secret: &str) -> Self {
        let plain = [secret.to_owned(), percent_encoded(secret), escaped_in_json(secret), escaped_in_html(secret)];
        for text in plain.into_iter().chain(in_base64(secret)) {
            let length = text.chars().count();
            self.add(&text, SECRET, length.min(PIECE.max(length / 3)));
        }
        self
    }

    fn add_whole(&mut self, text: &str, word: &'static str) {
        self.add(text, word, text.chars().count());
    }

    fn add(&mut self, text: &str, word: &'static str, least: usize) {
        let text: Vec<char> = text.chars().collect();
        if !text.is_empty() && !self.0.iter().any(|form| form.text == text) {
            self.0.push(Form { text, word, least });
        }
    }

    /// The text without the secrets.
    pub fn hide(&self, text: &str) -> String {
        let text: Vec<char> = text.chars().take(LONGEST).collect();
        let (mut out, mut at) = (String::new(), 0);
        while let Some(next) = text.get(at) {
            let found = self.0.iter().filter_map(|form| Some((form.piece(&text[at..])?, form.word)));
            if let Some((length, word)) = found.max_by_key(|(length, _)| *length) {
                out.push_str(word);
                at += length;
            } else {
                out.push(*next);
                at += 1;
            }
        }
        out
    }
}

impl Form {
    /// The length of the longest piece of it with which a text begins, if it is long enough.
    fn piece(&self, text: &[char]) -> Option<usize> {
        let begins = 0..=self.text.len() - self.least;
        let common = |begin: usize| {
            let pairs = self.text[begin..].iter().zip(text);
            pairs.take_while(|(own, other)| own.eq_ignore_ascii_case(other)).count()
        };
        begins.map(common).max().filter(|length| *length >= self.least)
    }
}

/// Whether a part of a path or query may be a secret: words of the path are not.
fn may_be_secret(part: &str) -> bool {
    let mut letters = part.bytes();
    let is_word = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_lowercase())
        && part.len() < LONGEST_WORD;
    part.len() >= SECRET_PART && !is_word
}

fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encoded).collect()
}

fn escaped_in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn escaped_in_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What base64 makes of a text, whatever stands before and behind it: `user:password`, a whole header.
fn in_base64(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for before in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(text.bytes()).collect();
        // The first and the last characters depend on the neighbours too.
        let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            all.extend(encoded.get(first..last).map(str::to_owned));
        }
    }
    // A short one may stand in any word.
    all.retain(|encoded| encoded.len() >= SECRET_PART);
    all
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    const PASSWORD: &str = "correct-hörse+\"battery\"&staple/7";

    fn hidden() -> Hidden {
        let url = "https://hooks.example/services/T01ABCDEF/B02/xyzSecretXYZ?sig=a%2Bb%2Fc1d2e3&mode=fast".parse();
        Hidden::of_url(&url.unwrap()).and(PASSWORD).and("hunter2")
    }

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let hidden = hidden();
        let login = STANDARD.encode(format!("ada:{PASSWORD}"));
        let long = STANDARD.encode(format!("\0alerts\0{PASSWORD}"));
        for text in [
            PASSWORD,
            &PASSWORD.to_uppercase().replace('Ö', "ö"),
            &percent_encoded(PASSWORD),
            &percent_encoded(PASSWORD).to_lowercase(),
            &escaped_in_json(PASSWORD),
            &escaped_in_html(PASSWORD),
            &login,
            &long,
            &PASSWORD.chars().take(12).collect::<String>(),
            &PASSWORD.chars().skip(15).collect::<String>(),
            &login[..20],
        ] {
            let shown = hidden.hide(&format!("not valid: {text}!"));
            assert!(shown.starts_with("not valid: ") && shown.contains("<secret>"), "{text}: {shown}");
            assert!(shown.chars().count() <= 40, "{text}: {shown}");
        }
        for (text, shown) in [
            ("hunter2 hunter", "<secret> hunter"),
            ("bad token xyzSecretXYZ, xyzSecretX", "bad token <secret>, <secret>"),
            ("signature a+b/c1d2e3 or a%2Bb%2Fc1d2e3", "signature <secret> or <secret>"),
            ("the services in mode fast are incorrect", "the services in mode fast are incorrect"),
            ("", ""),
        ] {
            assert_eq!(hidden.hide(text), shown);
        }
    }

    #[test]
    fn a_url_is_hidden_as_a_whole_first() {
        let url = "https://hooks.example/services/T01ABCDEF/B02/xyzSecretXYZ?sig=a%2Bb%2Fc1d2e3&mode=fast";
        let (hidden, path) = (hidden(), &url["https://hooks.example".len()..]);
        assert_eq!(hidden.hide(&format!("error for url ({url})")), "error for url (<url>)");
        assert_eq!(hidden.hide(&format!("no {path}")), "no <path>");
        assert_eq!(Hidden::of_url(&"https://api.example/".parse().unwrap()).hide("a/b"), "a/b");
        assert_eq!(Hidden::of_url(&"https://u:p4ssw@a.example/".parse().unwrap()).hide("p4ssw"), "<secret>");
        assert_eq!(format!("{hidden:?}"), "Hidden(…)");
    }

    proptest! {
        #[test]
        fn no_piece_of_a_secret_is_left(before in "\\PC{0,30}", from in 0_usize..20, length in 11_usize..40, after in "\\PC{0,30}") {
            let piece: String = PASSWORD.chars().skip(from).take(length).collect();
            let shown = hidden().hide(&format!("{before}{piece}{after}"));
            let windows: Vec<char> = PASSWORD.chars().collect();
            let is_left = windows.windows(11).any(|window| shown.contains(&window.iter().collect::<String>()));
            prop_assert!(!is_left, "{shown}");
        }
    }
}
