//! JWTs of the company's identity provider: which ones count, and whom they name.
//!
//! Pure: the keys, the rules and `now` are arguments. `crate::issuer` fetches the keys.

pub mod keys;
pub mod person;
pub mod roles;
pub mod token;

#[cfg(test)]
mod tests;
