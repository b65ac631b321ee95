//! A resource of the template: its kind and its properties.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use super::{Scope, TemplateError};

/// What becomes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Lambda function.
    Function,
    /// The HTTP API.
    HttpApi,
    /// A DynamoDB table.
    Table,
    /// An SQS queue.
    Queue,
    /// A Secrets Manager secret.
    Secret,
    /// Known, and without a counterpart here: log groups, alarms, the dashboard.
    NotRun,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "AWS::Serverless::Function" => Self::Function,
            "AWS::Serverless::HttpApi" => Self::HttpApi,
            "AWS::DynamoDB::Table" => Self::Table,
            "AWS::SQS::Queue" => Self::Queue,
            "AWS::SecretsManager::Secret" => Self::Secret,
            "AWS::Logs::LogGroup" | "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::Dashboard" => Self::NotRun,
            _ => return None,
        })
    }
}

/// A resource with its properties as they are written.
#[derive(Debug)]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// What becomes of it.
    pub kind: Kind,
    pub(super) properties: BTreeMap<String, Yaml>,
}

impl Resource {
    /// The names of its properties.
    pub fn property_names(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// One property, resolved.
    ///
    /// # Errors
    /// When the property refers to something that does not run.
    pub fn property(&self, name: &str, scope: &Scope) -> Result<Option<Json>, TemplateError> {
        self.properties
            .get(name)
            .map(|value| scope.resolve(value).map_err(|source| TemplateError::Unresolved { at: self.at(name), source }))
            .transpose()
    }

    /// One property, resolved and read as a type that knows each of its parts.
    ///
    /// # Errors
    /// When it cannot be resolved, or is not of that type.
    pub fn read<T: for<'a> Deserialize<'a>>(&self, name: &str, scope: &Scope) -> Result<Option<T>, TemplateError> {
        self.property(name, scope)?
            .map(|value| {
                serde_json::from_value(value).map_err(|source| TemplateError::Malformed { at: self.at(name), source })
            })
            .transpose()
    }

    /// Fails if there is a property that is not among `known`.
    ///
    /// # Errors
    /// [`TemplateError::NotSupported`]
    pub fn only(&self, known: &[&str]) -> Result<(), TemplateError> {
        match self.property_names().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(TemplateError::NotSupported { at: self.logical_id.clone(), what: name.to_owned() }),
        }
    }

    fn at(&self, property: &str) -> String {
        format!("{}.{property}", self.logical_id)
    }
}
