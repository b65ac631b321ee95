//! The template as a whole: parameters, globals, resources and nested stacks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use super::{
    error::TemplateError,
    resource::{Kind, Resource},
};

/// The template of this workspace, as it was when the program was built.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// The nested stacks of the template by their `TemplateURL`.
const NESTED: [(&str, &str); 2] = [
    ("infra/alarms.yaml", include_str!("../../../alarms.yaml")),
    ("infra/dashboard.yaml", include_str!("../../../dashboard.yaml")),
];

/// The properties that `Globals.Function` may have. Only `Timeout` has an effect in one process.
const GLOBALS: [&str; 7] = ["Handler", "Runtime", "Architectures", "MemorySize", "Timeout", "Tracing", "LoggingConfig"];

/// The timeout of Lambda for functions that declare none, in seconds.
const DEFAULT_TIMEOUT: u64 = 3;

/// A parsed template. Its resources are ordered by name.
#[derive(Debug)]
pub struct Template {
    /// The value of each parameter, which is what `!Ref` returns: its default, unless it is set.
    pub parameters: BTreeMap<String, Json>,
    /// The timeout in seconds of functions that declare none.
    pub(super) default_timeout: u64,
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
    /// Like [`Template::parse`].
    pub fn of_workspace() -> Result<Self, TemplateError> {
        Self::parse(TEMPLATE)
    }

    /// Parses a template.
    ///
    /// # Errors
    /// If the text is no template, has a resource of an unknown type, or a nested stack with
    /// anything that the local stack would have to run.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let document: Document = serde_norway::from_str(text)?;
        for name in document.globals.function.keys() {
            if !GLOBALS.contains(&name.as_str()) {
                return Err(TemplateError::NotSupported { at: "Globals.Function".to_owned(), what: name.clone() });
            }
        }
        let resources = document.resources.into_iter().map(|(logical_id, entry)| {
            let Some(kind) = Kind::of(&entry.r#type) else {
                return Err(TemplateError::UnknownType { logical_id, kind: entry.r#type });
            };
            let resource = Resource { logical_id, kind, properties: entry.properties };
            if kind == Kind::NestedStack {
                check_nested(&resource)?;
            }
            Ok(resource)
        });
        Ok(Self {
            parameters: document
                .parameters
                .into_iter()
                .filter_map(|(name, parameter)| Some((name, parameter.default?)))
                .collect(),
            default_timeout: document.globals.function.get("Timeout").and_then(Yaml::as_u64).unwrap_or(DEFAULT_TIMEOUT),
            resources: resources.collect::<Result<_, _>>()?,
        })
    }

    /// Gives parameters other values than their defaults, like `sam deploy --parameter-overrides`.
    ///
    /// # Errors
    /// If the template has no such parameter, or its value is no number although the default is.
    pub fn set(&mut self, values: &BTreeMap<String, String>) -> Result<(), TemplateError> {
        for (name, value) in values {
            let Some(parameter) = self.parameters.get_mut(name) else {
                return Err(TemplateError::UnknownParameter { name: name.clone() });
            };
            *parameter = if parameter.is_number() {
                let number = value.parse::<i64>();
                number.map_err(|_| TemplateError::NoNumber { name: name.clone(), value: value.clone() })?.into()
            } else {
                value.as_str().into()
            };
        }
        Ok(())
    }

    /// The resources of one kind.
    pub fn resources(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }
}

/// Fails if the local stack would have to run anything in a nested stack: it runs none of them.
fn check_nested(stack: &Resource) -> Result<(), TemplateError> {
    let not_supported = |what: String| Err(TemplateError::NotSupported { at: stack.logical_id.clone(), what });
    stack.only(&["Parameters", "TemplateURL"])?;
    let url = stack.properties.get("TemplateURL").and_then(Yaml::as_str).unwrap_or_default();
    let Some((_, text)) = NESTED.iter().find(|(known, _)| *known == url) else {
        return not_supported(format!("the nested template {url:?}"));
    };
    match Template::parse(text)?.resources.iter().find(|resource| resource.kind != Kind::NotRun) {
        None => Ok(()),
        Some(resource) => not_supported(format!("{}, which {url} declares", resource.logical_id)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::template::resolve::Scope;

    /// The template of the workspace. All its resources run, under made-up names.
    pub fn running() -> (Template, Scope) {
        let template = Template::of_workspace().unwrap();
        let mut scope = Scope::new(&template.parameters);
        for kind in [Kind::HttpApi, Kind::Table, Kind::Queue, Kind::Secret, Kind::Function] {
            for resource in template.resources(kind) {
                let id = &resource.logical_id;
                let attributes = [("Arn", format!("arn:{id}")), ("QueueName", format!("name:{id}"))];
                let attributes = attributes.each_ref().map(|(name, value)| (*name, value.as_str()));
                scope.runs(id, &format!("ref:{id}"), &attributes);
            }
        }
        (template, scope)
    }

    #[test]
    fn every_resource_of_the_workspace_is_known() {
        let template = Template::of_workspace().unwrap();
        let ids = |kind| template.resources(kind).map(|resource| resource.logical_id.as_str()).collect::<Vec<_>>();

        assert_eq!(
            ids(Kind::Table),
            ["AlertsTable", "ClaimsTable", "CountsTable", "IncidentsTable", "QuarantineTable"]
        );
        assert_eq!(ids(Kind::Queue), ["AlertsDeadLetterQueue", "AlertsQueue"]);
        assert_eq!(ids(Kind::Secret), ["Secret"]);
        assert_eq!(ids(Kind::HttpApi), ["Api"]);
        assert_eq!(ids(Kind::NestedStack), ["AlarmsStack", "DashboardStack"]);
        assert!(ids(Kind::Function).contains(&"ReceiveWebhook"));
    }

    #[test]
    fn parameters_take_other_values_of_the_same_kind() {
        let mut template = Template::of_workspace().unwrap();
        let mut set = |name: &str, value: &str| template.set(&[(name.to_owned(), value.to_owned())].into());
        set("OidcIssuer", "https://login.example.com").unwrap();
        set("LogRetentionDays", "7").unwrap();
        let error = set("LogRetentionDays", "a week").unwrap_err();
        assert_eq!(error.to_string(), "the parameter LogRetentionDays must be a whole number, not \"a week\"");
        let error = set("OidcIsuer", "").unwrap_err();
        assert_eq!(error.to_string(), "template.yaml has no parameter OidcIsuer");
        assert_eq!(template.parameters["OidcIssuer"], "https://login.example.com");
        assert_eq!(template.parameters["LogRetentionDays"], 7);
    }

    #[test]
    fn an_unknown_type_is_refused() {
        let error = Template::parse("Resources: {Topic: {Type: 'AWS::SNS::Topic'}}").unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: Topic: the local stack does not know the type AWS::SNS::Topic");
    }

    #[test]
    fn unknown_globals_are_refused() {
        let text = "{Globals: {Function: {Environment: {Variables: {A: b}}}}, Resources: {}}";
        let error = Template::parse(text).unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: Globals.Function: the local stack does not know Environment");
    }

    #[test]
    fn an_unknown_nested_template_is_refused() {
        let text = "Resources: {N: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: other.yaml}}}";
        let error = Template::parse(text).unwrap_err().to_string();
        assert_eq!(error, "template.yaml: N: the local stack does not know the nested template \"other.yaml\"");
    }

    #[test]
    fn a_nested_stack_gets_its_parameters_and_uses_each_of_them() {
        let (template, scope) = running();
        for stack in template.resources(Kind::NestedStack) {
            let passed = stack.property("Parameters", &scope).unwrap().unwrap();
            let passed: BTreeSet<&str> = passed.as_object().unwrap().keys().map(String::as_str).collect();
            let url = stack.property("TemplateURL", &scope).unwrap().unwrap();
            let (_, text) = NESTED.iter().find(|(known, _)| url == *known).unwrap();
            let nested: Document = serde_norway::from_str(text).unwrap();
            assert_eq!(passed, nested.parameters.keys().map(String::as_str).collect(), "{url}");
            for name in passed {
                let is_used = text.contains(&format!("!Ref {name}")) || text.contains(&format!("${{{name}}}"));
                assert!(is_used, "{url}: {name}");
            }
        }
    }

    #[test]
    fn every_alarm_names_a_runbook_that_exists() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/OPERATIONS.md");
        let runbooks: BTreeSet<String> = std::fs::read_to_string(path)
            .unwrap()
            .lines()
            .filter_map(|line| line.strip_prefix("### "))
            .map(|heading| heading.to_lowercase().replace(' ', "-"))
            .collect();
        let alarms: Document = serde_norway::from_str(NESTED[0].1).unwrap();
        assert!(alarms.resources.len() > 10);
        for (name, alarm) in alarms.resources {
            let description = alarm.properties["AlarmDescription"].as_str().unwrap();
            let (_, runbook) = description.split_once(" Runbook: docs/OPERATIONS.md#").expect(&name);
            assert!(runbooks.contains(runbook), "{name}: docs/OPERATIONS.md has no heading for #{runbook}");
        }
    }
}
