//! A stack of which some transactions fail while a test wants them to.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::{HttpRequest, HttpResponse},
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use local::Wire;
use shared::aws::AwsService;

/// Tells by the body of a transaction whether it fails.
type Fails = fn(&str) -> bool;

/// Refuses transactions while `broken` is set.
#[derive(Debug)]
struct FailingTransactions {
    connector: SharedHttpConnector,
    broken: Arc<AtomicBool>,
    fails: Fails,
}

impl HttpConnector for FailingTransactions {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let fails = target.ends_with(".TransactWriteItems") && (self.fails)(body);
        if fails && self.broken.load(Ordering::SeqCst) {
            let error =
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"broken by a test"}"#;
            let mut answer = HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::from(error));
            answer.headers_mut().insert("content-type", "application/x-amz-json-1.0");
            return HttpConnectorFuture::ready(Ok(answer));
        }
        self.connector.call(request)
    }
}

/// The options with transactions that fail while the flag is set, and the flag. It is not set yet.
pub fn with_failing_transactions(options: local::Options, fails: Fails) -> (local::Options, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let (flag, inner) = (Arc::clone(&broken), options.wire);
    let wire = Wire(Arc::new(move |aws| {
        let aws = aws.map(|service, config| {
            let (AwsService::DynamoDb, Some(inner)) = (service, config.http_client()) else { return config };
            let broken = Arc::clone(&flag);
            let client = http_client_fn(move |settings, components| {
                let connector = inner.http_connector(settings, components);
                SharedHttpConnector::new(FailingTransactions { connector, broken: Arc::clone(&broken), fails })
            });
            config.to_builder().http_client(client).build()
        });
        match &inner {
            Some(Wire(inner)) => inner(aws),
            None => aws,
        }
    }));
    (local::Options { wire: Some(wire), ..options }, broken)
}
