//! `provwatch test-sinks` and `provwatch drill` end what they begin at receivers that keep alerts open.

use std::fs;

use super::{
    alertmanager::Alertmanager,
    desk::{NETWORK, subscription},
    ntfy::Ntfy,
    pagerduty::PagerDuty,
};
use crate::lab::{
    program::{self, Said},
    rig::folder,
    server::serve,
};

const PLACES: &str = r#"
[store]
path = "provwatch.db"
[forges]
enabled = false
[logs]
enabled = false
[trust]
source = "embedded"
"#;

#[test]
fn a_trial_leaves_nothing_open() {
    let (pager, alerts, phone) = (PagerDuty::default(), Alertmanager::default(), Ntfy::default());
    let (pager_server, alerts_server, phone_server) =
        (serve(pager.clone()), serve(alerts.clone()), serve(phone.clone()));
    let folder = folder();
    let receivers = [
        subscription("pagerduty", &pager_server.base("pager"), folder.path()),
        subscription("alertmanager", &alerts_server.base("am"), folder.path()),
        subscription("ntfy", &phone_server.base("ntfy"), folder.path()),
    ];
    fs::write(folder.path().join("provwatch.toml"), format!("{PLACES}{NETWORK}{}", receivers.concat())).unwrap();
    let run = |arguments: &[&str]| {
        let arguments = [&["--config", "provwatch.toml"], arguments].concat();
        Said::by(&mut program::provwatch(folder.path(), &arguments))
    };
    let said = run(&["test-sinks", "--format", "json"]);
    assert!(said.code == 0 && said.out.contains("then the end of it"), "{said}");
    assert_eq!((pager.states(), pager.pages()), (vec!["resolved"], 1), "{said}");
    assert_eq!((alerts.firing(), alerts.known(), phone.shown()), (0, 1, 1), "{said}");
    let said = run(&["drill"]);
    assert_eq!(said.code, 0, "{said}");
    assert_eq!((pager.states(), pager.pages()), (vec!["resolved", "resolved"], 2), "{said}");
    assert_eq!((alerts.firing(), alerts.known(), phone.shown()), (0, 2, 2), "{said}");
}
