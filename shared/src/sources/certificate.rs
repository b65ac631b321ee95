//! Certificates that sources sign with.

use std::fmt;

use x509_cert::{
    Certificate as X509,
    der::{DecodePem, Encode},
};

use crate::domain::time::Time;

/// Where a certificate is. The module of a source makes it only for places that it trusts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateUrl(pub(super) String);

impl CertificateUrl {
    /// The address: `https`, without a port and a user.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A certificate, as far as signatures need it.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The public key as DER: `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    valid_from: Time,
    valid_to: Time,
}

/// A certificate that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificate cannot be read: {0}")]
pub struct InvalidCertificate(String);

impl Certificate {
    /// Reads a certificate in PEM.
    ///
    /// # Errors
    /// [`InvalidCertificate`]
    pub fn from_pem(pem: &[u8]) -> Result<Self, InvalidCertificate> {
        let invalid = |error: &dyn fmt::Display| InvalidCertificate(error.to_string());
        let certificate = X509::from_pem(pem).map_err(|error| invalid(&error))?;
        let content = certificate.tbs_certificate();
        let millis = |at: x509_cert::time::Time| {
            i64::try_from(at.to_unix_duration().as_millis()).ok().and_then(Time::from_millis).unwrap_or(Time::EARLIEST)
        };
        let validity = content.validity();
        Ok(Self {
            public_key: content.subject_public_key_info().to_der().map_err(|error| invalid(&error))?,
            valid_from: millis(validity.not_before),
            valid_to: millis(validity.not_after),
        })
    }

    /// Whether it is valid at a time.
    #[must_use]
    pub fn is_valid_at(&self, at: Time) -> bool {
        (self.valid_from..=self.valid_to).contains(&at)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Certificate({} to {})", self.valid_from, self.valid_to)
    }
}
