//! axe-core, which finds what keeps people with a screen reader, a keyboard or weak eyes from using a page.

use std::{fs, sync::LazyLock};

use serde_json::Value;

use crate::{Browser, root};

static AXE: LazyLock<String> = LazyLock::new(|| {
    let path = root().join("target/axe/node_modules/axe-core/axe.min.js");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}. Run infra/install-browser.", path.display()))
});

/// What axe-core finds serious or critical on the page that is open: the rule, why, and where.
pub async fn serious_violations(browser: &Browser) -> Vec<String> {
    browser.run(&AXE).await;
    let script = "axe.run(document, { resultTypes: ['violations'] })
        .then((found) => done(found.violations), (error) => done([{ impact: 'critical', id: String(error), nodes: [] }]));";
    let found = browser.run_until_done(script).await;
    let found = found.as_array().expect("a list");
    let serious = found.iter().filter(|rule| rule["impact"] == "serious" || rule["impact"] == "critical");
    serious.flat_map(told).collect()
}

fn told(rule: &Value) -> Vec<String> {
    let name = format!("{} ({}): {}", rule["id"], rule["impact"], rule["help"]);
    let nodes = rule["nodes"].as_array().into_iter().flatten();
    let places = nodes.map(|node| format!("{name}\n  {}\n  {}", node["html"], node["failureSummary"]));
    let places: Vec<String> = places.take(4).collect();
    if places.is_empty() { vec![name] } else { places }
}
