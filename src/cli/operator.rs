//! Finds the name of the operator at the terminal, for the records of their actions.

/// The operator's account, also behind sudo.
pub fn name() -> String {
    let variables = ["SUDO_USER", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    variables.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_else(|| "operator".to_owned())
}
