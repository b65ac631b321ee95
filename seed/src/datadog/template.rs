//! The payloads that customers type into Datadog's webhooks: JSON with `$VARIABLES`.

use serde_json::Value;

use crate::company::Template;

pub const fn text(template: Template) -> &'static str {
    match template {
        Template::Published => include_str!("../../data/datadog/published.json"),
        Template::Default => include_str!("../../data/datadog/default.json"),
        Template::Inherited => include_str!("../../data/datadog/inherited.json"),
    }
}

/// Replaces each variable by its value, escaped for a JSON string.
pub fn fill(template: &str, value_of: impl Fn(&str) -> String) -> String {
    let mut parts = template.split('$');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |character: char| character.is_ascii_uppercase() || character == '_';
        let (name, rest) = part.split_at(part.find(|character| !is_name(character)).unwrap_or(part.len()));
        let quoted = Value::String(value_of(name)).to_string();
        filled.push_str(&quoted[1..quoted.len() - 1]);
        filled.push_str(rest);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_may_hold_a_dollar_sign() {
        let filled = fill(r#"{"a":"$A_B","c":"$C, $A_B"}"#, |name| format!("<{name}> \"5 $X\"\n"));
        let json: Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(json["a"], "<A_B> \"5 $X\"\n");
        assert_eq!(json["c"], "<C> \"5 $X\"\n, <A_B> \"5 $X\"\n");
    }
}
