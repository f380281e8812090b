//! What runs by itself in a release, beside what ran in the other one, with texts and differences.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    archive::{Contents, Kept, Member},
    format::Format,
    look::Look,
    scripts::{Script, When},
};
use crate::text::line_diff;

/// Most bytes of a text, or of a difference, that are shown.
const MAX_TEXT: usize = 32 << 10;

/// Most files of all scripts.
const MAX_FILES: usize = 100;

/// How something compares with the other release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is new.
    New,
    /// It is another one.
    Changed,
    /// It is the same.
    Same,
    /// It is gone.
    Gone,
    /// Neither release has it.
    Missing,
    /// It was not compared.
    NotCompared,
}

impl State {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Gone => "gone",
            Self::Missing => "missing",
            Self::NotCompared => "not-compared",
        }
    }
}

/// A piece of code that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ScriptShown {
    /// Its name: `postinstall`, `setup.py`.
    pub name: String,
    /// When it runs.
    pub when: When,
    /// How it compares with the other release, its files included.
    pub state: State,
    /// Its command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The command that the other release has, if that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_before: Option<String>,
    /// The files that it is, or names.
    pub files: Vec<TextShown>,
    /// Whether it changes with many honest versions.
    #[serde(skip)]
    pub varies: bool,
}

/// A file as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TextShown {
    /// Its path.
    pub path: String,
    /// How it compares with the other release.
    pub state: State,
    /// Its text, perhaps its beginning; missing where it is not text, or was not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether the text is the whole file.
    pub is_whole: bool,
    /// The difference from the other release, in the unified format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

impl ScriptShown {
    /// The scripts of an archive beside those of the other one.
    pub(super) fn all(now: &Look, before: Option<&Look>, format: &Format) -> Vec<Self> {
        let mut left = MAX_FILES;
        let mut all = Vec::new();
        for script in &now.scripts.found {
            let mut files: Vec<TextShown> = Vec::new();
            for path in script.files.iter().take(left) {
                files.push(TextShown::of(&(format.common)(path), now, before, format));
            }
            left -= files.len();
            all.push(Self::of(script, before, files));
        }
        for was in before.into_iter().flat_map(|before| &before.scripts.found) {
            if same(&now.scripts.found, was).next().is_none() {
                let gone = Script { files: Vec::new(), ..was.clone() };
                let command_before = gone.command.clone();
                all.push(Self {
                    state: State::Gone,
                    command: None,
                    command_before,
                    ..Self::of(&gone, None, Vec::new())
                });
            }
        }
        all
    }

    fn of(script: &Script, before: Option<&Look>, files: Vec<TextShown>) -> Self {
        let was: Option<Vec<&Script>> = before.map(|before| same(&before.scripts.found, script).collect());
        let is_same = |was: &&&Script| was.command == script.command;
        let state = match &was {
            None => State::NotCompared,
            Some(was) if was.is_empty() => State::New,
            Some(was) if !was.iter().any(|was| is_same(&was)) => State::Changed,
            Some(_) if files.iter().any(|file| !matches!(file.state, State::Same | State::Missing)) => State::Changed,
            Some(_) => State::Same,
        };
        let other = was.into_iter().flatten().find(|was| !is_same(&was));
        Self {
            name: script.name.clone(),
            when: script.when,
            state,
            command: script.command.clone(),
            command_before: other.and_then(|was| was.command.clone()).filter(|_| state == State::Changed),
            files,
            varies: script.varies,
        }
    }
}

/// The scripts that are the same one in another archive.
fn same<'a>(all: &'a [Script], script: &'a Script) -> impl Iterator<Item = &'a Script> {
    all.iter().filter(move |other| other.name == script.name && other.when == script.when)
}

impl TextShown {
    /// A file by the path that it has in every version.
    pub(super) fn of(path: &str, now: &Look, before: Option<&Look>, format: &Format) -> Self {
        let (is, was) =
            (Found::at(path, &now.contents, format), before.map(|it| Found::at(path, &it.contents, format)));
        let state = match (is.member, was.as_ref().map(|was| was.member)) {
            (None, None | Some(None)) => State::Missing,
            (_, None) => State::NotCompared,
            (Some(_), Some(None)) => State::New,
            (None, Some(Some(_))) => State::Gone,
            (Some(is), Some(Some(was))) if is_same(is, was) => State::Same,
            _ => State::Changed,
        };
        let texts = was.as_ref().and_then(|was| Some((was.text()?, is.text()?)));
        let difference = texts.filter(|_| state == State::Changed).map(|(was, is)| line_diff(path, &was, &is));
        let (text, is_whole) = is.text().map_or((None, true), |text| {
            let cut = cut(&text);
            let is_whole = cut.len() == text.len() && is.kept.is_none_or(|kept| kept.is_whole);
            (Some(cut), is_whole)
        });
        let difference = difference.map(|difference| cut(&difference));
        Self { path: path.to_owned(), state, text, is_whole, difference }
    }
}

/// A file that was looked for.
struct Found<'a> {
    member: Option<&'a Member>,
    kept: Option<&'a Kept>,
}

impl<'a> Found<'a> {
    fn at(path: &str, contents: &'a Contents, format: &Format) -> Self {
        let is_it = |other: &str| (format.common)(other) == path || other == path;
        let member = contents.members.iter().rfind(|member| is_it(&member.path));
        let kept = contents.texts.iter().rfind(|(other, _)| is_it(other)).map(|(_, kept)| kept);
        Self { member, kept }
    }

    /// Its text, or where it leads; of other data none.
    fn text(&self) -> Option<String> {
        let Some(Kept { bytes, .. }) = self.kept else {
            return self.member?.target.as_ref().map(|target| format!("a link to {target}\n"));
        };
        (!bytes.contains(&0)).then(|| String::from_utf8_lossy(bytes).into_owned())
    }
}

/// Whether two members are one. Of those that could not be read that is unknown.
fn is_same(is: &Member, was: &Member) -> bool {
    let known = is.sha256.is_some() || is.target.is_some();
    known && (is.sha256, &is.target) == (was.sha256, &was.target)
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT.min(text.len()))].to_owned()
}
