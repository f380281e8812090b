//! Formats lists up to a maximum length.

/// `a, b and 3 more`: at most so many of them, and how many there are besides. Nothing where there are none.
pub fn listed(names: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let shown = names.take(most).collect::<Vec<_>>().join(", ");
    match (shown.is_empty(), more) {
        (_, 0) => shown,
        (true, more) => format!("{more} more"),
        (false, more) => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_how_many_there_are_besides() {
        for (count, most, said) in [
            (0, 2, ""),
            (1, 2, "0"),
            (2, 2, "0, 1"),
            (3, 2, "0, 1 and 1 more"),
            (9, 2, "0, 1 and 7 more"),
            (2, 0, "2 more"),
        ] {
            assert_eq!(listed((0..count).map(|name: i32| name.to_string()), most), said);
        }
    }
}
