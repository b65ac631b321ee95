//! The template, the contract and the pages have the same routes, and the functions the same names.

use std::collections::BTreeSet;

use serde_norway::Value as Yaml;

use crate::{
    assert_none,
    repository::{read, root},
};

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

#[test]
fn the_console_has_its_routes_below_one_path_and_its_page_names_its_pages() {
    let strays: Vec<String> = routes_of(|name| name == PAGES)
        .into_iter()
        .filter(|route| !route.contains(" /console") && route != "GET /")
        .collect();
    assert_none("Routes of the console that could be taken for routes of the API.", &strays);
    let routes = read("functions/console/src/routes.rs").text;
    let page = read("docs/CONSOLE.md").text;
    let named = routes_in(&page);
    let missing: Vec<String> = console_pages(&routes).into_iter().filter(|route| !named.contains(route)).collect();
    assert_none("Pages of functions/console/src/routes.rs that docs/CONSOLE.md does not name.", &missing);
}

/// `GET /console/incidents/{id}` for each arm such as `("GET", ["incidents", id]) =>`.
fn console_pages(routes: &str) -> BTreeSet<String> {
    let arms = routes.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split_once("\", ["));
    let page = |(method, rest): (&str, &str)| {
        let parts = rest.split(']').next()?.split(", ").filter(|part| !part.is_empty());
        let parts = parts
            .map(|part| if part.starts_with('"') { part.trim_matches('"').to_owned() } else { format!("{{{part}}}") });
        let path: Vec<String> = parts.collect();
        Some(format!("{method} /console{}{}", if path.is_empty() { "" } else { "/" }, path.join("/")))
    };
    arms.filter_map(page).collect()
}

/// The function whose answers are pages for people. The contract is about the API, so it does not describe them.
const PAGES: &str = "Console";

/// `GET /incidents` for each event of the API.
fn template_routes() -> BTreeSet<String> {
    routes_of(|name| name != PAGES)
}

/// The routes of some functions.
fn routes_of(is_meant: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let template = template();
    let resources = template["Resources"].as_mapping().expect("resources").iter();
    let resources = resources.filter(|(name, _)| name.as_str().is_some_and(&is_meant)).map(|(_, resource)| resource);
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
