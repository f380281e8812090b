//! Checks of receivers on this machine: programs that the service may not start, files that it may not write, sockets on
//! which nothing listens.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{
    check::{Check, State},
    unit::Unit,
};
use crate::{
    bounded,
    config::{Config, Sink, Subscription, SyslogAddress},
    owner,
    text::shell_word,
};

/// Most bytes of a script that are read for its interpreter.
const SCRIPT: u64 = 1 << 20;

/// What is known of this machine.
pub(in crate::cli) struct Machine<'a> {
    unit: Option<Unit>,
    config: &'a Config,
}

impl<'a> Machine<'a> {
    /// This machine, for the service with this configuration.
    pub fn of(config: &'a Config) -> Self {
        Self::at(Path::new("/"), config)
    }

    /// With the units below this root folder.
    fn at(root: &Path, config: &'a Config) -> Self {
        Self { unit: Unit::installed(root), config }
    }

    /// Why the service may fail to reach the receiver, with the next step.
    pub fn doubt(&self, subscription: &Subscription) -> Option<(String, String)> {
        match &subscription.sink {
            Sink::Command(command) => program(self.unit.as_ref(), Path::new(command.command.first()?)),
            Sink::File(file) => self.file(&file.path),
            Sink::Journald(journald) => socket(&journald.socket, "the journal", "`socket`"),
            Sink::Syslog(syslog) => match &syslog.address {
                SyslogAddress::Unix(path) => socket(path, "a syslog server", "`address`"),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the service may write the file.
    fn file(&self, file: &Path) -> Option<(String, String)> {
        let (shown, folder) = (file.display(), owner::folder_of(file));
        if fs::metadata(file).is_ok_and(|found| !found.is_file()) {
            return doubt(
                format!("{shown} is not a regular file"),
                "name a file in `path`; provwatch writes to no device and no pipe",
            );
        }
        if self.unit.as_ref().is_some_and(|unit| !unit.may_write(file)) {
            let detail = format!("provwatch.service may not write {shown}, or no other program sees it there");
            let next =
                "choose a path below /var/lib/provwatch, or add ReadWritePaths= in a drop-in (systemd/README.md)";
            return doubt(detail, next);
        }
        // The state folder of a service that never ran does not exist yet.
        if !folder.is_dir() {
            let missing = format!("{} is not a folder", folder.display());
            return self.unit.is_none().then(|| doubt(missing, "create the folder of `path`, or correct it")).flatten();
        }
        let user = owner::service(&self.config.store_path()).unwrap_or_else(owner::Owner::this);
        user.cannot_write(file).then(|| unwritable(file, user)).flatten()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what every check ends with")]
fn doubt(detail: String, next: impl Into<String>) -> Option<(String, String)> {
    Some((detail, next.into()))
}

fn unwritable(file: &Path, user: owner::Owner) -> Option<(String, String)> {
    let (owner::Owner { user, group }, name) = (user, shell_word(&file.display().to_string()));
    let detail = format!("user {user}, to whom the database belongs, may not write {}", file.display());
    let next = if file.exists() {
        format!("`chown {user}:{group} {name}`")
    } else {
        format!("`install -o {user} -g {group} -m 0640 /dev/null {name}`, or choose another `path`")
    };
    doubt(detail, next)
}

/// Whether a program of this machine can listen there.
fn socket(path: &Path, who: &str, key: &str) -> Option<(String, String)> {
    let is_socket = fs::metadata(path).is_ok_and(|found| found.file_type().is_socket());
    (!is_socket).then(|| {
        let detail = format!("{} is not a socket: {who} does not listen there", path.display());
        (detail, format!("start {who}, or correct {key}"))
    })
}

/// Files beside the database that do not belong to the owner of its folder: the service cannot use what root made.
pub(super) fn strange_files(database: &Path) -> Option<Check> {
    let folder = owner::folder_of(database);
    let of = |path: &Path| fs::metadata(path).ok().map(|found| owner::Owner::of(&found));
    let owner = of(&folder).filter(|owner| !owner.is_root())?;
    let named = |ending: &str| PathBuf::from(format!("{}{ending}", database.display()));
    let strange: Vec<PathBuf> = ["", "-wal", "-shm", ".lock"]
        .map(named)
        .into_iter()
        .filter(|path| of(path).is_some_and(|found| found.user != owner.user))
        .collect();
    let first = strange.first()?;
    let words: Vec<String> = strange.iter().map(|path| shell_word(&path.display().to_string())).collect();
    let detail = format!(
        "{} does not belong to user {}, the owner of its folder, and the service cannot use it",
        first.display(),
        owner.user
    );
    let next = format!("`chown {}:{} {}`", owner.user, owner.group, words.join(" "));
    Some(Check::new("store", State::Failed, detail).next(next))
}

/// Whether the program, and the interpreter of a script, can be started.
fn program(unit: Option<&Unit>, program: &Path) -> Option<(String, String)> {
    let shown = program.display();
    let is_executable =
        fs::metadata(program).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if !is_executable {
        let next = "install the program, make it executable (`chmod +x`), or correct `command`";
        return doubt(format!("{shown} is not an executable file"), next);
    }
    let unit = unit?;
    let needed = [Some(program.to_owned()), interpreter(program)];
    let forbidden = needed.into_iter().flatten().find(|path| !unit.may_execute(path))?;
    let detail = format!("the sandbox of provwatch.service forbids {}", forbidden.display());
    let next = "install the drop-in systemd/provwatch-command.conf with this path in it (systemd/README.md), \
                then `systemctl daemon-reload` and `systemctl restart provwatch`";
    doubt(detail, next)
}

/// The program after `#!`.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let bytes = bounded::read(script, SCRIPT).ok()??;
    let line = bytes.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let text = String::from_utf8_lossy(line).into_owned();
    text.split_whitespace().next().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::{super::unit::tests::root, *};
    use crate::config::Config;

    fn told(root: &Path, receivers: &str) -> Vec<String> {
        let config = Config::parse(receivers, &root.join("provwatch.toml")).unwrap();
        let machine = Machine::at(root, &config);
        let doubts = config.subscriptions.iter().filter_map(|subscription| machine.doubt(subscription));
        doubts.map(|(detail, next)| format!("{detail}; {next}")).collect()
    }

    fn script(folder: &Path, interpreter: &str, mode: u32) -> PathBuf {
        let path = folder.join("notify");
        fs::write(&path, format!("#! {interpreter} -eu\nexit 0\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn command(program: &Path) -> String {
        format!(
            "[[subscriptions]]\nname = \"hook\"\ntype = \"command\"\ncommand = [{:?}]\n",
            program.display().to_string()
        )
    }

    #[test]
    fn a_program_that_the_sandbox_forbids_is_told_with_the_drop_in() {
        let root = root(&[]);
        let program = script(root.path(), "/bin/sh", 0o755);
        let said = told(root.path(), &command(&program));
        let expected = format!("the sandbox of provwatch.service forbids {}; install the drop-in", program.display());
        assert!(said.len() == 1 && said[0].starts_with(&expected), "{said:?}");
    }

    #[test]
    fn a_drop_in_must_name_the_interpreter_too() {
        let root = root(&[]);
        let program = script(root.path(), "/bin/sh", 0o755);
        for (paths, forbidden) in
            [(program.display().to_string(), Some("/bin/sh")), (format!("{} /bin/sh", program.display()), None)]
        {
            let folder = root.path().join("etc/systemd/system/provwatch.service.d");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("command.conf"), format!("[Service]\nExecPaths={paths}\n")).unwrap();
            let said = told(root.path(), &command(&program));
            assert_eq!(said.len(), usize::from(forbidden.is_some()), "{said:?}");
            assert!(forbidden.is_none_or(|path| said[0].contains(&format!("forbids {path};"))), "{said:?}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_told_without_a_unit_too() {
        let folder = tempfile::tempdir().unwrap();
        for program in
            [folder.path().join("missing"), script(folder.path(), "/bin/sh", 0o644), folder.path().to_owned()]
        {
            let said = told(folder.path(), &command(&program));
            assert!(said.len() == 1 && said[0].contains("is not an executable file; install the program"), "{said:?}");
        }
        assert!(told(folder.path(), &command(&script(folder.path(), "/bin/sh", 0o700))).is_empty());
    }

    #[test]
    fn a_socket_on_which_nothing_listens_is_told() {
        let root = tempfile::tempdir().unwrap();
        let there = root.path().join("there");
        let _listening = std::os::unix::net::UnixDatagram::bind(&there).unwrap();
        let journald =
            |path: &Path| format!("[[subscriptions]]\nname = \"j\"\ntype = \"journald\"\nsocket = {path:?}\n");
        let syslog = |path: &Path| {
            let address = format!("unix:{}", path.display());
            format!("[[subscriptions]]\nname = \"s\"\ntype = \"syslog\"\naddress = {address:?}\n")
        };
        for text in [journald(&there), syslog(&there)] {
            assert_eq!(told(root.path(), &text), [""; 0]);
        }
        let missing = root.path().join("missing");
        for (text, said) in [
            (journald(&missing), "start the journal, or correct `socket`"),
            (syslog(&missing), "start a syslog server"),
        ] {
            let told = told(root.path(), &text);
            assert!(
                told.len() == 1 && told[0].contains("missing is not a socket") && told[0].contains(said),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_device_is_not_a_file_for_alerts() {
        let root = tempfile::tempdir().unwrap();
        let said = told(root.path(), "[[subscriptions]]\nname = \"f\"\ntype = \"file\"\npath = \"/dev/null\"\n");
        assert!(said.len() == 1 && said[0].contains("/dev/null is not a regular file"), "{said:?}");
    }

    #[test]
    fn a_file_outside_of_what_the_service_may_write_is_told() {
        let root = root(&[]);
        let file = |path: &str| format!("[[subscriptions]]\nname = \"log\"\ntype = \"file\"\npath = {path:?}\n");
        let said = told(root.path(), &file("/var/log/provwatch.jsonl"));
        assert!(said.len() == 1 && said[0].contains("may not write /var/log/provwatch.jsonl"), "{said:?}");
        assert!(told(root.path(), &file("/var/lib/provwatch/alerts.jsonl")).is_empty());
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(told(elsewhere.path(), &file("alerts.jsonl")).is_empty(), "relative to the configuration");
        let said = told(elsewhere.path(), &file("missing/alerts.jsonl"));
        assert!(said.len() == 1 && said[0].contains("missing is not a folder"), "{said:?}");
    }
}
