//! Prints what is in an archive: counts, changes, scripts with their text, binaries, links, anomalies.

use crate::{
    cli::{
        fact_table::{self, Sheet},
        output, words, wrap,
    },
    inspect::{ContentsReport, FileShown, Listed, ScriptShown, State, TextShown},
    text::counted,
};

/// Most items of a list.
const SHOWN: usize = 20;

/// Most lines of a text or a difference.
const LINES: usize = 60;

/// Most characters of a line without a terminal.
const WIDEST: usize = 400;

/// The facts beside the digests.
pub(super) fn summary(sheet: &mut Sheet, contents: &ContentsReport) {
    let files = counted(contents.files, "file");
    sheet.row("contents", format!("{files}, {} unpacked", words::size(contents.unpacked)));
    sheet.maybe("not read on", contents.stopped.as_ref().map(|stopped| words::sentence(&stopped.why)));
    if let Some(changes) = &contents.changes {
        list(sheet, "added", &changes.added, described);
        list(sheet, "removed", &changes.removed, described);
        list(sheet, "changed", &changes.changed, |change| {
            format!("{}, was {}", described(&change.now), words::size(change.before.size))
        });
        list(sheet, "moved", &changes.moved, |moved| {
            format!("{} → {}", words::name(&moved.from), words::name(&moved.to))
        });
        list(sheet, "permissions", &changes.permissions, |change| {
            let now = if change.now.executable { "may be run now" } else { "may no longer be run" };
            format!("{}, {now}", words::name(&change.now.path))
        });
        sheet.row("unchanged", counted(changes.unchanged, "file"));
    }
    list(sheet, "binaries", &contents.binaries, described);
    list(sheet, "links", &contents.links, |link| {
        format!("{} → {}", words::name(&link.path), words::name(&link.target))
    });
    for (kind, count) in &contents.anomaly_counts {
        let first = contents.anomalies.iter().find(|anomaly| anomaly.kind == *kind);
        let path = first.and_then(|first| first.path.as_ref()).map(|path| format!("{}: ", words::name(path)));
        let detail = first.map(|first| words::sentence(&first.detail)).unwrap_or_default();
        let more = if *count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        sheet.row(kind.as_str(), format!("{}{detail}{more}", path.unwrap_or_default()));
    }
}

fn list<T>(sheet: &mut Sheet, label: &str, listed: &Listed<T>, shown: impl Fn(&T) -> String) {
    let more = listed.count.saturating_sub(SHOWN as u64);
    let more = (more > 0).then(|| format!("and {more} more, see --format json"));
    sheet.rows(label, listed.items.iter().take(SHOWN).map(shown).chain(more));
}

fn described(file: &FileShown) -> String {
    let binary = if file.nature.is_binary() { format!(", {}", file.nature.title()) } else { String::new() };
    format!("{}{binary}, {}", words::name(&file.path), words::size(file.size))
}

/// The scripts and the files that were asked for, with their texts.
pub(super) fn details(contents: &ContentsReport) {
    for script in &contents.scripts {
        self::script(script);
    }
    for shown in &contents.shown {
        fact_table::heading(format_args!("{}, {}", words::name(&shown.path), in_words(shown.state)));
        text(shown);
    }
}

fn script(script: &ScriptShown) {
    let (name, state) = (words::name(&script.name), in_words(script.state));
    fact_table::heading(format_args!("runs {}: {name}, {state}", script.when.title()));
    for (label, command) in [("", &script.command), ("before: ", &script.command_before)] {
        if let Some(command) = command {
            output::line(wrap::paragraphs(&format!("{label}{}", words::sentence(command)), wrap::width(), "  "));
        }
    }
    // Of what has not changed the name is enough.
    for file in script.files.iter().filter(|file| file.state != State::Same) {
        output::line(format_args!("  {}, {}", words::name(&file.path), in_words(file.state)));
        text(file);
    }
}

fn in_words(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Changed => "changed",
        State::Same => "as before",
        State::Gone => "gone",
        State::Missing => "not in the archive",
        State::NotCompared => "not compared",
    }
}

/// The difference, or the text, line by line behind a bar: nothing in it can leave its place.
fn text(shown: &TextShown) {
    let Some(text) = shown.difference.as_ref().or(shown.text.as_ref()) else {
        if !matches!(shown.state, State::Gone | State::Missing) {
            output::line("  | (not text)");
        }
        return;
    };
    let lines = text.lines().count();
    let width = output::width().map_or(WIDEST, |width| usize::from(width).saturating_sub(4).max(40));
    for line in text.lines().take(LINES) {
        output::line(format_args!("  | {}", words::cut(&line.replace('\t', "    "), width)));
    }
    if lines > LINES || !shown.is_whole {
        output::line("  | … see --format json for more");
    }
}
