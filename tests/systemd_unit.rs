//! The service unit: hardened, and alive.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use provwatch::config::{Config, SecretSource};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("the folder holds it")
}

/// The values of a directive, in file order.
fn values<'a>(unit: &'a str, directive: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(directive)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_is_hardened() {
    let unit = read("provwatch.service");
    for (directive, expected) in [
        ("AmbientCapabilities", ""),
        ("CapabilityBoundingSet", ""),
        ("DevicePolicy", "closed"),
        ("DynamicUser", "yes"),
        ("KeyringMode", "private"),
        ("LimitCORE", "0"),
        ("LockPersonality", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("NoExecPaths", "/"),
        ("NoNewPrivileges", "yes"),
        ("PrivateDevices", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateUsers", "yes"),
        ("ProcSubset", "pid"),
        ("ProtectClock", "yes"),
        ("ProtectControlGroups", "yes"),
        ("ProtectHome", "yes"),
        ("ProtectHostname", "yes"),
        ("ProtectKernelLogs", "yes"),
        ("ProtectKernelModules", "yes"),
        ("ProtectKernelTunables", "yes"),
        ("ProtectProc", "invisible"),
        ("ProtectSystem", "strict"),
        ("RemoveIPC", "yes"),
        ("RestrictNamespaces", "yes"),
        ("RestrictRealtime", "yes"),
        ("RestrictSUIDSGID", "yes"),
        ("SocketBindDeny", "any"),
        ("SystemCallArchitectures", "native"),
        ("UMask", "0077"),
    ] {
        assert_eq!(values(&unit, directive), [expected], "{directive}");
    }
    assert_eq!(values(&unit, "SystemCallFilter"), ["@system-service", "~@privileged @resources"]);
    for limit in ["CPUQuota", "MemoryHigh", "MemoryMax", "TasksMax"] {
        assert_eq!(values(&unit, limit).len(), 1, "{limit}");
    }
}

#[test]
fn the_service_can_speak_with_systemd() {
    let unit = read("provwatch.service");
    // systemd 252 does not know `notify-reload`.
    assert_eq!(values(&unit, "Type"), ["notify"]);
    assert_eq!(values(&unit, "ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    assert_eq!(values(&unit, "WatchdogSec").len(), 1);
    assert_eq!(values(&unit, "StateDirectory"), ["provwatch"]);
    let families = values(&unit, "RestrictAddressFamilies");
    assert!(families[0].split(' ').any(|family| family == "AF_UNIX"), "the notify socket and the journal need it");
    assert!(unit.contains("LoadCredential=smtp-password:"), "an example shows how secrets are passed");
}

#[test]
fn systemd_rates_the_exposure_at_most_1_5() {
    let analyze =
        |arguments: &[&str]| Command::new("systemd-analyze").args(arguments).arg(path("provwatch.service")).output();
    // `--threshold` counts in tenths. Where there is no systemd (or one without --offline), the directives above must do.
    let Ok(output) = analyze(&["security", "--offline=true", "--threshold=15", "--no-pager"]) else { return };
    let report = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if !report.contains("Overall exposure level") {
        return;
    }
    assert!(output.status.success(), "{report}");
}

#[test]
fn the_example_configuration_names_the_credentials_of_the_unit() {
    let config = Config::parse(&read("provwatch.toml"), &path("provwatch.toml")).unwrap();
    let (unit, readme) = (read("provwatch.service"), read("README.md"));
    assert_eq!(config.subscriptions.len(), 3);
    for subscription in &config.subscriptions {
        let Some((key, SecretSource::Credential(name))) = subscription.secret() else {
            panic!("{}", subscription.name)
        };
        let line = |directive: &str| unit.contains(&format!("{directive}={name}:"));
        assert!(line("LoadCredential") || line("LoadCredentialEncrypted"), "{name}");
        assert!(readme.contains(&format!("`{key}_credential`")), "{key}");
    }
}
