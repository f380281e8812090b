//! Benchmark of the first reading of many packages by the real program, from a registry that generates its documents.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use futures::stream;
use rusqlite::{Connection, OpenFlags};
use tokio::net::TcpListener;

use crate::web::status;

/// How long a first sight may take.
const PATIENCE: Duration = Duration::from_mins(20);
/// As the largest documents of npm.
const LARGE: usize = 51 << 20;

type Documents = Arc<dyn Fn(&str) -> Vec<Bytes> + Send + Sync>;

/// Eight packages at once, each with a document of 51 MiB.
pub fn of_large_documents() {
    let rest = Bytes::from(large());
    let documents: Documents = Arc::new(move |name| vec![head(name), rest.clone()]);
    let names: Vec<String> = (0..8).map(|number| format!("large-{number}")).collect();
    let (took, peak) = first_sight(&names, &documents, "");
    println!("first sight of 8 documents of 51 MiB: {took:.1} s, at most {peak} MiB (VmHWM)");
}

/// Very many packages, with nine or ten releases each.
pub fn of_many_packages() {
    const LIMITS: &str = "[http.hosts]\n\"127.0.0.1\" = { requests_per_minute = 60000, concurrency = 64 }\n";
    let names: Vec<String> = (0..20_000).map(|number| format!("package-{number}")).collect();
    let documents: Documents = Arc::new(|name| {
        let number: usize = name.rsplit('-').next().unwrap().parse().unwrap();
        vec![head(name), RELEASES[usize::from(number.is_multiple_of(4))].clone()]
    });
    let (took, peak) = first_sight(&names, &documents, LIMITS);
    println!("first sight of 20,000 packages with 195,000 releases: {took:.1} s, at most {peak} MiB (VmHWM)");
}

/// The rest of a document after its head: of ten releases, of nine.
static RELEASES: LazyLock<[Bytes; 2]> = LazyLock::new(|| [10, 9].map(|count| Bytes::from(releases(count))));

fn head(name: &str) -> Bytes {
    format!(r#"{{"_id":"{name}","_rev":"9-a","name":"{name}","#).into()
}

/// Very many releases, each with much that is of no interest.
fn large() -> String {
    let release = |number| (number, format!(r#""p":"{}""#, "x".repeat(480)));
    let document = document((0..80_000).map(release));
    assert!((LARGE..LARGE + (2 << 20)).contains(&document.len()), "{} bytes", document.len());
    document
}

/// So many releases by one account.
fn releases(count: usize) -> String {
    let account = r#""_npmUser":{"name":"ada","email":"ada@example.org"},"maintainers":[{"name":"ada"}],"dependencies":{"left-pad":"^1.0.0"}"#;
    document((0..count).map(|number| (number, account.to_owned())))
}

/// Releases with something in each, all of last year.
fn document(releases: impl Iterator<Item = (usize, String)>) -> String {
    let (mut versions, mut times) = (Vec::new(), Vec::new());
    for (number, what) in releases {
        let integrity = "A".repeat(86);
        versions.push(format!(
            r#""1.0.{number}":{{"version":"1.0.{number}","dist":{{"integrity":"sha512-{integrity}=="}},{what}}}"#
        ));
        let (month, day) = (1 + number % 10, 1 + number % 28);
        times.push(format!(r#""1.0.{number}":"2025-{month:02}-{day:02}T12:00:00.000Z""#));
    }
    format!(r#""dist-tags":{{}},"versions":{{{}}},"time":{{{}}}}}"#, versions.join(","), times.join(","))
}

/// Lets the program see these packages for the first time: how many seconds it takes, and how many MiB.
fn first_sight(names: &[String], documents: &Documents, limits: &str) -> (f64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let address = serve(Arc::clone(documents));
    write(folder.path(), names, address, limits);
    let began = Instant::now();
    let daemon = Daemon::start(folder.path());
    let database = folder.path().join("provwatch.db");
    while backfilled(&database) < names.len() {
        assert!(began.elapsed() < PATIENCE, "{} of {} packages", backfilled(&database), names.len());
        thread::sleep(Duration::from_millis(250));
    }
    (began.elapsed().as_secs_f64(), daemon.peak())
}

#[expect(clippy::disallowed_methods, reason = "the store's own list reads every row whole")]
/// How many packages have their history; a count that costs the program next to nothing, as it shares its processors.
fn backfilled(database: &Path) -> usize {
    const COUNT: &str = "SELECT count(*) FROM packages WHERE backfilled_at IS NOT NULL";
    let Ok(connection) = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY) else { return 0 };
    connection.query_row(COUNT, [], |row| row.get::<_, u32>(0)).unwrap_or(0) as usize
}

fn write(folder: &Path, names: &[String], address: SocketAddr, limits: &str) {
    let packages: Vec<String> = names.iter().map(|name| format!("pkg:npm/{name}")).collect();
    fs::write(folder.join("watchlist.toml"), format!("packages = {packages:?}")).unwrap();
    let config = format!(
        "[store]\npath = \"provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n[forges]\nenabled = false\n[logs]\nenabled = false\n\
         [trust]\nsource = \"embedded\"\n[http]\ncontact = \"bench@example.org\"\nallow_private = [\"127.0.0.1\"]\nproxy_from_environment = false\n{limits}\
         [registries.npm]\nregistry = \"http://{address}/\"\nreplicate = \"http://{address}/-feed/\"\n\
         [registries.pypi]\nenabled = false\n[registries.cargo]\nenabled = false\n\
         [[subscriptions]]\nname = \"terminal\"\ntype = \"stdout\"\n"
    );
    fs::write(folder.join("provwatch.toml"), config).unwrap();
}

/// The running program.
struct Daemon(Child);

impl Daemon {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provwatch"));
        command.arg("--config").arg(folder.join("provwatch.toml")).arg("run").env_remove("PROVWATCH_CONFIG");
        // As systemd/provwatch.service has it.
        command.env("MIMALLOC_PURGE_DELAY", "10");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// The most memory that it held so far, in MiB.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves documents by their names, and a feed without news, from a thread of its own.
#[expect(clippy::disallowed_methods, reason = "a bench has no supervisor")]
fn serve(documents: Documents) -> SocketAddr {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, Router::new().fallback(answer).with_state(documents)).await.unwrap();
        });
    });
    receive.recv().unwrap()
}

async fn answer(State(documents): State<Documents>, request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/-feed/") {
        let body = if path.ends_with("_changes") { r#"{"results":[],"last_seq":1}"# } else { r#"{"update_seq":1}"# };
        return Response::new(Body::from(body));
    }
    if path.matches('/').count() > 1 {
        return status(404);
    }
    let parts = documents(path.trim_start_matches('/')).into_iter().map(Ok::<_, std::io::Error>);
    Response::new(Body::from_stream(stream::iter(parts)))
}
