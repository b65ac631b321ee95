//! Session cookies that nobody gave out: changed, and signed again with the public key of the local stack.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// The name of the cookie.
pub const COOKIE: &str = "incident-review";

/// The key of the local stack.
const KEY: &[u8] = b"local-session-key";

/// What a session cookie says, and its signature.
pub fn parts(cookie: &str) -> (Value, &str) {
    let (body, signature) = cookie.split_once('.').expect("a body and a signature");
    let body = BASE64.decode(body).expect("base64");
    (serde_json::from_slice(&body).expect("JSON"), signature)
}

/// A cookie with a body and a signature.
pub fn unite(body: &Value, signature: &str) -> String {
    format!("{}.{signature}", BASE64.encode(body.to_string()))
}

/// A cookie with a body, and the signature that fits.
pub fn signed(body: &Value) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("HMAC takes keys of any length");
    mac.update(format!("session:{}", BASE64.encode(body.to_string())).as_bytes());
    unite(body, &hex::encode(mac.finalize().into_bytes()))
}
