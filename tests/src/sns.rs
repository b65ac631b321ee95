//! A stand-in for Amazon SNS on this machine: it has the certificate, takes confirmations, and signs.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::WebhookRequest;

/// The members that SNS signs, in their order.
const SIGNED: [&str; 8] = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// The server. It ends with the test.
pub struct TestSns {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl TestSns {
    /// Starts it on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&requests));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, requests, server }
    }

    /// Its address, in place of `https://sns.<region>.amazonaws.com`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The paths and queries that were asked for.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for TestSns {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(requests): State<Arc<Mutex<Vec<String>>>>, request: Request) -> Response {
    let path = request.uri().to_string();
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
    if path.starts_with("/SimpleNotificationService-7ff5318490ec183f.pem") {
        return include_str!("../../infra/local/keys/sns_certificate.pem").into_response();
    }
    if path.starts_with("/?Action=ConfirmSubscription") {
        return "<ConfirmSubscriptionResponse/>".into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

/// A message with the signature of SNS, as a webhook.
pub fn signed(mut message: Value) -> WebhookRequest {
    let text: String =
        SIGNED.iter().filter_map(|name| Some(format!("{name}\n{}\n", message.get(*name)?.as_str()?))).collect();
    let pem = include_str!("../../infra/local/keys/sns_signing_key.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = BASE64_STANDARD.decode(base64).expect("the key is base64");
    let key = RsaKeyPair::from_pkcs8(&key).expect("the key is readable");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("it signs");
    message["SignatureVersion"] = json!("2");
    message["Signature"] = json!(BASE64_STANDARD.encode(signature));
    WebhookRequest::to("cloudwatch", message.to_string()).header("content-type", "text/plain; charset=UTF-8")
}
