//! Works out what the intrinsic functions of `CloudFormation` stand for.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_norway::{Value as Yaml, value::TaggedValue};

/// The region that everything claims to be in.
pub const REGION: &str = "us-east-1";

/// The account that everything claims to belong to: the one of the embedded services.
pub const ACCOUNT: &str = "123456789012";

/// Why a value cannot be worked out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Neither a parameter with a default nor a resource that runs.
    #[error("!Ref {0}: no parameter with a default and no running resource has this name")]
    UnknownReference(String),
    /// Not an attribute of a resource that runs.
    #[error("!GetAtt {0}: no running resource has this attribute")]
    UnknownAttribute(String),
    /// A function of `CloudFormation` that is not evaluated here.
    #[error("{0} is not evaluated by the local stack")]
    UnknownFunction(String),
    /// A function whose argument makes no sense.
    #[error("the argument of {0} is malformed")]
    Malformed(String),
}

/// What names stand for: parameters, pseudo parameters, and the resources that run so far.
#[derive(Debug, Clone)]
pub struct Scope {
    references: BTreeMap<String, Json>,
    attributes: BTreeMap<String, String>,
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
        Self { references: parameters.clone().into_iter().chain(pseudo).collect(), attributes: BTreeMap::new() }
    }

    /// A resource runs: what `!Ref` and `!GetAtt` say of it from now on.
    pub fn runs(&mut self, logical_id: &str, reference: &str, attributes: &[(&str, &str)]) {
        self.references.insert(logical_id.to_owned(), Json::from(reference));
        for (name, value) in attributes {
            self.attributes.insert(format!("{logical_id}.{name}"), (*value).to_owned());
        }
    }

    /// What `!Ref` says.
    #[must_use]
    pub fn reference(&self, name: &str) -> Option<&str> {
        self.references.get(name)?.as_str()
    }

    /// What `!GetAtt` says; `name` is written as in the template, `Resource.Attribute`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// A value without any intrinsic function left in it.
    ///
    /// # Errors
    /// When a function or a name is not known: a guess would make a stack that differs from the deployed one.
    pub fn resolve(&self, value: &Yaml) -> Result<Json, ResolveError> {
        match value {
            Yaml::Null => Ok(Json::Null),
            Yaml::Bool(value) => Ok(Json::from(*value)),
            Yaml::String(value) => Ok(Json::from(value.as_str())),
            Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Ok(Json::from(integer)),
                (None, Some(float)) => Ok(Json::from(float)),
                (None, None) => Err(ResolveError::Malformed(number.to_string())),
            },
            Yaml::Sequence(values) => values.iter().map(|value| self.resolve(value)).collect(),
            Yaml::Mapping(mapping) => mapping
                .iter()
                .map(|(key, value)| match key.as_str() {
                    // The long form; the template writes the short one.
                    Some(key) if key == "Ref" || key.starts_with("Fn::") => {
                        Err(ResolveError::UnknownFunction(key.to_owned()))
                    }
                    Some(key) => Ok((key.to_owned(), self.resolve(value)?)),
                    None => Err(ResolveError::Malformed("a mapping".to_owned())),
                })
                .collect::<Result<serde_json::Map<_, _>, _>>()
                .map(Json::Object),
            Yaml::Tagged(tagged) => self.evaluate(tagged),
        }
    }

    fn evaluate(&self, TaggedValue { tag, value }: &TaggedValue) -> Result<Json, ResolveError> {
        let function = tag.to_string();
        let argument = || value.as_str().ok_or_else(|| ResolveError::Malformed(function.clone()));
        match function.as_str() {
            "!Ref" => self.named(argument()?),
            "!GetAtt" => self.got(argument()?).map(Json::from),
            "!Sub" => self.substitute(argument()?).map(Json::from),
            _ => Err(ResolveError::UnknownFunction(function)),
        }
    }

    fn named(&self, name: &str) -> Result<Json, ResolveError> {
        self.references.get(name).cloned().ok_or_else(|| ResolveError::UnknownReference(name.to_owned()))
    }

    fn got(&self, name: &str) -> Result<&str, ResolveError> {
        self.attribute(name).ok_or_else(|| ResolveError::UnknownAttribute(name.to_owned()))
    }

    /// Replaces `${Name}` and `${Name.Attribute}`; `${!literal}` stands for `${literal}`.
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
    fn what_is_not_known_fails() {
        assert_eq!(resolve("!Ref Nobody"), Err(ResolveError::UnknownReference("Nobody".to_owned())));
        assert_eq!(resolve("!GetAtt Queue.Size"), Err(ResolveError::UnknownAttribute("Queue.Size".to_owned())));
        assert_eq!(resolve("!ImportValue x"), Err(ResolveError::UnknownFunction("!ImportValue".to_owned())));
        assert_eq!(resolve("{'Fn::Join': []}"), Err(ResolveError::UnknownFunction("Fn::Join".to_owned())));
    }
}
