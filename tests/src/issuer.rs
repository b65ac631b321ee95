//! An identity provider on this machine, whose keys and answers a test decides.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

/// The audience of the issuer's tokens.
pub const AUDIENCE: &str = "incident-review";

/// How the issuer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// With an error of its own.
    Failing,
    /// Never.
    Silent,
    /// With a redirect to this address.
    Redirecting(String),
    /// With this document in place of its key set.
    Saying(Vec<u8>),
    /// With this member of its discovery document changed.
    Describing(&'static str, Value),
}

/// An identity provider. It ends with the test.
pub struct TestIssuer {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    url: String,
    state: Mutex<Published>,
    requests: AtomicUsize,
}

struct Published {
    keys: Vec<Value>,
    mood: Mood,
    grants: HashMap<String, Grant>,
}

/// A code that was given out.
struct Grant {
    challenge: String,
    id_token: String,
}

/// A key that signs tokens.
#[derive(Clone)]
pub struct TokenKey {
    id: String,
    private: EncodingKey,
    public: Value,
}

impl TokenKey {
    /// A new key for ES256, with this id.
    pub fn new(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("it can be exported").as_ref());
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let public = json!({ "kty": "EC", "crv": "P-256", "kid": id, "x": BASE64.encode(x), "y": BASE64.encode(y) });
        Self { id: id.to_owned(), private, public }
    }

    /// The published half.
    pub fn public(&self) -> &Value {
        &self.public
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.private).expect("claims can be signed")
    }
}

impl TestIssuer {
    /// An issuer that publishes these keys.
    pub async fn start(keys: &[&TokenKey]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Mutex::new(Published { keys: Vec::new(), mood: Mood::Well, grants: HashMap::new() });
        let shared = Arc::new(Shared { url: url.clone(), state, requests: AtomicUsize::new(0) });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let issuer = Self { url, shared, server };
        issuer.publish(keys);
        issuer
    }

    /// Its address: the `iss` of its tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Replaces the keys.
    pub fn publish(&self, keys: &[&TokenKey]) {
        self.state().keys = keys.iter().map(|key| key.public.clone()).collect();
    }

    /// Changes how it answers from now on.
    pub fn set_mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// Lets a code be exchanged for an ID token, once, by whoever knows the verifier of a challenge.
    pub fn grant(&self, code: &str, challenge: &str, id_token: &str) {
        let grant = Grant { challenge: challenge.to_owned(), id_token: id_token.to_owned() };
        self.state().grants.insert(code.to_owned(), grant);
    }

    /// How many requests it got.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// The claims of a responder, valid from a minute before `now`, in seconds, for five minutes.
    pub fn claims(&self, now: i64) -> Value {
        json!({
            "iss": self.url, "aud": AUDIENCE, "iat": now - 60, "nbf": now - 60, "exp": now + 300,
            "sub": "00u1", "email": "ada@example.com", "roles": ["responder"],
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Published> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let (keys, mood) = {
        let state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.keys.clone(), state.mood.clone())
    };
    let at = |path: &str| format!("{}/{path}", shared.url);
    let mut discovery = json!({
        "issuer": shared.url, "jwks_uri": at("keys"),
        "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
    });
    match mood {
        Mood::Failing => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Silent => std::future::pending().await,
        Mood::Redirecting(to) => return (StatusCode::FOUND, [("location", to)]).into_response(),
        Mood::Saying(document) if request.uri().path() == "/keys" => return document.into_response(),
        Mood::Describing(member, value) => discovery[member] = value,
        Mood::Well | Mood::Saying(_) => {}
    }
    match request.uri().path() {
        "/.well-known/openid-configuration" => discovery.to_string().into_response(),
        "/keys" => json!({ "keys": keys }).to_string().into_response(),
        "/token" => exchange(&shared, request).await,
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The token endpoint: the code flow with PKCE (RFC 7636).
async fn exchange(shared: &Shared, request: Request) -> Response {
    let body = axum::body::to_bytes(request.into_body(), 10_000).await.expect("a form");
    let fields: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let grant = shared.state.lock().unwrap_or_else(PoisonError::into_inner).grants.remove(field("code"));
    let challenge = BASE64.encode(Sha256::digest(field("code_verifier")));
    match grant {
        Some(grant) if grant.challenge == challenge && field("grant_type") == "authorization_code" => {
            let answer = json!({ "access_token": "x", "token_type": "Bearer", "id_token": grant.id_token });
            answer.to_string().into_response()
        }
        _ => (StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" }).to_string()).into_response(),
    }
}
