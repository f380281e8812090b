//! Checks of `provwatch doctor` that need the network: one request to every source.

use std::{iter, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use url::Url;

use super::{
    check::{CLOCK, Check, State},
    heartbeat::alertmanager,
};
use crate::{
    app::{self, App},
    cli::context::Context,
    clock::Clock,
    config::Config,
    enrich::Standing,
    http::{Client, Fetched, HttpError, Request},
    logwatch::{FollowedLog, NotFollowed},
    model::Ecosystem,
    packages::Source,
    text::{counted, span, with_causes},
    tlog::SignedCheckpoint,
};

/// How far the clock may be from a registry's before baselines suffer.
const SLACK: TimeDelta = TimeDelta::minutes(2);

/// The check of RDAP.
const RDAP: &str = "rdap";

/// Requests the position of every source, and the time from the first registry that answers.
pub async fn checks(context: &Context) -> Vec<Check> {
    let clock: Arc<dyn Clock> = Context::clock();
    // One attempt is enough here; the daemon is patient.
    let mut config = context.config.clone();
    config.http.max_attempts = 1;
    let Ok(http) = app::client(&config, Arc::clone(&clock)) else { return Vec::new() };
    let sources = app::sources(&config);
    let mut checks = join_all(sources.iter().map(|source| ask(source, &http))).await;
    // Another check reports why there is none.
    if let Ok(app) = context.app_to_look(context.watchlist().unwrap_or_default()) {
        checks.extend(registries(&app).await);
        checks.extend(logs(context, &app).await);
        checks.extend(forges(&app).await);
        checks.extend(rdap(&app).await);
    }
    checks.extend(alertmanager(&config, &http).await);
    checks.extend(time(&config, &http, clock.as_ref()).await);
    checks
}

async fn ask(Source { feed, interval }: &Source, http: &Client) -> Check {
    match feed.poll(http, None).await {
        Ok(page) => {
            let every = interval.as_secs_f64();
            Check::new(feed.name(), State::Ok, format!("answers, at {}; read every {every} s", page.cursor.0))
        }
        Err(error) => Check::new(feed.name(), State::Failed, with_causes(&error))
            .next("look at the network, the proxy (HTTPS_PROXY) and [http] ca_file; switch the registry off if unused"),
    }
}

/// Requests a watched package from every registry without a feed.
async fn registries(app: &App) -> Vec<Check> {
    let asked = app.registries.polled().iter().map(|(key, polled)| async move {
        let name = polled.source.clone();
        match app.registries.ask(&app.http, key, &app.watchlist.now()).await {
            None => Check::new(name, State::Ok, format!("{}: no package of it is watched", key.title())),
            Some((package, Ok(true))) => Check::new(name, State::Ok, format!("answers, and has {}", package.name())),
            Some((package, Ok(false))) => {
                Check::new(name, State::Failed, format!("answers, and has no package {}", package.name())).next(
                    "see whether the name is right and the token may read it: token_file or token_credential in its \
                     [registries] table",
                )
            }
            Some((_, Err(error))) => Check::new(name, State::Failed, with_causes(&error))
                .next("look at url, username, and token_file or token_credential in its [registries] table"),
        }
    });
    join_all(asked).await
}

/// Requests the checkpoints of every transparency log, and checks whether they are its own.
async fn logs(context: &Context, app: &App) -> Vec<Check> {
    if !context.config.logs.enabled {
        return Vec::new();
    }
    let logs = app.logs.followed_logs();
    let mirrors = logs.iter().flat_map(|log| {
        let name = move |one: &FollowedLog| called(one, !log.mirrors.is_empty());
        iter::once(log).chain(&log.mirrors).map(move |one| ask_log(app, one, name(one)))
    });
    let mut checks = join_all(mirrors).await;
    checks.extend(app.logs.logs_not_followed().iter().map(not_followed));
    checks
}

fn not_followed(log: &NotFollowed) -> Check {
    Check::new(format!("log {}", log.name()), State::Limited, format!("not followed: {}", log.why)).next(&log.next)
}

async fn ask_log(app: &App, followed: &FollowedLog, name: String) -> Check {
    let (other, heads) = app.logs.ask(followed).await;
    let name = other.as_deref().map_or(name, |other| other.name().to_owned());
    let followed = other.as_deref().unwrap_or(followed);
    let heads = match heads {
        Ok(heads) => heads,
        Err(error) => {
            return Check::new(name, State::Failed, with_causes(&error)).next(
                "look at the network and the proxy (HTTPS_PROXY); where the network does not let it through, say \
                 `[logs] enabled = false`",
            );
        }
    };
    if let Some(error) = heads.iter().find_map(|head| head.checkpoint.as_ref().err()) {
        return Check::new(name, State::Failed, with_causes(error))
            .next("see whether the trust root is fresh, and [logs.urls] and [[logs.instance]] right");
    }
    let signed = heads.iter().filter_map(|head| head.checkpoint.as_ref().ok());
    let entries: u64 = signed.map(SignedCheckpoint::size).sum();
    let read = if followed.tailed { "all entries are to be read" } else { "its checkpoints are checked" };
    let kind = followed.kind;
    Check::new(name, State::Ok, format!("answers as {kind}, signed {entries} entries; {read}"))
}

/// Its origin; for one of several mirrors also its name in the configuration.
fn called(followed: &FollowedLog, is_mirrored: bool) -> String {
    let name = followed.name();
    if is_mirrored { format!("{name} ({})", followed.alias) } else { name.to_owned() }
}

/// Checks whether every forge answers, and whether it accepts the token.
async fn forges(app: &App) -> Vec<Check> {
    let Some(forges) = app.forges.as_deref() else { return Vec::new() };
    forges.statuses_of_forges().await.into_iter().map(forge).collect()
}

/// Checks whether the list of RDAP servers can be had, if e-mail domains are looked up. Without it, only a fact is missing.
async fn rdap(app: &App) -> Option<Check> {
    let asked = app.rdap.as_deref()?.top_level_domains().await;
    Some(match asked {
        Ok(count) => {
            let detail = format!("answers; e-mail domains below {} are looked up", counted(count, "top-level domain"));
            Check::new(RDAP, State::Ok, detail)
        }
        Err(why) => Check::new(RDAP, State::Warning, why).next(
            "look at the network, the proxy (HTTPS_PROXY) and [rdap] bootstrap; until it answers, alerts say which facts \
             are not known; `[rdap] enabled = false` asks nothing",
        ),
    })
}

/// Without the answer of a forge, only facts are missing.
fn forge(Standing { host, has_token, left }: Standing) -> Check {
    let left = match left {
        Ok(left) => left.map_or_else(String::new, |left| format!(", {left} questions left for now")),
        Err(error) => {
            let refused = matches!(error, HttpError::Status { status: 401 | 403, .. });
            let next = if refused && has_token {
                "make a new token, and name it in [forges]; it needs no permissions"
            } else {
                "look at the network and the proxy (HTTPS_PROXY); until it answers, alerts say which facts are not known; \
                 `[forges] enabled = false` asks none"
            };
            return Check::new(&host, State::Warning, with_causes(&error)).next(next);
        }
    };
    let about = if has_token {
        "about every new release"
    } else {
        "about the tag of every new release; about commits, runs and owners only if a release differs, because no token is \
         configured"
    };
    Check::new(&host, State::Ok, format!("answers{left}; asked {about}"))
}

async fn time(config: &Config, http: &Client, clock: &dyn Clock) -> Option<Check> {
    let enabled = Ecosystem::all().filter(|ecosystem| config.registries.is_enabled(*ecosystem));
    for ecosystem in enabled {
        if let Some(theirs) = date(http, small_document(config, ecosystem)).await {
            return Some(compare(ecosystem, theirs, clock.now()));
        }
    }
    None
}

/// A small public document of the registry.
fn small_document(config: &Config, ecosystem: Ecosystem) -> Url {
    let (host, path) = ecosystem.row().small_document;
    let base = config.registries.base_url(host);
    if path.is_empty() { base } else { base.join(path).unwrap_or(base) }
}

/// The time that a server reports.
async fn date(http: &Client, url: Url) -> Option<DateTime<Utc>> {
    let Ok(Fetched::Fresh(response)) = http.fetch(Request::get(url)).await else { return None };
    response.sent_at()
}

fn compare(ecosystem: Ecosystem, theirs: DateTime<Utc>, ours: DateTime<Utc>) -> Check {
    let apart = (ours - theirs).abs();
    let direction = if ours < theirs { "behind" } else { "ahead of" };
    let detail = format!("{} {direction} that of {}", span(apart), ecosystem.title());
    if apart <= SLACK {
        return Check::new(CLOCK, State::Ok, detail);
    }
    Check::new(CLOCK, State::Failed, detail).next("set the clock; `timedatectl` shows whether it is synchronised")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(has_token: bool, left: Result<Option<u64>, u16>) -> Check {
        let refused = |status| HttpError::Status {
            url: "https://forge.example/api".parse().unwrap(),
            status,
            attempts: 1,
            hint: String::new(),
            retry_after: None,
            said: String::new(),
        };
        forge(Standing { host: "forge.example".to_owned(), has_token, left: left.map_err(refused) })
    }

    #[test]
    fn a_clock_that_is_wrong_says_which_way_in_a_unit_for_people() {
        let theirs = "2026-06-01T12:00:00Z".parse().unwrap();
        let check = compare(Ecosystem::NPM, theirs, theirs + TimeDelta::days(9));
        assert_eq!((check.state, check.detail), (State::Failed, "9 d ahead of that of npm".to_owned()));
        assert_eq!(compare(Ecosystem::NPM, theirs, theirs - TimeDelta::hours(3)).detail, "3 h behind that of npm");
        assert_eq!(compare(Ecosystem::NPM, theirs, theirs).state, State::Ok);
    }

    #[test]
    fn a_forge_that_does_not_answer_is_a_warning_that_names_the_next_step() {
        assert_eq!(
            standing(true, Ok(Some(7))).detail,
            "answers, 7 questions left for now; asked about every new release"
        );
        assert_eq!(
            standing(false, Ok(None)).detail,
            "answers; asked about the tag of every new release; about commits, runs and owners only if a release differs, \
             because no token is configured"
        );
        let refused = standing(true, Err(401));
        assert!(matches!(refused.state, State::Warning) && refused.next.unwrap().starts_with("make a new token"));
        assert!(standing(true, Err(502)).next.unwrap().starts_with("look at the network"));
        assert!(standing(false, Err(403)).next.unwrap().starts_with("look at the network"));
    }
}
