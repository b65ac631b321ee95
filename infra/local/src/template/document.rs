//! The template as a whole: parameters, globals, resources and nested stacks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use super::{
    conditions::Conditions,
    error::TemplateError,
    resolve::Scope,
    resource::{Kind, Resource},
};

/// The template of this workspace, as it was when the program was built.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// The nested stacks of the template by their `TemplateURL`.
const NESTED: [(&str, &str); 3] = [
    ("infra/alarms.yaml", include_str!("../../../alarms.yaml")),
    ("infra/dashboard.yaml", include_str!("../../../dashboard.yaml")),
    ("infra/kept.yaml", include_str!("../../../kept.yaml")),
];

/// The properties that `Globals.Function` may have. Only `Environment` and `Timeout` have an effect
/// in one process.
const GLOBALS: [&str; 9] = [
    "Architectures",
    "Environment",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "PermissionsBoundary",
    "Runtime",
    "Timeout",
    "Tracing",
];

/// The timeout of Lambda for functions that declare none, in seconds.
const DEFAULT_TIMEOUT: u64 = 3;

/// A parsed template. Its resources are ordered by name.
#[derive(Debug)]
pub struct Template {
    /// What `!Ref` returns for each parameter: its default, or the value that was given.
    parameters: BTreeMap<String, Json>,
    conditions: Conditions,
    outputs: BTreeMap<String, Output>,
    /// The variables of all functions.
    pub(super) environment: Option<Yaml>,
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
    conditions: BTreeMap<String, Yaml>,
    #[serde(default)]
    globals: Globals,
    resources: BTreeMap<String, Entry>,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    default: Option<Json>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    value: Yaml,
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
    condition: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, Yaml>,
}

impl Template {
    /// The template of this workspace.
    #[cfg(test)]
    pub fn of_workspace() -> Result<Self, TemplateError> {
        Self::parse(TEMPLATE)
    }

    /// The template of this workspace, deployed with values for some of its parameters.
    ///
    /// # Errors
    /// Like [`Template::parse`], or if there is no such parameter.
    pub fn of_workspace_with(given: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        Self::with_parameters(
            TEMPLATE,
            &given.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str()))).collect(),
        )
    }

    /// Parses a template.
    ///
    /// # Errors
    /// If the text is no template, has a resource of an unknown type, or a nested stack with
    /// anything that the local stack would have to run.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::with_parameters(text, &BTreeMap::new())
    }

    fn with_parameters(text: &str, given: &BTreeMap<String, Json>) -> Result<Self, TemplateError> {
        let document: Document = serde_norway::from_str(text)?;
        for name in document.globals.function.keys() {
            if !GLOBALS.contains(&name.as_str()) {
                return Err(TemplateError::NotSupported { at: "Globals.Function".to_owned(), what: name.clone() });
            }
        }
        if let Some(name) = given.keys().find(|name| !document.parameters.contains_key(*name)) {
            return Err(TemplateError::UnknownParameter(name.clone()));
        }
        let parameters: BTreeMap<String, Json> = document
            .parameters
            .into_iter()
            .filter_map(|(name, parameter)| given.get(&name).cloned().or(parameter.default).map(|value| (name, value)))
            .collect();
        let conditions = Conditions::new(document.conditions, &parameters);
        let resources = document.resources.into_iter().map(|(logical_id, entry)| {
            let Some(kind) = Kind::of(&entry.r#type) else {
                return Err(TemplateError::UnknownType { logical_id, kind: entry.r#type });
            };
            let is_declared = match &entry.condition {
                None => true,
                Some(name) => conditions
                    .holds(name)
                    .map_err(|source| TemplateError::Unresolved { at: logical_id.clone(), source })?,
            };
            let resource = Resource { logical_id, kind, is_declared, properties: entry.properties };
            if kind == Kind::NestedStack {
                check_nested(&resource)?;
            }
            Ok(resource)
        });
        let resources = resources.collect::<Result<_, _>>()?;
        Ok(Self {
            parameters,
            conditions,
            outputs: document.outputs,
            environment: document.globals.function.get("Environment").cloned(),
            default_timeout: document.globals.function.get("Timeout").and_then(Yaml::as_u64).unwrap_or(DEFAULT_TIMEOUT),
            resources,
        })
    }

    /// The values of the names in the template before any resource runs.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::new(&self.parameters).with_conditions(self.conditions.clone())
    }

    /// The resources of one kind whose condition holds.
    pub fn resources(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources_if_any(kind).filter(|resource| resource.is_declared)
    }

    /// The resources of one kind, whether their condition holds or not.
    pub fn resources_if_any(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// The outputs of a nested stack: what `!GetAtt Nested.Outputs.Name` returns, by `Outputs.Name`.
    ///
    /// # Errors
    /// If a parameter or an output refers to something that does not run.
    pub fn nested_outputs(stack: &Resource, scope: &Scope) -> Result<Vec<(String, String)>, TemplateError> {
        let url = stack.properties.get("TemplateURL").and_then(Yaml::as_str).unwrap_or_default();
        let Some((_, text)) = NESTED.iter().find(|(known, _)| *known == url) else { return Ok(Vec::new()) };
        if Self::parse(text)?.outputs.is_empty() {
            return Ok(Vec::new());
        }
        let given: BTreeMap<String, Json> = stack.read("Parameters", scope)?.unwrap_or_default();
        let nested = Self::with_parameters(text, &given)?;
        let scope = nested.scope();
        let outputs = nested.outputs.iter().map(|(name, output)| {
            let at = format!("{}.Outputs.{name}", stack.logical_id);
            let value = scope.resolve(&output.value).map_err(|source| TemplateError::Unresolved { at, source })?;
            Ok((format!("Outputs.{name}"), value.as_str().unwrap_or_default().to_owned()))
        });
        outputs.collect()
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

    /// The template of the workspace. All its resources run, under made-up names.
    pub fn running() -> (Template, Scope) {
        running_with(&BTreeMap::new())
    }

    /// The same with values for some of its parameters.
    pub fn running_with(given: &BTreeMap<String, String>) -> (Template, Scope) {
        let template = Template::of_workspace_with(given).unwrap();
        let mut scope = template.scope();
        for kind in [Kind::HttpApi, Kind::Table, Kind::Queue, Kind::Secret, Kind::Function] {
            for resource in template.resources(kind) {
                let id = &resource.logical_id;
                let attributes = [("Arn", format!("arn:{id}")), ("QueueName", format!("name:{id}"))];
                let attributes = attributes.each_ref().map(|(name, value)| (*name, value.as_str()));
                scope.runs(id, &format!("ref:{id}"), &attributes);
            }
        }
        for resource in template.resources(Kind::Role).chain(template.resources(Kind::NotRun)) {
            scope.runs(&resource.logical_id, &resource.logical_id, &[("Arn", &format!("arn:{}", resource.logical_id))]);
        }
        for stack in template.resources(Kind::NestedStack) {
            let outputs = Template::nested_outputs(stack, &scope).unwrap();
            let outputs: Vec<_> = outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            scope.runs(&stack.logical_id, &stack.logical_id, &outputs);
        }
        (template, scope)
    }

    #[test]
    fn every_resource_of_the_workspace_is_known() {
        let template = Template::of_workspace().unwrap();
        let ids = |kind| template.resources(kind).map(|resource| resource.logical_id.as_str()).collect::<Vec<_>>();

        assert_eq!(
            ids(Kind::Table),
            ["AlertsTable", "ClaimsTable", "IncidentsTable", "PayloadsTable", "QuarantineTable", "SegmentsTable"]
        );
        assert_eq!(ids(Kind::Queue), ["AlertsDeadLetterQueue", "AlertsQueue"]);
        assert_eq!(ids(Kind::Secret), ["Secret"]);
        assert_eq!(ids(Kind::HttpApi), ["Api"]);
        assert_eq!(ids(Kind::NestedStack), ["AlarmsStack", "DashboardStack", "Kept"]);
        assert_eq!(ids(Kind::Role), ["GroupAlertsRole", "QuarantineDeadLettersRole"]);
        assert!(ids(Kind::Function).contains(&"ReceiveWebhook"));
    }

    #[test]
    fn parameters_take_other_values() {
        let given = |name: &str| [(name.to_owned(), "https://login.example.com".to_owned())].into();
        let template = Template::of_workspace_with(&given("OidcIssuer")).unwrap();
        assert_eq!(template.parameters["OidcIssuer"], "https://login.example.com");
        let error = Template::of_workspace_with(&given("OidcIsuer")).unwrap_err();
        assert_eq!(error.to_string(), "template.yaml has no parameter OidcIsuer");
    }

    #[test]
    fn an_unknown_type_is_refused() {
        let error = Template::parse("Resources: {Bucket: {Type: 'AWS::S3::Bucket'}}").unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: Bucket: the local stack does not know the type AWS::S3::Bucket");
    }

    #[test]
    fn unknown_globals_are_refused() {
        let text = "{Globals: {Function: {Layers: [a]}}, Resources: {}}";
        let error = Template::parse(text).unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: Globals.Function: the local stack does not know Layers");
    }

    #[test]
    fn parameters_decide_which_tables_are_in_use() {
        let names = ["Incidents", "Alerts", "Claims", "Quarantine"];
        let given = names.map(|name| (format!("Existing{name}Table"), format!("restored-{name}")));
        let given = given.into_iter().chain([("ExistingSecret".to_owned(), "arn:old".to_owned())]).collect();
        let template = Template::of_workspace_with(&given).unwrap();
        let tables: Vec<_> = template.resources(Kind::Table).map(|table| table.logical_id.as_str()).collect();
        // Counts of other tables are wrong, so this one is never kept.
        assert_eq!(tables, ["SegmentsTable"]);
        assert_eq!(template.resources(Kind::Secret).count(), 0);

        let kept = template.resources(Kind::NestedStack).find(|stack| stack.logical_id == "Kept").unwrap();
        let outputs: BTreeMap<_, _> = Template::nested_outputs(kept, &template.scope()).unwrap().into_iter().collect();
        for name in names {
            assert_eq!(outputs[&format!("Outputs.{name}Table")], format!("restored-{name}"));
            let arn = format!("arn:aws:dynamodb:us-east-1:123456789012:table/restored-{name}");
            assert_eq!(outputs[&format!("Outputs.{name}TableArn")], arn);
        }
        assert_eq!(outputs["Outputs.Secret"], "arn:old");

        let unknown = [("Nobody".to_owned(), String::new())].into();
        let error = Template::of_workspace_with(&unknown).unwrap_err().to_string();
        assert_eq!(error, "template.yaml has no parameter Nobody");
    }

    /// Only `Kept` knows which tables are in use.
    #[test]
    fn nothing_else_names_a_table_that_the_stack_may_not_create() {
        let (_, resources) = TEMPLATE.split_once("\nResources:\n").unwrap();
        for table in ["IncidentsTable", "AlertsTable", "ClaimsTable", "PayloadsTable", "QuarantineTable", "Secret"] {
            for reference in [format!("!Ref {table}"), format!("!GetAtt {table}."), format!("${{{table}")] {
                let after: Vec<&str> = resources.split(reference.as_str()).skip(1).collect();
                let in_kept = after.iter().filter(|rest| rest.starts_with(&format!(", !Ref Existing{table}"))).count();
                assert_eq!(after.len(), in_kept, "{reference} must be !GetAtt Kept.Outputs.{table}");
            }
        }
    }

    /// A table that protects itself cannot be deleted, and a first deployment that fails would end
    /// in `ROLLBACK_FAILED`.
    #[test]
    fn a_first_deployment_that_fails_can_be_rolled_back() {
        let (template, scope) = running();
        for table in template.resources(Kind::Table) {
            let protection = table.property("DeletionProtectionEnabled", &scope).unwrap();
            assert!(protection.is_none_or(|protection| protection == "false"), "{}", table.logical_id);
        }
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
        let alarms: Vec<_> =
            alarms.resources.into_iter().filter(|(_, entry)| entry.r#type == "AWS::CloudWatch::Alarm").collect();
        assert!(alarms.len() > 10);
        for (name, alarm) in alarms {
            let description = alarm.properties["AlarmDescription"].as_str().unwrap();
            let (_, runbook) = description.split_once(" Runbook: docs/OPERATIONS.md#").expect(&name);
            assert!(runbooks.contains(runbook), "{name}: docs/OPERATIONS.md has no heading for #{runbook}");
        }
    }
}
