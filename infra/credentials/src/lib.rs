//! The credentials of a stack: webhook secrets and API tokens, in one secret of Secrets Manager.
//!
//! What a function reads of it is `shared::credentials`.

pub mod document;
pub mod secret;

/// A new secret: 32 random bytes of the operating system, in hex.
///
/// # Errors
/// When the operating system has none.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
