//! The installed unit of the service with its drop-ins: what its sandbox lets the service execute and write.

use std::{
    collections::BTreeMap,
    fs, iter,
    path::{Path, PathBuf},
};

use crate::bounded;

/// The folders of units, those first that win (systemd.unit(5)).
const FOLDERS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// The name of the unit.
const NAME: &str = "provwatch.service";

/// Most bytes of a file.
const MOST_BYTES: u64 = 1 << 20;
/// Most drop-ins.
const MOST_DROP_INS: usize = 256;

/// The directives that name folders of the service's own, and where these are.
const OWN: [(&str, &str); 4] = [
    ("StateDirectory", "/var/lib"),
    ("CacheDirectory", "/var/cache"),
    ("LogsDirectory", "/var/log"),
    ("RuntimeDirectory", "/run"),
];

/// The directives of a unit and of its drop-ins, in their order.
pub(super) struct Unit {
    directives: Vec<(String, String)>,
}

impl Unit {
    /// The unit below this root folder; `None`: it is not installed.
    pub fn installed(root: &Path) -> Option<Self> {
        let unit = FOLDERS.iter().find_map(|folder| read(&root.join(folder).join(NAME)))?;
        let mut drop_ins: BTreeMap<_, PathBuf> = BTreeMap::new();
        for folder in FOLDERS {
            let files = fs::read_dir(root.join(folder).join(format!("{NAME}.d"))).into_iter().flatten().flatten();
            let files = files.map(|file| (file.file_name(), file.path()));
            let files = files.filter(|(_, path)| path.extension().is_some_and(|end| end == "conf"));
            for (name, path) in files.take(MOST_DROP_INS) {
                drop_ins.entry(name).or_insert(path);
            }
        }
        let texts = iter::once(unit).chain(drop_ins.values().filter_map(|path| read(path)));
        Some(Self { directives: texts.flat_map(|text| directives(&text)).collect() })
    }

    /// Whether the service may execute this file.
    pub fn may_execute(&self, program: &Path) -> bool {
        let depth = |directive| deepest(self.words(directive).into_iter().map(PathBuf::from), program);
        depth("NoExecPaths").is_none_or(|forbidden| depth("ExecPaths").is_some_and(|allowed| allowed >= forbidden))
    }

    /// Whether the service may write this file, and others see it.
    pub fn may_write(&self, file: &Path) -> bool {
        if self.words("ProtectSystem") != ["strict"] {
            return true;
        }
        let own = OWN.iter().flat_map(|(directive, parent)| {
            self.words(directive)
                .into_iter()
                .flat_map(move |name| [Path::new(parent).join(name), Path::new(parent).join("private").join(name)])
        });
        let allowed = own.chain(self.words("ReadWritePaths").into_iter().map(PathBuf::from));
        deepest(allowed, file).is_some()
    }

    /// The words of a directive; an empty value removes those before it.
    fn words(&self, directive: &str) -> Vec<&str> {
        let mut words = Vec::new();
        for (_, value) in self.directives.iter().filter(|(name, _)| name == directive) {
            if value.is_empty() {
                words.clear();
            }
            // `-` and `+` say how systemd treats a path.
            words.extend(
                value.split_whitespace().map(|word| word.trim_start_matches(['-', '+', '"']).trim_end_matches('"')),
            );
        }
        words
    }
}

fn read(path: &Path) -> Option<String> {
    let bytes = bounded::read(path, MOST_BYTES).ok()??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The directives of the section `[Service]`.
fn directives(text: &str) -> Vec<(String, String)> {
    let text = text.replace("\\\n", " ");
    let mut is_service = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        match line.split_once('=') {
            _ if line.starts_with('[') => is_service = line == "[Service]",
            Some((name, value)) if is_service => found.push((name.trim().to_owned(), value.trim().to_owned())),
            _ => {}
        }
    }
    found
}

/// How deep the deepest of the folders lies that hold the file, as it is named or where links lead.
fn deepest(folders: impl Iterator<Item = PathBuf>, file: &Path) -> Option<usize> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    // A file that does not exist yet has a folder that does.
    let through = file.parent().and_then(real).zip(file.file_name()).map(|(folder, name)| folder.join(name));
    let ways = [Some(file.to_owned()), real(file), through];
    let folders = folders.flat_map(|folder| [real(&folder), Some(folder)]).flatten();
    let holding = folders.filter(|folder| ways.iter().flatten().any(|way| way.starts_with(folder)));
    holding.map(|folder| folder.components().count()).max()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A root folder with the unit that ships, and these drop-ins, each a path below the root and a text.
    pub fn root(drop_ins: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let unit = include_str!("../../../systemd/provwatch.service");
        for (path, text) in [("etc/systemd/system/provwatch.service", unit)].iter().chain(drop_ins) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn may_execute(drop_ins: &[(&str, &str)], program: &str) -> bool {
        Unit::installed(root(drop_ins).path()).unwrap().may_execute(Path::new(program))
    }

    #[test]
    fn the_unit_that_ships_lets_no_program_start() {
        for program in ["/usr/local/bin/notify", "/usr/local/lib/provwatch/notify", "/opt/notify", "/etc/notify"] {
            assert!(!may_execute(&[], program), "{program}");
        }
        assert!(may_execute(&[], "/usr/bin/provwatch"));
        assert!(Unit::installed(tempfile::tempdir().unwrap().path()).is_none());
    }

    #[test]
    fn a_drop_in_lets_programs_start() {
        let at = "etc/systemd/system/provwatch.service.d/command.conf";
        let ours = include_str!("../../../systemd/provwatch-command.conf");
        for (path, text, program, allowed) in [
            (at, ours, "/usr/local/lib/provwatch/notify", true),
            (at, ours, "/usr/local/lib/notify", false),
            (at, ours, "/opt/notify", false),
            (at, "[Service]\nExecPaths=-/opt/notify\n", "/opt/notify", true),
            (at, "[Service]\nExecPaths=/opt\nNoExecPaths=/opt/other\n", "/opt/other/notify", false),
            (at, "[Service]\nExecPaths=/bin/x \\\n  /opt/notify\n", "/opt/notify", true),
            (at, "[Service]\nNoExecPaths=\n", "/opt/notify", true),
            (at, "[Service]\nExecPaths=\nExecPaths=/opt/a\n", "/usr/bin/provwatch", false),
            (at, "[Unit]\nExecPaths=/opt/notify\n", "/opt/notify", false),
            (at, "#ExecPaths=/opt/notify\n[Service]\n;ExecPaths=/opt/notify", "/opt/notify", false),
            ("run/systemd/system/provwatch.service.d/a.conf", "[Service]\nExecPaths=/opt/notify", "/opt/notify", true),
            ("etc/systemd/system/provwatch.service.d/a.txt", "[Service]\nExecPaths=/opt/notify", "/opt/notify", false),
            ("etc/systemd/system/other.service.d/a.conf", "[Service]\nExecPaths=/opt/notify", "/opt/notify", false),
        ] {
            assert_eq!(may_execute(&[(path, text)], program), allowed, "{path} {text} {program}");
        }
        let masked = [
            ("usr/lib/systemd/system/provwatch.service.d/a.conf", "[Service]\nExecPaths=/opt/notify"),
            ("etc/systemd/system/provwatch.service.d/a.conf", ""),
        ];
        assert!(!may_execute(&masked, "/opt/notify"));
    }

    #[test]
    fn the_service_may_write_its_own_folders_and_what_drop_ins_add() {
        let more = "[Service]\nLogsDirectory=provwatch\nReadWritePaths=/srv/alerts\n";
        let drop_in = [("etc/systemd/system/provwatch.service.d/a.conf", more)];
        for (file, by_unit, with_drop_in) in [
            ("/var/lib/provwatch/alerts.jsonl", true, true),
            ("/var/lib/private/provwatch/alerts.jsonl", true, true),
            ("/var/lib/provwatch-other/alerts.jsonl", false, false),
            ("/var/log/provwatch/alerts.jsonl", false, true),
            ("/srv/alerts/alerts.jsonl", false, true),
            ("/tmp/alerts.jsonl", false, false),
            ("/etc/provwatch/alerts.jsonl", false, false),
        ] {
            let told = [&[][..], &drop_in]
                .map(|drop_ins| Unit::installed(root(drop_ins).path()).unwrap().may_write(Path::new(file)));
            assert_eq!(told, [by_unit, with_drop_in], "{file}");
        }
    }
}
