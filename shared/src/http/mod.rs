//! Requests and answers of the API: the only place that knows status codes.

pub mod answer;
pub mod etag;
pub mod headers;
pub mod incident_status;
pub mod lists;
mod parameters;
pub mod principal;
pub mod problem;
pub mod view;

pub use lambda_http::{Body, Request, RequestExt};

pub use parameters::Parameters;

/// An answer of a function behind the API.
pub type Response = lambda_http::Response<Body>;

/// The value of a path's parameter, decoded; empty if there is none.
#[must_use]
pub fn path_parameter(request: &Request, name: &str) -> String {
    request.path_parameters_ref().and_then(|parameters| parameters.first(name)).unwrap_or_default().to_owned()
}
