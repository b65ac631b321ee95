//! The metric filters on the access log (Amazon CloudWatch Logs User Guide, "Filter pattern syntax
//! for metric filters").

use std::collections::BTreeMap;

use serde_norway::Value as Yaml;

use super::condition::{text, yaml};

/// Counts the lines that match.
pub struct Filter {
    /// Such as `IncidentReview ApiFailures Stack=Stack`.
    pub metric: String,
    terms: Vec<Term>,
}

struct Term {
    field: String,
    is_negated: bool,
    /// Ends with `*` if anything may follow.
    value: String,
}

/// The filters of `infra/alarms.yaml`.
pub fn filters() -> Vec<Filter> {
    let file = yaml("infra/alarms.yaml");
    let resources = file["Resources"].as_mapping().expect("resources").values();
    let filters = resources.filter(|resource| resource["Type"] == "AWS::Logs::MetricFilter");
    filters.map(|resource| filter(&resource["Properties"])).collect()
}

fn filter(properties: &Yaml) -> Filter {
    let [made] = properties["MetricTransformations"].as_sequence().expect("a metric").as_slice() else {
        panic!("a filter makes one metric");
    };
    assert_eq!(made["MetricValue"], "1");
    let [dimension] = made["Dimensions"].as_sequence().expect("a dimension").as_slice() else {
        panic!("the only dimension is the stack");
    };
    assert_eq!((text(&dimension["Key"]), text(&dimension["Value"])), ("Stack".to_owned(), "$.stack".to_owned()));
    Filter {
        metric: format!("{} {} Stack=Stack", text(&made["MetricNamespace"]), text(&made["MetricName"])),
        terms: terms(&text(&properties["FilterPattern"])),
    }
}

/// The terms of `{ $.field = "value*" && $.other != "value" }`.
fn terms(pattern: &str) -> Vec<Term> {
    let inner = pattern.strip_prefix("{ ").and_then(|rest| rest.strip_suffix(" }")).expect("a pattern in braces");
    let term = |term: &str| {
        let [field, operator, value] = term.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{term}") };
        assert!(["=", "!="].contains(&operator), "{term}");
        let field = field.strip_prefix("$.").expect("a field").to_owned();
        let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("a text").to_owned();
        Term { field, is_negated: operator == "!=", value }
    };
    inner.split(" && ").map(term).collect()
}

impl Filter {
    /// Whether a line with these fields is counted.
    pub fn matches(&self, line: &BTreeMap<&str, String>) -> bool {
        self.terms.iter().all(|Term { field, is_negated, value }| {
            let actual = line.get(field.as_str()).unwrap_or_else(|| panic!("the access log has no {field}"));
            let is_it = match value.strip_suffix('*') {
                Some(beginning) => actual.starts_with(beginning),
                None => actual == value,
            };
            is_it != *is_negated
        })
    }
}

#[test]
fn the_access_log_has_the_fields_that_filters_read() {
    let template = yaml("template.yaml");
    let settings = &template["Resources"]["Api"]["Properties"]["AccessLogSettings"];
    let format = text(&settings["Format"]);
    for field in [
        "\"stack\":\"${AWS::StackName}\"",
        "\"route\":\"$context.routeKey\"",
        "\"status\":\"$context.status\"",
        // A hyphen stands for what there is not.
        "\"function_request_id\":\"$context.integration.requestId\"",
    ] {
        assert!(format.contains(field), "{format}");
    }
}
