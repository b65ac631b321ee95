//! What each error of a service means, and how it is told.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ConnectorError, ErrorMetadata},
    operation::get_item::GetItemError,
};

use super::*;

fn answer(status: u16) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), "what was answered".into())
}

fn malformed(status: u16) -> SdkError<GetItemError> {
    SdkError::response_error("not JSON", answer(status))
}

fn refused(code: &str, status: u16) -> SdkError<GetItemError> {
    let metadata = ErrorMetadata::builder().code(code).message("Try later.").build();
    SdkError::service_error(GetItemError::generic(metadata), answer(status))
}

fn is_transient(error: &SdkError<GetItemError>) -> bool {
    failure_kind(error) == FailureKind::Transient
}

#[test]
fn a_request_that_got_no_answer_is_transient_and_one_that_cannot_be_built_is_not() {
    assert!(is_transient(&SdkError::timeout_error("too late")));
    assert!(is_transient(&SdkError::dispatch_failure(ConnectorError::io("reset".into()))));
    assert!(is_transient(&SdkError::dispatch_failure(ConnectorError::timeout("no connection".into()))));
    assert!(!is_transient(&SdkError::construction_failure("no table name")));
}

#[test]
fn an_answer_of_success_that_cannot_be_read_is_transient() {
    assert!(is_transient(&malformed(200)));
}

#[test]
fn an_unknown_answer_is_transient_if_its_status_is_a_server_error() {
    for (status, expected) in [(400, false), (403, false), (499, false), (500, true), (503, true), (599, true)] {
        let unhandled = GetItemError::generic(ErrorMetadata::builder().build());
        assert_eq!(is_transient(&malformed(status)), expected, "{status}");
        assert_eq!(is_transient(&SdkError::service_error(unhandled, answer(status))), expected, "{status}");
        assert_eq!(is_transient(&refused("SomethingNew", status)), expected, "{status}");
    }
}

#[test]
fn throttling_is_transient_and_invalid_requests_are_not() {
    for code in TRANSIENT {
        assert!(is_transient(&refused(code, 400)), "{code}");
    }
    assert_eq!(failure_kind(&refused("ValidationException", 400)), FailureKind::Invalid);
    assert!(!FailureKind::Invalid.is_external());
}

#[test]
fn refused_permissions_and_missing_tables_are_external_and_not_transient() {
    for code in DENIED {
        assert_eq!(failure_kind(&refused(code, 400)), FailureKind::Denied, "{code}");
    }
    assert_eq!(failure_kind(&refused("SomethingNew", 403)), FailureKind::Denied);
    for code in MISSING {
        assert_eq!(failure_kind(&refused(code, 400)), FailureKind::Missing, "{code}");
    }
    assert!(FailureKind::Denied.is_external() && FailureKind::Missing.is_external());
}

#[test]
fn the_message_names_the_code_the_status_and_the_request_id_and_never_the_body() {
    assert_eq!(reason(&refused("Throttled", 400)), "Throttled: Try later. (status 400)");
    assert_eq!(
        reason(&SdkError::service_error(GetItemError::generic(ErrorMetadata::builder().build()), answer(502))),
        "an error without a code (status 502)"
    );
    let mut identified = answer(503);
    identified.headers_mut().insert("x-amzn-requestid", "4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG");
    let text = reason(&SdkError::<GetItemError>::response_error("not JSON", identified));
    assert!(text.ends_with("(status 503, request id 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG)"), "{text}");
    assert!(text.contains("not JSON") && !text.contains("what was answered"), "{text}");
}
