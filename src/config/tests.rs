//! Tests of the configuration: parsing, checks, template and generated documentation.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use insta::assert_snapshot;

use super::{whole::ConfigError, *};
use crate::{
    model::{AlertKind, Severity},
    strict_toml::{Problems, ReadError},
};

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(text, Path::new("provwatch.toml"))
}

fn problems(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

/// Compares a generated file with the one in the repository; `UPDATE_DOCS=1` writes it.
fn assert_up_to_date(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is out of date: run the test with UPDATE_DOCS=1", path.display());
}

#[test]
fn the_documentation_is_up_to_date() {
    assert_up_to_date("docs/CONFIGURATION.md", &markdown());
}

#[test]
fn an_empty_file_is_the_default() {
    for text in ["", "\u{feff}", "\r\n", "# nothing\n", "[http]\n[registries.npm]\n"] {
        assert_eq!(parse(text).unwrap(), Config::default(), "{text:?}");
    }
}

#[test]
fn the_template_parses_with_and_without_its_examples() {
    let config = parse(TEMPLATE).unwrap();
    assert_eq!(config.subscriptions.len(), 1);
    let is_key =
        |line: &str| line.starts_with("# [") || line.split_once(" = ").is_some_and(|(key, _)| !key[2..].contains(' '));
    let uncommented: Vec<_> =
        TEMPLATE.lines().map(|line| if line.starts_with("# ") && is_key(line) { &line[2..] } else { line }).collect();
    let config = parse(&uncommented.join("\n")).unwrap();
    assert_eq!(config.subscriptions.len(), 4);
    assert_eq!(config.log, LogSection::default());
    assert_eq!(config.registries, RegistriesSection::default());
}

#[test]
fn subscriptions_have_the_keys_of_their_type() {
    let config = parse(
        r#"
        [[subscriptions]]
        name = "mail"
        type = "email"
        min_severity = "high"
        kinds = ["release", "campaign"]
        server = "smtp.example.org"
        security = "tls"
        username = "u"
        password_credential = "smtp"
        from = "a@example.org"
        to = ["b@example.org"]
        [[subscriptions]]
        name = "hook"
        type = "webhook"
        url = "https://hook.example/x?y=1"
        secret_file = "hook-secret"
        "#,
    )
    .unwrap();
    let [mail, hook] = &config.subscriptions[..] else { panic!("two") };
    assert_eq!((mail.min_severity, &mail.kinds[..]), (Severity::High, &[AlertKind::Release, AlertKind::Campaign][..]));
    let Sink::Email(email) = &mail.sink else { panic!("{mail:?}") };
    assert_eq!((email.port(), email.password()), (465, Some(SecretSource::Credential("smtp".to_owned()))));
    assert_eq!((hook.min_severity, hook.kinds.len()), (Severity::Medium, 4));
    let Sink::Webhook(hook) = &hook.sink else { panic!("{hook:?}") };
    assert_eq!(hook.secret(), Some(SecretSource::File("hook-secret".into())));
}

#[test]
fn messages_name_file_line_key_and_what_was_expected() {
    let text = r#"
[http]
contcat = "a@example.org"
request_timeout = 30
max_attempts = 0
allow_private = ["https://a.example/"]
[registries.npm]
interval = "soon"
registry = "http://npm.example/"
[registries.gem]
[trust]
source = "tough"
[watchlist]
files = []
[[subscriptions]]
name = "x"
type = "email"
password = "hunter2"
server = "s.example"
from = "nobody"
to = []
[detectors.odd-hours]
severity = "severe"
[demon]
"#;
    assert_snapshot!(problems(text));
}

#[test]
fn obnoxious_files_end_in_an_error() {
    let huge = format!("[log]\nlevel = {:?}\nlevle = 1", "x".repeat(100_000));
    for text in [
        "http",
        "http = 1",
        "[[http]]",
        "[http]\n[http]",
        "[http]\ncontact = \"a\"\ncontact = \"b\"",
        "[http]\ncontact = 1979-05-27",
        "[http]\ncontact = \"a\\r\\nX: y\"",
        "[http]\nmax_attempts = 3.5",
        "[http]\nmax_attempts = 0xFFFFFFFFFFFFFFFFFF",
        "[http.hosts]\n\"a\" = 1",
        "[http.hosts.\"a\"]\nconcurrency = 0",
        "subscriptions = {}",
        "[[subscriptions]]",
        "[daemon]\nrecheck = []",
        "[store]\npath = [\"a\"]",
        &huge,
    ] {
        let message = problems(text);
        assert!(message.starts_with("provwatch.toml:"), "{message:.300}");
        assert!(message.len() < 5000, "{message:.300}");
    }
}

#[test]
fn relative_paths_are_taken_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("provwatch.toml");
    let text = "[store]\npath = 'a.db'\n[http]\nca_file = '/etc/ca.pem'\n[trust]\nnpm_keys = 'k.json'\n\
                [[subscriptions]]\nname = 's'\ntype = 'slack'\nurl_file = 'slack-url'\n";
    fs::write(&path, text).unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.store_path(), folder.path().join("a.db"));
    assert_eq!(config.http.ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(config.trust.npm_keys, Some(folder.path().join("k.json")));
    assert_eq!(config.watchlist.files, [folder.path().join("watchlist.toml")]);
    let slack = SecretSource::File(folder.path().join("slack-url"));
    assert_eq!(config.subscriptions[0].sink.secrets()[0].source(), Some(slack));
}

#[test]
fn a_missing_or_huge_file_is_an_error_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let error = Config::load(&folder.path().join("none.toml")).unwrap_err();
    assert_eq!(error.to_string(), "reading the configuration; `provwatch init` writes one");
    let path = folder.path().join("huge.toml");
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigError::Read(ReadError::TooLarge { .. }))));
}

/// Valid in its form, but wrong nearly everywhere.
const WRONG: &str = r#"
[registries]
npm.interval = "10ms"
cargo.interval = "2h"
[trust]
source = "file"
[http]
ca_file = "ca.pem"
hosts."https://a.example/" = {}
[forges]
github_token_file = "lost"
[[forges.instance]]
kind = "gitlab"
host = "git.example"
api = "https://git.example/api/v4/"
token_file = "secret"
[detectors.odd-huors]
[[subscriptions]]
name = "a"
type = "slack"
[[subscriptions]]
name = "b"
type = "webhook"
url = "https://hook.example"
secret_file = "secret"
[[subscriptions]]
name = "c"
type = "email"
server = "s.example"
security = "none"
username = "u"
password_credential = "smtp"
from = "a@b"
to = ["a@b"]
"#;

#[test]
fn check_finds_what_the_form_cannot_say() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "s").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let path = folder.path().join("provwatch.toml");
    fs::write(&path, WRONG).unwrap();
    let findings = Config::load(&path).unwrap().check_below(&["odd-hours"], Some(folder.path()));
    let lines: Vec<_> = findings.iter().map(|finding| format!("{:?} {finding}", finding.level)).collect();
    assert_snapshot!(lines.join("\n").replace(folder.path().to_str().unwrap(), "/etc/provwatch"));
}

#[test]
fn a_sound_configuration_has_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("provwatch.toml");
    fs::write(&path, TEMPLATE.replace("# contact", "contact")).unwrap();
    fs::write(folder.path().join("watchlist.toml"), "").unwrap();
    assert_eq!(Config::load(&path).unwrap().check_below(&[], None), []);
}

#[test]
fn the_example_of_several_registries_parses() {
    let example = docs::OF_LISTS.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = Config::parse(example, Path::new("example.toml")).unwrap_or_else(|problems| panic!("{problems}"));
    let others: Vec<_> = config.registries.others().map(|(key, one)| (key.to_string(), one.name.as_str())).collect();
    assert_eq!(
        others,
        [
            ("npm https://npm.acme.example".to_owned(), "acme"),
            ("pypi https://acme.example/artifactory/api/pypi/python/simple".to_owned(), "acme"),
            ("cargo https://cargo.acme.example/index".to_owned(), "acme"),
        ]
    );
}

#[test]
fn registries_beside_the_public_ones_are_checked() {
    let text = |npm: &str| format!("[http]\ncontact = \"a@example.org\"\n{npm}");
    let acme = "[[registries.npm]]\nname = \"acme\"\nurl = \"https://npm.acme.example\"\n";
    let public = crate::model::RegistryId::NPM.base_url();
    for (npm, key, said) in [
        (format!("{acme}{acme}"), "registries.npm", "\"acme\" is the name of another registry of this type too"),
        (format!("{acme}{}", acme.replace("acme\"", "b\"")), "registries.npm.b.url", "another entry has it too"),
        (acme.replace("\"acme\"", "\"a b\""), "registries.npm", "\"a b\" is not a name; expected letters"),
        (acme.replace("https://npm.acme.example", &public), "registries.npm.acme.url", "it is the public registry"),
        (format!("{acme}username = \"ada\"\n"), "registries.npm.acme.token_file", "username needs it"),
        (format!("{acme}token_file = \"nowhere\"\n"), "registries.npm.acme.token_file", "nowhere"),
        (format!("{acme}token_credential = \"npm\"\n"), "registries.npm.acme.token_credential", "LoadCredential=npm"),
        (format!("{acme}token_file = \"a\"\ntoken_credential = \"b\"\n"), "registries.npm.acme.token_file", "keep one"),
        (format!("{acme}interval = \"5s\"\n"), "registries.npm.acme.interval", "use at least 1m"),
    ] {
        let config = Config::parse(&text(&npm), Path::new("t.toml")).unwrap_or_else(|problems| panic!("{problems}"));
        let findings = config.check_below(&[], None);
        assert!(findings.iter().any(|one| one.key == key && one.what.contains(said)), "{npm}: {findings:?}");
    }
    let config = Config::parse(&text(acme), Path::new("t.toml")).unwrap();
    assert!(!config.check_below(&[], None).iter().any(|one| one.key.starts_with("registries")));
    let bad_twice = acme.replace("\"acme\"", "\"a b\"").repeat(2);
    let config = Config::parse(&text(&bad_twice), Path::new("t.toml")).unwrap();
    let said: Vec<_> = config.check_below(&[], None).into_iter().filter(|one| one.key == "registries.npm").collect();
    assert_eq!(said.len(), 3, "each is a fault of its own: two bad names, one doubled: {said:?}");
}

/// Each names the key in the file, and not its twin.
#[test]
fn a_secret_that_cannot_be_read_is_told_by_its_own_key() {
    for (text, stem) in [
        ("[forges]\ngithub_token_KIND = \"x\"\n", "forges.github_token"),
        (
            "[[forges.instance]]\nkind = \"gitlab\"\nhost = \"g.example\"\napi = \"https://g.example/api/v4/\"\n\
          token_KIND = \"x\"\n",
            "forges.instance[0].token",
        ),
        (
            "[[registries.npm]]\nname = \"acme\"\nurl = \"https://npm.acme.example\"\ntoken_KIND = \"x\"\n",
            "registries.npm.acme.token",
        ),
        ("[[subscriptions]]\nname = \"a\"\ntype = \"slack\"\nurl_KIND = \"x\"\n", "subscriptions[0].url"),
        (
            "[[subscriptions]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"https://h.example\"\nsecret_KIND = \"x\"\n",
            "subscriptions[0].secret",
        ),
    ] {
        let keys = |text: &str| {
            let config = Config::parse(text, Path::new("t.toml")).unwrap_or_else(|problems| panic!("{problems}"));
            config.check_below(&[], None).into_iter().map(|one| (one.key, one.what)).collect::<Vec<_>>()
        };
        for kind in ["file", "credential"] {
            let told = keys(&text.replace("KIND", kind));
            assert!(told.iter().any(|(key, _)| *key == format!("{stem}_{kind}")), "{text}: {told:?}");
        }
        let line = text.lines().find(|line| line.contains("KIND")).unwrap();
        let both =
            text.replace(line, &format!("{}\n{}", line.replace("KIND", "file"), line.replace("KIND", "credential")));
        let told = keys(&both);
        assert!(
            told.iter().any(|(key, what)| *key == format!("{stem}_file") && what.contains("keep one")),
            "{both}: {told:?}"
        );
    }
}

/// Requests to a registry, and its answers, are encrypted, except within the machine.
#[test]
fn a_url_that_is_not_encrypted_is_refused_before_anything_is_asked() {
    for (text, key) in [
        ("[registries.npm]\nregistry = \"http://npm.example/\"\n", "registries.npm.registry"),
        ("[registries]\npypi = { index = \"http://pypi.example/\" }\n", "registries.pypi.index"),
        ("[[registries.npm]]\nname = \"acme\"\nurl = \"http://10.0.0.7:4873/\"\n", "registries.npm[0].url"),
        (
            "[[registries.cargo]]\n[[registries.cargo]]\nname = \"acme\"\nurl = \"http://c.example/\"\n",
            "registries.cargo[1].url",
        ),
        ("[trust]\ntuf_url = \"http://tuf.example/\"\n", "trust.tuf_url"),
        (
            "[[forges.instance]]\nkind = \"gitlab\"\nhost = \"g.example\"\napi = \"http://g.example/\"\n",
            "forges.instance[0].api",
        ),
        ("[[subscriptions]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"http://h.example/\"\n", "subscriptions[0].url"),
    ] {
        let said = problems(text);
        assert!(said.contains(key) && said.contains("expected https; http is for loopback addresses only"), "{said}");
        for host in ["127.0.0.1:8080", "[::1]", "localhost"] {
            let url = text.split("http://").nth(1).unwrap().split('"').next().unwrap();
            let local = text.replace(url, host);
            assert!(Config::parse(&local, Path::new("t.toml")).is_ok(), "{local}");
        }
    }
}

#[test]
fn heartbeats_are_checked() {
    const SOUND: &str =
        "[http]\ncontact = \"a@example.org\"\n[[subscriptions]]\nname = \"terminal\"\ntype = \"stdout\"\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("provwatch.toml");
    let url = folder.path().join("url");
    fs::write(&url, "https://switch.example/s3cr3t").unwrap();
    fs::set_permissions(&url, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.path().join("watchlist.toml"), "").unwrap();
    for (heartbeat, keys) in [
        ("url_file = \"url\"\nevery = \"30s\"", &[][..]),
        ("url = \"https://switch.example/\"\nmethod = \"post\"", &[]),
        ("alertmanager = \"https://alerts.example\"\nlabels.instance = \"one\"", &[]),
        ("alertmanager = \"https://a.example\"\nusername = \"ada\"\npassword_file = \"url\"", &[]),
        ("alertmanager = \"https://a.example\"\ntoken_file = \"url\"", &[]),
        ("alertmanager = \"https://a.example\"\nusername = \"ada\"", &["heartbeat.password_file"]),
        ("alertmanager = \"https://a.example\"\npassword_file = \"url\"", &["heartbeat.username"]),
        ("alertmanager = \"https://a.example\"\ntoken_credential = \"none\"", &["heartbeat.token_credential"]),
        ("url_file = \"url\"\ntoken_file = \"url\"", &["heartbeat.username"]),
        ("url_file = \"missing\"", &["heartbeat.url_file"]),
        ("url_credential = \"none\"", &["heartbeat.url_credential"]),
        ("url = \"https://switch.example/\"\nurl_file = \"url\"", &["heartbeat.url"]),
        ("url_file = \"url\"\nurl_credential = \"none\"", &["heartbeat.url_file"]),
        ("url_file = \"url\"\nevery = \"500ms\"", &["heartbeat.every"]),
        ("url_file = \"url\"\nevery = \"9d\"", &["heartbeat.every"]),
        ("labels.instance = \"one\"", &["heartbeat.labels"]),
        ("alertmanager = \"https://a.example\"\nlabels.\"2 b\" = \"\"", &["heartbeat.labels.2 b"]),
    ] {
        fs::write(&path, format!("{SOUND}[heartbeat]\n{heartbeat}\n")).unwrap();
        let findings =
            Config::load(&path).unwrap_or_else(|error| panic!("{heartbeat}: {error}")).check_below(&[], None);
        let found: Vec<&str> = findings.iter().map(|finding| finding.key.as_str()).collect();
        assert_eq!(found, keys, "{heartbeat}: {findings:?}");
        assert!(!format!("{findings:?}").contains("s3cr3t"));
    }
    for (heartbeat, said) in [
        ("url = \"http://switch.example/\"", "expected https"),
        ("url = \"https://user:word@switch.example/\"", "expected no user name"),
        ("method = \"head\"", "method"),
        ("every = \"0s\"", "more than zero"),
        ("evry = \"1m\"", "every"),
    ] {
        let problems = problems(&format!("[heartbeat]\n{heartbeat}\n"));
        assert!(problems.contains(said) && problems.contains(":2"), "{heartbeat}: {problems}");
    }
}

#[test]
fn the_section_of_ones_own_packages_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ci.pub"), "key").unwrap();
    fs::write(folder.path().join("watchlist.toml"), "").unwrap();
    for (text, keys) in [
        ("[own]\nrun_window = \"90m\"\nallow_folder = \"allowed\"\nallow_keys = [\"ci.pub\"]", &[][..]),
        ("[own]\nallow_folder = \"allowed\"", &["own.allow_keys"]),
        ("[own]\nallow_keys = [\"ci.pub\"]", &["own.allow_keys"]),
        ("[own]\nallow_folder = \"allowed\"\nallow_keys = [\"none.pub\"]", &["own.allow_keys"]),
        ("[own]\nrun_window = \"30s\"", &["own.run_window"]),
        ("[own]\nrun_window = \"7d\"", &["own.run_window"]),
        ("[[logs.match]]\nname = \"a\"\nsan = \"x\"\nown = true\nworkflows = [\"w.yml\"]", &[]),
        ("[[logs.match]]\nname = \"a\"\nsan = \"x\"\nworkflows = [\"w.yml\"]", &["logs.match[0].workflows"]),
    ] {
        let path = folder.path().join("provwatch.toml");
        let sound = "[http]\ncontact = \"a@example.org\"\n[[subscriptions]]\nname = \"t\"\ntype = \"stdout\"\n";
        fs::write(&path, format!("{sound}{text}\n")).unwrap();
        let findings = Config::load(&path).unwrap().check_below(&[], None);
        let found: Vec<&str> = findings.iter().map(|finding| finding.key.as_str()).collect();
        assert_eq!(found, keys, "{text}: {findings:?}");
    }
}

#[test]
fn the_store_has_bounds_and_one_signing_key() {
    for (value, said) in
        [("5d", "30 to 3660 days"), ("4000d", "30 to 3660 days"), ("1y", "whole number of days"), ("", "\"400d\"")]
    {
        let text = format!("[store]\nkeep = \"{value}\"\n");
        let problems = Config::parse(&text, Path::new("provwatch.toml")).unwrap_err().to_string();
        assert!(problems.contains("provwatch.toml:2") && problems.contains("store.keep"), "{problems}");
        assert!(problems.contains(said), "{problems}");
    }
    let folder = tempfile::tempdir().unwrap();
    let found = |text: &str| -> Vec<String> {
        let path = folder.path().join("provwatch.toml");
        fs::write(&path, text).unwrap();
        let config = Config::load(&path).unwrap();
        let findings = config.check_below(&[], None).into_iter().filter(|finding| finding.key.starts_with("store"));
        findings.map(|finding| finding.to_string()).collect()
    };
    fs::write(folder.path().join("key"), "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n").unwrap();
    let sound = "[store]\nsigning_key_file = 'key'\nkeep = '30d'\nkeep_addresses = '90d'\n";
    assert_eq!(found(sound), Vec::<String>::new());
    let missing = found("[store]\nsigning_key_file = 'lost'\n");
    assert!(missing.len() == 1 && missing[0].contains("store.signing_key_file"), "{missing:?}");
    let twice = found("[store]\nsigning_key_file = 'key'\nsigning_key_credential = 'key'\n");
    assert!(twice.len() == 1 && twice[0].contains("signing_key_credential is set too; keep one"), "{twice:?}");
    let unpassed = found("[store]\nsigning_key_credential = 'key'\n");
    assert!(unpassed.len() == 1 && unpassed[0].contains("LoadCredential=key"), "{unpassed:?}");
}
