//! A stand-in for Amazon SNS: it has the certificate of the local signing key, and takes the
//! confirmations of subscriptions. It sends nothing: `cargo seed load` signs with that key.

use std::{io, net::Ipv4Addr};

use axum::{
    Router,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// The certificate of `infra/local/keys/sns_signing_key.pem`. Both are public: only this machine can reach the stack.
const CERTIFICATE: &str = include_str!("../keys/sns_certificate.pem");

/// The server. It ends with its value.
#[derive(Debug)]
pub struct Sns {
    url: String,
    server: JoinHandle<()>,
}

impl Sns {
    /// Starts it on a free port of the loopback interface.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(answer);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the stand-in for SNS has ended");
            }
        });
        Ok(Self { url, server })
    }

    /// Its address, in place of `https://sns.<region>.amazonaws.com`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Sns {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(uri: Uri) -> Response {
    let is_confirmation = uri.query().is_some_and(|query| query.starts_with("Action=ConfirmSubscription&"));
    match uri.path() {
        path if path.starts_with("/SimpleNotificationService-") => CERTIFICATE.into_response(),
        "/" if is_confirmation => "<ConfirmSubscriptionResponse/>".into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
