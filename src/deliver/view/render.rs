//! Renders the templates of messages, wrapped to the width of a mail program.

use std::sync::LazyLock;

use minijinja::{Environment, Error, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use super::View;
use crate::text::wrapped;

/// A template; all of them take a [`View`] and the name of the subscription.
#[derive(Clone, Copy, Debug)]
pub(in crate::deliver) enum Template {
    /// The text part of an e-mail.
    EmailText,
    /// The HTML part of an e-mail; its values are escaped.
    EmailHtml,
}

/// What a template shows.
#[derive(Serialize)]
struct Mail<'a> {
    /// The name of the subscription that sends it.
    subscription: &'a str,
    #[serde(flatten)]
    view: &'a View,
}

/// The columns that text is wrapped to: what a mail program shows without wrapping again.
const WIDTH: usize = 76;

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    templates.set_syntax(syntax.build().expect("the usual delimiters"));
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.add_filter("wrap", wrap);
    for (name, source) in
        [("email.txt", include_str!("templates/email.txt")), ("email.html", include_str!("templates/email.html"))]
    {
        templates.add_template(name, source).expect("the templates are compiled in and tested");
    }
    templates
});

impl Template {
    /// Renders the view of a message of a subscription.
    ///
    /// # Errors
    /// The template is broken, which a test rules out.
    pub fn render(self, view: &View, subscription: &str) -> Result<String, Error> {
        let name = match self {
            Self::EmailText => "email.txt",
            Self::EmailHtml => "email.html",
        };
        TEMPLATES.get_template(name)?.render(Serde(&Mail { subscription, view }))
    }
}

/// Breaks text between words so that no line is longer than [`WIDTH`] if possible. The template has indented the first
/// line already.
#[expect(clippy::needless_pass_by_value, reason = "minijinja's filters take what they are given")]
fn wrap(text: String, indent: usize) -> String {
    wrapped(&text, WIDTH, &" ".repeat(indent)).join("\n").trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::{Message, samples},
        model::{Alert, AlertKind, AlertStatus, Severity},
    };

    fn render(template: Template, message: &Message) -> String {
        template.render(&View::of(message), "security-team").unwrap()
    }

    /// A campaign, an outage: alerts that are not about one release.
    fn campaign() -> Message {
        let mut alert = samples::takeover();
        alert.kind = AlertKind::Campaign;
        alert.severity = Severity::Critical;
        alert.title = "2 releases by jasonsaayman within 4 minutes".to_owned();
        (alert.purl, alert.published_at) = (None, None);
        alert.members = vec!["pkg:npm/axios@1.14.1".parse().unwrap(), "pkg:npm/axios@0.30.4".parse().unwrap()];
        alert.signals.truncate(1);
        samples::message(alert)
    }

    #[test]
    fn a_takeover_as_text() {
        insta::assert_snapshot!(render(Template::EmailText, &samples::message(samples::takeover())));
    }

    #[test]
    fn a_takeover_as_html() {
        insta::assert_snapshot!(render(Template::EmailHtml, &samples::message(samples::takeover())));
    }

    #[test]
    fn a_takeover_that_was_withdrawn_as_text() {
        insta::assert_snapshot!(render(Template::EmailText, &samples::message(samples::withdrawn())));
    }

    #[test]
    fn what_became_of_a_takeover_is_told_in_every_form() {
        let told = samples::message(samples::withdrawn());
        for template in [Template::EmailText, Template::EmailHtml] {
            let text = render(template, &told);
            for said in [
                "a tag appeared later, which proves nothing",
                "It was removed",
                "acknowledged by ada at",
                "(withdrawn)",
            ] {
                assert!(text.contains(said), "{template:?}: {said} in {text}");
            }
        }
        let ended = Alert { status: AlertStatus::Resolved, ..samples::takeover() };
        assert!(View::of(&samples::message(ended)).subject().starts_with("RESOLVED HIGH "));
    }

    #[test]
    fn repetitions_of_a_takeover_are_told() {
        for template in [Template::EmailText, Template::EmailHtml] {
            let text = render(template, &samples::message(samples::repeated()));
            assert!(text.contains("by 2 later releases; the newest is 1.14.3, published"), "{template:?}: {text}");
            assert!(!render(template, &samples::message(samples::takeover())).contains("Repeated"), "{template:?}");
        }
    }

    #[test]
    fn who_uses_the_package_is_told() {
        for template in [Template::EmailText, Template::EmailHtml] {
            let text = render(template, &samples::message(samples::used()));
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for said in [
                "2 projects, 1 of them this release: shop (payments) locks 1.14.1 directly (required, since 2026-03-01);",
                "acme-desk (vendor) locks 1.14.0 through express@4.18.2",
            ] {
                assert!(text.contains(said), "{template:?}: {said} in {text}");
            }
            assert!(!render(template, &samples::message(samples::takeover())).contains("Used by"), "{template:?}");
        }
    }

    #[test]
    fn a_campaign_as_text() {
        insta::assert_snapshot!(render(Template::EmailText, &campaign()));
    }

    #[test]
    fn a_campaign_of_three_as_text() {
        insta::assert_snapshot!(render(Template::EmailText, &samples::message(samples::campaign(3, 3))));
    }

    #[test]
    fn a_campaign_that_grew_as_text() {
        insta::assert_snapshot!(render(Template::EmailText, &samples::message(samples::campaign(3, 1))));
    }

    #[test]
    fn a_campaign_of_sixty_as_text() {
        insta::assert_snapshot!(render(Template::EmailText, &samples::message(samples::campaign(60, 60))));
    }

    #[test]
    fn a_campaign_of_three_as_html() {
        insta::assert_snapshot!(render(Template::EmailHtml, &samples::message(samples::campaign(3, 1))));
    }

    #[test]
    fn every_member_of_a_campaign_is_named() {
        for (members, new) in [(3, 3), (60, 60), (60, 1), (1_000, 1_000), (1_003, 3)] {
            let campaign = samples::campaign(members, new);
            for template in [Template::EmailText, Template::EmailHtml] {
                let text = render(template, &samples::message(campaign.clone()));
                let named =
                    campaign.member_details.iter().filter(|member| text.contains(&member.alert.to_string())).count();
                assert_eq!(named, members.min(1_000), "{template:?} {members}");
                let more = format!("{} more; all of them", members - named);
                assert!(named == members || text.contains(&more), "{template:?} {members}");
                assert_eq!(
                    text.matches("NEW ").count(),
                    if new == members { 0 } else { new },
                    "{template:?} {members}"
                );
                assert!(text.len() < 3_000 * members + 12_000, "{template:?}: {}", text.len());
            }
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        stays_text(&samples::message(samples::hostile()), 135_000);
        stays_text(&samples::message(samples::hostile_campaign()), 700_000);
    }

    fn stays_text(message: &Message, limit: usize) {
        let html = render(Template::EmailHtml, message);
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
        assert!(html.contains("{{ 7*7 }}"), "values are not templates");
        for template in [Template::EmailText, Template::EmailHtml] {
            let text = render(template, message);
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{template:?}");
            assert!(!text.contains('\u{202e}') && !text.contains("javascript:"), "{template:?}");
            assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{template:?}");
            assert!(text.len() < limit, "{template:?}: {}", text.len());
        }
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrap("a b  c".to_owned(), 2), "a b c");
        let text = wrap("word ".repeat(40), 4);
        assert!(text.lines().skip(1).all(|line| line.starts_with("    word")), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(wrap("x".repeat(100), 0), "x".repeat(100));
    }
}
