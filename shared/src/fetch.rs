//! Fetches documents over HTTPS, with the HTTP client that the AWS SDK has linked already.

use std::{error::Error, time::Duration};

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::HttpConnector,
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::timeout;

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

/// Fetches documents.
#[derive(Debug)]
pub struct Fetcher {
    connector: Connector,
}

impl Default for Fetcher {
    fn default() -> Self {
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build();
        Self { connector }
    }
}

impl Fetcher {
    /// Fetches a document with one `GET`.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn get(&self, url: &str, limits: FetchLimits) -> Result<Vec<u8>, FetchError> {
        let fetched = timeout(limits.timeout, self.fetch(url, limits.max_bytes)).await;
        fetched.map_err(|_| FetchError::Timeout(limits.timeout))?
    }

    async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
        let failed = |error: &dyn Error| FetchError::Connection(causes(error));
        let request = HttpRequest::get(url).map_err(|error| failed(&error))?;
        let response: HttpResponse = self.connector.call(request).await.map_err(|error| failed(&error))?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut body = ByteStream::new(response.into_body());
        let mut document = Vec::new();
        while let Some(part) = body.try_next().await.map_err(|error| failed(&error))? {
            if document.len() + part.len() > max_bytes {
                return Err(FetchError::TooLarge(max_bytes));
            }
            document.extend_from_slice(&part);
        }
        Ok(document)
    }
}

fn causes(error: &dyn Error) -> String {
    let mut causes = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push_str(": ");
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    causes
}
