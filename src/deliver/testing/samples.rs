//! Sample alerts for the delivery tests.

use crate::{
    deliver::Message,
    model::{
        Alert, AlertAction, AlertKind, AlertStatus, Confidence, DependencyScope, Development, Digest, DigestItem,
        DigestSection, Fingerprint, Links, Member, ProjectKind, ReleaseStatus, Repeated, Severity, Signal, Use, UsedBy,
    },
};

/// An ordinary takeover: a release published with a token after months of trusted publishing.
pub(in crate::deliver) fn takeover() -> Alert {
    let (subject, raised_at) = ("pkg:npm/axios@1.14.1", "2026-03-31T00:24:10Z".parse().unwrap());
    let title = "published with a token after 14 months of trusted publishing".to_owned();
    Alert {
        purl: Some(subject.parse().unwrap()),
        published_at: Some("2026-03-31T00:21:00Z".parse().unwrap()),
        argument:
            "The last 32 releases of line 1 were published by GitHub Actions with provenance; this one has none. A \
             second, independent signal agrees."
                .to_owned(),
        signals: vec![
            Signal {
                detector: "evidence-downgrade".into(),
                severity: Severity::High,
                expected: "verified provenance and trusted publishing".to_owned(),
                seen: "published with a token, no attestation".to_owned(),
                since: Some("2025-01-20T12:00:00Z".parse().unwrap()),
                why: "An attacker with a stolen token can publish, but cannot make the workflow sign.".to_owned(),
                corroborating: false,
            },
            Signal {
                detector: "odd-hours".into(),
                severity: Severity::Low,
                expected: "releases between 08:00 and 19:00 UTC".to_owned(),
                seen: "published at 00:21 UTC".to_owned(),
                since: None,
                why: "Few of its releases were ever made at this time of day.".to_owned(),
                corroborating: true,
            },
        ],
        links: Links {
            registry: Some("https://npm.example/package/axios/v/1.14.1".to_owned()),
            commit: Some("https://github.com/axios/axios/commit/0123456789abcdef0123456789abcdef01234567".to_owned()),
            ..Links::default()
        },
        ..Alert::about(AlertKind::Release, subject, Severity::High, Confidence::High, title, raised_at)
    }
}

/// A takeover that two later releases repeat.
pub(in crate::deliver) fn repeated() -> Alert {
    let (last_at, newest) = ("2026-04-02T09:00:00Z".parse().unwrap(), "pkg:npm/axios@1.14.3".parse().unwrap());
    Alert { repeated: Some(Repeated { count: 2, last_at, newest }), ..takeover() }
}

/// A takeover of a package that projects of the inventory use.
pub(in crate::deliver) fn used() -> Alert {
    let release = "pkg:npm/axios@1.14.1";
    let through = "pkg:npm/express@4.18.2".parse().ok();
    let vendor = Use {
        kind: ProjectKind::Vendor,
        depth: Some(3),
        through,
        ..used_by("acme-desk", None, "pkg:npm/axios@1.14.0")
    };
    let uses = vec![vendor, used_by("shop", Some("payments"), release)];
    Alert { used_by: UsedBy::of(uses, &[release.parse().unwrap()]), ..takeover() }
}

fn used_by(project: &str, owner: Option<&str>, release: &str) -> Use {
    Use {
        project: project.to_owned(),
        kind: ProjectKind::Project,
        owner: owner.map(str::to_owned),
        release: release.parse().unwrap(),
        scope: DependencyScope::Required,
        depth: Some(1),
        through: None,
        since: "2026-03-01T12:00:00Z".parse().unwrap(),
        until: None,
        vex: None,
        reachability: None,
    }
}

/// A takeover that an operator acknowledged, and whose release was withdrawn and tagged afterwards.
pub(in crate::deliver) fn withdrawn() -> Alert {
    let at = |text: &str| text.parse().unwrap();
    let until = Some(at("2026-04-07T08:00:00Z"));
    let handling =
        AlertAction::new(AlertStatus::Acknowledged, "ada", "asked the maintainers", at("2026-03-31T07:30:00Z"));
    let developments = vec![
        Development::late_tag(Some("v1.14.1"), at("2026-03-31T02:24:00Z")),
        Development::of_status(ReleaseStatus::Unpublished, at("2026-03-31T03:05:00Z")),
    ];
    let handling = Some(AlertAction { until, ..handling });
    Alert { status: AlertStatus::Acknowledged, developments, handling, ..takeover() }
}

/// Developments whose texts are attacks.
fn hostile_developments(nasty: &str) -> Vec<Development> {
    let at = "2026-03-31T02:24:00Z".parse().unwrap();
    let purl = "pkg:npm/it's@1.0.0%0A%1B%3Cb%3E".parse().ok();
    let development = Development { purl, ..Development::late_tag(Some(&nasty.repeat(30)), at) };
    vec![development; 100]
}

/// A campaign of `members` releases, of which `new` are new to the receiver.
pub(in crate::deliver) fn campaign(members: usize, new: usize) -> Alert {
    let raised_at = "2026-03-31T00:24:10Z".parse().unwrap();
    let details: Vec<Member> = (0..members).map(|number| member(number, number < new)).collect();
    let title = format!("{members} releases of {members} packages by the account qix raised alerts within 9 minutes");
    Alert {
        argument: "Each release differs from the baseline of its package.".to_owned(),
        members: details.iter().map(|member| member.purl.clone()).collect(),
        member_details: details,
        ..Alert::about(AlertKind::Campaign, "qix", Severity::Critical, Confidence::High, title, raised_at)
    }
}

pub(in crate::deliver) fn member(number: usize, new: bool) -> Member {
    let purl = format!("pkg:npm/package-{number}@1.1.0");
    Member {
        alert: Fingerprint::of(AlertKind::Release, &purl).id(),
        purl: purl.parse().unwrap(),
        severity: if number == 0 { Severity::Critical } else { Severity::High },
        reason: "Lost its evidence (install-script-added, publisher-changed)".to_owned(),
        expected: "verified provenance by GitHub Actions".to_owned(),
        seen: "published with a token by qix, no attestation".to_owned(),
        published_at: Some("2026-03-31T00:21:00Z".parse().unwrap()),
        publisher: Some("qix".to_owned()),
        new_scripts: vec!["postinstall".to_owned()],
        new_dependencies: if number.is_multiple_of(2) { vec!["plain-crypto-js".to_owned()] } else { Vec::new() },
        links: Links { registry: Some(format!("https://npm.example/package/package-{number}")), ..Links::default() },
        new,
    }
}

/// A campaign whose members' texts are attacks.
pub(in crate::deliver) fn hostile_campaign() -> Alert {
    let nasty = "\u{1b}[2J</td><script>alert(1)</script>\r\nBcc: x@evil.example\u{202e}<!channel> `code` {{ 7*7 }}";
    let mut alert = campaign(60, 60);
    alert.developments = hostile_developments(nasty);
    for member in &mut alert.member_details {
        member.reason = nasty.repeat(50);
        member.seen = "&".repeat(5_000);
        member.expected = nasty.to_owned();
        member.publisher = Some(nasty.repeat(9));
        member.new_scripts = vec![nasty.to_owned(); 300];
        member.new_dependencies = vec!["<".repeat(900); 300];
        member.links.commit = Some("javascript:alert(1)".to_owned());
        member.links.log = Some("https://log.example/\"><b>|x".to_owned());
    }
    alert
}

/// An alert whose texts are all attacks.
pub(in crate::deliver) fn hostile() -> Alert {
    let nasty =
        "\u{1b}[2J</td><script>alert(1)</script>\r\nBcc: x@evil.example\u{202e}<!channel> *bold* `code` {{ 7*7 }}";
    let team = "\u{1b}[2J</td><script>alert(2)</script>\r\nBcc: x@evil.example\u{202e}<!here> `x`";
    Alert {
        purl: Some("pkg:npm/it's@1.0.0%0A%1B%3Cb%3E".parse().unwrap()),
        title: format!("title {nasty}"),
        developments: hostile_developments(nasty),
        handling: Some(AlertAction::new(
            AlertStatus::Open,
            nasty,
            nasty.repeat(99),
            "2026-03-31T07:30:00Z".parse().unwrap(),
        )),
        argument: format!("argument {nasty}"),
        signals: (0..40)
            .map(|number| Signal {
                detector: format!("d{number} {nasty}").into(),
                severity: Severity::Critical,
                expected: nasty.repeat(if number == 0 { 1 } else { 200 }),
                seen: "&".repeat(5_000),
                since: None,
                why: nasty.to_owned(),
                corroborating: false,
            })
            .collect(),
        members: vec!["pkg:npm/a@1.0.0%0D%0A".parse().unwrap(); 100],
        used_by: UsedBy::of(vec![used_by("shop", Some(team), "pkg:npm/it's@1.0.0%0A%1B%3Cb%3E")], &[]),
        repeated: Some(Repeated {
            count: u64::MAX,
            last_at: "2026-04-02T09:00:00Z".parse().unwrap(),
            newest: "pkg:npm/a@1.0.0%0A%1B%3Cb%3E%E2%80%AE".parse().unwrap(),
        }),
        links: Links {
            registry: Some("javascript:alert(1)".to_owned()),
            log: Some("https://log.example/\"><b>".to_owned()),
            commit: Some("https://evil.example/|x>\r\n".to_owned()),
            run: None,
        },
        ..takeover()
    }
}

/// A digest of a day, with attacks among its items.
pub(in crate::deliver) fn digest() -> Alert {
    let at = |text: &str| text.parse().unwrap();
    let nasty = "\u{1b}[2J<!channel> <at>all</at> [a](https://evil.example) **b** \u{202e}";
    let item =
        |text: &str| DigestItem { alert: Some(takeover().id), severity: Some(Severity::High), text: text.to_owned() };
    let section = |name: &str, items: Vec<DigestItem>| DigestSection {
        name: name.to_owned(),
        count: items.len() as u64,
        critical: 0,
        items,
    };
    let sections = vec![
        section("new", vec![item("axios 1.14.1: published with a token"), item(nasty)]),
        section("changed", Vec::new()),
        section("still open", (0..30).map(|_| item(&nasty.repeat(9))).collect()),
    ];
    let digest = Digest { from: at("2026-03-30T08:00:00Z"), to: at("2026-03-31T08:00:00Z"), sections, history: None };
    let title = format!("digest of a day: {}", digest.summary());
    let (kind, raised_at) = (AlertKind::Operation, at("2026-03-31T08:00:00Z"));
    Alert {
        status: AlertStatus::Resolved,
        digest: Some(digest),
        ..Alert::about(kind, "digest desk", Severity::Info, Confidence::High, title, raised_at)
    }
}

/// The first message about an alert.
pub(in crate::deliver) fn message(alert: Alert) -> Message {
    Message::first("msg_p5jXN8AQM9LWM0D4loKWxJek", alert, "2026-03-31T00:24:11Z".parse().unwrap())
}
