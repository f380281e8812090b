//! Simulates servers of Git: one that answers `ls-refs` from memory, with faults on demand, and one that runs the real
//! `git http-backend`.

use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
};

use futures::{FutureExt, future::BoxFuture};
use provwatch::http::{Method, Request, Response, Transport, TransportError};

use super::server::Respond;

const REQUEST_TYPE: &str = "application/x-git-upload-pack-request";
const RESULT_TYPE: &str = "application/x-git-upload-pack-result";
const SERVICE: &str = ".git/git-upload-pack";

/// A server with repositories by their paths (`acme/widget`).
#[derive(Clone, Debug, Default)]
pub struct LabGit(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    repositories: HashMap<String, LabRepository>,
    moved: HashMap<String, String>,
    fault: Option<GitFault>,
    asked: Vec<Vec<String>>,
    places: Vec<String>,
}

/// The references of a repository by their full names: the id, the id behind a tag object, and what a symbolic reference
/// points to.
#[derive(Clone, Debug, Default)]
pub struct LabRepository(BTreeMap<String, (String, Option<String>, Option<String>)>);

/// What a server does in place of an answer.
#[derive(Clone, Debug)]
pub enum GitFault {
    /// A status with headers and a page.
    Status(u16, Vec<(&'static str, &'static str)>),
    /// A page for people, with success.
    Html,
    /// The advertisement of protocol version 0.
    OldProtocol,
    /// Nothing at all, with success, as Git answers to what it does not understand.
    Empty,
    /// Only so many bytes of the answer.
    Truncated(usize),
    /// The answer twice.
    Twice,
    /// The first reference twice.
    Repeated,
    /// An error in Git's own form.
    Error(&'static str),
    /// These bytes before the first line.
    Before(Vec<u8>),
    /// No answer in time.
    Slow,
    /// So many more branches.
    Huge(usize),
}

impl LabRepository {
    /// One with a first commit on `main`.
    pub fn new(commit: &str) -> Self {
        let mut repository = Self::default();
        repository.points("HEAD", commit, Some("refs/heads/main")).points("refs/heads/main", commit, None);
        repository
    }

    /// A branch.
    pub fn branch(&mut self, name: &str, commit: &str) -> &mut Self {
        self.points(&format!("refs/heads/{name}"), commit, None)
    }

    /// A light tag.
    pub fn tag(&mut self, name: &str, commit: &str) -> &mut Self {
        self.points(&format!("refs/tags/{name}"), commit, None)
    }

    /// A tag with an object of its own.
    pub fn annotated(&mut self, name: &str, object: &str, commit: &str) -> &mut Self {
        self.0.insert(format!("refs/tags/{name}"), (object.to_owned(), Some(commit.to_owned()), None));
        self
    }

    fn points(&mut self, name: &str, id: &str, target: Option<&str>) -> &mut Self {
        self.0.insert(name.to_owned(), (id.to_owned(), None, target.map(str::to_owned)));
        self
    }

    /// The answer to these arguments.
    pub fn answer(&self, arguments: &[String]) -> Vec<u8> {
        let has = |word: &str| arguments.iter().any(|argument| argument == word);
        let prefixes: Vec<&str> =
            arguments.iter().filter_map(|argument| argument.strip_prefix("ref-prefix ")).collect();
        let mut body = Vec::new();
        for (name, (id, peeled, target)) in &self.0 {
            if !prefixes.is_empty() && !prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let target = target.as_ref().filter(|_| has("symrefs")).map(|target| format!(" symref-target:{target}"));
            let peeled = peeled.as_ref().filter(|_| has("peel")).map(|peeled| format!(" peeled:{peeled}"));
            packet(&mut body, &format!("{id} {name}{}{}\n", target.unwrap_or_default(), peeled.unwrap_or_default()));
        }
        body.extend_from_slice(b"0000");
        body
    }
}

/// Appends a packet.
pub fn packet(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(format!("{:04x}{text}", text.len() + 4).as_bytes());
}

/// The lines of a request; `--` stands for the delimiter.
fn lines(mut body: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some((digits, rest)) = body.split_first_chunk::<4>() {
        match usize::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap() {
            0 => break,
            1 => {
                lines.push("--".to_owned());
                body = rest;
            }
            length => {
                let (line, rest) = rest.split_at(length - 4);
                lines.push(String::from_utf8(line.to_vec()).unwrap().trim_end_matches('\n').to_owned());
                body = rest;
            }
        }
    }
    lines
}

impl LabGit {
    /// Adds or replaces a repository.
    pub fn has(&self, path: &str, repository: &LabRepository) -> &Self {
        self.0.lock().unwrap().repositories.insert(path.to_owned(), repository.clone());
        self
    }

    /// Renames a repository; the former name leads to the new one.
    pub fn renames(&self, path: &str, to: &str) {
        let mut state = self.0.lock().unwrap();
        let repository = state.repositories.remove(path).unwrap();
        state.repositories.insert(to.to_owned(), repository);
        state.moved.insert(path.to_owned(), to.to_owned());
    }

    /// From now on it does this; `None`: it answers.
    pub fn misbehaves(&self, fault: Option<GitFault>) {
        self.0.lock().unwrap().fault = fault;
    }

    /// The lines of every request so far.
    pub fn asked(&self) -> Vec<Vec<String>> {
        self.0.lock().unwrap().asked.clone()
    }

    /// The repository of every question so far, with its host.
    pub fn places(&self) -> Vec<String> {
        self.0.lock().unwrap().places.clone()
    }

    /// How many of the questions so far were about everything, and how many about a version.
    pub fn counts(&self) -> (usize, usize) {
        let asked = self.asked();
        let is_listing = |lines: &&Vec<String>| lines.iter().any(|line| line == "ref-prefix refs/heads/");
        let listings = asked.iter().filter(is_listing).count();
        (listings, asked.len() - listings)
    }

    fn reply(&self, request: &Request) -> Result<Response, TransportError> {
        let mut state = self.0.lock().unwrap();
        assert_eq!(request.header_value("git-protocol"), Some("version=2"));
        assert_eq!(request.header_value("content-type"), Some(REQUEST_TYPE));
        let asked = lines(request.body.as_deref().unwrap_or_default());
        state.asked.push(asked.clone());
        let path = request.url.path().trim_start_matches('/').strip_suffix(SERVICE).unwrap_or_default();
        state.places.push(format!("{}/{path}", request.url.host_str().unwrap_or_default()));
        if let Some(to) = state.moved.get(path) {
            return Ok(answer(301, &[("location", &format!("/{to}{SERVICE}"))], Vec::new()));
        }
        // Forges do not say which of the two it is.
        let Some(repository) = state.repositories.get(path) else {
            return Ok(answer(401, &[("www-authenticate", "Basic realm=\"lab\"")], b"Repository not found.".to_vec()));
        };
        let (capabilities, arguments) =
            asked.split_at(asked.iter().position(|line| line == "--").unwrap_or(asked.len()));
        assert_eq!(capabilities[0], "command=ls-refs");
        let Some(fault) = &state.fault else { return Ok(result(repository.answer(arguments))) };
        fault.play(repository, arguments)
    }
}

impl GitFault {
    fn play(&self, repository: &LabRepository, arguments: &[String]) -> Result<Response, TransportError> {
        let body = repository.answer(arguments);
        Ok(match self {
            Self::Status(status, headers) => answer(*status, headers, b"<html>".to_vec()),
            Self::Html => answer(200, &[("content-type", "text/html")], b"<html><body>Sign in</body></html>".to_vec()),
            Self::OldProtocol => result(old_advertisement(repository)),
            Self::Empty => result(Vec::new()),
            Self::Truncated(length) => result(body[..*length].to_vec()),
            Self::Twice => result(body.repeat(2)),
            Self::Repeated => {
                let first = usize::from_str_radix(std::str::from_utf8(&body[..4]).unwrap(), 16).unwrap();
                result([&body[..first], &body].concat())
            }
            Self::Error(said) => {
                let mut body = Vec::new();
                packet(&mut body, &format!("ERR {said}\n"));
                result(body)
            }
            Self::Before(bytes) => result([bytes.as_slice(), &body].concat()),
            Self::Slow => return Err(TransportError::Failed("operation timed out".to_owned())),
            Self::Huge(count) => {
                let mut repository = repository.clone();
                (0..*count).for_each(|number| {
                    repository.branch(&format!("b{number:06}"), &"0".repeat(40));
                });
                result(repository.answer(arguments))
            }
        })
    }
}

fn old_advertisement(repository: &LabRepository) -> Vec<u8> {
    let mut body = Vec::new();
    packet(&mut body, "# service=git-upload-pack\n");
    body.extend_from_slice(b"0000");
    for (number, (name, (id, ..))) in repository.0.iter().enumerate() {
        let capabilities = if number == 0 { "\0multi_ack thin-pack symref=HEAD:refs/heads/main" } else { "" };
        packet(&mut body, &format!("{id} {name}{capabilities}\n"));
    }
    body.extend_from_slice(b"0000");
    body
}

fn result(body: Vec<u8>) -> Response {
    answer(200, &[("content-type", RESULT_TYPE)], body)
}

fn answer(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.into() }
}

impl Transport for LabGit {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let answer = self.reply(request);
        let limit = request.max_body;
        Box::pin(async move {
            let answer = answer?;
            if answer.body.len() as u64 > limit { Err(TransportError::TooLarge { limit }) } else { Ok(answer) }
        })
    }
}

/// Over a socket: the path is that of the repository.
impl Respond for LabGit {
    fn respond(&self, host: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Option<Response> {
        let url = format!("https://{host}{path}").parse().unwrap();
        let mut request = Request::get(url);
        request.method = Method::Post;
        request.headers = headers.to_vec();
        request.body = Some(body.to_vec().into());
        self.exchange(&request).now_or_never()?.ok()
    }
}

/// The real `git http-backend` over the repositories of a folder, run for each request as a server would run a CGI
/// program (RFC 3875).
#[derive(Debug)]
pub struct GitBackend {
    folder: PathBuf,
}

impl GitBackend {
    /// Serves the repositories `….git` of a folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn run(&self, request: &Request) -> Response {
        let body = request.body.clone().unwrap_or_default();
        let header = |name: &str| request.header_value(name).unwrap_or_default().to_owned();
        let mut program = Command::new("git");
        program
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &self.folder)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_PROTOCOL", header("git-protocol"))
            .env("REQUEST_METHOD", request.method.to_string())
            .env("PATH_INFO", request.url.path())
            .env("QUERY_STRING", request.url.query().unwrap_or_default())
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", body.len().to_string());
        let mut child = quiet(&mut program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git runs");
        // It may refuse a request, and end, without reading it.
        let _ = child.stdin.take().unwrap().write_all(&body);
        read_cgi(&child.wait_with_output().unwrap())
    }
}

impl Transport for GitBackend {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let answer = self.run(request);
        Box::pin(async move { Ok(answer) })
    }
}

/// The answer of a CGI program: headers, of which `Status` is one, an empty line, and the body.
fn read_cgi(output: &Output) -> Response {
    let end = output.stdout.windows(4).position(|window| window == b"\r\n\r\n").expect("the headers have an end");
    let head = std::str::from_utf8(&output.stdout[..end]).unwrap();
    let headers: Vec<(String, String)> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let status = headers.iter().find(|(name, _)| name == "status").and_then(|(_, value)| value.get(..3)?.parse().ok());
    Response { status: status.unwrap_or(200), headers, body: output.stdout[end + 4..].to_vec().into() }
}

/// Runs git in a folder, without the configuration of this machine, and returns its output.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut program = Command::new("git");
    let output = quiet(&mut program).arg("-C").arg(folder).args(arguments).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn quiet(program: &mut Command) -> &mut Command {
    program
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "ada")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ada@example.org")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_DATE"), "2026-06-01T12:00:00Z")))
}
