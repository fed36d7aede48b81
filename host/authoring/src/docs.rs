//! A plugin's page, in Markdown, from what it says of itself: its configuration as a table, what it asks for and why, and a
//! step that can be copied. Nothing of it is written by hand, so that it cannot be out of date.

use lockgate_model::call::Kind;
use lockgate_model::catalog::{AdvisedEffect, Ask, Descriptor};

use crate::text::{code, inline};

mod example;
mod schema;

use schema::Key;

/// Where the example takes the plugin from when nobody says where it is.
const EXAMPLE_PREFIX: &str = "registry.example/you/";

/// The page of a plugin. `reference` is where pipelines take it from. The plugin's own documentation comes last, and is taken
/// over as it is, but with its headings one level down: it is Markdown of the plugin's author, as trustworthy as that.
#[must_use]
pub fn markdown(descriptor: &Descriptor, kind: Kind, reference: Option<&str>) -> String {
    let keys = schema::keys(&descriptor.config_schema);
    let own = format!("{EXAMPLE_PREFIX}{}:{}", descriptor.name, descriptor.version);
    let example = example::yaml(descriptor, kind, reference.unwrap_or(&own));
    let mut page = vec![
        format!("# {}", inline(&descriptor.name)),
        inline(&descriptor.summary),
        facts(descriptor, kind),
        format!("## Example\n\n```yaml\n{example}```"),
        format!("## Configuration\n\n{}", configuration(&keys)),
        format!("## What it asks for\n\n{}", asks(&descriptor.asks)),
    ];
    page.extend(descriptor.documentation.as_deref().map(own_words));
    page.retain(|part| !part.is_empty());
    page.join("\n\n") + "\n"
}

/// The part of a pipeline that uses the plugin: the smallest one that its schema lets pass, as YAML.
#[must_use]
pub fn example(descriptor: &Descriptor, kind: Kind, reference: &str) -> String {
    example::yaml(descriptor, kind, reference)
}

fn facts(descriptor: &Descriptor, kind: Kind) -> String {
    let reach = match kind {
        kind if kind.is_pure() => "it is given values, answers with a value, and reaches nothing",
        Kind::Scanner => "it reads the workspace, and reaches nothing else",
        _ => "it reaches what it asks for and is granted",
    };
    let effect = match descriptor.effect {
        AdvisedEffect::Pure => "a second call does nothing to the world",
        AdvisedEffect::Idempotent => "a second call does nothing new (`effect: idempotent`)",
        AdvisedEffect::Once => "a second call may do harm (`effect: once`)",
    };
    format!("Version {}. Kind: `{kind}`; {reach}. By its author's advice, {effect}.", code(&descriptor.version))
}

fn configuration(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "There is nothing to configure.".to_owned();
    }
    let row = |key: &Key| {
        let Key { path, form, default, description } = key;
        format!("| {} | {form} | {} | {} |", code(path), default.cell(), inline(description))
    };
    let rows: Vec<String> = keys.iter().map(row).collect();
    format!("| key | type | default | meaning |\n| --- | --- | --- | --- |\n{}", rows.join("\n"))
}

fn asks(asks: &[Ask]) -> String {
    if asks.is_empty() {
        return "Nothing. It can do its work without any grant.".to_owned();
    }
    let row = |ask: &Ask| {
        let needed = if ask.optional { "no" } else { "yes" };
        format!("| {} | {} | {needed} | {} |", code(&ask.kind), code(&ask.pattern), inline(&ask.reason))
    };
    let rows: Vec<String> = asks.iter().map(row).collect();
    format!(
        "A step gets what is asked for here and granted there, and nothing else.\n\n\
         | grant | of what | needed | why |\n| --- | --- | --- | --- |\n{}",
        rows.join("\n")
    )
}

/// The plugin's documentation below this page's title: its own title is left out, its headings are one level lower. Fenced code
/// stays as it is.
fn own_words(documentation: &str) -> String {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in documentation.lines() {
        fenced ^= line.trim_start().starts_with("```");
        match line.strip_prefix("# ") {
            Some(_) if !fenced => {}
            _ if !fenced && line.starts_with("##") => lines.push(format!("#{line}")),
            _ => lines.push(line.to_owned()),
        }
    }
    let text = lines.join("\n");
    if text.trim().is_empty() { String::new() } else { format!("## In its author's words\n\n{}", text.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "x".to_owned(),
            version: "1.2.3".to_owned(),
            summary: "Does | <b>it</b>.".to_owned(),
            documentation: Some("# x\n\nWords.\n\n## More\n\n```sh\n# a comment\n```\n".to_owned()),
            config_schema: json!({"type": "object"}),
            asks: vec![],
            effect: AdvisedEffect::Once,
        }
    }

    #[test]
    fn a_plugin_without_keys_and_asks_says_so() {
        let page = markdown(&descriptor(), Kind::Notifier, None);
        assert!(page.starts_with("# x\n\nDoes \\| &lt;b>it&lt;/b>.\n\nVersion `1.2.3`. Kind: `notifier`;"), "{page}");
        assert!(page.contains("There is nothing to configure."), "{page}");
        assert!(page.contains("It can do its work without any grant."), "{page}");
    }

    #[test]
    fn the_authors_words_stand_below_the_pages_title() {
        let page = markdown(&descriptor(), Kind::Notifier, None);
        let end = "## In its author's words\n\nWords.\n\n### More\n\n```sh\n# a comment\n```\n";
        assert!(page.ends_with(end), "{page}");
        assert_eq!(own_words("# only a title"), "");
    }

    #[test]
    fn an_ask_cannot_break_out_of_its_row() {
        let ask = Ask { kind: "exec".into(), pattern: "a|b`".into(), reason: "so\n| that".into(), optional: true };
        let text = asks(&[ask]);
        assert!(text.ends_with("| `exec` | `` a\\|b` `` | no | so \\| that |"), "{text}");
    }
}
