//! Fetches the certificates that sources sign with, and keeps them; confirms subscriptions.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tracing::{info, warn};

use crate::{
    config::Environment,
    fetch::{Client, FetchError, FetchLimits},
    sources::{Certificate, CertificateUrl, Confirmation},
};

/// SNS waits 15 s for the answer to its webhook.
const LIMITS: FetchLimits = FetchLimits { timeout: Duration::from_secs(2), max_bytes: 16 * 1024 };

/// How many certificates are kept. SNS has one in each region at a time.
const MAX_KEPT: usize = 64;

/// The certificates that are known. One that was fetched is kept for the life of the process: its
/// address names its content.
#[derive(Debug)]
pub struct Certificates {
    /// The address in place of `https://sns.<region>.amazonaws.com`, in a stack that runs locally.
    endpoint: Option<String>,
    kept: Mutex<BTreeMap<CertificateUrl, Arc<Certificate>>>,
}

impl Certificates {
    /// None is known yet. Makes no call.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self { endpoint: environment.endpoint_url("SNS"), kept: Mutex::default() }
    }

    /// The certificate at an address. `None` if it cannot be fetched or read.
    pub async fn get(&self, url: &CertificateUrl) -> Option<Arc<Certificate>> {
        if let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(url) {
            return Some(Arc::clone(kept));
        }
        let pem = match Client::default().get(&self.address(url.as_str()), LIMITS).await {
            Ok(pem) => pem,
            Err(error) => {
                warn!(url = url.as_str(), %error, "the certificate cannot be fetched");
                return None;
            }
        };
        let certificate = match Certificate::from_pem(&pem) {
            Ok(certificate) => Arc::new(certificate),
            Err(error) => {
                warn!(url = url.as_str(), %error, "the certificate cannot be read");
                return None;
            }
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(url.clone(), Arc::clone(&certificate));
        Some(certificate)
    }

    /// Confirms a subscription: the topic may send here.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn confirm(&self, confirmation: &Confirmation) -> Result<(), FetchError> {
        Client::default().get(&self.address(confirmation.url()), LIMITS).await?;
        info!(topic_arn = confirmation.topic_arn(), "the subscription is confirmed");
        Ok(())
    }

    fn address(&self, url: &str) -> String {
        let path = url.strip_prefix("https://").and_then(|rest| rest.find('/').map(|slash| &rest[slash..]));
        match (&self.endpoint, path) {
            (Some(endpoint), Some(path)) => format!("{}{path}", endpoint.trim_end_matches('/')),
            _ => url.to_owned(),
        }
    }
}
