//! A member's certificate and its key, and how a renewed pair takes their place.
//!
//! Enrolment leaves `tls.key` and `certificate.pem`. A renewal writes key and chain into the one file
//! `credentials.pem`, which then counts instead: one rename switches both, and whatever stops it leaves the old pair
//! or the new one, never a half of each.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration as StdDuration;

use rcgen::{KeyPair, PublicKeyData as _};
use rustls::pki_types::{CertificateDer, UnixTime};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use crate::identity::Identity;
use crate::private_file::{read_private, replace};
use crate::tls::{self, Credentials, TlsError};
use notochord_proto::digest::Digest;
use notochord_proto::root::Root;

/// Clocks of centres differ: a certificate is valid from so long before it is made.
pub const CLOCK_SLACK: Duration = Duration::HOUR;

const RENEWED: &str = "credentials.pem";
const CERTIFICATE: &str = "CERTIFICATE";
const KEY: &str = "PRIVATE KEY";

/// Why credentials cannot be read or renewed.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("{path}: {reason}; restore the file, or enrol again with a new invitation")]
    Damaged {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// Keys or certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A renewed certificate that is not for this member and this key, under an authority of the network.
    #[error("the renewed certificate is not taken: {0}")]
    Unfit(String),
}

/// A certificate chain (leaf first) and its key, as they lie on the disk.
pub struct Held {
    /// The chain.
    pub chain: Vec<CertificateDer<'static>>,
    key: Zeroizing<KeyPair>,
}

impl Held {
    /// Reads the credentials of a membership: the renewed ones, or those of the enrolment.
    pub fn read(directory: &Path) -> Result<Self, CredentialsError> {
        let renewed = directory.join(RENEWED);
        if renewed.exists() {
            return Self::renewed(&renewed);
        }
        let path = directory.join("certificate.pem");
        let damaged = |reason: String| CredentialsError::Damaged { path: path.display().to_string(), reason };
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => damaged("it is missing".into()),
            _ => CredentialsError::File { path: path.display().to_string(), source },
        })?;
        let certificates = pem::parse_many(bytes).map_err(|error| damaged(error.to_string()))?;
        let chain = certificates.into_iter().map(|one| CertificateDer::from(one.into_contents())).collect();
        Ok(Self { chain, key: Zeroizing::new(tls::read_key(&directory.join("tls.key"))?) })
    }

    fn renewed(path: &Path) -> Result<Self, CredentialsError> {
        let damaged = |reason: String| CredentialsError::Damaged { path: path.display().to_string(), reason };
        let text = read_private(path)
            .map_err(|source| CredentialsError::File { path: path.display().to_string(), source })?;
        let (mut key, mut chain) = (None, Vec::new());
        for part in pem::parse_many(text.as_bytes()).map_err(|error| damaged(error.to_string()))? {
            match part.tag() {
                KEY => {
                    let der = Zeroizing::new(part.into_contents());
                    key = Some(Zeroizing::new(KeyPair::try_from(der.as_slice()).map_err(TlsError::from)?));
                }
                CERTIFICATE => chain.push(CertificateDer::from(part.into_contents())),
                _ => {}
            }
        }
        let key = key.ok_or_else(|| damaged("it holds no key".into()))?;
        Ok(Self { chain, key })
    }

    /// What TLS proves itself with.
    pub fn into_credentials(self) -> Credentials {
        Credentials { key: tls::private_key(&self.key), chain: self.chain }
    }
}

/// Writes a renewed pair, if it is this member's, of this key, valid now, and under an authority that `root` names.
pub fn renew(
    directory: &Path,
    identity: &Identity,
    root: &Root,
    key: &KeyPair,
    chain: Vec<CertificateDer<'static>>,
    now: OffsetDateTime,
) -> Result<(), CredentialsError> {
    fits(identity, root, key, &chain, now).map_err(CredentialsError::Unfit)?;
    let mut text = Zeroizing::new(key.serialize_pem());
    for certificate in &chain {
        text.push_str(&pem::encode(&pem::Pem::new(CERTIFICATE, certificate.to_vec())));
    }
    let path = directory.join(RENEWED);
    replace(&path, text.as_bytes())
        .map_err(|source| CredentialsError::File { path: path.display().to_string(), source })
}

/// Whether a chain (leaf first, the authority last) is this member's, of this key, valid now, and under an authority that
/// `root` names; if not, why.
pub(crate) fn fits(
    identity: &Identity,
    root: &Root,
    key: &KeyPair,
    chain: &[CertificateDer<'_>],
    now: OffsetDateTime,
) -> Result<(), String> {
    let [leaf, .., authority] = chain else { return Err("the chain is not complete".into()) };
    if !root.trusts(&Digest::of(authority)) {
        return Err("it is of an authority that the root document does not name".into());
    }
    let named = Identity::of_certificate(leaf).map_err(|error| error.to_string())?;
    if named != *identity {
        return Err(format!("it is for {named}"));
    }
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| "it cannot be read")?;
    if parsed.public_key().raw != key.subject_public_key_info() {
        return Err("it is for another key".into());
    }
    let verifier =
        tls::client_verifier(&[authority.clone().into_owned()]).map_err(|error| error.to_string())?;
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let moment = UnixTime::since_unix_epoch(StdDuration::from_secs(seconds));
    verifier.verify_client_cert(leaf, &[], moment).map_err(|error| error.to_string())?;
    Ok(())
}

/// From when on a certificate (DER) is to be renewed: the middle of its life.
pub fn half_life(certificate: &[u8]) -> Option<OffsetDateTime> {
    let (made, ends) = life(certificate)?;
    let whole: Duration = ends - made;
    Some(made + whole / 2)
}

/// When a certificate (DER) was made, and when it ends.
fn life(certificate: &[u8]) -> Option<(OffsetDateTime, OffsetDateTime)> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let (begins, ends) = (certificate.validity().not_before, certificate.validity().not_after);
    let begins = OffsetDateTime::from_unix_timestamp(begins.timestamp()).ok()?;
    let ends = OffsetDateTime::from_unix_timestamp(ends.timestamp()).ok()?;
    Some(((begins + CLOCK_SLACK).min(ends), ends))
}

/// How much of a certificate's life is left, as far as somebody should hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remaining {
    /// More than half.
    Enough,
    /// Half at most: it is to be renewed.
    Half,
    /// A quarter at most: it should have been renewed long since.
    Quarter,
    /// Nothing.
    Nothing,
}

impl Remaining {
    /// Of a certificate that still has `left` to live of a whole `life`.
    pub fn of(left: Duration, life: Duration) -> Self {
        match left {
            left if left <= Duration::ZERO => Self::Nothing,
            left if left <= life / 4 => Self::Quarter,
            left if left <= life / 2 => Self::Half,
            _ => Self::Enough,
        }
    }

    /// Of a certificate (DER).
    pub fn of_certificate(certificate: &[u8], now: OffsetDateTime) -> Option<Self> {
        let (made, ends) = life(certificate)?;
        Some(Self::of(ends - now, ends - made))
    }
}

/// What to say about a certificate that ends soon and was not renewed, or has ended: from a quarter of its life on.
pub fn warning(certificate: &[u8], now: OffsetDateTime) -> Option<String> {
    let (made, ends) = life(certificate)?;
    let left: Duration = ends - now;
    match Remaining::of(left, ends - made) {
        Remaining::Enough | Remaining::Half => None,
        Remaining::Quarter => Some(format!(
            "this certificate ends in {} h and was not renewed; see whether the coordinator can be reached",
            left.whole_hours()
        )),
        Remaining::Nothing => Some(
            "this certificate has ended; ask the coordinator for a new invitation and enrol with it"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;
