//! Parameters of the template that name what the code knows.

use std::collections::BTreeSet;

use serde_norway::Value as Yaml;
use shared::sources::SOURCES;

use crate::repository::read;

/// `CloudFormation` refuses a name that the function would not start with.
#[test]
fn a_limit_can_be_set_for_each_source_and_for_nothing_else() {
    let template: Yaml = serde_norway::from_str(&read("template.yaml").text).expect("YAML");
    let pattern = template["Parameters"]["SourceLimits"]["AllowedPattern"].as_str().expect("a pattern");
    let names = pattern.strip_prefix("^((").and_then(|rest| rest.split_once(')')).map(|(names, _)| names);
    let names: BTreeSet<&str> = names.expect("names in brackets").split('|').collect();
    let sources: BTreeSet<&str> = SOURCES.iter().map(|source| source.name()).collect();
    assert_eq!(names, sources);
}
