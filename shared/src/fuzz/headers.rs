//! Headers and cursors: whatever they hold, nothing panics and nothing forged is believed.

use lambda_http::http::{HeaderMap, HeaderValue, header::IF_MATCH};
use proptest::prelude::*;

use crate::{
    http::etag,
    listing::cursor::Cursor,
    service::authorize::bearer_token,
    sources::{Headers, SOURCES, signature::Secret},
};

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
    fn no_proof_but_the_right_one_is_believed(
        proofs in prop::collection::vec(value(), 4), body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let names = ["x-webhook-token", "x-datadog-signature", "authorization", "sentry-hook-signature"];
        let headers: Headers = names.into_iter().zip(proofs.iter().map(HeaderValue::as_bytes)).collect();
        let secrets = [Secret::new("a secret that nobody guesses".to_owned()).unwrap()];
        for source in SOURCES {
            prop_assert!(!source.is_authentic(&secrets, &headers, &body) && !source.is_authentic(&[], &headers, &body));
        }
    }

    #[test]
    fn if_match_is_a_list_of_versions_or_refused(value in value()) {
        let length = value.len();
        if let Ok(Some(versions)) = etag::if_match(&HeaderMap::from_iter([(IF_MATCH, value)])) {
            prop_assert!(versions.len() <= length);
        }
    }

    #[test]
    fn a_token_is_a_part_of_its_header(header in any::<String>(), token in "[!-~]{1,40}") {
        prop_assert!(bearer_token(&header).is_none_or(|token| header.contains(token)));
        let header = format!("bEARER {token}");
        prop_assert_eq!(bearer_token(&header), Some(token.as_str()));
    }

    #[test]
    fn cursors_come_back_and_others_are_refused(text in any::<String>(), position in "[0-9A-Z]{1,64}", offset in any::<u64>()) {
        let cursor = Cursor { position, offset, list: "list".to_owned() };
        prop_assert_eq!(Cursor::decode(&cursor.encode(), "list"), Ok(cursor.clone()));
        prop_assert!(Cursor::decode(&cursor.encode(), "other").is_err());
        prop_assert!(Cursor::decode(&text, "list").is_err());
    }
}
