//! A list that cannot be counted in time says so, and gets further each time.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use fastrand::Rng;
use shared::{
    aws::{Aws, AwsService},
    config::Environment,
    listing::{
        alerts::AlertFilter,
        page::{PageRequest, Start},
    },
    service::list_alerts::ListAlerts,
    store::{Tables, lists::ListError},
};

use super::{alerts::model, history, paging::assert_page};

/// How many queries of the alerts' indexes get through before all others hang: the whole list takes more.
const QUERIES: i64 = 16;

/// Lets some requests through; the others never end.
#[derive(Debug)]
struct Gate {
    connector: SharedHttpConnector,
    left: Arc<AtomicI64>,
}

impl HttpConnector for Gate {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_query = request.headers().get("x-amz-target").is_some_and(|target| target.ends_with(".Query"));
        let body = request.body().bytes().unwrap_or_default();
        let is_of_alerts = body.windows(12).any(|part| part == b"\"AlertsTable");
        if is_query && is_of_alerts && self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return HttpConnectorFuture::new(std::future::pending());
        }
        self.connector.call(request)
    }
}

fn gated(aws: &Aws, left: &Arc<AtomicI64>) -> Aws {
    aws.clone().map(|service, config| {
        let (AwsService::DynamoDb, Some(inner)) = (service, config.http_client()) else { return config };
        let left = Arc::clone(left);
        let client = http_client_fn(move |settings, components| {
            let connector = inner.http_connector(settings, components);
            SharedHttpConnector::new(Gate { connector, left: Arc::clone(&left) })
        });
        config.to_builder().http_client(client).build()
    })
}

#[tokio::test]
async fn a_list_that_runs_out_of_time_gets_further_each_time() {
    let alerts = history::alerts(&mut Rng::with_seed(11), 300);
    let stack = history::stack_with(&[], &alerts).await;
    let environment = stack.environment("ListAlerts");
    let variables = [
        ("ALERTS_TABLE", environment.alerts_table().expect("a name")),
        ("CLAIMS_TABLE", environment.claims_table().expect("a name")),
        ("COUNTS_TABLE", environment.counts_table().expect("a name")),
        ("LIST_BUDGET_MS", "400".to_owned()),
    ];
    let environment = Environment::of(variables.map(|(name, value)| (name.to_owned(), value)).into());
    let left = Arc::new(AtomicI64::new(0));
    let tables = Tables::new(&environment, &gated(stack.aws(), &left));
    let lister = ListAlerts::new(&tables, environment.list_budget().expect("a time")).expect("configured");
    let filter = AlertFilter::default();
    let request = PageRequest { limit: 50, start: Start::Offset(120), ascending: false };
    let mut attempts = 0;
    let page = loop {
        attempts += 1;
        assert!(attempts < 100, "it gets no further");
        left.store(QUERIES, Ordering::SeqCst);
        match lister.list(&filter, &request, "", history::now()).await {
            Ok(page) => break page,
            Err(ListError::OutOfTime) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert!(attempts > 1, "all was read at once");
    assert_page(&page, &request, &model(&alerts, &filter, false));
    stack.stop().await;
}
