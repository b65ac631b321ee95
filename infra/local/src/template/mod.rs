//! Reads `template.yaml`: the one description of the deployment.
//!
//! What a template may say is larger than what runs here. Everything that is not known is an error at the
//! start, so that a stack that starts is the stack that the template describes.

mod authorizers;
mod functions;
mod resolve;
mod resource;

pub use authorizers::Authorizer;
pub use functions::{FunctionResource, QueueTrigger};
pub use resolve::{ACCOUNT, REGION, ResolveError, Scope};
pub use resource::{Kind, Resource};

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_norway::Value as Yaml;

/// The template of this workspace, as it was when the program was built.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// What is wrong with the template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is not a template at all.
    #[error("template.yaml cannot be read: {0}")]
    Syntax(#[from] serde_norway::Error),
    /// A resource of a type that is neither run nor known to be left out.
    #[error("template.yaml: {logical_id} is a {kind}, which the local stack does not know")]
    UnknownType {
        /// The resource.
        logical_id: String,
        /// Its type.
        kind: String,
    },
    /// A value that cannot be worked out.
    #[error("template.yaml: {at}: {source}")]
    Unresolved {
        /// Where it stands.
        at: String,
        /// Why.
        source: ResolveError,
    },
    /// A resolved value of the wrong form, or with a property that is not known.
    #[error("template.yaml: {at}: {source}")]
    Malformed {
        /// Where it stands.
        at: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Something that would be left out in silence.
    #[error("template.yaml: {at}: the local stack does not know {what}")]
    NotSupported {
        /// Where it stands.
        at: String,
        /// What it is.
        what: String,
    },
}

/// The template, parsed, its resources in the order of their names.
#[derive(Debug)]
pub struct Template {
    /// What `!Ref` says for each parameter: its default.
    pub parameters: BTreeMap<String, Json>,
    /// The default timeout of functions in seconds.
    default_timeout: u64,
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    globals: Globals,
    resources: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    default: Option<Json>,
}

/// `Globals` may hold what changes a function's run in one place only: its timeout.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Globals {
    #[serde(default)]
    function: BTreeMap<String, Yaml>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    r#type: String,
    #[serde(default)]
    properties: BTreeMap<String, Yaml>,
}

impl Template {
    /// The template of this workspace.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn of_workspace() -> Result<Self, TemplateError> {
        Self::parse(TEMPLATE)
    }

    /// Parses a template.
    ///
    /// # Errors
    /// When it is no template, or has a resource whose type is not known.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let document: Document = serde_norway::from_str(text)?;
        for name in document.globals.function.keys() {
            if !functions::GLOBALS.contains(&name.as_str()) {
                return Err(TemplateError::NotSupported { at: "Globals.Function".to_owned(), what: name.clone() });
            }
        }
        let resources = document.resources.into_iter().map(|(logical_id, entry)| match Kind::of(&entry.r#type) {
            Some(kind) => Ok(Resource { logical_id, kind, properties: entry.properties }),
            None => Err(TemplateError::UnknownType { logical_id, kind: entry.r#type }),
        });
        Ok(Self {
            parameters: document
                .parameters
                .into_iter()
                .filter_map(|(name, parameter)| Some((name, parameter.default?)))
                .collect(),
            default_timeout: document.globals.function.get("Timeout").and_then(Yaml::as_u64).unwrap_or(3),
            resources: resources.collect::<Result<_, _>>()?,
        })
    }

    /// The resources of one kind.
    pub fn resources(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template of the workspace with everything that it declares running under made-up names.
    pub fn running() -> (Template, Scope) {
        let template = Template::of_workspace().unwrap();
        let mut scope = Scope::new(&template.parameters);
        for kind in [Kind::HttpApi, Kind::Table, Kind::Queue, Kind::Secret, Kind::Function] {
            for resource in template.resources(kind) {
                let id = &resource.logical_id;
                scope.runs(id, &format!("ref:{id}"), &[("Arn", &format!("arn:{id}"))]);
            }
        }
        (template, scope)
    }

    #[test]
    fn the_template_of_the_workspace_is_known_throughout() {
        let template = Template::of_workspace().unwrap();
        let ids = |kind| template.resources(kind).map(|resource| resource.logical_id.as_str()).collect::<Vec<_>>();

        assert_eq!(
            ids(Kind::Table),
            ["AlertsTable", "ClaimsTable", "CountsTable", "IncidentsTable", "QuarantineTable"]
        );
        assert_eq!(ids(Kind::Queue), ["AlertsDeadLetterQueue", "AlertsQueue"]);
        assert_eq!(ids(Kind::Secret), ["Secret"]);
        assert_eq!(ids(Kind::HttpApi), ["Api"]);
        assert_eq!(ids(Kind::Function).len(), 13);
    }

    #[test]
    fn a_resource_of_an_unknown_type_is_refused() {
        let error = Template::parse("Resources: {Topic: {Type: 'AWS::SNS::Topic'}}").unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: Topic is a AWS::SNS::Topic, which the local stack does not know");
    }

    #[test]
    fn globals_that_would_be_left_out_are_refused() {
        let text = "{Globals: {Function: {Environment: {Variables: {A: b}}}}, Resources: {}}";
        let error = Template::parse(text).unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: Globals.Function: the local stack does not know Environment");
    }
}
