use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    exit::{Exit, Failure, Outcome},
    output,
};
use crate::{config, config::Config, watchlist};

/// The line of the template that a contact takes the place of.
const CONTACT: &str = "# contact = \"security@example.org\"";

/// Write a configuration and a watchlist to start from
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch init --contact security@example.org
  provwatch init --dir ./provwatch        somewhere else than the usual place

Writes provwatch.toml and watchlist.toml, both full of comments. Nothing is overwritten without --force, and then the \
old files are kept as *.bak.")]
pub struct Init {
    /// The folder to write to [default: that of --config, or the usual place]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Your e-mail address or URL, sent to the registries with every request: they ask for it
    #[arg(long, value_name = "ADDRESS", value_parser = contact)]
    contact: Option<String>,
    /// Replace files that exist; the old ones are kept as *.bak
    #[arg(long)]
    force: bool,
}

impl Init {
    pub fn run(&self, named: Option<&Path>) -> Outcome {
        let file = self.file(named);
        let watchlist = file.with_file_name("watchlist.toml");
        if watchlist == file {
            return Err(Failure::usage("the configuration cannot be called watchlist.toml, which is the watchlist"));
        }
        let text = self.config_text(&file)?;
        self.refuse_to_overwrite(&[&file, &watchlist])?;
        write(&file, &text)?;
        write(&watchlist, watchlist::TEMPLATE)?;
        output::line(format!("wrote {}\nwrote {}\n", file.display(), watchlist.display()));
        output::line(next_steps(&file));
        Ok(Exit::Clean)
    }

    fn file(&self, named: Option<&Path>) -> PathBuf {
        let usual = named.map_or_else(Config::default_path, Path::to_owned);
        match &self.dir {
            Some(folder) => folder.join(usual.file_name().unwrap_or("provwatch.toml".as_ref())),
            None => usual,
        }
    }

    /// The template, with the contact filled in; it is parsed, so that a wrong contact is found here.
    fn config_text(&self, file: &Path) -> Result<String, Failure> {
        let Some(contact) = &self.contact else { return Ok(config::TEMPLATE.to_owned()) };
        let line = format!("contact = {}", toml_edit::Value::from(contact));
        let text = config::TEMPLATE.replacen(CONTACT, &line, 1);
        Config::parse(&text, file).map_err(|problems| Failure::usage(problems).next("give --contact another value"))?;
        Ok(text)
    }

    fn refuse_to_overwrite(&self, files: &[&Path]) -> Result<(), Failure> {
        let existing: Vec<_> =
            files.iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
        if existing.is_empty() || self.force {
            return Ok(());
        }
        let why = format!("there is already {}; nothing was written", existing.join(" and "));
        Err(Failure::usage(why)
            .next("edit what is there, choose another folder with --dir, or replace it with --force"))
    }
}

/// Something by which the registries' operators can reach the user.
fn contact(text: &str) -> Result<String, &'static str> {
    let is_address = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let is_page = ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if is_address || is_page { Ok(text.to_owned()) } else { Err("expected an e-mail address or a URL") }
}

/// Writes a file as a whole or not at all, keeping what was there before.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let why = format!("cannot write {}: {error}", file.display());
        Failure::failed(why).next("choose another folder with --dir")
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let draft = beside(file, ".new");
    let mut written = fs::File::create(&draft).map_err(failed)?;
    written.write_all(text.as_bytes()).and_then(|()| written.sync_all()).map_err(failed)?;
    if file.exists() {
        fs::rename(file, beside(file, ".bak")).map_err(failed)?;
    }
    fs::rename(&draft, file).map_err(failed)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn next_steps(file: &Path) -> String {
    let config = if file == Config::default_path() { String::new() } else { format!(" --config {}", file.display()) };
    let steps = [
        ("Say what to watch", "watch import package-lock.json"),
        ("Check that everything is in place", "doctor"),
        ("Look at every package once", "run --once"),
    ];
    let steps = steps.map(|(what, command)| format!("{what}:\n  provwatch{config} {command}"));
    steps.join("\n")
}
