//! The HTTP side of the API: parameters, answers and problems. Layers below know no status codes.

pub mod answer;
pub mod body;
pub mod edge;
pub mod etag;
pub mod export;
mod filters;
pub mod fit;
pub mod headers;
pub mod lists;
pub mod pagerduty_events;
mod parameters;
pub mod principal;
pub mod problem;
pub mod report;
pub mod stats;
pub mod view;

pub use lambda_http::{Body, Request, RequestExt};

pub use parameters::Parameters;

/// The HTTP answer of a function behind the API.
pub type Response = lambda_http::Response<Body>;

/// The decoded value of a path parameter. It is empty if the route has no such parameter.
#[must_use]
pub fn path_parameter(request: &Request, name: &str) -> String {
    request.path_parameters_ref().and_then(|parameters| parameters.first(name)).unwrap_or_default().to_owned()
}
