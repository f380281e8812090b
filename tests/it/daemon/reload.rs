//! Tests of reloading: changed configurations, watchlists, secrets and trust roots are taken up, and bad ones refused.

use std::fs;

use super::{Machine, eventually, status};

#[test]
fn a_watchlist_is_read_again_and_a_bad_one_is_not_taken() {
    let machine = Machine::new();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));

    machine.watch("packages = [\n  \"pkg:npm/widget\",\n  \"pkg:npm/\",\n]\n");
    daemon.signal("HUP");
    daemon.says("the watchlist stays as it was");
    daemon.says("watchlist.toml:3");
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);

    machine.watch("packages = [\"pkg:npm/widget\", \"pkg:npm/gadget\"]\n");
    daemon.signal("HUP");
    daemon.hears("STATUS=watching 2 packages and 0 patterns");
    eventually("the new package is learned", || machine.knows("pkg:npm/gadget@1.0.8"));
    machine.publish_badly("gadget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0", "pkg:npm/gadget@1.1.0"]);
}

#[test]
fn a_changed_configuration_is_taken_up_and_a_bad_one_is_not() {
    let machine = Machine::new();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let good = fs::read_to_string(machine.path("provwatch.toml")).unwrap();

    fs::write(machine.path("provwatch.toml"), good.replace("[store]", "[stroe]")).unwrap();
    daemon.signal("HUP");
    daemon.says("the configuration stays as it was");
    daemon.says("stroe");
    let refused = "STATUS=watching 1 package and 0 patterns; the configuration stays as it was";
    assert!(daemon.hears_status(refused).contains("stroe"));
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);

    // A receiver whose secret is missing is no less wrong, and what is not reloaded is not half taken.
    fs::write(machine.path("provwatch.toml"), good.clone() + "secret_file = \"lost\"\n").unwrap();
    daemon.signal("HUP");
    daemon.says("reading lost");
    eventually("status says so", || finds(&machine, "reload-refused"));

    let other = machine.server.base("hooks.example") + "second";
    let changed =
        good.replace(&machine.server.base("hooks.example"), &other) + "[log]\nlevel = \"debug\"\nformat = \"json\"\n";
    fs::write(machine.path("provwatch.toml"), changed).unwrap();
    daemon.signal("HUP");
    let ready = daemon.hears("READY=1");
    assert!(ready.iter().any(|line| line == "STATUS=watching 1 package and 0 patterns"), "{ready:?}");
    daemon.says("the changed configuration is in use");
    eventually("status says nothing of it", || {
        !finds(&machine, "reload-refused") && !finds(&machine, "configuration-changed")
    });
    daemon.says("[log] format was changed and counts from the next start");
    daemon.says("DEBUG");
    machine.publish_badly("widget", "1.1.1");
    machine.is_told(&["pkg:npm/widget@1.1.0", "pkg:npm/widget@1.1.1"]);
    let receivers: Vec<String> = machine.world.received().into_iter().map(|(receiver, _)| receiver).collect();
    assert!(receivers.last().unwrap().contains("second") && !receivers[0].contains("second"), "{receivers:?}");

    // What says the same in other words is the one in use.
    let text = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), text.replace("shutdown_grace = \"2s\"", "shutdown_grace = \"2000ms\""))
        .unwrap();
    eventually("it is another text", || finds(&machine, "configuration-changed"));
    daemon.signal("HUP");
    eventually("it is the one in use", || !finds(&machine, "configuration-changed"));
}

#[test]
fn a_secret_that_was_rotated_is_taken_up_by_a_reload() {
    let machine = Machine::new();
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), config + "secret_file = \"secret\"\n").unwrap();
    let write = |byte: &str| fs::write(machine.path("secret"), format!("whsec_{}=", byte.repeat(43))).unwrap();
    write("A");
    let daemon = machine.start();
    let reload = machine.run(&["reload"]);
    assert_eq!(reload.status.code(), Some(0), "{}", String::from_utf8_lossy(&reload.stderr));
    daemon.says("read the watchlist again");
    write("E");
    assert_eq!(machine.run(&["reload"]).status.code(), Some(0));
    daemon.says("the changed configuration is in use");
}

#[test]
fn a_trust_root_that_was_changed_is_taken_up_and_a_damaged_one_is_not() {
    let machine = Machine::new();
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    let often = "npm_keys = \"keys.json\"\nrefresh_interval = \"1s\"\n";
    fs::write(machine.path("provwatch.toml"), config.replace("npm_keys = \"keys.json\"\n", often)).unwrap();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let good = fs::read_to_string(machine.path("trusted_root.json")).unwrap();

    fs::write(machine.path("trusted_root.json"), &good[..good.len() / 2]).unwrap();
    daemon.says("the trust root stays as it was");
    eventually("status says so", || finds(&machine, "trust-files-unusable"));
    daemon.signal("HUP");
    daemon.says("the configuration stays as it was");
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);

    fs::write(machine.path("trusted_root.json"), format!("{good}\n")).unwrap();
    daemon.says("the trust root is refreshed again");
    eventually("status says nothing of it", || !finds(&machine, "trust-files-unusable"));
    daemon.signal("HUP");
    daemon.says("the changed configuration is in use");
    eventually("nor of the reload", || !finds(&machine, "reload-refused"));
}

#[test]
fn a_reload_says_what_is_wrong_and_whether_there_is_a_daemon() {
    let machine = Machine::new();
    let nobody = machine.run(&["reload"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no daemon runs"));
    let daemon = machine.start();
    machine.watch("packages = [7]\n");
    let wrong = machine.run(&["reload"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
    daemon.says("the watchlist stays as it was");
    drop(daemon);
    // The number of a process that is gone is nobody's.
    machine.watch("packages = []\n");
    assert_eq!(machine.run(&["reload"]).status.code(), Some(1));
}

/// Whether `provwatch status` has this finding.
fn finds(machine: &Machine, id: &str) -> bool {
    status(machine).1.iter().any(|found| found == id)
}
