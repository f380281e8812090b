//! `provwatch init`: writes a first configuration and watchlist.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    exit::{CliError, Exit, Outcome},
    output,
};
use crate::{config, config::Config, watchlist};

/// The line of the template that the contact replaces.
const CONTACT: &str = "# contact = \"security@example.org\"";

/// Write a first configuration and watchlist
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch init --contact security@example.org
  provwatch init --dir ./provwatch  # to another folder
  provwatch init --service --contact security@example.org
      # for the systemd service, see systemd/README.md

Writes provwatch.toml and watchlist.toml, both with comments. Only --force replaces existing files, and keeps the \
old ones as *.bak. With --service, an existing file stays as it is, and the command writes the missing one.")]
pub struct Init {
    /// The folder to write to [default: the folder of --config, or of the default configuration]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Your e-mail address or URL, which provwatch sends to the registries with every request, because they ask for it
    #[arg(long, value_name = "ADDRESS", value_parser = contact)]
    contact: Option<String>,
    /// Replace existing files, and keep the old ones as *.bak
    #[arg(long)]
    force: bool,
    /// Write the configuration of the systemd service: alerts go to the journal, and other receivers are comments
    #[arg(long, conflicts_with = "force")]
    service: bool,
}

impl Init {
    pub fn run(&self, named: Option<&Path>) -> Outcome {
        let file = self.file(named);
        let watchlist = file.with_file_name("watchlist.toml");
        if watchlist == file {
            return Err(CliError::usage("the configuration cannot be called watchlist.toml, which is the watchlist"));
        }
        let text = self.config_text(&file)?;
        let files = [(file.as_path(), text.as_str()), (&watchlist, watchlist::TEMPLATE)];
        self.refuse_to_overwrite(&files.map(|(file, _)| file))?;
        for (file, text) in files {
            let said = if self.write(file, text)? { "wrote" } else { "already there, unchanged:" };
            output::line(format!("{said} {}", file.display()));
        }
        output::line(format!("\n{}", self.next_steps(&file)));
        Ok(Exit::Clean)
    }

    /// Whether the file was written, and not there before.
    fn write(&self, file: &Path, text: &str) -> Result<bool, CliError> {
        if self.service && file.exists() {
            return Ok(false);
        }
        // The service runs as a user of its own, and root's umask may deny it access.
        let mode = if self.service { Some(0o644) } else { None };
        write(file, text, mode).map(|()| true)
    }

    fn template(&self) -> &'static str {
        if self.service { config::SERVICE_TEMPLATE } else { config::TEMPLATE }
    }

    fn next_steps(&self, file: &Path) -> String {
        let steps = [
            ("Name the packages to watch", "watch import package-lock.json"),
            ("Check that everything is in place", "doctor"),
            ("Check every package once", "run --once"),
        ];
        let with_config =
            if file == Config::default_path() { String::new() } else { format!(" --config {}", file.display()) };
        let commands = steps.map(|(what, command)| (what, format!("provwatch{with_config} {command}")));
        let commands = if self.service {
            let [watch, check, _] = commands;
            vec![watch, check, ("Start the service", "systemctl enable --now provwatch".to_owned())]
        } else {
            commands.to_vec()
        };
        let lines: Vec<_> = commands.iter().map(|(what, command)| format!("{what}:\n  {command}")).collect();
        lines.join("\n")
    }

    fn file(&self, named: Option<&Path>) -> PathBuf {
        let usual = named.map_or_else(Config::default_path, Path::to_owned);
        match &self.dir {
            Some(folder) => folder.join(usual.file_name().unwrap_or("provwatch.toml".as_ref())),
            None => usual,
        }
    }

    /// The template, with the contact filled in; it is parsed, so that a wrong contact is found now.
    fn config_text(&self, file: &Path) -> Result<String, CliError> {
        let Some(contact) = &self.contact else { return Ok(self.template().to_owned()) };
        let line = format!("contact = {}", toml_edit::Value::from(contact));
        let text = self.template().replacen(CONTACT, &line, 1);
        Config::parse(&text, file)
            .map_err(|problems| CliError::usage(problems).next("give --contact another value"))?;
        Ok(text)
    }

    fn refuse_to_overwrite(&self, files: &[&Path]) -> Result<(), CliError> {
        let existing: Vec<_> =
            files.iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
        if existing.is_empty() || self.force || self.service {
            return Ok(());
        }
        let why = format!("already there: {}; nothing was written", existing.join(" and "));
        Err(CliError::usage(why)
            .next("edit what is there, choose another folder with --dir, or replace it with --force"))
    }
}

/// A contact for the registries' operators.
fn contact(text: &str) -> Result<String, &'static str> {
    let is_address = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let is_page = ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if is_address || is_page { Ok(text.to_owned()) } else { Err("expected an e-mail address or a URL") }
}

/// Writes a file as a whole or not at all, keeping what was there before.
fn write(file: &Path, text: &str, mode: Option<u32>) -> Result<(), CliError> {
    let failed = |error: io::Error| {
        let why = format!("cannot write {}: {error}", file.display());
        CliError::failed(why).next("choose another folder with --dir")
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(folder, mode).map_err(failed)?;
    let draft = beside(file, &format!(".new-{}", std::process::id()));
    let mut written = fs::OpenOptions::new().write(true).create_new(true).open(&draft).map_err(failed)?;
    let written = written.write_all(text.as_bytes()).and_then(|()| {
        mode.map_or(Ok(()), |mode| written.set_permissions(fs::Permissions::from_mode(mode)))?;
        written.sync_all()
    });
    let placed = written.and_then(|()| place(&draft, file));
    // After a link this is the second name of the file, after a failure a leftover.
    let _ = fs::remove_file(&draft);
    placed.map_err(failed)
}

/// The folder, readable for the service's user where a mode says that the files are for the service.
fn make_folder(folder: &Path, mode: Option<u32>) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    mode.map_or(Ok(()), |_| fs::set_permissions(folder, fs::Permissions::from_mode(0o755)))
}

/// Puts a draft in a file's place. The old file gets an unused name, and a file that appeared meanwhile stays.
fn place(draft: &Path, file: &Path) -> io::Result<()> {
    if fs::symlink_metadata(file).is_ok() {
        let names = (0..100).map(|n| beside(file, &if n == 0 { ".bak".to_owned() } else { format!(".bak.{n}") }));
        let free = names.into_iter().find(|name| fs::symlink_metadata(name).is_err());
        fs::rename(file, free.ok_or_else(|| io::Error::other("100 older copies of it exist"))?)?;
    }
    match fs::hard_link(draft, file) {
        // For file systems without links.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(draft, file),
        linked => linked,
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
