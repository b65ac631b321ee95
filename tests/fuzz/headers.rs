//! Headers and cursors of arbitrary content: nothing panics, and nothing forged is accepted.

use http::{HeaderMap, HeaderValue, header::IF_MATCH};
use proptest::prelude::*;

use shared::{
    http::etag::{self, Precondition},
    listing::cursor::Cursor,
    service::authorize::bearer_token,
    sources::{Headers, Request, SOURCES, signature::Secret},
};

/// Values that headers of the API have, and arbitrary ones.
fn value() -> impl Strategy<Value = HeaderValue> {
    let likely = prop::sample::select(vec![
        "",
        "*",
        "\"1\"",
        "W/\"1\"",
        "\"1\",",
        "Bearer",
        "Bearer x",
        "Basic",
        "Basic ",
        "Basic Og==",
        "basic \u{0}",
        "sha256=",
    ]);
    let bytes = prop_oneof![
        1 => likely.prop_map(|text| text.as_bytes().to_vec()),
        2 => "[ -~]{0,80}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..80),
    ];
    bytes.prop_filter_map("no header has it", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

proptest! {
    #[test]
    fn arbitrary_proofs_are_refused(
        proofs in prop::collection::vec(value(), 4), body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let names = ["x-webhook-token", "x-datadog-signature", "authorization", "sentry-hook-signature"];
        let headers: Headers = names.into_iter().zip(proofs).collect();
        let secrets = [Secret::new("a secret that nobody guesses".to_owned()).unwrap()];
        for source in SOURCES {
            let request = Request::new(&headers, &body, "2026-11-23T09:53:08Z".parse().unwrap());
            prop_assert!(!source.is_authentic(&secrets, &request) && !source.is_authentic(&[], &request));
        }
    }

    #[test]
    fn an_if_match_accepts_only_the_versions_that_it_names(value in value(), version in 0_u64..20) {
        let text = value.to_str().unwrap_or_default().to_owned();
        if let Ok(precondition) = Precondition::of(&HeaderMap::from_iter([(IF_MATCH, value)])) {
            let is_named = text.trim() == "*" || text.contains(&etag::format(version));
            prop_assert!(is_named || !precondition.accepts(version));
        }
    }

    #[test]
    fn a_bearer_token_is_a_part_of_its_header(header in any::<String>(), token in "[!-~]{1,40}") {
        prop_assert!(bearer_token(&header).is_none_or(|token| header.contains(token)));
        let header = format!("bEARER {token}");
        prop_assert_eq!(bearer_token(&header), Some(token.as_str()));
    }

    #[test]
    fn only_cursors_of_the_same_list_are_accepted(
        text in any::<String>(), position in "[0-9A-Z]{1,64}",
    ) {
        let cursor = Cursor { position, list: "list".to_owned() };
        prop_assert_eq!(Cursor::decode(&cursor.encode(), "list"), Ok(cursor.clone()));
        prop_assert!(Cursor::decode(&cursor.encode(), "other").is_err());
        prop_assert!(Cursor::decode(&text, "list").is_err());
    }
}
