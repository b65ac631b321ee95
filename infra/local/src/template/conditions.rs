//! The conditions of the template: what its parameters decide.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use super::resolve::{ResolveError, Scope};

/// The conditions by their names. They are evaluated when somebody asks: a nested stack gets its
/// parameters later.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    declared: BTreeMap<String, Yaml>,
    parameters: BTreeMap<String, Json>,
}

impl Conditions {
    /// The section `Conditions` of a template with these parameters.
    #[must_use]
    pub fn new(declared: BTreeMap<String, Yaml>, parameters: &BTreeMap<String, Json>) -> Self {
        Self { declared, parameters: parameters.clone() }
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    /// If there is no such condition, or it uses a function or a parameter that is not known.
    pub fn holds(&self, name: &str) -> Result<bool, ResolveError> {
        let condition = self.declared.get(name).ok_or_else(|| ResolveError::UnknownCondition(name.to_owned()))?;
        holds(condition, &Scope::new(&self.parameters))
    }
}

fn holds(condition: &Yaml, scope: &Scope) -> Result<bool, ResolveError> {
    let Yaml::Tagged(tagged) = condition else { return Err(ResolveError::Malformed("a condition".to_owned())) };
    let function = tagged.tag.to_string();
    let malformed = || ResolveError::Malformed(function.clone());
    let arguments = tagged.value.as_sequence().ok_or_else(malformed)?;
    match (function.as_str(), arguments.as_slice()) {
        ("!Equals", [left, right]) => Ok(text(&scope.resolve(left)?) == text(&scope.resolve(right)?)),
        ("!Not", [inner]) => Ok(!holds(inner, scope)?),
        ("!Equals" | "!Not", _) => Err(malformed()),
        _ => Err(ResolveError::UnknownFunction(function)),
    }
}

/// `CloudFormation` compares texts: the number 5 equals "5".
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conditions(text: &str) -> Conditions {
        let parameters = [("Limit".to_owned(), json!(5)), ("Topic".to_owned(), json!(""))].into();
        Conditions::new(serde_norway::from_str(text).unwrap(), &parameters)
    }

    #[test]
    fn parameters_are_compared_as_texts() {
        let conditions = conditions("{A: !Equals [!Ref Limit, '5'], B: !Not [!Equals [!Ref Topic, '']]}");
        assert_eq!((conditions.holds("A"), conditions.holds("B")), (Ok(true), Ok(false)));
        assert_eq!(conditions.holds("C"), Err(ResolveError::UnknownCondition("C".to_owned())));
    }

    #[test]
    fn other_functions_are_refused() {
        for text in ["{A: !Or [!Equals [a, a]]}", "{A: !Equals [a]}", "{A: !Equals [!Ref Nobody, a]}", "{A: yes}"] {
            assert!(conditions(text).holds("A").is_err(), "{text}");
        }
    }
}
