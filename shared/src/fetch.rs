//! Fetches documents over HTTPS, with the HTTP client that the AWS SDK has linked already.

use std::time::Duration;

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::HttpConnector,
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use tokio::time::timeout;

use crate::aws::causes;

/// Why a document could not be fetched. The text does not hold the address, which may be secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It took too long.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection failed.
    #[error("{0}")]
    Connection(String),
    /// The answer is another than a success. Redirects are not followed.
    #[error("an answer with status {0}")]
    Status(u16),
    /// The document is larger than it may be.
    #[error("more than {0} bytes")]
    TooLarge(usize),
}

/// The bounds of a fetch.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// How long it may take.
    pub timeout: Duration,
    /// How large the document may be, in bytes.
    pub max_bytes: usize,
}

/// A form to send.
#[derive(Debug)]
pub struct Form {
    /// Its fields, percent-encoded.
    pub body: String,
    /// Name and password of HTTP Basic, in base64.
    pub basic: Option<String>,
}

/// Fetches documents over connections of its own. Do not keep one: Lambda freezes a process between
/// calls, so a connection from the fetch before may have died unnoticed.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
}

impl Default for Client {
    fn default() -> Self {
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build();
        Self { connector }
    }
}

impl Client {
    /// Fetches a document with one `GET`.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn get(&self, url: &str, limits: FetchLimits) -> Result<Vec<u8>, FetchError> {
        let request = HttpRequest::get(url).map_err(|error| FetchError::Connection(error.to_string()))?;
        self.fetch(request, limits).await
    }

    /// Sends a form with one `POST`, and returns the document of the answer.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn post(&self, url: &str, form: Form, limits: FetchLimits) -> Result<Vec<u8>, FetchError> {
        let failed = |error: &dyn std::fmt::Display| FetchError::Connection(error.to_string());
        let mut request = HttpRequest::new(SdkBody::from(form.body));
        request.set_uri(url).map_err(|error| failed(&error))?;
        request.set_method("POST").map_err(|error| failed(&error))?;
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
        if let Some(basic) = form.basic {
            request.headers_mut().insert("authorization", format!("Basic {basic}"));
        }
        self.fetch(request, limits).await
    }

    async fn fetch(&self, request: HttpRequest, limits: FetchLimits) -> Result<Vec<u8>, FetchError> {
        let fetched = timeout(limits.timeout, self.send(request, limits.max_bytes)).await;
        fetched.map_err(|_| FetchError::Timeout(limits.timeout))?
    }

    async fn send(&self, mut request: HttpRequest, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
        request.headers_mut().insert("accept", "application/json, */*");
        let answered = self.connector.call(request).await;
        let response: HttpResponse = answered.map_err(|error| FetchError::Connection(causes(&error)))?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut body = ByteStream::new(response.into_body());
        let mut document = Vec::new();
        while let Some(part) = body.try_next().await.map_err(|error| FetchError::Connection(causes(&error)))? {
            if document.len() + part.len() > max_bytes {
                return Err(FetchError::TooLarge(max_bytes));
            }
            document.extend_from_slice(&part);
        }
        Ok(document)
    }
}
