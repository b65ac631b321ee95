//! The policy of a function, as the template declares it.

use std::fmt;

use serde::Deserialize;

/// An action on a resource, by its ARN: `dynamodb:Query` on `arn:…/index/by_created`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub action: String,
    pub resource: String,
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on {}", self.action, self.resource)
    }
}

/// A policy with `Allow` statements only. A wildcard matches nothing here, and a condition is an
/// error.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    #[serde(rename = "Version")]
    _version: String,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Effect")]
    _effect: Allow,
    action: OneOrMany,
    resource: OneOrMany,
}

/// A policy in a role, under its name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NamedPolicy {
    #[serde(rename = "PolicyName")]
    _policy_name: String,
    pub policy_document: Policy,
}

#[derive(Deserialize)]
enum Allow {
    Allow,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Policy {
    /// Each action on each resource that the policy allows, without those that only Lambda itself
    /// uses: the local stack writes no logs and no traces.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        let of_lambda =
            |permission: &Permission| ["logs:", "xray:"].iter().any(|service| permission.action.starts_with(service));
        self.all().filter(move |permission| !of_lambda(permission))
    }

    fn all(&self) -> impl Iterator<Item = Permission> + '_ {
        self.statement.iter().flat_map(|statement| {
            statement.action.all().iter().flat_map(move |action| {
                let on = move |resource: &String| Permission { action: action.clone(), resource: resource.clone() };
                statement.resource.all().iter().map(on)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statements_that_only_iam_can_evaluate_are_refused() {
        let statement = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ["a", "b"] });
        let policy = |statement: &serde_json::Value| {
            serde_json::from_value::<Policy>(json!({ "Version": "2012-10-17", "Statement": [statement] }))
        };
        let all: Vec<String> = policy(&statement).unwrap().permissions().map(|granted| granted.to_string()).collect();
        assert_eq!(all, ["sqs:SendMessage on a", "sqs:SendMessage on b"]);
        for (name, value) in [("Effect", json!("Deny")), ("Condition", json!({})), ("NotAction", json!("x"))] {
            let mut other = statement.clone();
            other[name] = value;
            assert!(policy(&other).is_err(), "{name}");
        }
    }
}
