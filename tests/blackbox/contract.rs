//! The examples and the sources of `openapi.yaml`. The client of the suite checks every answer
//! against it, and `house` checks its routes.

use std::collections::BTreeSet;

use tests::{
    contract::{document, examples},
    strings,
};

#[test]
fn every_example_in_openapi_matches_its_schema() {
    let (broken, holding) = examples();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(holding > 30, "{holding} examples only");
}

#[test]
fn openapi_lists_every_source() {
    let document = document();
    let documented: BTreeSet<&str> =
        strings(&document["components"]["schemas"]["Source"]["enum"]).into_iter().collect();
    assert_eq!(documented, shared::sources::SOURCES.iter().map(|source| source.name()).collect());
}
