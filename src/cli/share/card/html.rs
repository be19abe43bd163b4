//! A card as a page of its own: no script, nothing fetched, everything escaped, one sheet of A4.

use super::{Card, Section};

const STYLE: &str = include_str!("card.css");

/// The whole page.
pub(super) fn page(card: &Card) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body dir=\"auto\">\n",
        escaped(&card.language),
        escaped(&card.title),
    );
    let mut add = |text: &str| {
        html.push_str(text);
        html.push('\n');
    };
    add(&format!("<h1>{}</h1>", escaped(&card.title)));
    add(&format!("<p class=\"sub\">{}</p>", escaped(&card.subtitle)));
    add(&format!(
        "<p class=\"key\">{}<br><code>{}</code></p>",
        escaped(&card.key),
        // The two spaces in its middle stay.
        escaped(&card.fingerprint)
    ));
    add("<div class=\"two\">\n<div>");
    for section in &card.about {
        paragraphs(section, &mut add);
    }
    add("</div>\n<div>");
    paragraphs(&card.call, &mut add);
    let many = if card.names.len() > MANY { " many" } else { "" };
    add(&format!("<table class=\"names{many}\">"));
    for name in &card.names {
        add(&format!(
            "<tr><th>{}</th><td></td></tr>",
            escaped(name.as_str())
        ));
    }
    add("</table>");
    for line in &card.contact {
        add(&format!("<p>{}</p>", escaped(line)));
    }
    add("</div>\n</div>");
    points(&card.worst, "worst", "ol", &mut add);
    points(&card.never, "never", "ul", &mut add);
    add("<div class=\"cases\">");
    for section in &card.cases {
        add("<div>");
        paragraphs(section, &mut add);
        add("</div>");
    }
    add("</div>");
    add(&format!("<footer>{}</footer>", escaped(&card.footer)));
    html.push_str("</body>\n</html>\n");
    html
}

/// From so many names on the rows are lower.
const MANY: usize = 7;

fn paragraphs(section: &Section, add: &mut impl FnMut(&str)) {
    add(&format!("<h2>{}</h2>", escaped(&section.title)));
    for line in &section.lines {
        add(&format!("<p>{}</p>", escaped(line)));
    }
}

fn points(section: &Section, class: &str, list: &str, add: &mut impl FnMut(&str)) {
    add(&format!("<section class=\"{class}\">"));
    add(&format!("<h2>{}</h2>\n<{list}>", escaped(&section.title)));
    for line in &section.lines {
        add(&format!("<li>{}</li>", escaped(line)));
    }
    add(&format!("</{list}>\n</section>"));
}

/// Text for a place between tags or in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::name::Name;

    /// Everything that a page is made of is hostile.
    fn hostile() -> Card {
        let evil = || "</style><script>alert(1)</script>\" onload='x' &amp; {holder}".to_owned();
        let section = || Section {
            title: evil(),
            lines: vec![evil(), evil()],
        };
        Card {
            language: evil(),
            title: evil(),
            subtitle: evil(),
            key: evil(),
            fingerprint: evil(),
            about: vec![section()],
            call: section(),
            names: vec![Name::parse("ben").unwrap()],
            contact: vec![evil()],
            worst: section(),
            never: section(),
            cases: vec![section()],
            footer: evil(),
        }
    }

    #[test]
    fn nothing_that_is_filled_in_becomes_markup() {
        let page = page(&hostile());
        assert!(!page.contains("<script") && !page.contains("onload='"));
        assert_eq!(page.matches("</style>").count(), 1);
        // Every tag is one of ours.
        for tag in page.split('<').skip(1) {
            let name: String = tag
                .trim_start_matches('/')
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            let ours = [
                "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "br", "code",
                "div", "table", "tr", "th", "td", "section", "ol", "ul", "li", "footer", "",
            ];
            assert!(ours.contains(&name.as_str()), "<{name}");
        }
    }

    #[test]
    fn the_page_fetches_nothing() {
        let page = page(&hostile());
        for fetching in ["src=", "href=", "url(", "@import", "http:", "https:"] {
            assert!(!page.contains(fetching), "{fetching}");
        }
    }
}
