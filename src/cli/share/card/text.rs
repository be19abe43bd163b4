//! A card as text, eighty columns wide.

use super::{Card, Section};

/// So many columns has a line.
const WIDTH: usize = 78;

/// The whole card.
pub(super) fn page(card: &Card) -> String {
    let mut page = String::new();
    let mut line = |text: &str| {
        page.push_str(text.trim_end());
        page.push('\n');
    };
    line(&card.title);
    line(&card.subtitle);
    line(&card.key);
    line(&format!("  {}", card.fingerprint));
    for section in &card.about {
        line("");
        paragraphs(section, &mut line);
    }
    line("");
    paragraphs(&card.call, &mut line);
    for name in &card.names {
        line(&format!("  {name:<14} ______________________________"));
    }
    for text in &card.contact {
        wrapped(text, "  ", &mut line);
    }
    line("");
    line(&card.worst.title);
    for (number, text) in card.worst.lines.iter().enumerate() {
        wrapped(text, &format!("  {}. ", number + 1), &mut line);
    }
    line("");
    line(&card.never.title);
    for text in &card.never.lines {
        wrapped(text, "  - ", &mut line);
    }
    for section in &card.cases {
        line("");
        paragraphs(section, &mut line);
    }
    line("");
    wrapped(&card.footer, "", &mut line);
    page
}

fn paragraphs(section: &Section, line: &mut impl FnMut(&str)) {
    line(&section.title);
    for text in &section.lines {
        wrapped(text, "  ", line);
    }
}

/// Breaks at spaces; `first` begins the first line, and the others are indented as far.
fn wrapped(text: &str, first: &str, line: &mut impl FnMut(&str)) {
    let indent = first.chars().count();
    let (mut row, mut length, mut is_empty) = (first.to_owned(), indent, true);
    for word in text.split(' ') {
        let size = word.chars().count();
        if !is_empty && length + 1 + size > WIDTH {
            line(&row);
            (row, length, is_empty) = (" ".repeat(indent), indent, true);
        }
        if !is_empty {
            row.push(' ');
            length += 1;
        }
        row.push_str(word);
        (length, is_empty) = (length + size, false);
    }
    line(&row);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_are_indented_as_far_as_the_first() {
        let mut lines = Vec::new();
        let text = format!("{} {} c", "a".repeat(60), "b".repeat(90));
        wrapped(&text, "1. ", &mut |line: &str| lines.push(line.to_owned()));
        assert_eq!(
            lines,
            [
                format!("1. {}", "a".repeat(60)),
                format!("   {}", "b".repeat(90)),
                "   c".to_owned()
            ]
        );
    }
}
