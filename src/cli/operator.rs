//! The name of the operator, for the records of their actions.

/// Who acts: the author in the records of an action.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Author {
    /// Your name in the record [default: the account at the terminal, also behind sudo]
    #[arg(long = "by", value_name = "NAME", value_parser = author)]
    by: Option<String>,
}

/// The name of the actions that nobody but provwatch takes.
const OURS: &str = "provwatch";
/// Most characters of a name.
const LONGEST: usize = 80;

impl Author {
    /// The name that the operator gave, or the operator's account.
    pub fn name(&self) -> String {
        self.by.clone().unwrap_or_else(name)
    }
}

fn author(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) || name.chars().count() > LONGEST {
        return Err(format!("expected a name of 1 to {LONGEST} characters"));
    }
    if name.eq_ignore_ascii_case(OURS) {
        return Err("that is the name of what provwatch does by itself; give the name of a person".to_owned());
    }
    Ok(name.to_owned())
}

/// The operator's account, also behind sudo.
pub fn name() -> String {
    let variables = ["SUDO_USER", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let mut names = variables.map(|name| name.trim().to_owned());
    // The account of the service is not the name of a person.
    let is_person = |name: &String| !name.is_empty() && !name.eq_ignore_ascii_case(OURS);
    names.find(is_person).unwrap_or_else(|| "operator".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_has_a_name_of_their_own() {
        for (text, name) in
            [("ada", "ada"), (" Ada L. ", "Ada L."), ("ci: nightly", "ci: nightly"), ("エイダ", "エイダ")]
        {
            assert_eq!(author(text).as_deref(), Ok(name));
            assert_eq!(Author { by: Some(name.to_owned()) }.name(), name);
        }
        for text in ["", "  ", "a\nb", "a\u{1b}[2J", "Provwatch", &"x".repeat(81)] {
            assert!(author(text).is_err(), "{text}");
        }
        assert!(!Author::default().name().is_empty());
    }
}
