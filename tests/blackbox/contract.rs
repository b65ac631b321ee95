//! `openapi.yaml` agrees with the rest. That every answer is one of those that it describes is checked by the client.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use serde_norway::Value as Yaml;
use tests::contract::{document, examples};

fn template_routes() -> BTreeSet<String> {
    let template: Yaml = serde_norway::from_str(include_str!("../../template.yaml")).expect("YAML");
    let resources = template["Resources"].as_mapping().expect("resources").values();
    let events = resources.filter_map(|resource| resource["Properties"].get("Events")?.as_mapping());
    let routes = events.flat_map(|events| events.values()).filter(|event| event["Type"] == "HttpApi");
    let text = |event: &Yaml, name: &str| event["Properties"][name].as_str().expect("a text").to_owned();
    routes.map(|event| format!("{} {}", text(event, "Method"), text(event, "Path"))).collect()
}

fn document_routes() -> BTreeSet<String> {
    let document = document();
    let paths = document["paths"].as_object().expect("paths").iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").keys().filter(|name| *name != "parameters");
        methods.map(move |method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    });
    operations.collect()
}

/// What stands in code in the rows of the README's tables and begins with a method.
fn readme_routes() -> BTreeSet<String> {
    let rows = include_str!("../../README.md").lines().filter(|line| line.starts_with("| `"));
    let code = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let routes = code.filter(|code| {
        let (method, path) = code.split_once(' ').unwrap_or_default();
        ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&method) && path.starts_with('/')
    });
    routes.map(|route| route.split('?').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn template_document_and_readme_have_the_same_routes() {
    let deployed = template_routes();
    assert!(deployed.contains("PATCH /incidents/{id}/status"), "{deployed:?}");
    assert_eq!(document_routes(), deployed, "openapi.yaml and template.yaml");
    assert_eq!(readme_routes(), deployed, "README.md and template.yaml");
}

#[test]
fn every_example_of_the_document_holds() {
    let (broken, holding) = examples();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(holding > 30, "{holding} examples only");
}

#[test]
fn the_document_knows_every_source() {
    let document = document();
    let documented: BTreeSet<&str> = document["components"]["schemas"]["Source"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_str)
        .collect();
    assert_eq!(documented, shared::sources::SOURCES.iter().map(|source| source.name()).collect());
}
