//! The credentials of a stack: webhook secrets and API tokens in one secret of Secrets Manager.
//!
//! What a function reads of it is `shared::credentials`.

pub mod check;
pub mod document;
pub mod lifetime;
pub mod secret;
pub mod settings;

use base64::{Engine, prelude::BASE64_STANDARD};

/// A new secret: 32 random bytes from the operating system, in hex.
///
/// # Errors
/// If the operating system returns no random bytes.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// A new routing key: 32 hexadecimal digits from the operating system, as long as PagerDuty's.
///
/// # Errors
/// If the operating system returns no random bytes.
pub fn routing_key() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// A new key of Standard Webhooks: `whsec_` and 32 random bytes in base64.
///
/// # Errors
/// If the operating system returns no random bytes.
pub fn signing_key() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("whsec_{}", BASE64_STANDARD.encode(bytes)))
}
