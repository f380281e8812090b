//! Packs blocks of Markdown into as many texts as they need.

/// Most bytes of one text: GitHub takes 65,536 characters of an issue or comment, GitLab a million.
pub(super) const MOST: usize = 60_000;
/// Most bytes of blocks that are joined into one.
const JOINED: usize = 8_000;

/// Pieces that stand directly below one another, in as many blocks as needed, each with this before and behind it.
pub(super) fn joined(pieces: impl Iterator<Item = String>, before: &str, behind: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open = String::new();
    let mut close = |open: &mut String| {
        if !open.is_empty() {
            blocks.push(format!("{before}{}{behind}", std::mem::take(open)));
        }
    };
    for piece in pieces {
        if open.len() + piece.len() > JOINED {
            close(&mut open);
        }
        open.push_str(&piece);
        open.push('\n');
    }
    close(&mut open);
    blocks
}

/// The blocks in as few texts as possible, with an empty line between them, each text with room for `room` more bytes. A block
/// that fits into none is left out.
pub(super) fn packed(blocks: Vec<String>, room: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    for block in blocks.into_iter().filter(|block| block.len() + room + 2 <= MOST) {
        let last = texts.last_mut().filter(|last| last.len() + block.len() + room + 2 <= MOST);
        match last {
            Some(last) => {
                let between = if last.is_empty() { "" } else { "\n\n" };
                last.extend([between, &block]);
            }
            None => texts.push(block),
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_filled_one_after_the_other() {
        assert_eq!(packed(vec!["a".to_owned(), "b".to_owned()], 0), ["a\n\nb"]);
        let texts = packed(vec!["x".repeat(25_000); 5], 100);
        assert_eq!(texts.len(), 3);
        assert!(texts.iter().all(|text| text.len() + 100 <= MOST));
        assert_eq!(packed(vec!["x".repeat(MOST)], 0), [""]);
        assert_eq!(packed(Vec::new(), 0), [""]);
    }

    #[test]
    fn pieces_are_joined_up_to_a_length() {
        let pieces = std::iter::repeat_n("x".repeat(3_000), 5);
        let blocks = joined(pieces, "<", ">");
        assert_eq!(blocks.len(), 3);
        assert!(blocks.iter().all(|block| block.starts_with('<') && block.ends_with("\n>")));
        assert!(joined(std::iter::empty(), "<", ">").is_empty());
    }
}
