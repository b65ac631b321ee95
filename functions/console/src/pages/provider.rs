//! Signing in at the identity provider.

use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::{
    domain::time::Time,
    http::{Request, Response},
    issuer::{CodeError, CodeFlow, Redirect, SentCode},
    sources::signature::{Secret, is_same},
};
use tracing::{info, warn};

use super::{refusal, sign_in};
use crate::{
    Function, answer,
    arrival::Arrival,
    cookies::{self, Cookie},
    link::Link,
    session::{Holder, random_text},
    signed,
};

/// The cookie of a sign-in that has begun.
const COOKIE: &str = "incident-review-sign-in";

/// People may have to look for their second factor.
const SECONDS: i64 = 15 * 60;

const PURPOSE: &str = "sign-in";

/// A sign-in that has begun. The browser keeps it, signed, until the provider sends the person back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    /// Comes back with the code: the same browser began it.
    state: String,
    nonce: String,
    verifier: String,
    /// The page that the person wanted to see.
    next: String,
    until: Time,
}

impl Begun {
    fn new(next: &str, now: Time) -> Result<Self, getrandom::Error> {
        Ok(Self {
            state: random_text()?,
            nonce: random_text()?,
            // RFC 7636, section 4.1: at least 43 characters.
            verifier: random_text()? + &random_text()?,
            next: next.to_owned(),
            until: now.plus_millis(SECONDS * 1000),
        })
    }

    fn redirect<'call>(&'call self, uri: &'call str) -> Redirect<'call> {
        Redirect { uri, nonce: &self.nonce, verifier: &self.verifier }
    }
}

/// Sends a person to the provider.
pub async fn begin(console: &Function, request: &Request, arrival: &Arrival, now: Time) -> Response {
    let failed = || sign_in::refuse(console, StatusCode::SERVICE_UNAVAILABLE, sign_in::FAILED, arrival);
    // Links to a provider are on no page of this stack.
    let Some(provider) = console.sign_in.provider() else { return refusal::of_nobody() };
    let Some(key) = console.sign_in.session_key(now).await else { return sign_in::without_key() };
    let link = Link::read(request.uri().path(), request.uri().query().unwrap_or_default());
    let Ok(begun) = Begun::new(sign_in::next(&link), now) else { return failed() };
    match provider.address(&begun.state, begun.redirect(&callback(arrival))).await {
        Ok(address) => {
            let (reach, value) = (arrival.reach, signed::seal(PURPOSE, &begun, &key));
            let cookie = Cookie { reach, name: COOKIE, value, seconds: SECONDS };
            answer::with_cookie(answer::redirect(&address), &cookie)
        }
        Err(error) => {
            warn!(%error, "nobody can sign in at the identity provider");
            failed()
        }
    }
}

/// Begins the session of a person whom the provider sent back.
pub async fn end(console: &Function, request: &Request, arrival: &Arrival, now: Time) -> Response {
    let Some(provider) = console.sign_in.provider() else { return refusal::of_nobody() };
    let link = Link::read(request.uri().path(), request.uri().query().unwrap_or_default());
    let mut cookies = cookies::sent(request.headers(), arrival.reach, COOKIE).peekable();
    // The browser comes from another site, so it does not send our cookie yet.
    if arrival.is_foreign && cookies.peek().is_none() {
        return sign_in::again(&link.to_string());
    }
    let refused = |message| sign_in::refuse(console, StatusCode::FORBIDDEN, message, arrival);
    let Some(key) = console.sign_in.session_key(now).await else { return sign_in::without_key() };
    let state = link.get("state").unwrap_or_default();
    let is_begun = |begun: &Begun| now < begun.until && is_same(begun.state.as_bytes(), state.as_bytes());
    let Some(begun) = cookies.filter_map(|cookie| signed::open(PURPOSE, cookie, &key)).find(is_begun) else {
        return refused("The sign-in took too long, or another page began it. Try again.");
    };
    let Some(code) = link.get("code") else {
        return refused("The identity provider did not sign you in.");
    };
    let answer = match session(console, provider, &begun, code, &key, arrival, now).await {
        Ok(cookie) => answer::with_cookie(answer::redirect(&begun.next), &cookie),
        Err(CodeError::Fetch(error)) => {
            warn!(%error, "a sign-in at the identity provider failed");
            sign_in::refuse(console, StatusCode::SERVICE_UNAVAILABLE, sign_in::FAILED, arrival)
        }
        Err(error) => {
            info!(%error, "a sign-in at the identity provider was refused");
            refused("Your account may not use Incident Review. Ask whoever runs this stack for a role.")
        }
    };
    answer::with_cookie(answer, &Cookie::deleted(arrival.reach, COOKIE))
}

async fn session(
    console: &Function,
    provider: &CodeFlow,
    begun: &Begun,
    code: &str,
    key: &Secret,
    arrival: &Arrival,
    now: Time,
) -> Result<Cookie, CodeError> {
    let client_secret = console.sign_in.client_secret(now).await;
    let sent = SentCode { code, client_secret: client_secret.as_ref().map(Secret::expose) };
    let found = provider.person(sent, begun.redirect(&callback(arrival)), now).await?;
    let (name, role) = (found.principal.name, found.principal.role);
    info!(actor = name, "signed in to the console at the identity provider");
    let holder = Holder::Person { name, role, provider: provider.name() };
    sign_in::begin(holder, Some(found.expires_at), key, arrival, now).map_err(|_| CodeError::OtherSignIn)
}

/// The address that the provider sends people back to.
fn callback(arrival: &Arrival) -> String {
    format!("{}/console/sign-in/callback", arrival.base)
}
