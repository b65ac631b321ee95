//! People sign in at the identity provider: the authorization code flow of OpenID Connect Core 1.0 (section 3.1) with PKCE
//! (RFC 7636).

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use form_urlencoded::Serializer;
use sha2::{Digest, Sha256};

use super::{InvalidIssuer, Issuer, fetch::FetchError};
use crate::{
    config::{Environment, OidcVariables},
    domain::time::Time,
    identity::token::{Identified, Refusal},
    sources::signature::is_same,
};

/// What is asked of the provider: who the person is.
const SCOPE: &str = "openid profile email";

/// The provider, as people sign in there.
#[derive(Debug)]
pub struct CodeFlow {
    issuer: Issuer,
    client_id: String,
}

/// Where the provider sends people, and what only this sign-in knows.
#[derive(Debug, Clone, Copy)]
pub struct Redirect<'call> {
    /// The address that the provider sends people back to.
    pub uri: &'call str,
    pub nonce: &'call str,
    /// The secret that proves that the same browser began the sign-in. The provider first gets its hash.
    pub verifier: &'call str,
}

/// A code that the provider sent back.
#[derive(Debug, Clone, Copy)]
pub struct SentCode<'call> {
    pub code: &'call str,
    /// The secret of the client, if it has one.
    pub client_secret: Option<&'call str>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the ID token does not count: {0}")]
    Token(#[from] Refusal),
    #[error("the ID token is for another sign-in")]
    OtherSignIn,
}

impl CodeFlow {
    /// The provider that the environment names. `None` if it names none, or no client for the console.
    ///
    /// # Errors
    /// [`InvalidIssuer`]
    pub fn of(environment: &Environment, now: Time) -> Result<Option<Self>, InvalidIssuer> {
        let (Some(variables), Some(client_id)) = (environment.oidc()?, environment.oidc_client()) else {
            return Ok(None);
        };
        // An ID token is for the client that people sign in to (section 2).
        let variables = OidcVariables { audiences: vec![client_id.clone()], ..variables };
        Ok(Some(Self { issuer: Issuer::without_keys(variables, now)?, client_id }))
    }

    /// Names issuer and client: a session of others does not count.
    #[must_use]
    pub fn name(&self) -> String {
        let digest = Sha256::digest(format!("{} {}", self.issuer.rules.issuer, self.client_id));
        hex::encode(&digest[..16])
    }

    /// Where a person signs in. `state` comes back with the code.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn address(&self, state: &str, redirect: Redirect<'_>) -> Result<String, FetchError> {
        let endpoint = self.issuer.fetcher.discovery().await?.authorization_endpoint.ok_or(FetchError::NoEndpoint)?;
        super::url::check(&endpoint)?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(redirect.verifier));
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect.uri)
            .append_pair("scope", SCOPE)
            .append_pair("state", state)
            .append_pair("nonce", redirect.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{separator}{query}"))
    }

    /// The person who signed in.
    ///
    /// # Errors
    /// [`CodeError`]
    pub async fn person(&self, sent: SentCode<'_>, redirect: Redirect<'_>, now: Time) -> Result<Identified, CodeError> {
        let endpoint = self.issuer.fetcher.discovery().await?.token_endpoint.ok_or(FetchError::NoEndpoint)?;
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", sent.code)
            .append_pair("redirect_uri", redirect.uri)
            .append_pair("client_id", &self.client_id)
            .append_pair("code_verifier", redirect.verifier)
            .finish();
        let basic = sent.client_secret.map(|secret| basic(&self.client_id, secret));
        let token = self.issuer.fetcher.id_token(&endpoint, form, basic).await?;
        let identified = self.issuer.verified(&token, now).await?;
        let nonce = identified.nonce.as_deref().unwrap_or_default();
        if is_same(redirect.nonce.as_bytes(), nonce.as_bytes()) { Ok(identified) } else { Err(CodeError::OtherSignIn) }
    }
}

/// Name and password of a client (RFC 6749, section 2.3.1).
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    BASE64_STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_proves_itself_as_rfc_6749_says() {
        assert_eq!(BASE64_STANDARD.decode(basic("a b", "x:y")).unwrap(), b"a+b:x%3Ay");
    }

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_the_hash_of_the_verifier() {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
