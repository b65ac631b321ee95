//! Evaluates the intrinsic functions of `CloudFormation`.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_norway::{Value as Yaml, value::TaggedValue};

use super::conditions::Conditions;

/// The region of all local resources.
pub const REGION: &str = "us-east-1";

/// The account of all local resources. The embedded services use the same one.
pub const ACCOUNT: &str = "123456789012";

/// The name of no value at all: a property with it is left out.
const NO_VALUE: &str = "AWS::NoValue";

/// Why a value cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("!Ref {0}: no parameter with a default and no running resource has this name")]
    UnknownReference(String),
    #[error("!GetAtt {0}: no running resource has this attribute")]
    UnknownAttribute(String),
    #[error("there is no condition {0}")]
    UnknownCondition(String),
    #[error("the local stack cannot evaluate {0}")]
    UnknownFunction(String),
    #[error("the argument of {0} is malformed")]
    Malformed(String),
}

/// The values of names: parameters, pseudo parameters, and the resources that run so far.
#[derive(Debug, Clone)]
pub struct Scope {
    references: BTreeMap<String, Json>,
    attributes: BTreeMap<String, String>,
    conditions: Conditions,
}

impl Scope {
    /// The scope before any resource runs.
    #[must_use]
    pub fn new(parameters: &BTreeMap<String, Json>) -> Self {
        let pseudo = [
            ("AWS::AccountId", ACCOUNT),
            ("AWS::Partition", "aws"),
            ("AWS::Region", REGION),
            ("AWS::StackName", "local"),
        ];
        let pseudo = pseudo.map(|(name, value)| (name.to_owned(), Json::from(value)));
        Self {
            references: parameters.clone().into_iter().chain(pseudo).collect(),
            attributes: BTreeMap::new(),
            conditions: Conditions::default(),
        }
    }

    /// The scope with the conditions that `!If` may name.
    #[must_use]
    pub fn with_conditions(self, conditions: Conditions) -> Self {
        Self { conditions, ..self }
    }

    /// Records that a resource runs, with the values that `!Ref` and `!GetAtt` return for it.
    pub fn runs(&mut self, logical_id: &str, reference: &str, attributes: &[(&str, &str)]) {
        self.references.insert(logical_id.to_owned(), Json::from(reference));
        for (name, value) in attributes {
            self.attributes.insert(format!("{logical_id}.{name}"), (*value).to_owned());
        }
    }

    /// The value that `!Ref` returns.
    #[must_use]
    pub fn reference(&self, name: &str) -> Option<&str> {
        self.references.get(name)?.as_str()
    }

    /// The value that `!GetAtt` returns for `Resource.Attribute`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The value with all its intrinsic functions evaluated.
    ///
    /// # Errors
    /// If a function or a name is not known, or the value is `AWS::NoValue`.
    pub fn resolve(&self, value: &Yaml) -> Result<Json, ResolveError> {
        self.resolve_if_any(value)?.ok_or_else(|| ResolveError::UnknownReference(NO_VALUE.to_owned()))
    }

    /// The value with all its intrinsic functions evaluated. `None` if it is `AWS::NoValue`, which
    /// also leaves out members of lists and mappings.
    ///
    /// # Errors
    /// If a function or a name is not known.
    pub fn resolve_if_any(&self, value: &Yaml) -> Result<Option<Json>, ResolveError> {
        Ok(Some(match value {
            Yaml::Null => Json::Null,
            Yaml::Bool(value) => Json::from(*value),
            Yaml::String(value) => Json::from(value.as_str()),
            Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Json::from(integer),
                (None, Some(float)) => Json::from(float),
                (None, None) => return Err(ResolveError::Malformed(number.to_string())),
            },
            Yaml::Sequence(values) => {
                values.iter().filter_map(|value| self.resolve_if_any(value).transpose()).collect::<Result<_, _>>()?
            }
            Yaml::Mapping(mapping) => {
                let members = mapping.iter().map(|(key, value)| match key.as_str() {
                    // The template uses only the short form, such as `!Ref`.
                    Some(key) if key == "Ref" || key.starts_with("Fn::") => {
                        Err(ResolveError::UnknownFunction(key.to_owned()))
                    }
                    Some(key) => Ok(self.resolve_if_any(value)?.map(|value| (key.to_owned(), value))),
                    None => Err(ResolveError::Malformed("a mapping".to_owned())),
                });
                let members = members.filter_map(Result::transpose).collect::<Result<serde_json::Map<_, _>, _>>()?;
                Json::Object(members)
            }
            Yaml::Tagged(tagged) => return self.evaluate(tagged),
        }))
    }

    fn evaluate(&self, TaggedValue { tag, value }: &TaggedValue) -> Result<Option<Json>, ResolveError> {
        let function = tag.to_string();
        let malformed = || ResolveError::Malformed(function.clone());
        let argument = || value.as_str().ok_or_else(malformed);
        match function.as_str() {
            "!Ref" if argument()? == NO_VALUE => Ok(None),
            "!Ref" => self.named(argument()?).map(Some),
            "!GetAtt" => self.got(argument()?).map(|value| Some(Json::from(value))),
            "!Sub" => self.substitute(argument()?).map(|value| Some(Json::from(value))),
            "!If" => {
                let [condition, then, or_else] = value.as_sequence().map(Vec::as_slice).unwrap_or_default() else {
                    return Err(malformed());
                };
                let holds = self.conditions.holds(condition.as_str().ok_or_else(malformed)?)?;
                // The other branch may refer to something that does not run.
                self.resolve_if_any(if holds { then } else { or_else })
            }
            _ => Err(ResolveError::UnknownFunction(function)),
        }
    }

    fn named(&self, name: &str) -> Result<Json, ResolveError> {
        self.references.get(name).cloned().ok_or_else(|| ResolveError::UnknownReference(name.to_owned()))
    }

    fn got(&self, name: &str) -> Result<&str, ResolveError> {
        self.attribute(name).ok_or_else(|| ResolveError::UnknownAttribute(name.to_owned()))
    }

    /// Replaces `${Name}` and `${Name.Attribute}`. `${!literal}` becomes `${literal}`.
    fn substitute(&self, text: &str) -> Result<String, ResolveError> {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| ResolveError::Malformed("!Sub".to_owned()))?;
            result.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
            } else if name.contains('.') {
                result.push_str(self.got(name)?);
            } else {
                match self.named(name)? {
                    Json::String(value) => result.push_str(&value),
                    value => result.push_str(&value.to_string()),
                }
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolve(text: &str) -> Result<Json, ResolveError> {
        let mut scope = Scope::new(&BTreeMap::from([("Days".to_owned(), json!(30))]));
        scope.runs("Queue", "https://queue", &[("Arn", "arn:queue")]);
        scope.resolve(&serde_norway::from_str(text).unwrap())
    }

    #[test]
    fn references_and_attributes_are_replaced_at_any_depth() {
        let text = "{a: [!Ref Queue, !Ref Days], b: {c: !GetAtt Queue.Arn}, d: [1, 1.5, true, null]}";
        assert_eq!(
            resolve(text),
            Ok(json!({"a": ["https://queue", 30], "b": {"c": "arn:queue"}, "d": [1, 1.5, true, null]}))
        );
    }

    #[test]
    fn sub_replaces_names_attributes_and_pseudo_parameters() {
        assert_eq!(
            resolve("!Sub '${Queue.Arn}/x/${Days}/${AWS::Region}/${!kept}/$'"),
            Ok(json!("arn:queue/x/30/us-east-1/${kept}/$"))
        );
        assert_eq!(resolve("!Sub 'a ${Queue'"), Err(ResolveError::Malformed("!Sub".to_owned())));
    }

    #[test]
    fn a_condition_chooses_and_no_value_is_left_out() {
        let declared = serde_norway::from_str("{Yes: !Equals [a, a], No: !Equals [a, b]}").unwrap();
        let scope = Scope::new(&BTreeMap::new());
        let scope = scope.with_conditions(Conditions::new(declared, &BTreeMap::new()));
        let resolve = |text: &str| scope.resolve_if_any(&serde_norway::from_str(text).unwrap());
        assert_eq!(resolve("!If [Yes, 1, !Ref Nobody]"), Ok(Some(json!(1))));
        assert_eq!(resolve("!If [No, 1, !Ref 'AWS::NoValue']"), Ok(None));
        let text = "{a: !If [No, 1, !Ref 'AWS::NoValue'], b: [!If [No, 1, !Ref 'AWS::NoValue'], 2]}";
        assert_eq!(resolve(text), Ok(Some(json!({ "b": [2] }))));
        assert_eq!(resolve("!If [Nobody, 1, 2]"), Err(ResolveError::UnknownCondition("Nobody".to_owned())));
        assert_eq!(resolve("!If [Yes, 1]"), Err(ResolveError::Malformed("!If".to_owned())));
    }

    #[test]
    fn unknown_names_and_functions_are_errors() {
        assert_eq!(resolve("!Ref Nobody"), Err(ResolveError::UnknownReference("Nobody".to_owned())));
        assert_eq!(resolve("!GetAtt Queue.Size"), Err(ResolveError::UnknownAttribute("Queue.Size".to_owned())));
        assert_eq!(resolve("!ImportValue x"), Err(ResolveError::UnknownFunction("!ImportValue".to_owned())));
        assert_eq!(resolve("{'Fn::Join': []}"), Err(ResolveError::UnknownFunction("Fn::Join".to_owned())));
    }
}
