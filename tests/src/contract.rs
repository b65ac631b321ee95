//! Checks each answer of the stack against `openapi.yaml`.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Answer;

/// The document with closed schemas. It allows clients to expect new members, but each member that
/// is answered today must be described.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::of(&document()));

struct Contract {
    operations: Vec<Operation>,
    refusal: Validator,
}

struct Operation {
    method: String,
    path: String,
    answers: BTreeMap<String, Documented>,
}

/// An answer that the document describes.
struct Documented {
    headers: Vec<(String, bool, Validator)>,
    bodies: BTreeMap<String, Validator>,
}

/// The document as JSON.
///
/// # Panics
/// If it is not YAML.
pub fn document() -> Value {
    serde_norway::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML")
}

/// Asserts that the document describes an answer.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let mismatches = CONTRACT.mismatches(method.as_str(), path, answer);
    assert!(mismatches.is_empty(), "{method} {path}: openapi.yaml has no such answer: {mismatches:?} in {answer:?}");
}

/// The examples of the document that do not match their schemas, and the number of those that do.
pub fn examples() -> (Vec<String>, usize) {
    let document = document();
    let mut broken = Vec::new();
    let mut holding = 0;
    each_object(&document, &mut |object| {
        let Some(schema) = object.get("schema") else { return };
        let many = object.get("examples").and_then(Value::as_object).into_iter().flat_map(Map::values);
        let examples: Vec<&Value> = object.get("example").into_iter().chain(many.map(|one| &one["value"])).collect();
        let schema = validator(&document, schema);
        for example in examples {
            let errors: Vec<String> = schema.iter_errors(example).map(|error| error.to_string()).collect();
            if errors.is_empty() {
                holding += 1;
            } else {
                broken.push(format!("{example}: {errors:?}"));
            }
        }
    });
    (broken, holding)
}

impl Contract {
    fn of(document: &Value) -> Self {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("a path's operations") {
                let Some(answers) = operation["responses"].as_object() else { continue };
                let answers = answers
                    .iter()
                    .map(|(status, answer)| (status.clone(), Documented::of(document, resolved(document, answer))));
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    answers: answers.collect(),
                });
            }
        }
        let refusal = validator(document, &json!({ "$ref": "#/components/schemas/GatewayRefusal" }));
        Self { operations, refusal }
    }

    fn mismatches(&self, method: &str, path: &str, answer: &Answer) -> Vec<String> {
        let operation = self.operations.iter().find(|operation| operation.method == method && operation.serves(path));
        let Some(operation) = operation else {
            // For an unknown route, the gateway itself answers.
            let is_refusal = self.refusal.is_valid(&answer.try_json());
            let is_expected = matches!(answer.status, 404 | 413 | 431) && is_refusal;
            return if is_expected {
                Vec::new()
            } else {
                vec!["the path is no route, and the gateway did not refuse it".to_owned()]
            };
        };
        match operation.answers.get(&answer.status.to_string()) {
            None => vec![format!("the status {}", answer.status)],
            Some(documented) => documented.mismatches(answer),
        }
    }
}

impl Operation {
    fn serves(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let (template, path): (Vec<&str>, Vec<&str>) = (self.path.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template
                .iter()
                .zip(path)
                .all(|(part, actual)| *part == actual || (part.starts_with('{') && !actual.is_empty()))
    }
}

impl Documented {
    fn of(document: &Value, answer: &Value) -> Self {
        let members = |name: &str| answer[name].as_object().into_iter().flatten();
        Self {
            headers: members("headers")
                .map(|(name, header)| {
                    let header = resolved(document, header);
                    (name.clone(), header["required"] == true, validator(document, &header["schema"]))
                })
                .collect(),
            bodies: members("content")
                .map(|(kind, body)| (kind.clone(), validator(document, &body["schema"])))
                .collect(),
        }
    }

    fn mismatches(&self, answer: &Answer) -> Vec<String> {
        let mut mismatches = Vec::new();
        for (name, required, schema) in &self.headers {
            match answer.header(name) {
                None if *required => mismatches.push(format!("no {name}")),
                None => {}
                Some(value) if schema.is_valid(&json!(value)) => {}
                Some(value) => mismatches.push(format!("{name}: {value}")),
            }
        }
        let kind = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        match self.bodies.get(kind) {
            None if self.bodies.is_empty() && answer.text().is_empty() => {}
            None => mismatches.push(format!("the content type {kind:?}")),
            Some(schema) => {
                let body = if ["application/json", "application/problem+json"].contains(&kind) {
                    answer.try_json()
                } else {
                    json!(answer.text())
                };
                mismatches.extend(schema.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())));
            }
        }
        mismatches
    }
}

/// The value that a `$ref` refers to, or the value itself.
fn resolved<'document>(document: &'document Value, value: &'document Value) -> &'document Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or_else(|| panic!("openapi.yaml has no {pointer}")),
        None => value,
    }
}

/// A schema with the components that it refers to. Objects may have no other members.
fn validator(document: &Value, schema: &Value) -> Validator {
    let mut schema = json!({ "allOf": [schema], "components": { "schemas": document["components"]["schemas"] } });
    close(&mut schema);
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap_or_else(|error| panic!("openapi.yaml: {error}"))
}

fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("type").is_some_and(|kind| kind == "object") {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

fn each_object(value: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            visit(members);
            members.values().for_each(|member| each_object(member, visit));
        }
        Value::Array(values) => values.iter().for_each(|value| each_object(value, visit)),
        _ => {}
    }
}
