//! A resource of the template: its kind and its properties.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use super::{error::TemplateError, resolve::Scope};

/// How the local stack runs a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Function,
    HttpApi,
    Table,
    Queue,
    Secret,
    Role,
    NestedStack,
    /// Logs, alarms, the dashboard, topics and domain names have no local counterpart.
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
            "AWS::CloudFormation::Stack" => Self::NestedStack,
            "AWS::IAM::Role" => Self::Role,
            "AWS::ApiGatewayV2::ApiMapping"
            | "AWS::ApiGatewayV2::DomainName"
            | "AWS::CloudFormation::WaitConditionHandle"
            | "AWS::CloudWatch::Alarm"
            | "AWS::CloudWatch::Dashboard"
            | "AWS::Logs::LogGroup"
            | "AWS::Logs::MetricFilter"
            | "AWS::SNS::Topic" => Self::NotRun,
            _ => return None,
        })
    }
}

/// A resource with its properties as they stand in the template.
#[derive(Debug)]
pub struct Resource {
    /// The name in the template.
    pub logical_id: String,
    pub kind: Kind,
    /// Whether its condition holds.
    pub(super) is_declared: bool,
    pub(super) properties: BTreeMap<String, Yaml>,
}

impl Resource {
    /// Whether its condition holds.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.is_declared
    }

    /// The names of the properties.
    pub fn property_names(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// The resolved value of one property. `None` also if it is `AWS::NoValue`.
    ///
    /// # Errors
    /// If the property refers to something that does not run.
    pub fn property(&self, name: &str, scope: &Scope) -> Result<Option<Json>, TemplateError> {
        let Some(value) = self.properties.get(name) else { return Ok(None) };
        scope.resolve_if_any(value).map_err(|source| TemplateError::Unresolved { at: self.at(name), source })
    }

    /// The resolved value of one property, as a type that declares each of its parts.
    ///
    /// # Errors
    /// If the value cannot be resolved, or is not of that type.
    pub fn read<T: for<'a> Deserialize<'a>>(&self, name: &str, scope: &Scope) -> Result<Option<T>, TemplateError> {
        self.property(name, scope)?.map(|value| self.parsed(name, value)).transpose()
    }

    /// A value that stands elsewhere, such as in `Globals`, resolved and read like the property.
    ///
    /// # Errors
    /// Like [`Self::read`].
    pub(super) fn read_value<T: for<'a> Deserialize<'a>>(
        &self,
        name: &str,
        value: &Yaml,
        scope: &Scope,
    ) -> Result<T, TemplateError> {
        let value = scope.resolve(value).map_err(|source| TemplateError::Unresolved { at: self.at(name), source })?;
        self.parsed(name, value)
    }

    fn parsed<T: for<'a> Deserialize<'a>>(&self, name: &str, value: Json) -> Result<T, TemplateError> {
        serde_json::from_value(value).map_err(|source| TemplateError::Malformed { at: self.at(name), source })
    }

    /// Fails if the resource has a property that is not in `known`.
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
