//! Checks of receivers on this machine: programs that the service may not start, files that it may not write.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{
    check::{Check, State},
    unit::Unit,
};
use crate::{
    bounded,
    cli::context::Context,
    config::{Sink, Subscription},
};

/// Most bytes of a script that are read for its interpreter.
const SCRIPT: u64 = 1 << 20;

/// One check for each doubt.
pub fn checks(context: &Context) -> Vec<Check> {
    checks_at(Path::new("/"), &context.config.subscriptions)
}

/// With the units below this root folder.
fn checks_at(root: &Path, subscriptions: &[Subscription]) -> Vec<Check> {
    let unit = Unit::installed(root);
    let doubt = |subscription: &Subscription| {
        let check = match &subscription.sink {
            Sink::Command(command) => program(unit.as_ref(), Path::new(command.command.first()?)),
            Sink::File(file) => writable(unit.as_ref(), &file.path),
            _ => None,
        }?;
        Some(Check { name: format!("receiver {}", subscription.name), ..check })
    };
    subscriptions.iter().filter_map(doubt).collect()
}

fn warning(detail: String, next: &str) -> Check {
    Check::new("", State::Warning, detail).next(next)
}

/// Whether the program, and the interpreter of a script, can be started.
fn program(unit: Option<&Unit>, program: &Path) -> Option<Check> {
    let shown = program.display();
    let is_executable =
        fs::metadata(program).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if !is_executable {
        return Some(warning(
            format!("{shown} is not an executable file"),
            "install the program, or correct `command`",
        ));
    }
    let unit = unit?;
    let needed = [Some(program.to_owned()), interpreter(program)];
    let forbidden = needed.into_iter().flatten().find(|path| !unit.may_execute(path))?;
    let detail = format!("the sandbox of provwatch.service forbids {}", forbidden.display());
    let next = "install the drop-in systemd/provwatch-command.conf with this path in it (systemd/README.md), \
                then `systemctl daemon-reload` and `systemctl restart provwatch`";
    Some(warning(detail, next))
}

/// The program after `#!`.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let bytes = bounded::read(script, SCRIPT).ok()??;
    let line = bytes.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let text = String::from_utf8_lossy(line).into_owned();
    text.split_whitespace().next().map(PathBuf::from)
}

/// Whether the service may write the file.
fn writable(unit: Option<&Unit>, file: &Path) -> Option<Check> {
    let (shown, folder) = (file.display(), file.parent()?);
    if unit.is_some_and(|unit| !unit.may_write(file)) {
        let detail = format!("provwatch.service may not write {shown}, or no other program sees it there");
        let next = "choose a path below /var/lib/provwatch, or add ReadWritePaths= in a drop-in (systemd/README.md)";
        return Some(warning(detail, next));
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // The state folder of a service that never ran does not exist yet.
    let is_missing = unit.is_none() && !folder.is_dir();
    is_missing
        .then(|| warning(format!("{} is not a folder", folder.display()), "create the folder of `path`, or correct it"))
}

#[cfg(test)]
mod tests {
    use super::{super::unit::tests::root, *};
    use crate::config::Config;

    fn told(root: &Path, receivers: &str) -> Vec<String> {
        let config = Config::parse(receivers, &root.join("provwatch.toml")).unwrap();
        let told = checks_at(root, &config.subscriptions).into_iter();
        told.map(|check| format!("{}: {}; {}", check.name, check.detail, check.next.unwrap())).collect()
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
        let expected = format!(
            "receiver hook: the sandbox of provwatch.service forbids {}; install the drop-in",
            program.display()
        );
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
