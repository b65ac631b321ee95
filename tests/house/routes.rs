//! The template, the contract and the pages have the same routes, and the functions the same names.

use std::collections::BTreeSet;

use serde_norway::Value as Yaml;

use crate::repository::{read, root};

const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];

#[test]
fn openapi_has_the_routes_of_the_template() {
    assert_eq!(openapi_routes(), template_routes());
}

#[test]
fn the_readme_has_the_routes_of_the_template() {
    assert_eq!(routes_in(&read("README.md").text), template_routes());
}

#[test]
fn the_page_about_the_api_has_the_routes_of_the_template() {
    assert_eq!(routes_in(&read("docs/API.md").text), template_routes());
}

#[test]
fn the_local_stack_and_the_crates_have_the_functions_of_the_template() {
    let functions = template_functions();
    assert_eq!(local_functions(), functions, "infra/local/src/functions.rs and template.yaml");
    assert_eq!(crates(), functions, "functions/ and template.yaml");
}

fn template() -> Yaml {
    yaml("template.yaml")
}

fn yaml(path: &str) -> Yaml {
    serde_norway::from_str(&read(path).text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `GET /incidents` for each event of the API.
fn template_routes() -> BTreeSet<String> {
    let template = template();
    let resources = template["Resources"].as_mapping().expect("resources").values();
    let events = resources.filter_map(|resource| resource["Properties"].get("Events")?.as_mapping());
    let routes = events.flat_map(|events| events.values()).filter(|event| event["Type"] == "HttpApi");
    let text = |event: &Yaml, name: &str| event["Properties"][name].as_str().expect("a text").to_owned();
    routes.map(|event| format!("{} {}", text(event, "Method"), text(event, "Path"))).collect()
}

/// The logical ids of the functions.
fn template_functions() -> BTreeSet<String> {
    let template = template();
    let resources = template["Resources"].as_mapping().expect("resources").iter();
    let functions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions.map(|(name, _)| name.as_str().expect("a name").to_owned()).collect()
}

fn openapi_routes() -> BTreeSet<String> {
    let document = yaml("openapi.yaml");
    let paths = document["paths"].as_mapping().expect("paths").iter();
    let routes = paths.flat_map(|(path, item)| {
        let methods = item.as_mapping().expect("operations").keys().filter_map(Yaml::as_str);
        let methods = methods.map(str::to_uppercase).filter(|method| METHODS.contains(&method.as_str()));
        methods.map(|method| format!("{method} {}", path.as_str().expect("a path"))).collect::<Vec<_>>()
    });
    routes.collect()
}

/// The routes that a page names as code, without their query strings: `GET /incidents?status=OPEN`.
fn routes_in(page: &str) -> BTreeSet<String> {
    let code = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let routes = code.filter(|code| {
        let (method, path) = code.split_once(' ').unwrap_or_default();
        METHODS.contains(&method) && path.starts_with('/')
    });
    routes.map(|route| route.split('?').next().unwrap_or_default().to_owned()).collect()
}

/// The names that the local stack starts: `"ListIncidents" =>`.
fn local_functions() -> BTreeSet<String> {
    let text = read("infra/local/src/functions.rs").text;
    let arms = text.lines().filter_map(|line| line.trim_start().strip_prefix('"')?.split_once("\" =>"));
    arms.map(|(name, _)| name.to_owned()).collect()
}

/// The crates of `functions`, named as the template names them: `list-incidents` is
/// `ListIncidents`.
fn crates() -> BTreeSet<String> {
    let directories = std::fs::read_dir(root().join("functions")).expect("functions");
    let names = directories.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let capitalised = |word: &str| word[..1].to_uppercase() + &word[1..];
    names.map(|name| name.split('-').map(capitalised).collect::<String>()).collect()
}
